//! The canteen paid in advance, and the yearly certificate, as an office and the node see them.

use std::collections::BTreeSet;

use avviso::domain::ledger::Account;
use serde_json::{Value, json};

use crate::given;
use crate::rest::{Caller, Reply};
use crate::soap::Message;

const VIOLA: &str = "TRDVLI16C61A241T";
const NICCOLO: &str = "LNCNCL18S08A515N";

/// Number of the only notice of a position.
fn number(position: &Value) -> String {
    let notice = &position["payment_options"][0]["notices"][0];
    notice["notice_number"].as_str().unwrap().to_owned()
}

async fn account(office: &Caller, pupils: &[&str]) -> String {
    given::canteen_account(office, pupils).await
}

async fn balance(office: &Caller, account: &str) -> i64 {
    let path = format!("/canteen-accounts/{account}");
    let shown = office.get(&path).send().await.expect(200);
    shown["balance_cents"].as_i64().unwrap()
}

async fn post(office: &Caller, account: &str, what: &str, body: Value) -> Reply {
    let path = format!("/canteen-accounts/{account}/{what}");
    office.post(&path, &body).send().await
}

/// A top-up that was asked for: its position.
async fn top_up(office: &Caller, account: &str, cents: i64) -> Value {
    let body = json!({"amount_cents": cents, "pupil_tax_code": VIOLA});
    post(office, account, "top-ups", body).await.expect(201)
}

async fn meal(office: &Caller, account: &str, pupil: &str, day: &str) -> Reply {
    let body = json!({"pupil_tax_code": pupil, "meal_date": day});
    post(office, account, "meals", body).await
}

/// The movements of an account: kind and amount.
async fn movements(office: &Caller, account: &str) -> Vec<(String, i64)> {
    let path = format!("/canteen-accounts/{account}/movements");
    let page = office.get(&path).send().await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let kind = item["kind"].as_str().unwrap().to_owned();
            (kind, item["amount_cents"].as_i64().unwrap())
        })
        .collect()
}

/// Eleven school days of April 2026.
const SCHOOL_DAYS: [&str; 11] = [
    "2026-04-07",
    "2026-04-08",
    "2026-04-09",
    "2026-04-10",
    "2026-04-13",
    "2026-04-14",
    "2026-04-15",
    "2026-04-16",
    "2026-04-17",
    "2026-04-20",
    "2026-04-21",
];

mod vectors {
    use super::*;

    both_databases! {
        async fn m7a_a_top_up_and_eleven_meals_leave_852(app: TestApp) {
            let office = given::canteen(&app).await;
            let account = account(&office, &[VIOLA]).await;
            let start = json!({"amount_cents": 1240, "note": "saldo del vecchio gestore"});
            post(&office, &account, "corrections", start).await.expect(201);
            let position = top_up(&office, &account, 3000).await;
            given::paid(&app, &number(&position), "token-1").await;
            assert_eq!(balance(&office, &account).await, 4240);
            for day in SCHOOL_DAYS {
                meal(&office, &account, VIOLA, day).await.expect(201);
            }
            assert_eq!(balance(&office, &account).await, 852);
            let shown = office.get(&format!("/canteen-accounts/{account}")).send().await.expect(200);
            assert_eq!(shown["top_up_wanted"], json!(true));
        }

        async fn m7b_two_meals_on_five_euro_are_a_debt_of_116(app: TestApp) {
            let office = given::canteen(&app).await;
            let account = account(&office, &[VIOLA]).await;
            let position = top_up(&office, &account, 500).await;
            given::paid(&app, &number(&position), "token-1").await;
            meal(&office, &account, VIOLA, "2026-04-07").await.expect(201);
            let second = meal(&office, &account, VIOLA, "2026-04-08").await.expect(201);
            assert_eq!(second["balance_cents"], json!(-116));
            assert_eq!(balance(&office, &account).await, -116);
        }

        async fn m13_the_certificate_sums_what_was_paid_in_the_year(app: TestApp) {
            let office = given::canteen(&app).await;
            let account = account(&office, &[VIOLA]).await;
            for (i, cents) in [5236, 4312, 6188].into_iter().enumerate() {
                let position = top_up(&office, &account, cents).await;
                given::paid(&app, &number(&position), &format!("token-{i}")).await;
            }
            let row = certificate(&office).await.remove(0);
            assert_eq!(row[0], VIOLA);
            assert_eq!(row[5..], ["3", "15736", "0", "15736", "2990"]);
        }
    }
}

/// The rows of the certificate of 2026.
async fn certificate(office: &Caller) -> Vec<Vec<String>> {
    let path = "/reports/canteen-certificate?from_date=2026-01-01&to_date=2026-12-31";
    let report = office.get(path).send().await.expect(200);
    let rows = report["items"].as_array().unwrap().iter();
    rows.map(|row| {
        let cells = row["cells"].as_array().unwrap().iter();
        cells
            .map(|cell| cell.as_str().unwrap().to_owned())
            .collect()
    })
    .collect()
}

both_databases! {
    async fn a_receipt_credits_its_account_once(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let position = top_up(&office, &account, 3000).await;
        assert_eq!(balance(&office, &account).await, 0);
        let receipt = given::paid(&app, &number(&position), "token-1").await;
        let before = app.dump();
        for _ in 0..3 {
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        assert_eq!(app.dump(), before);
        assert_eq!(movements(&office, &account).await, [("top_up".to_owned(), 3000)]);
    }

    async fn a_top_up_that_was_withdrawn_is_credited_when_it_is_paid(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let position = top_up(&office, &account, 3000).await;
        let number = number(&position);
        let payment = given::activated(&app, &number).await;
        let path = format!("/debt-positions/{}", position["debt_position_id"].as_str().unwrap());
        let cancelled = json!({"state": "cancelled"});
        office.patch(&path, "\"1\"", &cancelled).send().await.expect(200);
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(balance(&office, &account).await, 3000);
        // It is kept as credit, so that nothing is owed back.
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn a_top_up_paid_twice_is_credited_twice(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let position = top_up(&office, &account, 3000).await;
        let number = number(&position);
        let payment = given::activated(&app, &number).await;
        given::paid(&app, &number, "token-1").await;
        let second = Message::send_rt("paSendRTV2", &number, "token-2", &payment);
        assert_eq!(second.send(&app).await.outcome(), "OK");
        assert_eq!(balance(&office, &account).await, 6000);
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn a_pupil_eats_once_a_day_whoever_says_so(app: TestApp) {
        let office = given::canteen(&app).await;
        let (mother, father) = (account(&office, &[VIOLA]).await, account(&office, &[VIOLA]).await);
        let first = meal(&office, &mother, VIOLA, "2026-04-07").await.expect(201);
        let before = movements(&office, &mother).await;
        let again = meal(&office, &mother, VIOLA, "2026-04-07").await.expect(201);
        assert_eq!(first, again);
        assert_eq!(movements(&office, &mother).await, before);
        let other = meal(&office, &father, VIOLA, "2026-04-07").await;
        assert_eq!(other.complaint(), "409 state-forbids");
        assert_eq!(movements(&office, &father).await, []);
    }

    async fn a_meal_that_cannot_be_is_refused_at_its_place(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let before = app.dump();
        let easter_monday = meal(&office, &account, VIOLA, "2026-04-06").await;
        assert_eq!(
            easter_monday.complaint(),
            "422 rule-violation [/meal_date the canteen is closed on this day]"
        );
        let stranger = meal(&office, &account, NICCOLO, "2026-04-07").await;
        assert_eq!(
            stranger.complaint(),
            "422 rule-violation [/pupil_tax_code name a pupil who eats on this account]"
        );
        assert_eq!(app.dump(), before);
    }

    async fn an_account_never_falls_below_its_floor_whoever_writes_at_once(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        // A second process on the same database.
        let twin = app.twin().await;
        let colleague = twin.office().await;
        // The floor is 10.00 below zero: three meals of 3.08 and not a fourth.
        let calls = SCHOOL_DAYS.iter().enumerate().map(|(i, day)| {
            let who = if i.is_multiple_of(2) { &office } else { &colleague };
            let body = json!({"pupil_tax_code": VIOLA, "meal_date": day});
            let call = who.post(&format!("/canteen-accounts/{account}/meals"), &body);
            actix_web::rt::spawn(call.send())
        });
        let (mut had, mut refused) = (0, BTreeSet::new());
        for call in calls.collect::<Vec<_>>() {
            let reply = call.await.unwrap();
            if reply.status.is_success() {
                had += 1;
            } else {
                refused.insert(reply.complaint());
            }
        }
        assert_eq!(had, 3);
        assert_eq!(refused, BTreeSet::from(["409 credit-does-not-suffice".to_owned()]));
        assert_eq!(balance(&office, &account).await, -924);
    }

    async fn credit_is_not_given_away_twice_at_once(app: TestApp) {
        let office = given::canteen(&app).await;
        let (one, two) = (account(&office, &[VIOLA]).await, account(&office, &[NICCOLO]).await);
        for account in [&one, &two] {
            let start = json!({"amount_cents": 1000, "note": "saldo iniziale"});
            post(&office, account, "corrections", start).await.expect(201);
        }
        let twin = app.twin().await.office().await;
        let calls = (0..6).map(|i| {
            let (who, from, to) = match i % 2 {
                0 => (&office, &one, &two),
                _ => (&twin, &two, &one),
            };
            let body = json!({"to_canteen_account_id": to, "amount_cents": 900});
            let call = who.post(&format!("/canteen-accounts/{from}/transfers"), &body);
            actix_web::rt::spawn(call.send())
        });
        for call in calls.collect::<Vec<_>>() {
            let reply = call.await.unwrap();
            let status = reply.status.as_u16();
            assert!(matches!(status, 201 | 409), "{}", reply.complaint());
        }
        let (one, two) = (balance(&office, &one).await, balance(&office, &two).await);
        assert_eq!(one + two, 2000);
        assert!(one >= 0 && two >= 0, "{one} {two}");
    }

    async fn credit_is_transferred_paid_back_and_set_right(app: TestApp) {
        let office = given::canteen(&app).await;
        let (viola, niccolo) = (account(&office, &[VIOLA]).await, account(&office, &[NICCOLO]).await);
        let position = top_up(&office, &viola, 3000).await;
        given::paid(&app, &number(&position), "token-1").await;
        let to = json!({"to_canteen_account_id": niccolo, "amount_cents": 1000});
        let given = post(&office, &viola, "transfers", to).await.expect(201);
        assert_eq!(given["balance_cents"], json!(2000));
        assert_eq!(movements(&office, &niccolo).await, [("transfer_in".to_owned(), 1000)]);
        let itself = json!({"to_canteen_account_id": viola});
        let refused = post(&office, &viola, "transfers", itself).await;
        assert_eq!(refused.slug(), "rule-violation");
        let too_much = json!({"amount_cents": 2001});
        let refused = post(&office, &viola, "refunds", too_much).await;
        assert_eq!(refused.complaint(), "409 credit-does-not-suffice");
        let nothing = json!({"amount_cents": 0, "note": "niente"});
        assert_eq!(post(&office, &viola, "corrections", nothing).await.slug(), "rule-violation");
        let wrong = json!({"amount_cents": -500, "note": "pasto non registrato"});
        post(&office, &viola, "corrections", wrong).await.expect(201);
        let rest = post(&office, &viola, "refunds", json!({"note": "mandato 12"})).await.expect(201);
        assert_eq!(rest["movement"]["amount_cents"], json!(-1500));
        assert_eq!(rest["balance_cents"], json!(0));
        assert_eq!(app.balance(Account::Refunds).await, -1500);
        let again = post(&office, &viola, "refunds", json!({})).await;
        assert_eq!(again.complaint(), "409 credit-does-not-suffice");
        // The certificate deducts what was paid back from what the holder paid.
        let rows = certificate(&office).await;
        let sums: Vec<&[String]> = rows.iter().map(|row| &row[6..9]).collect();
        let payer = rows.iter().map(|row| row[3].as_str()).collect::<BTreeSet<_>>();
        let net: i64 = sums.iter().map(|row| row[2].parse::<i64>().unwrap()).sum();
        assert_eq!(net, 1500, "{rows:?}");
        assert!(payer.contains("RSSMRA85T10A562S"), "{rows:?}");
    }

    async fn a_repeated_intent_is_answered_as_before(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let right = json!({"amount_cents": 100, "note": "saldo iniziale"});
        let path = format!("/canteen-accounts/{account}/corrections");
        let call = |body: &Value| office.post(&path, body).header("idempotency-key", "key-00000001");
        let first = call(&right).send().await;
        first.expect(201);
        let before = app.dump();
        let again = call(&right).send().await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        let other = call(&json!({"amount_cents": 200, "note": "altro"})).send().await;
        assert_eq!(other.complaint(), "422 idempotency-key-reused");
        assert_eq!(app.dump(), before);
        for what in ["top-ups", "meals", "transfers", "refunds"] {
            let path = format!("/canteen-accounts/{account}/{what}");
            let bare = office.post(&path, &json!({})).without("idempotency-key").send().await;
            assert_eq!(bare.slug(), "missing-header", "{what}");
        }
    }

    async fn many_meals_are_taken_at_once_each_for_itself(app: TestApp) {
        let office = given::canteen(&app).await;
        let (first, second) = (account(&office, &[VIOLA]).await, account(&office, &[NICCOLO]).await);
        meal(&office, &first, VIOLA, "2026-04-13").await.expect(201);
        let entry = |account: &str, pupil: &str, day: &str| {
            json!({"canteen_account_id": account, "pupil_tax_code": pupil, "meal_date": day})
        };
        let unknown = "01970000-0000-7000-8000-00000000ffff";
        let batch = json!({"meals": [
            entry(&first, VIOLA, "2026-04-13"),
            entry(&first, VIOLA, "2026-04-14"),
            entry(&second, NICCOLO, "2026-04-14"),
            entry(&first, VIOLA, "2026-04-14"),
            entry(&second, VIOLA, "2026-04-14"),
            entry(&first, NICCOLO, "2026-04-15"),
            entry(unknown, VIOLA, "2026-04-15"),
            // The floor is 10.00 below zero: a third meal of 3.08, and not a fourth.
            entry(&first, VIOLA, "2026-04-15"),
            entry(&first, VIOLA, "2026-04-16"),
        ]});
        let send = async |key: &str, batch: &Value| {
            let call = office.post("/canteen-meal-batches", batch).header("idempotency-key", key);
            call.send().await.expect(201)
        };
        let taken = send("april-2026", &batch).await;
        let told: Vec<String> = taken["meals"].as_array().unwrap().iter().map(|line| {
            let word = line.get("problem").and_then(Value::as_str).unwrap_or("-");
            format!("{} {} {word}", line["line"], line["outcome"].as_str().unwrap())
        }).collect();
        assert_eq!(told, [
            "1 known -", "2 taken -", "3 taken -", "4 known -", "5 refused state-forbids",
            "6 refused rule-violation", "7 refused not-found", "8 taken -",
            "9 refused credit-does-not-suffice",
        ]);
        assert_eq!(taken["meals"][5]["detail"], "indicare un alunno che mangia su questo conto");
        assert_eq!(taken["meals"][7]["balance_cents"], -924);
        assert_eq!(
            (&taken["taken_meals"], &taken["known_meals"], &taken["refused_meals"], &taken["taken_cents"]),
            (&json!(3), &json!(2), &json!(4), &json!(924))
        );
        assert_eq!((balance(&office, &first).await, balance(&office, &second).await), (-924, -308));
        // The same key answers the same; under another key what was taken is known, and nothing moves.
        let before = app.rows("SELECT COUNT(*) || '' AS row FROM canteen_movement");
        assert_eq!(send("april-2026", &batch).await, taken);
        let again = send("april-again", &batch).await;
        assert_eq!((&again["taken_meals"], &again["known_meals"]), (&json!(0), &json!(5)));
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM canteen_movement"), before);
        let none = office.post("/canteen-meal-batches", &json!({"meals": []})).send().await;
        assert_eq!(none.slug(), "contract-violation");
    }

    async fn another_towns_accounts_are_unknown_to_a_batch(app: TestApp) {
        let office = given::canteen(&app).await;
        let own = account(&office, &[VIOLA]).await;
        let neighbour = app.neighbour().await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let theirs = app.client(&neighbour, &roles).await;
        let batch = json!({"meals": [{"canteen_account_id": own, "pupil_tax_code": VIOLA, "meal_date": "2026-04-14"}]});
        let refused = theirs.post("/canteen-meal-batches", &batch).send().await.expect(201);
        assert_eq!(refused["meals"][0]["problem"], "not-found");
        assert_eq!(balance(&office, &own).await, 0);
    }

    async fn a_new_isee_counts_from_its_month_and_old_meals_keep_their_price(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        meal(&office, &account, VIOLA, "2026-04-07").await.expect(201);
        let path = format!("/canteen-accounts/{account}");
        let family = json!({"family": {
            "resident": true,
            "isee": [{"isee_cents": 1_800_000}, {"isee_cents": 1_000_000, "valid_from": "2026-04-08"}],
            "pupils": [{"pupil_tax_code": VIOLA, "pupil_name": "Viola Tarducci", "sibling_order": 1}],
        }});
        let amended = office.patch(&path, "\"1\"", &family).send().await;
        amended.expect(200);
        assert_eq!(office.patch(&path, "\"1\"", &family).send().await.slug(), "precondition-failed");
        meal(&office, &account, VIOLA, "2026-04-09").await.expect(201);
        meal(&office, &account, VIOLA, "2026-05-04").await.expect(201);
        let amounts: Vec<i64> = movements(&office, &account).await.into_iter().map(|m| m.1).collect();
        assert_eq!(amounts, [-308, -308, -214]);
        let mut nobody = family.clone();
        nobody["family"]["pupils"][0]["pupil_tax_code"] = json!("RSSMRA80A01H501A");
        let refused = office.patch(&path, amended.header("etag"), &nobody).send().await;
        assert!(refused.complaint().contains("[/family/pupils/0/pupil_tax_code"), "{}", refused.complaint());
    }

    async fn a_position_tops_up_an_account_that_is_there(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let position = |account: &str, pupil: &str| json!({
            "service_code": "MENSA-CREDITO",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"canteen_credit":
                {"account_id": account, "pupil_tax_code": pupil, "amount_cents": 1000}},
        });
        let before = app.dump();
        let unknown = position("01970000-0000-7000-8000-000000000009", VIOLA);
        let refused = office.post("/debt-positions", &unknown).send().await;
        assert!(refused.complaint().contains("[/details/canteen_credit/account_id"), "{}", refused.complaint());
        let stranger = office.post("/debt-positions", &position(&account, NICCOLO)).send().await;
        assert!(stranger.complaint().contains("[/details/canteen_credit/pupil_tax_code"));
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM position"), ["0"]);
        assert!(before.len() <= app.dump().len());
        let made = office.post("/debt-positions", &position(&account, VIOLA)).send().await.expect(201);
        given::paid(&app, &number(&made), "token-1").await;
        assert_eq!(balance(&office, &account).await, 1000);
    }

    async fn a_bill_counts_for_each_pupil_and_for_who_paid(app: TestApp) {
        let office = given::canteen(&app).await;
        let bill = json!({
            "service_code": "MENSA",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"canteen": {
                "resident": true, "isee": [{"isee_cents": 1_800_000}],
                "months": [{"year": 2026, "month": 3, "pupils": [
                    {"pupil_tax_code": VIOLA, "pupil_name": "Viola Tarducci", "school": "Don Milani",
                        "sibling_order": 1, "meals": 16},
                    {"pupil_tax_code": NICCOLO, "sibling_order": 2, "meals": 15},
                ]}],
                "arrears": [{"pupil_tax_code": VIOLA, "description": "novembre 2025",
                    "amount_cents": 18480, "due_on": "2025-12-31"}],
                "interest_to": "2026-03-31",
            }},
        });
        let made = office.post("/debt-positions", &bill).send().await.expect(201);
        assert_eq!(certificate(&office).await, Vec::<Vec<String>>::new());
        given::paid(&app, &number(&made), "token-1").await;
        let rows = certificate(&office).await;
        let found: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|row| (row[0].as_str(), row[2].as_str(), row[8].as_str()))
            .collect();
        // Interest and the costs of the reminder are no school expense.
        assert_eq!(found, [(NICCOLO, "", "4095"), (VIOLA, "Don Milani", "23408")]);
        let path = "/reports/canteen-certificate?from_date=2026-01-01&to_date=2026-12-31&dialect=it";
        let csv = office.get(path).header("accept", "text/csv").send().await;
        let text = String::from_utf8(csv.body).unwrap();
        assert!(text.contains("TRDVLI16C61A241T") && text.contains("234,08"), "{text}");
    }

    async fn a_bill_paid_twice_is_certified_once_whoever_keeps_the_money(app: TestApp) {
        let office = app.office().await;
        let bill = json!({
            "service_code": "NIDO-MENSA",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"canteen": {"resident": true, "months": [{"year": 2026, "month": 3, "pupils": [
                {"pupil_tax_code": NICCOLO, "sibling_order": 1, "meals": 10}]}]}},
        });
        let made = office.post("/debt-positions", &bill).send().await.expect(201);
        let payment = given::activated(&app, &number(&made)).await;
        for token in ["token-1", "token-2"] {
            let receipt = Message::send_rt("paSendRTV2", &number(&made), token, &payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        let certified = async || {
            let days = "from_date=2026-01-01&to_date=2026-12-31";
            let (rows, _) = crate::receivables::report(&office, "childcare-certificate", days).await;
            let of_fees: i64 = rows.iter().map(|row| row["amount"].as_i64().unwrap()).sum();
            let of_meals: Vec<String> = certificate(&office).await.iter().map(|row| row[8].clone()).collect();
            (of_fees, of_meals)
        };
        let once = certified().await;
        assert_eq!(once.0, 4200);
        let line = crate::reconciliation::line(&office, "token-2/1").await["reconciliation_id"].clone();
        let keep = json!({"force": {"reconciliation_id": line}, "reason": "settled_elsewhere", "note": "Compensato"});
        office.post("/reconciliation-decisions", &keep).send().await.expect(201);
        assert_eq!(office.get("/refunds-owed").send().await.expect(200)["items"], json!([]));
        assert_eq!(certified().await, once);
    }

    async fn fees_are_certified_by_child_and_month_for_inps(app: TestApp) {
        let office = app.office().await;
        let mario = json!({"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"});
        let nursery = |attendance: Value| json!({
            "service_code": "NIDO", "debtor": mario,
            "details": {"generic": {"isee_cents": 1_000_000, "attendance": attendance}},
        });
        let wrong = json!({"pupil_tax_code": "RSSMRA85T10A562X", "year": 2026, "month": 3});
        let refused = office.post("/debt-positions", &nursery(wrong)).send().await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/details/generic/attendance/pupil_tax_code");
        let child = |month: i64| json!({"pupil_tax_code": VIOLA, "pupil_name": "Viola Tarducci", "year": 2026, "month": month});
        let mut fees = Vec::new();
        for (at, month) in [3, 2].into_iter().enumerate() {
            let made = office.post("/debt-positions", &nursery(child(month))).send().await.expect(201);
            given::paid(&app, &number(&made), &format!("token-{at}")).await;
            fees.push(made["payment_options"][0]["notices"][0]["amount_cents"].clone());
        }
        let meals = json!({
            "service_code": "NIDO-MENSA", "debtor": mario,
            "details": {"canteen": {"resident": true, "months": [{"year": 2026, "month": 3, "pupils": [
                {"pupil_tax_code": NICCOLO, "sibling_order": 1, "meals": 10}]}]}},
        });
        let made = office.post("/debt-positions", &meals).send().await.expect(201);
        given::paid(&app, &number(&made), "token-2").await;
        // Nobody's fee: it is in no certificate.
        given::paid(&app, &given::single(&given::position(&app, given::lamps(1)).await), "token-3").await;
        let days = "from_date=2026-01-01&to_date=2026-12-31";
        let (rows, totals) = crate::receivables::report(&office, "childcare-certificate", days).await;
        let told: Vec<[&Value; 5]> = rows
            .iter()
            .map(|row| ["pupil_tax_code", "months", "service_code", "receipt_id", "amount"].map(|name| &row[name]))
            .collect();
        assert_eq!(told, [
            [&json!(NICCOLO), &json!("2026-03"), &json!("NIDO-MENSA"), &json!("token-2"), &json!(4200)],
            [&json!(VIOLA), &json!("2026-02"), &json!("NIDO"), &json!("token-1"), &fees[1]],
            [&json!(VIOLA), &json!("2026-03"), &json!("NIDO"), &json!("token-0"), &fees[0]],
        ]);
        assert_eq!((&rows[2]["pupil_name"], &rows[2]["debtor_name"], &rows[2]["paid_on"]), (&json!("Viola Tarducci"), &json!("Mario Rossi"), &json!("2026-04-01")));
        assert!(rows[2]["payer_tax_code"].is_string() && fees[0].as_i64() > Some(0), "{rows:?}");
        assert_eq!(totals[0]["count"], 3);
        // What is paid back of a bill counts below zero.
        let payments = office.get("/payments").send().await.expect(200);
        let of_meals = payments["items"].as_array().unwrap().iter().find(|one| one["receipt_id"] == "token-2");
        let path = format!("/payments/{}/canteen-refunds", of_meals.unwrap()["payment_id"].as_str().unwrap());
        office.post(&path, &json!({"pupil_tax_code": NICCOLO, "amount_cents": 420})).send().await.expect(201);
        let (rows, totals) = crate::receivables::report(&office, "childcare-certificate", days).await;
        assert_eq!((rows.len(), &rows[0]["amount"], &rows[0]["receipt_id"]), (4, &json!(-420), &json!("token-2")));
        assert_eq!((&totals[0]["amount_cents"], &totals[1]["amount_cents"]), (&json!(4200 + fees[0].as_i64().unwrap() + fees[1].as_i64().unwrap()), &json!(420)));
    }

    async fn what_is_paid_back_of_a_bill_is_deducted_when_it_is_paid_back(app: TestApp) {
        let office = given::canteen(&app).await;
        let pupil = |code: &str, order: i64, meals: i64| {
            json!({"pupil_tax_code": code, "sibling_order": order, "meals": meals})
        };
        let bill = json!({
            "service_code": "MENSA",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"canteen": {
                "resident": true, "isee": [{"isee_cents": 1_800_000}],
                "months": [{"year": 2026, "month": 3, "pupils": [pupil(VIOLA, 1, 16), pupil(NICCOLO, 2, 15)]}],
            }},
        });
        let made = office.post("/debt-positions", &bill).send().await.expect(201);
        given::paid(&app, &number(&made), "token-1").await;
        let payments = office.get("/payments").send().await.expect(200);
        let payment = payments["items"][0]["payment_id"].as_str().unwrap();
        let path = format!("/payments/{payment}/canteen-refunds");
        let back = async |body: Value| office.post(&path, &body).send().await;
        let whose = back(json!({})).await.complaint();
        assert_eq!(whose, "422 rule-violation [/pupil_tax_code name a pupil of this bill]");
        let two_meals = json!({"pupil_tax_code": VIOLA, "amount_cents": 616, "note": "mandato 12"});
        let made = back(two_meals).await.expect(201);
        assert_eq!((&made["payee_tax_code"], &made["paid_date"]), (&json!("RSSMRA85T10A562S"), &json!("2026-04-01")));
        // Sixteen meals of 3.08 were paid for her, and two are paid back already.
        let too_much = json!({"pupil_tax_code": VIOLA, "amount_cents": 4_313});
        assert_eq!(back(too_much).await.slug(), "credit-does-not-suffice");
        let net = async || -> Vec<(String, String, String)> {
            let rows = certificate(&office).await;
            rows.iter().map(|row| (row[0].clone(), row[7].clone(), row[8].clone())).collect()
        };
        let line = |code: &str, refunded: &str, net: &str| (code.to_owned(), refunded.to_owned(), net.to_owned());
        assert_eq!(net().await, [line(NICCOLO, "0", "4095"), line(VIOLA, "616", "4312")]);
        // All the rest, in the next year: this year's certificate stays.
        back(json!({"pupil_tax_code": VIOLA, "paid_date": "2027-01-10"})).await.expect(201);
        assert_eq!(net().await, [line(NICCOLO, "0", "4095"), line(VIOLA, "616", "4312")]);
        assert_eq!(back(json!({"pupil_tax_code": VIOLA})).await.slug(), "credit-does-not-suffice");
        let lamps = given::position(&app, given::lamps(1)).await;
        given::paid(&app, &given::single(&lamps), "token-2").await;
        let payments = office.get("/payments").send().await.expect(200);
        let of_lamps = payments["items"][1]["payment_id"].as_str().unwrap();
        let refused = office.post(&format!("/payments/{of_lamps}/canteen-refunds"), &json!({})).send().await;
        assert_eq!(refused.slug(), "rule-violation");
        let neighbour = app.neighbour().await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let theirs = app.client(&neighbour, &roles).await;
        assert_eq!(theirs.post(&path, &json!({})).send().await.slug(), "not-found");
        assert_eq!(app.failed_checks(), Vec::<String>::new());
        app.tamper("UPDATE canteen_bill_refund SET amount_cents = 900000");
        assert_eq!(app.failed_checks(), ["refunds_are_of_payments", "refunds_are_what_was_paid_back"]);
        app.unaudited();
    }

    async fn the_audit_sees_credit_that_no_receipt_explains(app: TestApp) {
        let office = given::canteen(&app).await;
        let account = account(&office, &[VIOLA]).await;
        let position = top_up(&office, &account, 3000).await;
        given::paid(&app, &number(&position), "token-1").await;
        assert_eq!(app.failed_checks(), Vec::<String>::new());
        app.tamper("UPDATE canteen_movement SET amount_cents = 3001");
        assert_eq!(app.failed_checks(), ["top_ups_are_receipts"]);
        app.tamper("DELETE FROM canteen_movement");
        assert_eq!(app.failed_checks(), ["receipts_top_up"]);
        app.unaudited();
    }
}
