//! The rules that a registered creditor and its services keep; every broken one is named at once.

use std::collections::BTreeSet;

use super::Taxonomy;
use crate::domain::creditor::{Creditor, ServiceRow, Validity};
use crate::domain::service::{self, DetailsError};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::treasurer::Treasurer;

/// A notice has at most five transfers: the creditor's own and four more.
const OTHERS_MAX: usize = 4;

/// The broken rules of a creditor, with pointers as `/stations/0/valid_until`.
pub(super) fn creditor(creditor: &Creditor) -> Vec<DetailsError> {
    let mut found = Vec::new();
    if !creditor.tax_code.has_body_form() {
        add(
            &mut found,
            "/tax_code",
            "il codice fiscale di un ente ha 11 cifre",
            "a creditor has a tax code of 11 digits",
        );
    }
    if creditor.contact_lines.len() > 2 {
        add(
            &mut found,
            "/contact_lines",
            "su un avviso stanno al più due righe",
            "at most two lines fit on a notice",
        );
    }
    if creditor.stations.is_empty() {
        add(
            &mut found,
            "/stations",
            "almeno una stazione deve servire l'ente",
            "at least one station must serve the creditor",
        );
    }
    if creditor.accounts.is_empty() {
        add(
            &mut found,
            "/accounts",
            "serve almeno un conto",
            "at least one account is needed",
        );
    }
    for mut rule in creditor.treasurer.iter().flat_map(Treasurer::check) {
        rule.pointer.insert_str(0, "/treasurer");
        found.push(rule);
    }
    let mut seen = BTreeSet::new();
    for (i, station) in creditor.stations.iter().enumerate() {
        let at = format!("/stations/{i}");
        period(&mut found, &at, station.valid);
        if !seen.insert((station.station_id.as_str(), station.valid.from)) {
            add(
                &mut found,
                &at,
                "la stessa stazione comincia due volte lo stesso giorno",
                "the same station begins on the same day twice",
            );
        }
    }
    let mut seen = BTreeSet::new();
    for (i, account) in creditor.accounts.iter().enumerate() {
        let at = format!("/accounts/{i}");
        period(&mut found, &at, account.valid);
        if !seen.insert((account.iban.as_str(), account.valid.from)) {
            add(
                &mut found,
                &at,
                "lo stesso conto comincia due volte lo stesso giorno",
                "the same account begins on the same day twice",
            );
        }
    }
    found
}

/// The services whose account is not one of the creditor's.
pub(super) fn accounts(creditor: &Creditor, services: &[ServiceRow]) -> Vec<DetailsError> {
    let mut found = Vec::new();
    for (i, row) in services.iter().enumerate() {
        if !creditor
            .accounts
            .iter()
            .any(|account| account.iban == row.iban)
        {
            let code = &row.code;
            add(
                &mut found,
                &format!("/services/{i}/iban"),
                format!("il servizio {code} è accreditato su un conto che non è elencato"),
                format!("service {code} is credited to an account that is not listed"),
            );
        }
    }
    found
}

/// The broken rules of the versions of one service; all must have the same code.
pub(super) fn versions(
    creditor: &Creditor,
    versions: &[ServiceRow],
    taxonomy: &Taxonomy,
) -> Vec<DetailsError> {
    let mut found = services(creditor, versions, taxonomy);
    if versions.is_empty() {
        add(
            &mut found,
            "/services",
            "serve almeno una versione",
            "at least one version is needed",
        );
    }
    let codes: BTreeSet<&str> = versions.iter().map(|row| row.code.as_str()).collect();
    if codes.len() > 1 {
        add(
            &mut found,
            "/services",
            "tutte le versioni devono avere lo stesso codice",
            "every version must have the same code",
        );
    }
    found
}

/// The broken rules of services, with pointers as `/services/3/terms/plans/0`.
pub(super) fn services(
    creditor: &Creditor,
    services: &[ServiceRow],
    taxonomy: &Taxonomy,
) -> Vec<DetailsError> {
    let mut found = accounts(creditor, services);
    for (i, row) in services.iter().enumerate() {
        let at = format!("/services/{i}");
        period(&mut found, &at, row.valid);
        if services
            .iter()
            .take(i)
            .any(|other| other.code == row.code && meet(other.valid, row.valid))
        {
            let code = &row.code;
            add(
                &mut found,
                &format!("{at}/valid_from"),
                format!("il servizio {code} ha un'altra versione negli stessi giorni"),
                format!("service {code} has another version on the same days"),
            );
        }
        let same = |other: &&ServiceRow| {
            other.code != row.code
                && other.demand_code == row.demand_code
                && meet(other.valid, row.valid)
        };
        if let (Some(code), Some(other)) = (&row.demand_code, services.iter().take(i).find(same)) {
            let other = &other.code;
            add(
                &mut found,
                &format!("{at}/demand_code"),
                format!("il codice {code} è già del servizio {other} negli stessi giorni"),
                format!("code {code} is that of service {other} on the same days"),
            );
        }
        kind(&mut found, &at, row);
        listed(
            &mut found,
            &format!("{at}/taxonomy"),
            &row.taxonomy,
            taxonomy,
        );
        if row.others.len() > OTHERS_MAX {
            add(
                &mut found,
                &format!("{at}/others"),
                format!("un avviso ha al più {OTHERS_MAX} altri beneficiari"),
                format!("a notice has at most {OTHERS_MAX} further beneficiaries"),
            );
        }
        for (role, to) in &row.others {
            listed(
                &mut found,
                &format!("{at}/others/{role}/taxonomy"),
                &to.taxonomy,
                taxonomy,
            );
        }
    }
    found
}

fn kind(found: &mut Vec<DetailsError>, at: &str, row: &ServiceRow) {
    let Some(kind) = service::kind(&row.kind) else {
        let known: Vec<&str> = service::ALL.iter().map(|kind| kind.code()).collect();
        let known = known.join(", ");
        return add(
            found,
            &format!("{at}/kind"),
            format!("non è un tipo di servizio; i tipi sono {known}"),
            format!("is no kind of service; the kinds are {known}"),
        );
    };
    if let Err(broken) = kind.check_terms(&row.terms) {
        for rule in broken {
            let pointer = format!("{at}/terms{}", rule.pointer);
            found.push(DetailsError { pointer, ..rule });
        }
    }
}

fn listed(found: &mut Vec<DetailsError>, at: &str, code: &TaxonomyCode, taxonomy: &Taxonomy) {
    if !taxonomy.holds(code) {
        add(
            found,
            at,
            format!("{code} non è nella tassonomia in vigore"),
            format!("{code} is not in the taxonomy in force"),
        );
    }
}

fn period(found: &mut Vec<DetailsError>, at: &str, valid: Validity) {
    if valid.until.is_some_and(|until| until < valid.from) {
        add(
            found,
            &format!("{at}/valid_until"),
            "non può precedere valid_from",
            "must not be before valid_from",
        );
    }
}

/// Whether two periods share a day.
fn meet(a: Validity, b: Validity) -> bool {
    let ends_before = |x: Validity, y: Validity| x.until.is_some_and(|until| until < y.from);
    !ends_before(a, b) && !ends_before(b, a)
}

fn add(found: &mut Vec<DetailsError>, pointer: &str, it: impl Into<String>, en: impl Into<String>) {
    found.push(DetailsError::new(pointer, it, en));
}
