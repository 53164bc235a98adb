//! Accounting plans of services.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::schema::accounting_plan;
use super::types::Json;
use super::{Conn, Error, Tx};
use crate::domain::accounting::{
    AccountingKey, AccountingPlan, AccountingPlans, BudgetClaim, KeyShare, PlanCode, Takes,
};
use crate::domain::calendar::Day;
use crate::domain::creditor::Validity;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Text;

const TABLE: &str = "accounting_plan";

#[derive(Queryable, Insertable)]
#[diesel(table_name = accounting_plan, treat_none_as_default_value = false)]
struct PlanRow {
    creditor: String,
    service_code: String,
    valid_from: Day,
    valid_until: Option<Day>,
    shares: Json,
    revision: i64,
    with_chapters: bool,
}

#[derive(Serialize, Deserialize)]
struct ShareRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chapter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    article: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimRow>,
    plan_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share_bp: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct ClaimRow {
    year: i32,
    number: String,
}

/// The plans of a service by day, and their revision; `None` when it has none.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    service_code: &str,
) -> Result<Option<(Vec<AccountingPlan>, i64)>, Error> {
    let rows: Vec<PlanRow> = on!(conn, |c| accounting_plan::table
        .filter(accounting_plan::creditor.eq(creditor.as_str()))
        .filter(accounting_plan::service_code.eq(service_code))
        .order(accounting_plan::valid_from)
        .load(c))?;
    let revision = rows.iter().map(|row| row.revision).max();
    let plans: Result<Vec<AccountingPlan>, Error> =
        rows.into_iter().map(PlanRow::into_domain).collect();
    Ok(Some(plans?).zip(revision))
}

/// Every plan of a creditor.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn all(conn: &mut Conn, creditor: &FiscalCode) -> Result<AccountingPlans, Error> {
    let rows: Vec<PlanRow> = on!(conn, |c| accounting_plan::table
        .filter(accounting_plan::creditor.eq(creditor.as_str()))
        .order((accounting_plan::service_code, accounting_plan::valid_from))
        .load(c))?;
    let mut plans = AccountingPlans::default();
    for row in rows {
        let code = row.service_code.clone();
        plans.0.entry(code).or_default().push(row.into_domain()?);
    }
    Ok(plans)
}

/// Replaces the plans of a service.
///
/// # Errors
/// The database's.
pub fn replace(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    service_code: &str,
    (plans, revision): (&[AccountingPlan], i64),
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::delete(
        accounting_plan::table
            .filter(accounting_plan::creditor.eq(creditor.as_str()))
            .filter(accounting_plan::service_code.eq(service_code))
    )
    .execute(c))?;
    for plan in plans {
        let shares: Vec<ShareRow> = plan.shares.iter().map(ShareRow::of).collect();
        let row = PlanRow {
            creditor: creditor.to_string(),
            service_code: service_code.to_owned(),
            valid_from: plan.valid.from,
            valid_until: plan.valid.until,
            shares: Json(
                serde_json::to_value(shares)
                    .map_err(|why| Error::corrupt(TABLE, service_code, why))?,
            ),
            revision,
            with_chapters: plan.has_chapters(),
        };
        on!(&mut **tx, |c| diesel::insert_into(accounting_plan::table)
            .values(row)
            .execute(c))?;
    }
    Ok(())
}

impl PlanRow {
    fn into_domain(self) -> Result<AccountingPlan, Error> {
        let id = self.service_code;
        let shares: Vec<ShareRow> =
            serde_json::from_value(self.shares.0).map_err(|why| Error::corrupt(TABLE, &id, why))?;
        let shares = shares.into_iter().map(|share| {
            let read = share.into_domain();
            read.ok_or_else(|| Error::corrupt(TABLE, &id, "a key cannot be read"))
        });
        Ok(AccountingPlan {
            valid: Validity {
                from: self.valid_from,
                until: self.valid_until,
            },
            shares: shares.collect::<Result<_, Error>>()?,
        })
    }
}

impl ShareRow {
    fn of(share: &KeyShare) -> ShareRow {
        let key = &share.key;
        let (rows, share_bp) = match &share.takes {
            Takes::Rows(codes) => (Some(codes.clone()), None),
            Takes::Share(bp) => (None, Some(*bp)),
        };
        ShareRow {
            chapter: key.chapter.as_ref().map(ToString::to_string),
            article: key.article.as_ref().map(ToString::to_string),
            claim: key.claim.as_ref().map(|claim| ClaimRow {
                year: claim.year,
                number: claim.number.to_string(),
            }),
            plan_code: key.plan_code.as_str().to_owned(),
            rows,
            share_bp,
        }
    }

    fn into_domain(self) -> Option<KeyShare> {
        let text = |text: Option<String>| text.map(|text| Text::parse(&text).ok());
        // A text that is there and cannot be read makes the row unreadable.
        let optional = |read: Option<Option<Text<20>>>| match read {
            None => Some(None),
            Some(read) => read.map(Some),
        };
        let claim = match self.claim {
            None => None,
            Some(claim) => Some(BudgetClaim {
                year: claim.year,
                number: Text::parse(&claim.number).ok()?,
            }),
        };
        let takes = match (self.rows, self.share_bp) {
            (Some(rows), None) => Takes::Rows(rows),
            (None, Some(bp)) => Takes::Share(bp),
            (Some(_), Some(_)) | (None, None) => return None,
        };
        let key = AccountingKey {
            chapter: optional(text(self.chapter))?,
            article: optional(text(self.article))?,
            claim,
            plan_code: PlanCode::parse(&self.plan_code).ok()?,
        };
        Some(KeyShare { key, takes })
    }
}
