//! The node as tests play it: templates of `fixtures/soap`, filled and sent to the engine's SOAP door.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{App, test};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::events::Event;
use quick_xml::{Reader, Writer};

use crate::app::{BROKER, STATION, TOWN, TestApp};
use crate::database::variable;
use crate::xsd::Schemas;

/// The namespace of the newest schema.
pub(crate) const NAMESPACE: &str = "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd";

/// A message of the node before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    template: String,
    values: BTreeMap<String, String>,
    transfers: Vec<Transfer>,
}

/// One part of a receipt.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) amount: String,
    pub(crate) beneficiary: String,
    pub(crate) iban: String,
    /// Base64 of a digital stamp; such a transfer has no account.
    pub(crate) stamp: Option<String>,
    pub(crate) category: String,
}

/// What the door answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

pub(crate) fn template(name: &str) -> String {
    std::fs::read_to_string(format!("fixtures/soap/{name}.xml")).unwrap()
}

impl Message {
    /// The message of this template, from the town's station.
    pub(crate) fn new(operation: &str) -> Message {
        let message = Message {
            template: template(operation),
            values: BTreeMap::new(),
            transfers: Vec::new(),
        };
        message
            .with("namespace", NAMESPACE)
            .with("id_pa", TOWN)
            .with("id_broker_pa", BROKER)
            .with("id_station", STATION)
            .with("fiscal_code", TOWN)
    }

    pub(crate) fn verify(number: &str) -> Message {
        Message::new("paVerifyPaymentNotice").with("notice_number", number)
    }

    pub(crate) fn get_payment(number: &str) -> Message {
        Message::new("paGetPayment").with("notice_number", number)
    }

    pub(crate) fn get_payment_v2(number: &str) -> Message {
        Message::new("paGetPaymentV2").with("notice_number", number)
    }

    /// A receipt as the node would send it after this answer of [`Message::get_payment_v2`].
    pub(crate) fn send_rt(operation: &str, number: &str, id: &str, payment: &Answer) -> Message {
        let transfers = payment
            .all("transfer")
            .into_iter()
            .map(|transfer| Transfer {
                id: element(&transfer, "idTransfer").unwrap(),
                amount: element(&transfer, "transferAmount").unwrap(),
                beneficiary: element(&transfer, "fiscalCodePA").unwrap(),
                iban: element(&transfer, "IBAN").unwrap_or_default(),
                stamp: element(&transfer, "hashDocumento").map(|hash| stamp_for(&hash)),
                category: element(&transfer, "transferCategory").unwrap(),
            });
        let mut message = Message::new(operation)
            .with("receipt_id", id)
            .with("notice_number", number)
            .with("outcome", "OK")
            .with("iuv", &payment.value("creditorReferenceId"))
            .with("amount", &payment.value("paymentAmount"))
            .with("description", "TARI 2026")
            .with("company_name", "Comune di Avezzano")
            .with("debtor_type", "F")
            .with("debtor_code", "RSSMRA85T10A562S")
            .with("debtor_name", "Mario Rossi")
            .with("id_psp", "AGID_01")
            .with("psp_fiscal_code", "97735020584")
            .with("psp_name", "Banca di prova")
            .with("id_channel", "97735020584_03")
            .with("channel_description", "app")
            .with("payment_method", "creditCard")
            .with("fee", "1.50")
            .with("payment_date_time", "2026-04-01T10:15:00")
            .with("application_date", "2026-04-01")
            .with("transfer_date", "2026-04-02");
        message.transfers = transfers.collect();
        message
    }

    /// Fills a placeholder; what is not filled is left out.
    pub(crate) fn with(mut self, placeholder: &str, value: &str) -> Message {
        self.values.insert(placeholder.to_owned(), value.to_owned());
        self
    }

    /// Leaves an optional element out.
    pub(crate) fn without(mut self, placeholder: &str) -> Message {
        self.values.remove(placeholder);
        self
    }

    /// Changes the parts of a receipt.
    pub(crate) fn with_transfers(mut self, change: impl FnOnce(&mut Vec<Transfer>)) -> Message {
        change(&mut self.transfers);
        self
    }

    /// The bytes.
    pub(crate) fn text(&self) -> String {
        let version = if self.template.contains("paSendRTV2") {
            "transferV2"
        } else {
            "transfer"
        };
        let transfers: Vec<String> = self
            .transfers
            .iter()
            .map(|transfer| {
                let version = match transfer.stamp {
                    Some(_) => "transferV2Stamp",
                    None => version,
                };
                let values = BTreeMap::from([
                    ("id_transfer".to_owned(), transfer.id.clone()),
                    ("transfer_amount".to_owned(), transfer.amount.clone()),
                    (
                        "transfer_fiscal_code".to_owned(),
                        transfer.beneficiary.clone(),
                    ),
                    ("transfer_company_name".to_owned(), "Comune".to_owned()),
                    ("iban".to_owned(), transfer.iban.clone()),
                    (
                        "stamp_base64".to_owned(),
                        transfer.stamp.clone().unwrap_or_default(),
                    ),
                    (
                        "remittance_information".to_owned(),
                        "/RFB/0/1.00".to_owned(),
                    ),
                    ("transfer_category".to_owned(), transfer.category.clone()),
                ]);
                fill(&template(version), &values)
            })
            .collect();
        let mut values = self.values.clone();
        values.insert("transfers".to_owned(), transfers.join("\n"));
        fill(&self.template, &values)
    }

    /// Sends it.
    pub(crate) async fn send(&self, app: &TestApp) -> Answer {
        send(app, self.text()).await
    }
}

/// The document of a stamp in base64, as short as it can be told apart.
pub(crate) fn stamp_for(hash: &str) -> String {
    STANDARD.encode(format!("<marcaDaBollo>{hash}</marcaDaBollo>"))
}

/// Fills placeholders, drops lines with unfilled ones, then elements that are left empty.
fn fill(template: &str, values: &BTreeMap<String, String>) -> String {
    let mut text = template.to_owned();
    for (placeholder, value) in values {
        text = text.replace(&format!("{{{{{placeholder}}}}}"), value);
    }
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.contains("{{")).collect();
    while let Some(at) = lines.windows(2).position(|pair| {
        let (open, close) = (pair[0].trim(), pair[1].trim());
        let name = close.strip_prefix("</").unwrap_or("-");
        !name.starts_with("transferList") && open.strip_prefix('<') == Some(name)
    }) {
        lines.drain(at..at + 2);
    }
    lines.join("\n")
}

/// Sends bytes to the door.
pub(crate) async fn send(app: &TestApp, body: impl Into<actix_web::web::Bytes>) -> Answer {
    let ctx = app.ctx.clone();
    let service = App::new().configure(|cfg| avviso::node::configure(cfg, &ctx));
    let service = test::init_service(service).await;
    let request = test::TestRequest::post()
        .uri("/node")
        .insert_header(("content-type", "text/xml; charset=utf-8"))
        .insert_header(("SOAPAction", "paVerifyPaymentNotice"))
        .set_payload(body);
    let response = test::call_service(&service, request.to_request()).await;
    let status = response.status();
    let body = test::read_body(response).await;
    let answer = Answer {
        status,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    if let Some(folder) = variable("PAGOPA_SCHEMAS") {
        let faults = Schemas::at(&folder).faults(&answer.body);
        assert_eq!(faults, Vec::<String>::new(), "{}", answer.pretty());
    }
    answer
}

impl Answer {
    /// Text of the first element with this name.
    pub(crate) fn value(&self, name: &str) -> String {
        let found = element(&self.body, name);
        found.unwrap_or_else(|| panic!("no {name} in {}", self.pretty()))
    }

    /// Inner text of every element with this name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut found = Vec::new();
        let mut rest = self.body.as_str();
        while let Some((_, after)) = rest.split_once(&open) {
            let (inner, next) = after.split_once(&close).unwrap();
            found.push(inner.to_owned());
            rest = next;
        }
        found
    }

    /// `OK`, or the code of the fault.
    pub(crate) fn outcome(&self) -> String {
        element(&self.body, "faultCode").unwrap_or_else(|| self.value("outcome"))
    }

    /// Indented, for snapshots and messages.
    pub(crate) fn pretty(&self) -> String {
        let mut reader = Reader::from_str(&self.body);
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => break,
                Ok(Event::Text(text)) if text.trim().is_empty() => {}
                Ok(event) => writer.write_event(event).unwrap(),
                Err(error) => panic!("{error} in {}", self.body),
            }
        }
        format!(
            "HTTP {}\n{}",
            self.status.as_u16(),
            String::from_utf8(writer.into_inner()).unwrap()
        )
    }
}

/// Text of the first element with this name.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, after) = xml.split_once(&format!("<{name}>"))?;
    let (inner, _) = after.split_once(&format!("</{name}>"))?;
    Some(inner.to_owned())
}

/// Compares an answer with the snapshot of this name; both databases share it.
pub(crate) fn check(name: &str, answer: &Answer) {
    check_text(name, &answer.pretty());
}

/// Compares a text with the snapshot of this name.
pub(crate) fn check_text(name: &str, text: &str) {
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}
