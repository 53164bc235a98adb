//! School canteen billed after the month for the meals of a family (`charges.md` §3): a price by ISEE, a
//! lower one for brothers and sisters, a fixed fee where the town has one, what is in arrears with its
//! legal interest, and the VAT that is inside the price.

mod presence;
mod rows;
mod tariff;
mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, Schedule,
    Service, ServiceKind, TransferDraft,
};
use crate::domain::calendar::Calendar;
use crate::domain::findings::{Findings, read};
use crate::domain::isee::{IseeDeclaration, check_declarations};
use crate::domain::money::Cents;
use crate::domain::terms::read_terms;

pub use presence::billed;
pub use rows::{PupilShare, shares};
pub(super) use rows::{Vat, percent};
pub use tariff::{Child, MealPrice, MealTariff};
pub use terms::{CanteenReduction, CanteenTerms};

/// The school canteen.
pub struct Canteen;

/// The meals of one family, and what it owes from before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"resident": true, "isee": [{"isee_cents": 1_800_000}],
    "months": [{"year": 2026, "month": 3, "pupils":
        [{"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 17}]}]}))]
pub struct CanteenDetails {
    /// Whether the family lives in the town; others pay the full price.
    pub resident: bool,
    /// ISEE of the family; the full price on days without a valid one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 10)]
    pub isee: Vec<IseeDeclaration>,
    /// The months that are billed, in order: several where one is below the least bill.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 12)]
    pub months: Vec<CanteenMonth>,
    /// What was billed before and is still owed, with legal interest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 20)]
    pub arrears: Vec<CanteenArrears>,
    /// Day up to which arrears bear interest; the last day to pay this notice when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub interest_to: Option<NaiveDate>,
    /// Whether this is the last bill of the school year, which may be below the least bill.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last_bill: bool,
}

/// The meals of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"year": 2026, "month": 3, "pupils":
    [{"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 17}]}))]
pub struct CanteenMonth {
    /// Year the meals were eaten in.
    #[schema(format = Int64, minimum = 2000, maximum = 2099)]
    pub year: i64,
    /// Month the meals were eaten in, 1 to 12.
    #[schema(format = Int64, minimum = 1, maximum = 12)]
    pub month: i64,
    /// The pupils of the family who are enrolled.
    #[schema(min_items = 1, max_items = 20)]
    pub pupils: Vec<CanteenPupil>,
    /// Days on which no meal was served, besides those of the tariff: strikes, a school closed by order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 31)]
    pub closures: Vec<CanteenClosure>,
}

/// The meals of one pupil: a number, or the bookings of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 17}))]
pub struct CanteenPupil {
    /// Tax code of the pupil, for the yearly certificate of school expenses.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// Place by birth among the enrolled children of the family, from the oldest: 1, 2, 3…
    #[schema(format = Int64, minimum = 1, maximum = 20)]
    pub sibling_order: i64,
    /// Meals eaten, or booked and not cancelled in time; without it, the bookings are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99)]
    pub meals: Option<i64>,
    /// Bookings of the month, one for each day; wanted where an ISEE changes the price within the month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 31)]
    pub bookings: Vec<CanteenBooking>,
    /// Whether the fixed fee is due for half of the month only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub half_month: bool,
    /// Codes of the reductions the pupil has, in the order they are applied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(
        min_items = 0,
        max_items = 5,
        min_length = 1,
        max_length = 32,
        pattern = "^[a-z0-9_]+$"
    )]
    pub reductions: Vec<String>,
    /// Name of the pupil, for the yearly certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub pupil_name: Option<String>,
    /// School of the pupil, for the yearly certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub school: Option<String>,
}

/// A booked meal. Meals are booked unless the family cancels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"date": "2026-03-02", "cancelled_at": "2026-03-02T07:40:00Z"}))]
pub struct CanteenBooking {
    /// Day of the meal.
    pub date: NaiveDate,
    /// When the family cancelled; the meal is billed when that was after the hour of the tariff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cancelled_at: Option<DateTime<Utc>>,
}

/// A day without meals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"date": "2026-03-06", "reason": "sciopero"}))]
pub struct CanteenClosure {
    /// The day.
    pub date: NaiveDate,
    /// Why, in Italian.
    #[schema(min_length = 1, max_length = 70, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub reason: String,
}

/// An earlier bill that is still owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "LNCNCL18S08A515N", "description": "novembre 2025",
    "amount_cents": 18480, "due_on": "2025-12-31"}))]
pub struct CanteenArrears {
    /// Tax code of the pupil who ate.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// What was billed, in Italian.
    #[schema(min_length = 1, max_length = 70, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub description: String,
    /// What is owed of it, cents.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount_cents: i64,
    /// Last day on which it was in time: interest runs from the next one.
    pub due_on: NaiveDate,
}

impl ServiceKind for Canteen {
    fn code(&self) -> &'static str {
        "canteen"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms = CanteenTerms::of(service)?;
        let details: CanteenDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, terms, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check).map(|_: CanteenTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<CanteenDetails>()
    }
}

fn assess(
    details: &CanteenDetails,
    terms: &CanteenTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let due_on = Calendar::Civil.deadline(service.issued_on, terms.due_days);
    let (mut rows, meals) = rows::of_months(details, terms)?;
    let vat = Vat::inside(meals, terms.vat_bp)?;
    rows.extend(vat.as_ref().map(Vat::row));
    rows.extend(rows::of_arrears(details, terms, due_on)?);
    let total = Cents::sum(rows.iter().map(|row| row.amount))?;
    if !total.is_positive() {
        return Err(DetailsError::new(
            "/months",
            "nulla da pagare: con queste condizioni i pasti sono gratuiti",
            "nothing to pay: under these terms the meals are free",
        ));
    }
    if total.get() < terms.min_bill_cents && !details.last_bill {
        let (total, least) = (total.italian(), Cents::new(terms.min_bill_cents)?.italian());
        return Err(DetailsError::new(
            "/months",
            format!(
                "{total} € non raggiunge l'importo minimo di {least} €: aggiungere il mese seguente"
            ),
            format!("{total} € is below the least bill of {least} €: add the next month"),
        ));
    }
    let notice = NoticeDraft {
        description: service.description(&rows::period(details)),
        due_on: Some(due_on),
        transfers: vec![TransferDraft {
            to: service.main.clone(),
            metadata: Arc::default(),
        }],
        schedule: Schedule::flat(&rows::reason(vat.as_ref()), vec![total])?,
    };
    let options = vec![OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![notice],
    }];
    Ok(Assessment { rows, options })
}

fn check_details(details: &CanteenDetails, terms: &CanteenTerms, findings: &mut Findings) {
    check_declarations("/isee", &details.isee, findings);
    findings.count("/months", details.months.len(), 0..=12);
    findings.count("/arrears", details.arrears.len(), 0..=20);
    if details.months.is_empty() && details.arrears.is_empty() {
        findings.add(
            "/months",
            "indicare almeno un mese o un arretrato",
            "give a month or what is in arrears",
        );
    }
    if !details
        .months
        .is_sorted_by(|a, b| (a.year, a.month) < (b.year, b.month))
    {
        findings.add(
            "/months",
            "i mesi devono essere in ordine e ciascuno una volta sola",
            "the months must be in order, each of them once",
        );
    }
    let mut family = BTreeMap::new();
    for (i, month) in details.months.iter().enumerate() {
        check_month(&format!("/months/{i}"), month, (details, terms), findings);
        for (j, pupil) in month.pupils.iter().enumerate() {
            let order = pupil.sibling_order;
            if *family.entry(&pupil.pupil_tax_code).or_insert(order) != order {
                findings.add(
                    format!("/months/{i}/pupils/{j}/sibling_order"),
                    "l'alunno ha un altro posto in un mese precedente",
                    "the pupil has another place in an earlier month",
                );
            }
        }
    }
    for (i, owed) in details.arrears.iter().enumerate() {
        let at = |field: &str| format!("/arrears/{i}/{field}");
        findings.person(at("pupil_tax_code"), &owed.pupil_tax_code);
        findings.text::<70>(at("description"), &owed.description);
        findings.range(
            at("amount_cents"),
            owed.amount_cents,
            1..=Cents::NOTICE_MAX.get(),
        );
        findings.day(at("due_on"), owed.due_on);
    }
    if let Some(day) = details.interest_to {
        findings.day("/interest_to", day);
    }
}

fn check_month(
    at: &str,
    month: &CanteenMonth,
    (details, terms): (&CanteenDetails, &CanteenTerms),
    findings: &mut Findings,
) {
    findings.range(format!("{at}/year"), month.year, 2000..=2099);
    findings.range(format!("{at}/month"), month.month, 1..=12);
    findings.count(format!("{at}/pupils"), month.pupils.len(), 1..=20);
    findings.count(format!("{at}/closures"), month.closures.len(), 0..=31);
    for (i, closure) in month.closures.iter().enumerate() {
        check_within(
            format!("{at}/closures/{i}/date"),
            closure.date,
            month,
            findings,
        );
        findings.text::<70>(format!("{at}/closures/{i}/reason"), &closure.reason);
    }
    let (mut codes, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (i, pupil) in month.pupils.iter().enumerate() {
        let at = |field: &str| format!("{at}/pupils/{i}/{field}");
        findings.person(at("pupil_tax_code"), &pupil.pupil_tax_code);
        if !codes.insert(pupil.pupil_tax_code.as_str()) {
            findings.add(
                at("pupil_tax_code"),
                "alunno indicato due volte",
                "the pupil is given twice",
            );
        }
        findings.range(at("sibling_order"), pupil.sibling_order, 1..=20);
        if !places.insert(pupil.sibling_order) {
            findings.add(
                at("sibling_order"),
                "due alunni hanno lo stesso posto tra i figli",
                "two pupils have the same place among the children",
            );
        }
        terms
            .tariff
            .check_reductions(&at("reductions"), &pupil.reductions, findings);
        for (field, text) in [("pupil_name", &pupil.pupil_name), ("school", &pupil.school)] {
            if let Some(text) = text {
                findings.text::<70>(at(field), text);
            }
        }
        check_meals(&at, pupil, (month, details, terms), findings);
    }
}

fn check_meals(
    at: &dyn Fn(&str) -> String,
    pupil: &CanteenPupil,
    (month, details, terms): (&CanteenMonth, &CanteenDetails, &CanteenTerms),
    findings: &mut Findings,
) {
    findings.count(at("bookings"), pupil.bookings.len(), 0..=31);
    if !pupil.bookings.is_sorted_by(|a, b| a.date < b.date) {
        findings.add(
            at("bookings"),
            "i giorni devono essere in ordine e ciascuno una volta sola",
            "the days must be in order, each of them once",
        );
    }
    for (i, booking) in pupil.bookings.iter().enumerate() {
        check_within(
            at(&format!("bookings/{i}/date")),
            booking.date,
            month,
            findings,
        );
    }
    let Some(meals) = pupil.meals else { return };
    findings.range(at("meals"), meals, 0..=99);
    if !pupil.bookings.is_empty() {
        findings.add(
            at("meals"),
            "indicare il numero dei pasti oppure le prenotazioni",
            "give the number of meals or the bookings, not both",
        );
    }
    // A number of meals has one price: the days must be known where the ISEE changes it.
    let price = |day| terms.tariff.isee_on(details.resident, &details.isee, day);
    let mut prices = rows::days_of(month).map(price);
    let first = prices.next();
    if prices.any(|price| Some(price) != first) {
        findings.add(
            at("meals"),
            "l'ISEE cambia nel mese: indicare le prenotazioni giorno per giorno",
            "the ISEE changes within the month: give the bookings day by day",
        );
    }
}

fn check_within(pointer: String, day: NaiveDate, month: &CanteenMonth, findings: &mut Findings) {
    if (i64::from(day.year()), i64::from(day.month())) != (month.year, month.month) {
        findings.add(
            pointer,
            "deve essere un giorno del mese",
            "must be a day of the month",
        );
    }
}

#[cfg(test)]
mod tests;
