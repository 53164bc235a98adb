//! What a newer revision of a flow changed, and which credits of it orders cover already: whoever has issued a
//! *reversale* on the older one sees what is different.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{FLOW_ID, IUV, PSP_ID, column};
use super::{Cell, Column, ControlTotal, Desk, Error, Period, Sink, Sum, Unit};
use crate::app::collection_orders::covered;
use crate::app::settlement::against_previous;
use crate::domain::collection_order::OrderCover;
use crate::domain::money::Cents;
use crate::domain::settlement::Line;
use crate::domain::treasury::KnownFlow;
use crate::store::settlement::Filed;
use crate::store::treasury::provisionals::Provisional;
use crate::store::{self, Conn};

pub(super) const FLOW_REVISIONS: &[Column] = &[
    column(
        "regulation_on",
        Unit::Day,
        "Regolamento",
        "Giorno del bonifico del PSP, nella versione nuova",
    ),
    PSP_ID,
    FLOW_ID,
    column("revision", Unit::Count, "Rev.", "Versione nuova").wide(4),
    column("replaced", Unit::Count, "Prima", "Versione sostituita").wide(5),
    IUV,
    column(
        "receipt_id",
        Unit::Text,
        "IUR",
        "Riferimento della riscossione",
    )
    .wide(32),
    column("transfer", Unit::Count, "Vers.", "Indice del versamento").wide(5),
    column(
        "before",
        Unit::Cents,
        "Prima",
        "Importo nella versione sostituita; zero se la riga è nuova",
    ),
    column(
        "after",
        Unit::Cents,
        "Dopo",
        "Importo nella versione nuova; zero se la riga è tolta",
    ),
    column("difference", Unit::Cents, "Differenza", "Dopo meno prima"),
    column(
        "provisionals",
        Unit::Text,
        "Provvisori",
        "Provvisori di entrata del flusso: numero/anno",
    )
    .wide(14),
    column(
        "covered",
        Unit::Cents,
        "Con reversale",
        "Quanto di quei provvisori le reversali già coprono",
    ),
    column(
        "orders",
        Unit::Text,
        "Reversali",
        "Numeri delle reversali già emesse",
    )
    .wide(12),
];

/// What the treasurer has of a flow.
#[derive(Default)]
struct Credited {
    names: Vec<String>,
    covered: Cents,
    orders: BTreeSet<i64>,
}

impl Credited {
    fn orders(&self) -> String {
        let numbers: Vec<String> = self.orders.iter().map(ToString::to_string).collect();
        numbers.join(" ")
    }
}

impl Desk<'_> {
    pub(super) fn flow_revisions(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let days = (period.from, period.to);
        let revised = store::settlement::replacing(conn, self.creditor, days)?;
        let credited = self.credited(conn, &revised)?;
        let (mut changed, mut ordered) = (
            Sum::new("Differenza"),
            Sum::new("Di cui con reversale già emessa"),
        );
        let nothing = Credited::default();
        for flow in revised {
            let (previous, changes) = against_previous(conn, self.creditor, &flow)?;
            let Some(replaced) = previous.map(|old| old.header.revision) else {
                continue;
            };
            let of_flow = credited.get(&flow.header.known()).unwrap_or(&nothing);
            for change in changes {
                let effect = |line: &Option<Line>| line.as_ref().map_or(Cents::ZERO, Line::effect);
                let (before, after) = (effect(&change.before), effect(&change.after));
                let Some(line) = change.after.or(change.before) else {
                    continue;
                };
                let difference = after.minus(before)?;
                changed.add(1, difference)?;
                if of_flow.covered.is_positive() {
                    ordered.add(1, difference)?;
                }
                sink(vec![
                    Cell::Day(flow.header.regulation_on),
                    Cell::Text(flow.header.psp_id.clone()),
                    Cell::Text(flow.header.flow_id.clone()),
                    Cell::Count(flow.header.revision),
                    Cell::Count(replaced),
                    Cell::Text(line.iuv),
                    Cell::Text(line.iur),
                    Cell::Count(line.transfer.into()),
                    Cell::Cents(before),
                    Cell::Cents(after),
                    Cell::Cents(difference),
                    Cell::Text(of_flow.names.join(" ")),
                    Cell::Cents(of_flow.covered),
                    Cell::Text(of_flow.orders()),
                ])?;
            }
        }
        Ok(vec![changed.total(), ordered.total()])
    }

    /// The provisional credits of the flows, and what orders cover of them.
    fn credited(
        &self,
        conn: &mut Conn,
        revised: &[Filed],
    ) -> Result<BTreeMap<KnownFlow, Credited>, Error> {
        let changed: BTreeSet<KnownFlow> = revised.iter().map(|flow| flow.header.known()).collect();
        let mut credits = match changed.is_empty() {
            true => Vec::new(),
            false => store::treasury::provisionals::of_flows(conn, self.creditor)?,
        };
        let is_changed = |flow: &KnownFlow| changed.contains(flow);
        credits.retain(|credit| credit.flow.as_ref().is_some_and(is_changed));
        let years: BTreeSet<i32> = credits.iter().map(|credit| credit.year).collect();
        let mut covers = BTreeMap::<i32, Vec<OrderCover>>::new();
        for year in years {
            let found = store::treasury::orders::of_year(conn, self.creditor, year)?;
            covers.insert(year, found);
        }
        let mut credited = BTreeMap::<KnownFlow, Credited>::new();
        let own = |credit: Provisional| Some((credit.flow.clone()?, credit));
        for (flow, credit) in credits.into_iter().filter_map(own) {
            let known = covers.get(&credit.year).map_or(&[][..], Vec::as_slice);
            let (amount, orders) = covered(known, &credit)?;
            let of_flow = credited.entry(flow).or_default();
            of_flow
                .names
                .push(format!("{}/{}", credit.number, credit.year));
            of_flow.covered = of_flow.covered.plus(amount)?;
            of_flow.orders.extend(orders);
        }
        Ok(credited)
    }
}
