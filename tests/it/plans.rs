//! What an office does with a position that stands, over REST, and what the node hears of it: the rest on
//! new notices, withdrawn and restored, expired and extended.

use avviso::domain::ledger::Account;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, instalment, single};
use crate::rest::{Caller, Reply};
use crate::soap::{Message, check_text};

fn number(position: &Value, option: usize, notice: usize) -> String {
    let notice = &position["payment_options"][option]["notices"][notice];
    notice["notice_number"].as_str().unwrap().to_owned()
}

/// Asks for the rest of a position on new notices, of the version that it has now.
async fn replan(office: &Caller, id: &str, days: &[&str]) -> Reply {
    let path = format!("/debt-positions/{id}");
    let tag = office.get(&path).send().await.header("etag").to_owned();
    let body = json!({"due_dates": days});
    let call = office.post(&format!("{path}/payment-options"), &body);
    call.header("if-match", &tag).send().await
}

/// Changes one property of a position, of the version that it has now.
async fn amend(office: &Caller, id: &str, body: Value) -> Reply {
    let path = format!("/debt-positions/{id}");
    let tag = office.get(&path).send().await.header("etag").to_owned();
    office.patch(&path, &tag, &body).send().await
}

async fn verify(app: &TestApp, number: &str) -> String {
    let answer = Message::verify(number).send(app).await;
    if answer.outcome() == "OK" {
        answer.value("amount")
    } else {
        answer.outcome()
    }
}

both_databases! {
    async fn the_rest_after_a_part_payment_is_paid_with_one_notice(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let id = position.id.to_string();
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        let (owed, revenue) =
            (app.balance(Account::Receivable).await, app.balance(Account::RevenueDue).await);
        let planned = replan(&office, &id, &["2026-09-30"]).await;
        let view = planned.expect(201);
        check_text("rest_of_a_household", &serde_json::to_string_pretty(&view["payment_options"][2]).unwrap());
        // The books of the whole have not changed: what is owed is owed on other notices.
        assert_eq!(app.balance(Account::Receivable).await, owed);
        assert_eq!(app.balance(Account::RevenueDue).await, revenue);
        let rest = number(&view, 2, 0);
        let total = position.total().get() - 7315;
        assert_eq!(verify(&app, &rest).await, format!("{}.{:02}", total / 100, total % 100));
        for old in [single(&position), instalment(&position, 2), instalment(&position, 3)] {
            assert_eq!(verify(&app, &old).await, "PAA_PAGAMENTO_ANNULLATO");
        }
        assert_eq!(verify(&app, &instalment(&position, 1)).await, "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(view["state"], "partially_paid");
        let print = office.get(&format!("/creditors/99999000203/notices/{rest}/pdf"));
        assert_eq!(print.header("accept", "application/pdf").send().await.status, 200);
        given::paid(&app, &rest, "token-2").await;
        let paid = office.get(&format!("/debt-positions/{id}")).send().await.expect(200);
        assert_eq!((&paid["state"], &paid["paid"]), (&json!("paid"), &json!(true)));
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let search = office.post("/debt-position-searches", &json!({"notice_number": rest}));
        let found = search.without("idempotency-key").send().await.expect(200);
        assert_eq!(found["items"][0]["debt_position_id"], json!(id));
    }

    async fn a_plan_is_granted_paid_in_part_and_planned_again(app: TestApp) {
        let office = app.office().await;
        let mut large = given::tari();
        large.details["area_m2"] = json!(800);
        let position = given::position(&app, large).await;
        let (id, whole) = (position.id.to_string(), position.total().get());
        let days = ["2026-06-30", "2026-07-31", "2026-08-31"];
        let view = replan(&office, &id, &days).await.expect(201);
        let notices = view["payment_options"][2]["notices"].as_array().unwrap();
        let amounts: Vec<i64> = notices.iter().map(|n| n["amount_cents"].as_i64().unwrap()).collect();
        assert_eq!(amounts.iter().sum::<i64>(), whole);
        assert!(amounts[0] <= amounts[2] && amounts[2] - amounts[0] < 6, "{amounts:?}");
        assert_eq!(verify(&app, &single(&position)).await, "PAA_PAGAMENTO_ANNULLATO");
        given::paid(&app, &number(&view, 2, 0), "token-1").await;
        let again = replan(&office, &id, &["2026-12-31"]).await.expect(201);
        assert_eq!(again["payment_options"][3]["notices"][0]["amount_cents"], json!(whole - amounts[0]));
        assert_eq!(verify(&app, &number(&view, 2, 1)).await, "PAA_PAGAMENTO_ANNULLATO");
        given::paid(&app, &number(&again, 3, 0), "token-2").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let refused = replan(&office, &id, &["2027-01-31"]).await;
        assert_eq!(refused.complaint(), "409 state-forbids");
    }

    async fn a_payment_under_way_when_the_rest_was_planned_stays_a_fact(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let id = position.id.to_string();
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        let second = instalment(&position, 2);
        let under_way = given::activated(&app, &second).await;
        let view = replan(&office, &id, &["2026-09-30"]).await.expect(201);
        let rest = number(&view, 2, 0);
        let receipt = Message::send_rt("paSendRTV2", &second, "token-2", &under_way);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        let payments = office.get(&format!("/payments?notice_number={second}")).send().await.expect(200);
        assert_eq!(payments["items"][0]["anomalies"][0]["code"], "paid_after_withdrawal");
        // It is not owed back: it paid a part of what is still owed.
        let owed = async || office.get("/refunds-owed").send().await.expect(200)["items"].clone();
        assert_eq!(owed().await, serde_json::json!([]));
        // Nobody pays that part again: the rest waits until it is planned anew.
        assert_eq!(verify(&app, &rest).await, "PAA_PAGAMENTO_DUPLICATO");
        let again = replan(&office, &id, &["2026-09-30"]).await.expect(201);
        let last = number(&again, 3, 0);
        assert_eq!(verify(&app, &last).await, "80.78");
        given::paid(&app, &last, "token-3").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let paid = office.get(&format!("/debt-positions/{id}")).send().await.expect(200);
        assert_eq!(paid["state"], "paid");
        assert_eq!(owed().await, serde_json::json!([]));
    }

    async fn what_is_paid_beyond_the_debt_is_owed_back_and_no_more(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let id = position.id.to_string();
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        let second = instalment(&position, 2);
        let under_way = given::activated(&app, &second).await;
        let view = replan(&office, &id, &["2026-09-30"]).await.expect(201);
        let rest = number(&view, 2, 0);
        let rest_under_way = given::activated(&app, &rest).await;
        for (number, receipt_id, payment) in [(&second, "token-2", &under_way), (&rest, "token-3", &rest_under_way)] {
            let receipt = Message::send_rt("paSendRTV2", number, receipt_id, payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        // The second instalment paid a part of the rest: that much of the rest was paid beyond the debt.
        let own = "SELECT CAST(amount_cents AS TEXT) AS row FROM receipt_transfer WHERE receipt_id = 'token-2' AND own";
        let own: i64 = app.rows(own)[0].parse().unwrap();
        let owed = office.get("/refunds-owed").send().await.expect(200)["items"].clone();
        assert_eq!(owed.as_array().unwrap().len(), 1);
        assert_eq!((&owed[0]["receipt_id"], &owed[0]["amount_cents"]), (&json!("token-3"), &json!(own)));
        let sum = async |name: &str, column: &str| {
            let rows = crate::accounting::report(&office, name, "").await;
            rows.iter().map(|row| row[column].as_i64().unwrap()).sum::<i64>()
        };
        assert_eq!(sum("receipts", "owed_back").await, own);
        assert_eq!(sum("revenue-by-key", "owed_back").await, own);
        let kept = sum("receipts", "own_amount").await - own;
        assert_eq!(sum("revenue-by-key", "net").await, kept);
        assert_eq!(sum("due-dates", "collected_current").await + sum("due-dates", "collected_residual").await, kept);
        assert_eq!(sum("due-dates", "open").await, 0);
        // Given back, the position is even; the line is a whole part, what goes back is not.
        let lines = office.get("/reconciliations?limit=200").send().await.expect(200);
        let line = lines["items"].as_array().unwrap().iter().find(|line| line["line_key"] == "token-3/1").unwrap().clone();
        let decision = json!({"force": {"reconciliation_id": line["reconciliation_id"]}, "reason": "refunded", "note": "Bonifico al contribuente"});
        office.post("/reconciliation-decisions", &decision).send().await.expect(201);
        assert_eq!(app.balance(Account::Refunds).await, -own);
        assert_eq!(office.get("/refunds-owed").send().await.expect(200)["items"], json!([]));
    }

    async fn what_was_paid_while_withdrawn_is_owed_again_when_the_debt_is(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::lamps(1)).await;
        let path = format!("/debt-positions/{}", position.id);
        let under_way = given::activated(&app, &single(&position)).await;
        given::withdrawn(&app, &position).await;
        let receipt = Message::send_rt("paSendRTV2", &single(&position), "token-1", &under_way);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        let owed = async || office.get("/refunds-owed").send().await.expect(200)["items"].as_array().unwrap().len();
        assert_eq!(owed().await, 1);
        let tag = office.get(&path).send().await.header("etag").to_owned();
        let restored = office.patch(&path, &tag, &json!({"state": "open"})).send().await;
        // Nothing that is withdrawn is left to come back: the payment stays owed back.
        assert_eq!(restored.complaint(), "409 state-forbids");
        assert_eq!(owed().await, 1);
        let plan = given::position(&app, given::tari()).await;
        let path = format!("/debt-positions/{}", plan.id);
        let under_way = given::activated(&app, &instalment(&plan, 1)).await;
        given::withdrawn(&app, &plan).await;
        let receipt = Message::send_rt("paSendRTV2", &instalment(&plan, 1), "token-2", &under_way);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(owed().await, 2);
        let tag = office.get(&path).send().await.header("etag").to_owned();
        office.patch(&path, &tag, &json!({"state": "open"})).send().await.expect(200);
        assert_eq!(owed().await, 1, "it pays an instalment that is owed again");
    }

    async fn a_rest_is_asked_for_once_and_of_the_version_that_was_read(app: TestApp) {
        let neighbour = app.neighbour().await;
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let path = format!("/debt-positions/{}/payment-options", position.id);
        let body = json!({"due_dates": ["2026-09-30"]});
        let theirs = app.client(&neighbour, &["portal"]).await;
        let before = app.dump();
        let post = || office.post(&path, &body).header("idempotency-key", "key-00000001");
        assert_eq!(post().send().await.complaint(), "428 precondition-required");
        assert_eq!(post().header("if-match", "\"7\"").send().await.complaint(), "412 precondition-failed");
        let foreign = theirs.post(&path, &body).header("if-match", "\"1\"").send().await;
        assert_eq!(foreign.complaint(), "404 not-found");
        assert_eq!(app.dump(), before, "a refusal changes nothing");
        let first = post().header("if-match", "\"1\"").send().await;
        first.expect(201);
        let made = app.dump();
        let again = post().header("if-match", "\"1\"").send().await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(app.dump(), made);
        // The same key for another position is another intent.
        let other = given::position(&app, given::tari()).await;
        let path = format!("/debt-positions/{}/payment-options", other.id);
        let own = office.post(&path, &body).header("idempotency-key", "key-00000001");
        own.header("if-match", "\"1\"").send().await.expect(201);
    }

    async fn a_rest_that_breaks_a_rule_is_refused_in_both_languages(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let path = format!("/debt-positions/{}/payment-options", position.id);
        let draft = given::position(&app, given::draft(given::tari())).await;
        let of_draft = format!("/debt-positions/{}/payment-options", draft.id);
        let before = app.dump();
        let mut answers = String::new();
        for (path, body) in [
            (&path, json!({"due_dates": []})),
            (&path, json!({"due_dates": ["2026-02-30"]})),
            (&path, json!({"due_dates": ["2026-03-31"]})),
            (&path, json!({"due_dates": ["2026-07-31", "2026-07-31"]})),
            (&path, json!({"due_dates": ["2026-07-31", "2026-08-31", "2026-09-30"]})),
            (&path, json!({"due_dates": ["2026-07-31"], "notice_numbers": ["301000000000000100"]})),
            (&path, json!({"due_dates": ["2026-07-31"], "amount_cents": 1})),
            (&of_draft, json!({"due_dates": ["2026-07-31"]})),
        ] {
            for language in ["en", "it"] {
                let call = office.post(path, &body).header("accept-language", language);
                let reply = call.header("if-match", "\"1\"").send().await;
                assert!(reply.status.is_client_error(), "{body}");
                answers.push_str(&format!("{body}: {} {}\n", reply.complaint(), reply.json()["detail"]));
            }
        }
        check_text("bad_rests", &answers);
        assert_eq!(app.dump(), before, "a refusal changes nothing");
    }

    async fn what_was_withdrawn_comes_back_under_the_same_numbers(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let (id, whole) = (position.id.to_string(), single(&position));
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        let owed = app.balance(Account::Receivable).await;
        let second = instalment(&position, 2);
        for _ in 0..2 {
            amend(&office, &id, json!({"state": "cancelled"})).await.expect(200);
            assert_eq!(verify(&app, &second).await, "PAA_PAGAMENTO_ANNULLATO");
            assert_eq!(app.balance(Account::Receivable).await, 0);
            let restored = amend(&office, &id, json!({"state": "open"})).await.expect(200);
            assert_eq!(restored["state"], "partially_paid");
            assert_eq!(verify(&app, &second).await, "73.15");
            assert_eq!(verify(&app, &whole).await, "PAA_PAGAMENTO_DUPLICATO");
            assert_eq!(app.balance(Account::Receivable).await, owed);
        }
        let again = amend(&office, &id, json!({"state": "open"})).await;
        assert_eq!(again.complaint(), "409 state-forbids");
        given::paid(&app, &second, "token-2").await;
        given::paid(&app, &instalment(&position, 3), "token-3").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let payments = office.get(&format!("/payments?notice_number={second}")).send().await.expect(200);
        assert_eq!(payments["items"][0]["anomalies"], json!([]));
        let lines = office.get("/reconciliations").send().await.expect(200).to_string();
        assert!(!lines.to_lowercase().contains("withdrawn"), "{lines}");
    }

    async fn a_withdrawn_draft_is_booked_when_it_is_opened(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::draft(given::lamps(1))).await;
        let id = position.id.to_string();
        amend(&office, &id, json!({"state": "cancelled"})).await.expect(200);
        assert_eq!(app.balance(Account::Receivable).await, 0);
        amend(&office, &id, json!({"state": "open"})).await.expect(200);
        assert_eq!(app.balance(Account::Receivable).await, 1708);
        assert_eq!(verify(&app, &single(&position)).await, "17.08");
    }

    async fn what_has_expired_is_extended_under_the_same_number(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::lamps(1)).await;
        let (id, number) = (position.id.to_string(), single(&position));
        let owed = app.balance(Account::Receivable).await;
        let expired = amend(&office, &id, json!({"state": "expired"})).await.expect(200);
        assert_eq!(expired["state"], "expired");
        assert_eq!(verify(&app, &number).await, "PAA_PAGAMENTO_SCADUTO");
        let past = amend(&office, &id, json!({"due_date": "2026-03-31"})).await;
        assert_eq!(past.complaint(), "422 rule-violation [/due_date must not be past]");
        let both = amend(&office, &id, json!({"state": "open", "due_date": "2026-12-31"})).await;
        assert_eq!(both.status, 422);
        let extended = amend(&office, &id, json!({"due_date": "2026-12-31"})).await.expect(200);
        assert_eq!(extended["state"], "open");
        assert_eq!(extended["payment_options"][0]["notices"][0]["due_date"], "2026-12-31");
        assert_eq!(app.balance(Account::Receivable).await, owed, "it was owed all the time");
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("dueDate"), "2026-12-31");
        given::paid(&app, &number, "token-1").await;
        let done = amend(&office, &id, json!({"due_date": "2027-12-31"})).await;
        assert_eq!(done.complaint(), "409 state-forbids");
    }
}
