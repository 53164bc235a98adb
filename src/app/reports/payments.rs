//! Receipts one by one, and what they bring the creditor by accounting key.

use std::collections::BTreeMap;

use super::columns::{
    ARTICLE, CHAPTER, CLAIM, DEBTOR_NAME, DEBTOR_TAX_CODE, IUV, LINE_CODE, OWN_AMOUNT, PAID_AMOUNT,
    PAID_ON, PAYER_TAX_CODE, PLAN_CODE, RECEIPT_ID, SERVICE_CODE, TRANSFER, column, key_cells,
};
use super::{Cell, Column, ControlTotal, Desk, Error, PAGE, Period, Sink, Sum, Unit};
use crate::app::accounting::bookkeeping::{Bookkeeping, Charge, Explained, Filed};
use crate::domain::accounting::is_complete;
use crate::domain::money::Cents;
use crate::domain::reconciliation::LineKind;
use crate::store::receipts::lists;
use crate::store::{self, Conn};

pub(super) const RECEIPTS: &[Column] = &[
    PAID_ON,
    SERVICE_CODE.wide(14),
    column(
        "notice_number",
        Unit::Text,
        "Numero avviso",
        "Numero dell'avviso pagato",
    )
    .wide(18),
    IUV,
    RECEIPT_ID,
    DEBTOR_TAX_CODE,
    DEBTOR_NAME,
    PAYER_TAX_CODE,
    column("psp", Unit::Text, "PSP", "Chi ha incassato").wide(20),
    PAID_AMOUNT,
    OWN_AMOUNT,
    column(
        "fee",
        Unit::Cents,
        "Commissione",
        "Commissione del PSP, se comunicata",
    ),
    column(
        "anomaly",
        Unit::Text,
        "Anomalia",
        "Che cosa non torna, se qualcosa non torna",
    )
    .wide(16),
    column(
        "owed_back",
        Unit::Cents,
        "Da rimborsare",
        "Parte della quota dell'ente che non era dovuta e che l'ente non trattiene",
    ),
];

pub(super) const TRANSFERS: &[Column] = &[
    PAID_ON,
    SERVICE_CODE.wide(14),
    IUV,
    RECEIPT_ID,
    TRANSFER,
    column(
        "taxonomy",
        Unit::Text,
        "Tassonomia",
        "Codice tassonomico del versamento",
    )
    .wide(14),
    DEBTOR_TAX_CODE,
    DEBTOR_NAME,
    CHAPTER,
    ARTICLE,
    CLAIM,
    PLAN_CODE,
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Quota del versamento su questa chiave",
    ),
    column(
        "complete",
        Unit::Text,
        "Completa",
        "sì se le quote fanno il versamento e hanno tutte il capitolo",
    )
    .wide(8),
    LINE_CODE,
    column(
        "flow_row",
        Unit::Text,
        "Riga del flusso",
        "PSP/flusso/revisione/riga",
    )
    .wide(48),
    column(
        "provisional",
        Unit::Text,
        "Provvisorio",
        "Numero/anno del provvisorio di entrata",
    )
    .wide(11),
];

/// What is done with a page of receipts and what they charge for, by position.
type EachPage<'e> =
    dyn FnMut(&mut Conn, &[Filed], &BTreeMap<uuid::Uuid, Charge>) -> Result<(), Error> + 'e;

impl Desk<'_> {
    /// Every receipt of a period by day, notice and identifier, with what was charged.
    pub(super) fn each_receipt(
        &self,
        conn: &mut Conn,
        period: Period,
        each: &mut EachPage<'_>,
    ) -> Result<(), Error> {
        let books = Bookkeeping::load(conn, self.ctx, self.creditor)?;
        let mut after = (period.from, String::new(), String::new());
        loop {
            let mut page = lists::of_period(conn, self.creditor, period, &after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = lists::place(last);
            page.retain(|filed| self.wants(filed.service_code.as_deref().unwrap_or_default()));
            let charges = books.charges(conn, &page)?;
            each(conn, &page, &charges)?;
        }
    }

    pub(super) fn receipts(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut all, mut own, mut fees) = (
            Sum::new("Ricevute"),
            Sum::new("Di cui dell'ente"),
            Sum::new("Commissioni"),
        );
        self.each_receipt(conn, period, &mut |_, page, _| {
            for filed in page {
                let receipt = &filed.receipt;
                let mine = receipt
                    .transfers
                    .iter()
                    .filter(|t| t.is_own_of(self.creditor));
                let mine = Cents::sum(mine.map(|transfer| transfer.amount))?;
                all.add(1, receipt.amount)?;
                own.add(1, mine)?;
                fees.add(
                    receipt.fee.map_or(0, |_| 1),
                    receipt.fee.unwrap_or(Cents::ZERO),
                )?;
                let payer = receipt.payer.as_ref();
                sink(vec![
                    Cell::Day(filed.paid_on),
                    Cell::Text(filed.service_code.clone().unwrap_or_default()),
                    Cell::Text(receipt.notice_number.to_string()),
                    Cell::Text(receipt.iuv.to_string()),
                    Cell::Text(receipt.receipt_id.clone()),
                    Cell::Text(receipt.debtor.tax_code.to_string()),
                    Cell::Text(receipt.debtor.full_name.clone()),
                    payer.map_or(Cell::Empty, |payer| Cell::Text(payer.tax_code.to_string())),
                    Cell::Text(receipt.psp.name.clone()),
                    Cell::Cents(receipt.amount),
                    Cell::Cents(mine),
                    receipt.fee.map_or(Cell::Empty, Cell::Cents),
                    filed
                        .anomaly
                        .map_or(Cell::Empty, |anomaly| anomaly.as_str().into()),
                    Cell::Cents(filed.goes_back()?),
                ])?;
            }
            Ok(())
        })?;
        Ok(vec![all.total(), own.total(), fees.total()])
    }

    pub(super) fn transfers(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut all, mut incomplete) = (
            Sum::new("Versamenti all'ente"),
            Sum::new("Senza chiave contabile completa"),
        );
        let mut provisionals = BTreeMap::new();
        let books = Bookkeeping::load(conn, self.ctx, self.creditor)?;
        self.each_receipt(conn, period, &mut |conn, page, charges| {
            let mut parts = Vec::new();
            for filed in page {
                let charge = filed.position_id.and_then(|id| charges.get(&id));
                parts.extend(books.own_parts(filed, charge)?);
            }
            let codes = self.codes(conn, &parts)?;
            for part in &parts {
                let complete = is_complete(part.amount, &part.quotas);
                all.add(1, part.amount)?;
                if !complete {
                    incomplete.add(1, part.amount)?;
                }
                let found = codes.get(&line_key(part));
                let credit = found.and_then(|filed| first(filed, "credits"));
                let provisional = match credit {
                    Some(key) => self.provisional(conn, &mut provisionals, key)?,
                    None => String::new(),
                };
                transfer_rows(part, (complete, found, &provisional), sink)?;
            }
            Ok(())
        })?;
        Ok(vec![all.total(), incomplete.total()])
    }

    /// Where parts of receipts have ended, by `receipt/transfer`.
    fn codes(
        &self,
        conn: &mut Conn,
        parts: &[Explained<'_>],
    ) -> Result<BTreeMap<String, store::reconciliation::Filed>, Error> {
        let keys: Vec<String> = parts.iter().map(line_key).collect();
        let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
        let found =
            store::reconciliation::of_lines(conn, self.creditor, LineKind::Receipt, &asked)?;
        Ok(found
            .into_iter()
            .map(|filed| (filed.line.key.clone(), filed))
            .collect())
    }

    /// `number/year` of the provisional credit of a treasury entry, which many payments share.
    fn provisional(
        &self,
        conn: &mut Conn,
        known: &mut BTreeMap<String, String>,
        key: &str,
    ) -> Result<String, Error> {
        if let Some(found) = known.get(key) {
            return Ok(found.clone());
        }
        let mut parts = key.splitn(3, '/');
        let year = parts.next().and_then(|year| year.parse::<i32>().ok());
        let place = year.zip(parts.next()).zip(parts.next());
        let entry = match place {
            Some(((year, account), number)) => {
                store::treasury::find(conn, self.creditor, (year, account, number))?
            }
            None => None,
        };
        let number = entry.and_then(|entry| {
            let movement = entry.movement;
            let number = movement.provisional?;
            Some(format!("{number}/{}", movement.year))
        });
        let number = number.unwrap_or_default();
        known.insert(key.to_owned(), number.clone());
        Ok(number)
    }
}

/// The first fact of a kind behind a code.
fn first<'a>(filed: &'a store::reconciliation::Filed, facts: &str) -> Option<&'a str> {
    let inputs = filed.verdict.explanation.get("inputs")?;
    inputs.get(facts)?.get(0)?.as_str()
}

/// `receipt/transfer`: what reconciliation knows a part of a receipt by.
fn line_key(part: &Explained<'_>) -> String {
    let receipt = part.receipt.map(|filed| filed.receipt.receipt_id.as_str());
    format!("{}/{}", receipt.unwrap_or_default(), part.transfer)
}

fn transfer_rows(
    part: &Explained<'_>,
    (complete, found, provisional): (bool, Option<&store::reconciliation::Filed>, &str),
    sink: &mut Sink<'_>,
) -> Result<(), Error> {
    let Some(filed) = part.receipt else {
        return Ok(());
    };
    let receipt = &filed.receipt;
    let of_index = |index: u8| i32::from(index) == part.transfer;
    let transfer = receipt.transfers.iter().find(|one| of_index(one.index));
    let taxonomy = transfer.map(|one| one.taxonomy.clone()).unwrap_or_default();
    let flow_row = found.and_then(|filed| first(filed, "flow_lines"));
    for quota in &part.quotas {
        let mut row = vec![
            Cell::Day(filed.paid_on),
            Cell::Text(part.service_code().to_owned()),
            Cell::Text(receipt.iuv.to_string()),
            Cell::Text(receipt.receipt_id.clone()),
            Cell::Count(part.transfer.into()),
            Cell::Text(taxonomy.clone()),
            Cell::Text(receipt.debtor.tax_code.to_string()),
            Cell::Text(receipt.debtor.full_name.clone()),
        ];
        row.extend(key_cells(quota.key.as_ref()));
        row.extend([
            Cell::Cents(quota.amount),
            (if complete { "sì" } else { "no" }).into(),
            found.map_or(Cell::Empty, |filed| filed.verdict.code.as_str().into()),
            flow_row.map_or(Cell::Empty, Cell::from),
            Cell::Text(provisional.to_owned()),
        ]);
        sink(row)?;
    }
    Ok(())
}
