//! Digital revenue stamps: asked for with the second version only, never printed, and none of the town's money.

use avviso::domain::ledger::Account;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::given::{self, single};
use crate::soap::{Message, check, stamp_for};

/// SHA-256 of nothing and of `a`.
const HASHES: [&str; 2] = [
    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=",
];

both_databases! {
    async fn o6_a_filing_with_two_stamps_is_bought_and_kept(app: TestApp) {
        let office = app.office().await;
        let number = single(&given::position(&app, given::filing()).await);
        let verified = Message::verify(&number).send(&app).await;
        assert_eq!((verified.value("amount"), verified.value("allCCP")), ("92.00".into(), "false".into()));
        let payment = given::activated(&app, &number).await;
        check("stamps_get_payment_v2", &payment);
        assert_eq!(payment.all("transferAmount"), ["60.00", "16.00", "16.00"]);
        assert_eq!(payment.all("hashDocumento"), HASHES);

        given::paid(&app, &number, "token-1").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        assert_eq!(app.balance(Account::InTransit).await, 6_000);
        assert_eq!(app.balance(Account::ThirdParties).await, 3_200);
        let owed = "SELECT beneficiary || ' ' || amount_cents AS row FROM ledger \
                    WHERE debit = 'receivable' ORDER BY beneficiary";
        assert_eq!(app.rows(owed), ["06363391001 3200", "99999000203 6000"]);

        // What the citizen bought is handed out byte for byte.
        let payments = office.get("/payments").send().await.expect(200);
        let transfers = payments["items"][0]["transfers"].as_array().unwrap();
        assert_eq!(transfers[0].get("revenue_stamp"), None);
        for (transfer, hash) in transfers.iter().skip(1).zip(HASHES) {
            assert_eq!(transfer["revenue_stamp"], json!(stamp_for(hash)));
            assert_eq!(transfer.get("credited_account"), None);
        }
        let receipt = format!("/payments/{}/receipt", payments["items"][0]["payment_id"].as_str().unwrap());
        let message = office.get(&receipt).header("accept", "application/xml").send().await;
        let text = String::from_utf8(message.body.clone()).unwrap();
        assert!(text.contains(&stamp_for(HASHES[1])), "{text}");
        let page = office.get(&receipt).header("accept", "application/pdf").send().await;
        assert!(page.body.starts_with(b"%PDF"));
    }

    async fn the_first_version_cannot_ask_for_a_stamp(app: TestApp) {
        let number = single(&given::position(&app, given::filing()).await);
        let before = app.dump();
        check("stamps_get_payment_v1", &Message::get_payment(&number).send(&app).await);
        assert_eq!(app.dump(), before, "nothing was told, so nothing was quoted");
    }

    async fn a_notice_with_stamps_is_shown_and_not_printed(app: TestApp) {
        let office = app.office().await;
        let body = json!({
            "service_code": "SUAP",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"generic": given::of_filing()},
        });
        let position = office.post("/debt-positions", &body).send().await.expect(201);
        let notice = &position["payment_options"][0]["notices"][0];
        let stamp = &notice["transfers"][2];
        assert_eq!(stamp["stamp"], json!({"document_sha256": HASHES[1], "province": "AQ"}));
        assert_eq!(stamp["beneficiary_tax_code"], json!("06363391001"));
        assert_eq!(stamp.get("iban"), None);
        let path = format!("/creditors/99999000203/notices/{}/pdf", notice["notice_number"].as_str().unwrap());
        let printed = office.get(&path).header("accept", "application/pdf").send().await;
        assert_eq!(printed.complaint(), "409 online-only");
    }

    async fn in_a_new_plan_stamps_are_bought_with_the_first_instalment(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::filing()).await;
        let path = format!("/debt-positions/{}", position.id);
        let tag = office.get(&path).send().await.header("etag").to_owned();
        let body = json!({"due_dates": ["2026-05-31", "2026-06-30"]});
        let replan = office.post(&format!("{path}/payment-options"), &body).header("if-match", &tag);
        let made = replan.send().await.expect(201);
        let notices = &made["payment_options"][1]["notices"];
        let number = |i: usize| notices[i]["notice_number"].as_str().unwrap().to_owned();
        assert_eq!((&notices[0]["amount_cents"], &notices[1]["amount_cents"]), (&json!(6_200), &json!(3_000)));
        let first = given::activated(&app, &number(0)).await;
        assert_eq!(first.all("transferAmount"), ["30.00", "16.00", "16.00"]);
        assert_eq!(first.all("hashDocumento"), HASHES);
        // The second one buys nothing of the agency's: it is asked for by any provider, and printed.
        assert_eq!(Message::get_payment(&number(1)).send(&app).await.outcome(), "OK");
        let printed = format!("/creditors/{}/notices/{}/pdf", app.town(), number(1));
        let page = office.get(&printed).header("accept", "application/pdf").send().await;
        assert!(page.body.starts_with(b"%PDF"));
        given::paid(&app, &number(0), "token-1").await;
        given::paid(&app, &number(1), "token-2").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        assert_eq!(app.balance(Account::ThirdParties).await, 3_200);
        assert_eq!(office.get(&path).send().await.expect(200)["state"], "paid");
    }

    async fn a_stamp_in_another_receipt_is_another_receipt(app: TestApp) {
        let number = single(&given::position(&app, given::filing()).await);
        let receipt = given::paid(&app, &number, "token-1").await;
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        let other = receipt.with_transfers(|transfers| {
            transfers[1].stamp = Some(STANDARD.encode("<marcaDaBollo>altro</marcaDaBollo>"));
        });
        assert_eq!(other.send(&app).await.outcome(), "PAA_RECEIPT_DUPLICATA");
    }
}
