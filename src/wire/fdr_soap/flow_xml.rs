//! `FlussoRiversamento`, versions 1.0 and 1.1, row by row.
//!
//! More is taken than the schema allows: every outcome that providers write, rows without an index, a minus
//! sign before a revoked amount. Totals are as declared; whether they are right is not ours to say.

use std::collections::BTreeMap;

use super::{Clock, Element, Error, Part, instant, parts, psp_of, text, value};
use crate::wire::amount::digits;
use crate::wire::fdr_rest::{FlowHeader, FlowPayment, PayStatus, Receiver, Sender, cents_of_text};
use crate::wire::giornale::{Rule, decode};
use crate::wire::text::fit;
use crate::wire::time;

const ROOT: &str = "FlussoRiversamento";
const ROW: &str = "datiSingoliPagamenti";

const AMOUNT: &str = "an amount in euro with at most two decimals";
const COUNT: &str = "a number from 0";
const DATE: &str = "a date as 2026-12-31";
const INDEX: &str = "a number from 1 to 5";

const SENDER: &str = "istitutoMittente/identificativoUnivocoMittente";
const RECEIVER: &str = "istitutoRicevente/identificativoUnivocoRicevente";

/// A whole flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Its head.
    pub header: FlowHeader,
    /// Its rows, in the order of the document.
    pub payments: Vec<FlowPayment>,
}

/// Reads a flow. The document does not say which revision it is, and may say times without an offset.
///
/// # Errors
/// [`Error`], naming the element. A flow is read whole or not at all: without one of its rows it would be
/// another flow.
pub fn flow(document: &[u8], revision: i64, clock: Clock) -> Result<Flow, Error> {
    let decoded = decode(document.to_vec(), None).ok_or(Rule::NotUtf8)?;
    let mut parts = parts(decoded.as_bytes())?;
    if parts.root()? != ROOT {
        return Err(Error::OtherDocument(ROOT));
    }
    let mut head = Head(BTreeMap::new());
    let mut payments = Vec::new();
    while let Some(part) = parts.next(&|name| name == ROW)? {
        match part {
            Part::Entry(_, Some(rule)) => return Err(rule.into()),
            Part::Entry(row, None) => payments.push(payment(payments.len(), &row)?),
            Part::Around(path, text) => head.take(&path, text),
        }
    }
    let header = head.read(revision, clock)?;
    Ok(Flow { header, payments })
}

/// Texts by the names of their elements below the root.
struct Head(BTreeMap<String, String>);

impl Head {
    /// The first of a name counts.
    fn take(&mut self, path: &[String], text: String) {
        if let Some((_, names)) = path.split_first()
            && !text.is_empty()
        {
            self.0.entry(names.join("/")).or_insert(text);
        }
    }

    fn text(&self, path: &str) -> Result<String, Error> {
        text(path, self.0.get(path).map(String::as_str))
    }

    fn optional(&self, path: &str) -> Option<String> {
        self.0
            .get(path)
            .map(|text| fit(text, super::TEXT_CHARS_MAX))
    }

    fn read(&self, revision: i64, clock: Clock) -> Result<FlowHeader, Error> {
        let flow_id = self.text("identificativoFlusso")?;
        let made = "dataOraFlusso";
        let (on, count, sum) = (
            "dataRegolamento",
            "numeroTotalePagamenti",
            "importoTotalePagamenti",
        );
        let sender = self.text(&format!("{SENDER}/codiceIdentificativoUnivoco"))?;
        Ok(FlowHeader {
            flow_at: instant(made, &self.text(made)?, clock)?,
            revision,
            status: None,
            published_at: None,
            regulation: self.text("identificativoUnivocoRegolamento")?,
            regulation_on: time::date(&self.text(on)?).ok_or_else(|| value(on, DATE))?,
            bic_pouring_bank: self.optional("codiceBicBancaDiRiversamento"),
            sender: Sender {
                kind: self
                    .optional(&format!("{SENDER}/tipoIdentificativoUnivoco"))
                    .map(kind),
                psp_id: psp_of(&flow_id).unwrap_or(&sender).to_owned(),
                id: Some(sender),
                psp_name: self.optional("istitutoMittente/denominazioneMittente"),
                broker_id: None,
                channel_id: None,
            },
            receiver: Receiver {
                id: None,
                organization_id: self.text(&format!("{RECEIVER}/codiceIdentificativoUnivoco"))?,
                organization_name: self.optional("istitutoRicevente/denominazioneRicevente"),
            },
            payments_count: digits(&self.text(count)?).ok_or_else(|| value(count, COUNT))?,
            payments_cents: cents(&self.text(sum)?).ok_or_else(|| value(sum, AMOUNT))?,
            computed_count: None,
            computed_cents: None,
            flow_id,
        })
    }
}

/// The kind of a sender, in the words of the REST interface.
fn kind(code: String) -> String {
    match code.as_str() {
        "G" => "LEGAL_PERSON".to_owned(),
        "A" => "ABI_CODE".to_owned(),
        "B" => "BIC_CODE".to_owned(),
        _ => code,
    }
}

fn payment(place: usize, row: &Element) -> Result<FlowPayment, Error> {
    let at = |name: &str| format!("{ROW}[{place}].{name}");
    let read = |name: &str| text(&at(name), row.text_at(&[name]));
    let (pay, on, index) = (
        "singoloImportoPagato",
        "dataEsitoSingoloPagamento",
        "indiceDatiSingoloPagamento",
    );
    let id_transfer = match row.text_at(&[index]) {
        None => 1,
        Some(text) => digits(text)
            .and_then(|number| u8::try_from(number).ok())
            .filter(|number| (1..=5).contains(number))
            .ok_or_else(|| value(&at(index), INDEX))?,
    };
    Ok(FlowPayment {
        index: i64::try_from(place).unwrap_or(i64::MAX).saturating_add(1),
        iuv: read("identificativoUnivocoVersamento")?,
        iur: read("identificativoUnivocoRiscossione")?,
        id_transfer,
        pay_cents: cents(&read(pay)?).ok_or_else(|| value(&at(pay), AMOUNT))?,
        status: outcome(&read("codiceEsitoSingoloPagamento")?),
        // The first moment of a bare date, as the REST interface's reader takes it.
        paid_at: time::date(&read(on)?)
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|at| at.and_utc())
            .ok_or_else(|| value(&at(on), DATE))?,
    })
}

/// Euro with a point; the exponents of JSON are none of XML's.
fn cents(text: &str) -> Option<i64> {
    if text.contains(['e', 'E']) {
        return None;
    }
    cents_of_text(text)
}

fn outcome(code: &str) -> PayStatus {
    match code {
        "0" => PayStatus::Executed,
        "3" => PayStatus::Revoked,
        "4" => PayStatus::StandIn,
        "8" => PayStatus::StandInNoRpt,
        "9" => PayStatus::NoRpt,
        newer => PayStatus::Other(fit(newer, 35)),
    }
}
