//! What the use cases say, as problems: one exhaustive match for each of their errors.

use super::{FieldError, Problem, catalogue};
use crate::app::collection_orders::{coverings, export};
use crate::app::reports::WriteError;
use crate::app::{
    accounting, canteen, collection_orders, creditors, decisions, notices, payments, periods,
    positions, reconciliation, reports, repricing, settlement, treasury, worklist,
};
use crate::domain::canteen_account::CreditError;
use crate::domain::lifecycle::Refused;
use crate::domain::position::{PositionError, ReplanError, RepriceError};
use crate::domain::reconciliation::decision::DecisionError;
use crate::domain::reconciliation::period::PeriodError;
use crate::domain::service::DetailsError;
use crate::domain::text::{Rule, Said};

/// A defect or a failure of ours: logged once, here; the caller sees none of it.
fn broken(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "a use case failed");
    Problem::of(&catalogue::INTERNAL_ERROR)
}

/// Seconds after which somebody may have made room.
const STORAGE_SECONDS: u64 = 60;

/// A file that waits on the disk of the engine.
impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Problem {
        tracing::error!(%error, "a file cannot wait on the disk");
        if error.kind() == std::io::ErrorKind::StorageFull {
            Problem::of(&catalogue::STORAGE_FULL).retry_after(STORAGE_SECONDS)
        } else {
            Problem::of(&catalogue::UNAVAILABLE)
        }
    }
}

/// Work beside the doors' threads that came to no end: it panicked.
impl From<actix_web::error::BlockingError> for Problem {
    fn from(error: actix_web::error::BlockingError) -> Problem {
        broken(&error)
    }
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
            E::Full(_) => {
                tracing::error!(%error, "there is no room for what is written");
                Problem::of(&catalogue::STORAGE_FULL).retry_after(STORAGE_SECONDS)
            }
            E::ReadOnly(_) => {
                tracing::error!(%error, "the database takes no writes");
                Problem::of(&catalogue::STORAGE_READ_ONLY).retry_after(STORAGE_SECONDS)
            }
            E::Corrupt { .. } | E::Bug(_) => broken(&error),
        }
    }
}

/// Findings with pointers relative to `base`.
fn findings(base: &str, found: &[DetailsError]) -> Vec<FieldError> {
    found
        .iter()
        .map(|f| FieldError::at(format!("{base}{}", f.pointer), f.said.clone()))
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
        let rule =
            |pointer: &str, said: Said| Problem::at(&catalogue::RULE_VIOLATION, pointer, said);
        match error {
            E::UnknownService(_) => Problem::at(
                &catalogue::UNKNOWN_SERVICE,
                "/service_code",
                Said::new(
                    "non è in vigore alla data di emissione",
                    "is not in force on the day of issue",
                ),
            ),
            E::NoStation => Problem::of(&catalogue::NO_STATION),
            E::OtherKind { kind, .. } => rule(
                "/details",
                Said::new(
                    format!("il servizio vuole i dati del tipo {kind}"),
                    format!("the service wants details of kind {kind}"),
                ),
            ),
            E::Details(found) => {
                Problem::of(&catalogue::RULE_VIOLATION).with(findings("/details", &found))
            }
            E::Numbers(wrong) => Problem::of(&catalogue::RULE_VIOLATION).with(
                wrong
                    .iter()
                    .map(|(i, why)| FieldError::at(format!("/notice_numbers/{i}"), why.said()))
                    .collect(),
            ),
            E::ReferenceTaken => Problem::of(&catalogue::REFERENCE_TAKEN),
            E::NumberTaken => Problem::of(&catalogue::NOTICE_NUMBER_TAKEN),
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Refused(refused) | E::Replan(ReplanError::Refused(refused)) => {
                let Refused { state, event } = refused;
                Problem::of(&catalogue::STATE_FORBIDS).saying(Said::new(
                    format!("Nello stato `{state}` l'operazione `{event}` non è possibile."),
                    format!("In state `{state}`, `{event}` is not possible."),
                ))
            }
            E::TermPassed => rule(
                "/due_date",
                Said::new("non può essere una data passata", "must not be past"),
            ),
            E::Replan(why) => rule(&place_of(&why), why.said()),
            E::Position(PositionError::Numbers { given, needed }) => rule(
                "/notice_numbers",
                Said::new(
                    format!("i numeri indicati sono {given}, ne servono {needed}"),
                    format!("{given} were given, {needed} are needed"),
                ),
            ),
            E::Position(PositionError::Description(why)) => rule("/description", why.said()),
            E::Position(why @ PositionError::Beneficiaries) => rule(
                "/details",
                Said::new(
                    "ogni avviso deve avere da uno a cinque beneficiari",
                    why.to_string(),
                ),
            ),
            E::Position(why @ PositionError::JointDebtors) => rule(
                "/joint_debtors",
                Said::new(
                    "i coobbligati sono al più nove, ciascuno con il proprio codice fiscale",
                    why.to_string(),
                ),
            ),
            E::Position(PositionError::Money(why)) | E::Money(why) => rule("/details", why.said()),
            E::Store(store) => store.into(),
        }
    }
}

/// Where the request of a new plan breaks a rule.
fn place_of(error: &ReplanError) -> String {
    match error {
        ReplanError::DueDay { index } => format!("/due_dates/{index}"),
        ReplanError::TooSmall { .. } | ReplanError::Schedule(_) => "/due_dates".to_owned(),
        ReplanError::Numbers { .. } => "/notice_numbers".to_owned(),
        ReplanError::Refused(_)
        | ReplanError::Beneficiaries(_)
        | ReplanError::Description(_)
        | ReplanError::Money(_) => String::new(),
    }
}

impl Problem {
    /// What was typed for an account breaks rules: pointers go below `base`.
    pub(in super::super) fn of_canteen(error: canteen::Error, base: &str) -> Problem {
        use canteen::Error as E;
        match error {
            E::UnknownService(_) => Problem::at(
                &catalogue::UNKNOWN_SERVICE,
                "/service_code",
                Said::new(
                    "non è una mensa prepagata in vigore",
                    "is no canteen paid in advance in force",
                ),
            ),
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::UnknownReceiver => Problem::at(
                &catalogue::RULE_VIOLATION,
                "/to_canteen_account_id",
                Said::new(
                    "deve essere un altro conto della stessa mensa",
                    "must be another account of the same canteen",
                ),
            ),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Details(found) => {
                Problem::of(&catalogue::RULE_VIOLATION).with(findings(base, &found))
            }
            E::PaidElsewhere => Problem::of(&catalogue::STATE_FORBIDS),
            E::Credit(CreditError::BelowFloor { .. }) => {
                Problem::of(&catalogue::CREDIT_DOES_NOT_SUFFICE)
            }
            E::Credit(CreditError::Money(why)) | E::Money(why) => {
                Problem::at(&catalogue::RULE_VIOLATION, "/amount_cents", why.said())
            }
            E::Store(store) => store.into(),
        }
    }
}

impl From<repricing::Error> for Problem {
    fn from(error: repricing::Error) -> Problem {
        use repricing::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::NoStation => Problem::of(&catalogue::NO_STATION),
            E::NoService => Problem::of(&catalogue::UNKNOWN_SERVICE),
            E::Details(found) => {
                // The body is the notification: what it breaks has its place in it.
                let found: Vec<DetailsError> = found
                    .into_iter()
                    .map(|mut error| {
                        if let Some(rest) = error.pointer.strip_prefix("/notification") {
                            error.pointer = rest.to_owned();
                        }
                        error
                    })
                    .collect();
                Problem::of(&catalogue::RULE_VIOLATION).with(findings("", &found))
            }
            E::NotificationKnown => Problem::of(&catalogue::NOTIFICATION_KNOWN),
            E::NothingShort { .. } | E::Reprice(RepriceError::NothingPaid) => {
                Problem::of(&catalogue::NOTHING_SHORT)
            }
            E::Reprice(RepriceError::Refused(_) | RepriceError::StillOpen) => {
                Problem::of(&catalogue::STATE_FORBIDS)
            }
            E::Reprice(why @ RepriceError::Reshaped) => {
                let it = "il nuovo prezzo non si adatta agli avvisi già stampati";
                Problem::at(
                    &catalogue::RULE_VIOLATION,
                    "",
                    Said::new(it, why.to_string()),
                )
            }
            E::Reprice(RepriceError::Money(why)) => {
                Problem::at(&catalogue::RULE_VIOLATION, "", why.said())
            }
            E::Reprice(RepriceError::Description(_))
            | E::Replan(_)
            | E::Number(_)
            | E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<canteen::Error> for Problem {
    fn from(error: canteen::Error) -> Problem {
        Problem::of_canteen(error, "")
    }
}

impl From<notices::Error> for Problem {
    fn from(error: notices::Error) -> Problem {
        use notices::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::NotPayable(why) => Problem::of(&catalogue::NOT_PAYABLE).saying(why.said()),
            E::OnlineOnly => Problem::of(&catalogue::ONLINE_ONLY),
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
            E::NotPayable(why) => Problem::of(&catalogue::NOT_PAYABLE).saying(why.said()),
            E::StampInV1 | E::Receipt(_) | E::Render(_) => broken(&error),
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

impl From<accounting::Error> for Problem {
    fn from(error: accounting::Error) -> Problem {
        use accounting::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Invalid(found) => Problem::of(&catalogue::RULE_VIOLATION).with(findings("", &found)),
            E::Store(store) => store.into(),
        }
    }
}

impl From<collection_orders::Error> for Problem {
    fn from(error: collection_orders::Error) -> Problem {
        use collection_orders::Error as E;
        match error {
            E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<coverings::Error> for Problem {
    fn from(error: coverings::Error) -> Problem {
        use coverings::Error as E;
        match error {
            E::Invalid(found) => Problem::of(&catalogue::RULE_VIOLATION).with(findings("", &found)),
            E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<export::Error> for Problem {
    fn from(error: export::Error) -> Problem {
        match error {
            export::Error::TooManyOrders => Problem::at(
                &catalogue::RULE_VIOLATION,
                "#query/first_order_number",
                Said::new(
                    "i numeri delle reversali supererebbero le sette cifre",
                    "the numbers of the orders would have more than seven digits",
                ),
            ),
            export::Error::Proposal(why) => why.into(),
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

impl From<decisions::Error> for Problem {
    fn from(error: decisions::Error) -> Problem {
        use decisions::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Step(DecisionError::SamePerson) => Problem::of(&catalogue::SECOND_PERSON_REQUIRED),
            E::Step(DecisionError::Past(_)) => Problem::of(&catalogue::STATE_FORBIDS),
            E::Details(found) => Problem::of(&catalogue::RULE_VIOLATION).with(findings("", &found)),
            E::Store(store) => store.into(),
        }
    }
}

impl From<worklist::Error> for Problem {
    fn from(error: worklist::Error) -> Problem {
        use worklist::Error as E;
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::NothingToDo => Problem::of(&catalogue::STATE_FORBIDS),
            E::Store(store) => store.into(),
        }
    }
}

impl From<periods::Error> for Problem {
    fn from(error: periods::Error) -> Problem {
        use periods::Error as E;
        let month = |said: Said| Problem::at(&catalogue::RULE_VIOLATION, "/month", said);
        match error {
            E::Unknown => Problem::of(&catalogue::NOT_FOUND),
            E::Stale { .. } => Problem::of(&catalogue::PRECONDITION_FAILED),
            E::Known | E::Period(PeriodError::Closed | PeriodError::Open) => {
                Problem::of(&catalogue::STATE_FORBIDS)
            }
            E::Period(PeriodError::NotOver) => month(Said::new(
                "il mese non è ancora finito",
                "the month is not over",
            )),
            E::Period(PeriodError::Gap(first)) => month(Said::new(
                format!("prima va chiuso {first}"),
                format!("{first} must be closed first"),
            )),
            E::Period(PeriodError::Followed(later)) => Problem::of(&catalogue::STATE_FORBIDS)
                .saying(Said::new(
                    format!("{later} è chiuso e va riaperto prima."),
                    format!("{later} is closed and must be opened first."),
                )),
            E::Store(store) => store.into(),
        }
    }
}

impl From<settlement::Error> for Problem {
    fn from(error: settlement::Error) -> Problem {
        use settlement::Error as E;
        match error {
            E::UnknownFlow | E::UnknownRefusal => Problem::of(&catalogue::NOT_FOUND),
            E::Closed => Problem::of(&catalogue::STATE_FORBIDS),
            E::Money(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}

impl From<treasury::Error> for Problem {
    fn from(error: treasury::Error) -> Problem {
        use treasury::Error as E;
        match error {
            E::UnknownEntry | E::UnknownRefusal => Problem::of(&catalogue::NOT_FOUND),
            E::Closed => Problem::of(&catalogue::STATE_FORBIDS),
            E::UnknownReplacement => Problem::at(
                &catalogue::RULE_VIOLATION,
                "/treasury_entry_id",
                Said::new(
                    "nessun movimento ha questo identificativo",
                    "no treasury entry has this id",
                ),
            ),
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
                Said::new(
                    "nessun flusso di rendicontazione ha questo identificativo",
                    "no settlement flow has this id",
                ),
            ),
            E::TooLong => Problem::at(
                &catalogue::RULE_VIOLATION,
                "#query/from_date",
                Said::new(
                    format!(
                        "dà più di {} righe: chiedi meno giorni, o non una stampa",
                        reports::PDF_ROWS_MAX
                    ),
                    format!(
                        "gives more than {} rows: ask for fewer days, or not for a print",
                        reports::PDF_ROWS_MAX
                    ),
                ),
            ),
            E::Write(WriteError::Io(why)) => why.into(),
            E::Money(_) | E::Write(_) => broken(&error),
            E::Store(store) => store.into(),
        }
    }
}
