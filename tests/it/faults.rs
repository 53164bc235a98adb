//! Every fault of the creditor, provoked over the wire. The order in which rules are asked is part of the
//! promise: broker, station, body, notice, state.

use crate::given::{self, single};
use crate::soap::{Answer, Message, check, check_text};

/// A number of the town that nobody issued.
const UNKNOWN: &str = "301999999999999999";

both_databases! {
    async fn every_fault_has_its_code_and_words(app: TestApp) {
        let open = single(&given::position(&app, given::lamps(1)).await);
        let paid = single(&given::position(&app, given::lamps(2)).await);
        given::paid(&app, &paid, "token-1").await;
        let gone = given::position(&app, given::lamps(3)).await;
        given::withdrawn(&app, &gone).await;
        let gone = single(&gone);
        let draft = single(&given::position(&app, given::draft(given::lamps(4))).await);
        let receipt = Message::send_rt("paSendRTV2", &open, "token-2", &given::activated(&app, &open).await);

        let cases: Vec<(&str, Message)> = vec![
            ("PAA_ID_INTERMEDIARIO_ERRATO", Message::verify(&open).with("id_broker_pa", "99999000401")),
            ("PAA_STAZIONE_INT_ERRATA", Message::verify(&open).with("id_station", "99999000302_09")),
            ("PAA_ID_DOMINIO_ERRATO", Message::verify(&open).with("id_pa", "99999000401")),
            ("PAA_ID_DOMINIO_ERRATO", Message::verify(&open).with("fiscal_code", "99999000401")),
            ("PAA_PAGAMENTO_SCONOSCIUTO", Message::verify(UNKNOWN)),
            ("PAA_PAGAMENTO_SCONOSCIUTO", Message::verify(&draft)),
            ("PAA_PAGAMENTO_SCONOSCIUTO", Message::get_payment(UNKNOWN)),
            ("PAA_PAGAMENTO_SCONOSCIUTO", Message::get_payment_v2(UNKNOWN)),
            ("PAA_PAGAMENTO_DUPLICATO", Message::verify(&paid)),
            ("PAA_PAGAMENTO_DUPLICATO", Message::get_payment(&paid)),
            ("PAA_PAGAMENTO_DUPLICATO", Message::get_payment_v2(&paid)),
            ("PAA_PAGAMENTO_ANNULLATO", Message::verify(&gone)),
            ("PAA_PAGAMENTO_ANNULLATO", Message::get_payment(&gone)),
            ("PAA_PAGAMENTO_ANNULLATO", Message::get_payment_v2(&gone)),
            ("PAA_SINTASSI_XSD", Message::verify("30100000000000001")),
            ("PAA_SEMANTICA", receipt.clone().with("outcome", "KO")),
            ("PAA_SEMANTICA", receipt.clone().with("amount", "1.00")),
            ("PAA_SINTASSI_EXTRAXSD", receipt.clone().with_transfers(|parts| {
                let again = parts[0].clone();
                parts.push(again);
            })),
            ("PAA_SEMANTICA", Message::new("paDemandPaymentNotice")
                .with("service", "00005")
                .with("service_subject", "00005")
                .with("details_base64", "PGEvPg==")),
        ];
        let before = app.dump();
        let mut answers = String::new();
        for (code, message) in cases {
            let answer = message.send(&app).await;
            assert_eq!(answer.outcome(), code, "{}", answer.pretty());
            answers.push_str(&format!("{code}\n{}\n\n", answer.pretty()));
        }
        check_text("faults", &answers);
        assert_eq!(app.dump(), before, "a refusal changes nothing");
    }

    async fn the_first_broken_rule_is_named(app: TestApp) {
        let verify = |broker: &'static str, station: &'static str, body: &'static str| {
            let message = Message::verify(UNKNOWN).with("id_broker_pa", broker);
            message.with("id_station", station).with("id_pa", body)
        };
        let other = "99999000401";
        let code = async |message: Message| message.send(&app).await.outcome();
        assert_eq!(code(verify(other, other, other)).await, "PAA_ID_INTERMEDIARIO_ERRATO");
        assert_eq!(code(verify("99999000302", other, other)).await, "PAA_STAZIONE_INT_ERRATA");
        assert_eq!(code(verify("99999000302", "99999000302_01", other)).await, "PAA_ID_DOMINIO_ERRATO");
    }

    async fn the_probe_of_the_node_is_answered_without_the_database(app: TestApp) {
        app.tamper("DROP TABLE notice");
        let answer = Message::verify("000000000000000000").send(&app).await;
        assert_eq!(answer.outcome(), "PAA_PAGAMENTO_SCONOSCIUTO");
        app.unaudited();
    }

    async fn a_broken_database_is_a_system_error_without_details(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        app.tamper("ALTER TABLE notice RENAME TO hidden");
        let answer = Message::verify(&number).send(&app).await;
        check("fault_system_error", &answer);
        app.tamper("ALTER TABLE hidden RENAME TO notice");
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "OK");
    }

    async fn a_lapsed_notice_can_no_longer_be_paid(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        // No kind of today lets a price end; the state exists for those that will.
        app.tamper(&format!("UPDATE notice SET state = 'expired' WHERE number = '{number}'"));
        for message in [
            Message::verify(&number),
            Message::get_payment(&number),
            Message::get_payment_v2(&number),
        ] {
            let answer: Answer = message.send(&app).await;
            assert_eq!(answer.outcome(), "PAA_PAGAMENTO_SCADUTO", "{}", answer.pretty());
        }
        check("fault_expired", &Message::verify(&number).send(&app).await);
        app.unaudited();
    }
}
