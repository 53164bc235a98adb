//! A payment that came short (art. 389 Reg. CdS): a lower sum does not close the report, it counts
//! towards what is due later.

use super::Report;
use crate::domain::balance::{Balance, Payment};
use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::service::{DetailsError, Step};

impl Report<'_> {
    /// Holds what was paid against what was due on that day. The rest is asked on the day of issue of
    /// the service: the difference to the reduced payment within its days, if the town allows it, and
    /// to half the maximum afterwards.
    pub(super) fn balance(&self, paid: Payment) -> Result<Balance, DetailsError> {
        if self.notified_on.is_none() && self.terms.preavviso_days.is_none() {
            return Err(DetailsError::new(
                "/notification",
                "finché la notifica non è nota non si sa quanto era dovuto",
                "until the notification is known, nobody knows what was due",
            ));
        }
        let mut steps = self.steps()?;
        if let (None, Some(late), Some(_)) = (open_end(&steps), self.prices.late, self.notified_on)
        {
            // Whatever the notice says after its days, this is what the claim amounts to.
            steps.push(super::step(None, self.late_reason(), late));
        }
        let due = steps.iter().find(|step| holds(step, paid.on)).map(sum);
        if let Some(due) = due.filter(|due| *due <= paid.amount) {
            let over = paid.amount.minus(due)?;
            return Ok(match over.is_positive() {
                true => Balance::Over(over),
                false => Balance::Even,
            });
        }
        let today = self.service.issued_on;
        let mut rest = Vec::new();
        for step in steps.into_iter().filter(|step| holds(step, today)) {
            let amount = sum(&step).minus(paid.amount)?;
            let allowed = self.terms.allow_integration || step.until.is_none();
            if amount.is_positive() && allowed {
                let reason = format!("differenza: {}", step.reason);
                rest.push(super::step(step.until, reason, amount));
            }
        }
        let due_on = rest.first().and_then(|step| step.until);
        let notice = self.notice(", integrazione", due_on, rest)?;
        Ok(Balance::Short(Box::new(notice)))
    }
}

fn open_end(steps: &[Step]) -> Option<&Step> {
    steps.last().filter(|step| step.until.is_none())
}

fn holds(step: &Step, day: Day) -> bool {
    step.until.is_none_or(|until| day <= until)
}

fn sum(step: &Step) -> Cents {
    Cents::sum(step.amounts.iter().copied()).unwrap_or(Cents::ZERO)
}
