//! The official list of collection codes, as pagoPA publishes it (CSV).

use std::collections::BTreeMap;

use crate::domain::calendar::Day;
use crate::domain::taxonomy::TaxonomyCode;

/// Which collection codes may be used.
#[derive(Debug, Clone)]
pub enum Taxonomy {
    /// Every code of the right shape; for installations without the list.
    Unlisted,
    /// These codes, by their nine characters, on a day.
    Listed {
        /// Last day of each code, as far as the list gives one.
        codes: BTreeMap<String, Option<Day>>,
        /// The day that counts.
        on: Day,
    },
}

/// The list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the taxonomy cannot be read: {0}")]
pub struct TaxonomyError(String);

/// The column of the code in the official header.
const CODE: &str = "DATI SPECIFICI DI INCASSO";
/// The column of the last day, written `mm/gg/aaaa`.
const END: &str = "DATA FINE VALIDITA";

impl Taxonomy {
    /// Reads the list in the official layout: a header, fields separated by semicolons. First days are not
    /// looked at, because published lists have day and month swapped in many of them; a last day that
    /// cannot be read counts as none.
    ///
    /// # Errors
    /// [`TaxonomyError`] when a column is missing or no row has a code.
    pub fn read(text: &str, on: Day) -> Result<Taxonomy, TaxonomyError> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if text.lines().next().is_some_and(|l| l.contains(';')) {
                b';'
            } else {
                b','
            })
            .flexible(true)
            .from_reader(text.as_bytes());
        let unreadable = |why: &dyn std::fmt::Display| TaxonomyError(why.to_string());
        let header = reader.headers().map_err(|e| unreadable(&e))?.clone();
        let column = |name: &str| {
            header
                .iter()
                .position(|field| field.trim().starts_with(name))
        };
        let code = column(CODE).ok_or_else(|| unreadable(&format!("no column `{CODE}`")))?;
        let end = column(END);
        let mut codes = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|e| unreadable(&e))?;
            let Some(Ok(code)) = row.get(code).map(|text| TaxonomyCode::parse(text.trim())) else {
                continue;
            };
            let until = end.and_then(|end| row.get(end)).and_then(last_day);
            codes.insert(code.bare().to_owned(), until);
        }
        if codes.is_empty() {
            return Err(unreadable(&"no row has a code as 9/0101101IM/"));
        }
        Ok(Taxonomy::Listed { codes, on })
    }

    /// Whether a code may be used.
    #[must_use]
    pub fn holds(&self, code: &TaxonomyCode) -> bool {
        match self {
            Taxonomy::Unlisted => true,
            Taxonomy::Listed { codes, on } => codes
                .get(code.bare())
                .is_some_and(|until| until.is_none_or(|until| *on <= until)),
        }
    }
}

fn last_day(text: &str) -> Option<Day> {
    let text = text.trim();
    let day = text.split_once(' ').map_or(text, |(day, _time)| day);
    ["%m/%d/%Y", "%Y-%m-%d"]
        .iter()
        .find_map(|form| Day::parse_from_str(day, form).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "CODICE TIPO ENTE CREDITORE;TIPO SERVIZIO;DATI SPECIFICI DI INCASSO;\
        DATA INIZIO VALIDITA (mm/gg/aaaa);DATA FINE VALIDITA (mm/gg/aaaa)\n\
        1;\"TARI; anno in corso\";9/0101101IM/;01/01/1900;01/01/2080\n\
        1;COSAP;9/0101102TS/;01/01/1900;12/31/2020\n\
        1;Mensa;9/0107101TS/;01/01/1900;\n";

    #[test]
    fn a_code_must_be_listed_and_not_ended() {
        let list = Taxonomy::read(LIST, "2026-03-02".parse().unwrap()).unwrap();
        let holds = |code: &str| list.holds(&TaxonomyCode::parse(code).unwrap());
        assert!(holds("9/0101101IM/") && holds("7/0107101TS/"));
        assert!(!holds("9/0101102TS/") && !holds("9/0102100SA/"));
    }

    #[test]
    fn another_file_is_refused() {
        let on = "2026-03-02".parse().unwrap();
        assert!(Taxonomy::read("a;b\n1;2\n", on).is_err());
        assert!(Taxonomy::read("DATI SPECIFICI DI INCASSO\nniente\n", on).is_err());
    }
}
