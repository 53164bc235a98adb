//! The treasurer's entries, and the reference that a bank transfer carries in its text.
//!
//! A PSP writes the flow identifier into the remittance text (SACI, `/PUR/LGPE-RIVERSAMENTO/URI/…`);
//! treasuries wrap, cut and decorate it. The parser reads every form seen in the field and says how sure
//! it may be: identifiers to look up in order, and whether the text may have been cut.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::calendar::Day;
use crate::domain::money::Cents;

/// Longest flow identifier.
const FLOW_ID_MAX: usize = 35;
/// Longest run of identifier characters that is kept.
const RUN_MAX: usize = 60;
/// Shortest cut identifier that may be compared: the date and some of the PSP.
pub const PREFIX_MIN: usize = 16;
/// What stands before the identifier.
const TAG: &str = "LGPE-RIVERSAMENTO";

/// Money in or money out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// ENTRATA.
    In,
    /// USCITA.
    Out,
}

/// What kind of document the treasurer made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// SOSPESO ENTRATA: money that came in and waits for an order of collection. What we match.
    PendingCredit,
    /// Everything else (REVERSALE, MANDATO, SOSPESO USCITA, GIROCONTO …).
    Other,
}

/// What the treasurer did with the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// ESEGUITO.
    Executed,
    /// STORNATO: taken back.
    Reversed,
    /// REGOLARIZZATO: covered by an order of collection; no money moves.
    Regularised,
    /// RIPRISTINATO: in force again.
    Restored,
}

/// One entry of the treasurer's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Financial year (esercizio).
    pub year: i32,
    /// Account of the treasury (conto evidenza).
    pub account: String,
    /// Number of the movement, or the bank's reference: unique in year and account.
    pub number: String,
    /// In or out.
    pub direction: Direction,
    /// Kind of document.
    pub document: DocumentKind,
    /// What was done with it.
    pub operation: Operation,
    /// Number of the provisional document (provvisorio), when it is one.
    pub provisional: Option<i64>,
    /// Amount, never negative.
    pub amount: Cents,
    /// Day of the movement.
    pub booked_on: Day,
    /// Value day.
    pub value_on: Option<Day>,
    /// Remittance text (causale), as it came.
    pub text: String,
    /// Who paid, as it came.
    pub payer: String,
    /// The bank's own reference of the transfer (TRN), when the journal has it.
    pub bank_reference: Option<String>,
}

impl Movement {
    /// `year/account/number`: what an entry is known by. Numbers may hold slashes; in accounts they are
    /// written `%2F`, so that the parts can be told apart ([`named_by`]).
    #[must_use]
    pub fn key(&self) -> String {
        let account = self.account.replace('%', "%25").replace('/', "%2F");
        format!("{}/{account}/{}", self.year, self.number)
    }

    /// Whether the entry can be money of a flow.
    #[must_use]
    pub fn in_scope(&self) -> bool {
        let moves_money = match self.operation {
            Operation::Executed | Operation::Reversed | Operation::Restored => true,
            Operation::Regularised => false,
        };
        self.direction == Direction::In
            && self.document == DocumentKind::PendingCredit
            && moves_money
    }

    /// Whether the entry takes back or restores an earlier one, which its text often does not name: its
    /// provisional number does.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.in_scope()
            && match self.operation {
                Operation::Reversed | Operation::Restored => true,
                Operation::Executed | Operation::Regularised => false,
            }
    }

    /// What the entry changes on its account.
    #[must_use]
    pub fn on_account(&self) -> Cents {
        match self.direction {
            Direction::In => self.effect(),
            Direction::Out => self.effect().negated(),
        }
    }

    /// What the entry adds to the cash of its flow: a reversal takes away.
    #[must_use]
    pub fn effect(&self) -> Cents {
        match self.operation {
            Operation::Executed | Operation::Restored => self.amount,
            Operation::Reversed => self.amount.negated(),
            Operation::Regularised => Cents::ZERO,
        }
    }
}

/// Year, account and number of the entry with this [`Movement::key`].
#[must_use]
pub fn named_by(key: &str) -> Option<(i32, String, &str)> {
    let (year, rest) = key.split_once('/')?;
    let (account, number) = rest.split_once('/')?;
    let account = account.replace("%2F", "/").replace("%25", "%");
    Some((year.parse().ok()?, account, number))
}

/// What a remittance text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A whole flow.
    Flow(FlowReference),
    /// One payment, by its IUV (the form used before flows; still found in old data).
    Single(String),
    /// Nothing that we understand.
    None,
}

/// Flow identifiers that the text may mean, normalised ([`crate::domain::settlement::flow_key`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowReference {
    /// The identifier up to the first blank or slash.
    pub id: String,
    /// The same with the first blank removed, when what follows could belong to it.
    pub joined: Option<String>,
    /// The longest of the two when the text ends there, so that it may have been cut.
    pub open: Option<String>,
    /// Other identifiers that the text holds in full: one transfer may pay several flows.
    pub also: Vec<String>,
}

/// A flow that a reference may mean.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KnownFlow {
    /// Normalised identifier.
    pub key: String,
    /// PSP that sent it.
    pub psp_id: String,
}

/// Which flow a reference means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// One, written in full.
    Exact(KnownFlow),
    /// One, of which the text holds only the beginning.
    Truncated(KnownFlow),
    /// Several, each written in full: the transfer pays all of them.
    Together(Vec<KnownFlow>),
    /// Several, of which the text holds only what they begin with, and the amount is the sum of all of them.
    Summed(Vec<KnownFlow>),
    /// Several fit equally; they are listed in order.
    Ambiguous(Vec<KnownFlow>),
    /// None is known yet.
    Nothing,
}

impl FlowReference {
    /// Chooses among known flows: the identifier as written, then with the blank removed, then as a
    /// beginning. Depends on the set of flows only, not on their order.
    #[must_use]
    pub fn choose(&self, known: &[KnownFlow]) -> Chosen {
        let fitting = |test: &dyn Fn(&str) -> bool| {
            let mut found: Vec<KnownFlow> =
                known.iter().filter(|f| test(&f.key)).cloned().collect();
            found.sort();
            found.dedup();
            found
        };
        let first = [Some(&self.id), self.joined.as_ref()];
        let mut named = BTreeSet::new();
        for (place, exact) in first.into_iter().flatten().chain(&self.also).enumerate() {
            // The first is written in one of two ways, the others as they are.
            if place == 1 && self.joined.as_ref() == Some(exact) && !named.is_empty() {
                continue;
            }
            match one_or_more(fitting(&|key| key == exact)) {
                Ok(flow) => {
                    named.insert(flow);
                }
                Err(several) if !several.is_empty() => return Chosen::Ambiguous(several),
                Err(_nothing) => {}
            }
        }
        match one_or_more(named.into_iter().collect()) {
            Ok(flow) => return Chosen::Exact(flow),
            Err(several) if !several.is_empty() => return Chosen::Together(several),
            Err(_nothing) => {}
        }
        let Some(open) = self.open.as_ref().filter(|open| open.len() >= PREFIX_MIN) else {
            return Chosen::Nothing;
        };
        match one_or_more(fitting(&|key| key.starts_with(open.as_str()))) {
            Ok(flow) => Chosen::Truncated(flow),
            Err(several) if !several.is_empty() => Chosen::Ambiguous(several),
            Err(_nothing) => Chosen::Nothing,
        }
    }
}

impl Chosen {
    /// The choice, with the amount of the transfer beside the sums of flows: when several fit a text equally
    /// and the amount is that of all of them, all of them are meant.
    #[must_use]
    pub fn by_amount(self, amount: Cents, sums: &BTreeMap<KnownFlow, Cents>) -> Chosen {
        let Chosen::Ambiguous(flows) = self else {
            return self;
        };
        let known: Option<Vec<Cents>> = flows.iter().map(|flow| sums.get(flow).copied()).collect();
        let sum = known.and_then(|known| Cents::sum(known).ok());
        match sum == Some(amount) {
            true => Chosen::Summed(flows),
            false => Chosen::Ambiguous(flows),
        }
    }
}

/// What explains cash that names one payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentCash {
    /// A flow that reports the payment: its cash came apart.
    Flow(KnownFlow),
    /// The receipt alone: no flow reports it.
    Receipt,
    /// Several flows report the payment.
    Ambiguous(Vec<KnownFlow>),
    /// No receipt and no flow is known.
    Nothing,
}

/// What explains cash that names one payment, given the flows in force that report it. Depends on the set of
/// flows only, not on their order.
#[must_use]
pub fn cash_of_payment(reporting: BTreeSet<KnownFlow>, receipt: Option<&str>) -> PaymentCash {
    match one_or_more(reporting.into_iter().collect()) {
        Ok(flow) => PaymentCash::Flow(flow),
        Err(several) if !several.is_empty() => PaymentCash::Ambiguous(several),
        Err(_none) if receipt.is_some() => PaymentCash::Receipt,
        Err(_none) => PaymentCash::Nothing,
    }
}

fn one_or_more(mut found: Vec<KnownFlow>) -> Result<KnownFlow, Vec<KnownFlow>> {
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            found.push(last);
            Err(found)
        }
        (None, _) => Err(found),
    }
}

/// The beginnings of a flow key that a cut text may hold, shortest first, the whole excluded.
#[must_use]
pub fn prefixes(key: &str) -> Vec<&str> {
    (PREFIX_MIN..key.len())
        .filter_map(|end| key.get(..end))
        .collect()
}

/// Reads a remittance text.
#[must_use]
pub fn parse(text: &str) -> Reference {
    let text: String = text
        .chars()
        .map(|c| {
            if c.is_whitespace() || c.is_control() {
                ' '
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect();
    if let Some(flow) = after_tag(&text).and_then(read_flow_id) {
        return Reference::Flow(flow);
    }
    read_single(&text).map_or(Reference::None, Reference::Single)
}

/// Takes a word off the beginning, whatever blanks a line wrap has put inside it.
fn take_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    word.chars().try_fold(text, |rest, c| {
        rest.strip_prefix(c)
            .or_else(|| rest.trim_start_matches(' ').strip_prefix(c))
    })
}

fn skip_separators(text: &str) -> &str {
    text.trim_start_matches(['/', ' '])
}

/// What follows the tag, its optional `TXT/n/`, and `URI`.
fn after_tag(text: &str) -> Option<&str> {
    let rest = text
        .match_indices('L')
        .find_map(|(at, _)| take_word(text.get(at..)?, TAG))?;
    let rest = skip_separators(rest);
    let rest = match take_word(rest, "TXT") {
        Some(after) => {
            let after = skip_separators(after);
            skip_separators(
                after
                    .strip_prefix(|c: char| c.is_ascii_digit())
                    .unwrap_or(after),
            )
        }
        None => rest,
    };
    Some(skip_separators(take_word(rest, "URI")?))
}

fn is_id_char(c: char) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase() || c == '-' || c == '_'
}

/// Splits off the run of identifier characters at the beginning; what is longer than any identifier is cut,
/// because a reference is the key of an index.
fn id_run(text: &str) -> (&str, &str) {
    let end = text.find(|c| !is_id_char(c)).unwrap_or(text.len());
    let (run, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (run.get(..RUN_MAX).unwrap_or(run), rest)
}

/// The ISO date at the beginning, with single blanks inside it forgiven.
fn read_date(text: &str) -> Option<(String, &str)> {
    let mut date = String::with_capacity(10);
    let mut rest = text;
    for place in 0..10 {
        let fits = |c: char| {
            if place == 4 || place == 7 {
                c == '-'
            } else {
                c.is_ascii_digit()
            }
        };
        let from = if place > 0 {
            rest.strip_prefix(' ').unwrap_or(rest)
        } else {
            rest
        };
        let c = from.chars().next().filter(|c| fits(*c))?;
        rest = from.strip_prefix(c)?;
        date.push(c);
    }
    Some((date, rest))
}

/// `<PSP>-<progressive>` after the date.
fn has_id_form(after_date: &str) -> bool {
    after_date
        .split_once('-')
        .is_some_and(|(_, progressive)| !progressive.is_empty())
}

fn read_flow_id(text: &str) -> Option<FlowReference> {
    let Some((date, rest)) = read_date(text) else {
        // Not the form of any identifier, but the tag was there: keep what it says for the officer.
        let (run, _) = id_run(text);
        let id = (!run.is_empty()).then(|| run.to_owned())?;
        return Some(FlowReference {
            id,
            joined: None,
            open: None,
            also: Vec::new(),
        });
    };
    let (head, rest) = id_run(rest);
    let first = format!("{date}{head}");
    let (tail, after) = rest.strip_prefix(' ').map_or(("", rest), id_run);
    let joined = format!("{first}{tail}");
    let may_join = !tail.is_empty() && joined.len() <= FLOW_ID_MAX;
    let may_join = may_join && has_id_form(&format!("{head}{tail}"));
    let ends = |rest: &str| rest.trim_matches([' ', '/']).is_empty();
    let open = if may_join && ends(after) {
        Some(joined.clone())
    } else if tail.is_empty() && !rest.starts_with('/') && ends(rest) {
        Some(first.clone())
    } else {
        None
    };
    let joined = may_join.then_some(joined);
    let mut also = further_ids(rest);
    also.retain(|id| *id != first && joined.as_ref() != Some(id));
    Some(FlowReference {
        id: first,
        joined,
        open,
        also,
    })
}

/// Most identifiers that a text is searched for besides the first.
const ALSO_MAX: usize = 20;

/// Every whole identifier in the rest of a text, once: a date and what follows it, at the beginning of a word.
fn further_ids(rest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words = rest.split(|c| !is_id_char(c));
    for word in words {
        // `URI-2026-…` and the like.
        let starts = word.match_indices("20").map(|(at, _)| at);
        let id = starts.filter_map(|at| word.get(at..)).find_map(|from| {
            let (date, after) = read_date(from)?;
            let whole = from.len() <= FLOW_ID_MAX && has_id_form(after);
            (whole && date.parse::<Day>().is_ok()).then(|| from.to_owned())
        });
        if let Some(id) = id.filter(|id| !found.contains(id)) {
            found.push(id);
        }
    }
    found.truncate(ALSO_MAX);
    found
}

/// `/RFB/<IUV>` or `/RFS/<RF reference in groups of four>`.
fn read_single(text: &str) -> Option<String> {
    ["RFB", "RFS"].iter().find_map(|tag| {
        text.match_indices(tag).find_map(|(at, _)| {
            let rest = text
                .get(at..)?
                .strip_prefix(tag)?
                .strip_prefix(['/', ' '])?;
            let field = rest.split('/').next().unwrap_or(rest);
            let word = field
                .trim_start()
                .split(' ')
                .next()
                .unwrap_or(field)
                .to_owned();
            let whole: String = field.chars().filter(|c| *c != ' ').collect();
            [word, whole]
                .into_iter()
                .find(|id| is_payment_reference(id))
        })
    })
}

fn is_payment_reference(id: &str) -> bool {
    let digits = id.chars().all(|c| c.is_ascii_digit());
    let structured = id.strip_prefix("RF").is_some_and(|rest| {
        rest.len() > 2
            && rest.chars().take(2).all(|c| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
    });
    (digits && (id.len() == 15 || id.len() == 17)) || (structured && id.len() <= 25)
}

names!(Direction, {
    Direction::In => "in",
    Direction::Out => "out",
});

names!(DocumentKind, {
    DocumentKind::PendingCredit => "pending_credit",
    DocumentKind::Other => "other",
});

names!(Operation, {
    Operation::Executed => "executed",
    Operation::Reversed => "reversed",
    Operation::Regularised => "regularised",
    Operation::Restored => "restored",
});

#[cfg(test)]
mod tests;
