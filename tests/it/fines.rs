//! Fines over both doors: the notification that becomes known after the notice is printed, two notices for
//! one report, payments that come short, appeals, owner and driver.

use avviso::app::positions::Create;
use avviso::domain::ledger::Account;
use avviso::domain::position::Position;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, single};
use crate::rest::{Caller, Reply};
use crate::soap::{Answer, Message};

pub(crate) fn path(position: &Position) -> String {
    format!("/debt-positions/{}", position.id)
}

pub(crate) async fn tag(office: &Caller, position: &Position) -> String {
    let shown = office.get(&path(position)).send().await;
    shown.header("etag").to_owned()
}

/// Says how a position was notified.
async fn notify(office: &Caller, position: &Position, notification: &Value) -> Reply {
    let tag = tag(office, position).await;
    let path = format!("{}/notification", path(position));
    office
        .put(&path, notification)
        .header("if-match", &tag)
        .send()
        .await
}

async fn complete(office: &Caller, position: &Position) -> Reply {
    let path = format!("{}/integrations", path(position));
    office.post(&path, &json!({})).send().await
}

async fn want(office: &Caller, position: &Position, state: &str) -> Reply {
    let tag = tag(office, position).await;
    let wanted = json!({ "state": state });
    office.patch(&path(position), &tag, &wanted).send().await
}

fn by_mail(on: &str) -> Value {
    json!({"channel": "mail", "on": on})
}

/// What the node is told of a notice: its amount, or why it cannot be paid.
pub(crate) async fn asked(app: &TestApp, number: &str) -> String {
    let answer = Message::verify(number).send(app).await;
    match answer.outcome().as_str() {
        "OK" => answer.value("amount"),
        fault => fault.to_owned(),
    }
}

/// The receipt of a payment activated before, made at a time of the clock in Rome.
pub(crate) async fn receipt(app: &TestApp, number: &str, (id, at): (&str, &str), payment: &Answer) {
    let (day, _) = at.split_once('T').unwrap();
    let receipt = Message::send_rt("paSendRTV2", number, id, payment)
        .with("payment_date_time", at)
        .with("application_date", day)
        .with("transfer_date", day);
    let answer = receipt.send(app).await;
    assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
}

/// 42 to 173 euro and 15.50 of costs, printed before it is notified.
fn parking() -> Create {
    let mut fine = given::fine_to_notify();
    fine.details["violations"][0]["article"] = json!("142-7");
    fine.details["costs_cents"] = json!(1550);
    fine
}

both_databases! {
    async fn a_printed_fine_is_priced_again_when_its_notification_is_known(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine_to_notify()).await;
        let number = single(&position);
        assert_eq!(asked(&app, &number).await, "137.40");
        // No term has begun: the date that the message cannot do without is a technical one.
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("dueDate"), "2027-04-01");
        app.set_clock("2026-05-02T08:00:00Z");
        let notified = notify(&office, &position, &by_mail("2026-04-29")).await;
        let shown = notified.expect(200);
        assert_eq!(shown["revision"], 2);
        assert_eq!(shown["payment_options"][0]["notices"][0]["due_date"], "2026-06-29");
        assert_eq!(shown["payment_options"][0]["notices"][0]["notice_number"], json!(number));
        // Day 5 is 4 May: the discount ends with it, in Rome.
        for (at, amount) in [
            ("2026-05-04T21:59:59Z", "137.40"),
            ("2026-05-04T22:00:00Z", "189.30"),
            ("2026-06-29T21:59:59Z", "189.30"),
            ("2026-06-29T22:00:00Z", "363.30"),
        ] {
            app.set_clock(at);
            assert_eq!(asked(&app, &number).await, amount, "{at}");
        }
        let notice = format!("/creditors/{}/notices/{number}/amount", app.town());
        let told = office.get(&notice).send().await.expect(200);
        let printed = json!([{"replaced_at": "2026-05-02T08:00:00Z", "steps": [
            {"amount_cents": 13_740, "reason": "importo scontato entro 5 giorni dalla notifica"}]}]);
        assert_eq!(told["former_prices"], printed);
        assert_eq!(told["steps"].as_array().unwrap().len(), 3);
        // The prices that were replaced are kept, and the change is part of the history.
        let former = app.rows("SELECT COUNT(*) || '' AS row FROM former_price WHERE revision = 1");
        assert_eq!(former, ["1"]);
        let events = app.rows("SELECT event || ' ' || from_state || ' ' || to_state AS row FROM notice_event");
        assert_eq!(events, ["reprice open open"]);
    }

    async fn a_notification_after_the_discount_books_the_difference(app: TestApp) {
        let office = app.office().await;
        app.set_clock("2026-04-20T08:00:00Z");
        let position = given::position(&app, given::fine_to_notify()).await;
        assert_eq!(app.balance(Account::Receivable).await, 13_740);
        // The report had been handed over long before it was printed: the first price asked is now 189.30.
        let notified = notify(&office, &position, &by_mail("2026-03-12")).await.expect(200);
        assert_eq!(app.balance(Account::Receivable).await, 18_930);
        let sum: i64 = notified["assessment"].as_array().unwrap().iter()
            .map(|row| row["amount_cents"].as_i64().unwrap()).sum();
        assert_eq!(sum, 18_930);
        given::paid(&app, &single(&position), "token-1").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn the_same_notification_changes_nothing_and_another_one_corrects_it(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine_to_notify()).await;
        let unread = office.put(&format!("{}/notification", path(&position)), &by_mail("2026-04-29"));
        assert_eq!(unread.send().await.complaint(), "428 precondition-required");
        notify(&office, &position, &by_mail("2026-04-29")).await.expect(200);
        let before = app.dump();
        assert_eq!(notify(&office, &position, &by_mail("2026-04-29")).await.expect(200)["revision"], 2);
        assert_eq!(app.dump(), before);
        let corrected = notify(&office, &position, &by_mail("2026-04-30")).await.expect(200);
        assert_eq!(corrected["revision"], 3);
        // Once something is paid, what was due on that day is settled.
        given::paid(&app, &single(&position), "token-1").await;
        let refused = notify(&office, &position, &by_mail("2026-05-01")).await;
        assert_eq!(refused.complaint(), "409 notification-known");
    }

    async fn a_notification_that_cannot_be_is_refused_and_nothing_changes(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine_to_notify()).await;
        let lamps = given::position(&app, given::lamps(1)).await;
        let gone = given::position(&app, given::fine_to_notify()).await;
        given::withdrawn(&app, &gone).await;
        let before = app.dump();
        let early = notify(&office, &position, &by_mail("2026-03-09")).await;
        assert_eq!(
            early.complaint(),
            "422 rule-violation [/on must not be before the day of the violation]"
        );
        let vague = notify(&office, &position, &json!({"channel": "send_pec", "on": "2026-04-01"})).await;
        assert_eq!(
            vague.complaint(),
            "422 rule-violation [/at is needed for send_pec, and only for it]"
        );
        let foreign = notify(&office, &lamps, &by_mail("2026-04-29")).await;
        assert_eq!(foreign.slug(), "rule-violation");
        let withdrawn = notify(&office, &gone, &by_mail("2026-04-29")).await;
        assert_eq!(withdrawn.complaint(), "409 state-forbids");
        assert_eq!(app.dump(), before);
    }

    async fn two_notices_of_one_report_exclude_each_other(app: TestApp) {
        let neighbour = app.neighbour().await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let office = app.client(&neighbour, &roles).await;
        let position = given::position_of(&app, &neighbour, given::fine_to_notify()).await;
        let [discounted, reduced] = position.notices.as_slice() else {
            panic!("two notices");
        };
        let (discounted, reduced) = (discounted.number.to_string(), reduced.number.to_string());
        let of_neighbour = |message: Message| {
            message.with("id_pa", neighbour.as_str()).with("fiscal_code", neighbour.as_str())
        };
        let asked = async |number: &str| {
            let answer = of_neighbour(Message::verify(number)).send(&app).await;
            match answer.outcome().as_str() {
                "OK" => answer.value("amount"),
                fault => fault.to_owned(),
            }
        };
        assert_eq!(asked(&discounted).await, "137.40");
        assert_eq!(asked(&reduced).await, "189.30");
        let (ctx, town, first) = (app.ctx.clone(), neighbour.clone(), position.notices[0].number.clone());
        let today = app.ctx.today();
        let print = move |conn: &mut _| avviso::app::notices::document(conn, &ctx, &town, &first, today);
        let (page, _) = app.ctx.read(print).await.unwrap();
        // Each page tells of the other number, and that a notification may change the price.
        let told: Vec<(&str, i64)> = page.alternatives.iter()
            .map(|other| (other.notice_number.as_str(), other.amount.get())).collect();
        assert_eq!(told, [(reduced.as_str(), 18_930)]);
        assert!(page.amount_may_change);
        let sum: i64 = page.explanation.iter().map(|row| row.amount.get()).sum();
        assert_eq!(sum, 13_740);
        notify(&office, &position, &by_mail("2026-04-29")).await.expect(200);
        app.set_clock("2026-05-05T08:00:00Z");
        assert_eq!(asked(&discounted).await, "189.30");
        assert_eq!(asked(&reduced).await, "189.30");
        let balance = async || {
            let town = neighbour.clone();
            let read = move |conn: &mut _| avviso::store::ledger::balance(conn, &town, Account::Receivable);
            app.ctx.read(read).await.unwrap().get()
        };
        assert_eq!(balance().await, 13_740);
        let payment = of_neighbour(Message::get_payment_v2(&reduced)).send(&app).await;
        let receipt = of_neighbour(Message::send_rt("paSendRTV2", &reduced, "token-1", &payment));
        let answer = receipt.send(&app).await;
        assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
        // Choosing the dearer notice has booked the difference: nothing is left.
        assert_eq!(balance().await, 0);
        assert_eq!(asked(&discounted).await, "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(asked(&reduced).await, "PAA_PAGAMENTO_DUPLICATO");
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!(shown["state"], "paid");
    }

    async fn f13_a_short_payment_is_completed_by_a_further_notice(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, parking()).await;
        let number = single(&position);
        // Nobody knows yet that it was notified on 29 April: on 7 May the discounted sum is still asked.
        app.set_clock("2026-05-07T08:00:00Z");
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("paymentAmount"), "44.90");
        receipt(&app, &number, ("token-1", "2026-05-07T10:15:00"), &payment).await;
        let unknown = complete(&office, &position).await;
        assert_eq!(unknown.slug(), "rule-violation");
        let notified = notify(&office, &position, &by_mail("2026-04-29")).await.expect(200);
        assert_eq!(notified["state"], "paid", "what is paid keeps its facts");
        let asked_for = complete(&office, &position).await.expect(201);
        assert_eq!(asked_for["state"], "partially_paid");
        let rest = asked_for["payment_options"][0]["notices"][1]["notice_number"].as_str().unwrap();
        assert_eq!(asked(&app, rest).await, "12.60");
        assert_eq!(app.balance(Account::Receivable).await, 1_260);
        assert_eq!(complete(&office, &position).await.complaint(), "409 state-forbids");
        app.set_clock("2026-06-30T08:00:00Z");
        assert_eq!(asked(&app, rest).await, "57.10");
        app.set_clock("2026-06-29T08:00:00Z");
        let payment = given::activated(&app, rest).await;
        receipt(&app, rest, ("token-2", "2026-06-29T10:15:00"), &payment).await;
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!(shown["state"], "paid");
        assert_eq!(app.balance(Account::Receivable).await, 0);
        assert_eq!(complete(&office, &position).await.complaint(), "409 nothing-short");
    }

    async fn f13_the_reduced_sum_paid_on_day_70_leaves_44_50(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, parking()).await;
        let number = single(&position);
        notify(&office, &position, &by_mail("2026-04-29")).await.expect(200);
        app.set_clock("2026-06-29T08:00:00Z");
        let payment = given::activated(&app, &number).await;
        // Activated on the last day, paid when the term was over.
        receipt(&app, &number, ("token-1", "2026-07-08T10:15:00"), &payment).await;
        app.set_clock("2026-07-10T08:00:00Z");
        let asked_for = complete(&office, &position).await.expect(201);
        let rest = &asked_for["payment_options"][0]["notices"][1];
        assert_eq!(rest["amount_cents"], 4_450);
        assert_eq!(asked(&app, rest["notice_number"].as_str().unwrap()).await, "44.50");
    }

    async fn nothing_is_asked_of_who_paid_what_was_due(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine()).await;
        assert_eq!(complete(&office, &position).await.complaint(), "409 nothing-short");
        given::paid(&app, &single(&position), "token-1").await;
        let before = app.rows("SELECT COUNT(*) || '' AS row FROM notice");
        assert_eq!(complete(&office, &position).await.complaint(), "409 nothing-short");
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM notice"), before);
    }

    async fn a_plan_that_is_paid_to_its_end_leaves_nothing_to_ask(app: TestApp) {
        let office = app.office().await;
        let mut fine = given::fine();
        fine.details["violations"][0]["article"] = json!("142-9");
        fine.details["instalments"] = json!({
            "count": 2, "requested_on": "2026-04-01", "starts_on": "2026-05-16",
            "income_cents": 900_000, "relatives": 0,
        });
        let position = given::position(&app, fine).await;
        for (sequence, at) in [(1, "2026-06-10"), (2, "2026-07-10")] {
            app.set_clock(&format!("{at}T08:00:00Z"));
            let number = given::instalment(&position, sequence);
            let payment = given::activated(&app, &number).await;
            let (id, paid_at) = (format!("token-{sequence}"), format!("{at}T10:15:00"));
            receipt(&app, &number, (&id, &paid_at), &payment).await;
        }
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!((&shown["state"], shown.get("overpaid_cents")), (&json!("paid"), None));
        // Half the maximum was never due: the instalments had been granted.
        assert_eq!(complete(&office, &position).await.complaint(), "409 nothing-short");
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn what_was_paid_beyond_what_was_due_is_told(app: TestApp) {
        let office = app.office().await;
        let overpaid = async |position: &Position| {
            let shown = office.get(&path(position)).send().await.expect(200);
            shown.get("overpaid_cents").cloned()
        };
        // 189.30 is paid within the five days, which nobody knew then: 137.40 was due.
        app.set_clock("2026-04-20T08:00:00Z");
        let mut fine = given::fine_to_notify();
        fine.details["notification"] = json!({"channel": "mail", "on": "2026-04-10"});
        let position = given::position(&app, fine).await;
        let number = single(&position);
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("paymentAmount"), "189.30");
        receipt(&app, &number, ("token-1", "2026-04-15T10:15:00"), &payment).await;
        assert_eq!(overpaid(&position).await, Some(json!(18_930 - 13_740)));
        // The same notice a second time is owed back whole.
        receipt(&app, &number, ("token-2", "2026-04-20T10:15:00"), &payment).await;
        assert_eq!(overpaid(&position).await, Some(json!(18_930 - 13_740 + 18_930)));
        let lamps = given::position(&app, given::lamps(1)).await;
        assert_eq!(overpaid(&lamps).await, None);
        given::paid(&app, &single(&lamps), "token-3").await;
        assert_eq!(overpaid(&lamps).await, None);
        let listed = office.get("/debt-positions").send().await.expect(200);
        assert_eq!(listed["items"][0].get("overpaid_cents"), None, "told when one is shown");
    }

    async fn a_town_says_how_far_a_technical_due_date_is(app: TestApp) {
        let office = app.office().await;
        let terms = |months: Value| json!({"versions": [{
            "valid_from_date": "2026-01-01", "kind": "fine", "title": "Verbali",
            "taxonomy_code": "9/0102100SA/", "iban": "IT69F9999940440000000000202",
            "accounting_key": "E.3.02.02.01.004",
            "terms": {"discount_bp": 3000, "discount_days": 5, "reduced_days": 60, "technical_due_months": months,
                "articles": [{"code": "142-8", "label": "art. 142 c. 8 CdS", "valid_from": "2021-01-01",
                    "minimum_cents": 17_300, "maximum_cents": 69_400}]},
        }]});
        let path = format!("/creditors/{}/services/VERBALI", app.town());
        let put = async |months: Value| {
            let service = terms(months);
            office.put(&path, &service).header("if-none-match", "*").send().await
        };
        let never = put(json!(0)).await;
        assert!(never.complaint().contains("/technical_due_months"), "{}", never.complaint());
        assert!(put(json!(3)).await.status.is_success());
        let fine = Create { service_code: "VERBALI".to_owned(), ..given::fine_to_notify() };
        let position = given::position(&app, fine).await;
        let payment = given::activated(&app, &single(&position)).await;
        assert_eq!(payment.value("dueDate"), "2026-07-01");
    }

    async fn an_appeal_stops_a_fine_until_it_is_decided(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine()).await;
        let number = single(&position);
        let suspended = want(&office, &position, "suspended").await.expect(200);
        assert_eq!(suspended["state"], "suspended");
        assert_eq!(suspended["payment_options"][0]["state"], "suspended");
        assert_eq!(asked(&app, &number).await, "PAA_PAGAMENTO_ANNULLATO");
        assert_eq!(want(&office, &position, "suspended").await.slug(), "state-forbids");
        // The debt stands while it is disputed.
        assert_eq!(app.balance(Account::Receivable).await, 13_740);
        assert_eq!(want(&office, &position, "open").await.expect(200)["state"], "open");
        assert_eq!(asked(&app, &number).await, "137.40");
    }

    async fn a_receipt_for_a_suspended_fine_is_a_fact(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::fine()).await;
        let number = single(&position);
        let payment = given::activated(&app, &number).await;
        want(&office, &position, "suspended").await.expect(200);
        receipt(&app, &number, ("token-1", "2026-04-01T10:15:00"), &payment).await;
        assert_eq!(app.rows("SELECT anomaly AS row FROM receipt"), ["paid_while_suspended"]);
        assert_eq!(office.get(&path(&position)).send().await.expect(200)["state"], "paid");
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn owner_and_driver_owe_one_debt(app: TestApp) {
        let neighbour = app.neighbour().await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let (office, theirs) = (app.office().await, app.client(&neighbour, &roles).await);
        let fine = json!({
            "service_code": "CDS-VERBALI",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "joint_debtors": [
                {"type": "person", "tax_code": "BNCLNE87L54A241C", "full_name": "Elena Bianchetti",
                 "address": {"street": "Via Roma 1", "postal_code": "67051", "city": "Avezzano", "province": "AQ"}},
                {"type": "body", "tax_code": "91112000665", "full_name": "Fucino Ortaggi Sas"}],
            "details": {"fine": given::fine().details},
        });
        let made = office.post("/debt-positions", &fine).send().await.expect(201);
        assert_eq!(made["joint_debtors"], fine["joint_debtors"]);
        let id = &made["debt_position_id"];
        for code in ["RSSMRA85T10A562S", "BNCLNE87L54A241C", "91112000665"] {
            let search = json!({"debtor_tax_code": code});
            let found = office.post("/debt-position-searches", &search).send().await.expect(200);
            assert_eq!((&found["items"][0]["debt_position_id"], found["items"].as_array().unwrap().len()), (id, 1));
            assert_eq!(found["items"][0]["joint_debtors"], fine["joint_debtors"]);
            let foreign = theirs.post("/debt-position-searches", &search).send().await.expect(200);
            assert_eq!(foreign["items"], json!([]), "another town sees nothing");
        }
        let number = made["payment_options"][0]["notices"][0]["notice_number"].as_str().unwrap();
        let notice = format!("/creditors/{}/notices/{number}", app.town());
        assert_eq!(office.get(&notice).send().await.expect(200)["joint_debtors"], fine["joint_debtors"]);
        given::paid(&app, number, "token-1").await;
        let shown = office.get(&format!("/debt-positions/{}", id.as_str().unwrap())).send().await.expect(200);
        assert_eq!(shown["state"], "paid");
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn the_same_debtor_twice_is_refused(app: TestApp) {
        let office = app.office().await;
        let mario = json!({"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"});
        let fine = json!({
            "service_code": "CDS-VERBALI", "debtor": mario, "joint_debtors": [mario],
            "details": {"fine": given::fine().details},
        });
        let before = app.rows("SELECT COUNT(*) || '' AS row FROM position");
        let refused = office.post("/debt-positions", &fine).send().await;
        assert!(refused.complaint().starts_with("422 rule-violation [/joint_debtors "), "{}", refused.complaint());
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM position"), before);
    }
}
