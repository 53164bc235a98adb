//! The treasurer's journal: the credits that settle the flows, as the bank of each beneficiary
//! sees them.

mod camt;
mod opi;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flows::{Flow, working_day_after};
use crate::money::italian;
use crate::psps;
use crate::rng::Rng;
use crate::state::{Day, State};

const HEADER: [&str; 12] = [
    "esercizio",
    "conto",
    "numero_movimento",
    "tipo_movimento",
    "tipo_documento",
    "tipo_operazione",
    "numero_provvisorio",
    "importo",
    "data_movimento",
    "data_valuta",
    "ordinante",
    "causale",
];

/// What the treasurer did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    /// ESEGUITO.
    #[default]
    Executed,
    /// STORNATO.
    Reversed,
    /// RIPRISTINATO.
    Restored,
}

impl Done {
    fn name(self) -> &'static str {
        match self {
            Self::Executed => "ESEGUITO",
            Self::Reversed => "STORNATO",
            Self::Restored => "RIPRISTINATO",
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature is given by serde"
    )]
    fn is_executed(&self) -> bool {
        *self == Self::Executed
    }
}

/// What goes wrong on purpose with the credits of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CreditTrouble {
    /// As two movements, a working day apart.
    Split,
    /// It never comes.
    Missing,
    /// One euro less.
    Short,
    /// One movement for all flows of an account.
    Joined,
    /// Taken back the next day.
    Reversed,
    /// Taken back, and restored the day after.
    Restored,
    /// The text ends in the middle of the flow's name.
    Truncated,
    /// The text is wrapped in the middle of the flow's name.
    Wrapped,
    /// The text names nothing.
    Unnamed,
}

/// One movement on the account of a beneficiary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credit {
    /// Progressive in the treasurer's journal of the beneficiary.
    pub(crate) number: u64,
    pub(crate) cents: u64,
    pub(crate) value_date: Day,
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Done::is_executed")]
    pub(crate) done: Done,
    /// Number of the provisional document, when it is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) follows: Option<u64>,
}

/// The remittance text of one of the credits of a flow.
fn remittance(flow: &Flow, n: u8) -> String {
    format!("/PUR/LGPE-RIVERSAMENTO/TXT/{n}/URI/{}", flow.fdr)
}

impl Credit {
    /// The next movement of a journal, whose last number is `last`.
    fn executed(last: &mut u64, cents: u64, value_date: Day, text: String) -> Credit {
        *last = last.saturating_add(1);
        Credit {
            number: *last,
            cents,
            value_date,
            text,
            done: Done::Executed,
            follows: None,
        }
    }

    /// Number of the provisional document (*provvisorio*).
    pub(crate) fn provisional(&self) -> u64 {
        self.follows.unwrap_or(self.number)
    }
}

impl CreditTrouble {
    /// The movements of a flow; `last` is the last number used in that journal.
    pub(crate) fn credits(self, flow: &Flow, last: &mut u64) -> Vec<Credit> {
        let mut next = |cents, value_date, text| Credit::executed(last, cents, value_date, text);
        let text = |n| remittance(flow, n);
        let (on, cents) = (flow.regulation_date, flow.cents);
        let after = working_day_after(on);
        let at = |place: usize| {
            let text = text(0);
            let place = text.chars().count().saturating_sub(place);
            let (head, tail): (Vec<_>, Vec<_>) =
                text.chars().enumerate().partition(|(i, _)| *i < place);
            let collect = |part: Vec<(usize, char)>| part.into_iter().map(|(_, c)| c).collect();
            let parts: (String, String) = (collect(head), collect(tail));
            parts
        };
        match self {
            Self::Missing => Vec::new(),
            Self::Short => vec![next(cents.saturating_sub(100), on, text(0))],
            Self::Joined => vec![next(cents, on, text(0))],
            Self::Split => {
                let part = cents / 3;
                vec![
                    next(part, on, text(0)),
                    next(cents.saturating_sub(part), after, text(1)),
                ]
            }
            Self::Truncated => vec![next(cents, on, at(5).0)],
            Self::Wrapped => {
                let (head, tail) = at(7);
                vec![next(cents, on, format!("{head} {tail}"))]
            }
            Self::Unnamed => vec![next(cents, on, "BONIFICO A VOSTRO FAVORE".to_owned())],
            Self::Reversed | Self::Restored => {
                let first = next(cents, on, text(0));
                let back = Credit {
                    done: Done::Reversed,
                    follows: Some(first.number),
                    ..next(cents, after, "STORNO".to_owned())
                };
                let again = Credit {
                    done: Done::Restored,
                    follows: Some(first.number),
                    ..next(cents, working_day_after(after), "RIPRISTINO".to_owned())
                };
                let kept = if self == Self::Restored { 3 } else { 2 };
                [first, back, again].into_iter().take(kept).collect()
            }
        }
    }
}

/// Makes one movement of those of the same account: the first flow's, whose text names all of them.
pub(crate) fn join(flows: &mut [Flow]) {
    let mut firsts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for index in 0..flows.len() {
        let Some(flow) = flows.get_mut(index) else {
            continue;
        };
        let Some(first) = firsts.get(&flow.iban).copied() else {
            firsts.insert(flow.iban.clone(), index);
            continue;
        };
        let (credits, name) = (std::mem::take(&mut flow.credits), flow.fdr.clone());
        let whole = flows
            .get_mut(first)
            .and_then(|flow| flow.credits.first_mut());
        if let Some(whole) = whole {
            let more: u64 = credits.iter().map(|credit| credit.cents).sum();
            whole.cents = whole.cents.saturating_add(more);
            whole.text = format!("{} /URI/{name}", whole.text);
        }
    }
}

/// The movements that settle a flow; `last` is the last number used in that journal.
pub(crate) fn credits(
    rng: &mut Rng,
    flow: &Flow,
    split_per_mille: u32,
    last: &mut u64,
) -> Vec<Credit> {
    let mut next = |cents, value_date, text| Credit::executed(last, cents, value_date, text);
    let text = |n| remittance(flow, n);
    let old_form = format!("/PUR/LGPE-RIVERSAMENTO/URI/{}", flow.fdr);
    let (split, old) = (rng.chance(split_per_mille), rng.chance(50));
    let (share, wait) = (rng.between(300, 700), rng.between(1, 3));
    let part = flow.cents.saturating_mul(share) / 1000;
    if split && part > 0 && part < flow.cents {
        let later = (0..wait).fold(flow.regulation_date, |day, _| working_day_after(day));
        let rest = flow.cents.saturating_sub(part);
        return vec![
            next(part, flow.regulation_date, text(0)),
            next(rest, later, text(1)),
        ];
    }
    vec![next(
        flow.cents,
        flow.regulation_date,
        if old { old_form } else { text(0) },
    )]
}

/// Year and account under which the treasurer numbers a movement.
pub(crate) fn place<'a>(flow: &'a Flow, credit: &Credit) -> (String, &'a str) {
    let account = flow.iban.get(flow.iban.len().saturating_sub(12)..);
    (
        credit.value_date.format("%Y").to_string(),
        account.unwrap_or(&flow.iban),
    )
}

/// A way to write the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Twelve columns, named as in the OPI schema.
    #[default]
    Csv,
    /// *Flusso giornale di cassa* of OPI/SIOPE+.
    Opi,
    /// A bank statement, ISO 20022.
    Camt053,
}

impl Format {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Opi | Self::Camt053 => "application/xml",
        }
    }
}

/// The journal of `org` for value dates in the closed range, in order of value date.
pub(crate) fn journal(
    state: &State,
    org: &str,
    (from, to): (Day, Day),
    format: Format,
) -> Result<Vec<u8>, csv::Error> {
    let mut movements: Vec<(&Flow, &Credit)> = Vec::new();
    for flow in state.flows.iter().filter(|flow| flow.org == org) {
        let in_range = flow
            .credits
            .iter()
            .filter(|credit| (from..=to).contains(&credit.value_date));
        movements.extend(in_range.map(|credit| (flow, credit)));
    }
    movements.sort_by_key(|(_, credit)| (credit.value_date, credit.number));
    match format {
        Format::Csv => csv(&movements),
        Format::Opi => Ok(opi::write(org, to, &movements).into_bytes()),
        Format::Camt053 => Ok(camt::write(to, &movements).into_bytes()),
    }
}

fn csv(movements: &[(&Flow, &Credit)]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for (flow, credit) in movements {
        let day = credit.value_date.to_string();
        let (year, account) = place(flow, credit);
        writer.write_record([
            &year,
            account,
            &credit.number.to_string(),
            "ENTRATA",
            "SOSPESO ENTRATA",
            credit.done.name(),
            &credit.provisional().to_string(),
            &italian(credit.cents),
            &day,
            &day,
            &payer(flow),
            &credit.text,
        ])?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// Who the bank says has paid.
fn payer(flow: &Flow) -> String {
    format!("{} Servizio pagoPA", psps::get(flow.psp).name)
}
