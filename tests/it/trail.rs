//! The audit trail: every operation of the contract that changes something leaves an entry, the entries say who
//! and what, and nobody alters them unseen.

use std::collections::BTreeSet;

use actix_web::http::Method;
use avviso::app::creditors::{self, Taxonomy};
use avviso::app::jobs::{Job, JobState};
use avviso::app::{clients, settlement, trail};
use avviso::domain::client::Tenant;
use avviso::domain::text::Said;
use avviso::domain::trail::Actor;
use avviso::jobs::{seal_trail, write_lapses};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{TOWN, TestApp};
use crate::given::{self, single};
use crate::rest::{Call, Caller, document};

const VIOLA: &str = "TRDVLI16C61A241T";
const NICCOLO: &str = "LNCNCL18S08A515N";

/// Operations that take a body and change nothing.
const QUESTIONS: [&str; 3] = ["assess_charge", "search_debt_positions", "search_all"];

/// Operations of the contract that may change something.
fn writes() -> BTreeSet<String> {
    let paths = document()["paths"].as_object().unwrap();
    let methods = ["post", "put", "patch", "delete"];
    let operations = paths
        .values()
        .flat_map(|item| methods.iter().filter_map(|method| item.get(*method)));
    let names = operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned());
    names.collect()
}

/// What the trail says, the newest first.
async fn entries(office: &Caller, query: &str) -> Vec<Value> {
    let page = office
        .get(&format!("/audit-entries?limit=200{query}"))
        .send();
    page.await.expect(200)["items"].as_array().unwrap().clone()
}

/// Type, identifier and action of entries.
fn told(entries: &[Value]) -> Vec<String> {
    let one = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        format!(
            "{} {} {}",
            text("action"),
            text("entity_type"),
            text("entity_id")
        )
    };
    entries.iter().map(one).collect()
}

/// An office that works under the eyes of an auditor.
struct Watched {
    app: TestApp,
    office: Caller,
    seen: BTreeSet<String>,
}

impl Watched {
    /// Makes a call that must succeed, and finds its entries by its request.
    async fn did(&mut self, call: Call) -> Value {
        let (operation, request) = (call.operation_id(), self.app.ctx.ids.next());
        let reply = call.header("request-id", &request.to_string()).send().await;
        assert!(
            reply.status.is_success(),
            "{operation}: {}",
            reply.complaint()
        );
        let all = entries(&self.office, "").await;
        let own = json!(request.to_string());
        let own: Vec<Value> = all
            .into_iter()
            .filter(|entry| entry["request_id"] == own)
            .collect();
        assert!(!own.is_empty(), "{operation} left no entry");
        for entry in &own {
            assert_eq!(
                (&entry["actor_type"], &entry["actor_name"]),
                (&json!("client"), &json!("test")),
                "{operation}"
            );
        }
        self.seen.insert(operation);
        reply.json()
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.did(self.office.post(path, body)).await
    }

    /// Patches the version that there is.
    async fn patch(&mut self, path: &str, body: &Value) -> Value {
        let tag = self.tag(path).await;
        self.did(self.office.patch(path, &tag, body)).await
    }

    async fn put(&mut self, path: &str, body: &Value) -> Value {
        self.did(self.office.put(path, body)).await
    }

    async fn tag(&self, path: &str) -> String {
        let shown = self.office.get(path).send().await;
        shown.header("etag").to_owned()
    }

    async fn registry(&mut self) {
        let town = format!("/creditors/{TOWN}");
        let mut body = self.office.get(&town).send().await.expect(200);
        body.as_object_mut()
            .unwrap()
            .retain(|name, _| name != "creditor_tax_code" && name != "revision");
        body["office_name"] = json!("Ufficio Entrate");
        self.put(&town, &body).await;
        let lamps = format!("{town}/services/LAMPADE");
        let held = self.office.get(&lamps).send().await.expect(200);
        let mut versions = held["versions"].clone();
        versions[0]["title"] = json!("Luci votive");
        self.put(&lamps, &json!({ "versions": versions })).await;
        let terms = json!({"tolerance_cents": 5, "second_approver": false});
        self.put(&format!("{town}/reconciliation-terms"), &terms)
            .await;
        let plan = json!({"versions": [{"valid_from_date": "2026-01-01", "keys": [
            {"chapter": "101", "plan_code": "E.3.01.02.01.014", "share_bp": 10_000}]}]});
        self.put(&format!("{lamps}/accounting-plans"), &plan).await;
    }

    async fn positions(&mut self) {
        let lamps = json!({
            "service_code": "LAMPADE", "details": {"generic": given::of_lamps(2)},
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        });
        let made = self.post("/debt-positions", &lamps).await;
        let path = format!(
            "/debt-positions/{}",
            made["debt_position_id"].as_str().unwrap()
        );
        self.patch(&path, &json!({"state": "cancelled"})).await;
        let tari = given::position(&self.app, given::tari()).await;
        let path = format!("/debt-positions/{}", tari.id);
        let rest = self.office.post(
            &format!("{path}/payment-options"),
            &json!({"due_dates": ["2026-09-30"]}),
        );
        let rest = rest.header("if-match", &self.tag(&path).await);
        self.did(rest).await;
        let mut parking = given::fine_to_notify();
        parking.details["violations"][0]["article"] = json!("142-7");
        parking.details["costs_cents"] = json!(1550);
        let fine = given::position(&self.app, parking).await;
        self.app.set_clock("2026-05-07T08:00:00Z");
        let payment = given::activated(&self.app, &single(&fine)).await;
        crate::fines::receipt(
            &self.app,
            &single(&fine),
            ("token-f", "2026-05-07T10:15:00"),
            &payment,
        )
        .await;
        let path = format!("/debt-positions/{}", fine.id);
        let mail = json!({"channel": "mail", "on": "2026-04-29"});
        let mail = self.office.put(&format!("{path}/notification"), &mail);
        let mail = mail.header("if-match", &self.tag(&path).await);
        self.did(mail).await;
        self.post(&format!("{path}/integrations"), &json!({})).await;
    }

    async fn canteen(&mut self) {
        let mut accounts = Vec::new();
        for (order, pupil) in [(1, VIOLA), (2, NICCOLO)] {
            let account = json!({
                "service_code": "MENSA-CREDITO",
                "holder": {"tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
                "family": {"resident": true, "isee": [{"isee_cents": 1_800_000}],
                    "pupils": [{"pupil_tax_code": pupil, "pupil_name": "Alunno", "sibling_order": order}]},
            });
            let opened = self.post("/canteen-accounts", &account).await;
            accounts.push(opened["canteen_account_id"].as_str().unwrap().to_owned());
        }
        let path = format!("/canteen-accounts/{}", accounts[0]);
        let family = json!({"family": {"resident": false,
            "pupils": [{"pupil_tax_code": VIOLA, "pupil_name": "Viola", "sibling_order": 1}]}});
        self.patch(&path, &family).await;
        for (what, body) in [
            ("top-ups", json!({"amount_cents": 1000})),
            (
                "corrections",
                json!({"amount_cents": 5000, "note": "saldo iniziale"}),
            ),
            (
                "meals",
                json!({"pupil_tax_code": VIOLA, "meal_date": "2026-04-13"}),
            ),
            (
                "transfers",
                json!({"to_canteen_account_id": accounts[1], "amount_cents": 900}),
            ),
            ("refunds", json!({"amount_cents": 100})),
        ] {
            self.post(&format!("{path}/{what}"), &body).await;
        }
        let meals = json!({"meals": [{"canteen_account_id": accounts[1], "pupil_tax_code": NICCOLO, "meal_date": "2026-04-13"}]});
        self.post("/canteen-meal-batches", &meals).await;
        let bill = json!({
            "service_code": "MENSA",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"canteen": {"resident": true, "months": [{"year": 2026, "month": 3,
                "pupils": [{"pupil_tax_code": VIOLA, "sibling_order": 1, "meals": 16}]}]}},
        });
        let made = self.post("/debt-positions", &bill).await;
        let number = made["payment_options"][0]["notices"][0]["notice_number"]
            .as_str()
            .unwrap();
        given::paid(&self.app, number, "token-m").await;
        let payments = self.office.get("/payments").send().await.expect(200);
        let of_meals = payments["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["receipt_id"] == "token-m");
        let id = of_meals.unwrap()["payment_id"].as_str().unwrap();
        self.post(
            &format!("/payments/{id}/canteen-refunds"),
            &json!({"amount_cents": 300}),
        )
        .await;
    }

    /// A flow of which nothing can be read.
    async fn unreadable_flow(&self) {
        let (ctx, town) = (self.app.ctx.clone(), self.app.town());
        let refuse = move |tx: &mut avviso::store::Tx<'_>, now| {
            let key = settlement::RevisionKey {
                psp_id: "PSPX",
                flow_id: "2026-04-02PSPX-0009",
                revision: 1,
            };
            let why = Said::new("deve essere una testata", "must be a head");
            settlement::refuse(tx, now, &ctx, &town, (key, &why))
        };
        self.app.ctx.write(refuse).await.unwrap();
    }

    async fn money(&mut self) {
        let journal = "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;tipo_operazione;numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n\
             illeggibile\n\
             2026;000000123456;8;ENTRATA;SOSPESO ENTRATA;ESEGUITO;8;1,00;2026-04-02;2026-04-02;Banca;VARIE\n";
        let import = self.office.post("/treasury-imports", &json!(null));
        self.did(import.bytes("text/csv", journal.as_bytes().to_vec()))
            .await;
        let entry = json!({
            "account": "0000100", "number": "77", "direction": "in", "provisional_number": 12,
            "amount_cents": 4490, "booked_date": "2026-03-04", "remittance": "versamento in contanti",
        });
        let entry = self.post("/treasury-entries", &entry).await;
        let refusals = self
            .office
            .get("/treasury-refusals?open=true")
            .send()
            .await
            .expect(200);
        let id = refusals["items"][0]["treasury_refusal_id"]
            .as_str()
            .unwrap();
        let closing = json!({"note": "Inserito a mano", "treasury_entry_id": entry["treasury_entry"]["treasury_entry_id"]});
        self.post(&format!("/treasury-refusals/{id}/closing"), &closing)
            .await;
        let covering = json!({
            "year": 2026, "account": "0000100", "provisional_number": 12, "order_number": 5,
            "amount_cents": 4490, "order_date": "2026-03-05",
        });
        self.post("/collection-orders/coverings", &covering).await;
        self.unreadable_flow().await;
        let refusals = self.office.get("/settlement-flow-refusals").send().await;
        let refusals = refusals.expect(200);
        let id = refusals["items"][0]["settlement_flow_refusal_id"]
            .as_str()
            .unwrap();
        let closing = json!({"note": "Chiesto al prestatore"});
        self.post(&format!("/settlement-flow-refusals/{id}/closing"), &closing)
            .await;
    }

    async fn officers(&mut self) {
        let unknown = self
            .office
            .get("/reconciliations?code=cash_unidentified")
            .send()
            .await
            .expect(200);
        let line = unknown["items"][0]["reconciliation_id"].as_str().unwrap();
        let work = format!("/work-items/{line}");
        self.patch(
            &work,
            &json!({"assignee": "Anna Verdi", "state": "in_progress"}),
        )
        .await;
        self.post(
            &format!("{work}/comments"),
            &json!({"text": "Chiesto alla banca"}),
        )
        .await;
        let force =
            json!({"force": {"reconciliation_id": line}, "reason": "other", "note": "Spiegato"});
        let decided = self.post("/reconciliation-decisions", &force).await;
        let id = decided["reconciliation_decision_id"].as_str().unwrap();
        let reopen = json!({"state": "reopened", "note": "Riletto"});
        self.patch(&format!("/reconciliation-decisions/{id}"), &reopen)
            .await;
        let closed = self
            .post(
                "/accounting-periods",
                &json!({"month": "2026-02", "note": "Chiusura"}),
            )
            .await;
        let id = closed["accounting_period_id"].as_str().unwrap();
        self.patch(&format!("/accounting-periods/{id}"), &reopen)
            .await;
        self.post(
            "/report-jobs",
            &json!({"report": "receipts", "format": "csv"}),
        )
        .await;
        self.post("/settlement-flow-pulls", &json!(null)).await;
    }
}

/// Seals what there is, as the job does.
async fn sealed(app: &TestApp) -> usize {
    seal_trail::run(&app.ctx, &Tenant::Creditor(app.town()))
        .await
        .unwrap()
}

/// What the audit says of the trail of the town.
async fn verdict(app: &TestApp) -> Option<String> {
    verdict_of(app, Tenant::Creditor(app.town())).await
}

async fn verdict_of(app: &TestApp, tenant: Tenant) -> Option<String> {
    let found = app
        .ctx
        .report(move |conn| trail::tampered(conn, &tenant))
        .await;
    found.unwrap()
}

/// An id as a literal of the database.
fn literal(app: &TestApp, id: &str) -> String {
    match app.database_url().starts_with("postgres") {
        true => format!("'{id}'"),
        false => format!("X'{}'", id.replace('-', "")),
    }
}

both_databases! {
    async fn every_operation_that_changes_something_leaves_an_entry(app: TestApp) {
        let office = given::canteen(&app).await;
        let mut watched = Watched { app: app.clone(), office, seen: BTreeSet::new() };
        watched.registry().await;
        watched.positions().await;
        watched.canteen().await;
        watched.money().await;
        watched.officers().await;
        let questions: BTreeSet<String> = QUESTIONS.map(str::to_owned).into();
        let missed: Vec<String> = writes().into_iter().filter(|name| !watched.seen.contains(name) && !questions.contains(name)).collect();
        assert_eq!(missed, Vec::<String>::new(), "no test of the trail for these operations");
        // Nothing of a person is in it.
        let page = watched.office.get("/audit-entries?limit=200").send().await;
        let text = String::from_utf8(page.body).unwrap();
        for private in ["Mario", "Rossi", "RSSMRA85T10A562S", VIOLA, NICCOLO, "Alunno", "Viola", "Anna Verdi", "AB123CD"] {
            assert!(!text.contains(private), "{private}");
        }
    }

    async fn questions_and_what_changes_nothing_leave_no_entry(app: TestApp) {
        let office = app.office().await;
        let before = entries(&office, "").await;
        let charge = json!({"service_code": "LAMPADE", "details": {"generic": given::of_lamps(2)}});
        office.call(Method::POST, "/assessments").json(&charge).send().await.expect(200);
        let terms = json!({"tolerance_cents": 0, "second_approver": true});
        let path = format!("/creditors/{TOWN}/reconciliation-terms");
        office.put(&path, &terms).send().await.expect(200);
        let changed = entries(&office, "").await;
        assert_eq!(changed.len(), before.len() + 1);
        office.put(&path, &terms).send().await.expect(200);
        let town = std::fs::read_to_string("fixtures/comuni/avezzano.toml").unwrap();
        let operator = app.ctx.by(Actor::Operator);
        creditors::import_file(&operator, &town, &Taxonomy::Unlisted).await.unwrap();
        // What was answered before is answered again, and not done again.
        let call = office.post("/settlement-flow-pulls", &json!(null));
        call.clone().send().await.expect(202);
        call.send().await.expect(202);
        let refused = office.post("/debt-positions", &json!({})).send().await;
        assert!(refused.status.is_client_error());
        assert_eq!(entries(&office, "").await.len(), before.len() + 2);
    }

    async fn a_tariff_an_account_and_a_key_say_who_changed_what(app: TestApp) {
        let office = app.office().await;
        let operator = app.ctx.by(Actor::Operator);
        let town = std::fs::read_to_string("fixtures/comuni/avezzano.toml").unwrap();
        let other = town.replacen("Servizio Tesoreria", "Tesoreria comunale", 1).replacen("due_days = 30", "due_days = 45", 1);
        assert!(town.contains("due_days = 30"), "the file of the town has other terms");
        creditors::import_file(&operator, &other, &Taxonomy::Unlisted).await.unwrap();
        let all = entries(&office, "&actor_type=operator&entity_type=service").await;
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((&all[0]["actor_name"], &all[0]["action"]), (&json!("avviso"), &json!("changed")));
        assert_eq!(all[0]["before"]["2026-01-01"], json!({"terms": {"due_days": 30}}));
        assert_eq!(all[0]["after"]["2026-01-01"], json!({"terms": {"due_days": 45}}));

        let path = format!("/creditors/{TOWN}");
        let mut body = office.get(&path).send().await.expect(200);
        body.as_object_mut().unwrap().retain(|name, _| name != "creditor_tax_code" && name != "revision");
        let iban = body["accounts"][0]["iban"].as_str().unwrap().to_owned();
        let label = body["accounts"][0]["label"].clone();
        body["accounts"][0]["label"] = json!("Conto di tesoreria");
        office.put(&path, &body).send().await.expect(200);
        let all = entries(&office, &format!("&entity_id={iban}&action=changed")).await;
        let day = body["accounts"][0]["valid_from_date"].as_str().unwrap();
        assert_eq!(all[0]["before"][day], json!({ "label": label }));
        assert_eq!(all[0]["after"][day], json!({"label": "Conto di tesoreria"}));
        assert_eq!(all[0]["entity_type"], "account");

        let key = clients::Key::new(Tenant::Creditor(app.town()), Uuid::from_u128(77), &[9; 32]);
        let roles = vec!["portal".to_owned()];
        operator.write(move |tx, now| clients::issue(tx, now, &key, "Sportello", &roles)).await.unwrap();
        let tenant = Tenant::Creditor(app.town());
        operator.write(move |tx, now| clients::revoke(tx, now, &tenant, Uuid::from_u128(77))).await.unwrap();
        let of_key = entries(&office, &format!("&entity_type=client&entity_id={}", Uuid::from_u128(77))).await;
        let actions: Vec<&Value> = of_key.iter().map(|entry| &entry["action"]).collect();
        assert_eq!(actions, ["revoked", "issued"]);
        assert_eq!(of_key[1]["after"], json!({"label": "Sportello", "roles": ["portal"]}));
    }

    async fn a_notice_says_who_withdrew_and_restored_it_and_that_its_days_ended(app: TestApp) {
        let office = app.office().await;
        crate::lapses::strict_fines(&office).await;
        let position = given::position(&app, crate::lapses::strict_fine()).await;
        let path = format!("/debt-positions/{}", position.id);
        for state in ["cancelled", "open"] {
            let tag = office.get(&path).send().await.header("etag").to_owned();
            office.patch(&path, &tag, &json!({"state": state})).send().await.expect(200);
        }
        app.set_clock("2026-06-07T08:00:00Z");
        write_lapses::run(&app.ctx.by(Actor::Job("write_lapses".to_owned())), &app.town()).await.unwrap();
        let number = single(&position);
        let of_notice = entries(&office, &format!("&entity_type=notice&entity_id={number}")).await;
        let lives: Vec<(&Value, &Value, &Value, &Value)> = of_notice
            .iter()
            .map(|entry| (&entry["action"], &entry["actor_name"], &entry["before"]["state"], &entry["after"]["state"]))
            .collect();
        let life = |action, actor, before, after| (action, actor, before, after);
        let [expired, opened, withdrawn] = ["expired", "opened", "withdrawn"].map(|text| json!(text));
        let [job, test, open, cancelled] = ["write_lapses", "test", "open", "cancelled"].map(|text| json!(text));
        assert_eq!(lives, [
            life(&expired, &job, &open, &expired),
            life(&opened, &test, &cancelled, &open),
            life(&withdrawn, &test, &open, &cancelled),
        ]);
        let of_position = entries(&office, &format!("&entity_id={}", position.id)).await;
        assert_eq!(of_position.len(), 3, "{:?}", told(&of_position));
        assert_eq!(of_position[2]["after"]["service_code"], "VERBALI");
    }

    async fn entries_are_found_by_what_who_and_when_page_by_page(app: TestApp) {
        let office = app.office().await;
        for _ in 0..3 {
            given::position(&app, given::lamps(1)).await;
        }
        app.pass_days(1);
        let pulled = office.post("/settlement-flow-pulls", &json!(null)).send().await.expect(202);
        let all = entries(&office, "").await;
        let times: Vec<&str> = all.iter().map(|entry| entry["recorded_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = office.get(&format!("/audit-entries?limit=2{cursor}")).send().await.expect(200);
            paged.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all);
        let id = pulled["job_id"].as_str().unwrap();
        assert_eq!(told(&entries(&office, "&entity_type=job").await), [format!("requested job {id}")]);
        let client = all[0]["client_id"].as_str().unwrap();
        for (query, count) in [
            (format!("&client_id={client}"), 1), (format!("&client_id={}", Uuid::nil()), 0),
            ("&actor_type=client".to_owned(), 1), ("&actor_type=node".to_owned(), 0),
            ("&action=requested".to_owned(), 1), ("&entity_type=debt_position&action=created".to_owned(), 3),
            ("&recorded_from_date=2026-04-02".to_owned(), 1),
            ("&entity_type=debt_position&recorded_to_date=2026-04-01".to_owned(), 3),
            ("&recorded_from_date=2026-04-03".to_owned(), 0),
        ] {
            assert_eq!(entries(&office, &query).await.len(), count, "{query}");
        }
        let path = format!("/audit-entries/{}", all[0]["audit_entry_id"].as_str().unwrap());
        assert_eq!(office.get(&path).send().await.expect(200), all[0]);
        let unknown = office.get(&format!("/audit-entries/{}", Uuid::nil())).send().await;
        assert_eq!(unknown.complaint(), "404 not-found");
        for role in ["portal", "accounting", "admin", "support"] {
            let other = app.client(&app.town(), &[role]).await;
            for path in ["/audit-entries", "/audit-seals"] {
                assert_eq!(other.get(path).send().await.slug(), "not-allowed", "{role} {path}");
            }
        }
        app.client(&app.town(), &["auditor"]).await.get("/audit-seals").send().await.expect(200);
    }

    async fn seals_are_a_chain_over_what_can_be_seen(app: TestApp) {
        let office = app.office().await;
        assert_eq!(office.get("/audit-seals").send().await.expect(200)["items"], json!([]));
        let first = sealed(&app).await;
        assert!(first > 0);
        assert_eq!(sealed(&app).await, 0, "what is sealed is not sealed again");
        for _ in 0..trail::BATCH {
            let client = clients::Key::new(Tenant::Creditor(app.town()), app.ctx.ids.next(), &[9; 32]);
            app.ctx.write(move |tx, now| clients::issue(tx, now, &client, "x", &[])).await.unwrap();
        }
        given::position(&app, given::lamps(1)).await;
        assert_eq!(sealed(&app).await, trail::BATCH + 1);
        let seals = office.get("/audit-seals").send().await.expect(200);
        let seals = seals["items"].as_array().unwrap();
        let counts: Vec<i64> = seals.iter().map(|seal| seal["entries"].as_i64().unwrap()).collect();
        assert_eq!(counts, [1, i64::try_from(trail::BATCH).unwrap(), i64::try_from(first).unwrap()]);
        assert_eq!((&seals[0]["previous_sha256"], &seals[1]["previous_sha256"]), (&seals[1]["sha256"], &seals[2]["sha256"]));
        assert_eq!(seals[2]["previous_sha256"], json!("0".repeat(64)));
        let older = office.get("/audit-seals?limit=1&cursor=3").send().await.expect(200);
        assert_eq!((&older["items"][0], &older["next_cursor"]), (&seals[1], &json!(2)));
        let newest = entries(&office, "&entity_type=debt_position").await;
        assert_eq!(newest[0]["seal_number"], 3);
        assert_eq!(verdict(&app).await, None);
        // Two processes that seal at once make one chain.
        for _ in 0..20 {
            given::position(&app, given::lamps(1)).await;
        }
        let twin = app.twin().await;
        let (one, two) = futures_util::future::join(sealed(&app), sealed(&twin)).await;
        assert_eq!(one + two, 20);
        assert_eq!(verdict(&app).await, None);
    }

    async fn what_is_done_for_all_creditors_is_sealed_too(app: TestApp) {
        app.unaudited();
        for _ in 0..2 {
            let key = clients::Key::new(Tenant::Platform, app.ctx.ids.next(), &[9; 32]);
            app.ctx.write(move |tx, now| clients::issue(tx, now, &key, "x", &[])).await.unwrap();
        }
        let now = app.ctx.now();
        let job = Job {
            creditor: app.town(), id: app.ctx.ids.next(), kind: seal_trail::KIND.code.to_owned(), payload: json!({}),
            state: JobState::Running, run_at: now, attempts: 1, last_error: None, result: None, created_at: now,
            finished_at: None,
        };
        (seal_trail::KIND.run)(app.ctx.clone(), job).await.unwrap();
        let left = "SELECT COUNT(*) || '' AS row FROM audit_entry WHERE creditor = 'platform' AND seal";
        assert_eq!(app.rows(&format!("{left} IS NULL")), ["0"]);
        assert_eq!(app.rows(&format!("{left} = 1")), ["2"]);
        assert_eq!(verdict_of(&app, Tenant::Platform).await, None);
        app.tamper("UPDATE audit_entry SET actor_name = 'y' WHERE creditor = 'platform'");
        let found = verdict_of(&app, Tenant::Platform).await;
        assert!(found.is_some_and(|found| found.contains("under seal 1")));
    }

    async fn whoever_alters_the_trail_is_found(app: TestApp) {
        let office = app.office().await;
        for _ in 0..5 {
            given::position(&app, given::lamps(1)).await;
        }
        sealed(&app).await;
        given::position(&app, given::lamps(1)).await;
        sealed(&app).await;
        app.unaudited();
        let all = entries(&office, "&entity_type=debt_position").await;
        let id = all[2]["audit_entry_id"].as_str().unwrap();
        let this = format!("WHERE id = {}", literal(&app, id));
        let keep = "CREATE TABLE kept_entry AS SELECT * FROM audit_entry; CREATE TABLE kept_seal AS SELECT * FROM audit_seal";
        app.tamper(keep);
        let restore = "DELETE FROM audit_entry; INSERT INTO audit_entry SELECT * FROM kept_entry; \
                       DELETE FROM audit_seal; INSERT INTO audit_seal SELECT * FROM kept_seal";
        let new = literal(&app, "01970000-0000-7000-8000-0000000000ff");
        let columns = "at, actor, client, actor_name, request, action, entity_type, entity_id, before, after";
        let added = |seal: &str| {
            format!("INSERT INTO audit_entry (creditor, id, {columns}, seal) SELECT creditor, {new}, {columns}, {seal} FROM audit_entry {this}")
        };
        let altered = format!("entry {id} was altered, under seal 1");
        let fresh = "01970000-0000-7000-8000-0000000000ff";
        for (hand, found) in [
            (format!("UPDATE audit_entry SET actor_name = 'nessuno' {this}"), altered.clone()),
            (format!("UPDATE audit_entry SET entity_id = 'altro' {this}"), altered.clone()),
            (format!("UPDATE audit_entry SET after = '{{}}' {this}"), altered.clone()),
            (format!("UPDATE audit_entry SET request = {new} {this}"), altered),
            (format!("UPDATE audit_entry SET action = 'nulla' {this}"), format!("audit_entry {id}: action")),
            (format!("DELETE FROM audit_entry {this}"), format!("entry {id} is missing, under seal 1")),
            (format!("UPDATE audit_entry SET seal = 2 {this}"), format!("entry {id} is missing, under seal 1")),
            (format!("UPDATE audit_entry SET seal = NULL {this}"), format!("entry {id} is missing, under seal 1")),
            (added("1"), format!("entry {fresh} was added, under seal 1")),
            (added("9"), format!("entry {fresh} is under a seal that is missing")),
            (added("0"), format!("entry {fresh} is under a seal that is missing")),
            ("DELETE FROM audit_seal WHERE number = 1".to_owned(), "seal 1 is missing".to_owned()),
            ("UPDATE audit_seal SET sha256 = previous WHERE number = 1".to_owned(), "seal 1 was altered".to_owned()),
            ("UPDATE audit_seal SET previous = sha256 WHERE number = 2".to_owned(), "seal 2 was altered".to_owned()),
            ("UPDATE audit_seal SET entry_count = 1 WHERE number = 1".to_owned(), "seal 1 was altered".to_owned()),
            ("DELETE FROM audit_seal WHERE number = 2".to_owned(), format!("entry {} is under a seal that is missing", all[0]["audit_entry_id"].as_str().unwrap())),
        ] {
            assert_eq!(verdict(&app).await, None, "before {hand}");
            app.tamper(&hand);
            assert_eq!(verdict(&app).await, Some(found), "{hand}");
            assert_eq!(app.failed_checks(), ["audit_trail_is_as_it_was_sealed"], "{hand}");
            app.tamper(restore);
        }
        app.tamper("DROP TABLE kept_entry; DROP TABLE kept_seal");
    }

    async fn a_change_that_nobody_owns_up_to_does_not_stand(app: TestApp) {
        let before = app.dump();
        let key = clients::Key::new(Tenant::Creditor(app.town()), Uuid::from_u128(77), &[9; 32]);
        let nobody = app.ctx.by(Actor::Nobody);
        let issued = nobody.write(move |tx, now| clients::issue(tx, now, &key, "x", &[])).await;
        assert!(issued.unwrap_err().to_string().contains("nobody says who does this"));
        let silent = app.ctx.by(Actor::Client { id: Uuid::nil(), label: "muto".to_owned(), request_id: None });
        let done = silent.write::<_, avviso::store::Error>(|tx, _| tx.execute("DELETE FROM job")).await;
        assert!(done.unwrap_err().to_string().contains("a change is not noted"));
        assert_eq!(app.dump(), before);
    }
}
