//! What happens between a town and those who pay it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Engine;
use crate::programs::{Town, messages, number, run};
use crate::xsd::Schemas;

macro_rules! on_both_databases {
    ($($story:ident)+) => {$(
        mod $story {
            #[test]
            fn sqlite() {
                super::run(super::Engine::Sqlite, super::$story);
            }

            #[test]
            fn postgres() {
                super::run(super::Engine::Postgres, super::$story);
            }
        }
    )+};
}

on_both_databases! {
    a_notice_is_paid
    a_notice_is_paid_twice
    a_lost_answer_is_asked_for_again
    a_late_outcome_still_pays
    a_receipt_finds_the_engine_dead
    stamps_are_bought_with_a_filing
    a_month_of_lamps_is_reconciled_to_the_cent
}

/// Payments and receipts as the engine lists them.
async fn payments(town: &Town) -> Vec<Value> {
    town.read("payments").await["items"]
        .as_array()
        .unwrap()
        .clone()
}

async fn state(town: &Town, position: &Value) -> Value {
    let path = format!(
        "debt-positions/{}",
        position["debt_position_id"].as_str().unwrap()
    );
    town.read(&path).await["state"].clone()
}

async fn a_notice_is_paid(town: Town) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "pay").await;
    assert_eq!(story["result"], "paid", "{story}");
    assert_eq!(state(&town, &position).await, "paid");
    let again = town.play(number(&position), "pay").await;
    assert_eq!(again["result"], "refused", "{again}");
    assert_eq!(payments(&town).await.len(), 1);
    assert!(
        messages(&town.messages()).len() >= 6,
        "verify, activation and receipt are recorded"
    );
    town
}

async fn a_notice_is_paid_twice(town: Town) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "pay_twice").await;
    assert_eq!(story["result"], "paid", "{story}");
    let payments = payments(&town).await;
    assert_eq!(payments.len(), 2);
    let odd: Vec<&Value> = payments
        .iter()
        .filter(|p| p["anomalies"] != json!([]))
        .collect();
    assert_eq!(odd.len(), 1, "{payments:?}");
    town
}

async fn a_lost_answer_is_asked_for_again(town: Town) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "lost_answer").await;
    assert_eq!(story["result"], "paid", "{story}");
    let payments = payments(&town).await;
    assert_eq!(payments.len(), 1, "{payments:?}");
    assert_eq!(payments[0]["anomalies"], json!([]));
    town
}

async fn a_late_outcome_still_pays(town: Town) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "late_outcome").await;
    assert_eq!(story["result"], "paid", "{story}");
    assert_eq!(state(&town, &position).await, "paid");
    town
}

async fn a_receipt_finds_the_engine_dead(mut town: Town) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "late_receipt").await;
    assert_eq!(story["result"], "paid", "{story}");
    assert_eq!(state(&town, &position).await, "open");
    town.kill();
    let delivered = town
        .control(Method::POST, "receipts/deliver", &json!({}))
        .await;
    assert_eq!(delivered["receipts_waiting"], 1, "{delivered}");
    town.start().await;
    let delivered = town
        .control(Method::POST, "receipts/deliver", &json!({}))
        .await;
    assert_eq!(delivered["receipts_waiting"], 0, "{delivered}");
    assert_eq!(state(&town, &position).await, "paid");
    town
}

async fn stamps_are_bought_with_a_filing(town: Town) -> Town {
    let position = town.filing().await;
    let story = town.play(number(&position), "pay").await;
    assert_eq!(story["result"], "paid", "{story}");
    assert_eq!(state(&town, &position).await, "paid");
    let payments = payments(&town).await;
    let transfers = payments[0]["transfers"].as_array().unwrap();
    let amounts: Vec<&Value> = transfers.iter().map(|t| &t["amount_cents"]).collect();
    assert_eq!(amounts, [6000, 1600, 1600]);
    let hashes = position["payment_options"][0]["notices"][0]["transfers"]
        .as_array()
        .unwrap();
    for (sold, asked) in transfers.iter().zip(hashes).skip(1) {
        let stamp = decoded(sold["revenue_stamp"].as_str().unwrap());
        let hash = asked["stamp"]["document_sha256"].as_str().unwrap();
        let digest = format!("<ds:DigestValue>{hash}</ds:DigestValue>");
        assert!(stamp.contains(&digest), "{stamp}");
    }
    // Only the town's own part comes back in a flow.
    for day in 2..=6 {
        let date = format!("2026-03-{day:02}");
        town.control(Method::POST, "days", &json!({"date": date}))
            .await;
    }
    town.set_clock("2026-03-06T20:00:00+01:00").await;
    let pull = town
        .post("settlement-flow-pulls", "pull-00000001", None)
        .await;
    assert_eq!(town.ended(&pull).await["state"], "done");
    let flows = town.read("settlement-flows").await;
    assert_eq!(flows["items"].as_array().unwrap().len(), 1, "{flows}");
    assert_eq!(flows["items"][0]["computed_amount_cents"], 6000, "{flows}");
    assert_eq!(state(&town, &position).await, "paid");
    let shown = town
        .read(&format!(
            "debt-positions/{}",
            position["debt_position_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(shown["reported"], true, "{shown}");
    town
}

fn decoded(base64: &str) -> String {
    String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
}

async fn a_month_of_lamps_is_reconciled_to_the_cent(town: Town) -> Town {
    for quantity in 1..=4 {
        let story = town.play(number(&town.lamps(quantity).await), "pay").await;
        assert_eq!(story["result"], "paid", "{story}");
    }
    for day in 2..=6 {
        let date = format!("2026-03-{day:02}");
        town.control(Method::POST, "days", &json!({"date": date}))
            .await;
    }
    town.set_clock("2026-03-06T20:00:00+01:00").await;
    let pull = town
        .post("settlement-flow-pulls", "pull-00000001", None)
        .await;
    let job = town.ended(&pull).await;
    assert_eq!(job["state"], "done", "{job}");
    let flows = town.read("settlement-flows").await;
    assert_ne!(flows["items"], json!([]), "{flows}");
    let journal = town.journal("2026-03-01", "2026-03-31").await;
    let import = town
        .post("treasury-imports", "cash-00000001", Some(journal))
        .await;
    assert_eq!(import["refused_lines"], 0, "{import}");
    let lines = town.read("reconciliations?limit=200").await;
    let lines = lines["items"].as_array().unwrap();
    let of = |kind: &str| {
        lines
            .iter()
            .filter(|line| line["line_kind"] == kind)
            .count()
    };
    assert_eq!(of("receipt"), 4, "{lines:?}");
    assert!(
        lines.len() >= 9,
        "four receipts, four rows of flows and their cash: {lines:?}"
    );
    for line in lines {
        assert_eq!(line["code"], "matched_settled", "{line}");
    }
    town
}

#[test]
fn conformance_of_what_the_programs_say_to_each_other() {
    run(Engine::Sqlite, async |town: Town| {
        let folder = std::env::var_os("PAGOPA_SCHEMAS");
        let folder = folder
            .expect("PAGOPA_SCHEMAS is not set; `make conformance` says where the schemas are");
        let schemas = Schemas::at(&folder.to_string_lossy());
        for (quantity, scenario) in (1..).zip(["pay", "pay_twice", "late_outcome", "lost_answer"]) {
            town.play(number(&town.lamps(quantity).await), scenario)
                .await;
        }
        town.play("301999999999999999", "pay").await;
        town.play(number(&town.filing().await), "pay").await;
        let messages = messages(&town.messages());
        assert!(
            messages.len() >= 20,
            "only {} messages were recorded",
            messages.len()
        );
        let stamps: Vec<String> = messages
            .iter()
            .flat_map(|(_, message)| message.split("<MBDAttachment>").skip(1))
            .map(|rest| decoded(rest.split('<').next().unwrap()))
            .collect();
        assert_eq!(stamps.len(), 2);
        for stamp in stamps {
            let faults = schemas.validate("xsd-common/MarcaDaBollo.xsd", &stamp);
            assert_eq!(faults, Vec::<String>::new(), "{stamp}");
        }
        for (file, message) in messages {
            // The answer that was lost on its way is recorded empty.
            if !message.is_empty() {
                assert_eq!(
                    schemas.faults(&message),
                    Vec::<String>::new(),
                    "{}",
                    file.display()
                );
            }
        }
        town
    });
}
