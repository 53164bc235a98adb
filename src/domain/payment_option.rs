//! The ways of paying a position, as they stand on a day: what the node shows a citizen who has one notice in
//! hand (SANP, payment options).

use crate::domain::calendar::Day;
use crate::domain::lifecycle::State;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::position::{NotPayable, Notice, Position};
use crate::domain::service::OptionKind;

/// Where one way of paying, or one notice of it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// To be paid, in time.
    Unpaid,
    /// Paid.
    Paid,
    /// Some of its notices are paid; never of one notice.
    PartlyPaid,
    /// The term has passed, and it can still be paid.
    LateUnpaid,
    /// The term has passed, and it cannot be paid any more.
    Lapsed,
    /// Withdrawn, stopped, or excluded by another way that was chosen.
    Invalid,
}

/// One notice of a way of paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instalment<'a> {
    /// The notice.
    pub notice: &'a Notice,
    /// What it costs on the day; what was asked at its issue when it cannot be paid.
    pub amount: Cents,
    /// Where it stands.
    pub standing: Standing,
}

/// One way of paying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentOption<'a> {
    /// At once, or a plan.
    pub kind: OptionKind,
    /// Its notices, in the order they fall due.
    pub instalments: Vec<Instalment<'a>>,
    /// Sum of its notices.
    pub amount: Cents,
    /// Where the whole stands.
    pub standing: Standing,
}

impl Position {
    /// Every way of paying with its notices, as they stand on a day. Drafts are left out.
    ///
    /// # Errors
    /// [`MoneyError`] when a sum overflows.
    pub fn payment_options(&self, day: Day) -> Result<Vec<PaymentOption<'_>>, MoneyError> {
        let published = self
            .notices
            .iter()
            .filter(|notice| notice.state != State::Draft);
        let mut options: Vec<(u16, PaymentOption<'_>)> = Vec::new();
        for notice in published {
            let instalment = self.instalment(notice, day);
            match options
                .iter_mut()
                .find(|(option, _)| *option == notice.option)
            {
                Some((_, option)) => option.instalments.push(instalment),
                None => {
                    let option = PaymentOption {
                        kind: notice.option_kind,
                        amount: Cents::ZERO,
                        standing: instalment.standing,
                        instalments: vec![instalment],
                    };
                    options.push((notice.option, option));
                }
            }
        }
        let mut whole = Vec::with_capacity(options.len());
        for (_, mut option) in options {
            option.amount = Cents::sum(option.instalments.iter().map(|one| one.amount))?;
            option.standing = standing(&option.instalments);
            whole.push(option);
        }
        Ok(whole)
    }

    fn instalment<'a>(&self, notice: &'a Notice, day: Day) -> Instalment<'a> {
        let late = notice.due_on.is_some_and(|due| due < day);
        let (amount, standing) = match self.payable_on(notice, day) {
            Ok(due) if late => (due.total, Standing::LateUnpaid),
            Ok(due) => (due.total, Standing::Unpaid),
            Err(why) => {
                let standing = match why {
                    NotPayable::AlreadyPaid => Standing::Paid,
                    NotPayable::Expired | NotPayable::PlanLapsed => Standing::Lapsed,
                    NotPayable::NotPublished
                    | NotPayable::Withdrawn
                    | NotPayable::Suspended
                    | NotPayable::OtherOptionPaid => Standing::Invalid,
                };
                (notice.schedule.nominal(), standing)
            }
        };
        Instalment {
            notice,
            amount,
            standing,
        }
    }
}

/// The whole stands where the best of what is open stands; paid when nothing else is left.
fn standing(instalments: &[Instalment<'_>]) -> Standing {
    let any = |standing: Standing| instalments.iter().any(|one| one.standing == standing);
    let open = [Standing::Unpaid, Standing::LateUnpaid, Standing::Lapsed]
        .into_iter()
        .find(|open| any(*open));
    match (any(Standing::Paid), open) {
        (true, Some(_)) => Standing::PartlyPaid,
        (true, None) => Standing::Paid,
        (false, Some(open)) => open,
        (false, None) => Standing::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::position::tests::{day, tari};

    /// How every option and its notices stand.
    fn stand(position: &Position, on: &str) -> Vec<(Standing, Vec<Standing>)> {
        let options = position.payment_options(day(on)).unwrap();
        let of = |option: &PaymentOption<'_>| {
            let instalments = option.instalments.iter().map(|one| one.standing);
            (option.standing, instalments.collect())
        };
        options.iter().map(of).collect()
    }

    fn set(position: &mut Position, option: u16, sequence: u16, state: State) {
        let wanted = |notice: &&mut Notice| (notice.option, notice.sequence) == (option, sequence);
        position.notices.iter_mut().find(wanted).unwrap().state = state;
    }

    #[test]
    fn what_is_open_falls_due_and_what_is_paid_excludes() {
        use Standing::{Invalid, LateUnpaid, Paid, PartlyPaid, Unpaid};
        let mut position = tari();
        for (notice, due) in
            position
                .notices
                .iter_mut()
                .zip(["2026-06-16", "2026-05-16", "2026-07-16"])
        {
            notice.due_on = Some(day(due));
        }
        assert_eq!(
            stand(&position, "2026-05-16"),
            [(Unpaid, vec![Unpaid]), (Unpaid, vec![Unpaid; 2])]
        );
        let late = stand(&position, "2026-06-17");
        assert_eq!(
            late,
            [
                (LateUnpaid, vec![LateUnpaid]),
                (Unpaid, vec![LateUnpaid, Unpaid])
            ]
        );
        set(&mut position, 2, 1, State::Paid);
        let chosen = stand(&position, "2026-04-02");
        assert_eq!(
            chosen,
            [(Invalid, vec![Invalid]), (PartlyPaid, vec![Paid, Unpaid])]
        );
        set(&mut position, 2, 2, State::Settled);
        assert_eq!(stand(&position, "2026-04-02")[1], (Paid, vec![Paid; 2]));
    }

    #[test]
    fn drafts_do_not_exist_and_withdrawn_ones_are_invalid() {
        let mut position = tari();
        let whole: i64 = position.payment_options(day("2026-04-02")).unwrap()[1]
            .amount
            .get();
        assert_eq!(whole, position.total().get());
        for state in [State::Draft, State::Cancelled] {
            for notice in &mut position.notices {
                notice.state = state;
            }
            let found = stand(&position, "2026-04-02");
            assert_eq!(found.len(), if state == State::Draft { 0 } else { 2 });
            assert!(found.iter().all(|(whole, _)| *whole == Standing::Invalid));
        }
    }
}
