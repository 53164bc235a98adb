//! A disk that is full, a database that takes no writes: who sends is told so and sends again, and nothing that
//! was answered is lost.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::database::Engine;
use crate::given::{self, single};
use crate::reconciliation::LAMP;
use crate::soap::{Answer, Message};

async fn set(app: &TestApp, pragma: &'static str) {
    let write = move |tx: &mut avviso::store::Tx<'_>, _| tx.execute(pragma);
    app.ctx
        .write::<_, avviso::store::Error>(write)
        .await
        .unwrap();
}

async fn refused(app: TestApp) {
    let office = app.office().await;
    let number = single(&given::position(&app, given::lamps(1)).await);
    let payment = given::activated(&app, &number).await;
    let receipt = Message::send_rt("paSendRTV2", &number, "r1", &payment);
    let list = |lines: usize| {
        let head = "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;tipo_operazione;numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n";
        let lines = (0..lines).map(|n| {
            format!(
                "2026;1;{n};ENTRATA;SOSPESO ENTRATA;ESEGUITO;{n};1,00;2026-04-02;2026-04-02;B;{}\n",
                "x".repeat(900)
            )
        });
        format!("{head}{}", lines.collect::<String>()).into_bytes()
    };
    let import = |lines| {
        let call = office.post("/treasury-imports", &Value::Null);
        call.bytes("text/csv", list(lines))
    };
    let refused = async |slug: &str| {
        let answer = import(900).send().await;
        assert_eq!(
            (answer.slug().as_str(), &answer.json()["status"]),
            (slug, &json!(503))
        );
        assert_eq!(answer.header("retry-after"), "60");
        let entries = office.get("/treasury-entries").send().await.expect(200);
        assert_eq!(entries["items"], json!([]), "what can be read is");
    };
    set(&app, "PRAGMA max_page_count=1").await;
    refused("storage-full").await;
    set(&app, "PRAGMA max_page_count=1000000").await;
    // From here on the engine's connection changes nothing.
    set(&app, "PRAGMA query_only=ON").await;
    refused("storage-read-only").await;
    let answer = receipt.send(&app).await;
    assert_eq!(answer.outcome(), "PAA_SYSTEM_ERROR");
    // Another process can write, and the node sends again.
    let twin = app.twin().await;
    assert_eq!(receipt.send(&twin).await.outcome(), "OK");
    let paid = office.get("/payments").send().await.expect(200);
    assert_eq!(paid["items"][0]["amount_cents"], LAMP);
    let office = twin.office().await;
    let call = office.post("/treasury-imports", &Value::Null);
    let stored = call.bytes("text/csv", list(900)).send().await.expect(201);
    assert_eq!(stored["new_lines"], 900);
}

/// Receipts that come together on a full disk: those that were answered are stored, and the node sends the others
/// again.
async fn full(app: TestApp) {
    let office = app.office().await;
    let mut receipts = Vec::new();
    for n in 0..12 {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        receipts.push(Message::send_rt(
            "paSendRTV2",
            &number,
            &format!("r{n}"),
            &payment,
        ));
    }
    let paid = async || {
        let paid = office.get("/payments?limit=200").send().await.expect(200);
        paid["items"].as_array().unwrap().len()
    };
    let sent = async || {
        let sends = receipts.iter().map(|receipt| receipt.send(&app));
        let answers = futures_util::future::join_all(sends).await;
        let outcomes = answers.iter().map(Answer::outcome);
        outcomes.collect::<Vec<String>>()
    };
    set(&app, "PRAGMA max_page_count=1").await;
    let outcomes = sent().await;
    let stored = outcomes.iter().filter(|one| *one == "OK").count();
    let refused = outcomes.iter().filter(|one| *one == "PAA_SYSTEM_ERROR");
    assert_eq!(stored + refused.count(), 12, "{outcomes:?}");
    assert!(stored < 12, "{outcomes:?}");
    assert_eq!(paid().await, stored);
    set(&app, "PRAGMA max_page_count=1000000").await;
    assert_eq!(sent().await, ["OK"; 12]);
    assert_eq!(paid().await, 12);
}

#[test]
fn receipts_of_a_full_disk_are_sent_again() {
    crate::app::run(Engine::Sqlite, full);
}

#[test]
fn who_cannot_be_stored_is_told_so() {
    crate::app::run(Engine::Sqlite, refused);
}
