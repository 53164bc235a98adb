//! Receipts are facts: repeated, late, double, unknown or addressed to others, each is kept.

use avviso::domain::ledger::Account;

use crate::app::TestApp;
use crate::given::{self, single};
use crate::soap::{Message, check};

/// The receipts on file: id, notice, anomaly.
fn filed(app: &TestApp) -> Vec<String> {
    app.rows(
        "SELECT receipt_id || ' ' || COALESCE(anomaly, '-') || ' ' || (position_id IS NOT NULL) AS row \
         FROM receipt ORDER BY receipt_id",
    )
    .into_iter()
    .map(|row| row.replace(" true", " ours").replace(" false", " unknown"))
    .map(|row| match row.strip_suffix(" 1") {
        Some(rest) => format!("{rest} ours"),
        None => row.strip_suffix(" 0").map_or(row.clone(), |rest| format!("{rest} unknown")),
    })
    .collect()
}

both_databases! {
    async fn the_same_receipt_again_is_fine_and_changes_nothing(app: TestApp) {
        let number = single(&given::position(&app, given::tari()).await);
        let receipt = given::paid(&app, &number, "token-1").await;
        let before = app.dump();
        app.pass_days(1);
        for _ in 0..3 {
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        assert_eq!(app.dump(), before);
    }

    async fn the_same_receipt_in_both_versions_is_one_receipt(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        given::paid(&app, &number, "token-1").await;
        let first_version = Message::send_rt("paSendRT", &number, "token-1", &payment);
        let before = app.dump();
        assert_eq!(first_version.send(&app).await.outcome(), "OK");
        assert_eq!(app.dump(), before);
    }

    async fn another_receipt_with_the_same_id_is_kept_and_refused(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(2)).await);
        let receipt = given::paid(&app, &number, "token-1").await;
        let other = receipt.with("psp_name", "Un'altra banca");
        check("fault_receipt_duplicate", &other.send(&app).await);
        let kept = "SELECT COUNT(*) || '' AS row FROM receipt_message";
        assert_eq!(app.rows(&format!("{kept} WHERE conflicting")), ["1"]);
        assert_eq!(app.rows(&format!("{kept} WHERE NOT conflicting")), ["1"]);
        assert_eq!(app.balance(Account::InTransit).await, 2 * 1708);
        assert_eq!(filed(&app), ["token-1 - ours"]);
    }

    async fn a_second_payment_is_kept_and_owed_back(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        // The second payer was let in before the first receipt arrived.
        let payment = given::activated(&app, &number).await;
        given::paid(&app, &number, "token-1").await;
        let second = Message::send_rt("paSendRTV2", &number, "token-2", &payment);
        assert_eq!(second.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["token-1 - ours", "token-2 paid_twice ours"]);
        assert_eq!(app.balance(Account::Receivable).await, -1708);
        assert_eq!(app.balance(Account::InTransit).await, 2 * 1708);
    }

    async fn the_whole_and_an_instalment_paid_is_a_double_payment(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let (whole, part) = (single(&position), given::instalment(&position, 1));
        let payment = given::activated(&app, &part).await;
        given::paid(&app, &whole, "token-1").await;
        let second = Message::send_rt("paSendRTV2", &part, "token-2", &payment);
        assert_eq!(second.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["token-1 - ours", "token-2 paid_twice ours"]);
    }

    async fn a_receipt_for_a_withdrawn_notice_is_kept(app: TestApp) {
        let position = given::position(&app, given::lamps(1)).await;
        let number = single(&position);
        let payment = given::activated(&app, &number).await;
        given::withdrawn(&app, &position).await;
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["token-1 paid_after_withdrawal ours"]);
        assert_eq!(app.balance(Account::Receivable).await, -1708);
    }

    async fn a_receipt_for_a_number_nobody_issued_is_kept(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        let receipt = Message::send_rt("paSendRTV2", "301999999999999999", "token-1", &payment)
            .with("iuv", "01999999999999999");
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["token-1 - unknown"]);
        assert_eq!(app.balance(Account::InTransit).await, 1708);
    }

    async fn a_copy_for_a_secondary_beneficiary_books_its_share_only(app: TestApp) {
        let neighbour = app.neighbour().await;
        let number = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &number).await;
        // The neighbour's copy of a receipt for the town's notice, in which it takes the second part.
        let copy = Message::send_rt("paSendRTV2", &number, "token-1", &payment)
            .with("id_pa", neighbour.as_str())
            .with_transfers(|parts| parts[1].beneficiary = neighbour.as_str().to_owned());
        assert_eq!(copy.send(&app).await.outcome(), "OK");
        let booked = app.rows(&format!(
            "SELECT debit || ' ' || credit || ' ' || amount_cents AS row FROM ledger WHERE creditor = '{}'",
            neighbour.as_str()
        ));
        let share = payment.all("transferAmount")[1].replace('.', "");
        let share = share.trim_start_matches('0');
        assert_eq!(booked, [format!("in_transit receivable {share}")]);
        assert_eq!(app.balance(Account::InTransit).await, 0, "the town's books are another matter");
    }

    async fn a_receipt_without_a_moment_is_dated_by_its_application(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        let bare = Message::send_rt("paSendRT", &number, "token-1", &payment)
            .without("payment_date_time")
            .without("transfer_date")
            .without("payment_method")
            .without("fee")
            .with("application_date", "2026-03-31");
        assert_eq!(bare.send(&app).await.outcome(), "OK");
        assert_eq!(app.rows("SELECT CAST(paid_on AS TEXT) AS row FROM receipt"), ["2026-03-31"]);
    }
}
