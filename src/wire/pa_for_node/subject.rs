//! `ctSubject`: the debtor and the payer, the only type that travels both ways.

use super::facets::{country, email, is_country, is_email, present, subject_code, text};
use super::fields::{Fields, Rule, Violation};
use crate::wire::soap::Writer;
use crate::wire::text::{fit, fit_optional};

/// A person or body. An anonymous debtor is [`PersonKind::Natural`] with `ANONIMO` as code and
/// name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `entityUniqueIdentifierType`.
    pub kind: PersonKind,
    /// `entityUniqueIdentifierValue`, 2 to 16 characters: a fiscal code, a VAT number, `ANONIMO`
    /// or something foreign.
    pub code: String,
    /// `fullName`, 70 characters.
    pub full_name: String,
    /// `streetName`, 70 characters.
    pub street_name: Option<String>,
    /// `civicNumber`, 16 characters.
    pub civic_number: Option<String>,
    /// `postalCode`, 16 characters.
    pub postal_code: Option<String>,
    /// `city`, 35 characters.
    pub city: Option<String>,
    /// `stateProvinceRegion`, 35 characters.
    pub state_province_region: Option<String>,
    /// `country`, two capital letters.
    pub country: Option<String>,
    /// `e-mail`; the schema's pattern is narrower than the RFC's.
    pub email: Option<String>,
}

/// `stEntityUniqueIdentifierType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonKind {
    /// `F`: a natural person.
    Natural,
    /// `G`: a legal person.
    Legal,
}

impl PersonKind {
    fn letter(self) -> &'static str {
        match self {
            Self::Natural => "F",
            Self::Legal => "G",
        }
    }
}

pub(super) fn person_kind(raw: &str) -> Result<PersonKind, Rule> {
    match raw.trim() {
        "F" => Ok(PersonKind::Natural),
        "G" => Ok(PersonKind::Legal),
        _ => Err(Rule::Form("F or G")),
    }
}

impl Subject {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Violation> {
        let identifier = fields.group("uniqueIdentifier")?;
        Ok(Self {
            kind: identifier.required("entityUniqueIdentifierType", person_kind)?,
            code: identifier.required("entityUniqueIdentifierValue", subject_code)?,
            full_name: fields.required("fullName", text::<70>)?,
            street_name: present(fields.optional("streetName", text::<70>)?),
            civic_number: present(fields.optional("civicNumber", text::<16>)?),
            postal_code: present(fields.optional("postalCode", text::<16>)?),
            city: present(fields.optional("city", text::<35>)?),
            state_province_region: present(fields.optional("stateProvinceRegion", text::<35>)?),
            country: fields.optional("country", country)?,
            email: fields.optional("e-mail", email)?,
        })
    }

    /// Texts are cut to their lengths; a country or e-mail address that the schema would refuse is
    /// left out, because the node would refuse the whole answer for it.
    pub(super) fn write(&self, name: &str, out: &mut Writer) {
        let cut = |text: &Option<String>, max: usize| {
            text.as_deref().and_then(|text| fit_optional(text, max))
        };
        out.open(name);
        out.open("uniqueIdentifier");
        out.leaf("entityUniqueIdentifierType", self.kind.letter());
        out.leaf("entityUniqueIdentifierValue", &fit(&self.code, 16));
        out.close("uniqueIdentifier");
        out.leaf("fullName", &fit(&self.full_name, 70));
        out.leaf_if("streetName", cut(&self.street_name, 70).as_deref());
        out.leaf_if("civicNumber", cut(&self.civic_number, 16).as_deref());
        out.leaf_if("postalCode", cut(&self.postal_code, 16).as_deref());
        out.leaf_if("city", cut(&self.city, 35).as_deref());
        out.leaf_if(
            "stateProvinceRegion",
            cut(&self.state_province_region, 35).as_deref(),
        );
        let country = self
            .country
            .as_deref()
            .map(|code| code.trim().to_ascii_uppercase());
        out.leaf_if(
            "country",
            country.as_deref().filter(|code| is_country(code)),
        );
        let email = self.email.as_deref().map(str::trim);
        out.leaf_if("e-mail", email.filter(|address| is_email(address)));
        out.close(name);
    }
}
