//! Who pays what and when. The plan of a batch depends on the seed, the batch's name and its
//! notices, never on their order of arrival or on the wall clock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::psps;
use crate::rng::Rng;

/// A batch of notices and how many of them people will pay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchIn {
    pub(crate) batch: String,
    pub(crate) creditor: String,
    /// Exactly so many notices are paid.
    pub(crate) pay: usize,
    #[serde(default)]
    pub(crate) mischief: Wishes,
    pub(crate) notices: Vec<NoticeIn>,
}

/// How many of the paid notices go wrong, by kind. A notice goes wrong in one way only.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wishes {
    double_payment: usize,
    lost_receipt: usize,
    late_payment: usize,
    paid_after_withdrawal: usize,
    lost_answer: usize,
    late_outcome: usize,
}

/// One notice on offer. A group is one debt, its options exclude each other.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticeIn {
    pub(crate) notice_number: String,
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) option: u32,
    #[serde(default = "first")]
    pub(crate) sequence: u32,
    pub(crate) issued_on: NaiveDate,
    /// The day by which people mean to pay.
    pub(crate) due_on: NaiveDate,
    /// The day after which a payment is late, when it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) term_on: Option<NaiveDate>,
}

impl NoticeIn {
    fn term(&self) -> NaiveDate {
        self.term_on.unwrap_or(self.due_on)
    }
}

fn first() -> u32 {
    1
}

/// What happens to a planned payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Plain,
    /// Two tokens are paid on the same day, two receipts arrive.
    DoublePayment,
    /// The receipt arrives 4 to 6 days later, after its flow.
    LostReceipt,
    /// Paid 1 to 40 days after the term.
    LatePayment,
    /// Activated on the day, outcome and receipt on the next one.
    PaidAfterWithdrawal,
    /// The answer to the receipt is lost, the receipt is sent again.
    LostAnswer,
    /// The token expires before the outcome; the receipt is sent all the same.
    LateOutcome,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::DoublePayment => "double_payment",
            Self::LostReceipt => "lost_receipt",
            Self::LatePayment => "late_payment",
            Self::PaidAfterWithdrawal => "paid_after_withdrawal",
            Self::LostAnswer => "lost_answer",
            Self::LateOutcome => "late_outcome",
        }
    }
}

/// One notice that will be paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedPayment {
    #[serde(rename = "n")]
    pub(crate) notice_number: String,
    #[serde(rename = "d")]
    pub(crate) day: NaiveDate,
    #[serde(rename = "p")]
    pub(crate) psp: usize,
    #[serde(rename = "k")]
    pub(crate) kind: Kind,
    /// The day after which it is late.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) term: Option<NaiveDate>,
}

/// Why a batch cannot be planned.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("notice number `{0}` is not 18 digits")]
    NoticeNumber(String),
    #[error("notice {0} occurs twice in the batch")]
    Repeated(String),
    #[error(
        "{asked} notices to pay, but the options that exclude each other leave at most {possible}"
    )]
    TooMany { asked: usize, possible: usize },
    #[error(
        "{asked} × {kind} asked, but only {possible} of the notices to be paid can go wrong that way"
    )]
    TooMuchMischief {
        kind: &'static str,
        asked: usize,
        possible: usize,
    },
}

/// The chosen option of one group: its notices in order of sequence, the first `take` are paid.
struct Choice<'a> {
    notices: Vec<&'a NoticeIn>,
    take: usize,
}

/// Plans exactly `pay` payments, in order of day and notice number.
pub(crate) fn plan(seed: u64, batch: &BatchIn) -> Result<Vec<PlannedPayment>, PlanError> {
    let groups = group(&batch.notices)?;
    let choices = choose(seed, batch, &groups)?;
    let kinds = spread_mischief(seed, batch, &choices)?;
    let mut planned = Vec::with_capacity(batch.pay);
    for choice in &choices {
        let mut previous: Option<NaiveDate> = None;
        for notice in choice.notices.iter().take(choice.take) {
            let mut rng = Rng::of(seed, &["payment", &batch.batch, &notice.notice_number]);
            let kind = kinds
                .get(notice.notice_number.as_str())
                .copied()
                .unwrap_or(Kind::Plain);
            let day = payment_day(&mut rng, notice, kind, previous);
            previous = Some(day);
            let psp = psps::draw(&mut rng);
            planned.push(PlannedPayment {
                notice_number: notice.notice_number.clone(),
                day,
                psp,
                kind,
                term: Some(notice.term()),
            });
        }
    }
    planned.sort_by(|a, b| (a.day, &a.notice_number).cmp(&(b.day, &b.notice_number)));
    Ok(planned)
}

type Groups<'a> = BTreeMap<&'a str, Vec<Vec<&'a NoticeIn>>>;

fn group(notices: &[NoticeIn]) -> Result<Groups<'_>, PlanError> {
    let mut seen = BTreeSet::new();
    let mut groups: BTreeMap<&str, BTreeMap<u32, Vec<&NoticeIn>>> = BTreeMap::new();
    for notice in notices {
        let number = notice.notice_number.as_str();
        if number.len() != 18 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PlanError::NoticeNumber(number.to_owned()));
        }
        if !seen.insert(number) {
            return Err(PlanError::Repeated(number.to_owned()));
        }
        groups
            .entry(&notice.group)
            .or_default()
            .entry(notice.option)
            .or_default()
            .push(notice);
    }
    Ok(groups
        .into_iter()
        .map(|(name, options)| {
            let options = options.into_values().map(|mut option| {
                option.sort_by_key(|notice| (notice.sequence, &notice.notice_number));
                option
            });
            (name, options.collect())
        })
        .collect())
}

/// Chooses an option for each group and how many of its notices are paid, `pay` in all.
fn choose<'a>(
    seed: u64,
    batch: &BatchIn,
    groups: &Groups<'a>,
) -> Result<Vec<Choice<'a>>, PlanError> {
    let mut drawn: Vec<(u64, &[Vec<&'a NoticeIn>], usize)> = Vec::with_capacity(groups.len());
    for (name, options) in groups {
        let mut rng = Rng::of(seed, &["group", &batch.batch, name]);
        let order = rng.next();
        let index =
            usize::try_from(rng.below(u64::try_from(options.len()).unwrap_or(0))).unwrap_or(0);
        drawn.push((order, options, index));
    }
    drawn.sort_by_key(|(order, options, _)| {
        (
            *order,
            options
                .first()
                .and_then(|o| o.first())
                .map(|n| &n.notice_number),
        )
    });

    let size = |options: &[Vec<&NoticeIn>], index: usize| options.get(index).map_or(0, Vec::len);
    let mut capacity: usize = drawn
        .iter()
        .map(|(_, options, index)| size(options, *index))
        .sum();
    for (_, options, index) in &mut drawn {
        if capacity >= batch.pay {
            break;
        }
        let longest = (0..options.len())
            .max_by_key(|candidate| size(options, *candidate))
            .unwrap_or(0);
        capacity = capacity
            .saturating_sub(size(options, *index))
            .saturating_add(size(options, longest));
        *index = longest;
    }
    if capacity < batch.pay {
        return Err(PlanError::TooMany {
            asked: batch.pay,
            possible: capacity,
        });
    }

    let mut spare = capacity.saturating_sub(batch.pay);
    let mut left = batch.pay;
    let mut choices = Vec::new();
    for (order, options, index) in drawn {
        let Some(option) = options.get(index) else {
            continue;
        };
        let mut take = option.len();
        let mut rng = Rng::of(seed ^ order, &["abandoned", &batch.batch]);
        if take > 1 && spare >= take && rng.chance(80) {
            let kept =
                usize::try_from(rng.between(1, u64::try_from(take.saturating_sub(1)).unwrap_or(1)))
                    .unwrap_or(1);
            spare = spare.saturating_sub(take.saturating_sub(kept));
            take = kept;
        }
        let take = take.min(left);
        left = left.saturating_sub(take);
        if take > 0 {
            choices.push(Choice {
                notices: option.clone(),
                take,
            });
        }
    }
    Ok(choices)
}

/// Which of the notices to be paid go wrong, and how.
fn spread_mischief<'a>(
    seed: u64,
    batch: &BatchIn,
    choices: &[Choice<'a>],
) -> Result<BTreeMap<&'a str, Kind>, PlanError> {
    let mut alone = Vec::new();
    let mut lone_first = Vec::new();
    let mut last = Vec::new();
    let mut any = Vec::new();
    for choice in choices {
        let paid = choice
            .notices
            .iter()
            .take(choice.take)
            .map(|notice| notice.notice_number.as_str());
        let paid: Vec<&'a str> = paid.collect();
        if paid.len() == 1 {
            let list = if choice.notices.len() == 1 {
                &mut alone
            } else {
                &mut lone_first
            };
            list.extend(paid.iter().copied());
        }
        last.extend(paid.last().copied());
        any.extend(paid);
    }
    let shuffle = |list: &mut Vec<&'a str>| {
        list.sort_by_key(|number| {
            (
                Rng::of(seed, &["mischief", &batch.batch, number]).next(),
                *number,
            )
        });
    };
    for list in [&mut alone, &mut lone_first, &mut last, &mut any] {
        shuffle(list);
    }
    alone.append(&mut lone_first);
    let wishes = &batch.mischief;
    let demands = [
        (
            Kind::PaidAfterWithdrawal,
            wishes.paid_after_withdrawal,
            &alone,
        ),
        (Kind::LatePayment, wishes.late_payment, &last),
        (Kind::DoublePayment, wishes.double_payment, &any),
        (Kind::LostReceipt, wishes.lost_receipt, &any),
        (Kind::LostAnswer, wishes.lost_answer, &any),
        (Kind::LateOutcome, wishes.late_outcome, &any),
    ];
    let mut kinds = BTreeMap::new();
    for (kind, asked, candidates) in demands {
        let free: Vec<&'a str> = candidates
            .iter()
            .copied()
            .filter(|number| !kinds.contains_key(number))
            .take(asked)
            .collect();
        if free.len() < asked {
            return Err(PlanError::TooMuchMischief {
                kind: kind.name(),
                asked,
                possible: free.len(),
            });
        }
        kinds.extend(free.into_iter().map(|number| (number, kind)));
    }
    Ok(kinds)
}

/// The day a notice is paid: from two days after issue to the due date, a third of them on the
/// last days; instalments in the weeks before they are due and after the one before.
fn payment_day(
    rng: &mut Rng,
    notice: &NoticeIn,
    kind: Kind,
    previous: Option<NaiveDate>,
) -> NaiveDate {
    let plus = |day: NaiveDate, days: u64| day.checked_add_days(Days::new(days)).unwrap_or(day);
    let minus = |day: NaiveDate, days: u64| day.checked_sub_days(Days::new(days)).unwrap_or(day);
    let due = notice.due_on;
    let after_previous = previous.map(|day| plus(day, 1));
    if kind == Kind::LatePayment {
        let late = plus(notice.term(), rng.between(1, 40));
        return after_previous.map_or(late, |floor| floor.max(late));
    }
    let mut from = plus(notice.issued_on, 2).min(due);
    if let Some(floor) = after_previous {
        from = from.max(minus(due, 40)).max(floor);
    }
    if from >= due {
        return from;
    }
    let from = if rng.chance(350) {
        from.max(minus(due, 4))
    } else {
        from
    };
    let span = u64::try_from(due.signed_duration_since(from).num_days()).unwrap_or(0);
    plus(from, rng.between(0, span))
}

#[cfg(test)]
mod tests;
