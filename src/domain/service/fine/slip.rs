//! A slip on a windscreen and the report that follows it: one violation is asked for once.

use super::details::{FineDetails, FineViolation};
use super::terms::FineTerms;
use crate::domain::findings::Findings;
use crate::domain::service::DetailsError;

/// Whether a report takes the place of a slip: it is about the same vehicle, and holds every violation of
/// the slip. Hour and refusal may have been established later.
pub(super) fn check(
    report: &FineDetails,
    (slip, terms): (&FineDetails, &FineTerms),
) -> Result<(), Vec<DetailsError>> {
    let mut findings = Findings::default();
    if terms.preavviso_days.is_none() {
        findings.add(
            "/slip_reference",
            "la posizione con questo riferimento non è un preavviso",
            "the position with this reference is no slip",
        );
    }
    if slip.plate != report.plate {
        findings.add(
            "/plate",
            "deve essere la targa del preavviso",
            "must be the plate of the slip",
        );
    }
    let same = |a: &FineViolation, b: &FineViolation| {
        (a.article.as_str(), a.committed_on) == (b.article.as_str(), b.committed_on)
    };
    let is_held = |one: &FineViolation| report.violations.iter().any(|other| same(one, other));
    if let Some(missing) = slip.violations.iter().find(|one| !is_held(one)) {
        let (article, day) = (&missing.article, missing.committed_on);
        findings.add(
            "/violations",
            format!("manca la violazione {article} del {day}, che è nel preavviso"),
            format!("lacks the violation of {article} on {day}, which is on the slip"),
        );
    }
    findings.result()
}
