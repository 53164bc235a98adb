//! What the use cases say, as problems: one exhaustive match for each of their errors.

use super::{FieldError, Problem, catalogue};
use crate::app::{
    creditors, notices, payments, positions, reconciliation, reports, settlement, treasury,
};
use crate::domain::position::PositionError;
use crate::domain::service::DetailsError;

/// A defect or a failure of ours: logged once, here; the caller sees none of it.
fn broken(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a use case failed");
    Problem::of(&catalogue::INTERNAL_ERROR)
}

impl From<crate::app::StoreError> for Problem {
    fn from(error: crate::app::StoreError) -> Problem {
        use crate::app::StoreError as E;
        match &error {
            E::Busy | E::Changed { .. } => Problem::of(&catalogue::UNAVAILABLE).retry_after(1),
            E::Down(_) => {
                tracing::error!(%error, "the database is down");
                Problem::of(&catalogue::UNAVAILABLE)
            }
            E::Corrupt { .. } | E::Bug(_) => broken(&error),
        }
    }
}

/// Findings with pointers relative to `base`.
fn findings(base: &str, found: &[DetailsError]) -> Vec<FieldError> {
    found
        .iter()
        .map(|f| FieldError::at(&format!("{base}{}", f.pointer), &f.detail))
        .collect()
}

impl Problem {
    /// The details of a new position break rules of their kind: pointers go below `/details/<kind>`.
    pub(in super::super) fn of_new_position(error: positions::Error, kind: &str) -> Problem {
        if let positions::Error::Details(found) = &error {
            let found = findings(&format!("/details/{kind}"), found);
            return Problem::of(&catalogue::RULE_VIOLATION).with(found);
        }
        error.into()
    }
}

impl From<positions::Error> for Problem {
    fn from(error: positions::Error) -> Problem {
        use positions::Error as E;
        let rule = |pointer: &str, why: &dyn std::fmt::Display| {
            Problem::at(&catalogue::RULE_VIOLATION, pointer, &why.to_string())
        };
        match error {
            E::UnknownService(_) => Problem::at(
                &catalogue::UNKNOWN_SERVICE,
                "/service_code",
                "is not in force",
            ),
            E::NoStation => Problem::of(&catalogue::NO_STATION),
            E::OtherKind { kind, .. } => rule(
                "/details",
                &format!("the service wants details of kind {kind}"),
            ),
            E::Details(found) => {
                Problem::of(&catalogue::RULE_VIOLATION).with(findings("/details", &found))
            }
            E::Number { index, why } => rule(&format!("/notice_numbers/{index}"), &why),
            E::ReferenceTaken => Problem::of(&catalogue::REFERENCE_TAKEN),
            E::NumberTaken => Problem::of(&catalogue::NOTICE_NUMBER_TAKEN),
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Refused(_) => Problem::of(&catalogue::STATE_FORBIDS),
            E::Position(PositionError::Numbers { given, needed }) => rule(
                "/notice_numbers",
                &format!("{given} were given, {needed} are needed"),
            ),
            E::Position(PositionError::Description(why)) => rule("/description", &why),
            E::Position(why @ (PositionError::Beneficiaries | PositionError::Money(_))) => {
                rule("/details", &why)
            }
            E::Money(why) => rule("/details", &why),
            E::Store(store) => store.into(),
        }
    }
}

impl From<notices::Error> for Problem {
    fn from(error: notices::Error) -> Problem {
        use notices::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::NotPayable(_) => Problem::of(&catalogue::NOT_PAYABLE),
            E::Payload(_) | E::Render(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<payments::Error> for Problem {
    fn from(error: payments::Error) -> Problem {
        use payments::Error as E;
        match error {
            E::UnknownNotice | E::UnknownPayment => Problem::of(&catalogue::NOT_FOUND),
            E::NotPayable(_) => Problem::of(&catalogue::NOT_PAYABLE),
            E::Receipt(_) | E::Render(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<creditors::Error> for Problem {
    fn from(error: creditors::Error) -> Problem {
        use creditors::Error as E;
        match error {
            E::UnknownCreditor(_) | E::UnknownService { .. } => Problem::of(&catalogue::NOT_FOUND),
            E::Stale => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Invalid(found) => Problem::of(&catalogue::RULE_VIOLATION).with(findings("", &found)),
            E::File(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<reconciliation::Error> for Problem {
    fn from(error: reconciliation::Error) -> Problem {
        use reconciliation::Error as E;
        match error {
            E::UnknownLine => Problem::of(&catalogue::NOT_FOUND),
            E::Store(store) => store.into(),
        }
    }
}

impl From<settlement::Error> for Problem {
    fn from(error: settlement::Error) -> Problem {
        use settlement::Error as E;
        match error {
            E::UnknownFlow => Problem::of(&catalogue::NOT_FOUND),
            E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<treasury::Error> for Problem {
    fn from(error: treasury::Error) -> Problem {
        use treasury::Error as E;
        match error {
            E::UnknownEntry => Problem::of(&catalogue::NOT_FOUND),
            E::Store(store) => store.into(),
        }
    }
}

impl From<reports::Error> for Problem {
    fn from(error: reports::Error) -> Problem {
        use reports::Error as E;
        match error {
            E::UnknownFlow => Problem::at(
                &catalogue::RULE_VIOLATION,
                "#query/settlement_flow_id",
                "no settlement flow has this id",
            ),
            E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}
