//! Paying one way closes the others at once, whoever asks: the state of an option is read from its notices,
//! so that there is no moment between the receipt and what the doors say.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, instalment, single};
use crate::rest::Caller;
use crate::soap::Message;

/// What every door says of a notice: the node's three questions, the notice, its price, its print, the
/// position and the search.
async fn said(app: &TestApp, office: &Caller, number: &str) -> Vec<String> {
    let mut said = Vec::new();
    for asked in [
        Message::verify(number),
        Message::get_payment(number),
        Message::get_payment_v2(number),
    ] {
        said.push(asked.send(app).await.outcome());
    }
    let path = format!("/creditors/99999000203/notices/{number}");
    let notice = office.get(&path).send().await.expect(200);
    said.push(notice["state"].as_str().unwrap().to_owned());
    assert_eq!(
        notice.get("amount_cents").is_some(),
        notice["state"] == "open"
    );
    assert_eq!(notice.get("qr_text").is_some(), notice["state"] == "open");
    let price = office
        .get(&format!("{path}/amount"))
        .send()
        .await
        .expect(200);
    said.push(price["payable"].to_string());
    let print = office
        .get(&format!("{path}/pdf"))
        .header("accept", "application/pdf")
        .send()
        .await;
    said.push(if print.status == 200 {
        "printed".to_owned()
    } else {
        print.complaint()
    });
    let search = office.post("/debt-position-searches", &json!({"notice_number": number}));
    let found = search.without("idempotency-key").send().await.expect(200);
    said.push(state_in(&found["items"][0], number));
    let id = notice["debt_position_id"].as_str().unwrap();
    let position = office
        .get(&format!("/debt-positions/{id}"))
        .send()
        .await
        .expect(200);
    said.push(state_in(&position, number));
    let list = office.get("/debt-positions").send().await.expect(200);
    said.push(state_in(&list["items"][0], number));
    said
}

/// The state of a notice inside its position.
fn state_in(position: &Value, number: &str) -> String {
    let options = position["payment_options"].as_array().unwrap().iter();
    let mut notices = options.flat_map(|option| option["notices"].as_array().unwrap());
    let notice = notices.find(|notice| notice["notice_number"] == number);
    notice.unwrap()["state"].as_str().unwrap().to_owned()
}

const OPEN: [&str; 9] = [
    "OK", "OK", "OK", "open", "true", "printed", "open", "open", "open",
];

fn closed(state: &'static str) -> [&'static str; 9] {
    const KO: &str = "PAA_PAGAMENTO_DUPLICATO";
    [
        KO,
        KO,
        KO,
        state,
        "false",
        "409 not-payable",
        state,
        state,
        state,
    ]
}

both_databases! {
    async fn the_whole_closes_its_instalments_everywhere_at_once(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let (whole, first) = (single(&position), instalment(&position, 1));
        assert_eq!(said(&app, &office, &whole).await, OPEN);
        assert_eq!(said(&app, &office, &first).await, OPEN);
        given::paid(&app, &whole, "token-1").await;
        assert_eq!(said(&app, &office, &whole).await, closed("paid"));
        for sequence in 1..=3 {
            let number = instalment(&position, sequence);
            assert_eq!(said(&app, &office, &number).await, closed("excluded"));
        }
        let report = office.get("/reports/receipts-by-day").header("accept", "application/json");
        let total = report.send().await.expect(200)["items"].to_string();
        assert!(total.contains(&position.total().get().to_string()), "{total}");
    }

    async fn an_instalment_closes_the_whole_everywhere_at_once(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        given::paid(&app, &instalment(&position, 2), "token-1").await;
        assert_eq!(said(&app, &office, &single(&position)).await, closed("excluded"));
        assert_eq!(said(&app, &office, &instalment(&position, 2)).await, closed("paid"));
        for open in [1, 3] {
            assert_eq!(said(&app, &office, &instalment(&position, open)).await, OPEN);
        }
    }

    async fn two_ways_activated_before_either_is_paid_are_both_facts(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let (whole, first) = (single(&position), instalment(&position, 1));
        let (paying, also) = (given::activated(&app, &whole).await, given::activated(&app, &first).await);
        for (number, token, payment) in [(&whole, "token-1", &paying), (&first, "token-2", &also)] {
            let receipt = Message::send_rt("paSendRTV2", number, token, payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        let payments = office.get("/payments").send().await.expect(200);
        let items = payments["items"].as_array().unwrap().iter();
        let anomalies: Vec<&Value> = items.map(|payment| &payment["anomalies"][0]["code"]).collect();
        assert_eq!(anomalies, [&Value::Null, &json!("paid_twice")]);
    }
}
