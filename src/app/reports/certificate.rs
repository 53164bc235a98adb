//! The yearly certificate of school expenses: what each payer paid for each pupil's canteen, by the day of
//! payment. Bills count by the rows of each pupil; what is owed back (a bill paid twice, or after it was
//! withdrawn) is no expense. Top-ups count whole when they are paid, refunds are deducted.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Cell, ControlTotal, Desk, Error, PAGE, Period, Sink, Sum};
use crate::domain::money::Cents;
use crate::domain::receipt::Party;
use crate::domain::school_expense::{Named, SchoolDeduction, SchoolExpenses};
use crate::domain::service::canteen::{CanteenDetails, CanteenTerms, MealTariff, parts_paid};
use crate::domain::service::canteen_credit::{CanteenCreditDetails, CanteenCreditTerms, KIND};
use crate::store::canteen::SchoolReceipt;
use crate::store::{self, Conn};

/// Code of the kind that bills afterwards.
const BILLED: &str = "canteen";

/// Name and school of each pupil who eats on an account.
type Enrolled = BTreeMap<(Uuid, String), (String, String)>;

impl Desk<'_> {
    pub(super) fn canteen_certificate(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let services = self.ctx.registry.codes_of(self.creditor, &[BILLED, KIND]);
        let codes: Vec<&str> = services.iter().map(String::as_str).collect();
        let enrolled = self.enrolled(conn)?;
        let mut expenses = SchoolExpenses::default();
        let mut after = Uuid::nil();
        loop {
            let asked = (codes.as_slice(), period);
            let page = store::canteen::receipts(conn, self.creditor, asked, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for receipt in &page {
                count(&mut expenses, receipt, &enrolled)?;
            }
        }
        for movement in store::canteen::refunds(conn, self.creditor, period)? {
            let (pupil, payee) = (movement.pupil_tax_code.unwrap_or_default(), movement.payee);
            let (pupil, school) = known(&enrolled, movement.account_id, &pupil);
            let payee = Named {
                tax_code: payee,
                name: String::new(),
            };
            expenses.refunded((&pupil, &school), &payee, movement.amount.negated())?;
        }
        for refund in store::canteen::bill_refunds(conn, self.creditor, period)? {
            let unnamed = |tax_code: String| Named {
                tax_code,
                name: String::new(),
            };
            let (pupil, payee) = (
                unnamed(refund.pupil_tax_code),
                unnamed(refund.payee.to_string()),
            );
            expenses.refunded((&pupil, ""), &payee, refund.amount)?;
        }
        let deduction = self.deduction(&codes, period);
        let (mut paid, mut refunded) = (Sum::new("Pagato"), Sum::new("Rimborsato"));
        for line in expenses.lines() {
            paid.add(line.payments, line.paid)?;
            refunded.add(i64::from(line.refunded.is_positive()), line.refunded)?;
            let net = line.net()?;
            let given_back = deduction.map(|deduction| deduction.of(net)).transpose()?;
            sink(vec![
                Cell::Text(line.pupil.tax_code.clone()),
                Cell::Text(line.pupil.name.clone()),
                Cell::Text(line.school.clone()),
                Cell::Text(line.payer.tax_code.clone()),
                Cell::Text(line.payer.name.clone()),
                Cell::Count(line.payments),
                Cell::Cents(line.paid),
                Cell::Cents(line.refunded),
                Cell::Cents(net),
                given_back.map_or(Cell::Empty, Cell::Cents),
            ])?;
        }
        Ok(vec![paid.total(), refunded.total()])
    }

    fn enrolled(&self, conn: &mut Conn) -> Result<Enrolled, Error> {
        let mut enrolled = Enrolled::new();
        let mut after = None;
        loop {
            let page = store::canteen::page(conn, self.creditor, None, after, PAGE)?;
            let Some(last) = page.last() else {
                return Ok(enrolled);
            };
            after = Some(last.id);
            for account in page {
                for pupil in account.family.pupils {
                    let told = (pupil.pupil_name, pupil.school.unwrap_or_default());
                    enrolled.insert((account.id, pupil.pupil_tax_code), told);
                }
            }
        }
    }

    /// What the terms in force on the last day say of the tax.
    fn deduction(&self, codes: &[&str], period: Period) -> Option<SchoolDeduction> {
        let body = self.ctx.registry.creditor(self.creditor)?;
        codes.iter().find_map(|code| {
            let row = self.ctx.registry.service(self.creditor, code, period.to)?;
            let service = row.in_force(&body, period.to);
            let tariff = |tariff: &MealTariff| tariff.deduction;
            match row.kind.as_str() {
                KIND => CanteenCreditTerms::of(&service).ok().map(|t| &t.tariff),
                _ => CanteenTerms::of(&service).ok().map(|t| &t.tariff),
            }
            .and_then(tariff)
        })
    }
}

fn known(enrolled: &Enrolled, account: Uuid, pupil: &str) -> (Named, String) {
    let found = enrolled.get(&(account, pupil.to_owned()));
    let (name, school) = found.cloned().unwrap_or_default();
    let pupil = Named {
        tax_code: pupil.to_owned(),
        name,
    };
    (pupil, school)
}

fn named(party: &Party) -> Named {
    Named {
        tax_code: party.tax_code.to_string(),
        name: party.full_name.clone(),
    }
}

/// Counts one receipt.
fn count(
    expenses: &mut SchoolExpenses,
    receipt: &SchoolReceipt,
    enrolled: &Enrolled,
) -> Result<(), Error> {
    let corrupt = |why: serde_json::Error| {
        store::Error::corrupt("position", receipt.receipt_id.as_str(), why)
    };
    let payer = named(&receipt.payer);
    if let Some(details) = receipt.details.get(KIND) {
        let details: CanteenCreditDetails =
            serde_json::from_value(details.clone()).map_err(corrupt)?;
        let (pupil, school) = known(enrolled, details.account_id, &details.pupil_tax_code);
        expenses.paid((&pupil, &school), &payer, receipt.amount)?;
        return Ok(());
    }
    let bill = receipt.details.get(BILLED);
    let Some(details) = bill.filter(|_| receipt.amount.is_positive()) else {
        return Ok(());
    };
    let details: CanteenDetails = serde_json::from_value(details.clone()).map_err(corrupt)?;
    let rows: Vec<(&str, Cents)> = receipt
        .rows
        .iter()
        .map(|(code, amount)| (code.as_str(), *amount))
        .collect();
    for (share, part) in parts_paid(&details, &rows, receipt.amount)? {
        let pupil = Named {
            tax_code: share.pupil_tax_code.to_owned(),
            name: share.pupil_name.unwrap_or_default().to_owned(),
        };
        expenses.paid((&pupil, share.school.unwrap_or_default()), &payer, part)?;
    }
    Ok(())
}
