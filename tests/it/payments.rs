//! A notice is asked about, activated and paid over the wire.

use avviso::domain::ledger::Account;

use crate::given::{self, instalment, single};
use crate::soap::{Message, check};

both_databases! {
    async fn a_tari_notice_is_verified_activated_and_paid(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        let number = single(&position);
        check("tari_verify", &Message::verify(&number).send(&app).await);
        check("tari_get_payment_v1", &Message::get_payment(&number).send(&app).await);
        let payment = Message::get_payment_v2(&number).send(&app).await;
        check("tari_get_payment_v2", &payment);
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment);
        check("tari_send_rt_v2", &receipt.send(&app).await);
        check("tari_verify_after_payment", &Message::verify(&number).send(&app).await);
        // Only the province's share has left the books of the town; the rest is on its way.
        let total = position.total().get();
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let (own, others) = (
            app.balance(Account::InTransit).await,
            app.balance(Account::ThirdParties).await,
        );
        assert!(own > 0 && others > 0 && own + others == total, "{own} + {others} = {total}");
    }

    async fn a_first_version_receipt_pays_too(app: TestApp) {
        let position = given::position(&app, given::lamps(2)).await;
        let number = single(&position);
        let payment = Message::get_payment(&number).send(&app).await;
        let receipt = Message::send_rt("paSendRT", &number, "token-1", &payment);
        check("send_rt_v1", &receipt.send(&app).await);
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(app.balance(Account::InTransit).await, 2 * 1708);
    }

    async fn the_whole_excludes_its_instalments(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        given::paid(&app, &single(&position), "token-1").await;
        for sequence in 1..=3 {
            let answer = Message::verify(&instalment(&position, sequence)).send(&app).await;
            assert_eq!(answer.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        }
    }

    async fn an_instalment_excludes_the_whole_and_not_the_others(app: TestApp) {
        let position = given::position(&app, given::tari()).await;
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        let verify = async |number: String| Message::verify(&number).send(&app).await.outcome();
        assert_eq!(verify(single(&position)).await, "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(verify(instalment(&position, 1)).await, "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(verify(instalment(&position, 2)).await, "OK");
        assert_eq!(verify(instalment(&position, 3)).await, "OK");
        given::paid(&app, &instalment(&position, 2), "token-2").await;
        given::paid(&app, &instalment(&position, 3), "token-3").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn a_fine_costs_less_until_the_fifth_day(app: TestApp) {
        let number = single(&given::position(&app, given::fine()).await);
        let asked = async || Message::verify(&number).send(&app).await.value("amount");
        // 173,00 less 30 %, and 16,30 of costs; the fifth day after 1 April is 6 April, a holiday.
        assert_eq!(asked().await, "137.40");
        app.set_clock("2026-04-07T21:59:59Z");
        assert_eq!(asked().await, "137.40");
        app.set_clock("2026-04-07T22:00:00Z");
        assert_eq!(asked().await, "189.30");
        let payment = given::activated(&app, &number).await;
        assert_eq!(payment.value("paymentAmount"), "189.30");
        given::paid(&app, &number, "token-1").await;
        assert_eq!(app.balance(Account::Receivable).await, 0);
        assert_eq!(app.balance(Account::InTransit).await, 18_930);
    }

    async fn a_draft_is_unknown_until_it_is_published(app: TestApp) {
        let position = given::position(&app, given::draft(given::lamps(1))).await;
        let number = single(&position);
        let verify = async || Message::verify(&number).send(&app).await.outcome();
        assert_eq!(verify().await, "PAA_PAGAMENTO_SCONOSCIUTO");
        given::published(&app, &position).await;
        assert_eq!(verify().await, "OK");
    }

    async fn both_towns_are_served_by_their_common_station(app: TestApp) {
        let neighbour = app.neighbour().await;
        let ours = single(&given::position(&app, given::lamps(1)).await);
        let theirs = single(&given::position_of(&app, &neighbour, given::lamps(1)).await);
        let of_neighbour = |number: &str| {
            Message::verify(number)
                .with("id_pa", neighbour.as_str())
                .with("fiscal_code", neighbour.as_str())
        };
        assert_eq!(of_neighbour(&theirs).send(&app).await.outcome(), "OK");
        // A notice is found only under the body that issued it.
        assert_eq!(of_neighbour(&ours).send(&app).await.outcome(), "PAA_PAGAMENTO_SCONOSCIUTO");
        assert_eq!(Message::verify(&theirs).send(&app).await.outcome(), "PAA_PAGAMENTO_SCONOSCIUTO");
    }

    async fn the_old_namespace_is_answered_in_the_old_namespace(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let old = "http://pagopa-api.pagopa.gov.it/paForNode";
        let answer = Message::verify(&number).with("namespace", old).send(&app).await;
        assert!(answer.body.contains(&format!("\"{old}\"")), "{}", answer.pretty());
    }
}
