//! Flows and movements on the accounts, one by one.

use uuid::Uuid;

use super::columns::{FLOW_ID, LINE_CODE, PSP_ID, column};
use super::flows::CashOf;
use super::{Cell, Column, ControlTotal, Desk, Error, PAGE, Period, Sink, Sum, Unit};
use crate::domain::money::Cents;
use crate::domain::reconciliation::LineKind;
use crate::domain::treasury::{Direction, Operation};
use crate::store::{self, Conn};

pub(super) const SETTLEMENT_FLOWS: &[Column] = &[
    column(
        "regulation_on",
        Unit::Day,
        "Regolamento",
        "Giorno del bonifico del PSP",
    ),
    PSP_ID,
    FLOW_ID,
    column(
        "revision",
        Unit::Count,
        "Rev.",
        "Versione del flusso in vigore",
    )
    .wide(4),
    column(
        "regulation",
        Unit::Text,
        "Riferimento",
        "TRN o CRO dichiarato dal PSP",
    )
    .wide(18),
    column(
        "declared_rows",
        Unit::Count,
        "Righe dich.",
        "Numero di righe dichiarato",
    ),
    column(
        "declared",
        Unit::Cents,
        "Dichiarato",
        "Somma dichiarata dal PSP",
    ),
    column("rows", Unit::Count, "Righe", "Numero di righe"),
    column("computed", Unit::Cents, "Somma righe", "Somma delle righe"),
    column(
        "cash",
        Unit::Cents,
        "Incassato",
        "Somma dei movimenti di tesoreria abbinati",
    ),
    column(
        "missing",
        Unit::Cents,
        "Differenza",
        "Somma delle righe meno incassato",
    ),
    column(
        "credits",
        Unit::Text,
        "Movimenti",
        "Movimenti abbinati: anno/conto/numero",
    )
    .wide(24),
];

pub(super) const TREASURY_ENTRIES: &[Column] = &[
    column("booked_on", Unit::Day, "Data", "Giorno del movimento"),
    column("value_on", Unit::Day, "Valuta", "Giorno di valuta"),
    column("year", Unit::Text, "Esercizio", "Esercizio finanziario").wide(5),
    column("account", Unit::Text, "Conto", "Conto evidenza o IBAN").wide(16),
    column(
        "number",
        Unit::Text,
        "Numero",
        "Numero del movimento o riferimento della banca",
    )
    .wide(12),
    column(
        "provisional",
        Unit::Text,
        "Provvisorio",
        "Numero del provvisorio",
    )
    .wide(10),
    column("direction", Unit::Text, "Verso", "entrata o uscita").wide(7),
    column(
        "operation",
        Unit::Text,
        "Operazione",
        "eseguito, stornato, regolarizzato, ripristinato",
    )
    .wide(13),
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Effetto sul conto, negativo per uscite e storni",
    ),
    column("payer", Unit::Text, "Ordinante", "Chi ha versato").wide(20),
    column("remittance", Unit::Text, "Causale", "Testo del bonifico").wide(40),
    column(
        "bank_reference",
        Unit::Text,
        "TRN",
        "Riferimento della banca",
    )
    .wide(18),
    column("flow_key", Unit::Text, "Flusso", "Flusso abbinato").wide(24),
    LINE_CODE,
];

impl Desk<'_> {
    pub(super) fn settlement_flows(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut declared, mut computed, mut cash) = (
            Sum::new("Dichiarato dai flussi"),
            Sum::new("Somma delle righe"),
            Sum::new("Incassato in tesoreria"),
        );
        let mut after = (period.from, String::new(), Uuid::nil());
        loop {
            let page = store::reports::flows(conn, self.creditor, period, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = store::reports::flow_place(last);
            let cash_of = CashOf::load(self, conn, &page)?;
            for flow in &page {
                let header = &flow.header;
                let found = cash_of.of(flow);
                let sum = Cents::sum(found.iter().map(|entry| entry.movement.effect()))?;
                let keys: Vec<String> = found.iter().map(|entry| entry.movement.key()).collect();
                declared.add(1, header.declared_sum)?;
                computed.add(1, flow.totals.sum)?;
                cash.add(i64::try_from(found.len()).unwrap_or(i64::MAX), sum)?;
                sink(vec![
                    Cell::Day(header.regulation_on),
                    Cell::Text(header.psp_id.clone()),
                    Cell::Text(header.flow_id.clone()),
                    Cell::Count(header.revision),
                    Cell::Text(header.regulation.clone()),
                    Cell::Count(header.declared_count),
                    Cell::Cents(header.declared_sum),
                    Cell::Count(flow.totals.count),
                    Cell::Cents(flow.totals.sum),
                    Cell::Cents(sum),
                    Cell::Cents(flow.totals.sum.minus(sum)?),
                    Cell::Text(keys.join(" ")),
                ])?;
            }
        }
        Ok(vec![declared.total(), computed.total(), cash.total()])
    }

    pub(super) fn treasury_entries(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut incoming, mut outgoing, mut matched) = (
            Sum::new("Entrate"),
            Sum::new("Uscite"),
            Sum::new("Abbinato a flussi"),
        );
        let mut after = (period.from, String::new(), String::new());
        loop {
            let page = store::reports::entries(conn, self.creditor, period, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = store::reports::entry_place(last);
            let keys: Vec<String> = page.iter().map(|entry| entry.movement.key()).collect();
            let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
            let kind = LineKind::Treasury;
            let codes = store::reconciliation::of_lines(conn, self.creditor, kind, &asked)?;
            let codes: std::collections::BTreeMap<&str, _> = codes
                .iter()
                .map(|filed| (filed.line.key.as_str(), filed.verdict.code))
                .collect();
            for (entry, key) in page.iter().zip(&keys) {
                let effect = entry.movement.effect();
                match entry.movement.direction {
                    Direction::In => incoming.add(1, effect)?,
                    Direction::Out => outgoing.add(1, effect.negated())?,
                }
                if entry.matched.is_some() {
                    matched.add(1, effect)?;
                }
                let code = codes.get(key.as_str());
                let code = code.map_or(Cell::Empty, |code| code.as_str().into());
                sink(entry_row(entry, code))?;
            }
        }
        Ok(vec![incoming.total(), outgoing.total(), matched.total()])
    }
}

fn entry_row(entry: &store::treasury::Filed, code: Cell) -> Vec<Cell> {
    let movement = &entry.movement;
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let direction = match movement.direction {
        Direction::In => "entrata",
        Direction::Out => "uscita",
    };
    let amount = movement.on_account();
    let operation = match movement.operation {
        Operation::Executed => "eseguito",
        Operation::Reversed => "stornato",
        Operation::Regularised => "regolarizzato",
        Operation::Restored => "ripristinato",
    };
    vec![
        Cell::Day(movement.booked_on),
        movement.value_on.map_or(Cell::Empty, Cell::Day),
        Cell::Text(movement.year.to_string()),
        Cell::Text(movement.account.clone()),
        Cell::Text(movement.number.clone()),
        text(movement.provisional.map(|number| number.to_string())),
        direction.into(),
        operation.into(),
        Cell::Cents(amount),
        Cell::Text(movement.payer.clone()),
        Cell::Text(movement.text.clone()),
        text(movement.bank_reference.clone()),
        text(
            entry
                .matched
                .as_ref()
                .map(|matched| matched.flow.key.clone()),
        ),
        code,
    ]
}
