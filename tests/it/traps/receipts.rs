//! What a receipt may be: late, double, repeated, a copy, of another version, in another order.

use avviso::domain::ledger::Account;
use serde_json::json;

use super::add;
use crate::app::{TOWN, TestApp};
use crate::given::{self, single};
use crate::soap::{Message, Transfer, send, template};

/// Receipt identifiers and anomalies on file.
fn filed(app: &TestApp) -> Vec<String> {
    app.rows(
        "SELECT receipt_id || ' ' || COALESCE(anomaly, '-') AS row FROM receipt ORDER BY creditor, receipt_id",
    )
}

/// What became of the transfers of the receipts: index, beneficiary, cents.
async fn transfers(app: &TestApp) -> Vec<(i64, String, i64)> {
    let office = app.office().await;
    let payments = office.get("/payments").send().await.expect(200);
    let mut found = Vec::new();
    for payment in payments["items"].as_array().unwrap() {
        for transfer in payment["transfers"].as_array().unwrap() {
            found.push((
                transfer["index"].as_i64().unwrap(),
                transfer["beneficiary_tax_code"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
                transfer["amount_cents"].as_i64().unwrap(),
            ));
        }
    }
    found.sort();
    found
}

both_databases! {
    async fn trap_10_a_receipt_may_come_late_and_of_an_older_activation(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let first = given::activated(&app, &number).await;
        app.pass_days(1);
        given::activated(&app, &number).await;
        app.pass_days(40);
        let receipt = Message::send_rt("paSendRTV2", &number, "first-token", &first);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["first-token -"]);
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        // A notice that nobody ever activated here was activated while the engine was away.
        let other = single(&given::position(&app, given::lamps(1)).await);
        let unseen = Message::send_rt("paSendRTV2", &other, "unseen-token", &first)
            .with("iuv", other.get(1..).unwrap());
        assert_eq!(unseen.send(&app).await.outcome(), "OK");
        assert_eq!(filed(&app), ["first-token -", "unseen-token -"]);
    }

    async fn trap_11_a_second_receipt_is_money_to_give_back(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        for token in ["token-1", "token-2", "token-3"] {
            let receipt = Message::send_rt("paSendRTV2", &number, token, &payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK", "{token}");
        }
        assert_eq!(filed(&app), ["token-1 -", "token-2 paid_twice", "token-3 paid_twice"]);
        assert_eq!(app.balance(Account::InTransit).await, 3 * 1708);
        assert_eq!(app.balance(Account::Receivable).await, -2 * 1708);
        let office = app.office().await;
        let double = office.get("/reconciliations?code=double_payment").send().await.expect(200);
        assert_eq!(double["items"].as_array().unwrap().len(), 3, "{double}");
    }

    async fn trap_12_the_same_receipt_many_times_is_one(app: TestApp) {
        let number = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &number).await;
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment);
        // The node asks again while the first answer is under way, and another process answers as well.
        let twin = app.twin().await;
        let senders = (0..8).map(|sender| {
            let (receipt, engine) = (receipt.clone(), if sender % 2 == 0 { app.clone() } else { twin.clone() });
            actix_web::rt::spawn(async move { receipt.send(&engine).await.outcome() })
        });
        for sender in senders.collect::<Vec<_>>() {
            assert_eq!(sender.await.unwrap(), "OK");
        }
        let before = app.dump();
        for hour in 1..=3 {
            app.set_clock(&format!("2026-04-01T{:02}:00:00Z", 8 + hour));
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        assert_eq!(app.dump(), before);
        assert_eq!(filed(&app), ["token-1 -"]);
    }

    async fn trap_13_a_copy_for_a_beneficiary_is_taken_by_its_own_station(app: TestApp) {
        let neighbour = app.neighbour().await;
        let number = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &number).await;
        let share = payment.all("transferAmount")[1].replace('.', "").parse::<i64>().unwrap();
        // Both bodies are served here: each gets a copy of the one receipt, with all of its parts.
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment)
            .with_transfers(|parts| parts[1].beneficiary = neighbour.as_str().to_owned());
        let copy = receipt.clone().with("id_pa", neighbour.as_str());
        for message in [&copy, &receipt, &copy, &receipt] {
            let answer = message.send(&app).await;
            assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
        }
        assert_eq!(filed(&app), ["token-1 -", "token-1 -"]);
        let theirs = neighbour.clone();
        let balance = app.ctx.read(move |conn| avviso::store::ledger::balance(conn, &theirs, Account::InTransit));
        assert_eq!(balance.await.unwrap().get(), share);
        // A primary body that is nobody's here, and a station that does not serve it, are no reason to refuse.
        let foreign = Message::send_rt("paSendRTV2", "399999999999999999", "token-2", &payment)
            .with("id_pa", neighbour.as_str())
            .with("fiscal_code", "90002000660")
            .with("iuv", "99999999999999999")
            .with_transfers(|parts| parts[1].beneficiary = neighbour.as_str().to_owned());
        assert_eq!(foreign.send(&app).await.outcome(), "OK");
        // The copy's own station is still asked for.
        let elsewhere = copy.with("id_station", "99999000302_09").send(&app).await;
        assert_eq!(elsewhere.outcome(), "PAA_STAZIONE_INT_ERRATA");
    }

    async fn trap_14_versions_of_activation_and_receipt_may_differ(app: TestApp) {
        for (operation, stand_in) in [("paSendRT", None), ("paSendRTV2", None), ("paSendRT", Some("standIn")), ("paSendRTV2", Some("standin"))] {
            let questions: [fn(&str) -> Message; 2] = [Message::get_payment, Message::get_payment_v2];
            for (place, ask) in questions.into_iter().enumerate() {
                let number = single(&given::position(&app, given::tari()).await);
                let payment = ask(&number).send(&app).await;
                let token = format!("{operation}-{place}-{}", stand_in.unwrap_or("none"));
                let text = Message::send_rt(operation, &number, &token, &payment).text();
                // Older senders write it beside the receipt, newer ones inside.
                let text = match stand_in {
                    Some(name) if place == 0 => text.replacen("<receipt>", &format!("<{name}>1</{name}>\n<receipt>"), 1),
                    Some(name) => text.replacen("</receipt>", &format!("<{name}>true</{name}>\n</receipt>"), 1),
                    None => text,
                };
                let answer = send(&app, text.clone()).await;
                assert_eq!(answer.outcome(), "OK", "{text}");
            }
        }
        let stood_in = app.rows("SELECT receipt_id AS row FROM receipt WHERE stand_in ORDER BY receipt_id");
        assert_eq!(stood_in, ["paSendRT-0-standIn", "paSendRT-1-standIn", "paSendRTV2-0-standin", "paSendRTV2-1-standin"]);
        assert_eq!(filed(&app).len(), 8);
    }

    async fn trap_15_parts_are_told_apart_by_their_number(app: TestApp) {
        let number = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &number).await;
        let reversed = Message::send_rt("paSendRTV2", &number, "token-1", &payment).with_transfers(|parts| parts.reverse());
        assert_eq!(reversed.send(&app).await.outcome(), "OK");
        let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
        let parts = payment.all("transferAmount");
        let expected = vec![
            (1, TOWN.to_owned(), cents(&parts[0])),
            (2, "90002000660".to_owned(), cents(&parts[1])),
        ];
        assert_eq!(transfers(&app).await, expected);
        assert_eq!(app.balance(Account::InTransit).await, cents(&parts[0]));
        // The same receipt in the other order is another document and the same fact, all five parts of it.
        let five = single(&given::position(&app, given::lamps(5)).await);
        let payment = given::activated(&app, &five).await;
        let receipt = Message::send_rt("paSendRTV2", &five, "token-5", &payment).with_transfers(|parts| {
            let one = parts[0].clone();
            let part = |id: u32| Transfer { id: id.to_string(), amount: "17.08".to_owned(), ..one.clone() };
            *parts = [3, 5, 1, 4, 2].map(part).to_vec();
        });
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        let kept: Vec<i64> = transfers(&app).await.iter().filter(|part| part.2 == 1708).map(|part| part.0).collect();
        assert_eq!(kept, [1, 2, 3, 4, 5]);
    }

    async fn trap_16_a_receipt_given_in_our_place_is_taken_as_it_is(app: TestApp) {
        // One part on the town's own account for a notice of two, with the amount of another day.
        let number = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &number).await;
        let receipt = Message::send_rt("paSendRTV2", &number, "token-1", &payment)
            .with("amount", "100.00")
            .with("stand_in", "true")
            .with_transfers(|parts| {
                parts.truncate(1);
                parts[0].amount = "100.00".to_owned();
                parts[0].iban = "IT69F9999940440000000000202".to_owned();
            });
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        assert_eq!(app.balance(Account::InTransit).await, 10_000);
        assert_eq!(app.balance(Account::Receivable).await, 0);
        let office = app.office().await;
        let line = office.get("/reconciliations?line_kind=receipt").send().await.expect(200);
        assert_eq!(line["items"][0]["flags"], json!(["stand_in"]));
    }

    async fn trap_also_a_muted_station_hears_ok_and_the_conflict_is_kept(app: TestApp) {
        let station = json!({
            "station_id": "99999000302_02", "broker_tax_code": "99999000302", "segregation_code": "02",
            "valid_from_date": "2026-01-01",
        });
        add(&app, "stations", station).await;
        let number = single(&given::position(&app, given::lamps(1)).await);
        let receipt = given::paid(&app, &number, "token-1").await;
        let other = receipt.with("psp_name", "Un'altra banca");
        assert_eq!(other.send(&app).await.outcome(), "PAA_RECEIPT_DUPLICATA");
        let muted = other.with("id_station", "99999000302_02");
        assert_eq!(muted.send(&app).await.outcome(), "OK");
        let kept = "SELECT CAST(COUNT(*) AS TEXT) AS row FROM receipt_message WHERE conflicting";
        assert_eq!(app.rows(kept), ["2"]);
        // What was not kept is never called OK.
        assert_eq!(muted.with("receipt_id", "token-2").with("amount", "1.00").send(&app).await.outcome(), "PAA_SEMANTICA");
    }

    async fn trap_also_booleans_moments_and_means_vary(app: TestApp) {
        for (nth, (moment, day)) in [
            ("2026-03-31T23:30:00", "2026-03-31"),
            ("2026-03-31T23:30:00Z", "2026-04-01"),
            ("2026-04-01T00:30:00.123456+02:00", "2026-04-01"),
            ("2026-03-31T23:30:00.5+01:00", "2026-04-01"),
        ].into_iter().enumerate() {
            let number = single(&given::position(&app, given::lamps(1)).await);
            let payment = given::activated(&app, &number).await;
            let receipt = Message::send_rt("paSendRTV2", &number, &format!("token-{nth}"), &payment)
                .with("payment_date_time", moment)
                .with("payment_method", "qualunque-mezzo");
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
            let paid = format!("SELECT CAST(paid_on AS TEXT) AS row FROM receipt WHERE receipt_id = 'token-{nth}'");
            assert_eq!(app.rows(&paid), [day], "{moment}");
        }
        assert!(template("paSendRTV2").contains("standIn"));
    }
}
