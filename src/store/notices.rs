//! Notices, their numbers, their history, and what the node was told about their price.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::prepared::among;
use super::schema::{notice, notice_event, number_sequence, quote};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::lifecycle::{Anomaly, Move, State};
use crate::domain::money::Cents;
use crate::domain::notice_number::{NoticeNumber, SegregationCode};
use crate::domain::position::{Notice, Position};
use crate::domain::service::{
    Beneficiary, Destination, OptionKind, PlanLapse, Schedule, Step, TransferDraft,
};
use crate::domain::stamp::{DocumentHash, Province, Stamp};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::text::Text;

const TABLE: &str = "notice";

#[derive(Queryable, Insertable)]
#[diesel(table_name = notice, treat_none_as_default_value = false)]
pub(super) struct NoticeRow {
    creditor: String,
    pub(super) number: String,
    iuv: String,
    pub(super) position_id: Id,
    service_code: String,
    option_no: i16,
    option_kind: String,
    sequence: i16,
    pub(super) description: String,
    pub(super) due_on: Option<Day>,
    pub(super) amount_cents: i64,
    pub(super) terms: Json,
    state: String,
    paid_on: Option<Day>,
    pub(super) ends_on: Option<Day>,
}

#[derive(Insertable)]
#[diesel(table_name = notice_event, treat_none_as_default_value = false)]
struct EventRow {
    creditor: String,
    notice_number: String,
    id: Id,
    at: At,
    from_state: &'static str,
    event: &'static str,
    to_state: &'static str,
    anomaly: Option<&'static str>,
    actor: String,
}

/// One step of one notice, ready to be written.
#[derive(Debug, Clone)]
pub struct Advance {
    /// Id of the history row.
    pub id: Uuid,
    /// The notice that moves.
    pub number: NoticeNumber,
    /// A step from the transition table.
    pub step: Move,
    /// Legal day of payment, for the first receipt.
    pub paid_on: Option<Day>,
}

/// Where a notice stands, and what its money is booked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The 18 digits.
    pub number: NoticeNumber,
    /// Its IUV.
    pub iuv: String,
    /// Position it belongs to.
    pub position_id: Uuid,
    /// The creditor's service.
    pub service_code: String,
    /// Its state.
    pub state: State,
}

/// Where the notices with these references stand.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn standing(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<Vec<Standing>, Error> {
    type Row = (String, String, Id, String, String);
    let rows: Vec<Row> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(among(notice::iuv, iuvs))
        .select((
            notice::number,
            notice::iuv,
            notice::position_id,
            notice::service_code,
            notice::state,
        ))
        .load(c))?;
    let standing = |(number, iuv, position_id, service_code, state): Row| {
        let corrupt = |why: &'static str| Error::corrupt(TABLE, &number, why);
        Ok(Standing {
            number: NoticeNumber::parse(&number).map_err(|_shape| corrupt("number"))?,
            state: State::from_name(&state).ok_or_else(|| corrupt("state"))?,
            iuv,
            position_id: position_id.0,
            service_code,
        })
    };
    rows.into_iter().map(standing).collect()
}

/// Inserts the notices of a new position; false when a number or IUV is taken.
pub(super) fn insert(tx: &mut Tx<'_>, position: &Position) -> Result<bool, Error> {
    add(tx, position, &position.notices)
}

/// Inserts more notices of a position; false when a number or IUV is taken.
///
/// # Errors
/// The database's.
pub fn add(tx: &mut Tx<'_>, position: &Position, notices: &[Notice]) -> Result<bool, Error> {
    if notices.is_empty() {
        return Ok(true);
    }
    let rows: Vec<NoticeRow> = notices
        .iter()
        .map(|notice| NoticeRow::from_domain(position, notice))
        .collect::<Result<_, _>>()?;
    let made = insert_rows!(tx, &rows, |values| diesel::insert_into(notice::table)
        .values(values)
        .on_conflict_do_nothing());
    Ok(made == rows.len())
}

/// Writes state steps with their history, at most one for each notice. The only way a state changes.
///
/// # Errors
/// [`Error::Changed`] when a notice is in another state by now; the transaction runs again.
pub fn advance(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    steps: &[Advance],
    now: Instant,
    actor: &str,
) -> Result<(), Error> {
    let mut alike: BTreeMap<(State, State, Option<Day>), Vec<&str>> = BTreeMap::new();
    for advance in steps {
        let change = (advance.step.from(), advance.step.to(), advance.paid_on);
        alike
            .entry(change)
            .or_default()
            .push(advance.number.as_str());
    }
    for ((from, to, paid_on), numbers) in alike {
        let target = || {
            notice::table
                .filter(notice::creditor.eq(creditor.as_str()))
                .filter(among(notice::number, &numbers))
                .filter(notice::state.eq(from.as_str()))
        };
        let to = notice::state.eq(to.as_str());
        let updated = on!(&mut **tx, |c| match paid_on {
            Some(day) => {
                let set = (to, notice::paid_on.eq(Some(day)));
                diesel::update(target()).set(set).execute(c)
            }
            None => diesel::update(target()).set(to).execute(c),
        })?;
        if updated != numbers.len() {
            return Err(Error::Changed {
                table: TABLE,
                id: numbers.join(", "),
            });
        }
    }
    let events: Vec<EventRow> = steps
        .iter()
        .map(|advance| EventRow::of(creditor, advance, now, actor))
        .collect();
    append_rows!(tx, notice_event::table, &events);
    Ok(())
}

/// Writes the term and the price of a notice again; its number, its beneficiaries and its state stay.
///
/// # Errors
/// [`Error::Changed`] when there is no such notice.
pub fn rewrite(tx: &mut Tx<'_>, position: &Position, notice: &Notice) -> Result<(), Error> {
    let row = NoticeRow::from_domain(position, notice)?;
    let updated = on!(&mut **tx, |c| diesel::update(
        notice::table.find((row.creditor.as_str(), row.number.as_str()))
    )
    .set((
        notice::due_on.eq(row.due_on),
        notice::amount_cents.eq(row.amount_cents),
        notice::terms.eq(&row.terms),
        notice::ends_on.eq(row.ends_on),
    ))
    .execute(c))?;
    match updated {
        1 => Ok(()),
        _ => Err(Error::Changed {
            table: TABLE,
            id: row.number,
        }),
    }
}

impl EventRow {
    fn of(creditor: &FiscalCode, advance: &Advance, now: Instant, actor: &str) -> EventRow {
        EventRow {
            creditor: creditor.to_string(),
            notice_number: advance.number.to_string(),
            id: Id(advance.id),
            at: At(now),
            from_state: advance.step.from().as_str(),
            event: advance.step.event().as_str(),
            to_state: advance.step.to().as_str(),
            anomaly: advance.step.anomaly().map(Anomaly::as_str),
            actor: actor.to_owned(),
        }
    }
}

/// Takes the next `count` sequence numbers of a segregation code and returns the first.
/// Inside the creating transaction on SQLite this costs nothing; gaps are legal, repeats are not.
///
/// # Errors
/// The database's.
pub fn take_sequence(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    code: &SegregationCode,
    count: i64,
) -> Result<i64, Error> {
    let next: i64 = on!(&mut **tx, |c| diesel::insert_into(number_sequence::table)
        .values((
            number_sequence::creditor.eq(creditor.as_str()),
            number_sequence::segregation_code.eq(code.as_str()),
            number_sequence::next_value.eq(count.saturating_add(1)),
        ))
        .on_conflict((number_sequence::creditor, number_sequence::segregation_code))
        .do_update()
        .set(number_sequence::next_value.eq(number_sequence::next_value + count))
        .returning(number_sequence::next_value)
        .get_result(c))?;
    Ok(next.saturating_sub(count))
}

/// Remembers what the node was told when a payment was activated: the receipt will carry this amount.
///
/// # Errors
/// The database's.
pub fn insert_quote(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (id, number): (Uuid, &NoticeNumber),
    (amount, reason): (Cents, &str),
    now: Instant,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(quote::table)
        .values((
            quote::creditor.eq(creditor.as_str()),
            quote::notice_number.eq(number.as_str()),
            quote::id.eq(Id(id)),
            quote::at.eq(At(now)),
            quote::amount_cents.eq(amount.get()),
            quote::reason.eq(reason),
        ))
        .execute(c))?;
    Ok(())
}

/// Transfers and price steps, as stored.
#[derive(Serialize, Deserialize)]
struct Terms {
    transfers: Vec<TransferTerms>,
    steps: Vec<StepTerms>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaces: Vec<String>,
    /// Missed instalments after the first that end the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lapse: Option<u16>,
}

#[derive(Serialize, Deserialize)]
struct TransferTerms {
    tax_code: String,
    legal_name: String,
    #[serde(flatten)]
    account: AccountTerms,
    taxonomy: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    metadata: Vec<(String, String)>,
}

/// `"iban": "IT…"`, or `"stamp": {…}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AccountTerms {
    Iban(String),
    Stamp {
        document_sha256: String,
        province: String,
    },
}

#[derive(Serialize, Deserialize)]
struct StepTerms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Day>,
    reason: String,
    amounts_cents: Vec<i64>,
}

/// The prices by day among stored terms.
pub(super) fn schedule_of(terms: serde_json::Value) -> Result<Schedule, String> {
    let terms: Terms = serde_json::from_value(terms).map_err(|why| why.to_string())?;
    schedule(terms.steps, terms.transfers.len())
}

fn schedule(steps: Vec<StepTerms>, transfers: usize) -> Result<Schedule, String> {
    let step = |step: StepTerms| {
        let amounts = step.amounts_cents.into_iter().map(Cents::new);
        Ok(Step {
            until: step.until,
            reason: step.reason,
            amounts: amounts
                .collect::<Result<_, _>>()
                .map_err(|why| why.to_string())?,
        })
    };
    let steps = steps.into_iter().map(step);
    let steps = steps.collect::<Result<Vec<_>, String>>()?;
    Schedule::new(steps, transfers).map_err(|why| why.to_string())
}

impl AccountTerms {
    fn into_domain(self) -> Result<Destination, String> {
        let said = |error: &dyn std::fmt::Display| error.to_string();
        Ok(match self {
            AccountTerms::Iban(iban) => {
                Destination::Iban(Iban::parse(&iban).map_err(|e| said(&e))?)
            }
            AccountTerms::Stamp {
                document_sha256,
                province,
            } => Destination::Stamp(Stamp {
                document: DocumentHash::parse(&document_sha256).map_err(|e| said(&e))?,
                province: Province::parse(&province).map_err(|e| said(&e))?,
            }),
        })
    }
}

impl NoticeRow {
    pub(super) fn from_domain(position: &Position, notice: &Notice) -> Result<NoticeRow, Error> {
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, &notice.number, why);
        let transfers = notice.transfers.iter().map(|transfer| TransferTerms {
            tax_code: transfer.to.tax_code.to_string(),
            legal_name: transfer.to.legal_name.clone(),
            account: match &transfer.to.account {
                Destination::Iban(iban) => AccountTerms::Iban(iban.to_string()),
                Destination::Stamp(stamp) => AccountTerms::Stamp {
                    document_sha256: stamp.document.to_string(),
                    province: stamp.province.to_string(),
                },
            },
            taxonomy: transfer.to.taxonomy.to_string(),
            metadata: transfer.metadata.to_vec(),
        });
        let steps = notice.schedule.steps().iter().map(|step| StepTerms {
            until: step.until,
            reason: step.reason.clone(),
            amounts_cents: step.amounts.iter().map(|amount| amount.get()).collect(),
        });
        let terms = Terms {
            transfers: transfers.collect(),
            steps: steps.collect(),
            replaces: notice.replaces.iter().map(ToString::to_string).collect(),
            lapse: notice.lapse.map(|lapse| lapse.missed),
        };
        Ok(NoticeRow {
            creditor: position.creditor.to_string(),
            number: notice.number.to_string(),
            iuv: notice.iuv().to_string(),
            position_id: Id(position.id),
            service_code: position.service_code.clone(),
            option_no: i16::try_from(notice.option).map_err(|e| corrupt(&e))?,
            option_kind: notice.option_kind.to_string(),
            sequence: i16::try_from(notice.sequence).map_err(|e| corrupt(&e))?,
            description: notice.description.to_string(),
            due_on: notice.due_on,
            amount_cents: notice.schedule.nominal().get(),
            terms: Json(serde_json::to_value(terms).map_err(|e| corrupt(&e))?),
            state: notice.state.to_string(),
            paid_on: notice.paid_on,
            ends_on: notice.ends_on(),
        })
    }

    pub(super) fn into_domain(self) -> Result<Notice, Error> {
        let id = self.number.clone();
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, &id, why);
        let terms: Terms = serde_json::from_value(self.terms.0).map_err(|e| corrupt(&e))?;
        let transfers = terms.transfers.into_iter().map(|transfer| {
            Ok(TransferDraft {
                to: Arc::new(Beneficiary {
                    tax_code: FiscalCode::as_stated(&transfer.tax_code).map_err(|e| corrupt(&e))?,
                    legal_name: transfer.legal_name,
                    account: transfer.account.into_domain().map_err(|e| corrupt(&e))?,
                    taxonomy: TaxonomyCode::parse(&transfer.taxonomy).map_err(|e| corrupt(&e))?,
                }),
                metadata: transfer.metadata.into(),
            })
        });
        let transfers = transfers.collect::<Result<Vec<_>, Error>>()?;
        let replaces = terms
            .replaces
            .iter()
            .map(|number| NoticeNumber::parse(number));
        Ok(Notice {
            number: NoticeNumber::parse(&self.number).map_err(|e| corrupt(&e))?,
            option: u16::try_from(self.option_no).map_err(|e| corrupt(&e))?,
            option_kind: OptionKind::from_name(&self.option_kind)
                .ok_or_else(|| corrupt(&"option kind"))?,
            sequence: u16::try_from(self.sequence).map_err(|e| corrupt(&e))?,
            description: Text::parse(&self.description).map_err(|e| corrupt(&e))?,
            due_on: self.due_on,
            schedule: schedule(terms.steps, transfers.len()).map_err(|e| corrupt(&e))?,
            transfers,
            lapse: terms.lapse.map(|missed| PlanLapse { missed }),
            state: State::from_name(&self.state).ok_or_else(|| corrupt(&"state"))?,
            paid_on: self.paid_on,
            replaces: replaces
                .collect::<Result<_, _>>()
                .map_err(|e| corrupt(&e))?,
        })
    }
}
