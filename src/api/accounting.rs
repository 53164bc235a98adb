//! Where in the budget the money of a service belongs: its accounting plans, by day of issue.

use actix_web::{HttpResponse, get, put, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::State;
use super::auth::Caller;
use super::creditors::{expected, put_answer};
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath};
use super::problem::{Problem, catalogue};
use super::scalars::{
    BudgetCode, ChargeRowCode, CreditorTaxCode, EntityTagHeader, EntityTagsHeader, PlanCode,
    Revision, ServiceCode, UriHeader,
};
use super::services::ServicePath;
use super::tagged_unless_known;
use crate::app::accounting;
use crate::domain::accounting::{self as rules, AccountingPlan, KeyShare, Takes};
use crate::domain::creditor::Validity;
use crate::domain::text::{Said, Text};

/// A recorded claim (accertamento).
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetClaim {
    /// Financial year it was recorded in.
    #[schema(format = Int32, minimum = 1999, maximum = 2099)]
    pub year: i32,
    /// Its number, with the sub-claim when there is one.
    pub number: BudgetCode,
}

/// A key of the budget, and what it takes of a transfer: what rows of the charge are worth, or a share of
/// what no row is taken for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingKeyShare {
    /// Capitolo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chapter: Option<BudgetCode>,
    /// Articolo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub article: Option<BudgetCode>,
    /// Accertamento, once it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub claim: Option<BudgetClaim>,
    /// Account of the plan of accounts, level V: the SIOPE code.
    pub plan_code: PlanCode,
    /// Codes of the rows that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 20)]
    pub row_codes: Option<Vec<ChargeRowCode>>,
    /// Basis points of the rest that it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 10_000)]
    pub share_bp: Option<u32>,
}

/// The keys of a service for a time.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingPlanVersion {
    /// First day of issue.
    pub valid_from_date: NaiveDate,
    /// Last day of issue; absent while nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to_date: Option<NaiveDate>,
    /// The keys; the shares among them sum to 10,000.
    #[schema(min_items = 1, max_items = 20)]
    pub keys: Vec<AccountingKeyShare>,
}

/// The accounting plans of a service as they should be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"versions": [{
    "valid_from_date": "2026-01-01",
    "keys": [{"chapter": "101", "article": "1", "claim": {"year": 2026, "number": "145"},
              "plan_code": "E.1.01.01.51.001", "share_bp": 10_000}]
}]}))]
pub struct NewAccountingPlans {
    /// Their versions, which do not overlap.
    #[schema(min_items = 1, max_items = 100)]
    pub versions: Vec<AccountingPlanVersion>,
}

/// The accounting plans of a service.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingPlans {
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// The creditor's code of the service.
    pub service_code: ServiceCode,
    /// Their versions, by day.
    #[schema(min_items = 1, max_items = 100)]
    pub versions: Vec<AccountingPlanVersion>,
    /// Revision of the plans.
    pub revision: Revision,
}

/// Show the accounting plans of a service
///
/// Where in the budget its money belongs: capitolo, articolo, accertamento, piano dei conti. A service without
/// plans is accounted on the accounting key of its terms, without a chapter.
#[utoipa::path(operation_id = "show_accounting_plans", tag = "creditors", security(("client" = [])),
    params(ServicePath, ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "Answer 304 when the version is one of these.")),
    responses((status = 200, description = "The plans.", body = AccountingPlans,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/creditors/{creditor_tax_code}/services/{service_code}/accounting-plans")]
pub(super) async fn show_accounting_plans(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ServicePath>,
    conditions: Conditions,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let code = path.0.service_code.as_str().to_owned();
    let (held, asked) = (creditor.clone(), code.clone());
    let read = move |conn: &mut _| accounting::get(conn, &held, &asked);
    let (plans, revision) = state.ctx.read(read).await?;
    let view = view(creditor.as_str(), &code, (&plans, revision));
    Ok(tagged_unless_known(&view, revision, &conditions))
}

/// Register or replace the accounting plans of a service
///
/// All versions at once. Reports and proposals of collection orders follow at once, for past payments too:
/// each counts by the day on which its position was issued.
#[utoipa::path(operation_id = "replace_accounting_plans", tag = "creditors", security(("client" = ["treasury:write"])),
    params(ServicePath,
        ("If-Match" = inline(Option<EntityTagsHeader>), Header, description = "Replace only this version."),
        ("If-None-Match" = inline(Option<EntityTagsHeader>), Header, description = "`*`: only register, never replace.")),
    request_body = NewAccountingPlans,
    responses(
        (status = 200, description = "Replaced.", body = AccountingPlans,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."))),
        (status = 201, description = "Registered.", body = AccountingPlans,
            headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                    ("Location" = inline(UriHeader), description = "Where the resource is.")))))]
#[put("/creditors/{creditor_tax_code}/services/{service_code}/accounting-plans")]
pub(super) async fn replace_accounting_plans(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ServicePath>,
    conditions: Conditions,
    body: FromBody<NewAccountingPlans>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let code = path.0.service_code.as_str().to_owned();
    let (held, asked) = (creditor.clone(), code.clone());
    let read = move |conn: &mut _| accounting::get(conn, &held, &asked);
    let revision = match state.ctx.read(read).await {
        Ok((_, revision)) => Some(revision),
        Err(accounting::Error::Unknown) => None,
        Err(error) => return Err(error.into()),
    };
    let expected = expected(&conditions, revision)?;
    let plans = plans(&body.value.versions)?;
    let (ctx, owner, written) = (state.ctx.clone(), creditor.clone(), plans.clone());
    let asked = code.clone();
    let registered = state.write(&caller, move |tx, _| {
        accounting::replace(tx, &ctx, (&owner, &asked), &written, expected)
    });
    let registered = registered.await?;
    let location = format!("/creditors/{creditor}/services/{code}/accounting-plans");
    let view = view(creditor.as_str(), &code, (&plans, registered.revision()));
    Ok(put_answer(registered, state.address(&location), &view))
}

/// Reads the plans, oldest first.
fn plans(versions: &[AccountingPlanVersion]) -> Result<Vec<AccountingPlan>, Problem> {
    let mut faults = Faults::default();
    let mut plans = Vec::with_capacity(versions.len());
    for (i, version) in versions.iter().enumerate() {
        let mut shares = Vec::with_capacity(version.keys.len());
        for (j, key) in version.keys.iter().enumerate() {
            let at = format!("/versions/{i}/keys/{j}");
            shares.extend(share(&mut faults, &at, key)?);
        }
        plans.push(AccountingPlan {
            valid: Validity {
                from: version.valid_from_date,
                until: version.valid_to_date,
            },
            shares,
        });
    }
    let mut plans = faults.result(Some(plans))?;
    plans.sort_by_key(|plan| plan.valid.from);
    Ok(plans)
}

fn share(
    faults: &mut Faults,
    at: &str,
    of: &AccountingKeyShare,
) -> Result<Option<KeyShare>, Problem> {
    let takes = match (&of.row_codes, of.share_bp) {
        (Some(codes), None) => {
            Takes::Rows(codes.iter().map(|code| code.as_str().to_owned()).collect())
        }
        (None, Some(bp)) => Takes::Share(bp),
        (Some(_), Some(_)) | (None, None) => {
            let said = Said::new(
                "deve avere row_codes oppure share_bp",
                "must have either row_codes or share_bp",
            );
            return Err(Problem::at(&catalogue::RULE_VIOLATION, at, said));
        }
    };
    let mut code = |name: &str, text: Option<&BudgetCode>| {
        let read = text.map(|text| Text::parse(text.as_str()));
        match read {
            None => Some(None),
            Some(read) => faults.read(format!("{at}/{name}"), read).map(Some),
        }
    };
    let chapter = code("chapter", of.chapter.as_ref());
    let article = code("article", of.article.as_ref());
    let number = code("claim/number", of.claim.as_ref().map(|claim| &claim.number));
    let plan_code = rules::PlanCode::parse(of.plan_code.as_str());
    let plan_code = faults.read(format!("{at}/plan_code"), plan_code);
    let claim = number.map(|number| {
        let claim = of.claim.as_ref().zip(number);
        claim.map(|(claim, number)| rules::BudgetClaim {
            year: claim.year,
            number,
        })
    });
    Ok(chapter.zip(article).zip(claim).zip(plan_code).map(
        |(((chapter, article), claim), plan_code)| KeyShare {
            key: rules::AccountingKey {
                chapter,
                article,
                claim,
                plan_code,
            },
            takes,
        },
    ))
}

fn view(
    creditor: &str,
    code: &str,
    (plans, revision): (&[AccountingPlan], i64),
) -> AccountingPlans {
    let version = |plan: &AccountingPlan| AccountingPlanVersion {
        valid_from_date: plan.valid.from,
        valid_to_date: plan.valid.until,
        keys: plan.shares.iter().map(key_share).collect(),
    };
    AccountingPlans {
        creditor_tax_code: CreditorTaxCode::new(creditor),
        service_code: ServiceCode::new(code),
        versions: plans.iter().map(version).collect(),
        revision: Revision(revision),
    }
}

fn key_share(share: &KeyShare) -> AccountingKeyShare {
    let key = &share.key;
    let code = |text: &Text<20>| BudgetCode::new(text.as_str());
    let (row_codes, share_bp) = match &share.takes {
        Takes::Rows(codes) => {
            let codes = codes.iter().map(|code| ChargeRowCode::new(code.as_str()));
            (Some(codes.collect()), None)
        }
        Takes::Share(bp) => (None, Some(*bp)),
    };
    AccountingKeyShare {
        chapter: key.chapter.as_ref().map(code),
        article: key.article.as_ref().map(code),
        claim: key.claim.as_ref().map(|claim| BudgetClaim {
            year: claim.year,
            number: code(&claim.number),
        }),
        plan_code: PlanCode::new(key.plan_code.as_str()),
        row_codes,
        share_bp,
    }
}
