//! The REST edge: JSON and files in, use cases, JSON and files out. It translates and never decides.
//!
//! The route table is [`routes`]; the published document is made from it, and the server validates
//! requests against that document (`contract`), so that what is published is what is enforced.
#![expect(
    unused_qualifications,
    reason = "the macros of utoipa qualify the types of parameters"
)]

/// Two enums of the same names, one of the contract and one of the domain: neither can gain a value that
/// the other does not have.
macro_rules! twins {
    ($view:ident = $domain:ty: $($name:ident),+ $(,)?) => {
        impl From<$domain> for $view {
            fn from(value: $domain) -> $view {
                match value { $(<$domain>::$name => $view::$name),+ }
            }
        }

        impl From<$view> for $domain {
            fn from(value: $view) -> $domain {
                match value { $($view::$name => <$domain>::$name),+ }
            }
        }
    };
}

pub mod accounting;
pub mod assessments;
pub mod audit_entries;
pub mod audit_seals;
pub mod auth;
pub mod canteen;
pub mod collection_orders;
pub mod contract;
pub mod creditors;
pub mod decisions;
pub mod edge;
mod faults;
pub mod input;
pub mod jobs;
pub mod limits;
pub mod metrics;
pub mod node_events;
pub mod notices;
pub mod openapi;
pub mod page;
pub mod payments;
pub mod periods;
pub mod positions;
pub mod problem;
pub mod reconciliation;
pub mod refusals;
mod repeat;
pub mod report_jobs;
pub mod reports;
pub mod repricing;
pub mod scalars;
pub mod search;
pub mod services;
pub mod settlement;
pub mod status;
pub mod treasury;
mod upload;
pub mod worklist;

use std::num::NonZeroU32;

use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, web};

pub use openapi::document;

use auth::Authenticator;
use contract::{Contract, ContractError};
use limits::Limits;
use metrics::Metrics;

use crate::app::{Retry, StoreError, Tx};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::trail::Actor;

/// What the edge needs at hand, shared by all workers.
pub struct State {
    ctx: Ctx,
    contract: Contract,
    served: String,
    authenticator: Authenticator,
    limits: Limits,
    metrics: Metrics,
    public_url: String,
}

/// Why the edge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The document does not compile.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The counters are registered already.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

impl State {
    /// Compiles the contract and lays out the rest. `registry` is where the counters are registered;
    /// others may register theirs beside.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(ctx: &Ctx, registry: &prometheus::Registry) -> Result<State, StartError> {
        let mut document = document();
        let contract = Contract::new(&document)?;
        let public_url = ctx.config.public_url.trim_end_matches('/').to_owned();
        if let Some(document) = document.as_object_mut() {
            document.insert("servers".to_owned(), openapi::servers(&public_url));
        }
        let per_second = NonZeroU32::new(ctx.config.rate_per_second).unwrap_or(NonZeroU32::MIN);
        Ok(State {
            // Whoever writes must say for whom: `State::by`.
            ctx: ctx.by(Actor::Nobody),
            contract,
            served: document.to_string(),
            authenticator: Authenticator::default(),
            limits: Limits::new(per_second),
            metrics: Metrics::new(registry)?,
            public_url,
        })
    }

    /// The context in which a caller writes: what it changes is in the audit trail under its name.
    fn by(&self, caller: &auth::Caller) -> Ctx {
        self.ctx.by(caller.actor())
    }

    /// One transaction of a caller: [`Ctx::write`] under its name.
    async fn write<T, E>(
        &self,
        caller: &auth::Caller,
        f: impl Fn(&mut Tx<'_>, Instant) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retry + Send + 'static,
    {
        self.by(caller).write(f).await
    }

    /// As [`State::write`], for much at once.
    async fn import<T, E>(
        &self,
        caller: &auth::Caller,
        f: impl Fn(&mut Tx<'_>, Instant) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retry + Send + 'static,
    {
        self.by(caller).import(f).await
    }

    /// The absolute address of a path of the API, which begins with a slash.
    fn address(&self, path: &str) -> String {
        format!("{}{}{path}", self.public_url, contract::PREFIX)
    }
}

/// Every operation. Paths are bare here: the version is in the address of the server.
#[expect(clippy::too_many_lines, reason = "one line for each operation")]
fn routes() -> utoipa_actix_web::scope::Scope<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = Error,
        InitError = (),
    >,
> {
    utoipa_actix_web::scope::scope(web::scope(""))
        .service(status::show_status)
        .service(creditors::list_creditors)
        .service(creditors::show_creditor)
        .service(creditors::replace_creditor)
        .service(services::list_services)
        .service(services::show_service)
        .service(services::replace_service)
        .service(accounting::show_accounting_plans)
        .service(accounting::replace_accounting_plans)
        .service(assessments::assess_charge)
        .service(positions::register_debt_position)
        .service(positions::list_debt_positions)
        .service(positions::show_debt_position)
        .service(positions::amend::amend_debt_position)
        .service(positions::amend::add_payment_option)
        .service(positions::search_debt_positions)
        .service(repricing::replace_debt_position_notification)
        .service(repricing::register_integration)
        .service(notices::show_notice)
        .service(notices::print_notice)
        .service(notices::quote_notice)
        .service(payments::list_payments)
        .service(payments::show_payment)
        .service(payments::show_receipt)
        .service(settlement::list_settlement_flows)
        .service(settlement::show_settlement_flow)
        .service(settlement::list_settlement_flow_entries)
        .service(settlement::list_settlement_flow_changes)
        .service(settlement::pull_settlement_flows)
        .service(treasury::import_treasury_entries)
        .service(search::search_all)
        .service(treasury::create_treasury_entry)
        .service(settlement::list_settlement_flow_refusals)
        .service(settlement::close_settlement_flow_refusal)
        .service(treasury::list_treasury_refusals)
        .service(treasury::close_treasury_refusal)
        .service(treasury::list_treasury_entries)
        .service(treasury::show_treasury_entry)
        .service(reconciliation::list_reconciliations)
        .service(reconciliation::show_reconciliation)
        .service(reconciliation::list_reconciliation_history)
        .service(reconciliation::show_reconciliation_suggestions)
        .service(reconciliation::show_reconciliation_terms)
        .service(reconciliation::replace_reconciliation_terms)
        .service(decisions::register_reconciliation_decision)
        .service(decisions::list_reconciliation_decisions)
        .service(decisions::show_reconciliation_decision)
        .service(decisions::amend_reconciliation_decision)
        .service(worklist::list_work_items)
        .service(worklist::show_work_item)
        .service(worklist::amend_work_item)
        .service(worklist::register_work_comment)
        .service(worklist::list_work_events)
        .service(worklist::show_aging)
        .service(worklist::list_refunds_owed)
        .service(periods::close_accounting_period)
        .service(periods::list_accounting_periods)
        .service(periods::show_accounting_period)
        .service(periods::amend_accounting_period)
        .service(canteen::open_canteen_account)
        .service(canteen::list_canteen_accounts)
        .service(canteen::show_canteen_account)
        .service(canteen::amend_canteen_account)
        .service(canteen::list_canteen_movements)
        .service(canteen::top_up_canteen_account)
        .service(canteen::debit_canteen_meal)
        .service(canteen::debit_canteen_meals)
        .service(canteen::transfer_canteen_credit)
        .service(canteen::refund_canteen_credit)
        .service(canteen::correct_canteen_credit)
        .service(canteen::refund_canteen_bill)
        .service(reports::show_report)
        .service(collection_orders::export_collection_orders)
        .service(collection_orders::list_order_coverings)
        .service(collection_orders::record_order_covering)
        .service(report_jobs::request_report)
        .service(report_jobs::list_report_jobs)
        .service(report_jobs::show_report_job)
        .service(report_jobs::download_report)
        .service(node_events::list_node_events)
        .service(node_events::show_node_event)
        .service(node_events::show_node_event_messages)
        .service(audit_entries::list_audit_entries)
        .service(audit_entries::show_audit_entry)
        .service(audit_seals::list_audit_seals)
        .service(jobs::list_jobs)
        .service(jobs::show_job)
}

/// Puts the API, its document and its pages on a server.
pub fn configure(cfg: &mut web::ServiceConfig, state: web::Data<State>) {
    let held = state.clone();
    let around = from_fn(move |request: ServiceRequest, next: Next<_>| {
        edge::edge(held.clone(), request, next)
    });
    let pages = utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}")
        .config(utoipa_swagger_ui::Config::from("/openapi.json"));
    cfg.app_data(state)
        .default_service(web::to(edge::no_route))
        .service(
            web::scope("")
                .wrap(around)
                .service(web::scope(contract::PREFIX).service(routes()))
                .route("/openapi.json", web::get().to(show_document))
                .route("/problems", web::get().to(show_problems))
                .route("/problems/{slug}", web::get().to(show_problems))
                .service(pages),
        );
}

async fn show_document(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(state.served.clone())
}

async fn show_problems() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/markdown; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(problem::page())
}

/// An answer with the entity tag of its revision.
fn tagged(view: &impl serde::Serialize, revision: i64) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, input::entity_tag(revision)))
        .json(view)
}

/// The same for a conditional read: 304 when the caller has this revision already.
fn tagged_unless_known(
    view: &impl serde::Serialize,
    revision: i64,
    conditions: &input::Conditions,
) -> HttpResponse {
    if conditions.is_known(revision) {
        HttpResponse::NotModified()
            .insert_header((header::ETAG, input::entity_tag(revision)))
            .finish()
    } else {
        tagged(view, revision)
    }
}

#[cfg(test)]
mod tests;
