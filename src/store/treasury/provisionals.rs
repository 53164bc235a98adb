//! Provisional credits: the treasurer's entries under one number, added up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};

use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::treasury::KnownFlow;
use crate::store::reports::Period;
use crate::store::{Conn, Error};

/// A provisional credit (*provvisorio di entrata*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisional {
    /// Financial year.
    pub year: i32,
    /// Account of the treasury.
    pub account: String,
    /// Its number.
    pub number: i64,
    /// Day on which it was booked first.
    pub booked_on: Day,
    /// What it is worth, reversals and restorations counted.
    pub amount: Cents,
    /// What the journal calls regularised, without saying by which order.
    pub regularised: Cents,
    /// Who sent the money, as the journal says.
    pub payer: String,
    /// The flow that explains it.
    pub flow: Option<KnownFlow>,
    /// The single payment that it is for, as its text or an officer says.
    pub iuv: Option<String>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Text)]
    account: String,
    #[diesel(sql_type = BigInt)]
    provisional: i64,
    #[diesel(sql_type = Date)]
    booked_on: Day,
    #[diesel(sql_type = BigInt)]
    amount_cents: i64,
    #[diesel(sql_type = BigInt)]
    regularised_cents: i64,
    #[diesel(sql_type = Text)]
    payer: String,
    #[diesel(sql_type = Nullable<Text>)]
    matched_psp: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    matched_key: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    iuv: Option<String>,
}

/// The credits, added up; what they have to be like comes between.
const HEAD: &str = "SELECT year, account, provisional, \
     MIN(CASE WHEN operation <> 'regularised' THEN booked_on END) AS booked_on, \
     CAST(SUM(CASE operation WHEN 'reversed' THEN -amount_cents WHEN 'regularised' THEN 0 \
       ELSE amount_cents END) AS BIGINT) AS amount_cents, \
     CAST(SUM(CASE operation WHEN 'regularised' THEN amount_cents ELSE 0 END) AS BIGINT) \
       AS regularised_cents, \
     MAX(payer) AS payer, MAX(matched_psp) AS matched_psp, MAX(matched_key) AS matched_key, \
     MAX(CASE WHEN matched_iuv IS NOT NULL THEN matched_iuv \
     WHEN reference_kind = 'single' AND held_by IS NULL THEN reference END) AS iuv \
     FROM treasury_entry WHERE creditor = $1 AND provisional IS NOT NULL \
     AND direction = 'in' AND document = 'pending_credit'";
const ORDER: &str = "ORDER BY year, provisional, account";

/// Provisional credits first booked in a period, by year, number and account.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_period(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
) -> Result<Vec<Provisional>, Error> {
    let rows: Vec<Found> = on!(conn, |c| {
        diesel::sql_query(format!(
            "{HEAD} GROUP BY year, account, provisional \
             HAVING MIN(CASE WHEN operation <> 'regularised' THEN booked_on END) >= $2 \
             AND MIN(CASE WHEN operation <> 'regularised' THEN booked_on END) <= $3 {ORDER}",
        ))
        .bind::<Text, _>(creditor.as_str())
        .bind::<Date, _>(period.from)
        .bind::<Date, _>(period.to)
        .load(c)
    })?;
    rows.into_iter().map(Found::into_domain).collect()
}

/// Provisional credits that are matched to flows, by year, number and account.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_flows(conn: &mut Conn, creditor: &FiscalCode) -> Result<Vec<Provisional>, Error> {
    let rows: Vec<Found> = on!(conn, |c| {
        diesel::sql_query(format!(
            "{HEAD} GROUP BY year, account, provisional HAVING MAX(matched_key) IS NOT NULL \
             AND MIN(CASE WHEN operation <> 'regularised' THEN booked_on END) IS NOT NULL {ORDER}",
        ))
        .bind::<Text, _>(creditor.as_str())
        .load(c)
    })?;
    rows.into_iter().map(Found::into_domain).collect()
}

impl Found {
    fn into_domain(self) -> Result<Provisional, Error> {
        let cents = |amount: i64| {
            let amount = Cents::new(amount);
            amount.map_err(|why| Error::corrupt("treasury_entry", self.provisional, why))
        };
        let flow = self.matched_psp.zip(self.matched_key);
        Ok(Provisional {
            year: self.year,
            number: self.provisional,
            booked_on: self.booked_on,
            amount: cents(self.amount_cents)?,
            regularised: cents(self.regularised_cents)?,
            account: self.account,
            payer: self.payer,
            flow: flow.map(|(psp_id, key)| KnownFlow { key, psp_id }),
            iuv: self.iuv,
        })
    }
}
