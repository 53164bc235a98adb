//! An entry as its table has it.

use diesel::prelude::*;

use super::{Filed, Matched};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::Quality;
use crate::domain::treasury::{
    Direction, DocumentKind, FlowReference, KnownFlow, Movement, Operation, Reference,
};
use crate::store::Error;
use crate::store::schema::treasury_entry;
use crate::store::types::{At, Id};

const TABLE: &str = "treasury_entry";

#[derive(Queryable, Insertable)]
#[diesel(table_name = treasury_entry, treat_none_as_default_value = false)]
pub(super) struct EntryRow {
    creditor: String,
    pub(super) id: Id,
    year: i32,
    account: String,
    number: String,
    direction: String,
    document: String,
    operation: String,
    provisional: Option<i64>,
    amount_cents: i64,
    booked_on: Day,
    value_on: Option<Day>,
    remittance: String,
    payer: String,
    bank_reference: Option<String>,
    reference_kind: String,
    reference: Option<String>,
    reference_joined: Option<String>,
    reference_open: Option<String>,
    matched_psp: Option<String>,
    matched_key: Option<String>,
    match_quality: Option<String>,
    ingested_at: At,
    held_by: Option<Id>,
    reference_also: Option<String>,
    given_iuv: Option<String>,
    matched_iuv: Option<String>,
}

const FLOW: &str = "flow";
pub(super) const SINGLE: &str = "single";
pub(super) const NONE: &str = "none";

pub(super) fn quality_name(quality: Quality) -> &'static str {
    match quality {
        Quality::Whole => "whole",
        Quality::Beginning => "beginning",
        Quality::Hand => "hand",
    }
}

/// A reference as the columns of an entry have it.
pub(super) struct ReferenceColumns {
    pub(super) kind: &'static str,
    pub(super) reference: Option<String>,
    pub(super) joined: Option<String>,
    pub(super) open: Option<String>,
    pub(super) also: Option<String>,
}

pub(super) fn columns_of(reference: &Reference) -> ReferenceColumns {
    let none = ReferenceColumns {
        kind: NONE,
        reference: None,
        joined: None,
        open: None,
        also: None,
    };
    match reference {
        Reference::Flow(flow) => ReferenceColumns {
            kind: FLOW,
            reference: Some(flow.id.clone()),
            joined: flow.joined.clone(),
            open: flow.open.clone(),
            also: (!flow.also.is_empty()).then(|| flow.also.join(" ")),
        },
        Reference::Single(iuv) => ReferenceColumns {
            kind: SINGLE,
            reference: Some(iuv.clone()),
            ..none
        },
        Reference::None => none,
    }
}

fn words(text: Option<&str>) -> Vec<String> {
    let words = text.into_iter().flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}

impl EntryRow {
    pub(super) fn from_domain(creditor: &FiscalCode, filed: &Filed) -> EntryRow {
        let movement = filed.movement.clone();
        let columns = columns_of(&filed.reference);
        EntryRow {
            creditor: creditor.to_string(),
            id: Id(filed.id),
            year: movement.year,
            account: movement.account,
            number: movement.number,
            direction: movement.direction.to_string(),
            document: movement.document.to_string(),
            operation: movement.operation.to_string(),
            provisional: movement.provisional,
            amount_cents: movement.amount.get(),
            booked_on: movement.booked_on,
            value_on: movement.value_on,
            remittance: movement.text,
            payer: movement.payer,
            bank_reference: movement.bank_reference,
            reference_kind: columns.kind.to_owned(),
            reference: columns.reference,
            reference_joined: columns.joined,
            reference_open: columns.open,
            reference_also: columns.also,
            given_iuv: filed.given.clone(),
            matched_iuv: filed.paid.clone(),
            matched_psp: filed.matched.as_ref().map(|m| m.flow.psp_id.clone()),
            matched_key: filed.matched.as_ref().map(|m| m.flow.key.clone()),
            match_quality: filed
                .matched
                .as_ref()
                .map(|m| quality_name(m.quality).to_owned()),
            ingested_at: At(filed.ingested_at),
            held_by: filed.held_by.map(Id),
        }
    }

    pub(super) fn into_domain(self) -> Result<Filed, Error> {
        let id = self.id.0;
        let corrupt = |why: &'static str| Error::corrupt(TABLE, id, why);
        let reference = match (self.reference_kind.as_str(), self.reference) {
            (FLOW, Some(id)) => Reference::Flow(FlowReference {
                id,
                joined: self.reference_joined,
                open: self.reference_open,
                also: words(self.reference_also.as_deref()),
            }),
            (SINGLE, Some(iuv)) => Reference::Single(iuv),
            (NONE, None) => Reference::None,
            _ => return Err(corrupt("reference")),
        };
        let quality = match self.match_quality.as_deref() {
            Some("beginning") => Quality::Beginning,
            Some("hand") => Quality::Hand,
            _ => Quality::Whole,
        };
        let matched = self.matched_psp.zip(self.matched_key);
        let matched = matched.map(|(psp_id, key)| Matched {
            flow: KnownFlow { key, psp_id },
            quality,
        });
        Ok(Filed {
            id,
            reference,
            matched,
            ingested_at: self.ingested_at.0,
            held_by: self.held_by.map(|id| id.0),
            given: self.given_iuv,
            paid: self.matched_iuv,
            movement: Movement {
                year: self.year,
                account: self.account,
                number: self.number,
                direction: Direction::from_name(&self.direction)
                    .ok_or_else(|| corrupt("direction"))?,
                document: DocumentKind::from_name(&self.document)
                    .ok_or_else(|| corrupt("document"))?,
                operation: Operation::from_name(&self.operation)
                    .ok_or_else(|| corrupt("operation"))?,
                provisional: self.provisional,
                amount: Cents::new(self.amount_cents).map_err(|_range| corrupt("amount"))?,
                booked_on: self.booked_on,
                value_on: self.value_on,
                text: self.remittance,
                payer: self.payer,
                bank_reference: self.bank_reference,
            },
        })
    }
}
