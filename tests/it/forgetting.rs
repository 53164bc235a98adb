//! Answers to repeated requests are forgotten after a day, in batches, each creditor's for itself.

use avviso::app::idempotency::{self, Answered, BATCH, Intent};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::jobs::forget_answers;
use avviso::store::{self, Tx};
use chrono::TimeDelta;

use crate::app::TestApp;

fn intent(creditor: &FiscalCode, key: &str) -> Intent {
    Intent {
        creditor: creditor.clone(),
        client_id: uuid::Uuid::nil(),
        operation: "register_debt_position".to_owned(),
        key: key.to_owned(),
    }
}

/// Stores so many answers, one each microsecond.
async fn answered(app: &TestApp, creditor: &FiscalCode, (prefix, count): (&'static str, i64)) {
    let creditor = creditor.clone();
    let store = move |tx: &mut Tx<'_>, now: chrono::DateTime<chrono::Utc>| {
        let answered = Answered {
            body_hash: [1; 32],
            status: 201,
            etag: None,
            location: None,
            body: "{}".to_owned(),
        };
        for n in 0..count {
            let at = now + TimeDelta::microseconds(n);
            idempotency::remember(
                tx,
                at,
                &intent(&creditor, &format!("{prefix}-{n}")),
                &answered,
            )?;
        }
        Ok::<_, store::Error>(())
    };
    app.ctx.write(store).await.unwrap();
}

async fn known(app: &TestApp, creditor: &FiscalCode, key: &str) -> bool {
    let intent = intent(creditor, key);
    let recall = move |conn: &mut store::Conn| idempotency::recall(conn, &intent);
    app.ctx.read(recall).await.unwrap().is_some()
}

both_databases! {
    async fn answers_are_forgotten_after_a_day_in_batches_and_not_before(app: TestApp) {
        let (town, neighbour) = (app.town(), app.neighbour().await);
        let many = i64::try_from(BATCH).unwrap() * 2 + 3;
        answered(&app, &town, ("old", many)).await;
        answered(&app, &neighbour, ("old", 1)).await;
        app.ctx.clock.advance(TimeDelta::hours(2)).unwrap();
        answered(&app, &town, ("young", 1)).await;

        app.ctx.clock.advance(TimeDelta::hours(22)).unwrap();
        assert!(forget_answers::run(&app.ctx, &town).await.unwrap());
        assert!(known(&app, &town, "old-0").await, "kept for 24 hours at least");

        app.ctx.clock.advance(TimeDelta::hours(1)).unwrap();
        let owner = town.clone();
        let batch = app.ctx.write(move |tx, now| idempotency::forget(tx, now, &owner)).await.unwrap();
        assert_eq!(batch, BATCH);
        assert!(!known(&app, &town, "old-0").await && known(&app, &town, &format!("old-{}", many - 1)).await);
        assert!(forget_answers::run(&app.ctx, &town).await.unwrap());
        assert!(!known(&app, &town, &format!("old-{}", many - 1)).await);
        assert!(known(&app, &town, "young-0").await && known(&app, &neighbour, "old-0").await);
    }
}
