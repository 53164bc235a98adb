//! The file of a creditor: TOML, one canonical form.
//!
//! Printing what was read gives the same bytes when the file is in this form: keys in the order below, terms
//! by name, days as TOML dates, lists of tables one element a line. Comments are not kept.

mod print;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{Registration, Taxonomy, check};
use crate::domain::calendar::Day;
use crate::domain::creditor::{Account, Creditor, ServiceRow, Station, Validity};
use crate::domain::demand::DemandCode;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::notice_number::SegregationCode;
use crate::domain::service::{Beneficiary, Destination};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::text::Text;
use crate::domain::treasurer::Treasurer;

pub use print::print;

/// One fault of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// Line of the table it stands in, from 1.
    pub line: usize,
    /// Path inside the file: `/services/3/terms/plans/0`.
    pub pointer: String,
    /// The rule and the remedy.
    pub detail: String,
}

/// Every fault of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FileErrors(pub Vec<FileError>);

impl fmt::Display for FileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file cannot be used:")?;
        for FileError {
            line,
            pointer,
            detail,
        } in &self.0
        {
            write!(f, "\n  line {line}, {pointer}: {detail}")?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHead {
    tax_code: String,
    legal_name: String,
    office_name: Option<String>,
    ipa_code: Option<String>,
    cadastral_code: Option<String>,
    cbill: Option<String>,
    web_site: Option<String>,
    #[serde(default)]
    contact_lines: Vec<String>,
    treasurer: Option<Spanned<Treasurer>>,
    #[serde(default)]
    stations: Vec<Spanned<FileStation>>,
    #[serde(default)]
    accounts: Vec<Spanned<FileAccount>>,
    #[serde(default)]
    services: Vec<Spanned<FileService>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStation {
    station_id: String,
    broker_tax_code: String,
    segregation_code: String,
    valid_from: toml::value::Datetime,
    valid_until: Option<toml::value::Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileAccount {
    iban: String,
    label: String,
    valid_from: toml::value::Datetime,
    valid_until: Option<toml::value::Datetime>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileService {
    code: String,
    title: String,
    kind: String,
    taxonomy: String,
    iban: String,
    accounting_key: String,
    demand_code: Option<String>,
    valid_from: toml::value::Datetime,
    valid_until: Option<toml::value::Datetime>,
    #[serde(default)]
    others: BTreeMap<String, FileBeneficiary>,
    terms: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileBeneficiary {
    tax_code: String,
    legal_name: String,
    iban: String,
    taxonomy: String,
}

/// Reads and checks a file.
///
/// # Errors
/// [`FileErrors`]: every broken rule, or the first place where it is not TOML of this shape.
pub fn parse(text: &str, taxonomy: &Taxonomy) -> Result<Registration, FileErrors> {
    let head: FileHead = toml::from_str(text).map_err(|error| {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        let detail = error.message().to_owned();
        FileErrors(vec![FileError {
            line,
            pointer: String::new(),
            detail,
        }])
    })?;
    let mut read = Reading {
        text,
        line: 1,
        pointer: String::new(),
        faults: Vec::new(),
    };
    let lines = Lines::of(text, &head);
    let registration = read.head(head);
    let Reading { mut faults, .. } = read;
    if let (Some(new), true) = (&registration, faults.is_empty()) {
        let found = check::creditor(&new.creditor)
            .into_iter()
            .chain(check::services(&new.creditor, &new.services, taxonomy));
        faults.extend(found.map(|rule| {
            let line = lines.find(&rule.pointer);
            FileError {
                line,
                pointer: rule.pointer,
                detail: rule.said.en,
            }
        }));
    }
    match registration {
        Some(new) if faults.is_empty() => Ok(new),
        _ => Err(FileErrors(faults)),
    }
}

/// The line of a byte, from 1.
fn line_at(text: &str, byte: usize) -> usize {
    text.bytes()
        .take(byte)
        .filter(|b| *b == b'\n')
        .count()
        .saturating_add(1)
}

/// Where each table begins.
struct Lines(BTreeMap<String, usize>);

impl Lines {
    fn of(text: &str, head: &FileHead) -> Lines {
        let mut lines = BTreeMap::new();
        let mut note = |list: &str, starts: Vec<usize>| {
            for (i, start) in starts.into_iter().enumerate() {
                lines.insert(format!("/{list}/{i}"), line_at(text, start));
            }
        };
        note(
            "stations",
            head.stations.iter().map(|s| s.span().start).collect(),
        );
        note(
            "accounts",
            head.accounts.iter().map(|s| s.span().start).collect(),
        );
        note(
            "services",
            head.services.iter().map(|s| s.span().start).collect(),
        );
        if let Some(treasurer) = &head.treasurer {
            let line = line_at(text, treasurer.span().start);
            lines.insert("/treasurer".to_owned(), line);
        }
        Lines(lines)
    }

    /// The line of the table that a pointer leads into.
    fn find(&self, pointer: &str) -> usize {
        let parts = pointer.split('/').skip(1).map(|part| format!("/{part}"));
        let head = |count: usize| self.0.get(&parts.clone().take(count).collect::<String>());
        head(2).or_else(|| head(1)).copied().unwrap_or(1)
    }
}

/// Turns text into checked values and notes what cannot be.
struct Reading<'a> {
    text: &'a str,
    line: usize,
    pointer: String,
    faults: Vec<FileError>,
}

impl Reading<'_> {
    fn fault(&mut self, field: &str, detail: &dyn ToString) {
        let pointer = format!("{}/{field}", self.pointer);
        self.faults.push(FileError {
            line: self.line,
            pointer,
            detail: detail.to_string(),
        });
    }

    fn field<T, E: ToString>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|why| self.fault(field, &why)).ok()
    }

    /// `None` when it is there and wrong.
    fn optional<const N: usize>(
        &mut self,
        field: &str,
        text: Option<&String>,
    ) -> Option<Option<Text<N>>> {
        match text {
            None => Some(None),
            Some(text) => self.field(field, Text::parse(text)).map(Some),
        }
    }

    fn valid(
        &mut self,
        from: toml::value::Datetime,
        until: Option<toml::value::Datetime>,
    ) -> Option<Validity> {
        let from = self.field("valid_from", day(from));
        let until = match until {
            None => Some(None),
            Some(until) => self.field("valid_until", day(until)).map(Some),
        };
        Some(Validity {
            from: from?,
            until: until?,
        })
    }

    /// Reads every element of a list, so that the faults of all are noted; `None` if one has any.
    fn each<F, T>(
        &mut self,
        list: &str,
        entries: Vec<Spanned<F>>,
        read: impl Fn(&mut Self, F) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut all = Some(Vec::new());
        for (i, entry) in entries.into_iter().enumerate() {
            self.line = line_at(self.text, entry.span().start);
            self.pointer = format!("/{list}/{i}");
            let value = read(self, entry.into_inner());
            all = all.zip(value).map(|(mut all, value)| {
                all.push(value);
                all
            });
        }
        all
    }

    fn head(&mut self, head: FileHead) -> Option<Registration> {
        let tax_code = self.field("tax_code", FiscalCode::parse(&head.tax_code));
        let legal_name = self.field("legal_name", Text::parse(&head.legal_name));
        let office_name = self.optional("office_name", head.office_name.as_ref());
        let ipa_code = self.optional("ipa_code", head.ipa_code.as_ref());
        let cadastral_code = self.optional("cadastral_code", head.cadastral_code.as_ref());
        let cbill = self.optional("cbill", head.cbill.as_ref());
        let web_site = self.optional("web_site", head.web_site.as_ref());
        let lines: Result<Vec<_>, _> = head.contact_lines.iter().map(|t| Text::parse(t)).collect();
        let contact_lines = self.field("contact_lines", lines);
        let stations = self.each("stations", head.stations, |read, of| read.station(&of));
        let accounts = self.each("accounts", head.accounts, |read, of| read.account(&of));
        let services = self.each("services", head.services, Self::service);
        let creditor = Creditor {
            tax_code: tax_code?,
            legal_name: legal_name?,
            office_name: office_name?,
            ipa_code: ipa_code?,
            cadastral_code: cadastral_code?,
            cbill: cbill?,
            web_site: web_site?,
            contact_lines: contact_lines?,
            treasurer: head.treasurer.map(Spanned::into_inner),
            stations: stations?,
            accounts: accounts?,
        };
        Some(Registration {
            creditor,
            services: services?,
        })
    }

    fn station(&mut self, of: &FileStation) -> Option<Station> {
        let station_id = self.field("station_id", Text::parse(&of.station_id));
        let broker = self.field("broker_tax_code", FiscalCode::parse(&of.broker_tax_code));
        let code = self.field(
            "segregation_code",
            SegregationCode::parse(&of.segregation_code),
        );
        let valid = self.valid(of.valid_from, of.valid_until);
        Some(Station {
            station_id: station_id?,
            broker_tax_code: broker?,
            segregation_code: code?,
            valid: valid?,
        })
    }

    fn account(&mut self, of: &FileAccount) -> Option<Account> {
        let iban = self.field("iban", Iban::parse(&of.iban));
        let label = self.field("label", Text::parse(&of.label));
        let valid = self.valid(of.valid_from, of.valid_until);
        Some(Account {
            iban: iban?,
            label: label?,
            valid: valid?,
        })
    }

    fn service(&mut self, of: FileService) -> Option<ServiceRow> {
        let code = self.field("code", Text::parse(&of.code));
        let title = self.field("title", Text::parse(&of.title));
        let taxonomy = self.field("taxonomy", TaxonomyCode::parse(&of.taxonomy));
        let iban = self.field("iban", Iban::parse(&of.iban));
        let key = self.field("accounting_key", Text::parse(&of.accounting_key));
        let demand_code = match &of.demand_code {
            Some(code) => self.field("demand_code", DemandCode::parse(code)).map(Some),
            None => Some(None),
        };
        let valid = self.valid(of.valid_from, of.valid_until);
        let mut others = Some(BTreeMap::new());
        for (role, to) in of.others {
            let to = self.beneficiary(&role, &to);
            others = others.zip(to).map(|(mut others, to)| {
                others.insert(role, to.into());
                others
            });
        }
        Some(ServiceRow {
            code: code?,
            title: title?,
            kind: of.kind,
            taxonomy: taxonomy?,
            iban: iban?,
            accounting_key: key?,
            demand_code: demand_code?,
            others: others?,
            terms: Value::Object(of.terms.into_iter().map(|(k, v)| (k, json(v))).collect()).into(),
            valid: valid?,
        })
    }

    fn beneficiary(&mut self, role: &str, of: &FileBeneficiary) -> Option<Beneficiary> {
        let at = |field: &str| format!("others/{role}/{field}");
        let tax_code = self.field(&at("tax_code"), FiscalCode::parse(&of.tax_code));
        let legal_name = self.field(&at("legal_name"), Text::<140>::parse(&of.legal_name));
        let iban = self.field(&at("iban"), Iban::parse(&of.iban));
        let taxonomy = self.field(&at("taxonomy"), TaxonomyCode::parse(&of.taxonomy));
        Some(Beneficiary {
            tax_code: tax_code?,
            legal_name: legal_name?.to_string(),
            account: Destination::Iban(iban?),
            taxonomy: taxonomy?,
        })
    }
}

fn day(of: toml::value::Datetime) -> Result<Day, &'static str> {
    if of.time.is_some() || of.offset.is_some() {
        return Err("must be a day as 2026-01-01, without a time");
    }
    of.to_string()
        .parse()
        .map_err(|_not_a_day| "must be a day as 2026-01-01")
}

/// TOML's values as JSON; a date is its text.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(n) => Value::from(n),
        toml::Value::Float(x) => Value::from(x),
        toml::Value::Boolean(b) => Value::from(b),
        toml::Value::Datetime(at) => Value::from(at.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        toml::Value::Table(table) => Value::Object(
            table
                .into_iter()
                .map(|(key, value)| (key, json(value)))
                .collect(),
        ),
    }
}
