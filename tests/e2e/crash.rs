//! The engine dies at each of its crash points, on either side of the commit, is started again, and is asked
//! the same again: the books end as those of a town in which nothing died.

use avviso::store::crash::{Point, Side};
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Engine;
use crate::programs::{TOWN, Town, number, run};

/// Where to die, in turn.
fn points() -> Vec<String> {
    let sides = |point: &'static Point| Side::ALL.iter().map(move |side| format!("{point}:{side}"));
    Point::ALL.iter().flat_map(sides).collect()
}

/// A position is registered, paid, reported and on the account.
async fn lap(town: &mut Town, lap: u32, point: Option<&str>) {
    let position = town.insist(point, |town| town.lamps_wanted(lap)).await;
    let date = |later: u32| {
        let first = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        let days = chrono::Days::new(u64::from(3 * lap + later));
        first.checked_add_days(days).unwrap().to_string()
    };
    let wish = json!({
        "creditor": TOWN, "notice_number": number(&position), "psp": "MNTDIT51XXX", "on": date(0),
    });
    // A provider that does not reach the engine has taken no money, and is asked again.
    while town.control(Method::POST, "payments", &wish).await["result"] != "paid" {
        alive(town, point).await;
    }
    alive(town, point).await;
    let delivered = town
        .control(Method::POST, "receipts/deliver", &json!({}))
        .await;
    assert_eq!(delivered["receipts_waiting"], 0, "{delivered}");
    for later in 0..3 {
        town.control(Method::POST, "days", &json!({"date": date(later)}))
            .await;
    }
    let key = format!("pull-{lap:08}");
    let pull = |town: &Town| {
        let call = town.accounts(Method::POST, "settlement-flow-pulls");
        call.header("idempotency-key", &key)
    };
    let job = town.insist(point, pull).await;
    let path = format!("jobs/{}", job["job_id"].as_str().unwrap());
    loop {
        let job = town
            .insist(point, |town| town.accounts(Method::GET, &path))
            .await;
        assert_ne!(job["state"], "failed", "{job}");
        if job["state"] == "done" {
            break;
        }
        tokio::task::yield_now().await;
    }
    let (journal, key) = (
        town.journal(&date(0), &date(2)).await,
        format!("cash-{lap:08}"),
    );
    let import = |town: &Town| {
        let call = town.accounts(Method::POST, "treasury-imports");
        call.header("idempotency-key", &key)
            .header("content-type", "text/csv")
            .body(journal.clone())
    };
    town.insist(point, import).await;
    alive(town, point).await;
}

/// Starts the engine again if it has died.
async fn alive(town: &mut Town, point: Option<&str>) {
    town.insist(point, |town| town.accounts(Method::GET, "status"))
        .await;
}

/// What is in the books, without ids and times.
async fn books(town: &Town) -> Vec<String> {
    let mut books = Vec::new();
    for (list, members) in [
        (
            "debt-positions",
            &["reference", "state", "reported", "total_amount_cents"][..],
        ),
        ("payments", &["amount_cents", "anomalies", "transfers"]),
        (
            "settlement-flows",
            &["flow_code", "revision", "state", "computed_amount_cents"],
        ),
        ("treasury-entries", &["number", "effect_cents", "code"]),
        (
            "reconciliations",
            &["line_kind", "code", "flags", "rule", "amount_cents"],
        ),
    ] {
        let page = town.read(&format!("{list}?limit=200")).await;
        assert_eq!(
            page.get("next_cursor"),
            None,
            "{list} is longer than a page"
        );
        for item in page["items"].as_array().unwrap() {
            let shown: Vec<&Value> = members.iter().map(|member| &item[member]).collect();
            books.push(format!("{list} {}", json!(shown)));
        }
    }
    books.sort();
    books
}

fn nothing_is_lost(engine: Engine) {
    let (calm, written) = std::sync::mpsc::channel();
    run(engine, async |mut town: Town| {
        for (n, _) in (1..).zip(points()) {
            lap(&mut town, n, None).await;
        }
        calm.send(books(&town).await).unwrap();
        town
    });
    run(engine, async |mut town: Town| {
        for (n, point) in (1..).zip(points()) {
            town.restart_to_die_at(&point).await;
            lap(&mut town, n, Some(&point)).await;
            assert_eq!(town.deaths, n, "the engine never came to {point}");
        }
        assert_eq!(books(&town).await, written.recv().unwrap());
        town
    });
}

mod nothing_is_lost_wherever_the_engine_dies {
    use super::{Engine, nothing_is_lost};

    #[test]
    fn sqlite() {
        nothing_is_lost(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        nothing_is_lost(Engine::Postgres);
    }
}

/// Entries of a long journal, which is stored in pieces of a thousand.
const ENTRIES: u32 = 2500;

/// A journal breaks off at its first piece, on either side of the commit, and is sent again under the same key.
fn a_long_journal_is_whole_in_the_end(engine: Engine) {
    run(engine, async |mut town: Town| {
        for (n, side) in (1u32..).zip(Side::ALL) {
            let point = format!("{}:{side}", Point::CashFiled);
            let head = "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;tipo_operazione;\
                        numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n";
            let line = |entry: u32| {
                format!(
                    "2026;{n};{entry};ENTRATA;SOSPESO ENTRATA;ESEGUITO;{entry};1,00;2026-03-02;2026-03-02;;versamento {entry}\n"
                )
            };
            let journal = format!("{head}{}", (1..=ENTRIES).map(line).collect::<String>());
            let import = |town: &Town| {
                let call = town.accounts(Method::POST, "treasury-imports");
                call.header("idempotency-key", format!("long-{n:08}"))
                    .header("content-type", "text/csv")
                    .body(journal.clone())
            };
            town.restart_to_die_at(&point).await;
            let answer = town.insist(Some(&point), import).await;
            assert_eq!(town.deaths, n, "the engine never came to {point}");
            let kept = match side {
                Side::Before => 0,
                Side::After => 1000,
            };
            assert_eq!(
                (&answer["new_lines"], &answer["known_lines"]),
                (&json!(ENTRIES - kept), &json!(kept))
            );
            let again = town.insist(None, import).await;
            assert_eq!(again, answer);
        }
        town
    });
}

mod a_long_journal_is_whole_wherever_the_engine_dies {
    use super::{Engine, a_long_journal_is_whole_in_the_end};

    #[test]
    fn sqlite() {
        a_long_journal_is_whole_in_the_end(Engine::Sqlite);
    }

    #[test]
    fn postgres() {
        a_long_journal_is_whole_in_the_end(Engine::Postgres);
    }
}
