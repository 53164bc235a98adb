//! Where in the budget payments belong: receipts and rows of flows, each with its parts by accounting key.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::accounting::{AccountingPlan, AccountingPlans, Paid, PlanCode, Quota};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::settlement::Line;
pub use crate::store::positions::charges::Charge;
pub use crate::store::receipts::Filed;
use crate::store::settlement::Filed as Flow;
use crate::store::{self, Conn};

/// What can end such a question.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The plans of a creditor, and what its services say when there is none.
pub struct Bookkeeping<'a> {
    ctx: &'a Ctx,
    creditor: &'a FiscalCode,
    plans: AccountingPlans,
}

/// A part of a payment for the creditor, with what is known of it.
pub struct Explained<'a> {
    /// The receipt, when it came.
    pub receipt: Option<&'a Filed>,
    /// What was charged, when it is in these books.
    pub charge: Option<&'a Charge>,
    /// Which transfer of the receipt.
    pub transfer: i32,
    /// How much; negative when it was revoked.
    pub amount: Cents,
    /// Its parts by accounting key.
    pub quotas: Vec<Quota>,
}

impl Explained<'_> {
    /// The creditor's service; empty when the notice is not in these books.
    #[must_use]
    pub fn service_code(&self) -> &str {
        let receipt = self.receipt.and_then(|filed| filed.service_code.as_deref());
        let charge = self.charge.map(|charge| charge.service_code.as_str());
        receipt.or(charge).unwrap_or_default()
    }
}

/// Rows of flows and receipts read in one go.
const PAGE: i64 = 1000;

impl<'a> Bookkeeping<'a> {
    /// Reads the plans of a creditor.
    ///
    /// # Errors
    /// The database's.
    pub fn load(
        conn: &mut Conn,
        ctx: &'a Ctx,
        creditor: &'a FiscalCode,
    ) -> Result<Bookkeeping<'a>, store::Error> {
        let plans = store::accounting::all(conn, creditor)?;
        Ok(Bookkeeping {
            ctx,
            creditor,
            plans,
        })
    }

    /// What these receipts charge for, by position.
    ///
    /// # Errors
    /// The database's.
    pub fn charges(
        &self,
        conn: &mut Conn,
        filed: &[Filed],
    ) -> Result<BTreeMap<Uuid, Charge>, Error> {
        let ids: Vec<Uuid> = filed.iter().filter_map(|one| one.position_id).collect();
        Ok(store::positions::charges::get_all(
            conn,
            self.creditor,
            &ids,
        )?)
    }

    /// The parts of a receipt for the creditor, each explained.
    ///
    /// # Errors
    /// [`Error`].
    pub fn own_parts<'b>(
        &self,
        filed: &'b Filed,
        charge: Option<&'b Charge>,
    ) -> Result<Vec<Explained<'b>>, Error> {
        let own = filed.receipt.transfers.iter();
        let own = own.filter(|transfer| transfer.is_own_of(self.creditor));
        let explained = own.map(|transfer| {
            let index = i32::from(transfer.index);
            self.explain(Some(filed), charge, (index, transfer.amount), filed.paid_on)
        });
        explained.collect()
    }

    /// The rows of a flow in their order, each explained.
    ///
    /// # Errors
    /// [`Error`], or what `each` says.
    pub fn of_flow<E: From<Error> + From<store::Error>>(
        &self,
        conn: &mut Conn,
        flow: Uuid,
        mut each: impl FnMut(&Line, &Explained<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = 0i32;
        loop {
            let lines = store::settlement::lines(conn, self.creditor, flow, after, PAGE)?;
            let Some(last) = lines.last() else {
                return Ok(());
            };
            after = last.number;
            let facts = self.facts(conn, lines.iter())?;
            for line in &lines {
                each(line, &self.explain_line(&facts, line)?)?;
            }
        }
    }

    /// The rows of several flows, each explained: small flows are read together.
    ///
    /// # Errors
    /// [`Error`], or what `each` says.
    pub fn of_flows<E: From<Error> + From<store::Error>>(
        &self,
        conn: &mut Conn,
        flows: &[&Flow],
        mut each: impl FnMut(Uuid, &Line, &Explained<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut small, mut rows) = (Vec::new(), 0i64);
        for flow in flows {
            let count = flow.totals.count;
            if count > PAGE {
                self.of_flow(conn, flow.id, |line, explained| {
                    each(flow.id, line, explained)
                })?;
                continue;
            }
            rows = rows.saturating_add(count);
            if rows > PAGE {
                self.of_small_flows(conn, &small, &mut each)?;
                small.clear();
                rows = count;
            }
            small.push(flow.id);
        }
        self.of_small_flows(conn, &small, &mut each)
    }

    fn of_small_flows<E: From<Error> + From<store::Error>>(
        &self,
        conn: &mut Conn,
        flows: &[Uuid],
        each: &mut impl FnMut(Uuid, &Line, &Explained<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let lines = store::settlement::lines_of(conn, self.creditor, flows)?;
        let facts = self.facts(conn, lines.iter().map(|(_, line)| line))?;
        for (flow, line) in &lines {
            each(*flow, line, &self.explain_line(&facts, line)?)?;
        }
        Ok(())
    }

    /// The parts of the receipts of some payment references, each explained.
    ///
    /// # Errors
    /// [`Error`], or what `each` says.
    pub fn of_iuvs<E: From<Error> + From<store::Error>>(
        &self,
        conn: &mut Conn,
        iuvs: &[&str],
        mut each: impl FnMut(&str, &Explained<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let filed = store::receipts::lists::of_iuvs(conn, self.creditor, iuvs)?;
        let charges = self.charges(conn, &filed)?;
        for one in &filed {
            let charge = one.position_id.and_then(|id| charges.get(&id));
            for part in self.own_parts(one, charge)? {
                each(one.receipt.iuv.as_str(), &part)?;
            }
        }
        Ok(())
    }

    /// The parts by key of what a notice asks for: so much, of what is the creditor's, of the whole.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn of_debt(
        &self,
        charge: &Charge,
        [amount, own, whole]: [Cents; 3],
    ) -> Result<Vec<Quota>, MoneyError> {
        let paid = Paid {
            transfer: amount,
            own,
            whole,
        };
        match self.plan(&charge.service_code, charge.issued_on) {
            Some(plan) => plan.split(paid, &charge.rows),
            None => Ok(vec![Quota { key: None, amount }]),
        }
    }

    /// What of a part of a receipt goes back to who paid, by key.
    ///
    /// # Errors
    /// [`Error`].
    pub fn owed_back(&self, part: &Explained<'_>) -> Result<Vec<Quota>, Error> {
        let Some(filed) = part.receipt else {
            return Ok(Vec::new());
        };
        let back = filed.owed_back_of(part.transfer);
        match back.is_positive() {
            true if back == part.amount => Ok(part.quotas.clone()),
            true => {
                let place = (part.transfer, back);
                let back = self.explain(part.receipt, part.charge, place, filed.paid_on)?;
                Ok(back.quotas)
            }
            false => Ok(Vec::new()),
        }
    }

    /// What of a part of a receipt was owed, by key: with what goes back, the part.
    ///
    /// # Errors
    /// [`Error`].
    pub fn owed(&self, part: &Explained<'_>) -> Result<Vec<Quota>, Error> {
        let mut owed = part.quotas.clone();
        for quota in self.owed_back(part)? {
            if let Some(of_key) = owed.iter_mut().find(|one| one.key == quota.key) {
                of_key.amount = of_key.amount.minus(quota.amount)?;
            }
        }
        owed.retain(|quota| quota.amount != Cents::ZERO);
        Ok(owed)
    }

    fn explain_line<'b>(&self, facts: &'b Facts, line: &Line) -> Result<Explained<'b>, Error> {
        let receipt = facts.receipts.get(line.iur.as_str());
        let of_receipt = receipt.and_then(|filed| filed.position_id);
        let position = of_receipt.or_else(|| facts.positions.get(&line.iuv).copied());
        let charge = position.and_then(|id| facts.charges.get(&id));
        let place = (line.transfer.into(), line.effect());
        self.explain(receipt, charge, place, line.paid_on)
    }

    fn facts<'l>(
        &self,
        conn: &mut Conn,
        lines: impl Iterator<Item = &'l Line> + Clone,
    ) -> Result<Facts, Error> {
        let ids: Vec<&str> = lines.clone().map(|line| line.iur.as_str()).collect();
        let filed = store::receipts::lists::with_ids(conn, self.creditor, &ids)?;
        let receipts: BTreeMap<String, Filed> = filed
            .into_iter()
            .map(|one| (one.receipt.receipt_id.clone(), one))
            .collect();
        let missing = lines.filter(|line| !receipts.contains_key(&line.iur));
        let missing: Vec<&str> = missing.map(|line| line.iuv.as_str()).collect();
        let positions = store::positions::charges::of_iuvs(conn, self.creditor, &missing)?;
        let ids = receipts.values().filter_map(|filed| filed.position_id);
        let ids: Vec<Uuid> = ids.chain(positions.values().copied()).collect();
        Ok(Facts {
            charges: store::positions::charges::get_all(conn, self.creditor, &ids)?,
            receipts,
            positions,
        })
    }

    fn explain<'b>(
        &self,
        receipt: Option<&'b Filed>,
        charge: Option<&'b Charge>,
        (transfer, amount): (i32, Cents),
        paid_on: Day,
    ) -> Result<Explained<'b>, Error> {
        let mut explained = Explained {
            receipt,
            charge,
            transfer,
            amount,
            quotas: Vec::new(),
        };
        let day = charge.map_or(paid_on, |charge| charge.issued_on);
        let plan = self.plan(explained.service_code(), day);
        let paid = self.paid(receipt, amount)?;
        let rows = charge.map_or(&[][..], |charge| charge.rows.as_slice());
        explained.quotas = match plan {
            Some(plan) => plan.split(paid, rows)?,
            None => vec![Quota { key: None, amount }],
        };
        Ok(explained)
    }

    /// Without its receipt, a part is taken for the whole payment.
    fn paid(&self, receipt: Option<&Filed>, transfer: Cents) -> Result<Paid, MoneyError> {
        let Some(filed) = receipt else {
            return Ok(Paid {
                transfer,
                own: transfer,
                whole: transfer,
            });
        };
        let own = filed.receipt.transfers.iter();
        let own = own.filter(|part| part.is_own_of(self.creditor));
        Ok(Paid {
            transfer,
            own: Cents::sum(own.map(|part| part.amount))?,
            whole: filed.receipt.amount,
        })
    }

    /// The plan of a service on a day; without one, the account of its terms.
    fn plan(&self, service_code: &str, day: Day) -> Option<AccountingPlan> {
        if let Some(plan) = self.plans.on(service_code, day) {
            return Some(plan.clone());
        }
        let service = self
            .ctx
            .registry
            .service(self.creditor, service_code, day)?;
        let account = PlanCode::parse(service.accounting_key.as_str()).ok()?;
        Some(AccountingPlan::of_account(account, service.valid))
    }
}

/// What is known of some rows of a flow.
struct Facts {
    receipts: BTreeMap<String, Filed>,
    positions: BTreeMap<String, Uuid>,
    charges: BTreeMap<Uuid, Charge>,
}
