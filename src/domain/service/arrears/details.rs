//! What the office states about a tax that was not paid in time.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ArrearsTerms, PROVINCE, Service};
use crate::domain::findings::{Findings, none_of};
use crate::domain::money::Cents;

/// What was not paid in time, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"act": "assessment", "year": 2025, "on": "2026-11-23", "costs_cents": 970,
    "debts": [{"tax_cents": 48210, "due_on": "2025-12-02"}]}))]
pub struct ArrearsDetails {
    /// What is done: `reminder`, `correction`, `assessment` or `agreement`.
    #[schema(min_length = 8, max_length = 10, pattern = "^(reminder|correction|assessment|agreement)$", value_type = String)]
    pub act: ArrearsAct,
    /// Year of the tax.
    #[schema(format = Int64, minimum = 2000, maximum = 2099)]
    pub year: i64,
    /// What was owed, by due day.
    #[schema(min_items = 1, max_items = 12)]
    pub debts: Vec<ArrearsDebt>,
    /// Day it is paid (correction) or the act is dated (assessment, agreement); the day of issue when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub on: Option<NaiveDate>,
    /// Day the assessment was notified; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notified_on: Option<NaiveDate>,
    /// How far the office had got when the debtor corrects, as the service names it (`draft_act`); the
    /// penalty then does not depend on the delay. For a correction only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub stage: Option<String>,
    /// Monthly instalments that the office has granted; never for a correction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub instalments: Option<ArrearsInstalmentRequest>,
    /// Costs of the reminder or of notification, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 100_000)]
    pub costs_cents: Option<i64>,
    /// Number of the act, as printed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub act_number: Option<String>,
}

/// What is done about a tax that was not paid in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrearsAct {
    /// Sollecito: the tax and the costs of asking again.
    Reminder,
    /// Ravvedimento: the tax with a reduced penalty and legal interest, paid on one day.
    Correction,
    /// Accertamento: the tax with the penalty, interest and costs of notification.
    Assessment,
    /// Adesione: an assessment that office and debtor agree on (D.Lgs. 218/1997), with the penalties for
    /// declarations reduced.
    Agreement,
}

/// What was owed by a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tax_cents": 20903, "province_cents": 1045, "due_on": "2026-06-16"}))]
pub struct ArrearsDebt {
    /// The last day to pay in time, as it was planned; it rolls by the tax calendar.
    pub due_on: NaiveDate,
    /// Tax of the town, cents.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub tax_cents: i64,
    /// Tax of the Province (TEFA), cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub province_cents: Option<i64>,
    /// What bears neither penalty nor interest (the components UR1-UR3), cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub exempt_cents: Option<i64>,
    /// The declaration that was missing or wrong, when the tax was found because of it: its penalty
    /// stands in the place of that for late payment. For assessments and agreements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub declaration: Option<ArrearsDeclaration>,
}

/// A declaration that was not made, or did not state the truth (L. 147/2013 c. 696-697).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"fault": "omitted"}))]
pub struct ArrearsDeclaration {
    /// What is wrong with it: `omitted` or `unfaithful`.
    #[schema(min_length = 7, max_length = 10, pattern = "^(omitted|unfaithful)$", value_type = String)]
    pub fault: DeclarationFault,
    /// Penalty that the office chose, basis points of the tax within what the service allows; the least
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 30_000)]
    pub penalty_bp: Option<i64>,
}

/// What is wrong with a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclarationFault {
    /// Omessa: it was not made.
    Omitted,
    /// Infedele: it was made and is not true.
    Unfaithful,
}

/// Monthly instalments that the office has granted (L. 160/2019 c. 796-801).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"count": 6, "starts_on": "2027-02-01"}))]
pub struct ArrearsInstalmentRequest {
    /// How many; the service says how many for which amount.
    #[schema(format = Int64, minimum = 2, maximum = 72)]
    pub count: i64,
    /// Day interest starts from. The instalments are due on the last day of this month and of those that
    /// follow.
    pub starts_on: NaiveDate,
}

/// Every rule that the details break.
pub(super) fn check(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
    findings: &mut Findings,
) {
    findings.range("/year", details.year, 2000..=2099);
    findings.count("/debts", details.debts.len(), 1..=12);
    let on = details.on.unwrap_or(service.issued_on);
    for (i, debt) in details.debts.iter().enumerate() {
        let at = |field: &str| format!("/debts/{i}/{field}");
        findings.day(at("due_on"), debt.due_on);
        let payable = 1..=Cents::NOTICE_MAX.get();
        findings.range(at("tax_cents"), debt.tax_cents, payable.clone());
        for (field, value) in [
            ("province_cents", debt.province_cents),
            ("exempt_cents", debt.exempt_cents),
        ] {
            if let Some(value) = value {
                findings.range(at(field), value, payable.clone());
            }
        }
        if on <= terms.due(debt.due_on) {
            findings.add(
                at("due_on"),
                format!("alla data dell'atto o del pagamento, {on}, il termine non è scaduto"),
                format!("on {on}, the day of the act or payment, the term has not passed"),
            );
        }
        if debt.province_cents.is_some() && !service.others.contains_key(PROVINCE) {
            let code = &service.code;
            findings.add(
                at("province_cents"),
                format!("al servizio {code} manca il beneficiario `province`"),
                format!("service {code} lacks the beneficiary `province`"),
            );
        }
    }
    check_declarations(details, terms, findings);
    check_granted(details, terms, service, findings);
    if details.act == ArrearsAct::Correction && on < service.issued_on {
        let issued = service.issued_on;
        findings.add(
            "/on",
            format!("non può precedere il giorno di emissione, {issued}"),
            format!("must not be before the day of issue, {issued}"),
        );
    }
    if let Some(day) = details.on {
        findings.day("/on", day);
    }
    if let Some(day) = details.notified_on {
        findings.day("/notified_on", day);
        if details.act != ArrearsAct::Assessment || day < on {
            findings.add(
                "/notified_on",
                "vale per un accertamento, dal giorno dell'atto in poi",
                "is for an assessment, not before the day of the act",
            );
        }
    }
    if let Some(costs) = details.costs_cents {
        findings.range("/costs_cents", costs, 0..=100_000);
    }
    if let Some(text) = &details.act_number {
        findings.text::<35>("/act_number", text);
    }
}

fn check_declarations(details: &ArrearsDetails, terms: &ArrearsTerms, findings: &mut Findings) {
    let found = matches!(details.act, ArrearsAct::Assessment | ArrearsAct::Agreement);
    for (i, debt) in details.debts.iter().enumerate() {
        let at = format!("/debts/{i}/declaration");
        let Some(declaration) = debt.declaration else {
            continue;
        };
        if !found {
            findings.add(
                at,
                "vale per un accertamento o un'adesione",
                "is for an assessment or an agreement",
            );
            continue;
        }
        let regime = terms.regime(terms.due(debt.due_on));
        match regime.and_then(|regime| regime.declaration(declaration.fault)) {
            None => findings.add(
                at,
                "il servizio non ha una sanzione per questa dichiarazione alla scadenza indicata",
                "the service has no penalty for this declaration on that due day",
            ),
            Some(penalty) => {
                if let Some(bp) = declaration.penalty_bp {
                    let allowed = i64::from(penalty.from_bp)..=i64::from(penalty.to_bp);
                    findings.range(format!("{at}/penalty_bp"), bp, allowed);
                }
            }
        }
    }
}

/// What only some acts and services have: a stage of the office, instalments, an agreement.
fn check_granted(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
    findings: &mut Findings,
) {
    if let Some(stage) = &details.stage {
        if details.act != ArrearsAct::Correction {
            findings.add("/stage", "vale per un ravvedimento", "is for a correction");
        }
        for debt in &details.debts {
            let regime = terms.regime(terms.due(debt.due_on));
            if regime.is_some_and(|regime| regime.stage(stage).is_none()) {
                let known = regime.into_iter().flat_map(|regime| &regime.stages);
                findings.push(none_of("/stage", known.map(|stage| stage.code.as_str())));
                break;
            }
        }
    }
    if let Some(asked) = details.instalments {
        if details.act == ArrearsAct::Correction || terms.instalments.is_none() {
            findings.add(
                "/instalments",
                "il servizio non prevede rate per questo atto",
                "the service grants no instalments for this act",
            );
        }
        findings.range("/instalments/count", asked.count, 2..=72);
        findings.day("/instalments/starts_on", asked.starts_on);
        if asked.starts_on < service.issued_on {
            let issued = service.issued_on;
            findings.add(
                "/instalments/starts_on",
                format!("non può precedere il giorno di emissione, {issued}"),
                format!("must not be before the day of issue, {issued}"),
            );
        }
    }
}
