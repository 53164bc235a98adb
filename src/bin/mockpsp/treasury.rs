//! The treasurer's journal: the credits that settle the flows, as the bank of each beneficiary
//! sees them.

use serde::{Deserialize, Serialize};

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

/// One movement on the account of a beneficiary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credit {
    /// Progressive in the treasurer's journal of the beneficiary.
    pub(crate) number: u64,
    pub(crate) cents: u64,
    pub(crate) value_date: Day,
    pub(crate) text: String,
}

/// The movements that settle a flow; `last` is the last number used in that journal.
pub(crate) fn credits(
    rng: &mut Rng,
    flow: &Flow,
    split_per_mille: u32,
    last: &mut u64,
) -> Vec<Credit> {
    let mut next = |cents: u64, value_date: Day, text: String| {
        *last = last.saturating_add(1);
        Credit {
            number: *last,
            cents,
            value_date,
            text,
        }
    };
    let text = |n: u8| format!("/PUR/LGPE-RIVERSAMENTO/TXT/{n}/URI/{}", flow.fdr);
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

/// The journal of `org` for value dates in the closed range, in order of value date.
pub(crate) fn csv(state: &State, org: &str, from: Day, to: Day) -> Result<Vec<u8>, csv::Error> {
    let mut movements: Vec<(&Flow, &Credit)> = Vec::new();
    for flow in state.flows.iter().filter(|flow| flow.org == org) {
        let in_range = flow
            .credits
            .iter()
            .filter(|credit| (from..=to).contains(&credit.value_date));
        movements.extend(in_range.map(|credit| (flow, credit)));
    }
    movements.sort_by_key(|(_, credit)| (credit.value_date, credit.number));
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
            "ESEGUITO",
            &credit.number.to_string(),
            &italian(credit.cents),
            &day,
            &day,
            &format!("{} Servizio pagoPA", psps::get(flow.psp).name),
            &credit.text,
        ])?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}
