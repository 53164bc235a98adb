//! The SOAP door for reporting flows: the same flows as by REST.

use actix_web::{App as Actix, test};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Gateway;
use super::station::{Station, TOWN};
use crate::flow_door;
use crate::messages::tests::{assert_valid, assert_valid_flow};

impl Gateway {
    async fn flows(&self, root: &str, station: &str, content: &str) -> String {
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
             <p:{root} xmlns:p=\"http://ws.pagamenti.telematici.gov/\">\
             <identificativoIntermediarioPA>{TOWN}</identificativoIntermediarioPA>\
             <identificativoStazioneIntermediarioPA>{station}</identificativoStazioneIntermediarioPA>\
             <password>password</password>{content}</p:{root}></e:Body></e:Envelope>"
        );
        assert_valid(&body);
        let service = Actix::new()
            .app_data(self.app.clone())
            .service(flow_door::scope());
        let service = test::init_service(service).await;
        let request = test::TestRequest::post()
            .uri("/node-for-pa/v1")
            .set_payload(body);
        let answer = test::call_service(&service, request.to_request()).await;
        let body = test::read_body(answer).await.to_vec();
        let answer = String::from_utf8(body).unwrap();
        assert_valid(&answer);
        answer
    }
}

fn text<'a>(answer: &'a str, name: &str) -> &'a str {
    let after = answer.split(&format!("<{name}>")).nth(1);
    after.map_or("", |rest| rest.split('<').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_listed_and_read_by_soap() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    let (list, fetch) = (
        "nodoChiediElencoFlussiRendicontazione",
        "nodoChiediFlussoRendicontazione",
    );
    let own = format!("{TOWN}_01");
    let none = gateway.flows(list, &own, "").await;
    assert_eq!(text(&none, "totRestituiti"), "0");
    for number in ["301000000000000501", "301000000000000502"] {
        let body = json!({"creditor": TOWN, "notice_number": number, "psp": "MNTDIT51XXX", "on": "2026-03-02"});
        gateway.ok("POST", "/control/payments", body).await;
    }
    for day in ["2026-03-02", "2026-03-03", "2026-03-04"] {
        gateway
            .ok("POST", "/control/days", json!({"date": day}))
            .await;
    }
    let domain = format!("<identificativoDominio>{TOWN}</identificativoDominio>");
    let listed = gateway.flows(list, &own, &domain).await;
    let id = text(&listed, "identificativoFlusso");
    assert_eq!(
        (text(&listed, "totRestituiti"), id),
        ("1", "2026-03-03MNTDIT51XXX-000000001")
    );
    let ask = format!("{domain}<identificativoFlusso>{id}</identificativoFlusso>");
    let fetched = gateway.flows(fetch, &own, &ask).await;
    let flow = STANDARD
        .decode(text(&fetched, "xmlRendicontazione"))
        .unwrap();
    let flow = String::from_utf8(flow).unwrap();
    assert_valid_flow(&flow);
    assert_eq!(text(&flow, "dataOraFlusso"), text(&listed, "dataOraFlusso"));
    assert_eq!(text(&flow, "importoTotalePagamenti"), "200.00");
    assert_eq!(
        flow.matches("<codiceEsitoSingoloPagamento>0<").count(),
        2,
        "{flow}"
    );
    let ask = "<identificativoFlusso>2026-03-03NONE-1</identificativoFlusso>";
    let unknown = gateway.flows(fetch, &own, ask).await;
    assert_eq!(text(&unknown, "faultCode"), "PPT_ID_FLUSSO_SCONOSCIUTO");
    let stranger = gateway.flows(list, "99999999999_01", "").await;
    assert_eq!(
        text(&stranger, "faultCode"),
        "PPT_STAZIONE_INT_PA_SCONOSCIUTA"
    );
    let elsewhere = "<identificativoDominio>99999999990</identificativoDominio>";
    let elsewhere = gateway.flows(list, &own, elsewhere).await;
    assert_eq!(text(&elsewhere, "faultCode"), "PPT_DOMINIO_SCONOSCIUTO");
}
