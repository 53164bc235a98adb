//! Flows in force, row by row, with where each row has ended.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::{Cell, ControlTotal, Desk, Error, PAGE, Question, Sink, Sum, flags};
use crate::domain::reconciliation::LineKind;
use crate::domain::settlement::{Line, flow_key};
use crate::store::settlement::Filed as Flow;
use crate::store::treasury::Filed as Entry;
use crate::store::{self, Conn};

/// Movements by provider and [`flow_key`] of the flow they were matched to.
pub(super) struct CashOf(HashMap<(String, String), Vec<Entry>>);

impl CashOf {
    /// The cash of some flows, in one question.
    pub(super) fn load(desk: &Desk<'_>, conn: &mut Conn, flows: &[Flow]) -> Result<CashOf, Error> {
        let keys: Vec<String> = flows.iter().map(key).collect();
        let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut found = HashMap::<(String, String), Vec<Entry>>::new();
        for entry in store::treasury::matched_to(conn, desk.creditor, &asked)? {
            if let Some(matched) = &entry.matched {
                let of = (matched.flow.psp_id.clone(), matched.flow.key.clone());
                found.entry(of).or_default().push(entry);
            }
        }
        Ok(CashOf(found))
    }

    /// The cash of one of them.
    pub(super) fn of(&self, flow: &Flow) -> &[Entry] {
        let found = self.0.get(&(flow.header.psp_id.clone(), key(flow)));
        found.map(Vec::as_slice).unwrap_or_default()
    }
}

fn key(flow: &Flow) -> String {
    flow_key(&flow.header.flow_id)
}

/// A row of a flow, and what reconciliation knows it by.
struct Row<'f> {
    flow: &'f Flow,
    line: Line,
    key: String,
}

impl<'f> Row<'f> {
    fn new(flow: &'f Flow, line: Line) -> Row<'f> {
        let key = format!("{}/{}/{}", flow.name(), flow.header.revision, line.number);
        Row { flow, line, key }
    }
}

impl Desk<'_> {
    pub(super) fn flow_reconciliation(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut sums = [
            Sum::new("Dichiarato dai flussi"),
            Sum::new("Somma delle righe"),
            Sum::new("Incassato in tesoreria"),
        ];
        if let Some(id) = question.flow {
            let flow = store::settlement::get(conn, self.creditor, id)?;
            let flow = flow.ok_or(Error::UnknownFlow)?;
            self.some_flows(conn, &[flow], &mut sums, sink)?;
            return Ok(sums.map(Sum::total).to_vec());
        }
        let mut after = (question.period.from, String::new(), Uuid::nil());
        loop {
            let page = store::reports::flows(conn, self.creditor, question.period, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = store::reports::flow_place(last);
            self.some_flows(conn, &page, &mut sums, sink)?;
        }
        Ok(sums.map(Sum::total).to_vec())
    }

    /// The rows of some flows: of the small ones together, of a large one page by page.
    fn some_flows(
        &self,
        conn: &mut Conn,
        mut flows: &[Flow],
        [declared, computed, cash]: &mut [Sum; 3],
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let found = CashOf::load(self, conn, flows)?;
        for flow in flows {
            declared.add(flow.header.declared_count, flow.header.declared_sum)?;
            computed.add(flow.totals.count, flow.totals.sum)?;
            for entry in found.of(flow) {
                cash.add(1, entry.movement.effect())?;
            }
        }
        while let Some((first, others)) = flows.split_first() {
            let small = small_ones(flows);
            if small < 2 {
                self.large_flow(conn, first, sink)?;
                flows = others;
                continue;
            }
            let (together, rest) = flows.split_at(small);
            self.small_flows(conn, together, sink)?;
            flows = rest;
        }
        Ok(())
    }

    fn small_flows(
        &self,
        conn: &mut Conn,
        flows: &[Flow],
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let ids: Vec<Uuid> = flows.iter().map(|flow| flow.id).collect();
        let mut lines = HashMap::<Uuid, Vec<Line>>::new();
        for (id, line) in store::settlement::lines_of(conn, self.creditor, &ids)? {
            lines.entry(id).or_default().push(line);
        }
        let rows = flows.iter().flat_map(|flow| {
            let own = lines.remove(&flow.id).unwrap_or_default();
            own.into_iter().map(move |line| Row::new(flow, line))
        });
        self.flow_rows(conn, &rows.collect::<Vec<_>>(), sink)
    }

    fn large_flow(&self, conn: &mut Conn, flow: &Flow, sink: &mut Sink<'_>) -> Result<(), Error> {
        let mut after = 0i32;
        loop {
            let lines = store::settlement::lines(conn, self.creditor, flow.id, after, PAGE)?;
            let Some(last) = lines.last() else {
                return Ok(());
            };
            after = last.number;
            let rows = lines.into_iter().map(|line| Row::new(flow, line));
            self.flow_rows(conn, &rows.collect::<Vec<_>>(), sink)?;
        }
    }

    fn flow_rows(
        &self,
        conn: &mut Conn,
        rows: &[Row<'_>],
        sink: &mut Sink<'_>,
    ) -> Result<(), Error> {
        let asked: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        let found =
            store::reconciliation::of_lines(conn, self.creditor, LineKind::FlowLine, &asked)?;
        let codes: BTreeMap<&str, _> = found
            .iter()
            .map(|filed| (filed.line.key.as_str(), &filed.verdict))
            .collect();
        for Row { flow, line, key } in rows {
            let verdict = codes.get(key.as_str());
            let code = verdict.map(|verdict| verdict.code);
            let flags = verdict
                .map(|verdict| flags(&verdict.flags))
                .unwrap_or_default();
            sink(vec![
                Cell::Day(flow.header.regulation_on),
                Cell::Text(flow.header.psp_id.clone()),
                Cell::Text(flow.header.flow_id.clone()),
                Cell::Count(flow.header.revision),
                Cell::Text(flow.header.regulation.clone()),
                Cell::Count(line.number.into()),
                Cell::Text(line.iuv.clone()),
                Cell::Text(line.iur.clone()),
                Cell::Count(line.transfer.into()),
                Cell::Cents(line.effect()),
                Cell::Count(line.outcome.code().into()),
                Cell::Day(line.paid_on),
                code.map_or(Cell::Empty, |code| code.as_str().into()),
                code.map_or(Cell::Empty, |code| code.label().into()),
                Cell::Text(flags),
            ])?;
        }
        Ok(())
    }
}

/// How many flows from the first have no more rows together than one question brings.
fn small_ones(flows: &[Flow]) -> usize {
    let mut rows = 0i64;
    let fits = |flow: &&Flow| {
        rows = rows.saturating_add(flow.totals.count);
        rows <= PAGE
    };
    flows.iter().take_while(fits).count()
}
