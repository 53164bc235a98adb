//! The treasurer's journal between its CSV, the contract and the domain.

use super::{
    ImportedLine, LineOutcome, MovementDirection, MovementOperation, TreasuryEntryView,
    TreasuryImport,
};
use crate::api::problem::{Problem, catalogue};
use crate::api::scalars::{Count, Iuv, Line140, Line1000, SignedCents, TotalCents};
use crate::app::treasury::{Outcome, View};
use crate::domain::money::Cents;
use crate::domain::text::{Said, fit};
use crate::domain::treasury::{Direction, DocumentKind, Movement, Operation, Reference};
use crate::wire::giornale::{self, Giornale};

/// What a journal says: the movements that can be read, and the place of every line.
pub(super) struct Journal {
    pub(super) movements: Vec<Movement>,
    lines: Vec<(u64, Option<String>)>,
}

/// Reads a journal. A line that cannot be read is kept as such and stops nothing.
///
/// # Errors
/// `rule-violation` when the header is not that of a journal.
pub(super) fn journal(text: &str) -> Result<Journal, Problem> {
    let refused =
        |error: giornale::LineError| Problem::at(&catalogue::RULE_VIOLATION, "", said(&error));
    let mut journal = Journal {
        movements: Vec::new(),
        lines: Vec::new(),
    };
    for read in Giornale::open(text.as_bytes()).map_err(refused)? {
        let read = read.and_then(|line| {
            let amount = Cents::new(line.amount_cents);
            let rule = giornale::Rule::Form("an amount");
            let error = giornale::LineError {
                line: line.line,
                column: Some("importo"),
                rule,
            };
            Ok((line, amount.map_err(|_too_large| error)?))
        });
        match read {
            Ok((line, amount)) => {
                journal.lines.push((line.line, None));
                journal.movements.push(movement(line, amount));
            }
            Err(error) => journal.lines.push((error.line, Some(error.to_string()))),
        }
    }
    Ok(journal)
}

/// Why a line cannot be read, in both languages.
fn said(error: &giornale::LineError) -> Said {
    use giornale::Rule as R;
    let rule = match &error.rule {
        R::NoHeader => "manca l'intestazione".to_owned(),
        R::Header { position } => {
            format!("deve essere il nome della colonna {position} dell'intestazione")
        }
        R::Fields { found } => format!("i campi sono {found}, devono essere 12"),
        R::NotUtf8 => "non è UTF-8".to_owned(),
        R::OpenQuote => "virgolette non chiuse".to_owned(),
        R::Missing => "manca".to_owned(),
        R::Form(_) => "non ha la forma della colonna".to_owned(),
        R::TooLong => "è troppo lunga, la lettura si è fermata".to_owned(),
        R::Unreadable(_) => "la lettura si è fermata".to_owned(),
    };
    let place = error.column.unwrap_or("intera riga");
    Said::new(
        format!("riga {}, {place}: {rule}", error.line),
        error.to_string(),
    )
}

fn movement(line: giornale::Movement, amount: Cents) -> Movement {
    Movement {
        year: line.year.into(),
        account: line.account,
        number: line.number,
        direction: match line.direction {
            giornale::Direction::In => Direction::In,
            giornale::Direction::Out => Direction::Out,
        },
        document: match line.document {
            giornale::Document::PendingIn => DocumentKind::PendingCredit,
            giornale::Document::CollectionOrder
            | giornale::Document::PaymentOrder
            | giornale::Document::PendingOut
            | giornale::Document::Advance
            | giornale::Document::OwnTransfer
            | giornale::Document::CashFund
            | giornale::Document::CashDeficit => DocumentKind::Other,
        },
        operation: match line.operation {
            giornale::Operation::Executed => Operation::Executed,
            giornale::Operation::Reversed => Operation::Reversed,
            giornale::Operation::Regularised => Operation::Regularised,
            giornale::Operation::Reinstated => Operation::Restored,
        },
        provisional: line.provisional,
        amount,
        booked_on: line.booked_on,
        value_on: line.value_on,
        text: line.remittance,
        payer: line.payer.unwrap_or_default(),
    }
}

impl Journal {
    /// What became of every line, given what became of the movements, in order.
    pub(super) fn outcome(&self, outcomes: &[Outcome]) -> TreasuryImport {
        let mut became = self.movements.iter().zip(outcomes);
        let mut stored = Vec::new();
        let lines: Vec<ImportedLine> = self
            .lines
            .iter()
            .map(|(line, refused)| {
                let made = if refused.is_none() {
                    became.next()
                } else {
                    None
                };
                let (outcome, id) = match made {
                    Some((movement, Outcome::Filed(id))) => {
                        stored.push(movement.effect());
                        (LineOutcome::New, Some(*id))
                    }
                    Some((_, Outcome::AlreadyFiled(id))) => (LineOutcome::Known, Some(*id)),
                    Some((_, Outcome::Conflicting(id))) => (LineOutcome::Conflicting, Some(*id)),
                    None => (LineOutcome::Refused, None),
                };
                ImportedLine {
                    line: Count(i64::try_from(*line).unwrap_or(i64::MAX)),
                    outcome,
                    treasury_entry_id: id,
                    detail: refused.as_ref().and_then(|rule| line_of(rule)),
                }
            })
            .collect();
        let count = |outcome| {
            let lines = lines.iter().filter(|line| line.outcome == outcome).count();
            Count(i64::try_from(lines).unwrap_or(i64::MAX))
        };
        TreasuryImport {
            new_lines: count(LineOutcome::New),
            known_lines: count(LineOutcome::Known),
            conflicting_lines: count(LineOutcome::Conflicting),
            refused_lines: count(LineOutcome::Refused),
            new_amount_cents: SignedCents(Cents::sum(stored).map_or(0, Cents::get)),
            lines,
        }
    }
}

/// A text of the bank within the bounds of the contract; `None` when nothing is left.
fn line_of(text: &str) -> Option<Line1000> {
    let text = fit(&text.replace(char::is_control, " "), 1000);
    (!text.is_empty()).then(|| Line1000::new(text))
}

impl TreasuryEntryView {
    /// A movement as it is stored.
    pub(super) fn of(view: &View) -> TreasuryEntryView {
        let (filed, movement) = (&view.filed, &view.filed.movement);
        let (flow, iuv) = match &filed.reference {
            Reference::Flow(flow) => (Some(fit(&flow.id, 140)), None),
            Reference::Single(iuv) => (None, Some(fit(iuv, 35))),
            Reference::None => (None, None),
        };
        let said = |text: &String| !text.is_empty();
        TreasuryEntryView {
            treasury_entry_id: filed.id,
            booked_date: movement.booked_on,
            value_date: movement.value_on,
            year: movement.year,
            account: Line140::new(fit(&movement.account, 140)),
            number: Count(movement.number),
            provisional_number: movement.provisional.map(Count),
            direction: match movement.direction {
                Direction::In => MovementDirection::In,
                Direction::Out => MovementDirection::Out,
            },
            operation: match movement.operation {
                Operation::Executed => MovementOperation::Executed,
                Operation::Reversed => MovementOperation::Reversed,
                Operation::Regularised => MovementOperation::Regularised,
                Operation::Restored => MovementOperation::Restored,
            },
            amount_cents: TotalCents(movement.amount.get()),
            effect_cents: SignedCents(movement.effect().get()),
            remittance: line_of(&movement.text),
            payer: line_of(&movement.payer),
            flow_reference: flow.filter(said).map(Line140::new),
            iuv: iuv.filter(said).map(Iuv::new),
            code: view.found.as_ref().map(|found| found.verdict.code.into()),
            received_at: filed.ingested_at,
        }
    }
}
