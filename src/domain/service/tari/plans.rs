//! How the waste tax may be paid (`charges.md` §2.6): at once, or by one of the plans.

use std::sync::Arc;

use super::rows::to_euro;
use super::{EuroRounding, Owed, PROVINCE, Plan, TariDetails, TariTerms};
use crate::domain::calendar::Day;
use crate::domain::money::{Cents, RemainderOn};
use crate::domain::service::{
    Beneficiary, DetailsError, NoticeDraft, OptionDraft, OptionKind, Schedule, Service,
    TransferDraft,
};

/// The ways of paying: the whole first.
pub(super) fn options(
    owed: &Owed,
    details: &TariDetails,
    terms: &TariTerms,
    service: &Service,
) -> Result<Vec<OptionDraft>, DetailsError> {
    let payees = Payees::of(terms, service);
    let mut options = Vec::with_capacity(terms.plans.len().saturating_add(1));
    if let Some(planned) = terms.single_due_on {
        let due = terms.due(planned, service.issued_on);
        let notice = payees.notice("rata unica", due, [owed.town()?, owed.tefa])?;
        options.push(OptionDraft {
            kind: OptionKind::Single,
            lapse: None,
            notices: vec![notice],
        });
    }
    for plan in &terms.plans {
        let wanted = details.plan.as_ref();
        if wanted.is_some_and(|code| *code != plan.code) {
            continue;
        }
        match instalments(owed, details, (terms, plan), &payees)? {
            Some(notices) => options.push(OptionDraft {
                kind: OptionKind::Plan,
                lapse: None,
                notices,
            }),
            None if wanted.is_some() => return Err(too_little("/plan")),
            None => {}
        }
    }
    if options.is_empty() {
        return Err(too_little(""));
    }
    Ok(options)
}

fn too_little(pointer: &str) -> DetailsError {
    DetailsError::new(
        pointer,
        "l'importo è troppo piccolo per questo piano: una rata sarebbe sotto il minimo",
        "the amount is too small for this plan: an instalment would be below the least amount",
    )
}

/// The notices of a plan; `None` when so little is owed that an instalment would be nothing, or less
/// than the service asks.
fn instalments(
    owed: &Owed,
    details: &TariDetails,
    (terms, plan): (&TariTerms, &Plan),
    payees: &Payees<'_>,
) -> Result<Option<Vec<NoticeDraft>>, DetailsError> {
    let least = Cents::new(terms.min_instalment_cents.max(1))?;
    let mut notices = Vec::with_capacity(plan.due_on.len());
    let count = plan.due_on.len();
    for (i, ([town, tefa], due)) in amounts(owed, details, (terms, plan))?
        .into_iter()
        .zip(&plan.due_on)
        .enumerate()
    {
        if town < Cents::ZERO || tefa < Cents::ZERO || town.plus(tefa)? < least {
            return Ok(None);
        }
        let place = i.saturating_add(1);
        let due = terms.due(*due, payees.service.issued_on);
        let rest = format!("rata {place} di {count}");
        notices.push(payees.notice(&rest, due, [town, tefa])?);
    }
    Ok(Some(notices))
}

/// What town and Province get with each instalment: each part is split on its own.
fn amounts(
    owed: &Owed,
    details: &TariDetails,
    (terms, plan): (&TariTerms, &Plan),
) -> Result<Vec<[Cents; 2]>, DetailsError> {
    let (tari_base, tefa_base) = match details.advance_base_cents {
        Some(base) => {
            let base = Cents::new(base)?;
            (base, base.share(terms.tefa_bp)?)
        }
        None => (owed.tari, owed.tefa),
    };
    let tari = plan.split(owed.tari, tari_base)?;
    let tefa = plan.split(owed.tefa, tefa_base)?;
    let mut parts: Vec<[Cents; 2]> = tari
        .into_iter()
        .zip(tefa)
        .map(|(tari, tefa)| [tari, tefa])
        .collect();
    let mut bonus = owed.bonus;
    for [town, _] in &mut parts {
        let used = bonus.min(*town).max(Cents::ZERO);
        *town = town.minus(used)?;
        bonus = bonus.minus(used)?;
    }
    if let Some([town, _]) = parts.get_mut(plan.ur_index()) {
        *town = town.plus(owed.components)?;
    }
    if terms.euro_rounding == EuroRounding::Total {
        whole_euro(&mut parts, plan.remainder_on, owed.rounding)?;
    }
    Ok(parts)
}

/// Brings every instalment to the euro; the settling one takes what makes the roundings those of the
/// whole.
fn whole_euro(
    parts: &mut [[Cents; 2]],
    remainder_on: RemainderOn,
    whole: Cents,
) -> Result<(), DetailsError> {
    let split = match remainder_on {
        RemainderOn::First => parts.split_first_mut(),
        RemainderOn::Last => parts.split_last_mut(),
    };
    let Some(([settling, _], others)) = split else {
        return Ok(());
    };
    let mut left = whole;
    for [town, tefa] in others {
        let rounding = to_euro(*town, *tefa)?;
        *town = town.plus(rounding)?;
        left = left.minus(rounding)?;
    }
    *settling = settling.plus(left)?;
    Ok(())
}

/// Who is paid, with the reserved metadata.
struct Payees<'a> {
    service: &'a Service,
    town: TransferDraft,
    province: Option<TransferDraft>,
}

impl Payees<'_> {
    fn of<'a>(terms: &TariTerms, service: &'a Service) -> Payees<'a> {
        let province = service.others.get(PROVINCE);
        let [for_town, for_province] = terms.reserved();
        Payees {
            service,
            town: transfer(&service.main, for_town),
            province: province.map(|to| transfer(to, for_province)),
        }
    }

    /// One notice: the town, then the Province unless it gets nothing.
    fn notice(
        &self,
        rest: &str,
        due: Day,
        [town, tefa]: [Cents; 2],
    ) -> Result<NoticeDraft, DetailsError> {
        let mut transfers = Vec::with_capacity(2);
        let mut amounts = Vec::with_capacity(2);
        transfers.push(self.town.clone());
        amounts.push(town);
        if let (true, Some(province)) = (tefa.is_positive(), &self.province) {
            transfers.push(province.clone());
            amounts.push(tefa);
        }
        Ok(NoticeDraft {
            description: self.service.description(rest),
            due_on: Some(due),
            transfers,
            schedule: Schedule::flat("importo dovuto", amounts)?,
        })
    }
}

fn transfer(to: &Arc<Beneficiary>, reserved: &Arc<[(String, String)]>) -> TransferDraft {
    TransferDraft {
        to: Arc::clone(to),
        metadata: Arc::clone(reserved),
    }
}
