//! How a service without rules of its own is priced, as data that an office can read: what is asked, the
//! rows that make the price, stamps, instalments, surcharges. It is a closed list of factors and not a
//! language: whatever does not fit is a kind of its own.

use serde::{Deserialize, Serialize};

use crate::domain::isee::IseePrice;
use crate::domain::money::RemainderOn;

/// The terms of a generic service.
///
/// ```toml
/// due_days = 30
/// inputs = [
///     { name = "lamps", label = "lampade", asks = { quantity = { maximum = 50 } } },
///     { name = "months", label = "mesi", asks = { quantity = { maximum = 12 } }, default = "12" },
/// ]
/// rows = [
///     { code = "lamps", label = "Lampade votive", price = { cents = 1400 }, times = [{ quantity = "lamps" }, { quantity = "months" }], divisor = 12 },
///     { code = "vat", label = "IVA 22 %", price = { share = { bp = 2200 } } },
/// ]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericTerms {
    /// What the office is asked about each charge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<Input>,
    /// The rows of the price, in order. A row that comes to nothing is left out.
    pub rows: Vec<PriceRow>,
    /// Digital revenue stamps that may be bought with the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamps: Option<StampTerms>,
    /// Ways of paying by instalments, beside paying at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// What a late payment costs more. After the last of them the notice can no longer be paid; without
    /// any it can be paid for ever, at the same price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Surcharge>,
    /// Days to pay, from the issue.
    pub due_days: u32,
    /// Least charge that is asked for, cents, stamps left out: a regulation may not ask for less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_cents: Option<i64>,
    /// Highest charge of the service, cents, stamps left out: what is above it was mistyped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_cents: Option<i64>,
    /// Least instalment, of the plans and of what is put on new notices on request, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_instalment_cents: Option<i64>,
}

/// Something the office is asked about each charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The name the details call it by: `area`.
    pub name: String,
    /// What it is, in Italian; printed beside the quantity: `m²`.
    pub label: String,
    /// A number or one of a list.
    pub asks: Asks,
    /// What counts when the details do not say; without it they must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What may be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Asks {
    /// A number from zero.
    Quantity {
        /// Most, in whole units.
        maximum: i64,
        /// Decimals allowed, 0 to 3.
        #[serde(default, skip_serializing_if = "is_zero")]
        decimals: u8,
    },
    /// One of these values.
    Choice(Vec<ChoiceValue>),
}

fn is_zero(decimals: &u8) -> bool {
    *decimals == 0
}

/// One value of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceValue {
    /// What the details say: `duplicate`.
    pub value: String,
    /// What it means, in Italian.
    pub label: String,
    /// What rows multiply by that name the choice among their coefficients; 10 000 is one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub coefficient_bp: u32,
}

fn one() -> u32 {
    10_000
}

fn is_one(bp: &u32) -> bool {
    *bp == one()
}

/// A row: price × quantities × coefficients / divisor, one exact rational rounded once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// Stable name: `state_share`.
    pub code: String,
    /// What the citizen reads, in Italian.
    pub label: String,
    /// What is multiplied.
    pub price: Price,
    /// The quantities it is multiplied by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<Factor>,
    /// The choices whose coefficients it is multiplied by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coefficients: Vec<String>,
    /// What it is divided by: 12 for a yearly price by months.
    #[serde(default = "undivided", skip_serializing_if = "is_undivided")]
    pub divisor: i64,
    /// The row exists only when all of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
}

fn undivided() -> i64 {
    1
}

fn is_undivided(divisor: &i64) -> bool {
    *divisor == undivided()
}

/// The first factor of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Price {
    /// Cents; negative for a reduction.
    Cents(i64),
    /// Millionths of a euro, for tariffs finer than a cent.
    Micro(i64),
    /// By the ISEE of the family.
    Isee(IseePrice),
    /// What the office types, within bounds.
    Typed {
        /// Least, cents.
        minimum_cents: i64,
        /// Most, cents.
        maximum_cents: i64,
    },
    /// Part of earlier rows: VAT, a surcharge, or a reduction when negative.
    Share {
        /// Basis points.
        bp: i64,
        /// Codes of the rows; every row before this one when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of: Vec<String>,
    },
}

/// A quantity that a row is multiplied by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// Name of the input.
    pub quantity: String,
    /// Counted in groups of so many, a broken one as whole: 1 rounds up to whole units, 4 counts the
    /// sheets of so many sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<i64>,
}

/// When a row exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// A choice has one of these values.
    Chosen {
        /// Name of the input.
        input: String,
        /// The values.
        is: Vec<String>,
    },
    /// The rows before it sum to more than this.
    Above {
        /// Cents.
        cents: i64,
    },
}

/// Digital revenue stamps: duty that the provider pays to the Revenue Agency, not to the creditor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StampTerms {
    /// Price of one stamp, cents.
    pub cents: i64,
    /// Tax code of the agency.
    pub agency_tax_code: String,
    /// Name of the agency.
    pub agency_legal_name: String,
    /// Collection code.
    pub taxonomy: String,
    /// How many stamps one document bears; one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheets: Option<Factor>,
}

/// A plan of instalments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Named by the details: `two`.
    pub code: String,
    /// Days to pay each instalment, from the issue, in order.
    pub due_days: Vec<u32>,
    /// Share of each instalment, basis points that sum to 10 000; equal parts when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares_bp: Vec<u32>,
    /// The instalment that takes the odd cents.
    #[serde(default)]
    pub remainder_on: RemainderOn,
}

/// What is added to the creditor's part of a notice that is paid late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surcharge {
    /// Last day it is enough, counted from the due day.
    pub days: u32,
    /// Basis points of what was due.
    pub bp: u32,
}

impl GenericTerms {
    /// The input with this name.
    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The bounds of the amount that the office types, if it types one.
    pub(super) fn typed(&self) -> Option<(i64, i64)> {
        self.rows.iter().find_map(|row| match &row.price {
            Price::Typed {
                minimum_cents,
                maximum_cents,
            } => Some((*minimum_cents, *maximum_cents)),
            Price::Cents(_) | Price::Micro(_) | Price::Isee(_) | Price::Share { .. } => None,
        })
    }

    /// Whether a row asks for the ISEE.
    pub(super) fn by_isee(&self) -> bool {
        self.rows
            .iter()
            .any(|row| matches!(row.price, Price::Isee(_)))
    }
}
