//! The treasurer's journal between its CSV, the contract and the domain.

use super::{
    ImportedLine, LineOutcome, MovementDirection, MovementOperation, TreasuryEntryView,
    TreasuryImport,
};
use uuid::Uuid;

use crate::api::problem::{Language, Problem, catalogue};
use crate::api::scalars::{BankReference, Count, Iuv, Line140, SignedCents, TotalCents, line_of};
use crate::api::upload::{Text, TextFile};
use crate::app::treasury::{self, Document, Imported, Outcome, Unread, View};
use crate::domain::collection_order::{OrderCover, Told};
use crate::domain::money::Cents;
use crate::domain::text::{Said, fit};
use crate::domain::treasury::{Direction, DocumentKind, Movement, Operation, Reference};
use crate::wire::giornale::{self, Entries, Form};

/// Entries that are filed together.
const PIECE: usize = 1000;
/// Lines of a file that are told one by one.
const TOLD_MAX: usize = 10_000;

/// A file that is being read.
pub(super) struct Journal {
    entries: Entries<Text>,
    sha256: [u8; 32],
}

/// What a part of a file says: the movements that can be read, what cannot, and the place of every entry.
pub(super) struct Piece {
    pub(super) document: Document,
    pub(super) movements: Vec<(i64, Movement)>,
    /// Where the entries stand, in order; those that could not be read by their place in the document.
    lines: Vec<(i64, Option<usize>)>,
    /// Nothing comes after it.
    pub(super) last: bool,
}

impl Journal {
    /// Opens a file.
    ///
    /// # Errors
    /// `rule-violation` when it is not of that form at all.
    pub(super) fn open(form: Form, file: TextFile) -> Result<Journal, Problem> {
        let refused =
            |error: giornale::LineError| Problem::at(&catalogue::RULE_VIOLATION, "", said(&error));
        let sha256 = file.digest;
        let text = file.text()?;
        let entries = Entries::open(form, text).map_err(refused)?;
        Ok(Journal { entries, sha256 })
    }

    /// Reads on. An entry that cannot be read is kept as such and stops nothing.
    pub(super) fn piece(mut self) -> (Journal, Piece) {
        let mut piece = Piece {
            document: Document {
                sha256: self.sha256,
                unread: Vec::new(),
                covers: Vec::new(),
            },
            movements: Vec::new(),
            lines: Vec::new(),
            last: false,
        };
        while piece.lines.len() < PIECE {
            match self.entries.next() {
                Some(read) => piece.take(read),
                None => {
                    piece.last = true;
                    break;
                }
            }
        }
        (self, piece)
    }
}

impl Piece {
    fn take(&mut self, read: Result<giornale::Movement, giornale::Refused>) {
        let read = read.map_err(|refused| (refused.error, refused.text));
        if let Ok(entry) = &read {
            self.document.covers.extend(covers(entry));
        }
        match read.and_then(|entry| movement(entry).map_err(|error| (error, String::new()))) {
            Ok((line, movement)) => {
                self.lines.push((line, None));
                self.movements.push((line, movement));
            }
            Err((error, text)) => {
                let line = place(error.line);
                self.lines.push((line, Some(self.document.unread.len())));
                let reason = said(&error);
                self.document.unread.push(Unread { line, text, reason });
            }
        }
    }
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
        R::Markup => "non è XML ben formato, la lettura si è fermata".to_owned(),
        R::NoStatement => {
            "deve essere un flusso_giornale_di_cassa o un estratto conto camt.053".to_owned()
        }
        R::Missing => "manca".to_owned(),
        R::Form(_, italian) => format!("deve essere {italian}"),
        R::TooLong => "è troppo lunga".to_owned(),
        R::Endless => "un elemento o un testo è troppo lungo, la lettura si è fermata".to_owned(),
        R::Heading => {
            "si legge come un movimento, ma è contata tra le righe di intestazione".to_owned()
        }
        R::Unreadable(_) => "la lettura si è fermata".to_owned(),
    };
    let place = error.column.unwrap_or("intera riga");
    Said::new(
        format!("riga {}, {place}: {rule}", error.line),
        error.to_string(),
    )
}

fn place(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}

/// What the order of an entry covers, less when the order was taken back.
fn covers(entry: &giornale::Movement) -> Vec<OrderCover> {
    let Some(order) = &entry.order else {
        return Vec::new();
    };
    let covers = order.covers.iter().filter_map(|(provisional, cents)| {
        let amount = Cents::new(*cents).ok()?;
        Some(OrderCover {
            year: entry.year.into(),
            account: entry.account.clone(),
            movement: entry.number.clone(),
            order: order.number,
            provisional: *provisional,
            amount: match entry.operation {
                giornale::Operation::Reversed => amount.negated(),
                giornale::Operation::Executed
                | giornale::Operation::Regularised
                | giornale::Operation::Reinstated => amount,
            },
            told: Told::Journal,
        })
    });
    covers.collect()
}

fn movement(line: giornale::Movement) -> Result<(i64, Movement), giornale::LineError> {
    let amount = Cents::new(line.amount_cents).map_err(|_too_large| giornale::LineError {
        line: line.line,
        column: Some("importo"),
        rule: giornale::Rule::Form("an amount", "un importo"),
    })?;
    let movement = Movement {
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
        bank_reference: line.bank_reference,
    };
    Ok((place(line.line), movement))
}

impl LineOutcome {
    /// What became of an entry, and its id.
    pub(super) fn of(outcome: Outcome) -> (LineOutcome, Uuid) {
        match outcome {
            Outcome::Filed(id) => (LineOutcome::New, id),
            Outcome::AlreadyFiled(id) => (LineOutcome::Known, id),
            Outcome::Conflicting(id) => (LineOutcome::Conflicting, id),
        }
    }
}

impl Piece {
    /// What became of every entry, given what became of the piece, told in the caller's language.
    pub(super) fn outcome(&self, imported: &Imported, language: Language) -> Tally {
        let mut became = self.movements.iter().zip(&imported.outcomes);
        let mut tally = Tally::default();
        for (line, unread) in &self.lines {
            let unread = unread.and_then(|at| self.document.unread.get(at));
            let made = if unread.is_none() {
                became.next()
            } else {
                None
            };
            let made = made.map(|((_, movement), outcome)| (movement, LineOutcome::of(*outcome)));
            let refused = match (unread, made) {
                (Some(one), _) => Some(one.clone()),
                (None, Some((movement, (LineOutcome::Conflicting, _)))) => {
                    Some(treasury::contradiction(*line, movement))
                }
                (None, _) => None,
            };
            let line = ImportedLine {
                line: Count(*line),
                outcome: made.map_or(LineOutcome::Refused, |(_, (outcome, _))| outcome),
                treasury_entry_id: made.map(|(_, (_, id))| id),
                detail: refused
                    .as_ref()
                    .and_then(|one| line_of(language.of_said(&one.reason))),
                text: refused.and_then(|one| line_of(&one.text)),
            };
            tally.count(line, made.map(|(movement, _)| movement.on_account()));
        }
        tally
    }
}

/// What became of the lines of a file so far.
#[derive(Default)]
pub(super) struct Tally {
    new: i64,
    known: i64,
    conflicting: i64,
    refused: i64,
    new_amount: Cents,
    /// Every line, or those that were not stored when there are too many.
    told: Vec<ImportedLine>,
}

impl Tally {
    fn count(&mut self, line: ImportedLine, amount: Option<Cents>) {
        let counter = match line.outcome {
            LineOutcome::New => &mut self.new,
            LineOutcome::Known => &mut self.known,
            LineOutcome::Conflicting => &mut self.conflicting,
            LineOutcome::Refused => &mut self.refused,
        };
        *counter = counter.saturating_add(1);
        if line.outcome == LineOutcome::New {
            let amount = amount.unwrap_or(Cents::ZERO);
            self.new_amount = self.new_amount.plus(amount).unwrap_or(self.new_amount);
        }
        self.told.push(line);
    }

    fn lines(&self) -> i64 {
        [self.new, self.known, self.conflicting, self.refused]
            .into_iter()
            .fold(0, i64::saturating_add)
    }

    /// This and what became of the next piece.
    pub(super) fn and(&self, next: Tally) -> Tally {
        let mut told = self.told.clone();
        told.extend(next.told);
        let sum = Tally {
            new: self.new.saturating_add(next.new),
            known: self.known.saturating_add(next.known),
            conflicting: self.conflicting.saturating_add(next.conflicting),
            refused: self.refused.saturating_add(next.refused),
            new_amount: self
                .new_amount
                .plus(next.new_amount)
                .unwrap_or(self.new_amount),
            told: Vec::new(),
        };
        if usize::try_from(sum.lines()).is_ok_and(|lines| lines > TOLD_MAX) {
            let stored = [LineOutcome::New, LineOutcome::Known];
            told.retain(|line| !stored.contains(&line.outcome));
            told.truncate(TOLD_MAX);
        }
        Tally { told, ..sum }
    }

    /// The outcome of the whole file.
    pub(super) fn view(&self, imported: &Imported) -> TreasuryImport {
        TreasuryImport {
            treasury_import_id: imported.file.id,
            first_received_at: imported.file.ingested_at,
            new_lines: Count(self.new),
            known_lines: Count(self.known),
            conflicting_lines: Count(self.conflicting),
            refused_lines: Count(self.refused),
            new_amount_cents: SignedCents(self.new_amount.get()),
            lines: self.told.clone(),
        }
    }
}

/// A reference of the bank within the bounds of the contract.
fn bank_reference(text: &str) -> Option<BankReference> {
    let text = fit(&text.replace(char::is_control, " "), 70);
    (!text.is_empty()).then(|| BankReference::new(text))
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
            number: Line140::new(fit(&movement.number, 140)),
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
            effect_cents: SignedCents(movement.on_account().get()),
            remittance: line_of(&movement.text),
            payer: line_of(&movement.payer),
            bank_reference: movement.bank_reference.as_deref().and_then(bank_reference),
            flow_reference: flow.filter(said).map(Line140::new),
            iuv: iuv.filter(said).map(Iuv::new),
            code: view.found.as_ref().map(|found| found.verdict.code.into()),
            received_at: filed.ingested_at,
        }
    }
}
