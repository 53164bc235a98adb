//! Payments that begin at a provider: a notice is made for the question, once, and paid like any other.

use avviso::wire::pa_for_node::GENERAL_SERVICE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given;
use crate::soap::{Message, check};

/// Offers a service of a town to providers under a code.
async fn offered(app: &TestApp, service: &str, code: &str) {
    let manager = app.client(&app.town(), &["admin"]).await;
    let path = format!("/creditors/{TOWN}/services/{service}");
    let read = manager.get(&path).send().await;
    let (tag, mut row) = (read.header("etag").to_owned(), read.expect(200));
    for version in row["versions"].as_array_mut().unwrap() {
        version["demand_code"] = json!(code);
    }
    let put = json!({ "versions": row["versions"] });
    let put = manager
        .put(&path, &put)
        .header("if-match", &tag)
        .send()
        .await;
    assert!(put.status.is_success(), "{}", put.complaint());
    let shown = manager.get(&path).send().await.expect(200);
    assert_eq!(shown["versions"][0]["demand_code"], json!(code));
}

/// The question of Mario Rossi, with what the service asks.
fn question(code: &str, inside: &str) -> Message {
    question_of("RSSMRA85T10A562S", code, inside)
}

fn question_of(debtor: &str, code: &str, inside: &str) -> Message {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<service xmlns=\"{GENERAL_SERVICE}\">{inside}<debtor>\
         <uniqueIdentifier><entityUniqueIdentifierType>F</entityUniqueIdentifierType>\
         <entityUniqueIdentifierValue>{debtor}</entityUniqueIdentifierValue></uniqueIdentifier>\
         <fullName>Mario Rossi</fullName><email>m.rossi@example.it</email></debtor></service>"
    );
    Message::new("paDemandPaymentNotice")
        .with("service", code)
        .with("service_subject", "00001")
        .with("details_base64", &STANDARD.encode(document))
}

/// The number that a question was answered with.
async fn number(app: &TestApp, question: &Message) -> String {
    let answer = question.send(app).await;
    assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
    answer.value("noticeNumber")
}

fn positions(app: &TestApp) -> String {
    app.rows("SELECT CAST(COUNT(*) AS TEXT) AS row FROM position")
        .remove(0)
}

both_databases! {
    async fn a_free_amount_makes_a_notice_that_is_paid(app: TestApp) {
        offered(&app, "VARIE", "00042").await;
        let asked = question("00042", "<amount>25.00</amount>");
        let answer = asked.send(&app).await;
        check("demand", &answer);
        let made = answer.value("noticeNumber");
        let verified = Message::verify(&made).send(&app).await;
        for element in ["amount", "paymentDescription", "companyName", "allCCP"] {
            assert_eq!(verified.value(element), answer.value(element));
        }
        given::paid(&app, &made, "token-1").await;
        assert_eq!(Message::verify(&made).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
    }

    async fn the_same_question_finds_the_same_notice_until_it_is_paid(app: TestApp) {
        offered(&app, "VARIE", "00042").await;
        let asked = question("00042", "<amount>25.00</amount>");
        let twin = app.twin().await;
        let askers = (0..8).map(|nth| {
            let (asked, engine) = (asked.clone(), if nth % 2 == 0 { app.clone() } else { twin.clone() });
            actix_web::rt::spawn(async move { number(&engine, &asked).await })
        });
        let mut numbers = Vec::new();
        for asker in askers.collect::<Vec<_>>() {
            numbers.push(asker.await.unwrap());
        }
        numbers.dedup();
        assert_eq!((numbers.len(), positions(&app)), (1, "1".to_owned()));
        let first = numbers.remove(0);
        // A document laid out otherwise is the same question.
        assert_eq!(number(&app, &question("00042", "\n  <amount> 25.00 </amount>\n")).await, first);
        assert_ne!(number(&app, &question("00042", "<amount>25.01</amount>")).await, first);
        let brother = question_of("MRSBTL54E03A515D", "00042", "<amount>25.00</amount>");
        assert_ne!(number(&app, &brother).await, first);
        given::paid(&app, &first, "token-1").await;
        let second = number(&app, &asked).await;
        assert_ne!(second, first);
        assert_eq!(number(&app, &asked).await, second);
        app.pass_days(1);
        assert_ne!(number(&app, &asked).await, second, "another day, another question");
    }

    async fn a_top_up_at_a_provider_credits_the_canteen(app: TestApp) {
        let office = given::canteen(&app).await;
        offered(&app, "MENSA-CREDITO", "MENSA").await;
        let account = given::canteen_account(&office, &["TRDVLI16C61A241T"]).await;
        let inside = format!("<amount>30.00</amount><accountId>{account}</accountId><pupilTaxCode>TRDVLI16C61A241T</pupilTaxCode>");
        let made = number(&app, &question("MENSA", &inside)).await;
        given::paid(&app, &made, "token-1").await;
        let shown = office.get(&format!("/canteen-accounts/{account}")).send().await.expect(200);
        assert_eq!(shown["balance_cents"], json!(3_000));
        let stranger = inside.replace("TRDVLI16C61A241T", "LNCNCL18S08A515N");
        assert_eq!(question("MENSA", &stranger).send(&app).await.outcome(), "PAA_SEMANTICA");
    }

    async fn answers_are_the_inputs_of_the_service(app: TestApp) {
        offered(&app, "LAMPADE", "LAMP1").await;
        let made = question("LAMP1", "<lamps>3</lamps>").send(&app).await;
        assert_eq!(made.value("amount"), "51.24");
        offered(&app, "SUAP", "SUAP1").await;
        let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let stamped = format!("<filing>scia</filing><documentHash>{hash}</documentHash><province>AQ</province>");
        let made = number(&app, &question("SUAP1", &stamped)).await;
        assert_eq!(given::activated(&app, &made).await.all("hashDocumento"), [hash]);
    }

    async fn every_fault_of_a_demand_changes_nothing(app: TestApp) {
        offered(&app, "VARIE", "00042").await;
        offered(&app, "TARI", "00043").await;
        let good = question("00042", "<amount>25.00</amount>");
        let raw = |document: &str| good.clone().with("details_base64", &STANDARD.encode(document));
        let neighbour = app.neighbour().await;
        let before = app.dump();
        for (code, asked) in [
            ("PAA_ID_INTERMEDIARIO_ERRATO", good.clone().with("id_broker_pa", "99999000401")),
            ("PAA_STAZIONE_INT_ERRATA", good.clone().with("id_station", "99999000302_09")),
            ("PAA_ID_DOMINIO_ERRATO", good.clone().with("id_pa", "99999000401")),
            ("PAA_SEMANTICA", question("00099", "<amount>25.00</amount>")),
            ("PAA_SEMANTICA", question("00043", "<amount>25.00</amount>")),
            ("PAA_SEMANTICA", good.clone().with("id_pa", neighbour.as_str())),
            ("PAA_SEMANTICA", question("00042", "<amount>0.50</amount>")),
            ("PAA_SEMANTICA", question("00042", "")),
            ("PAA_SEMANTICA", question("00042", "<amount>25.00</amount><colour>red</colour>")),
            ("PAA_SEMANTICA", question_of("RSSMRA85T10A562X", "00042", "<amount>25.00</amount>")),
            ("PAA_SINTASSI_XSD", question("00042", "<amount>25</amount>")),
            ("PAA_SINTASSI_XSD", question("0042", "<amount>25.00</amount>")),
            ("PAA_SINTASSI_XSD", raw("<service/>")),
            ("PAA_SINTASSI_XSD", raw("not a document")),
            ("PAA_SINTASSI_XSD", raw("<!DOCTYPE a [<!ENTITY x \"y\">]><a/>")),
            ("PAA_SINTASSI_XSD", good.clone().with("details_base64", "***")),
        ] {
            let answer = asked.send(&app).await;
            assert_eq!(answer.outcome(), code, "{}", answer.pretty());
            assert_ne!(answer.value("description"), "");
        }
        assert_eq!(app.dump(), before);
    }

    async fn a_code_belongs_to_one_service_of_a_file(app: TestApp) {
        let town = std::fs::read_to_string("fixtures/comuni/altopascio.toml").unwrap();
        let code = |service: &str, town: &str| {
            let line = format!("code = \"{service}\"\n");
            town.replacen(&line, &format!("{line}demand_code = \"00042\"\n"), 1)
        };
        let town = code("IMU-ACC", &town);
        let import = async |town: &str| {
            avviso::app::creditors::import_file(&app.ctx, town, &avviso::app::creditors::Taxonomy::Unlisted).await
        };
        let refused = import(&code("CUP", &town)).await.unwrap_err().to_string();
        assert!(refused.contains("00042"), "{refused}");
        let (creditor, _) = import(&town).await.unwrap();
        let shown = app.client(&creditor, &["admin"]).await
            .get(&format!("/creditors/{creditor}/services/IMU-ACC")).send().await.expect(200);
        let first: &Value = &shown["versions"][0];
        assert_eq!(first["demand_code"], json!("00042"));
    }
}
