//! Files and movements as banks really send them: odd names, odd sets of characters, odd descriptions.

use serde_json::{Value, json};

use crate::reconciliation::{code, decide, line};
use crate::rest::Caller;

/// A movement entered by hand, with these members in place of the usual ones.
async fn entered(office: &Caller, members: Value) -> Value {
    let mut entry = json!({
        "account": "1", "number": "77", "direction": "in", "amount_cents": 100,
        "booked_date": "2026-03-04", "remittance": "versamento",
    });
    let changed = members.as_object().unwrap().clone();
    entry.as_object_mut().unwrap().extend(changed);
    let filed = office.post("/treasury-entries", &entry).send().await;
    filed.expect(201)
}

both_databases! {
    async fn names_with_slashes_stay_apart_and_can_be_worked_on(app: TestApp) {
        let office = app.office().await;
        entered(&office, json!({"account": "1/2", "number": "3"})).await;
        entered(&office, json!({"account": "1", "number": "2/3"})).await;
        let lines = office.get("/reconciliations").send().await.expect(200);
        assert_eq!(lines["items"].as_array().unwrap().len(), 2);
        for key in ["2026/1%2F2/3", "2026/1/2/3"] {
            let open = line(&office, key).await;
            let force = json!({"force": {"reconciliation_id": open["reconciliation_id"]}});
            decide(&office, force).await.expect(201);
            assert_eq!(code(&office, key).await, "forced");
        }
    }
}
