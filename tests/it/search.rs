//! Search by any identifier over the wire.

use avviso::app::positions::Create;
use avviso::domain::text::Text;
use serde_json::{Value, json};

use crate::accounting::{plans, tari_plan};
use crate::given::{self, single};
use crate::rest::Caller;

fn described(command: Create, description: &str) -> Create {
    Create {
        description: Some(Text::parse(description).unwrap()),
        ..command
    }
}

/// Kind and identifier of every hit.
async fn search(caller: &Caller, text: &str) -> Vec<(String, String)> {
    let found = caller
        .post("/searches", &json!({"text": text}))
        .send()
        .await
        .expect(200);
    let items = found["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            assert!(text("href").ends_with(&text("id")));
            (text("kind"), text("matched"))
        })
        .collect()
}

fn hits(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(kind, matched)| ((*kind).to_owned(), (*matched).to_owned()))
        .collect()
}

both_databases! {
    async fn anything_is_found_by_any_of_its_identifiers(app: TestApp) {
        let office = app.office().await;
        let tari = given::position(&app, given::tari()).await;
        given::position(&app, given::fine()).await;
        let number = single(&tari);
        given::paid(&app, &number, "token-1").await;
        let entry = json!({
            "account": "0000100", "number": "77", "direction": "in", "provisional_number": 345,
            "amount_cents": 4490, "booked_date": "2026-03-04", "bank_reference": "TRN-77",
            "remittance": "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03PSPX-0001",
        });
        office.post("/treasury-entries", &entry).send().await.expect(201);

        let (position, payment) = ("debt_position", "payment");
        let by_number = [(position, "notice_number"), (payment, "notice_number")];
        assert_eq!(search(&office, &number).await, hits(&by_number));
        let (_, iuv) = number.split_at(1);
        let by_iuv = [(position, "iuv"), (payment, "iuv")];
        assert_eq!(search(&office, iuv).await, hits(&by_iuv));
        let (head, tail) = number.split_at(4);
        let spaced = format!(" {} {} ", head, tail);
        assert_eq!(search(&office, &spaced).await, hits(&by_number));
        for (text, expected) in [
            ("ab 123-cd", &[(position, "plate")][..]),
            ("v 2026 1234", &[(position, "report_number")]),
            (
                "rssmra85t10a562s",
                &[(position, "debtor_tax_code"), (position, "debtor_tax_code"), (payment, "debtor_tax_code")],
            ),
            ("345", &[("treasury_entry", "provisional_number")]),
            ("TRN-77", &[("treasury_entry", "bank_reference")]),
            ("2026-03-03pspx-0001", &[("treasury_entry", "reference")]),
            ("niente di simile", &[]),
            ("- / -", &[]),
        ] {
            assert_eq!(search(&office, text).await, hits(expected), "{text}");
        }
        let receipts = office.get("/payments").send().await.expect(200);
        let receipt = receipts["items"][0]["receipt_id"].as_str().unwrap().to_owned();
        assert_eq!(search(&office, &receipt).await, hits(&[(payment, "receipt_id")]));
    }

    async fn accountants_find_payments_by_whom_and_what_they_are_for(app: TestApp) {
        let fine = given::position(&app, given::fine()).await;
        given::paid(&app, &single(&fine), "token-1").await;
        let accounts = app.client(&app.town(), &["accounting"]).await;
        for (text, matched) in [
            ("RSSMRA85T10A562S", "debtor_tax_code"),
            ("AB 123 CD", "plate"),
            ("V/2026/1234", "report_number"),
        ] {
            assert_eq!(search(&accounts, text).await, hits(&[("payment", matched)]), "{text}");
        }
    }

    async fn details_that_are_written_anew_are_marked_anew(app: TestApp) {
        let office = app.office().await;
        let fine = given::position(&app, given::fine_to_notify()).await;
        // As if the details had come without a plate.
        app.tamper("DELETE FROM position_mark");
        assert_eq!(search(&office, "AB123CD").await, hits(&[]));
        let mail = json!({"channel": "mail", "on": "2026-03-29"});
        let path = format!("/debt-positions/{}/notification", fine.id);
        let notified = office.put(&path, &mail).header("if-match", "\"1\"").send().await;
        assert_eq!(notified.status.as_u16(), 200, "{}", notified.complaint());
        assert_eq!(search(&office, "AB123CD").await, hits(&[("debt_position", "plate")]));
    }

    async fn words_of_the_description_find_positions_and_payments(app: TestApp) {
        let office = app.office().await;
        let lamps = given::position(&app, described(given::lamps(1), "Lampade votive: cappella dell'Unità, rata 2")).await;
        given::position(&app, described(given::lamps(2), "Lampade votive, loculo 12")).await;
        given::paid(&app, &single(&lamps), "token-1").await;
        let (position, payment) = (("debt_position", "description"), ("payment", "description"));
        for (text, expected) in [
            ("unita capp", &[position, payment][..]),
            ("CAPPELLA DELL’UNITÀ", &[position, payment]),
            ("votive rata 2", &[position, payment]),
            ("lampade", &[position, position, payment]),
            ("lampade per il loculo", &[position]),
            ("votive rata 3", &[]),
            ("ampade", &[]),
            ("lampade tari", &[]),
            ("12", &[]),
        ] {
            assert_eq!(search(&office, text).await, hits(expected), "{text}");
        }
        let accounts = app.client(&app.town(), &["accounting"]).await;
        assert_eq!(search(&accounts, "lampade").await, hits(&[payment]));
    }

    async fn a_word_that_is_everywhere_is_cut_and_said_to_be(app: TestApp) {
        let office = app.office().await;
        for n in 0..60 {
            given::position(&app, given::lamps(1 + n % 9)).await;
        }
        given::position(&app, described(given::lamps(1), "Lampada della cripta")).await;
        let found = office.post("/searches", &json!({"text": "lampade"})).send().await.expect(200);
        assert_eq!((found["items"].as_array().unwrap().len(), &found["truncated"]), (50, &json!(true)));
        let rare = office.post("/searches", &json!({"text": "lampad cripta"})).send().await.expect(200);
        assert_eq!((rare["items"].as_array().unwrap().len(), &rare["truncated"]), (1, &json!(false)));
        // However many notices share a description, its words are kept once.
        let kept = app.rows("SELECT CAST(COUNT(*) AS TEXT) AS row FROM description_word WHERE word LIKE 'LAMPAD%'");
        assert_eq!(kept, ["2"]);
    }

    async fn a_place_in_the_budget_finds_what_was_issued_under_it(app: TestApp) {
        let office = app.office().await;
        let tari = given::position(&app, given::tari()).await;
        given::paid(&app, &single(&tari), "token-1").await;
        given::position(&app, given::lamps(1)).await;
        assert_eq!(search(&office, "101/1").await, hits(&[]));
        office.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        let by = |name: &'static str| hits(&[("debt_position", name), ("payment", name)]);
        for text in ["101", "101/1", "cap. 101 art. 2", "9001"] {
            assert_eq!(search(&office, text).await, by("chapter"), "{text}");
        }
        for text in ["2026/145", "145/2026", "88/2/2025", "acc. 2025/88/2"] {
            assert_eq!(search(&office, text).await, by("claim"), "{text}");
        }
        for text in ["101/3", "102", "145", "2025/145"] {
            assert_eq!(search(&office, text).await, hits(&[]), "{text}");
        }
        // The plan of the day of issue counts: what was issued before or after it is not meant.
        let mut later = tari_plan();
        later["versions"][0]["valid_from_date"] = json!("2026-04-02");
        office.put(&plans("TARI"), &later).send().await.expect(200);
        assert_eq!(search(&office, "101").await, hits(&[]));
        later["versions"][0]["valid_from_date"] = json!("2026-01-01");
        later["versions"][0]["valid_to_date"] = json!("2026-03-31");
        office.put(&plans("TARI"), &later).send().await.expect(200);
        assert_eq!(search(&office, "101").await, hits(&[]));
    }

    async fn nobody_finds_what_is_not_theirs_to_read(app: TestApp) {
        let tari = given::position(&app, given::tari()).await;
        given::position(&app, given::fine()).await;
        let number = single(&tari);
        given::paid(&app, &number, "token-1").await;
        let office = app.office().await;
        let entry = json!({
            "account": "1", "number": "77", "direction": "in", "provisional_number": 345,
            "amount_cents": 4490, "booked_date": "2026-03-04", "bank_reference": "TRN-77",
        });
        office.post("/treasury-entries", &entry).send().await.expect(201);
        office.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        let neighbour = app.neighbour().await;
        let roles: Vec<&str> = avviso::domain::client::ROLES.iter().map(|(role, _)| *role).collect();
        let theirs = app.client(&neighbour, &roles).await;
        let (_, iuv) = number.split_at(1);
        for text in [number.as_str(), iuv, "AB123CD", "V/2026/1234", "RSSMRA85T10A562S", "345", "TRN-77", "tassa rifiuti", "101/1", "2026/145"] {
            assert!(!search(&office, text).await.is_empty(), "{text}");
            assert_eq!(search(&theirs, text).await, hits(&[]), "{text}");
        }
        let accounts = app.client(&app.town(), &["accounting"]).await;
        assert_eq!(search(&accounts, &number).await, hits(&[("payment", "notice_number")]));
        let manager = app.client(&app.town(), &["admin"]).await;
        let asked = manager.post("/searches", &json!({"text": number})).send().await;
        assert_eq!(asked.complaint(), "403 not-allowed");
        let bad: Value = json!({"text": ""});
        assert_eq!(office.post("/searches", &bad).send().await.slug(), "contract-violation");
    }
}
