//! Which flows the same cash pays: bonds that decisions or bank texts make, and what hangs together by them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::{among, among_ids};
use super::schema::{flow_bond, reconciliation_decision};
use super::types::Id;
use super::{Conn, Error, Tx};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::treasury::KnownFlow;

/// A flow, and the flow that stands for all that the same cash pays.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Companionship {
    /// The flow.
    pub flow: KnownFlow,
    /// Stands for all of them: the first by name.
    pub lead: KnownFlow,
}

/// Flows by what binds them: a decision, or a treasury entry.
pub type Bonds = BTreeMap<Uuid, BTreeSet<KnownFlow>>;

/// Binds flows together.
///
/// # Errors
/// The database's.
pub fn bind(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    cause: Uuid,
    flows: &BTreeSet<KnownFlow>,
) -> Result<(), Error> {
    for flow in flows {
        let row = (
            flow_bond::creditor.eq(creditor.as_str()),
            flow_bond::cause.eq(Id(cause)),
            flow_bond::psp_id.eq(&flow.psp_id),
            flow_bond::flow_key.eq(&flow.key),
        );
        on!(&mut **tx, |c| diesel::insert_into(flow_bond::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// What these decisions or entries bind.
///
/// # Errors
/// The database's.
pub fn of_causes(conn: &mut Conn, creditor: &FiscalCode, causes: &[Uuid]) -> Result<Bonds, Error> {
    if causes.is_empty() {
        return Ok(Bonds::new());
    }
    let causes: Vec<Id> = causes.iter().copied().map(Id).collect();
    let rows: Vec<(Id, String, String)> = on!(conn, |c| flow_bond::table
        .filter(flow_bond::creditor.eq(creditor.as_str()))
        .filter(among_ids(flow_bond::cause, &causes))
        .select((flow_bond::cause, flow_bond::psp_id, flow_bond::flow_key))
        .load(c))?;
    let mut bonds = Bonds::new();
    for (cause, psp_id, key) in rows {
        let flows = bonds.entry(cause.0).or_default();
        flows.insert(KnownFlow { key, psp_id });
    }
    Ok(bonds)
}

/// Parts the flows that a decision or an entry has bound, and names them.
///
/// # Errors
/// The database's.
pub fn part(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    cause: Uuid,
) -> Result<BTreeSet<KnownFlow>, Error> {
    let parted = of_causes(tx, creditor, &[cause])?.remove(&cause);
    on!(&mut **tx, |c| diesel::delete(
        flow_bond::table
            .filter(flow_bond::creditor.eq(creditor.as_str()))
            .filter(flow_bond::cause.eq(Id(cause)))
    )
    .execute(c))?;
    Ok(parted.unwrap_or_default())
}

/// Which of the flows with these normalised identifiers a decision has put together with others.
///
/// # Errors
/// The database's.
pub fn decided(
    conn: &mut Conn,
    creditor: &FiscalCode,
    keys: &[&str],
) -> Result<BTreeSet<KnownFlow>, Error> {
    let found: Vec<(String, String)> = on!(conn, |c| flow_bond::table
        .inner_join(
            reconciliation_decision::table.on(reconciliation_decision::creditor
                .eq(flow_bond::creditor)
                .and(reconciliation_decision::id.eq(flow_bond::cause)))
        )
        .filter(flow_bond::creditor.eq(creditor.as_str()))
        .filter(among(flow_bond::flow_key, keys))
        .select((flow_bond::psp_id, flow_bond::flow_key))
        .load(c))?;
    let flow = |(psp_id, key)| KnownFlow { key, psp_id };
    Ok(found.into_iter().map(flow).collect())
}

/// The flows with these normalised identifiers that hang together with others, and those others, over as many
/// bonds as there are between them.
///
/// # Errors
/// The database's.
pub fn together(
    conn: &mut Conn,
    creditor: &FiscalCode,
    keys: &[&str],
) -> Result<Vec<Companionship>, Error> {
    let mut bonds = Bonds::new();
    let mut asked: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let mut reached = asked.clone();
    while !asked.is_empty() {
        let keys: Vec<&str> = asked.iter().map(String::as_str).collect();
        let causes: Vec<Id> = on!(&mut *conn, |c| flow_bond::table
            .filter(flow_bond::creditor.eq(creditor.as_str()))
            .filter(among(flow_bond::flow_key, &keys))
            .select(flow_bond::cause)
            .distinct()
            .load(c))?;
        let new = causes.into_iter().map(|cause| cause.0);
        let new: Vec<Uuid> = new.filter(|cause| !bonds.contains_key(cause)).collect();
        let found = of_causes(conn, creditor, &new)?;
        let flows = found.values().flatten().map(|flow| flow.key.clone());
        asked = flows.filter(|key| !reached.contains(key)).collect();
        reached.extend(asked.iter().cloned());
        bonds.extend(found);
    }
    Ok(hanging_together(&bonds))
}

/// The flow that stands for each flow: bonds that share a flow are one.
fn hanging_together(bonds: &Bonds) -> Vec<Companionship> {
    let flows = bonds.values().flatten();
    let mut leads: BTreeMap<&KnownFlow, &KnownFlow> = flows.map(|flow| (flow, flow)).collect();
    let mut moved = true;
    while moved {
        moved = false;
        for bound in bonds.values() {
            let lead = bound.iter().filter_map(|flow| leads.get(flow)).min();
            let Some(lead) = lead.copied() else { continue };
            for flow in bound {
                moved |= leads.insert(flow, lead) != Some(lead);
            }
        }
    }
    let made = leads.into_iter().map(|(flow, lead)| Companionship {
        flow: flow.clone(),
        lead: lead.clone(),
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(key: &str) -> KnownFlow {
        KnownFlow {
            key: key.into(),
            psp_id: "P".into(),
        }
    }

    #[test]
    fn flows_hang_together_over_as_many_bonds_as_there_are() {
        let bond = |keys: &str| keys.chars().map(|c| flow(&c.to_string())).collect();
        let bonds: Bonds = [(1, "DE"), (2, "BC"), (3, "CD"), (4, "XY")]
            .into_iter()
            .map(|(cause, keys)| (Uuid::from_u128(cause), bond(keys)))
            .collect();
        let leads: Vec<(String, String)> = hanging_together(&bonds)
            .into_iter()
            .map(|one| (one.flow.key, one.lead.key))
            .collect();
        let expected = ["BB", "CB", "DB", "EB", "XX", "YX"];
        let told: Vec<String> = leads.into_iter().map(|(a, b)| a + &b).collect();
        assert_eq!(told, expected);
    }
}
