//! Creditors with their stations, accounts and services.
//!
//! One revision covers a creditor and everything below it: whoever changes a tariff has seen the rest.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde_json::{Value, json};

use super::schema::{account, creditor, service, station};
use super::types::{At, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::creditor::{Account, Creditor, ServiceRow, Station, Validity};
use crate::domain::demand::DemandCode;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::notice_number::SegregationCode;
use crate::domain::service::{Beneficiary, Destination};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::text::Text;

/// A creditor as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The creditor with its stations and accounts.
    pub creditor: Creditor,
    /// Counts the changes, from 1.
    pub revision: i64,
    /// When it was registered.
    pub created_at: Instant,
    /// When it was changed last.
    pub changed_at: Instant,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = creditor, treat_none_as_default_value = false, treat_none_as_null = true)]
struct CreditorRow {
    tax_code: String,
    legal_name: String,
    office_name: Option<String>,
    ipa_code: Option<String>,
    cadastral_code: Option<String>,
    cbill: Option<String>,
    web_site: Option<String>,
    contact_lines: Json,
    treasurer: Option<Json>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = station, treat_none_as_default_value = false)]
struct StationRow {
    creditor: String,
    station_id: String,
    valid_from: Day,
    valid_until: Option<Day>,
    broker_tax_code: String,
    segregation_code: String,
    rank: i32,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = account, treat_none_as_default_value = false)]
struct AccountRow {
    creditor: String,
    iban: String,
    valid_from: Day,
    valid_until: Option<Day>,
    label: String,
    rank: i32,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = service, treat_none_as_default_value = false)]
struct TermsRow {
    creditor: String,
    code: String,
    valid_from: Day,
    valid_until: Option<Day>,
    title: String,
    kind: String,
    taxonomy: String,
    iban: String,
    accounting_key: String,
    others: Json,
    terms: Json,
    rank: i32,
    demand_code: Option<String>,
}

/// The creditor with this tax code.
///
/// # Errors
/// [`Error`].
pub fn get(conn: &mut Conn, tax_code: &FiscalCode) -> Result<Option<Stored>, Error> {
    Ok(load(conn, Some(tax_code))?.pop())
}

/// Every creditor, by tax code.
///
/// # Errors
/// [`Error`].
pub fn list(conn: &mut Conn) -> Result<Vec<Stored>, Error> {
    load(conn, None)
}

/// Every version of every service of a creditor, in the order the office listed them.
///
/// # Errors
/// [`Error`].
pub fn services(conn: &mut Conn, tax_code: &FiscalCode) -> Result<Vec<ServiceRow>, Error> {
    let rows: Vec<TermsRow> = on!(conn, |c| service::table
        .filter(service::creditor.eq(tax_code.as_str()))
        .order((service::rank, service::code, service::valid_from))
        .select(TermsRow::as_select())
        .load(c))?;
    rows.into_iter().map(TermsRow::parse).collect()
}

/// Every creditor with every version of its services: what the registry holds.
///
/// # Errors
/// [`Error`].
pub fn all(conn: &mut Conn) -> Result<Vec<(Creditor, Vec<ServiceRow>)>, Error> {
    let creditors = list(conn)?;
    let rows: Vec<TermsRow> = on!(conn, |c| service::table
        .order((
            service::creditor,
            service::rank,
            service::code,
            service::valid_from
        ))
        .select(TermsRow::as_select())
        .load(c))?;
    let mut by_creditor = BTreeMap::<String, Vec<ServiceRow>>::new();
    for row in rows {
        by_creditor
            .entry(row.creditor.clone())
            .or_default()
            .push(row.parse()?);
    }
    Ok(creditors
        .into_iter()
        .map(|stored| {
            let rows = by_creditor
                .remove(stored.creditor.tax_code.as_str())
                .unwrap_or_default();
            (stored.creditor, rows)
        })
        .collect())
}

/// The revision of a creditor.
///
/// # Errors
/// [`Error`].
pub fn revision(conn: &mut Conn, tax_code: &FiscalCode) -> Result<Option<i64>, Error> {
    Ok(on!(conn, |c| creditor::table
        .find(tax_code.as_str())
        .select(creditor::revision)
        .get_result(c)
        .optional())?)
}

/// Registers a creditor with its stations and accounts.
///
/// # Errors
/// [`Error`]; a creditor that is there already is [`Error::Changed`].
pub fn insert(tx: &mut Tx<'_>, now: Instant, new: &Creditor) -> Result<(), Error> {
    let row = CreditorRow::print(new);
    let times = (
        creditor::created_at.eq(At(now)),
        creditor::changed_at.eq(At(now)),
    );
    let inserted = on!(&mut **tx, |c| diesel::insert_into(creditor::table)
        .values((&row, creditor::revision.eq(1i64), times))
        .on_conflict_do_nothing()
        .execute(c))?;
    if inserted == 0 {
        return Err(changed(&new.tax_code));
    }
    insert_parts(tx, new)
}

/// Replaces a creditor, its stations and its accounts, if its revision is still the one that was read;
/// the new revision.
///
/// # Errors
/// [`Error::Changed`] when somebody was faster.
pub fn replace(tx: &mut Tx<'_>, now: Instant, new: &Creditor, revision: i64) -> Result<i64, Error> {
    let next = touch(tx, now, &new.tax_code, revision)?;
    let row = CreditorRow::print(new);
    on!(&mut **tx, |c| diesel::update(
        creditor::table.find(&row.tax_code)
    )
    .set(&row)
    .execute(c))?;
    let key = new.tax_code.as_str();
    on!(&mut **tx, |c| {
        diesel::delete(station::table.filter(station::creditor.eq(key))).execute(c)?;
        diesel::delete(account::table.filter(account::creditor.eq(key))).execute(c)
    })?;
    insert_parts(tx, new)?;
    Ok(next)
}

/// Counts a change of a creditor, if its revision is still the one that was read; the new revision.
///
/// # Errors
/// [`Error::Changed`] when somebody was faster.
pub fn touch(
    tx: &mut Tx<'_>,
    now: Instant,
    tax_code: &FiscalCode,
    revision: i64,
) -> Result<i64, Error> {
    let next = revision.saturating_add(1);
    let held = creditor::table
        .find(tax_code.as_str())
        .filter(creditor::revision.eq(revision));
    let set = (
        creditor::revision.eq(next),
        creditor::changed_at.eq(At(now)),
    );
    let updated = on!(&mut **tx, |c| diesel::update(held).set(set).execute(c))?;
    if updated == 1 {
        Ok(next)
    } else {
        Err(changed(tax_code))
    }
}

/// Replaces every service of a creditor.
///
/// # Errors
/// [`Error`].
pub fn replace_services(
    tx: &mut Tx<'_>,
    tax_code: &FiscalCode,
    rows: &[ServiceRow],
) -> Result<(), Error> {
    let all = service::table.filter(service::creditor.eq(tax_code.as_str()));
    on!(&mut **tx, |c| diesel::delete(all).execute(c))?;
    insert_services(tx, tax_code, rows, 0)
}

/// Replaces every version of one service; a new service goes to the end of the list.
///
/// # Errors
/// [`Error`].
pub fn replace_service(
    tx: &mut Tx<'_>,
    tax_code: &FiscalCode,
    code: &str,
    rows: &[ServiceRow],
) -> Result<(), Error> {
    let of_creditor = service::table.filter(service::creditor.eq(tax_code.as_str()));
    let ranks: Vec<(String, i32)> = on!(&mut **tx, |c| of_creditor
        .select((service::code, service::rank))
        .load(c))?;
    let own = ranks
        .iter()
        .filter(|(c, _)| c == code)
        .map(|(_, rank)| *rank)
        .min();
    let end = ranks
        .iter()
        .map(|(_, rank)| rank.saturating_add(1))
        .max()
        .unwrap_or(0);
    let old = of_creditor.filter(service::code.eq(code));
    on!(&mut **tx, |c| diesel::delete(old).execute(c))?;
    for row in rows {
        insert_services(tx, tax_code, std::slice::from_ref(row), own.unwrap_or(end))?;
    }
    Ok(())
}

fn changed(tax_code: &FiscalCode) -> Error {
    Error::Changed {
        table: "creditor",
        id: tax_code.to_string(),
    }
}

/// Rows in the order given; ranks count on from the first.
fn ranked<T>(items: &[T], first: i32) -> impl Iterator<Item = (i32, &T)> {
    (first..i32::MAX).zip(items)
}

fn insert_parts(tx: &mut Tx<'_>, new: &Creditor) -> Result<(), Error> {
    let stations: Vec<StationRow> = ranked(&new.stations, 0)
        .map(|(rank, s)| StationRow::print(new, s, rank))
        .collect();
    let accounts: Vec<AccountRow> = ranked(&new.accounts, 0)
        .map(|(rank, a)| AccountRow::print(new, a, rank))
        .collect();
    on!(&mut **tx, |c| {
        diesel::insert_into(station::table)
            .values(&stations)
            .execute(c)?;
        diesel::insert_into(account::table)
            .values(&accounts)
            .execute(c)
    })?;
    Ok(())
}

fn insert_services(
    tx: &mut Tx<'_>,
    tax_code: &FiscalCode,
    rows: &[ServiceRow],
    first: i32,
) -> Result<(), Error> {
    let rows: Vec<TermsRow> = ranked(rows, first)
        .map(|(rank, row)| TermsRow::print(tax_code, row, rank))
        .collect();
    on!(&mut **tx, |c| diesel::insert_into(service::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

fn load(conn: &mut Conn, only: Option<&FiscalCode>) -> Result<Vec<Stored>, Error> {
    type Times = (i64, At, At);
    let key = only.map(FiscalCode::as_str);
    let times = (
        creditor::revision,
        creditor::created_at,
        creditor::changed_at,
    );
    let heads: Vec<(CreditorRow, Times)> = on!(conn, |c| {
        let select = creditor::table.select((CreditorRow::as_select(), times));
        match key {
            Some(key) => select.filter(creditor::tax_code.eq(key)).load(c),
            None => select.order(creditor::tax_code).load(c),
        }
    })?;
    let stations: Vec<StationRow> = on!(conn, |c| {
        let all = station::table.order((station::creditor, station::rank));
        let select = all.select(StationRow::as_select());
        match key {
            Some(key) => select.filter(station::creditor.eq(key)).load(c),
            None => select.load(c),
        }
    })?;
    let accounts: Vec<AccountRow> = on!(conn, |c| {
        let all = account::table.order((account::creditor, account::rank));
        let select = all.select(AccountRow::as_select());
        match key {
            Some(key) => select.filter(account::creditor.eq(key)).load(c),
            None => select.load(c),
        }
    })?;
    let mut stations_of = BTreeMap::<String, Vec<Station>>::new();
    for row in stations {
        stations_of
            .entry(row.creditor.clone())
            .or_default()
            .push(row.parse()?);
    }
    let mut accounts_of = BTreeMap::<String, Vec<Account>>::new();
    for row in accounts {
        accounts_of
            .entry(row.creditor.clone())
            .or_default()
            .push(row.parse()?);
    }
    heads
        .into_iter()
        .map(|(row, (revision, created_at, changed_at))| {
            let stations = stations_of.remove(&row.tax_code).unwrap_or_default();
            let accounts = accounts_of.remove(&row.tax_code).unwrap_or_default();
            let creditor = row.parse(stations, accounts)?;
            Ok(Stored {
                creditor,
                revision,
                created_at: created_at.0,
                changed_at: changed_at.0,
            })
        })
        .collect()
}

/// A column of a row that every writer has checked.
fn checked<T, E: ToString>(
    table: &'static str,
    id: &str,
    result: Result<T, E>,
) -> Result<T, Error> {
    result.map_err(|why| Error::corrupt(table, id, why.to_string()))
}

fn optional<const N: usize>(
    table: &'static str,
    id: &str,
    text: Option<&String>,
) -> Result<Option<Text<N>>, Error> {
    text.map(|text| checked(table, id, Text::parse(text)))
        .transpose()
}

impl CreditorRow {
    fn print(of: &Creditor) -> CreditorRow {
        let lines = of
            .contact_lines
            .iter()
            .map(|line| Value::from(line.as_str()))
            .collect();
        let treasurer = of.treasurer.as_ref().map(|treasurer| json!(treasurer));
        CreditorRow {
            tax_code: of.tax_code.to_string(),
            legal_name: of.legal_name.to_string(),
            office_name: of.office_name.as_ref().map(ToString::to_string),
            ipa_code: of.ipa_code.as_ref().map(ToString::to_string),
            cadastral_code: of.cadastral_code.as_ref().map(ToString::to_string),
            cbill: of.cbill.as_ref().map(ToString::to_string),
            web_site: of.web_site.as_ref().map(ToString::to_string),
            contact_lines: Json(Value::Array(lines)),
            treasurer: treasurer.map(Json),
        }
    }

    fn parse(self, stations: Vec<Station>, accounts: Vec<Account>) -> Result<Creditor, Error> {
        let (table, id) = ("creditor", self.tax_code.as_str());
        let lines = self.contact_lines.0.as_array().cloned().unwrap_or_default();
        let line = |value: &Value| checked(table, id, Text::parse(value.as_str().unwrap_or("")));
        let treasurer = self.treasurer.map(|json| serde_json::from_value(json.0));
        let treasurer = treasurer.transpose();
        Ok(Creditor {
            tax_code: checked(table, id, FiscalCode::parse(id))?,
            legal_name: checked(table, id, Text::parse(&self.legal_name))?,
            office_name: optional(table, id, self.office_name.as_ref())?,
            ipa_code: optional(table, id, self.ipa_code.as_ref())?,
            cadastral_code: optional(table, id, self.cadastral_code.as_ref())?,
            cbill: optional(table, id, self.cbill.as_ref())?,
            web_site: optional(table, id, self.web_site.as_ref())?,
            contact_lines: lines.iter().map(line).collect::<Result<_, _>>()?,
            treasurer: checked(table, id, treasurer)?,
            stations,
            accounts,
        })
    }
}

impl StationRow {
    fn print(creditor: &Creditor, of: &Station, rank: i32) -> StationRow {
        StationRow {
            creditor: creditor.tax_code.to_string(),
            station_id: of.station_id.to_string(),
            valid_from: of.valid.from,
            valid_until: of.valid.until,
            broker_tax_code: of.broker_tax_code.to_string(),
            segregation_code: of.segregation_code.to_string(),
            rank,
        }
    }

    fn parse(self) -> Result<Station, Error> {
        let (table, id) = ("station", self.station_id.as_str());
        Ok(Station {
            station_id: checked(table, id, Text::parse(id))?,
            broker_tax_code: checked(table, id, FiscalCode::parse(&self.broker_tax_code))?,
            segregation_code: checked(table, id, SegregationCode::parse(&self.segregation_code))?,
            valid: Validity {
                from: self.valid_from,
                until: self.valid_until,
            },
        })
    }
}

impl AccountRow {
    fn print(creditor: &Creditor, of: &Account, rank: i32) -> AccountRow {
        AccountRow {
            creditor: creditor.tax_code.to_string(),
            iban: of.iban.to_string(),
            valid_from: of.valid.from,
            valid_until: of.valid.until,
            label: of.label.to_string(),
            rank,
        }
    }

    fn parse(self) -> Result<Account, Error> {
        let (table, id) = ("account", self.iban.as_str());
        Ok(Account {
            iban: checked(table, id, Iban::parse(id))?,
            label: checked(table, id, Text::parse(&self.label))?,
            valid: Validity {
                from: self.valid_from,
                until: self.valid_until,
            },
        })
    }
}

impl TermsRow {
    fn print(tax_code: &FiscalCode, of: &ServiceRow, rank: i32) -> TermsRow {
        let others = of
            .others
            .iter()
            .map(|(role, to)| (role.clone(), print_beneficiary(to)));
        TermsRow {
            creditor: tax_code.to_string(),
            code: of.code.to_string(),
            valid_from: of.valid.from,
            valid_until: of.valid.until,
            title: of.title.to_string(),
            kind: of.kind.clone(),
            taxonomy: of.taxonomy.to_string(),
            iban: of.iban.to_string(),
            accounting_key: of.accounting_key.to_string(),
            others: Json(Value::Object(others.collect())),
            terms: Json(Value::clone(&of.terms)),
            rank,
            demand_code: of.demand_code.as_ref().map(ToString::to_string),
        }
    }

    fn parse(self) -> Result<ServiceRow, Error> {
        let table = "service";
        let id = format!("{}/{}", self.creditor, self.code);
        let no_object = serde_json::Map::new();
        let others = self.others.0.as_object().unwrap_or(&no_object);
        let others = others
            .iter()
            .map(|(role, to)| {
                let to = parse_beneficiary(to).ok_or("a beneficiary cannot be read");
                Ok((role.clone(), checked(table, &id, to)?.into()))
            })
            .collect::<Result<_, Error>>()?;
        Ok(ServiceRow {
            code: checked(table, &id, Text::parse(&self.code))?,
            title: checked(table, &id, Text::parse(&self.title))?,
            kind: self.kind,
            taxonomy: checked(table, &id, TaxonomyCode::parse(&self.taxonomy))?,
            iban: checked(table, &id, Iban::parse(&self.iban))?,
            accounting_key: checked(table, &id, Text::parse(&self.accounting_key))?,
            demand_code: match &self.demand_code {
                Some(code) => Some(checked(table, &id, DemandCode::parse(code))?),
                None => None,
            },
            others,
            terms: self.terms.0.into(),
            valid: Validity {
                from: self.valid_from,
                until: self.valid_until,
            },
        })
    }
}

fn print_beneficiary(of: &Beneficiary) -> Value {
    serde_json::json!({
        "tax_code": of.tax_code.as_str(),
        "legal_name": of.legal_name,
        "iban": of.iban().map(Iban::as_str),
        "taxonomy": of.taxonomy.to_string(),
    })
}

fn parse_beneficiary(value: &Value) -> Option<Beneficiary> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some(Beneficiary {
        tax_code: FiscalCode::parse(text("tax_code")?).ok()?,
        legal_name: text("legal_name")?.to_owned(),
        account: Destination::Iban(Iban::parse(text("iban")?).ok()?),
        taxonomy: TaxonomyCode::parse(text("taxonomy")?).ok()?,
    })
}
