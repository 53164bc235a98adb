//! School canteen billed by month for the meals eaten (`charges.md` §3): a price by ISEE bracket,
//! a lower one for brothers and sisters.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, Row, Schedule,
    Service, ServiceKind, TransferDraft, read_terms,
};
use crate::domain::calendar::Calendar;
use crate::domain::findings::{Findings, read};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;

/// The school canteen.
pub struct Canteen;

/// The meals of one family in one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"year": 2026, "month": 3, "resident": true, "isee_cents": 1_800_000,
    "pupils": [{"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 17}]}))]
pub struct CanteenDetails {
    /// Year the meals were eaten in.
    #[schema(format = Int64, minimum = 2000, maximum = 2099)]
    pub year: i64,
    /// Month the meals were eaten in, 1 to 12.
    #[schema(format = Int64, minimum = 1, maximum = 12)]
    pub month: i64,
    /// Whether the family lives in the town; others pay the full price.
    pub resident: bool,
    /// Valid ISEE of the family, cents; the full price when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub isee_cents: Option<i64>,
    /// The pupils of the family who ate.
    #[schema(min_items = 1, max_items = 20)]
    pub pupils: Vec<CanteenPupil>,
}

/// The meals of one pupil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 17}))]
pub struct CanteenPupil {
    /// Tax code of the pupil, for the yearly certificate of school expenses.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// Place among the enrolled children of the family, from the oldest: 1, 2, 3…
    #[schema(format = Int64, minimum = 1, maximum = 20)]
    pub sibling_order: i64,
    /// Meals eaten, or booked and not cancelled in time.
    #[schema(format = Int64, minimum = 1, maximum = 99)]
    pub meals: i64,
}

/// The prices of a school year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanteenTerms {
    /// Prices by ISEE, ordered; a bound belongs to its bracket.
    pub brackets: Vec<IseeBracket>,
    /// Price of a meal above the brackets, without ISEE, or for who lives elsewhere; cents.
    pub full_price_cents: i64,
    /// Price of a meal of the second child, when lower than the bracket's; cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_child_cents: Option<i64>,
    /// Price of a meal of the third child and the next ones, when lower; cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_child_cents: Option<i64>,
    /// Days to pay, from the issue.
    pub due_days: u32,
}

/// A price for families up to an ISEE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IseeBracket {
    /// Highest ISEE of the bracket, cents.
    pub up_to_cents: i64,
    /// Price of a meal, cents.
    pub price_cents: i64,
}

impl ServiceKind for Canteen {
    fn code(&self) -> &'static str {
        "canteen"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &CanteenTerms = service.terms(check_terms)?;
        let details: CanteenDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check_terms).map(|_: CanteenTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<CanteenDetails>()
    }
}

const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

fn assess(
    details: &CanteenDetails,
    terms: &CanteenTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let mut rows = Vec::with_capacity(details.pupils.len());
    for pupil in &details.pupils {
        let price = Cents::new(terms.price_cents(details, pupil.sibling_order))?;
        let label = format!(
            "{}° figlio: {} pasti × {} €",
            pupil.sibling_order,
            pupil.meals,
            price.italian()
        );
        rows.push(Row {
            code: "meals".into(),
            label,
            amount: price.times(pupil.meals)?,
        });
    }
    let total = Cents::sum(rows.iter().map(|row| row.amount))?;
    if !total.is_positive() {
        return Err(DetailsError::new(
            "/pupils",
            "nulla da pagare: con queste condizioni i pasti sono gratuiti",
            "nothing to pay: under these terms the meals are free",
        ));
    }
    let month = details
        .month
        .checked_sub(1)
        .and_then(|month| usize::try_from(month).ok());
    let month = month
        .and_then(|month| MONTHS.get(month))
        .copied()
        .unwrap_or_default();
    let notice = NoticeDraft {
        description: service.description(&format!("{month} {}", details.year)),
        due_on: Some(Calendar::Civil.deadline(service.issued_on, terms.due_days)),
        transfers: vec![TransferDraft {
            to: service.main.clone(),
            metadata: Vec::new(),
        }],
        schedule: Schedule::flat("importo dovuto", vec![total])?,
    };
    let options = vec![OptionDraft {
        kind: OptionKind::Single,
        notices: vec![notice],
    }];
    Ok(Assessment { rows, options })
}

impl CanteenTerms {
    /// What a meal of a child costs: the bracket's price, or the sibling's where it is lower.
    fn price_cents(&self, details: &CanteenDetails, sibling_order: i64) -> i64 {
        let isee = details.isee_cents.filter(|_| details.resident);
        let bracket = isee.and_then(|isee| self.brackets.iter().find(|b| isee <= b.up_to_cents));
        let price = bracket.map_or(self.full_price_cents, |bracket| bracket.price_cents);
        let sibling = match sibling_order {
            ..=1 => None,
            2 => self.second_child_cents,
            3.. => self.third_child_cents.or(self.second_child_cents),
        };
        sibling.map_or(price, |sibling| sibling.min(price))
    }
}

fn check_details(details: &CanteenDetails, findings: &mut Findings) {
    findings.range("/year", details.year, 2000..=2099);
    findings.range("/month", details.month, 1..=12);
    if let Some(isee) = details.isee_cents {
        findings.range("/isee_cents", isee, 0..=Cents::NOTICE_MAX.get());
    }
    findings.count("/pupils", details.pupils.len(), 1..=20);
    let (mut codes, mut places) = (BTreeSet::new(), BTreeSet::new());
    for (i, pupil) in details.pupils.iter().enumerate() {
        let at = |field: &str| format!("/pupils/{i}/{field}");
        let code = pupil.pupil_tax_code.as_str();
        if code.len() != 16 {
            findings.add(
                at("pupil_tax_code"),
                "deve avere 16 caratteri",
                "must have 16 characters",
            );
        } else if FiscalCode::parse(code)
            .map(|parsed| parsed.as_str() != code)
            .unwrap_or(true)
        {
            findings.add(
                at("pupil_tax_code"),
                "non è il codice fiscale di una persona, in lettere maiuscole, con il carattere di controllo giusto",
                "is not the tax code of a person, in capital letters, with the right check character",
            );
        } else if !codes.insert(code) {
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
        findings.range(at("meals"), pupil.meals, 1..=99);
    }
}

/// Highest price of a meal, cents.
const PRICE_MAX: i64 = 10_000;

fn check_terms(terms: &CanteenTerms, findings: &mut Findings) {
    findings.count("/brackets", terms.brackets.len(), 0..=50);
    for (i, bracket) in terms.brackets.iter().enumerate() {
        let at = |field: &str| format!("/brackets/{i}/{field}");
        findings.range(
            at("up_to_cents"),
            bracket.up_to_cents,
            0..=Cents::NOTICE_MAX.get(),
        );
        findings.range(at("price_cents"), bracket.price_cents, 0..=PRICE_MAX);
    }
    if !terms
        .brackets
        .is_sorted_by(|lower, higher| lower.up_to_cents < higher.up_to_cents)
    {
        findings.add(
            "/brackets",
            "le fasce devono essere in ordine crescente di ISEE",
            "the brackets must be in rising order of ISEE",
        );
    }
    if !terms
        .brackets
        .is_sorted_by(|lower, higher| lower.price_cents <= higher.price_cents)
    {
        findings.add(
            "/brackets",
            "il prezzo non può scendere quando l'ISEE sale",
            "the price must not fall when the ISEE rises",
        );
    }
    findings.range("/full_price_cents", terms.full_price_cents, 0..=PRICE_MAX);
    if terms
        .brackets
        .last()
        .is_some_and(|last| last.price_cents > terms.full_price_cents)
    {
        findings.add(
            "/full_price_cents",
            "non può essere minore del prezzo dell'ultima fascia",
            "must not be less than the price of the last bracket",
        );
    }
    for (pointer, price) in [
        ("/second_child_cents", terms.second_child_cents),
        ("/third_child_cents", terms.third_child_cents),
    ] {
        if let Some(price) = price {
            findings.range(pointer, price, 0..=PRICE_MAX);
        }
    }
    findings.range("/due_days", i64::from(terms.due_days), 0..=365);
}

#[cfg(test)]
mod tests;
