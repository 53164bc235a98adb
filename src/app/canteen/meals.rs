//! The meals of a day, or of a month, in one request: each is taken, known or refused for itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use super::{Error, Moved, price};
use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant};
use crate::domain::canteen_account::{CanteenAccount, CreditCause, CreditMovement, taken};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::{self, Tx};

/// A meal to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meal {
    /// The account that pays.
    pub account_id: Uuid,
    /// Who ate.
    pub pupil_tax_code: String,
    /// When.
    pub on: Day,
}

/// What became of a meal.
#[derive(Debug)]
pub enum MealOutcome {
    /// Taken from the account.
    Taken(Moved),
    /// On file already, with this account: nothing changes.
    Known(CreditMovement),
    /// Not taken, and why; the other meals are.
    Refused(Error),
}

/// What is known while the meals are gone through.
struct Table {
    accounts: BTreeMap<Uuid, CanteenAccount>,
    balances: BTreeMap<Uuid, Cents>,
    on_file: BTreeMap<(String, Day), CreditMovement>,
}

/// Takes many meals in their order, in one transaction: outcomes are in the same order. The accounts are held
/// until it ends. What one meal takes the next one does not find.
///
/// # Errors
/// The database's; nothing is taken then.
pub fn debit_all(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    meals: &[Meal],
) -> Result<Vec<MealOutcome>, store::Error> {
    let mut table = Table::read(tx, creditor, meals)?;
    let mut outcomes = Vec::with_capacity(meals.len());
    let mut movements = Vec::new();
    for meal in meals {
        let outcome = match table.take(now, ctx, meal) {
            Ok(outcome) => outcome,
            Err(Error::Store(error)) => return Err(error),
            Err(error) => MealOutcome::Refused(error),
        };
        if let MealOutcome::Taken(moved) = &outcome {
            movements.push(moved.movement.clone());
        }
        outcomes.push(outcome);
    }
    if !store::canteen::append_all(tx, creditor, &movements)? {
        // Another process wrote one between the question and the write.
        return Err(store::Error::Changed {
            table: "canteen_movement",
            id: format!("{} meals", movements.len()),
        });
    }
    let taken = movements.iter().map(|movement| movement.amount.get());
    let taken = taken.fold(0i64, i64::saturating_sub);
    let said = json!({ "meals": meals.len(), "taken": movements.len(), "taken_cents": taken });
    let what = (AuditedEntity::CanteenMealBatch, ctx.ids.next());
    tx.note(AuditChange::new(creditor, AuditAction::Debited, what, said));
    Ok(outcomes)
}

impl Table {
    fn read(tx: &mut Tx<'_>, creditor: &FiscalCode, meals: &[Meal]) -> Result<Table, store::Error> {
        let ids: BTreeSet<Uuid> = meals.iter().map(|meal| meal.account_id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let accounts = store::canteen::lock_among(tx, creditor, &ids)?;
        let balances = store::canteen::balances(tx, creditor, &ids)?;
        let pupils: BTreeSet<&str> = meals.iter().map(|m| m.pupil_tax_code.as_str()).collect();
        let pupils: Vec<&str> = pupils.into_iter().collect();
        let days = meals.iter().map(|meal| meal.on);
        let mut on_file = BTreeMap::new();
        if let (Some(from), Some(to)) = (days.clone().min(), days.max()) {
            for movement in store::canteen::meals_on_file(tx, creditor, &pupils, (from, to))? {
                let pupil = movement.pupil_tax_code.clone().unwrap_or_default();
                on_file.insert((pupil, movement.day), movement);
            }
        }
        Ok(Table {
            accounts: accounts.into_iter().map(|a| (a.id, a)).collect(),
            balances,
            on_file,
        })
    }

    fn take(&mut self, now: Instant, ctx: &Ctx, meal: &Meal) -> Result<MealOutcome, Error> {
        let id = meal.account_id;
        let account = self.accounts.get(&id).ok_or(Error::Unknown)?;
        let key = (meal.pupil_tax_code.clone(), meal.on);
        if let Some(movement) = self.on_file.get(&key) {
            return match movement.account_id == id {
                true => Ok(MealOutcome::Known(movement.clone())),
                false => Err(Error::PaidElsewhere),
            };
        }
        let (price, floor) = price(ctx, account, (&meal.pupil_tax_code, meal.on))?;
        let before = self.balances.get(&id).copied().unwrap_or(Cents::ZERO);
        let balance = taken(before, price, floor)?;
        let movement = CreditMovement {
            id: ctx.ids.next(),
            account_id: id,
            cause: CreditCause::Meal(meal.on),
            amount: price.negated(),
            day: meal.on,
            at: now,
            pupil_tax_code: Some(meal.pupil_tax_code.clone()),
            note: None,
        };
        self.balances.insert(id, balance);
        self.on_file.insert(key, movement.clone());
        Ok(MealOutcome::Taken(Moved { movement, balance }))
    }
}
