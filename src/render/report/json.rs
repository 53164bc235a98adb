//! Reports as JSON (the document of the contract) and as JSON Lines (an object a row, keyed by column).

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{ControlTotal, Head, Trailer};
use crate::render::csv::{Cell, Column, Unit};

/// Longest text of a cell, as the contract says.
const CELL_CHARS_MAX: usize = 1000;

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Text => "text",
        Unit::Count => "count",
        Unit::Cents => "cents",
        Unit::Rate => "basis_points",
        Unit::Day => "date",
        Unit::Instant => "instant",
    }
}

fn instant(at: crate::domain::calendar::Instant) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The document up to its rows.
pub(super) fn head(head: &Head) -> String {
    let column = |column: &Column| {
        json!({"column": column.name, "label": column.label, "meaning": column.meaning,
            "unit": unit(column.unit)})
    };
    let (from, to) = head.period;
    let document = json!({
        "report": head.name,
        "creditor_tax_code": head.creditor.as_str(),
        "from_date": from,
        "to_date": to,
        "made_at": instant(head.made_at),
        "columns": head.columns.iter().map(column).collect::<Vec<_>>(),
    });
    let text = document.to_string();
    let open = text.strip_suffix('}').unwrap_or(&text);
    format!("{open},\"items\":[")
}

/// A row of the document.
pub(super) fn row(cells: &[Cell], first: bool) -> String {
    let cells: Vec<String> = cells.iter().map(shown).collect();
    let row = json!({ "cells": cells });
    if first {
        row.to_string()
    } else {
        format!(",{row}")
    }
}

/// The document after its rows.
pub(super) fn tail(trailer: &Trailer) -> String {
    let totals = Value::Array(totals(&trailer.control_totals));
    let sha256 = &trailer.rows_sha256;
    format!("],\"control_totals\":{totals},\"rows_sha256\":\"{sha256}\"}}")
}

/// A row as one line.
pub(super) fn line(columns: &[Column], cells: &[Cell], out: &mut String) {
    out.push('{');
    for (index, (column, cell)) in columns.iter().zip(cells).enumerate() {
        let comma = if index > 0 { "," } else { "" };
        let _infallible = write!(out, "{comma}\"{}\":{}", column.name, typed(cell));
    }
    out.push_str("}\n");
}

/// The line after the rows.
pub(super) fn last_line(trailer: &Trailer) -> String {
    let mut last = Map::new();
    last.insert(
        "control_totals".to_owned(),
        totals(&trailer.control_totals).into(),
    );
    last.insert("rows".to_owned(), trailer.rows.into());
    last.insert("rows_sha256".to_owned(), trailer.rows_sha256.clone().into());
    format!("{}\n", Value::Object(last))
}

fn totals(totals: &[ControlTotal]) -> Vec<Value> {
    let total = |total: &ControlTotal| json!({"label": total.label, "count": total.count, "amount_cents": total.amount.get()});
    totals.iter().map(total).collect()
}

fn typed(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Count(n) => (*n).into(),
        Cell::Cents(amount) => amount.get().into(),
        Cell::Rate(bp) => (*bp).into(),
        Cell::Day(day) => day.to_string().into(),
        Cell::Instant(at) => instant(*at).into(),
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => {
            let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            line.take(CELL_CHARS_MAX).collect()
        }
        Cell::Count(n) => n.to_string(),
        Cell::Cents(amount) => amount.get().to_string(),
        Cell::Rate(bp) => bp.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::Instant(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    }
}
