//! Waste tax (TARI, L. 147/2013 art. 1 c. 639 ff.) of households and businesses, with the Province's
//! TEFA (D.Lgs. 504/1992 art. 19) and the authority's equalisation components (UR1-UR3).

use serde_json::Value;

use super::{Assessment, DetailsError, DetailsSchema, Service, ServiceKind, read_terms};
use crate::domain::document::NoticeTopic;
use crate::domain::findings::{Findings, read};
use crate::domain::money::{Cents, MoneyError};

mod details;
mod information;
mod plans;
mod reductions;
mod rows;
mod terms;

pub use details::{TariAdvance, TariChange, TariDetails, TariPremises, TariReductionPeriod};
pub use information::TariTopic;
pub use terms::{
    Basis, CategoryTariff, DomesticTariff, EuroRounding, Plan, Punctual, Reduction, ReductionBase,
    ReductionMode, SocialBonus, TariTerms, UrProrata,
};

/// The waste tax.
pub struct Tari;

impl ServiceKind for Tari {
    fn code(&self) -> &'static str {
        "tari"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &TariTerms = service.terms(terms::check)?;
        let mut details: TariDetails = read(details)?;
        let mut findings = Findings::default();
        let form = details::check_form(&details, &mut findings);
        let premises = details.take_premises();
        details::check(&details, (form, &premises), terms, &mut findings);
        if terms.tefa_bp > 0 && !service.others.contains_key(PROVINCE) {
            let code = &service.code;
            findings.add(
                "",
                format!("al servizio {code} manca il beneficiario `province` (la Provincia, per la TEFA)"),
                format!("service {code} lacks the beneficiary `province` (which receives TEFA)"),
            );
        }
        findings.result()?;
        assess((&details, &premises), terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check).map(|_: TariTerms| ())
    }

    fn topics(&self, details: &Value, service: &Service) -> Vec<NoticeTopic> {
        let terms = service.terms(terms::check);
        let (Ok(terms), Ok(mut details)) = (terms, read::<TariDetails>(details)) else {
            return Vec::new();
        };
        let premises = details.take_premises();
        information::topics(&details, &premises, terms)
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<TariDetails>()
    }
}

/// The role of the Province among the beneficiaries of a service.
const PROVINCE: &str = "province";

/// What is owed, by beneficiary: each part is split among the instalments on its own.
struct Owed {
    /// The tax of the town after reductions, less what an advance has asked.
    tari: Cents,
    /// The Province's, less what an advance has asked.
    tefa: Cents,
    /// UR1-UR3: the town collects them for the equalisation fund.
    components: Cents,
    /// What the social bonus takes off the tax, from the first instalment on.
    bonus: Cents,
    /// What brings the whole to the euro; either sign.
    rounding: Cents,
}

impl Owed {
    /// What the town is paid in all.
    fn town(&self) -> Result<Cents, MoneyError> {
        self.tari
            .minus(self.bonus)?
            .plus(self.components)?
            .plus(self.rounding)
    }
}

fn assess(
    (details, premises): (&TariDetails, &[TariPremises]),
    terms: &TariTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let (rows, owed) = rows::compute(details, premises, terms)?;
    let options = plans::options(&owed, details, terms, service)?;
    Ok(Assessment { rows, options })
}

#[cfg(test)]
mod tests;
