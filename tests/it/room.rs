//! A disk that is full, a database that takes no writes: who sends is told so and sends again, and nothing that
//! was answered is lost.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::database::Engine;
use crate::given::{self, single};
use crate::reconciliation::LAMP;
use crate::soap::Message;

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
    for (never, again, slug) in [
        (
            "PRAGMA max_page_count=1",
            "PRAGMA max_page_count=1000000",
            "storage-full",
        ),
        (
            "PRAGMA query_only=ON",
            "PRAGMA query_only=OFF",
            "storage-read-only",
        ),
    ] {
        set(&app, never).await;
        let answer = import(900).send().await;
        assert_eq!(
            (answer.slug(), answer.json()["status"].clone()),
            (slug, json!(503))
        );
        assert_eq!(answer.header("retry-after"), "60");
        if slug == "storage-read-only" {
            let answer = receipt.send(&app).await;
            assert_eq!(answer.outcome(), "PAA_SYSTEM_ERROR");
        }
        // What can be read is.
        assert_eq!(
            office.get("/treasury-entries").send().await.expect(200)["items"],
            json!([])
        );
        set(&app, again).await;
    }
    assert_eq!(receipt.send(&app).await.outcome(), "OK");
    assert_eq!(import(900).send().await.expect(201)["new_lines"], 900);
    let paid = office.get("/payments").send().await.expect(200);
    assert_eq!(paid["items"][0]["amount_cents"], LAMP);
}

#[test]
fn who_cannot_be_stored_is_told_so() {
    crate::app::run(Engine::Sqlite, refused);
}
