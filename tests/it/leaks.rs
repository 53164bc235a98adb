//! Two towns on one engine never see each other. Both have something of everything; what is asked is read
//! from the contract, so that an operation that is added is asked as well, or its test fails.

use std::collections::BTreeMap;

use avviso::app::settlement;
use avviso::domain::client::{ROLES, Tenant};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::money::Cents;
use avviso::domain::position::Notice;
use avviso::domain::settlement::{Header, Line, Outcome};
use avviso::domain::text::{Said, Text};
use avviso::jobs::seal_trail;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given;
use crate::rest::{Caller, document};
use crate::soap::Message;

/// A town with something of everything.
struct Lively {
    caller: Caller,
    /// What fills the parameters of paths and queries, by their names.
    own: BTreeMap<String, String>,
    /// What nobody else may see.
    secrets: Vec<String>,
}

/// What tells one town from the other.
struct Traits {
    town: FiscalCode,
    debtor: &'static str,
    debtor_code: &'static str,
    word: &'static str,
    iban: &'static str,
    pupil: &'static str,
}

/// Brings a town to life: a position, a payment, a flow, cash, a job, and the codes of them all.
async fn lively(app: &TestApp, traits: Traits) -> Lively {
    let Traits { town, word, .. } = &traits;
    let every: Vec<&str> = ROLES.iter().map(|(role, _)| *role).collect();
    let caller = app.client(town, &every).await;
    let flow_code = format!("2026-04-02PSP{word}-0001");
    let notice = reported(app, &traits, &flow_code).await;
    cash(&caller, &traits, (&flow_code, &notice)).await;
    covered(&caller).await;
    closed(&caller, word).await;
    twice(app, &traits).await;
    office(&caller, word).await;
    let account = family(app, &caller, &traits).await;
    budget(&caller, &traits).await;
    taxes(app, &traits).await;
    wanted(&caller).await;
    app.ctx.file_events().await.unwrap();
    let tenant = Tenant::Creditor(town.clone());
    seal_trail::run(&app.ctx, &tenant).await.unwrap();

    let mut own: BTreeMap<String, String> = [
        ("creditor_tax_code", town.to_string()),
        ("service_code", "LAMPADE".to_owned()),
        ("notice_number", notice.number.as_str().to_owned()),
        ("flow_code", flow_code),
        ("iuv", notice.iuv().as_str().to_owned()),
        ("canteen_account_id", account),
        ("receipt_id", format!("receipt{word}")),
        ("holder_tax_code", traits.debtor_code.to_owned()),
    ]
    .map(|(name, code)| (name.to_owned(), code))
    .into();
    for (path, id) in [
        ("/debt-positions", "debt_position_id"),
        ("/payments", "payment_id"),
        ("/settlement-flows", "settlement_flow_id"),
        ("/treasury-entries", "treasury_entry_id"),
        ("/reconciliations", "reconciliation_id"),
        ("/reconciliation-decisions", "reconciliation_decision_id"),
        ("/accounting-periods", "accounting_period_id"),
        ("/jobs", "job_id"),
        ("/report-jobs", "report_job_id"),
        ("/node-events", "node_event_id"),
        ("/audit-entries", "audit_entry_id"),
        ("/audit-entries?actor_type=client", "client_id"),
    ] {
        let page = caller.get(path).send().await.expect(200);
        let first = page["items"][0][id].as_str();
        own.insert(
            id.to_owned(),
            first.unwrap_or_else(|| panic!("{path}: {page}")).to_owned(),
        );
    }
    own.insert("entity_id".to_owned(), own["debt_position_id"].clone());
    let mut secrets: Vec<String> = ["receipt", "credit", "tax", "fine", "cap"]
        .map(|what| format!("{what}{word}"))
        .into();
    secrets.extend([traits.pupil, traits.debtor, traits.debtor_code, word].map(str::to_owned));
    // Services of the same code are in both towns.
    secrets.extend(
        own.iter()
            .filter(|(name, _)| *name != "service_code")
            .map(|(_, id)| id.clone()),
    );
    Lively {
        caller,
        own,
        secrets,
    }
}

/// The office has recorded an order.
async fn covered(caller: &Caller) {
    let covering = json!({
        "year": 2026, "account": "000000123456", "provisional_number": 7, "order_number": 1,
        "amount_cents": 1, "order_date": "2026-04-03",
    });
    let covering = caller
        .post("/collection-orders/coverings", &covering)
        .send();
    covering.await.expect(201);
}

/// Jobs are asked for.
async fn wanted(caller: &Caller) {
    let report = json!({"report": "receipts", "format": "csv"});
    let report = caller.post("/report-jobs", &report).send();
    report.await.expect(202);
    let pulled = caller.post("/settlement-flow-pulls", &json!(null)).send();
    pulled.await.expect(202);
}

/// A position whose notice was paid and reported in a flow.
async fn reported(app: &TestApp, traits: &Traits, flow_code: &str) -> Notice {
    let mut command = given::lamps(3);
    command.reference = Some(Text::parse(&format!("REF-{}", traits.word)).unwrap());
    command.debtor.full_name = Text::parse(traits.debtor).unwrap();
    command.debtor.tax_code = FiscalCode::parse(traits.debtor_code).unwrap();
    let position = given::position_of(app, &traits.town, command).await;
    let notice = position.notices[0].clone();
    let receipt_id = format!("receipt{}", traits.word);
    pay(app, traits, (notice.number.as_str(), &receipt_id)).await;
    let line = (notice.iuv().as_str().to_owned(), receipt_id, asked(&notice));
    let cent = Cents::new(1).unwrap();
    for (revision, amount) in [(1, line.2.minus(cent).unwrap()), (2, line.2)] {
        let flow = (flow_code, revision);
        report(app, &traits.town, flow, (&line.0, &line.1, amount)).await;
    }
    notice
}

fn asked(notice: &Notice) -> Cents {
    Cents::sum(notice.nominal().map(|(_, amount)| amount)).unwrap()
}

/// The money of the flow, in a file that has a line nobody can read.
async fn cash(caller: &Caller, traits: &Traits, (flow_code, notice): (&str, &Notice)) {
    let (word, amount) = (traits.word, asked(notice).italian());
    let journal = format!(
        "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;tipo_operazione;numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n\
         {word}\n\
         2026;000000123456;7;ENTRATA;SOSPESO ENTRATA;ESEGUITO;7;{amount};2026-04-02;2026-04-02;Banca {word};/PUR/LGPE-RIVERSAMENTO/URI/{flow_code}\n\
         2026;000000123456;8;ENTRATA;SOSPESO ENTRATA;ESEGUITO;8;1,00;2026-04-02;2026-04-02;Banca {word};VARIE {word}\n",
    );
    let import = caller.post("/treasury-imports", &json!(null));
    let import = import.bytes("text/csv", journal.into_bytes()).send();
    import.await.expect(201);
}

/// Cash that nobody can explain, closed by an officer.
async fn closed(caller: &Caller, word: &str) {
    let unknown = caller.get("/reconciliations?code=cash_unidentified").send();
    let unknown = unknown.await.expect(200);
    let line = &unknown["items"][0]["reconciliation_id"];
    let note = format!("Spiegato a {word}");
    let body = json!({"force": {"reconciliation_id": line}, "reason": "other", "note": note});
    let decided = caller.post("/reconciliation-decisions", &body).send();
    decided.await.expect(201);
}

/// A notice that two people have paid.
async fn twice(app: &TestApp, traits: &Traits) {
    let mut command = given::lamps(1);
    command.debtor.full_name = Text::parse(traits.debtor).unwrap();
    command.debtor.tax_code = FiscalCode::parse(traits.debtor_code).unwrap();
    let position = given::position_of(app, &traits.town, command).await;
    let number = position.notices[0].number.as_str();
    let of_town = |message: Message| {
        message
            .with("id_pa", traits.town.as_str())
            .with("fiscal_code", traits.town.as_str())
    };
    let payment = of_town(Message::get_payment_v2(number)).send(app).await;
    for receipt in ["first", "second"] {
        let id = format!("{receipt}{}", traits.word);
        let receipt = of_town(Message::send_rt("paSendRTV2", number, &id, &payment))
            .with("debtor_name", traits.debtor)
            .with("debtor_code", traits.debtor_code);
        assert_eq!(receipt.send(app).await.outcome(), "OK");
    }
}

/// What an office does about its lines, and a month that it closes.
async fn office(caller: &Caller, word: &str) {
    let lines = caller.get("/reconciliations").send().await.expect(200);
    let id = lines["items"][0]["reconciliation_id"].as_str().unwrap();
    let said = json!({"text": format!("Chiesto a {word}")});
    let path = format!("/work-items/{id}/comments");
    caller.post(&path, &said).send().await.expect(201);
    let month = json!({"month": "2026-02", "note": format!("Chiuso da {word}")});
    let closed = caller.post("/accounting-periods", &month).send();
    closed.await.expect(201);
}

/// A family that has paid for the canteen in advance: its account.
async fn family(app: &TestApp, caller: &Caller, traits: &Traits) -> String {
    given::canteen_of(caller, (traits.town.as_str(), traits.iban)).await;
    let holder = (traits.debtor_code, traits.debtor);
    let account = given::canteen_account_of(caller, holder, &[traits.pupil]).await;
    let top_up = format!("/canteen-accounts/{account}/top-ups");
    let top_up = caller.post(&top_up, &json!({"amount_cents": 1000})).send();
    let top_up = top_up.await.expect(201);
    let number = top_up["payment_options"][0]["notices"][0]["notice_number"].as_str();
    let receipt_id = format!("credit{}", traits.word);
    pay(app, traits, (number.unwrap(), &receipt_id)).await;
    let fee = json!({
        "service_code": "NIDO",
        "debtor": {"type": "person", "tax_code": traits.debtor_code, "full_name": traits.debtor},
        "details": {"generic": {
            "isee_cents": 1_000_000,
            "attendance": {"pupil_tax_code": traits.pupil, "pupil_name": traits.debtor, "year": 2026, "month": 3},
        }},
    });
    let fee = caller
        .post("/debt-positions", &fee)
        .send()
        .await
        .expect(201);
    let number = fee["payment_options"][0]["notices"][0]["notice_number"].as_str();
    let receipt_id = format!("nursery{}", traits.word);
    pay(app, traits, (number.unwrap(), &receipt_id)).await;
    account
}

/// Where the money of the lamps belongs.
async fn budget(caller: &Caller, traits: &Traits) {
    let plan = json!({"versions": [{"valid_from_date": "2026-01-01", "keys": [
        {"chapter": format!("cap{}", traits.word), "plan_code": "E.3.01.02.01.014", "share_bp": 10_000},
    ]}]});
    let path = format!(
        "/creditors/{}/services/LAMPADE/accounting-plans",
        traits.town
    );
    caller.put(&path, &plan).send().await.expect(201);
}

/// A waste tax and a fine that were paid.
async fn taxes(app: &TestApp, traits: &Traits) {
    for (what, mut command) in [("tax", given::tari()), ("fine", given::fine())] {
        command.debtor.full_name = Text::parse(traits.debtor).unwrap();
        command.debtor.tax_code = FiscalCode::parse(traits.debtor_code).unwrap();
        // Each town has plans of its own.
        command.details.as_object_mut().unwrap().remove("plan");
        let position = given::position_of(app, &traits.town, command).await;
        let number = given::single(&position);
        let receipt_id = format!("{what}{}", traits.word);
        pay(app, traits, (&number, &receipt_id)).await;
    }
}

async fn pay(app: &TestApp, traits: &Traits, (number, receipt_id): (&str, &str)) {
    let of_town = |message: Message| {
        message
            .with("id_pa", traits.town.as_str())
            .with("fiscal_code", traits.town.as_str())
    };
    let payment = of_town(Message::get_payment_v2(number)).send(app).await;
    let receipt = of_town(Message::send_rt("paSendRTV2", number, receipt_id, &payment))
        .with("debtor_name", traits.debtor)
        .with("debtor_code", traits.debtor_code);
    assert_eq!(receipt.send(app).await.outcome(), "OK");
}

/// Files a revision of a flow with one row.
async fn report(
    app: &TestApp,
    town: &FiscalCode,
    (flow_id, revision): (&str, i64),
    (iuv, receipt_id, amount): (&str, &str, Cents),
) {
    let at = app.ctx.now();
    let header = Header {
        psp_id: "AGID_01".to_owned(),
        flow_id: flow_id.to_owned(),
        revision,
        flow_at: at,
        regulation: "SCT1".to_owned(),
        regulation_on: "2026-04-02".parse().unwrap(),
        receiver: town.to_string(),
        declared_count: 1,
        declared_sum: amount,
        published_at: at,
    };
    let line = Line {
        number: 1,
        iuv: iuv.to_owned(),
        iur: receipt_id.to_owned(),
        transfer: 1,
        amount,
        outcome: Outcome::Executed,
        paid_on: "2026-04-01".parse().unwrap(),
    };
    // A row of it says nothing that can be read but the receipt's name.
    let unread = settlement::Unread {
        number: 2,
        text: receipt_id.to_owned(),
        reason: Said::new("deve essere un importo", "must be an amount"),
    };
    let (ctx, town) = (app.ctx.clone(), town.clone());
    let ingest = move |tx: &mut avviso::store::Tx<'_>, now| {
        let arrived = settlement::Arrived {
            header: &header,
            lines: std::slice::from_ref(&line),
            unread: std::slice::from_ref(&unread),
        };
        settlement::ingest(tx, now, &ctx, &town, &[arrived])
    };
    app.ctx.write(ingest).await.unwrap();
}

/// The two towns.
async fn towns(app: &TestApp) -> [Lively; 2] {
    let neighbour = app.neighbour().await;
    let first = Traits {
        town: app.town(),
        debtor: "Mario Rossi",
        debtor_code: "RSSMRA85T10A562S",
        word: "ALPHA",
        iban: "IT69F9999940440000000000202",
        pupil: "TRDVLI16C61A241T",
    };
    let second = Traits {
        town: neighbour,
        debtor: "Bartolomeo Marsicano",
        debtor_code: "MRSBTL54E03A515D",
        word: "BRAVO",
        iban: "IT39F9999924700000000000102",
        pupil: "LNCNCL18S08A515N",
    };
    [lively(app, first).await, lively(app, second).await]
}

/// A GET operation of the contract.
struct Read {
    path: String,
    id: String,
    /// Its query parameters.
    query: Vec<&'static Value>,
    /// Whether its answer has `items`.
    list: bool,
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document()
            .pointer(reference.trim_start_matches('#'))
            .unwrap(),
        None => value,
    }
}

/// Every GET operation that somebody with a key may call.
fn reads() -> Vec<Read> {
    let paths = document()["paths"].as_object().unwrap();
    let read = |(path, item): (&String, &'static Value)| {
        let operation = item.get("get")?;
        let parameters = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(resolved);
        let of_query = parameters.filter(|parameter| parameter["in"] == "query");
        let answer = resolved(&operation["responses"]["200"]);
        let shape = resolved(&answer["content"]["application/json"]["schema"]);
        Some(Read {
            path: path.clone(),
            id: operation["operationId"].as_str()?.to_owned(),
            query: of_query.collect(),
            list: shape["properties"].get("items").is_some(),
        })
    };
    paths
        .iter()
        .filter_map(read)
        .filter(|read| read.id != "show_status")
        .collect()
}

/// The paths of an operation with the parameters of a town in it: one, or one for each report.
fn addresses(read: &Read, town: &Lively) -> Vec<String> {
    let mut path = read.path.clone();
    for (name, value) in &town.own {
        path = path.replace(&format!("{{{name}}}"), value);
    }
    if !path.contains("{report}") {
        assert!(
            !path.contains('{'),
            "{path}: a town of this test has nothing of that"
        );
        return vec![path];
    }
    let reports = avviso::app::reports::Name::ALL.iter();
    let year = "from_date=2026-01-01&to_date=2026-12-31";
    reports
        .map(|report| format!("{}?{year}", path.replace("{report}", report.as_str())))
        .collect()
}

/// The same address with one more parameter.
fn asking(address: &str, name: &str, value: &str) -> String {
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}{name}={value}")
}

fn hides(address: &str, body: &[u8], other: &Lively) {
    let text = String::from_utf8_lossy(body);
    for secret in &other.secrets {
        assert!(
            !text.contains(secret.as_str()),
            "{address} shows {secret}: {text}"
        );
    }
}

async fn shows_only_its_own(read: &Read, reader: &Lively, other: &Lively) {
    for address in addresses(read, reader) {
        let own = reader.caller.get(&address).send().await;
        let page = own.expect(200);
        let items = page["items"].as_array().unwrap();
        // Nothing waits in either town: its receipt, flow and cash agree.
        assert!(
            !items.is_empty() || address.contains("not-reconciled"),
            "{address}: nothing to see"
        );
        hides(&address, &own.body, other);
        for parameter in &read.query {
            let name = parameter["name"].as_str().unwrap();
            if name == "cursor" {
                let mut taken = 0;
                for cursor in CURSORS {
                    let asked = asking(&address, name, cursor);
                    let page = reader.caller.get(&asked).send().await;
                    taken += usize::from(page.status.is_success());
                    hides(&asked, &page.body, other);
                }
                assert!(taken > 0, "{address}: no cursor of this test is one of it");
            } else if let Some(foreign) = other.own.get(name).filter(|_| name != "service_code") {
                let asked = asking(&address, name, foreign);
                let found = reader.caller.get(&asked).send().await;
                hides(&asked, &found.body, other);
                // A report passes over a flow that it is not about, and has none that is foreign.
                if !read.path.contains("{report}") {
                    assert_eq!(found.expect(200)["items"], json!([]), "{asked}");
                }
            }
        }
    }
}

/// Places before and after everything: each list takes those that have the form of its own.
const CURSORS: [&str; 8] = [
    "0",
    "1",
    "00000000000",
    "99999999999",
    "A",
    "ZZZ",
    "00000000-0000-7000-8000-000000000000",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
];

both_databases! {
    async fn no_list_shows_what_belongs_to_another_town(app: TestApp) {
        let [alpha, bravo] = towns(&app).await;
        let lists: Vec<Read> = reads().into_iter().filter(|read| read.list).collect();
        assert!(lists.len() >= 10, "only {} lists", lists.len());
        for list in &lists {
            shows_only_its_own(list, &alpha, &bravo).await;
            shows_only_its_own(list, &bravo, &alpha).await;
        }
        let search = json!({"notice_number": alpha.own["notice_number"]});
        let found = bravo.caller.call(actix_web::http::Method::POST, "/debt-position-searches").json(&search).send().await;
        assert_eq!(found.expect(200)["items"], json!([]));
    }

    async fn what_another_town_owns_is_not_found(app: TestApp) {
        let [alpha, bravo] = towns(&app).await;
        let owned = |read: &Read| read.path.contains('{') && !read.path.contains("{report}");
        let resources: Vec<Read> = reads().into_iter().filter(owned).collect();
        assert!(resources.len() >= 14, "only {} resources", resources.len());
        for read in &resources {
            for (owner, other) in [(&alpha, &bravo), (&bravo, &alpha)] {
                for address in addresses(read, owner) {
                    let own = owner.caller.get(&address).send().await;
                    assert!(own.status.as_u16() != 404, "{address}: {}", own.complaint());
                    let foreign = other.caller.get(&address).send().await;
                    assert_eq!(foreign.complaint(), "404 not-found", "{address}");
                }
            }
        }
    }

    async fn what_another_town_owns_is_not_changed(app: TestApp) {
        let [alpha, bravo] = towns(&app).await;
        let before = app.dump();
        let cancel: Value = json!({"state": "cancelled"});
        let path = format!("/debt-positions/{}", alpha.own["debt_position_id"]);
        let patched = bravo.caller.patch(&path, "\"1\"", &cancel).send().await;
        assert_eq!(patched.complaint(), "404 not-found");
        let mail = json!({"channel": "mail", "on": "2026-04-29"});
        let notified = bravo.caller.put(&format!("{path}/notification"), &mail).header("if-match", "\"1\"");
        assert_eq!(notified.send().await.complaint(), "404 not-found");
        let rest = bravo.caller.post(&format!("{path}/integrations"), &json!({})).send().await;
        assert_eq!(rest.complaint(), "404 not-found");
        let account = &alpha.own["canteen_account_id"];
        for (what, body) in [
            ("top-ups", json!({"amount_cents": 1000})),
            ("meals", json!({"pupil_tax_code": "TRDVLI16C61A241T", "meal_date": "2026-04-07"})),
            ("transfers", json!({"to_canteen_account_id": account})),
            ("refunds", json!({})),
            ("corrections", json!({"amount_cents": 100, "note": "altrui"})),
        ] {
            let posted = bravo.caller.post(&format!("/canteen-accounts/{account}/{what}"), &body).send().await;
            assert_eq!(posted.complaint(), "404 not-found", "{what}");
        }
        let path = format!("/reconciliation-decisions/{}", alpha.own["reconciliation_decision_id"]);
        let reopen = json!({"state": "reopened", "note": "altrui"});
        assert_eq!(bravo.caller.patch(&path, "\"1\"", &reopen).send().await.complaint(), "404 not-found");
        let theirs = json!({"treasury_entry_ids": [alpha.own["treasury_entry_id"]], "settlement_flow_ids": [alpha.own["settlement_flow_id"]]});
        let take = json!({"match": theirs, "reason": "other", "note": "altrui"});
        let taken = bravo.caller.post("/reconciliation-decisions", &take).send().await.complaint();
        assert!(taken.contains("no treasury entry has this id") && taken.contains("no settlement flow has this id"));
        let force = json!({"force": {"reconciliation_id": alpha.own["reconciliation_id"]}, "reason": "other", "note": "altrui"});
        let forced = bravo.caller.post("/reconciliation-decisions", &force).send().await.complaint();
        assert!(forced.contains("no reconciliation has this id"));
        let path = format!("/work-items/{}", alpha.own["reconciliation_id"]);
        let mine = json!({"assignee": "altrui"});
        assert_eq!(bravo.caller.patch(&path, "\"1\"", &mine).send().await.complaint(), "404 not-found");
        let said = bravo.caller.post(&format!("{path}/comments"), &json!({"text": "altrui"})).send().await;
        assert_eq!(said.complaint(), "404 not-found");
        let path = format!("/accounting-periods/{}", alpha.own["accounting_period_id"]);
        let open = json!({"state": "reopened", "note": "altrui"});
        assert_eq!(bravo.caller.patch(&path, "\"1\"", &open).send().await.complaint(), "404 not-found");
        let terms = json!({"tolerance_cents": 1, "second_approver": false});
        let path = format!("/creditors/{}/reconciliation-terms", alpha.own["creditor_tax_code"]);
        assert_eq!(bravo.caller.put(&path, &terms).send().await.complaint(), "404 not-found");
        let put = bravo.caller.put("/creditors/99999000203", &json!({})).send().await;
        assert!(put.status.is_client_error());
        assert_eq!(app.dump(), before);
    }
}
