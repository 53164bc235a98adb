//! What a chart shows of a report: sums by category and series, gathered row by row.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::money::{Cents, MoneyError};
use crate::render::csv::{Cell, Column};

/// What is drawn: sums of one column by another, told apart by a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chart {
    /// Name of the column along the axis.
    pub category: &'static str,
    /// Name of the column that tells series apart.
    pub series: &'static str,
    /// Name of the column that is summed.
    pub value: &'static str,
}

/// Series that have a colour of their own; the others are one.
const SERIES_MAX: usize = 7;
/// What the other series are called.
const OTHERS: &str = "Altri";

/// The sums so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    places: [usize; 3],
    by_category: BTreeMap<String, BTreeMap<String, Cents>>,
}

/// A table of categories by series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pivot {
    pub(super) series: Vec<String>,
    /// Category, one sum for each series, and their total.
    pub(super) rows: Vec<(String, Vec<Cents>, Cents)>,
}

impl Sums {
    /// Nothing yet; `None` when the report has no such columns.
    pub(super) fn of(chart: &Chart, columns: &[Column]) -> Option<Sums> {
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        Some(Sums {
            places: [
                place(chart.category)?,
                place(chart.series)?,
                place(chart.value)?,
            ],
            by_category: BTreeMap::new(),
        })
    }

    pub(super) fn add(&mut self, cells: &[Cell]) -> Result<(), MoneyError> {
        let [category, series, value] = self.places.map(|at| cells.get(at));
        let (Some(Cell::Text(category)), Some(Cell::Text(series)), Some(Cell::Cents(value))) =
            (category, series, value)
        else {
            return Ok(());
        };
        let of = self.by_category.entry(category.clone()).or_default();
        let sum = of.entry(series.clone()).or_insert(Cents::ZERO);
        *sum = sum.plus(*value)?;
        Ok(())
    }

    /// The table: the largest series first, then the others as one.
    pub(super) fn pivot(&self) -> Result<Pivot, MoneyError> {
        let mut totals = BTreeMap::<&str, Cents>::new();
        for (series, sum) in self.by_category.values().flatten() {
            let total = totals.entry(series).or_insert(Cents::ZERO);
            *total = total.plus(*sum)?;
        }
        let mut ranked: Vec<(&str, Cents)> = totals.into_iter().collect();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let (shown, rest) = ranked.split_at(ranked.len().min(SERIES_MAX));
        let rest: BTreeSet<&str> = rest.iter().map(|(name, _)| *name).collect();
        let mut rows = Vec::with_capacity(self.by_category.len());
        for (category, sums) in &self.by_category {
            let of = |name: &str| sums.get(name).copied().unwrap_or(Cents::ZERO);
            let mut cells: Vec<Cents> = shown.iter().map(|(name, _)| of(name)).collect();
            if !rest.is_empty() {
                cells.push(Cents::sum(rest.iter().map(|name| of(name)))?);
            }
            let total = Cents::sum(cells.iter().copied())?;
            rows.push((category.clone(), cells, total));
        }
        let mut series: Vec<String> = shown.iter().map(|(name, _)| named(name)).collect();
        if !rest.is_empty() {
            series.push(OTHERS.to_owned());
        }
        Ok(Pivot { series, rows })
    }
}

fn named(series: &str) -> String {
    if series.is_empty() {
        "(senza servizio)".to_owned()
    } else {
        series.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::csv::Unit;

    const CHART: Chart = Chart {
        category: "month",
        series: "service",
        value: "amount",
    };

    fn columns() -> [Column; 3] {
        ["month", "service", "amount"].map(|name| Column {
            name,
            label: name,
            meaning: name,
            unit: Unit::Text,
            width: 10,
        })
    }

    #[test]
    fn the_largest_series_come_first_and_the_others_are_one() {
        let mut sums = Sums::of(&CHART, &columns()).unwrap();
        for n in 1..=9 {
            let amount = Cell::Cents(Cents::new(n * 100).unwrap());
            let month = Cell::from(if n % 2 == 0 { "2026-02" } else { "2026-01" });
            sums.add(&[month, Cell::Text(format!("S{n}")), amount])
                .unwrap();
        }
        let pivot = sums.pivot().unwrap();
        assert_eq!(
            pivot.series,
            ["S9", "S8", "S7", "S6", "S5", "S4", "S3", OTHERS]
        );
        let january = &pivot.rows[0];
        let cells: Vec<i64> = january.1.iter().map(|cents| cents.get()).collect();
        assert_eq!((january.0.as_str(), january.2.get()), ("2026-01", 2500));
        assert_eq!(cells, [900, 0, 700, 0, 500, 0, 300, 100]);
        assert_eq!(pivot.rows[1].2.get(), 2000);
    }

    #[test]
    fn a_report_without_the_columns_has_no_chart() {
        let [month, service, _] = columns();
        assert_eq!(Sums::of(&CHART, &[month, service]), None);
    }
}
