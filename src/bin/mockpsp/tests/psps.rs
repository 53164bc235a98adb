//! The door of the providers: every answer is valid by the official schemas, when they are at hand.

use actix_web::{App as Actix, test};
use serde_json::json;

use super::station::{DEMANDED, Station, TOWN};
use super::{Gateway, NOTICE};
use crate::messages::tests::assert_valid;
use crate::psp_door;
use crate::psps;

impl Gateway {
    /// Sends a message of a provider and gives the answer.
    async fn ask(&self, root: &str, action: &str, content: &str) -> String {
        let psp = psps::get(0);
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
             <n:{root} xmlns:n=\"http://pagopa-api.pagopa.gov.it/node/nodeForPsp.xsd\">\
             <idPSP>{}</idPSP><idBrokerPSP>{}</idBrokerPSP><idChannel>{}</idChannel>\
             <password>password</password>{content}</n:{root}></e:Body></e:Envelope>",
            psp.id, psp.tax_code, psp.channel
        );
        assert_valid(&body);
        let (status, answer) = self.post(action, body).await;
        assert_eq!(status, 200, "{answer}");
        assert_valid(&answer);
        answer
    }

    async fn post(&self, action: &str, body: String) -> (u16, String) {
        let service = Actix::new()
            .app_data(self.app.clone())
            .service(psp_door::scope());
        let service = test::init_service(service).await;
        let request = test::TestRequest::post()
            .uri("/node-for-psp/v1")
            .insert_header(("SOAPAction", format!("\"{action}\"")))
            .set_payload(body);
        let answer = test::call_service(&service, request.to_request()).await;
        let status = answer.status().as_u16();
        let body = test::read_body(answer).await.to_vec();
        (status, String::from_utf8(body).unwrap())
    }

    async fn verify(&self, number: &str) -> String {
        let content = qr_code(number);
        self.ask("verifyPaymentNoticeReq", "verifyPaymentNotice", &content)
            .await
    }

    async fn activate(&self, key: &str, number: &str) -> String {
        let content = format!("{key}{}<amount>105.00</amount>", qr_code(number));
        self.ask(
            "activatePaymentNoticeV2Request",
            "activatePaymentNoticeV2",
            &content,
        )
        .await
    }

    async fn outcome(&self, token: &str, outcome: &str) -> String {
        let content = format!(
            "<paymentTokens><paymentToken>{token}</paymentToken></paymentTokens>\
             <outcome>{outcome}</outcome>{DETAILS}"
        );
        self.ask(
            "sendPaymentOutcomeV2Request",
            "sendPaymentOutcomeV2",
            &content,
        )
        .await
    }

    /// Gives a token up, as the node's job does.
    async fn expire(&self, token: &str) {
        let path = format!("/control/payments/{token}/expire");
        self.ok("POST", &path, json!(null)).await;
    }
}

const DETAILS: &str = "<details><paymentMethod>cash</paymentMethod><fee>1.00</fee>\
    <applicationDate>2026-02-01</applicationDate><transferDate>2026-02-02</transferDate></details>";

fn qr_code(number: &str) -> String {
    format!("<qrCode><fiscalCode>{TOWN}</fiscalCode><noticeNumber>{number}</noticeNumber></qrCode>")
}

/// Text of an element; empty when it is not there.
fn text<'a>(answer: &'a str, name: &str) -> &'a str {
    let after = answer.split(&format!("<{name}>")).nth(1);
    after.map_or("", |rest| rest.split('<').next().unwrap())
}

/// `OK`, or the code that the provider hears.
fn told(answer: &str) -> &str {
    match text(answer, "outcome") {
        "OK" => "OK",
        _ => text(answer, "faultCode"),
    }
}

/// Until the receipts, which are sent when the provider has been answered, have arrived.
async fn receipts(station: &Station, count: usize) -> Vec<String> {
    while station.receipt_ids().len() < count {
        tokio::task::yield_now().await;
    }
    station.receipt_ids()
}

async fn open() -> (tempfile::TempDir, Station, Gateway) {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    (folder, station, gateway)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_go_from_verification_to_receipt() {
    let (_folder, station, gateway) = open().await;
    let shown = gateway.verify(NOTICE).await;
    assert_eq!((told(&shown), text(&shown, "amount")), ("OK", "105.00"));
    let old = format!("{}<amount>105.00</amount>", qr_code(NOTICE));
    let first = gateway
        .ask("activatePaymentNoticeReq", "activatePaymentNotice", &old)
        .await;
    assert_eq!(told(&first), "OK");
    assert!(!first.contains("transferCategory"), "{first}");
    let paid = format!(
        "<paymentToken>{}</paymentToken><outcome>OK</outcome>{DETAILS}",
        text(&first, "paymentToken")
    );
    let done = gateway
        .ask("sendPaymentOutcomeReq", "sendPaymentOutcome", &paid)
        .await;
    assert_eq!(told(&done), "OK");
    let second = gateway.activate("", "301000000000000160").await;
    assert!(second.contains("<transferCategory>"), "{second}");
    let token = text(&second, "paymentToken");
    assert_eq!(told(&gateway.outcome(token, "OK").await), "OK");
    let sent = receipts(&station, 2).await;
    assert!(sent.contains(&token.to_owned()), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_answers_the_same_and_refuses_another_request() {
    let (_folder, _station, gateway) = open().await;
    let key = "<idempotencyKey>90411750012_ABCDEFGH12</idempotencyKey>";
    let first = gateway.activate(key, NOTICE).await;
    assert_eq!(gateway.activate(key, NOTICE).await, first);
    let other = gateway.activate(key, "301000000000000160").await;
    assert_eq!(told(&other), "PPT_ERRORE_IDEMPOTENZA");
    // A token that was given up leaves its key free.
    gateway.expire(text(&first, "paymentToken")).await;
    let again = gateway.activate(key, NOTICE).await;
    assert_eq!(told(&again), "OK");
    assert_ne!(text(&again, "paymentToken"), text(&first, "paymentToken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_locks_its_notice_and_a_payment_closes_it() {
    let (_folder, station, gateway) = open().await;
    let first = gateway.activate("", NOTICE).await;
    assert_eq!(
        told(&gateway.verify(NOTICE).await),
        "PPT_PAGAMENTO_IN_CORSO"
    );
    assert_eq!(
        told(&gateway.activate("", NOTICE).await),
        "PPT_PAGAMENTO_IN_CORSO"
    );
    let token = text(&first, "paymentToken");
    gateway.outcome(token, "OK").await;
    assert_eq!(
        told(&gateway.verify(NOTICE).await),
        "PPT_PAGAMENTO_DUPLICATO"
    );
    let same = gateway.outcome(token, "OK").await;
    assert_eq!(told(&same), "PPT_ESITO_GIA_ACQUISITO");
    assert_eq!(text(&same, "description"), "Esito concorde");
    let other = gateway.outcome(token, "KO").await;
    assert_eq!(told(&other), "PPT_ESITO_GIA_ACQUISITO");
    assert_eq!(text(&other, "description"), "Esito discorde");
    assert_eq!(
        told(&gateway.outcome("never", "OK").await),
        "PPT_TOKEN_SCONOSCIUTO"
    );
    assert_eq!(receipts(&station, 1).await, [token]);
}

/// The table of late outcomes, line by line.
#[tokio::test(flavor = "multi_thread")]
async fn late_outcomes_follow_the_table_of_the_node() {
    let (_folder, station, gateway) = open().await;
    let token = async |number: &str| {
        let answer = gateway.activate("", number).await;
        text(&answer, "paymentToken").to_owned()
    };
    let given_up = token("301000000000000301").await;
    gateway.expire(&given_up).await;
    assert_eq!(
        told(&gateway.outcome(&given_up, "OK").await),
        "PPT_TOKEN_SCADUTO"
    );
    assert_eq!(receipts(&station, 1).await, [given_up]);

    let unpaid = token("301000000000000302").await;
    gateway.expire(&unpaid).await;
    assert_eq!(
        told(&gateway.outcome(&unpaid, "KO").await),
        "PPT_TOKEN_SCADUTO_KO"
    );

    let old = token("301000000000000303").await;
    gateway.expire(&old).await;
    let alive = token("301000000000000303").await;
    assert_eq!(
        told(&gateway.outcome(&old, "OK").await),
        "PPT_PAGAMENTO_DUPLICATO"
    );

    assert_eq!(told(&gateway.outcome(&alive, "KO").await), "OK");
    assert_eq!(
        told(&gateway.outcome(&old, "OK").await),
        "PPT_TOKEN_SCADUTO"
    );
    assert!(receipts(&station, 2).await.contains(&old));
    assert_eq!(station.receipt_ids().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_node_and_of_the_creditor_are_told_apart() {
    let (_folder, station, gateway) = open().await;
    station.refuse("301000000000000401", "PAA_PAGAMENTO_SCADUTO");
    let refused = gateway.verify("301000000000000401").await;
    assert_eq!(told(&refused), "PPT_ERRORE_EMESSO_DA_PAA");
    assert_eq!(text(&refused, "originalFaultCode"), "PAA_PAGAMENTO_SCADUTO");
    assert_eq!(text(&refused, "id"), TOWN);
    let nowhere = gateway.verify("377000000000000401").await;
    assert_eq!(told(&nowhere), "PPT_STAZIONE_INT_PA_SCONOSCIUTA");
    assert_eq!(text(&nowhere, "id"), "NodoDeiPagamentiSPC");
    let content = qr_code(NOTICE);
    let action = gateway
        .ask("verifyPaymentNoticeReq", "activatePaymentNotice", &content)
        .await;
    assert_eq!(told(&action), "PPT_SOAPACTION_ERRATA");
    let slip = "<ccPost>000012345678</ccPost><noticeNumber>301000000000000158</noticeNumber>";
    let slip = gateway
        .ask("verificaBollettinoReq", "verificaBollettino", slip)
        .await;
    assert_eq!(told(&slip), "PPT_IBAN_ACCREDITO");
    let (status, fault) = gateway.post("", "<half".to_owned()).await;
    assert_eq!(status, 500);
    assert!(fault.contains("faultstring"), "{fault}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_is_found_by_the_postal_account() {
    let (_folder, station, gateway) = open().await;
    let creditor = json!({
        "legal_name": "Comune di Roccaverde", "broker_tax_code": TOWN,
        "ibans": ["IT60X0760111101000012345678"],
        "stations": [{"station_id": format!("{TOWN}_01"), "segregation_code": "01", "url": station.url, "version": 2}],
    });
    gateway
        .ok("PUT", &format!("/control/creditors/{TOWN}"), creditor)
        .await;
    let slip = "<ccPost>000012345678</ccPost><noticeNumber>301000000000000158</noticeNumber>";
    let slip = gateway
        .ask("verificaBollettinoReq", "verificaBollettino", slip)
        .await;
    assert_eq!((told(&slip), text(&slip, "noticeNumber")), ("OK", NOTICE));
    assert!(slip.contains("<allCCP>"), "{slip}");
}

impl Gateway {
    async fn demand(&self, subject: &str) -> String {
        let content = format!(
            "<idSoggettoServizio>{subject}</idSoggettoServizio>\
             <datiSpecificiServizio>PGEvPg==</datiSpecificiServizio>"
        );
        self.ask(
            "demandPaymentNoticeRequest",
            "demandPaymentNotice",
            &content,
        )
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_on_demand_is_made_by_whoever_offers_the_service() {
    let (_folder, station, gateway) = open().await;
    let made = gateway.demand("00001").await;
    assert_eq!((told(&made), text(&made, "amount")), ("OK", "105.00"));
    assert_eq!(text(&made, "noticeNumber"), DEMANDED);
    assert_eq!(text(&made, "fiscalCode"), TOWN);
    let unknown = gateway.demand("00009").await;
    assert_eq!(told(&unknown), "PPT_SERVIZIO_SCONOSCIUTO");
    assert_eq!(text(&unknown, "id"), "NodoDeiPagamentiSPC");
    station.refuse(DEMANDED, "PAA_SEMANTICA");
    let refused = gateway.demand("00001").await;
    assert_eq!(told(&refused), "PPT_ERRORE_EMESSO_DA_PAA");
    assert_eq!(text(&refused, "originalFaultCode"), "PAA_SEMANTICA");
    assert_eq!(text(&refused, "id"), TOWN);
    station.be_down(true);
    let down = gateway.demand("00001").await;
    assert_eq!(told(&down), "PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_asks_as_a_citizen_does() {
    let (_folder, _station, gateway) = open().await;
    let made = json!({"subject": "00001", "amount_cents": 2500, "answers": {"lamps": "3"}});
    let made = gateway.ok("POST", "/control/demands", made).await;
    assert_eq!(made["result"], "made");
    assert_eq!(made["notice_number"], DEMANDED);
    let unknown = json!({"subject": "00009"});
    let unknown = gateway.ok("POST", "/control/demands", unknown).await;
    assert_eq!(unknown["fault"]["code"], "PPT_SERVIZIO_SCONOSCIUTO");
    for (wrong, told) in [
        (json!({"subject": "00001", "answers": {"a b": "1"}}), "a b"),
        (
            json!({"subject": "00001", "answers": {"a": ""}}),
            "1 to 140",
        ),
        (json!({"subject": "00001", "amont": 1}), "amont"),
    ] {
        let (status, said) = gateway.call("POST", "/control/demands", wrong).await;
        assert!(
            (400..500).contains(&status) && said.contains(told),
            "{said}"
        );
    }
    let other = json!({"legal_name": "Altro", "broker_tax_code": TOWN,
        "services": [{"subject": "00001", "service": "00007"}]});
    let path = "/control/creditors/80009990012";
    let (status, said) = gateway.call("PUT", path, other).await;
    assert_eq!(status, 409, "{said}");
}
