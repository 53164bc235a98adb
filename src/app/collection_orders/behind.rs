//! What stands behind provisional credits, read for many of them at a time: how many questions are asked does
//! not depend on how many credits there are, but on how many payments.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Error, Provisional};
use crate::app::accounting::bookkeeping::{Bookkeeping, Explained};
use crate::domain::accounting::AccountingKey;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::treasury::KnownFlow;
use crate::store::bonds::Companionship;
use crate::store::settlement::Filed as Flow;
use crate::store::{self, Conn};

/// Key, payments and sum.
pub(super) type Groups = BTreeMap<Option<AccountingKey>, (i64, Cents)>;

/// The payments of something, by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Payments {
    /// By key.
    pub groups: Groups,
    /// How many.
    pub count: i64,
    /// Of how many the receipt is missing.
    pub without_receipt: i64,
}

impl Payments {
    fn add(&mut self, explained: &Explained<'_>) -> Result<(), MoneyError> {
        self.count = self.count.saturating_add(1);
        let missing = i64::from(explained.receipt.is_none());
        self.without_receipt = self.without_receipt.saturating_add(missing);
        for quota in &explained.quotas {
            self.join(quota.key.clone(), (1, quota.amount))?;
        }
        Ok(())
    }

    fn join(
        &mut self,
        key: Option<AccountingKey>,
        (count, amount): (i64, Cents),
    ) -> Result<(), MoneyError> {
        let group = self.groups.entry(key).or_insert((0, Cents::ZERO));
        group.0 = group.0.saturating_add(count);
        group.1 = group.1.plus(amount)?;
        Ok(())
    }
}

/// What stands behind some credits.
pub(super) struct Behind {
    companions: Vec<Companionship>,
    flows: Vec<Flow>,
    entries: Vec<store::treasury::Filed>,
    of_flows: BTreeMap<Uuid, Payments>,
    of_iuvs: BTreeMap<String, Payments>,
}

impl Behind {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) fn load(
        conn: &mut Conn,
        books: &Bookkeeping<'_>,
        creditor: &FiscalCode,
        credits: &[Provisional],
    ) -> Result<Behind, Error> {
        let known = || credits.iter().filter_map(|credit| credit.flow.as_ref());
        let named: BTreeSet<&str> = known().map(|flow| flow.key.as_str()).collect();
        let named: Vec<&str> = named.into_iter().collect();
        let companions = store::bonds::together(conn, creditor, &named)?;
        let others = companions.iter().flat_map(|one| [&one.flow, &one.lead]);
        let keys: BTreeSet<&str> = known()
            .chain(others)
            .map(|flow| flow.key.as_str())
            .collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let flows = store::settlement::live_by_keys(conn, creditor, &keys)?;
        let entries = store::treasury::matched_to(conn, creditor, &keys)?;
        let mut of_flows = BTreeMap::<Uuid, Payments>::new();
        let all: Vec<&Flow> = flows.iter().collect();
        books.of_flows::<Error>(conn, &all, |flow, _, explained| {
            Ok(of_flows.entry(flow).or_default().add(explained)?)
        })?;
        let alone = credits.iter().filter_map(|credit| credit.iuv.as_deref());
        let alone: BTreeSet<&str> = alone.collect();
        let alone: Vec<&str> = alone.into_iter().collect();
        let mut of_iuvs = BTreeMap::<String, Payments>::new();
        books.of_iuvs::<Error>(conn, &alone, |iuv, explained| {
            Ok(of_iuvs.entry(iuv.to_owned()).or_default().add(explained)?)
        })?;
        Ok(Behind {
            companions,
            flows,
            entries,
            of_flows,
            of_iuvs,
        })
    }

    /// The flow of a credit and those that officers have put together with it: their cash is the same.
    pub(super) fn together(&self, credit: &Provisional) -> BTreeSet<KnownFlow> {
        let Some(known) = &credit.flow else {
            return BTreeSet::new();
        };
        let companions = self.companions.iter();
        let of_known = |one: &&Companionship| one.flow == *known || one.lead == *known;
        let leads: BTreeSet<&KnownFlow> = companions
            .clone()
            .filter(of_known)
            .map(|one| &one.lead)
            .collect();
        let ours = companions.filter(|one| leads.contains(&one.lead));
        let ours = ours.flat_map(|one| [one.flow.clone(), one.lead.clone()]);
        ours.chain([known.clone()]).collect()
    }

    /// The revisions in force of these flows, by name.
    pub(super) fn live(&self, known: &BTreeSet<KnownFlow>) -> Vec<Flow> {
        let found = self.flows.iter();
        let found = found.filter(|flow| known.contains(&flow.header.known()));
        let mut found: Vec<Flow> = found.cloned().collect();
        found.sort_by_key(Flow::name);
        found
    }

    /// What a credit is made of: the payments of its flows, else the one that its text names.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub(super) fn payments(
        &self,
        credit: &Provisional,
        flows: &[Flow],
    ) -> Result<Payments, MoneyError> {
        let alone = credit.iuv.as_ref().filter(|_| flows.is_empty());
        let alone = alone.and_then(|iuv| self.of_iuvs.get(iuv));
        let of_flows = flows.iter().filter_map(|flow| self.of_flows.get(&flow.id));
        let mut all = Payments::default();
        for part in of_flows.chain(alone) {
            all.count = all.count.saturating_add(part.count);
            all.without_receipt = all.without_receipt.saturating_add(part.without_receipt);
            for (key, group) in &part.groups {
                all.join(key.clone(), *group)?;
            }
        }
        Ok(all)
    }

    /// Every credit of the same flows by number and account, because they share the payments; the credit
    /// itself when no flow explains it.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub(super) fn credits(
        &self,
        credit: &Provisional,
        flows: &BTreeSet<KnownFlow>,
    ) -> Result<Vec<(i64, String, Cents)>, MoneyError> {
        if flows.is_empty() {
            return Ok(vec![(credit.number, credit.account.clone(), credit.amount)]);
        }
        let mut sums = BTreeMap::<(i64, &str), Cents>::new();
        for entry in &self.entries {
            let matched = entry.matched.as_ref();
            let of_flows = matched.is_some_and(|matched| flows.contains(&matched.flow));
            let Some(number) = entry.movement.provisional.filter(|_| of_flows) else {
                continue;
            };
            let place = (number, entry.movement.account.as_str());
            let sum = sums.entry(place).or_insert(Cents::ZERO);
            *sum = sum.plus(entry.movement.effect())?;
        }
        let credits = sums.into_iter().filter(|(_, amount)| amount.is_positive());
        Ok(credits
            .map(|((number, account), amount)| (number, account.to_owned(), amount))
            .collect())
    }
}
