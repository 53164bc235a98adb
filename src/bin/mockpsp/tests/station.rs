//! A creditor that knows every notice: 100.00 to the town and 5.00 to the province.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};

pub(crate) const TOWN: &str = "80001230456";
/// The notice that it makes for every demand.
pub(crate) const DEMANDED: &str = "301000000000000777";
pub(crate) const PROVINCE: &str = "80009990012";

#[derive(Default)]
struct Inner {
    receipts: Mutex<Vec<String>>,
    refusals: Mutex<HashMap<String, String>>,
    failures: AtomicU32,
    down: AtomicBool,
}

pub(crate) struct Station {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

impl Station {
    pub(crate) fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let data = Data::from(Arc::clone(&inner));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/soap", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, inner }
    }

    pub(crate) fn refuse(&self, notice_number: &str, code: &str) {
        self.inner
            .refusals
            .lock()
            .unwrap()
            .insert(notice_number.into(), code.into());
    }

    pub(crate) fn be_down(&self, down: bool) {
        self.inner.down.store(down, Ordering::Relaxed);
    }

    /// The next `count` calls are answered 503, after their effect.
    pub(crate) fn fail_next(&self, count: u32) {
        self.inner.failures.store(count, Ordering::Relaxed);
    }

    pub(crate) fn take_receipts(&self) -> Vec<String> {
        std::mem::take(&mut *self.inner.receipts.lock().unwrap())
    }

    pub(crate) fn receipt_ids(&self) -> Vec<String> {
        self.inner
            .receipts
            .lock()
            .unwrap()
            .iter()
            .map(|body| between(body, "<receiptId>"))
            .collect()
    }
}

async fn answer(inner: Data<Inner>, body: String) -> HttpResponse {
    // A demand names no notice; it is refused as the one that it would make.
    let notice_number = match between(&body, "<noticeNumber>") {
        none if none.is_empty() => DEMANDED.to_owned(),
        named => named,
    };
    let is_receipt = body.contains("<pafn:paSendRT");
    if is_receipt {
        inner.receipts.lock().unwrap().push(body.clone());
    }
    let fails = inner
        .failures
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok();
    if fails || inner.down.load(Ordering::Relaxed) {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let (root, rest) = if body.contains("paDemandPaymentNoticeRequest") {
        let shown = shown();
        let rest = format!(
            "<qrCode><fiscalCode>{TOWN}</fiscalCode><noticeNumber>{DEMANDED}</noticeNumber></qrCode>{shown}"
        );
        ("paDemandPaymentNoticeResponse", rest)
    } else if body.contains("paVerifyPaymentNoticeReq") {
        ("paVerifyPaymentNoticeRes", shown())
    } else if body.contains("<pafn:paGetPaymentV2Request>") {
        ("paGetPaymentV2Response", payment(&notice_number))
    } else if body.contains("<pafn:paGetPaymentReq>") {
        ("paGetPaymentRes", payment(&notice_number))
    } else if body.contains("<pafn:paSendRTV2Request>") {
        ("paSendRTV2Response", String::new())
    } else {
        ("paSendRTRes", String::new())
    };
    let refusal = inner
        .refusals
        .lock()
        .unwrap()
        .get(&notice_number)
        .filter(|_| !is_receipt)
        .cloned();
    let content = match refusal {
        Some(code) => format!(
            "<outcome>KO</outcome><fault><faultCode>{code}</faultCode><faultString>no</faultString><id>{TOWN}</id></fault>"
        ),
        None => format!("<outcome>OK</outcome>{rest}"),
    };
    HttpResponse::Ok().content_type("text/xml").body(format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><p:{root} xmlns:p="http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd">{content}</p:{root}></s:Body></s:Envelope>"#
    ))
}

fn shown() -> String {
    format!(
        "<paymentList><paymentOptionDescription><amount>105.00</amount><options>EQ</options><allCCP>false</allCCP></paymentOptionDescription></paymentList><paymentDescription>TARI</paymentDescription><fiscalCodePA>{TOWN}</fiscalCodePA><companyName>Comune di Roccaverde</companyName>"
    )
}

fn payment(notice_number: &str) -> String {
    let transfer = |n: u8, amount: &str, org: &str, iban: &str| {
        format!(
            "<transfer><idTransfer>{n}</idTransfer><transferAmount>{amount}</transferAmount><fiscalCodePA>{org}</fiscalCodePA><IBAN>{iban}</IBAN><remittanceInformation>TARI</remittanceInformation><transferCategory>9/0101002IM/</transferCategory></transfer>"
        )
    };
    format!(
        "<data><creditorReferenceId>{}</creditorReferenceId><paymentAmount>105.00</paymentAmount><dueDate>2026-04-30</dueDate><description>TARI</description><companyName>Comune di Roccaverde</companyName><debtor><uniqueIdentifier><entityUniqueIdentifierType>F</entityUniqueIdentifierType><entityUniqueIdentifierValue>RSSMRA80A01H501U</entityUniqueIdentifierValue></uniqueIdentifier><fullName>Mario Rossi</fullName></debtor><transferList>{}{}</transferList></data>",
        notice_number.strip_prefix('3').unwrap(),
        transfer(1, "100.00", TOWN, "IT60X0542811101000000123456"),
        transfer(2, "5.00", PROVINCE, "IT28W8000000292100645211208"),
    )
}

fn between(body: &str, open: &str) -> String {
    let close = open.replace('<', "</");
    let rest = body
        .split_once(open)
        .map(|(_, rest)| rest)
        .unwrap_or_default();
    rest.split_once(&close)
        .map(|(text, _)| text)
        .unwrap_or_default()
        .into()
}
