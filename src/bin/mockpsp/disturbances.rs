//! What goes wrong on purpose with the next messages of a leg: lost, late, twice, out of order, broken,
//! or saying something wrong. Kept in memory: a gateway that starts again disturbs nothing.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::messages::Door;
use crate::money::{euro, parse_euro};
use crate::node::Call;

/// A way that messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Leg {
    /// Node to creditor: what does the notice cost?
    Verify,
    /// Node to creditor: give me the payment.
    Activate,
    /// Node to creditor: it is paid.
    Receipt,
    /// Node to creditor: make me a notice for a service.
    Demand,
    /// Creditor to node: which flows are there, what do they say?
    Flows,
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    /// It never arrives.
    LoseRequest,
    /// It arrives, its answer does not.
    LoseAnswer,
    /// It arrives when the sender has long given up: just before the next message.
    Delay,
    /// The next message on the same leg overtakes it; the sender has given up.
    Reorder,
    /// It arrives twice at the same moment.
    Duplicate,
    /// It arrives cut in half.
    MalformRequest,
    /// Its answer arrives cut in half.
    MalformAnswer,
    /// It states one euro more than is true.
    WrongSum,
    /// It names a station that the creditor does not have.
    WrongStation,
}

/// A trouble that waits for its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disturbance {
    pub(crate) leg: Leg,
    pub(crate) trouble: Trouble,
    /// So many messages.
    #[serde(default = "once")]
    pub(crate) times: u32,
}

fn once() -> u32 {
    1
}

impl Disturbance {
    /// Why it cannot be, with what can be instead.
    pub(crate) fn check(self) -> Result<(), String> {
        let fits = match (self.leg, self.trouble) {
            (Leg::Flows, Trouble::LoseAnswer | Trouble::MalformAnswer)
            | (Leg::Verify | Leg::Activate | Leg::Receipt | Leg::Demand, _) => true,
            (
                Leg::Flows,
                Trouble::LoseRequest
                | Trouble::Delay
                | Trouble::Reorder
                | Trouble::Duplicate
                | Trouble::MalformRequest
                | Trouble::WrongSum
                | Trouble::WrongStation,
            ) => false,
        };
        if !fits {
            return Err(
                "the creditor asks for flows itself: lose_answer or malform_answer".to_owned(),
            );
        }
        if matches!(self.leg, Leg::Verify | Leg::Demand) && self.trouble == Trouble::WrongSum {
            return Err("the message states no sum: wrong_sum is for activate or receipt".into());
        }
        if self.times == 0 {
            return Err("times begins at 1".to_owned());
        }
        Ok(())
    }
}

/// A message that is on its way although nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) call: Call,
    pub(crate) door: Door,
    pub(crate) message: String,
    /// After the next message on its leg, not before any.
    pub(crate) overtaken: bool,
}

/// The troubles that wait, oldest first, and the messages held.
#[derive(Debug, Default)]
pub(crate) struct Disturbances {
    waiting: Mutex<Vec<Disturbance>>,
    held: Mutex<Vec<Held>>,
}

impl Disturbances {
    pub(crate) fn add(&self, disturbance: Disturbance) {
        lock(&self.waiting).push(disturbance);
    }

    pub(crate) fn list(&self) -> Vec<Disturbance> {
        lock(&self.waiting).clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.waiting).clear();
    }

    /// The trouble of the next message on this leg; it counts as used.
    pub(crate) fn next(&self, leg: Leg) -> Option<Trouble> {
        let mut waiting = lock(&self.waiting);
        let place = waiting.iter().position(|one| one.leg == leg)?;
        let one = waiting.get_mut(place)?;
        let trouble = one.trouble;
        one.times = one.times.saturating_sub(1);
        if one.times == 0 {
            waiting.remove(place);
        }
        Some(trouble)
    }

    pub(crate) fn hold(&self, held: Held) {
        lock(&self.held).push(held);
    }

    /// The messages that arrive before (none given) or after one on this leg.
    pub(crate) fn release(&self, after: Option<Leg>) -> Vec<Held> {
        let due = |held: &mut Held| match after {
            None => !held.overtaken,
            Some(leg) => held.overtaken && held.call.leg() == leg,
        };
        lock(&self.held).extract_if(.., due).collect()
    }
}

/// A message with one euro more in its amount.
pub(crate) fn wrong_sum(call: Call, message: &str) -> String {
    let name = match call {
        Call::Verify | Call::Activate | Call::Demand => "amount",
        Call::Receipt => "paymentAmount",
    };
    replaced(message, name, |amount| {
        parse_euro(amount).map_or_else(
            || amount.to_owned(),
            |cents| euro(cents.saturating_add(100)),
        )
    })
}

/// A message from the node to a station that does not exist.
pub(crate) fn wrong_station(message: &str) -> String {
    replaced(message, "idStation", |_| "99999999999_99".to_owned())
}

/// The first half of a text.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(text.chars().count() / 2).collect()
}

fn replaced(message: &str, name: &str, with: impl Fn(&str) -> String) -> String {
    let (opening, closing) = (format!("<{name}"), format!("</{name}>"));
    let parts = message.split_once(&opening).and_then(|(before, rest)| {
        let (attributes, rest) = rest.split_once('>')?;
        let (text, after) = rest.split_once(&closing)?;
        let with = with(text);
        Some(format!(
            "{before}{opening}{attributes}>{with}{closing}{after}"
        ))
    });
    parts.unwrap_or_else(|| message.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_used_in_order_and_as_often_as_asked() {
        let troubles = Disturbances::default();
        let one = |leg, trouble, times| Disturbance {
            leg,
            trouble,
            times,
        };
        troubles.add(one(Leg::Receipt, Trouble::LoseAnswer, 2));
        troubles.add(one(Leg::Receipt, Trouble::Delay, 1));
        assert_eq!(troubles.next(Leg::Verify), None);
        let met = [(); 4].map(|()| troubles.next(Leg::Receipt));
        let lost = Some(Trouble::LoseAnswer);
        assert_eq!(met, [lost, lost, Some(Trouble::Delay), None]);
    }

    #[test]
    fn a_message_is_made_wrong_in_one_place() {
        let message = "<idStation>1_01</idStation><paymentAmount>12.00</paymentAmount>";
        assert_eq!(
            wrong_sum(Call::Receipt, message),
            "<idStation>1_01</idStation><paymentAmount>13.00</paymentAmount>"
        );
        assert!(wrong_station(message).starts_with("<idStation>99999999999_99</idStation>"));
        assert_eq!(cut("àbcd"), "àb");
    }

    #[test]
    fn a_trouble_that_cannot_be_says_what_can() {
        let flows = Disturbance {
            leg: Leg::Flows,
            trouble: Trouble::Duplicate,
            times: 1,
        };
        assert!(flows.check().unwrap_err().contains("malform_answer"));
        let never = Disturbance {
            leg: Leg::Receipt,
            trouble: Trouble::Delay,
            times: 0,
        };
        assert!(never.check().is_err());
    }
}
