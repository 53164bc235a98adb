//! What changes when a creditor is replaced, for the audit trail: the body itself, and each station, account
//! and service by itself, so that "who changed this tariff" is one question.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::creditor::{Account, Creditor, ServiceRow, Station, Validity};
use crate::domain::demand::DemandCode;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Text;
use crate::domain::trail::{AuditChange, AuditedEntity, replaced};

/// What changes of a body, its stations and its accounts.
pub(super) fn creditor(before: Option<&Creditor>, after: &Creditor) -> Vec<AuditChange> {
    let tax_code = &after.tax_code;
    let of = |entity, all: &dyn Fn(&Creditor) -> BTreeMap<String, Value>| {
        let then = before.map(all).unwrap_or_default();
        replaced(tax_code, entity, &then, &all(after))
    };
    let mut changes = of(AuditedEntity::Creditor, &|one| {
        BTreeMap::from([(one.tax_code.to_string(), body(one))])
    });
    changes.extend(of(AuditedEntity::Station, &|one| {
        by_day(one.stations.iter().map(station))
    }));
    changes.extend(of(AuditedEntity::Account, &|one| {
        by_day(one.accounts.iter().map(account))
    }));
    changes
}

/// What changes of services.
pub(super) fn services(
    tax_code: &FiscalCode,
    before: &[ServiceRow],
    after: &[ServiceRow],
) -> Vec<AuditChange> {
    let then = by_day(before.iter().map(service));
    let now = by_day(after.iter().map(service));
    replaced(tax_code, AuditedEntity::Service, &then, &now)
}

/// Something for a time: its identifier, when, and what.
type Version = (String, Validity, Value);

/// Each thing with its versions, by their first day.
fn by_day(versions: impl Iterator<Item = Version>) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::<String, Map<String, Value>>::new();
    for (id, valid, mut value) in versions {
        if let (Some(until), Some(value)) = (valid.until, value.as_object_mut()) {
            value.insert("valid_to_date".to_owned(), json!(until));
        }
        all.entry(id)
            .or_default()
            .insert(valid.from.to_string(), value);
    }
    let whole = |(id, versions)| (id, Value::Object(versions));
    all.into_iter().map(whole).collect()
}

fn body(of: &Creditor) -> Value {
    let lines: Vec<&str> = of.contact_lines.iter().map(Text::as_str).collect();
    json!({
        "legal_name": of.legal_name.as_str(),
        "office_name": of.office_name.as_ref().map(Text::as_str),
        "ipa_code": of.ipa_code.as_ref().map(Text::as_str),
        "cadastral_code": of.cadastral_code.as_ref().map(Text::as_str),
        "cbill_code": of.cbill.as_ref().map(Text::as_str),
        "web_site": of.web_site.as_ref().map(Text::as_str),
        "contact_lines": lines,
        "treasurer": of.treasurer,
    })
}

fn station(of: &Station) -> Version {
    let what = json!({
        "broker_tax_code": of.broker_tax_code.as_str(),
        "segregation_code": of.segregation_code.as_str(),
    });
    (of.station_id.to_string(), of.valid, what)
}

fn account(of: &Account) -> Version {
    let what = json!({ "label": of.label.as_str() });
    (of.iban.as_str().to_owned(), of.valid, what)
}

fn service(of: &ServiceRow) -> Version {
    let other = |(role, to): (
        &String,
        &std::sync::Arc<crate::domain::service::Beneficiary>,
    )| {
        let to = json!({
            "tax_code": to.tax_code.as_str(),
            "legal_name": to.legal_name,
            "iban": to.iban().map(|iban| iban.as_str().to_owned()),
            "taxonomy_code": to.taxonomy.to_string(),
        });
        (role.clone(), to)
    };
    let others: Map<String, Value> = of.others.iter().map(other).collect();
    let what = json!({
        "kind": of.kind,
        "title": of.title.as_str(),
        "taxonomy_code": of.taxonomy.to_string(),
        "iban": of.iban.as_str(),
        "accounting_key": of.accounting_key.as_str(),
        "demand_code": of.demand_code.as_ref().map(DemandCode::as_str),
        "beneficiaries": others,
        "terms": Value::clone(&of.terms),
    });
    (of.code.to_string(), of.valid, what)
}
