//! The creditors of this engine with their stations and services, held in memory: every request asks for
//! them, and they change a few times a year.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::calendar::Day;
use crate::domain::creditor::{Creditor, ServiceRow};
use crate::domain::fiscal_code::FiscalCode;

/// A snapshot that is replaced as a whole. Clones share it; a look-up never waits for the database.
#[derive(Clone, Default)]
pub struct Registry(Arc<RwLock<Arc<Snapshot>>>);

#[derive(Default)]
struct Snapshot {
    creditors: BTreeMap<FiscalCode, Held>,
    brokers: BTreeSet<String>,
    stations: BTreeSet<String>,
}

struct Held {
    creditor: Arc<Creditor>,
    /// By code; under one code in the order of their validity.
    services: BTreeMap<String, Vec<Arc<ServiceRow>>>,
}

impl Registry {
    /// Replaces the snapshot.
    pub fn replace(&self, all: Vec<(Creditor, Vec<ServiceRow>)>) {
        let mut next = Snapshot::default();
        for (creditor, rows) in all {
            for station in &creditor.stations {
                next.brokers.insert(station.broker_tax_code.to_string());
                next.stations.insert(station.station_id.to_string());
            }
            let mut services = BTreeMap::<String, Vec<Arc<ServiceRow>>>::new();
            for row in rows {
                services
                    .entry(row.code.to_string())
                    .or_default()
                    .push(Arc::new(row));
            }
            for versions in services.values_mut() {
                versions.sort_by_key(|row| row.valid.from);
            }
            let held = Held {
                creditor: Arc::new(creditor),
                services,
            };
            next.creditors.insert(held.creditor.tax_code.clone(), held);
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    }

    fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The creditor with this tax code.
    #[must_use]
    pub fn creditor(&self, tax_code: &FiscalCode) -> Option<Arc<Creditor>> {
        self.current()
            .creditors
            .get(tax_code)
            .map(|held| Arc::clone(&held.creditor))
    }

    /// Every creditor, by tax code.
    #[must_use]
    pub fn creditors(&self) -> Vec<Arc<Creditor>> {
        self.current()
            .creditors
            .values()
            .map(|held| Arc::clone(&held.creditor))
            .collect()
    }

    /// The terms of a service on a day.
    #[must_use]
    pub fn service(&self, creditor: &FiscalCode, code: &str, day: Day) -> Option<Arc<ServiceRow>> {
        let current = self.current();
        let versions = current.creditors.get(creditor)?.services.get(code)?;
        versions
            .iter()
            .rev()
            .find(|row| row.valid.holds(day))
            .map(Arc::clone)
    }

    /// Every service of a creditor that is in force on a day, by code.
    #[must_use]
    pub fn services(&self, creditor: &FiscalCode, day: Day) -> Vec<Arc<ServiceRow>> {
        let current = self.current();
        let Some(held) = current.creditors.get(creditor) else {
            return Vec::new();
        };
        let in_force = |rows: &Vec<Arc<ServiceRow>>| {
            rows.iter()
                .rev()
                .find(|row| row.valid.holds(day))
                .map(Arc::clone)
        };
        held.services.values().filter_map(in_force).collect()
    }

    /// Whether the creditor has, or has had, a service of this code.
    #[must_use]
    pub fn has_service(&self, creditor: &FiscalCode, code: &str) -> bool {
        let current = self.current();
        let held = current.creditors.get(creditor);
        held.is_some_and(|held| held.services.contains_key(code))
    }

    /// Codes of the services that one of these kinds prices, or has priced.
    #[must_use]
    pub fn codes_of(&self, creditor: &FiscalCode, kinds: &[&str]) -> Vec<String> {
        let current = self.current();
        let Some(held) = current.creditors.get(creditor) else {
            return Vec::new();
        };
        let priced =
            |rows: &[Arc<ServiceRow>]| rows.iter().any(|row| kinds.contains(&row.kind.as_str()));
        let of = held.services.iter().filter(|(_, rows)| priced(rows));
        of.map(|(code, _)| code.clone()).collect()
    }

    /// Whether a broker (`idBrokerPA`) runs a station of this engine.
    #[must_use]
    pub fn broker_known(&self, tax_code: &str) -> bool {
        self.current().brokers.contains(tax_code)
    }

    /// Whether a station (`idStation`) is one of this engine.
    #[must_use]
    pub fn station_known(&self, station_id: &str) -> bool {
        self.current().stations.contains(station_id)
    }
}
