//! Public bodies, their stations, accounts and services, each with its validity in time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::calendar::Day;
use crate::domain::demand::DemandCode;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::money::Cents;
use crate::domain::notice_number::SegregationCode;
use crate::domain::service::{Beneficiary, Destination, Service};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::terms::Terms;
use crate::domain::text::Text;
use crate::domain::treasurer::Treasurer;

/// A creditor (ente creditore): the tenant of every row. Its tax code leads every key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creditor {
    /// Eleven digits; `idPA`, `idDominio` and `fiscalCodePA` of the node.
    pub tax_code: FiscalCode,
    /// Name on notices and in the node's answers.
    pub legal_name: Text<140>,
    /// Office that issues, printed below the name.
    pub office_name: Option<Text<140>>,
    /// Code of the body in the public index, as `c_a515`.
    pub ipa_code: Option<Text<20>>,
    /// Cadastral code of the municipality (four characters), for TARI metadata.
    pub cadastral_code: Option<Text<4>>,
    /// Interbank code for home banking (CBILL), five characters.
    pub cbill: Option<Text<5>>,
    /// Where citizens pay or ask, printed on the notice.
    pub web_site: Option<Text<90>>,
    /// At most two lines of contacts, printed on the notice.
    pub contact_lines: Vec<Text<90>>,
    /// The bank that keeps the treasury, once flows of orders are addressed to it.
    pub treasurer: Option<Treasurer>,
    /// Stations of the node that serve this creditor.
    pub stations: Vec<Station>,
    /// Accounts registered at pagoPA.
    pub accounts: Vec<Account>,
}

/// A station: the software connection between the node and a creditor's broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// `idStation`, normally `<broker tax code>_NN`.
    pub station_id: Text<35>,
    /// `idBrokerPA`: the body or software house that runs the station.
    pub broker_tax_code: FiscalCode,
    /// Code that leads the IUVs issued through this station.
    pub segregation_code: SegregationCode,
    /// When the station serves this creditor.
    pub valid: Validity,
}

/// An account that pagoPA may credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub iban: Iban,
    /// What the office calls it.
    pub label: Text<70>,
    /// When it may be used.
    pub valid: Validity,
}

/// What a creditor charges for, with its terms for a time. A new tariff is a new row with a later start.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRow {
    /// The creditor's own code: `TARI`, `MENSA`, `CDS-VERBALI`.
    pub code: Text<35>,
    /// What the citizen reads.
    pub title: Text<90>,
    /// Code of the kind that prices it.
    pub kind: String,
    /// Collection code.
    pub taxonomy: TaxonomyCode,
    /// The creditor's account that is credited.
    pub iban: Iban,
    /// Code under which payment providers offer it; `None` when they do not.
    pub demand_code: Option<DemandCode>,
    /// Accounting key of the revenue (chapter, assessment, plan of accounts), for reports.
    pub accounting_key: Text<64>,
    /// Further beneficiaries by role, as `province`.
    pub others: BTreeMap<String, Arc<Beneficiary>>,
    /// Tariffs, dates, options: read by the kind.
    pub terms: Terms,
    /// When these terms hold, by day of issue.
    pub valid: Validity,
}

impl ServiceRow {
    /// The smallest instalment that is granted when what is unpaid is put on new notices: the term
    /// `minimum_instalment_cents` of the kinds that have it.
    #[must_use]
    pub fn minimum_instalment(&self) -> Option<Cents> {
        let cents = self.terms.get("minimum_instalment_cents")?.as_i64()?;
        Cents::new(cents).ok()
    }
}

/// Months of a technical due date, for services whose terms do not say.
pub const TECHNICAL_DUE_MONTHS: u32 = 12;

impl ServiceRow {
    /// Months from the issue to the due date of messages that want one though the term has not begun: the
    /// term `technical_due_months` of the kinds that have it, else a year.
    #[must_use]
    pub fn technical_due_months(&self) -> u32 {
        let months = self.terms.get("technical_due_months");
        let months = months.and_then(serde_json::Value::as_u64);
        months
            .and_then(|months| u32::try_from(months).ok())
            .unwrap_or(TECHNICAL_DUE_MONTHS)
    }
}

/// A period of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First day.
    pub from: Day,
    /// Last day; `None` while nothing follows.
    pub until: Option<Day>,
}

impl Validity {
    /// Whether the period holds a day.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

impl Creditor {
    /// The station that issues numbers on a day: the first one valid.
    #[must_use]
    pub fn issuing_station(&self, day: Day) -> Option<&Station> {
        self.stations
            .iter()
            .find(|station| station.valid.holds(day))
    }

    /// The station with this identifier, valid on a day.
    #[must_use]
    pub fn station(&self, station_id: &str, day: Day) -> Option<&Station> {
        self.stations
            .iter()
            .find(|station| station.station_id.as_str() == station_id && station.valid.holds(day))
    }
}

impl ServiceRow {
    /// The service as its kind reads it, for a position issued on a day.
    #[must_use]
    pub fn in_force(&self, creditor: &Creditor, issued_on: Day) -> Service {
        Service {
            code: self.code.to_string(),
            title: self.title.to_string(),
            terms: self.terms.clone(),
            issued_on,
            main: Arc::new(Beneficiary {
                tax_code: creditor.tax_code.clone(),
                legal_name: creditor.legal_name.to_string(),
                account: Destination::Iban(self.iban.clone()),
                taxonomy: self.taxonomy.clone(),
            }),
            others: self.others.clone(),
        }
    }
}
