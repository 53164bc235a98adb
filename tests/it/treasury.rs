//! The treasurer's and the bank's files over the wire: every entry is stored once or kept as it came.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::rest::{Call, Caller};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("fixtures/treasury/{name}")).unwrap()
}

fn import(caller: &Caller, key: &str, query: &str, media_type: &str, file: Vec<u8>) -> Call {
    let call = caller.call(Method::POST, &format!("/treasury-imports{query}"));
    call.header("idempotency-key", key).bytes(media_type, file)
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

/// Number, effect and code of every entry.
async fn entries(caller: &Caller) -> Vec<(String, i64, String)> {
    let page = caller
        .get("/treasury-entries?limit=200")
        .send()
        .await
        .expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            (
                text("number"),
                item["effect_cents"].as_i64().unwrap(),
                text("code"),
            )
        })
        .collect()
}

both_databases! {
    async fn a_treasurers_journal_is_stored_entry_by_entry(app: TestApp) {
        let office = app.office().await;
        let send = |key: &'static str| {
            import(&office, key, "", "application/xml", fixture("giornale-di-cassa.xml"))
        };
        let first = send("journal-1").send().await.expect(201);
        assert_eq!(counts(&first), [5, 0, 0, 1], "{first}");
        assert_eq!(first["new_amount_cents"], 20903 - 100_000);
        let refused = &first["lines"][5];
        assert_eq!((&refused["line"], &refused["outcome"]), (&json!(6), &json!("refused")));
        assert!(refused["text"].as_str().unwrap().contains("OPERAZIONE DI UN TIPO NUOVO"));
        assert!(refused["detail"].as_str().unwrap().contains("must be ESEGUITO"), "{refused}");
        let told = send("journal-it").header("accept-language", "it").send().await.expect(201);
        let detail = told["lines"][5]["detail"].as_str().unwrap();
        assert!(detail.starts_with("riga 6, tipo_operazione: deve essere ESEGUITO"), "{detail}");
        let again = send("journal-2").send().await.expect(201);
        assert_eq!(counts(&again), [0, 5, 0, 1]);
        assert_eq!(again["treasury_import_id"], first["treasury_import_id"]);
        let unknown = |number: &str, effect| (number.to_owned(), effect, "cash_unknown_reference".to_owned());
        let outside = |number: &str, effect| (number.to_owned(), effect, "out_of_scope".to_owned());
        assert_eq!(
            entries(&office).await,
            [
                unknown("41", 20903), unknown("42", -20903), unknown("43", 20903),
                outside("44", 0), outside("45", -100_000),
            ]
        );
        let refusals = office.get("/treasury-refusals").send().await.expect(200);
        let items = refusals["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["line"]), (1, &json!(6)));
        let italian = office.get("/treasury-refusals").header("accept-language", "it").send().await.expect(200);
        assert_eq!(italian["items"][0]["detail"], detail);
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        for path in ["/treasury-refusals", "/treasury-entries"] {
            assert_eq!(theirs.get(path).send().await.expect(200)["items"], json!([]), "{path}");
        }
    }

    async fn statements_of_a_bank_are_stored_and_reversals_take_back(app: TestApp) {
        let office = app.office().await;
        for (key, name, expected) in [
            ("statement-1", "camt053-02.xml", [2, 0, 0, 0]),
            ("statement-2", "camt053-08.xml", [3, 0, 0, 1]),
            ("statement-3", "camt053-02.xml", [0, 2, 0, 0]),
        ] {
            let answer = import(&office, key, "", "application/xml", fixture(name)).send().await.expect(201);
            assert_eq!(counts(&answer), expected, "{name}: {answer}");
        }
        let found = entries(&office).await;
        let sum: i64 = found.iter().filter(|one| one.0.starts_with("BANK-0001")).map(|one| one.1).sum();
        assert_eq!(sum, 0);
        let pending = office.get("/treasury-refusals").send().await.expect(200);
        assert!(pending["items"][0]["detail"].as_str().unwrap().contains("booked"));
        let other = import(&office, "statement-4", "", "application/xml", b"<Document/>".to_vec());
        assert_eq!(other.send().await.slug(), "rule-violation");
        let csv = import(&office, "statement-5", "", "text/csv", fixture("camt053-02.xml"));
        assert_eq!(csv.send().await.slug(), "rule-violation");
    }

    async fn a_banks_own_list_is_read_as_the_request_says(app: TestApp) {
        let office = app.office().await;
        let query = "?columns=booked,value,text,text,credit,debit,reference&header_lines=3\
                     &account=IT60X0542811101000000123456";
        let file = fixture("lista-movimenti.csv");
        let first = import(&office, "bank-list-1", query, "text/csv", file.clone()).send().await.expect(201);
        assert_eq!(counts(&first), [4, 0, 0, 1], "{first}");
        let again = import(&office, "bank-list-2", query, "text/csv", file.clone()).send().await.expect(201);
        assert_eq!(counts(&again), [0, 4, 0, 1]);
        let other = query.replace("booked,value", "value,booked");
        let other = import(&office, "bank-list-2", &other, "text/csv", file.clone()).send().await;
        assert_eq!(other.slug(), "idempotency-key-reused");
        for (key, wrong, pointer) in [
            ("bank-list-3", "?columns=booked,amount", "#query/account"),
            ("bank-list-4", "?columns=booked,colour&account=1", "#query/columns"),
            ("bank-list-5", "?columns=amount&account=1", "#query/columns"),
        ] {
            let reply = import(&office, key, wrong, "text/csv", file.clone()).send().await;
            assert_eq!(reply.slug(), "rule-violation", "{wrong}");
            assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        }
        let latin = b"Data;Importo;Testo\n04/03/2026;1,00;citt\xE0\n".to_vec();
        let query = "?columns=booked,amount,text&account=2";
        let read = import(&office, "bank-list-6", query, "text/csv; charset=windows-1252", latin.clone());
        assert_eq!(counts(&read.send().await.expect(201)), [1, 0, 0, 0]);
        let unread = import(&office, "bank-list-7", query, "text/csv", latin);
        assert_eq!(unread.send().await.slug(), "malformed-body");
    }

    async fn a_movement_is_entered_by_hand_once(app: TestApp) {
        let office = app.office().await;
        let entry = json!({
            "account": "0000100", "number": "77", "direction": "in", "provisional_number": 12,
            "amount_cents": 4490, "booked_date": "2026-03-04", "remittance": "versamento in contanti",
            "bank_reference": "TRN-77",
        });
        let first = office.post("/treasury-entries", &entry).send().await;
        let filed = first.expect(201);
        let stored = &filed["treasury_entry"];
        assert_eq!((&filed["outcome"], &stored["code"]), (&json!("new"), &json!("cash_unidentified")));
        assert_eq!((&stored["year"], &stored["bank_reference"]), (&json!(2026), &json!("TRN-77")));
        let id = stored["treasury_entry_id"].as_str().unwrap();
        assert!(first.header("location").ends_with(&format!("/treasury-entries/{id}")));
        let again = office.post("/treasury-entries", &entry).send().await.expect(201);
        assert_eq!((&again["outcome"], &again["treasury_entry"]), (&json!("known"), stored));
        let mut other = entry.clone();
        other["amount_cents"] = json!(4491);
        let other = office.post("/treasury-entries", &other).send().await.expect(201);
        assert_eq!((&other["outcome"], &other["treasury_entry"]), (&json!("conflicting"), stored));
        let before = app.dump();
        let mut wrong = entry;
        wrong["booked_date"] = json!("1990-01-01");
        assert_eq!(office.post("/treasury-entries", &wrong).send().await.slug(), "rule-violation");
        assert_eq!(app.dump(), before);
    }
}
