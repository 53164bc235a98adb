//! Loads the facts around payment references: a fixed number of queries for any number of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::{
    Case, Companion, Credit, Flag, Flow, Notice, Quality, ReconciliationTerms, Reported,
};
use crate::domain::settlement::{Line, flow_key};
use crate::domain::treasury::{KnownFlow, Reference};
use crate::store::bonds::Companionship;
use crate::store::reconciliation::{NoticeFact, PaidFact};
use crate::store::settlement::FlowState;
use crate::store::{self, Conn};

/// What the registry knows a creditor by.
pub(super) struct OwnReferences {
    /// Segregation codes of its stations: references with another one belong to other brokers.
    codes: Vec<String>,
    /// Accounts that it has registered, also those of the past.
    accounts: Vec<String>,
}

pub(super) fn own_references(ctx: &Ctx, creditor: &FiscalCode) -> OwnReferences {
    let registered = ctx.registry.creditor(creditor);
    let stations = registered.iter().flat_map(|creditor| &creditor.stations);
    let accounts = registered.iter().flat_map(|creditor| &creditor.accounts);
    OwnReferences {
        codes: stations
            .map(|station| station.segregation_code.as_str().to_owned())
            .collect(),
        accounts: accounts.map(|account| account.iban.to_string()).collect(),
    }
}

impl OwnReferences {
    /// References of another form (aux digit other than 3) cannot be told apart and count as ours.
    fn holds(&self, iuv: &str) -> bool {
        iuv.len() != 17
            || self.codes.is_empty()
            || self.codes.iter().any(|code| iuv.starts_with(code.as_str()))
    }

    /// What account and accounting key say about own money; that of others is theirs to account for.
    fn remark(&self, fact: &mut PaidFact) {
        if !fact.paid.in_scope {
            return;
        }
        let known = |iban: &String| self.accounts.contains(iban);
        let elsewhere = fact.iban.as_ref().is_some_and(|iban| !known(iban));
        if elsewhere && !self.accounts.is_empty() {
            fact.paid.remarks.insert(Flag::IbanMismatch);
        }
        if fact.service_code.is_none() {
            fact.paid.remarks.insert(Flag::AccountingIncomplete);
        }
    }
}

/// A flow revision with its cash, and what its entries are matched by.
pub(super) struct LoadedFlow {
    pub(super) id: Uuid,
    pub(super) psp_id: String,
    pub(super) key: String,
    pub(super) fact: Flow,
}

/// Everything around some references.
pub(super) struct Scope<'c> {
    notices: Vec<NoticeFact>,
    paid: Vec<PaidFact>,
    lines: Vec<(Uuid, Line)>,
    flows: Vec<LoadedFlow>,
    /// Cash entries that name one of the payments.
    pub(super) singles: Vec<store::treasury::Filed>,
    own: &'c OwnReferences,
    tolerance: Cents,
}

/// Loads the facts around these references, and around the other notices of their positions.
pub(super) fn scope<'c>(
    conn: &mut Conn,
    (creditor, terms): (&FiscalCode, ReconciliationTerms),
    iuvs: &[&str],
    own: &'c OwnReferences,
) -> Result<Scope<'c>, store::Error> {
    let notices = store::reconciliation::notices_around(conn, creditor, iuvs)?;
    let mut all: BTreeSet<&str> = iuvs.iter().copied().collect();
    all.extend(notices.iter().map(|notice| notice.iuv.as_str()));
    let all: Vec<&str> = all.into_iter().collect();
    let mut paid = store::reconciliation::paid(conn, creditor, &all)?;
    paid.iter_mut().for_each(|fact| own.remark(fact));
    let lines = store::settlement::lines_by_iuvs(conn, creditor, &all)?;
    let ids: BTreeSet<Uuid> = lines.iter().map(|(flow, _)| *flow).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let filed = store::settlement::get_all(conn, creditor, &ids)?;
    let flows = flows(conn, (creditor, terms), filed)?;
    let singles = store::treasury::singles(conn, creditor, &all)?;
    Ok(Scope {
        notices,
        paid,
        lines,
        flows,
        singles,
        own,
        tolerance: terms.tolerance,
    })
}

/// What pays flows, their companions included.
struct Paying {
    together: Vec<Companionship>,
    /// By the flow that an entry is matched to.
    cash: BTreeMap<KnownFlow, Vec<Credit>>,
    /// Sums of the revisions in force of companions.
    sums: BTreeMap<KnownFlow, Companion>,
}

impl Paying {
    fn load(
        conn: &mut Conn,
        creditor: &FiscalCode,
        filed: &[store::settlement::Filed],
    ) -> Result<Paying, store::Error> {
        let keys = filed.iter().map(|flow| flow_key(&flow.header.flow_id));
        let mut keys: BTreeSet<String> = keys.collect();
        let own: Vec<&str> = keys.iter().map(String::as_str).collect();
        let together = store::bonds::together(conn, creditor, &own)?;
        let companions = together.iter().map(|one| one.flow.key.as_str());
        let companions: Vec<&str> = companions.collect();
        let live = store::settlement::live_by_keys(conn, creditor, &companions)?;
        let sum = |flow: store::settlement::Filed| {
            let companion = Companion {
                name: flow.name(),
                sum: flow.totals.sum,
                regulation_on: flow.header.regulation_on,
            };
            (flow.header.known(), companion)
        };
        let sums = live.into_iter().map(sum).collect();
        keys.extend(together.iter().map(|one| one.flow.key.clone()));
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut cash: BTreeMap<KnownFlow, Vec<Credit>> = BTreeMap::new();
        for entry in store::treasury::matched_to(conn, creditor, &keys)? {
            if let Some(matched) = &entry.matched {
                let paid = cash.entry(matched.flow.clone()).or_default();
                paid.push(credit(&entry));
            }
        }
        Ok(Paying {
            together,
            cash,
            sums,
        })
    }

    /// The other flows that the same cash pays.
    fn others<'a>(&'a self, flow: &'a KnownFlow) -> impl Iterator<Item = &'a KnownFlow> {
        let lead = self.together.iter().find(|one| one.flow == *flow);
        let same = self
            .together
            .iter()
            .filter(move |one| lead.is_some_and(|own| own.lead == one.lead));
        same.map(|one| &one.flow).filter(move |one| *one != flow)
    }

    fn credits(&self, flow: &KnownFlow) -> Vec<Credit> {
        let flows = self.others(flow).chain([flow]);
        let credits = flows.filter_map(|one| self.cash.get(one)).flatten();
        let mut credits: Vec<Credit> = credits.cloned().collect();
        credits.sort_by(|a, b| a.key.cmp(&b.key));
        credits
    }

    fn companions(&self, flow: &KnownFlow) -> Vec<Companion> {
        let sums = self.others(flow).filter_map(|one| self.sums.get(one));
        sums.cloned().collect()
    }
}

/// Flow revisions with the cash that names them.
pub(super) fn flows(
    conn: &mut Conn,
    (creditor, terms): (&FiscalCode, ReconciliationTerms),
    filed: Vec<store::settlement::Filed>,
) -> Result<Vec<LoadedFlow>, store::Error> {
    let paying = Paying::load(conn, creditor, &filed)?;
    let loaded = filed.into_iter().map(|filed| {
        let known = filed.header.known();
        // Cash pays the revision in force; what it replaced is a document.
        let live = filed.state == FlowState::Live;
        let (credits, companions) = match live {
            true => (paying.credits(&known), paying.companions(&known)),
            false => (Vec::new(), Vec::new()),
        };
        let fact = Flow {
            name: filed.name(),
            revision: filed.header.revision,
            live,
            previous: filed.previous,
            regulation_on: filed.header.regulation_on,
            sum: filed.totals.sum,
            header_mismatch: filed.header.declared_count != filed.totals.count
                || filed.header.declared_sum != filed.totals.sum,
            wrong_body: filed.header.receiver != creditor.as_str(),
            credits,
            companions,
            tolerance: terms.tolerance,
        };
        LoadedFlow {
            id: filed.id,
            psp_id: known.psp_id,
            key: known.key,
            fact,
        }
    });
    Ok(loaded.collect())
}

/// A cash entry as the rules see it.
pub(super) fn credit(entry: &store::treasury::Filed) -> Credit {
    let named = match &entry.reference {
        Reference::Single(iuv) => Some(iuv.as_str()),
        Reference::Flow(_) | Reference::None => None,
    };
    let iuv = entry.payment().or(named).map(str::to_owned);
    Credit {
        key: entry.movement.key(),
        effect: entry.movement.effect(),
        booked_on: entry.movement.booked_on,
        iuv,
        match_quality: entry
            .matched
            .as_ref()
            .map_or(Quality::Whole, |matched| matched.quality),
    }
}

/// Which debt a reference belongs to.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Debt {
    Position(Uuid),
    Reference(String),
}

impl Scope<'_> {
    /// The facts, debt by debt, as a day sees them.
    pub(super) fn cases(&self, today: Day) -> Vec<Case<'_>> {
        let position: HashMap<&str, Uuid> = self
            .notices
            .iter()
            .map(|n| (n.iuv.as_str(), n.position_id))
            .collect();
        let debt = |iuv: &str| match position.get(iuv) {
            Some(id) => Debt::Position(*id),
            None => Debt::Reference(iuv.to_owned()),
        };
        let flows: HashMap<Uuid, &LoadedFlow> = self.flows.iter().map(|f| (f.id, f)).collect();
        let mut cases: BTreeMap<Debt, Case<'_>> = BTreeMap::new();
        for notice in &self.notices {
            cases
                .entry(debt(&notice.iuv))
                .or_default()
                .notices
                .push(Notice {
                    withdrawn: notice.withdrawn,
                    number: notice.number.to_string(),
                    iuv: notice.iuv.clone(),
                    option: notice.option,
                });
        }
        for fact in &self.paid {
            cases
                .entry(debt(&fact.paid.iuv))
                .or_default()
                .paid
                .push(fact.paid.clone());
        }
        for (id, line) in &self.lines {
            if let Some(flow) = flows.get(id) {
                let reported = self.reported(&flow.fact, line);
                cases
                    .entry(debt(&line.iuv))
                    .or_default()
                    .reported
                    .push(reported);
            }
        }
        let named = |entry: &&store::treasury::Filed| {
            entry.movement.in_scope() && super::single_payment(entry).is_some()
        };
        for entry in self.singles.iter().filter(named) {
            let credit = credit(entry);
            if let Some(iuv) = &credit.iuv {
                cases.entry(debt(iuv)).or_default().singles.push(credit);
            }
        }
        for case in cases.values_mut() {
            case.tolerance = self.tolerance;
            case.today = today;
        }
        cases.into_values().collect()
    }

    fn reported<'f>(&self, flow: &'f Flow, line: &Line) -> Reported<'f> {
        Reported {
            key: format!("{}/{}/{}", flow.name, flow.revision, line.number),
            flow,
            iuv: line.iuv.clone(),
            iur: line.iur.clone(),
            transfer: line.transfer,
            amount: line.amount,
            effect: line.effect(),
            outcome: line.outcome,
            paid_on: line.paid_on,
            own_iuv: self.own.holds(&line.iuv),
        }
    }
}
