//! Files and movements as banks really send them: odd names, odd sets of characters, odd descriptions.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::reconciliation::{LAMP, code, decide, flow, line, names, paid};
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

/// What became of the lines of a file: new, known, conflicting, refused.
async fn imported(
    office: &Caller,
    (media_type, query): (&str, &str),
    file: impl Into<Vec<u8>>,
) -> Value {
    let call = office.post(&format!("/treasury-imports{query}"), &Value::Null);
    call.bytes(media_type, file.into()).send().await.expect(201)
}

fn counts(answer: &Value) -> [i64; 4] {
    [
        "new_lines",
        "known_lines",
        "conflicting_lines",
        "refused_lines",
    ]
    .map(|name| answer[name].as_i64().unwrap())
}

async fn refusals(office: &Caller) -> Vec<String> {
    let page = office
        .get("/treasury-refusals?limit=200")
        .send()
        .await
        .expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["detail"].as_str().unwrap().to_owned())
        .collect()
}

/// A treasurer's journal of one credit.
fn journal(number: u32, text: &str, declared: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"{declared}\"?><flusso_giornale_di_cassa>\
         <esercizio>2026</esercizio><informazioni_conto_evidenza><conto_evidenza>1</conto_evidenza>\
         <movimento_conto_evidenza><numero_movimento>{number}</numero_movimento>\
         <tipo_movimento>ENTRATA</tipo_movimento><tipo_documento>SOSPESO ENTRATA</tipo_documento>\
         <tipo_operazione>ESEGUITO</tipo_operazione><numero_documento>{number}</numero_documento>\
         <importo>10.00</importo><data_movimento>2026-03-04</data_movimento><causale>{text}</causale>\
         </movimento_conto_evidenza></informazioni_conto_evidenza></flusso_giornale_di_cassa>"
    )
}

/// A bank statement of one entry: reference, amount in cents, indicator, and the text if there is one.
fn statement(reference: &str, cents: i64, indicator: &str, text: &str) -> String {
    let reversal = if indicator == "DBIT" {
        "<RvslInd>true</RvslInd>"
    } else {
        ""
    };
    let details = if text.is_empty() {
        String::new()
    } else {
        format!("<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls>")
    };
    format!(
        "<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>IT60X0542811101000000123456</IBAN></Id></Acct>\
         <Ntry><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>{reversal}<Sts>BOOK</Sts>\
         <BookgDt><Dt>2026-04-03</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>{details}</Ntry>\
         </Stmt></BkToCstmrStmt></Document>",
        cents / 100,
        cents % 100,
    )
}

const XML: (&str, &str) = ("application/xml", "");
const LIST: (&str, &str) = (
    "text/csv",
    "?columns=booked,text,amount,reference&account=1",
);
const HEAD: &str = "Data;Testo;Importo;Rif\n";

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

    async fn every_set_of_characters_that_banks_use_is_read(app: TestApp) {
        let office = app.office().await;
        let wide = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        };
        let marked = journal(2, "caffè", "ISO-8859-1");
        for (number, file) in [
            (1, wide(&journal(1, "caffè", "UTF-16"))),
            (2, format!("\u{feff}{marked}").into_bytes()),
        ] {
            assert_eq!(counts(&imported(&office, XML, file).await), [1, 0, 0, 0], "{number}");
        }
        let list = wide(&format!("{HEAD}04/03/2026;caffè;10,00;A\n"));
        assert_eq!(counts(&imported(&office, LIST, list).await), [1, 0, 0, 0]);
        let entries = office.get("/treasury-entries").send().await.expect(200);
        let mut texts = entries["items"].as_array().unwrap().iter().map(|item| &item["remittance"]);
        assert!(texts.all(|text| text == "caffè"), "{entries}");
        let call = office.call(Method::POST, "/treasury-imports").header("idempotency-key", "key-latin-1");
        let latin = journal(3, "caff", "UTF-8").replace("caff", "caff\u{1}").into_bytes();
        let latin: Vec<u8> = latin.into_iter().map(|byte| if byte == 1 { 0xE8 } else { byte }).collect();
        let refused = call.bytes("application/xml", latin).send().await;
        assert_eq!(refused.slug(), "malformed-body");
        let detail = refused.json()["errors"][0]["detail"].to_string();
        assert!(detail.contains("Windows-1252") && detail.contains("Content-Type"), "{detail}");
    }

    async fn nothing_of_a_list_is_passed_over_in_silence(app: TestApp) {
        let office = app.office().await;
        let long = format!("{HEAD}04/03/2026;{};1,00;A\n05/03/2026;x;2,00;B\n", "x".repeat(70_000));
        let answer = imported(&office, LIST, long).await;
        assert_eq!(counts(&answer), [1, 0, 0, 1], "the line after a long one is read");
        let headless = imported(&office, LIST, "04/03/2026;x;3,00;C\n05/03/2026;x;4,00;D\n").await;
        assert_eq!(counts(&headless), [1, 0, 0, 1], "{headless}");
        let told = refusals(&office).await;
        assert_eq!(told.len(), 2);
        assert_eq!(told[1], "line 1, whole line: reads as a movement, and is counted among the header lines");
        let twice = format!("{HEAD}04/03/2026;commissione;-1,00;E\n04/03/2026;bonifico;9,00;E\n");
        let answer = imported(&office, LIST, twice).await;
        assert_eq!(counts(&answer), [1, 0, 1, 0]);
        assert_eq!(answer["new_amount_cents"], -100);
        let conflicting = &answer["lines"][1];
        assert_eq!(conflicting["detail"], "contradicts the entry of this name");
        assert!(conflicting["text"].as_str().unwrap().contains("bonifico"), "{conflicting}");
    }

    async fn the_same_file_read_by_another_description_keeps_what_it_refuses_then(app: TestApp) {
        let office = app.office().await;
        let file = format!("{HEAD}04/03/2026;10,00;1.000,00;A\n05/03/2026;n.d.;1.010,00;B\n");
        let first = imported(&office, LIST, file.clone()).await;
        assert_eq!(counts(&first), [2, 0, 0, 0]);
        let other = ("text/csv", "?columns=booked,amount,skip,reference&account=1");
        for _ in 0..2 {
            let again = imported(&office, other, file.clone()).await;
            assert_eq!(counts(&again), [0, 0, 1, 1]);
            assert_eq!(again["treasury_import_id"], first["treasury_import_id"]);
            assert_eq!(refusals(&office).await.len(), 2);
        }
    }

    async fn a_reversal_without_a_text_takes_back_what_the_bank_calls_by_the_same_reference(app: TestApp) {
        let office = app.office().await;
        let (id, other) = ("2026-04-02AGID_01-0001", "2026-04-02AGID_01-0002");
        for (flow_id, receipt) in [(id, "r1"), (other, "r2")] {
            let iuv = paid(&app, 1, receipt).await;
            flow(&app, flow_id, &[(&iuv, receipt, LAMP)]).await;
        }
        imported(&office, XML, statement("B-1", LAMP, "CRDT", &names(id))).await;
        assert_eq!(code(&office, "r1/1").await, "matched_settled");
        imported(&office, XML, statement("B-1", LAMP, "DBIT", "")).await;
        assert_ne!(code(&office, "r1/1").await, "matched_settled");
        // In the other order too.
        imported(&office, XML, statement("B-2", LAMP, "DBIT", "")).await;
        imported(&office, XML, statement("B-2", LAMP, "CRDT", &names(other))).await;
        assert_eq!(code(&office, "r2/1").await, code(&office, "r1/1").await);
    }

    async fn blanks_around_a_name_make_no_other_movement(app: TestApp) {
        let office = app.office().await;
        entered(&office, json!({})).await;
        let again = entered(&office, json!({"account": " 1 ", "number": "77 "})).await;
        assert_eq!(again["outcome"], "known");
        let blank = json!({
            "account": " ", "number": "77", "direction": "in", "amount_cents": 100, "booked_date": "2026-03-04",
        });
        let refused = office.post("/treasury-entries", &blank).send().await;
        assert_eq!(refused.complaint(), "422 rule-violation [/account must not be blank]");
        let out = entered(&office, json!({"number": "78", "direction": "out"})).await;
        assert_eq!(out["treasury_entry"]["effect_cents"], -100);
    }

    async fn xml_may_be_called_text(app: TestApp) {
        let office = app.office().await;
        let answer = imported(&office, ("text/xml", ""), journal(1, "versamento", "UTF-8")).await;
        assert_eq!(counts(&answer), [1, 0, 0, 0]);
        let answer = imported(&office, ("text/xml; charset=utf-8", ""), journal(1, "versamento", "UTF-8")).await;
        assert_eq!(counts(&answer), [0, 1, 0, 0]);
    }

    async fn a_large_file_is_stored_in_pieces_and_told_in_short(app: TestApp) {
        let office = app.office().await;
        let entry = |n: usize| format!("04/03/2026;x {n};{}1,00;N{n}\n", if n.is_multiple_of(5000) { "?" } else { "" });
        let file = |lines: usize| {
            let lines: String = (1..=lines).map(entry).collect();
            format!("{HEAD}{lines}")
        };
        let first = imported(&office, LIST, file(2500)).await;
        assert_eq!((counts(&first), first["lines"].as_array().unwrap().len()), ([2500, 0, 0, 0], 2500));
        assert_eq!(first["new_amount_cents"], 250_000);
        let more = imported(&office, LIST, file(10_500)).await;
        assert_eq!(counts(&more), [7998, 2500, 0, 2]);
        // Those that were not stored.
        let told = more["lines"].as_array().unwrap();
        assert_eq!((told.len(), &told[0]["line"], &told[1]["line"]), (2, &json!(5001), &json!(10_001)));
        assert_eq!(refusals(&office).await.len(), 2);
        let again = imported(&office, LIST, file(10_500)).await;
        assert_eq!(counts(&again), [0, 10_498, 0, 2]);
        assert_eq!(again["treasury_import_id"], more["treasury_import_id"]);
        assert_eq!(refusals(&office).await.len(), 2);
    }

    async fn a_file_beyond_the_limit_is_told_the_limit(app: TestApp) {
        let office = app.office().await;
        let file = vec![b'x'; (256 << 20) + 1];
        let refused = office.post("/treasury-imports", &Value::Null).bytes("text/csv", file).send().await;
        assert_eq!(refused.slug(), "content-too-large");
        assert!(refused.json()["detail"].as_str().unwrap().contains("256 MiB"), "{}", refused.json());
    }

    async fn a_refusal_is_counted_until_somebody_has_dealt_with_it(app: TestApp) {
        let office = app.office().await;
        let file = format!("{HEAD}04/03/2026;x;n.d.;A\n05/03/2026;x;2,00;B\n");
        imported(&office, LIST, file).await;
        let waiting = async || {
            let aging = office.get("/aging").send().await.expect(200);
            aging["treasury_refusals"]["count"].as_i64().unwrap()
        };
        assert_eq!(waiting().await, 1);
        let page = office.get("/treasury-refusals?open=true").send().await.expect(200);
        let id = page["items"][0]["treasury_refusal_id"].as_str().unwrap().to_owned();
        let entry = entered(&office, json!({"number": "A"})).await;
        let entry = entry["treasury_entry"]["treasury_entry_id"].clone();
        let path = format!("/treasury-refusals/{id}/closing");
        let unknown = json!({"note": "Chiesto alla banca", "treasury_entry_id": id});
        let refused = office.post(&path, &unknown).send().await;
        assert_eq!(refused.complaint(), "422 rule-violation [/treasury_entry_id no treasury entry has this id]");
        let blank = office.post(&path, &json!({"note": "  "})).send().await;
        assert_eq!(blank.json()["errors"][0]["pointer"], "/note");
        let auditor = app.client(&app.town(), &["auditor"]).await;
        let body = json!({"note": "Chiesto alla banca", "treasury_entry_id": entry});
        assert_eq!(auditor.post(&path, &body).send().await.slug(), "not-allowed");
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        assert_eq!(theirs.post(&path, &body).send().await.slug(), "not-found");
        assert_eq!(waiting().await, 1);

        let call = office.post(&path, &body);
        let closed = call.clone().send().await.expect(201);
        assert_eq!((&closed["closed"]["note"], &closed["closed"]["treasury_entry_id"]), (&json!("Chiesto alla banca"), &entry));
        assert_eq!(call.send().await.expect(201), closed);
        assert_eq!(office.post(&path, &body).send().await.slug(), "state-forbids");
        assert_eq!(waiting().await, 0);
        let open = office.get("/treasury-refusals?open=true").send().await.expect(200);
        assert_eq!(open["items"], json!([]));
        let done = office.get("/treasury-refusals?open=false").send().await.expect(200);
        assert_eq!(done["items"], json!([closed]));
    }
}
