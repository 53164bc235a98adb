//! Receipts and flows about the same payments, at the same time.

use avviso::app::settlement;
use avviso::domain::money::Cents;
use avviso::domain::settlement::{Header, Line, Outcome};
use futures_util::future::{join, join_all};

use crate::app::TestApp;
use crate::database::Engine;
use crate::given::{self, single};
use crate::reconciliation::{LAMP, cash, code, iuv};
use crate::soap::Message;

/// Payments of one flow.
const PAYMENTS: usize = 8;
/// How often they race.
const RACES: usize = 8;

/// Receipts of the payments of a flow arrive while the flow is filed, and cash names each payment: who takes a
/// position first and matching then, and who takes them the other way round, would wait for each other.
async fn race(app: TestApp) {
    let office = app.office().await;
    for race in 0..RACES {
        let mut payments = Vec::new();
        for n in 0..PAYMENTS {
            let number = single(&given::position(&app, given::lamps(1)).await);
            let receipt_id = format!("r-{race}-{n}");
            let entry = format!("{race}-{n}");
            cash(
                &office,
                &entry,
                LAMP,
                &format!("/RFB/{}/17.08/TXT/LAMPADE", iuv(&number)),
            )
            .await;
            let payment = given::activated(&app, &number).await;
            let receipt = Message::send_rt("paSendRTV2", &number, &receipt_id, &payment);
            payments.push((number, receipt_id, receipt));
        }
        let flow = file(&app, race, &payments);
        let receipts = payments.iter().map(|(_, _, receipt)| receipt.send(&app));
        let (filed, answers) = join(flow, join_all(receipts)).await;
        filed.unwrap();
        for answer in answers {
            assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
        }
        for (n, (_, receipt_id, _)) in payments.iter().enumerate() {
            for key in [format!("{receipt_id}/1"), format!("2026/1/{race}-{n}")] {
                assert_eq!(code(&office, &key).await, "matched_settled", "{key}");
            }
        }
    }
    let deadlocks =
        "SELECT deadlocks::text AS row FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(app.rows(deadlocks), ["0"]);
}

async fn file(
    app: &TestApp,
    race: usize,
    payments: &[(String, String, Message)],
) -> Result<Vec<settlement::Outcome>, settlement::Error> {
    let at = app.ctx.now();
    let each = Cents::new(LAMP).unwrap();
    let lines: Vec<Line> = (1..)
        .zip(payments)
        .map(|(number, (notice, receipt_id, _))| Line {
            number,
            iuv: iuv(notice),
            iur: receipt_id.clone(),
            transfer: 1,
            amount: each,
            outcome: Outcome::Executed,
            paid_on: "2026-04-01".parse().unwrap(),
        })
        .collect();
    let header = Header {
        psp_id: "AGID_01".to_owned(),
        flow_id: format!("2026-04-02AGID_01-{race:04}"),
        revision: 1,
        flow_at: at,
        regulation: "SCT1".to_owned(),
        regulation_on: "2026-04-02".parse().unwrap(),
        receiver: app.town().to_string(),
        declared_count: i64::try_from(lines.len()).unwrap(),
        declared_sum: Cents::sum(lines.iter().map(|line| line.amount)).unwrap(),
        published_at: at,
    };
    let (ctx, town) = (app.ctx.clone(), app.town());
    app.ctx
        .import(move |tx, now| {
            let arrived = settlement::Arrived {
                header: &header,
                lines: &lines,
                unread: &[],
            };
            settlement::ingest(tx, now, &ctx, &town, &[arrived])
        })
        .await
}

#[test]
fn receipts_and_flows_do_not_wait_for_each_other() {
    crate::app::run(Engine::Postgres, race);
}
