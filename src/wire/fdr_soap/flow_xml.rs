//! `FlussoRiversamento`, versions 1.0 and 1.1, row by row.
//!
//! More is taken than the schema allows: every outcome that providers write, rows without an index, a minus
//! sign before a revoked amount. Totals are as declared; whether they are right is not ours to say.

use std::collections::BTreeMap;

use super::{Clock, Element, Error, Part, instant, parts, psp_of, text, unread, value};
use crate::wire::amount::digits;
use crate::wire::fdr_rest::{
    AMOUNT, COUNT, COUNT_MAX, DATE, Flow, FlowHeader, FlowPayment, INDEX, PayStatus, REFERENCE,
    Receiver, Sender, cents_of_text, is_reference,
};
use crate::wire::giornale::{Rule, decode};
use crate::wire::text::{fit, fit_optional};
use crate::wire::time;

const ROOT: &str = "FlussoRiversamento";
const ROW: &str = "datiSingoliPagamenti";

const SENDER: &str = "istitutoMittente/identificativoUnivocoMittente";
const RECEIVER: &str = "istitutoRicevente/identificativoUnivocoRicevente";

/// Reads a flow. The document does not say which revision it is, and may say times without an offset.
///
/// # Errors
/// [`Error`] of its head or of the document; that of a row stands in its place.
pub fn flow(document: &[u8], revision: i64, clock: Clock) -> Result<Flow<Error>, Error> {
    let decoded = decode(document, None).ok_or(Rule::NotUtf8)?;
    let mut parts = parts(decoded.as_bytes())?;
    if parts.root()? != ROOT {
        return Err(Error::OtherDocument(ROOT));
    }
    let mut head = Head(BTreeMap::new());
    let mut payments = Vec::new();
    while let Some(part) = parts.next(&|name| name == ROW)? {
        match part {
            Part::Entry(row, broken) => {
                let read = match broken {
                    Some(rule) => Err(rule.into()),
                    None => payment(payments.len(), &row),
                };
                payments.push(read.map_err(|error| unread(&row, error)));
            }
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
            .and_then(|text| fit_optional(text, super::TEXT_CHARS_MAX))
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
            regulation: self
                .optional("identificativoUnivocoRegolamento")
                .unwrap_or_default(),
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
            payments_count: digits(&self.text(count)?)
                .filter(|count| *count <= COUNT_MAX)
                .ok_or_else(|| value(count, COUNT))?,
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
    let (iuv, pay, on, index) = (
        "identificativoUnivocoVersamento",
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
        iuv: row
            .text_at(&[iuv])
            .and_then(is_reference)
            .ok_or_else(|| value(&at(iuv), REFERENCE))?,
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
