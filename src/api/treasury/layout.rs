//! How a bank writes its own list, said with the request that sends one.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::problem::{FieldError, Problem, catalogue};
use crate::api::scalars::Line35;
use crate::domain::text::Said;
use crate::wire::giornale::{Dates, Decimal, Field, Form, Layout, LayoutError};

/// What stands between the fields of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListSeparator {
    /// `;`
    #[default]
    Semicolon,
    /// `,`
    Comma,
    /// A tabulator.
    Tab,
}

/// Which sign stands before the cents of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListDecimal {
    /// `1.234,56`
    #[default]
    Comma,
    /// `1,234.56`
    Point,
}

/// In which order the dates of a list are written; dates that begin with the year need no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListDates {
    /// `31/03/2026`
    #[default]
    DayFirst,
    /// `03/31/2026`
    MonthFirst,
}

/// How the file is written: all absent for XML and for the treasurer's journal.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TreasuryImportQuery {
    /// What each column of a bank's own list holds, from the first, with commas between: `booked`, `value`,
    /// `amount` (with its sign) or `credit` and `debit`, `text` (several are joined), `payer`, `reference`,
    /// `provisional`, `skip`.
    #[param(
        nullable = false,
        min_length = 1,
        max_length = 400,
        pattern = "^[a-z]+(,[a-z]+)*$",
        example = "booked,value,text,credit,debit,skip,reference"
    )]
    pub columns: Option<String>,
    /// The account that the list is of; lists do not say it. Needed with `columns`.
    #[param(nullable = false, inline)]
    pub account: Option<Line35>,
    /// What stands between fields.
    #[param(nullable = false, inline)]
    pub separator: Option<ListSeparator>,
    /// Which sign stands before the cents.
    #[param(nullable = false, inline)]
    pub decimal: Option<ListDecimal>,
    /// In which order dates are written.
    #[param(nullable = false, inline)]
    pub dates: Option<ListDates>,
    /// Lines before the first movement, blank ones not counted; 1 when absent.
    #[param(nullable = false, format = Int32, minimum = 0, maximum = 100)]
    pub header_lines: Option<u16>,
}

/// The format that a request says its file has.
///
/// # Errors
/// `rule-violation` when the columns do not make a movement.
pub(super) fn form(query: &TreasuryImportQuery, media_type: &str) -> Result<Form, Problem> {
    let wrong = |name: &str, it: &str, en: &str| {
        let error = FieldError::at(format!("#query/{name}"), Said::new(it, en));
        Problem::of(&catalogue::RULE_VIOLATION).with(vec![error])
    };
    let Some(columns) = &query.columns else {
        let csv = media_type == "text/csv";
        return Ok(if csv { Form::Journal } else { Form::Xml });
    };
    if media_type != "text/csv" {
        return Err(wrong(
            "columns",
            "non va indicato: l'XML dice da sé che cosa contiene",
            "must be absent: XML says itself what it holds",
        ));
    }
    let words: Option<Vec<Field>> = columns.split(',').map(Field::from_word).collect();
    let account = query.account.as_ref();
    let layout = Layout {
        account: account
            .ok_or_else(|| {
                wrong(
                    "account",
                    "è obbligatorio insieme a columns",
                    "is required with columns",
                )
            })?
            .as_str()
            .trim()
            .to_owned(),
        separator: match query.separator.unwrap_or_default() {
            ListSeparator::Semicolon => b';',
            ListSeparator::Comma => b',',
            ListSeparator::Tab => b'\t',
        },
        header_lines: query.header_lines.unwrap_or(1),
        decimal: match query.decimal.unwrap_or_default() {
            ListDecimal::Comma => Decimal::Comma,
            ListDecimal::Point => Decimal::Point,
        },
        dates: match query.dates.unwrap_or_default() {
            ListDates::DayFirst => Dates::DayFirst,
            ListDates::MonthFirst => Dates::MonthFirst,
        },
        columns: words.ok_or_else(|| {
            wrong(
                "columns",
                "deve contenere le parole del contratto",
                "must hold the words of the contract",
            )
        })?,
    };
    match layout.check() {
        Ok(()) => Ok(Form::Bank(layout)),
        Err(error) => {
            let it = match &error {
                LayoutError::Booked => "deve nominare una e una sola colonna booked".to_owned(),
                LayoutError::Amount => {
                    "deve nominare una colonna amount, oppure una credit e al più una debit"
                        .to_owned()
                }
                LayoutError::Twice(field) => {
                    format!("deve nominare {} al più una volta", field.as_str())
                }
            };
            Err(wrong("columns", &it, &error.to_string()))
        }
    }
}
