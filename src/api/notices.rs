//! Notices: everything that is printed, the print itself, and the price on a day.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery};
use super::positions::{
    AssessmentRow, Debtor, NoticeState, PaymentOptionKind, Transfer, assessment, debtor_view,
    notice_state, transfers,
};
use super::problem::{Problem, catalogue};
use super::scalars::{
    CbillCode, Cents, CreditorTaxCode, File, Iuv, Line70, Line90, Line140, Line1000, NoticeNumber,
    ServiceCode, Word,
};
use crate::app::notices::{self, FormerPrice};
use crate::domain::calendar::Day;
use crate::domain::creditor::Creditor;
use crate::domain::document;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number;
use crate::domain::payload::QrPayload;
use crate::domain::position::{NotPayable, Notice, Position};
use crate::domain::service::{Due, OptionKind, Schedule, Step};
use crate::domain::text::Rule;

/// The notice of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NoticePath {
    /// Tax code of the public body.
    #[param(inline)]
    pub creditor_tax_code: CreditorTaxCode,
    /// Number of the notice.
    #[param(inline)]
    pub notice_number: NoticeNumber,
}

/// A notice, with everything that is printed on it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// The debt position it belongs to.
    pub debt_position_id: Uuid,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// Name of the creditor.
    pub creditor_legal_name: Line140,
    /// Office that answers the citizen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub creditor_office: Option<Line140>,
    /// Where citizens ask.
    #[schema(min_items = 0, max_items = 2)]
    pub creditor_contact_lines: Vec<Line90>,
    /// Where citizens pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub creditor_web_site: Option<Line90>,
    /// Code for bank channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor.
    #[schema(min_items = 0, max_items = 9)]
    pub joint_debtors: Vec<Debtor>,
    /// What is paid.
    pub description: Line140,
    /// At once, or an instalment of a plan.
    pub kind: PaymentOptionKind,
    /// Which instalment; absent for a single payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 100)]
    pub instalment: Option<u16>,
    /// Of how many; absent for a single payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 100)]
    pub instalments: Option<u16>,
    /// Last day to pay in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// What it costs today; absent when it cannot be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// What was asked first.
    pub nominal_amount_cents: Cents,
    /// The lines that explain the whole debt.
    #[schema(min_items = 0, max_items = 200)]
    pub assessment: Vec<AssessmentRow>,
    /// What else the charge has its notices say, in the order it is read; empty for most charges.
    #[schema(min_items = 0, max_items = 50)]
    pub topics: Vec<NoticeTopic>,
    /// Its state today.
    pub state: NoticeState,
    /// Who receives what.
    #[schema(min_items = 1, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// Text of the QR code, with the amount of today; absent when it cannot be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub qr_text: Option<Line140>,
}

/// What a notice says about one matter.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeTopic {
    /// Stable name.
    pub code: Word,
    /// What the citizen reads above it.
    pub title: Line140,
    /// Data and sentences, in the order they are read.
    #[schema(min_items = 1, max_items = 200)]
    pub entries: Vec<TopicEntry>,
}

/// A datum with its name, or a sentence without one.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicEntry {
    /// Stable name of the datum; absent for a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<Word>,
    /// What the citizen reads before the datum; absent for a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<Line70>,
    /// The datum or the sentence, in Italian as it is printed.
    pub text: Line1000,
}

/// A price and the last day it holds.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceStep {
    /// Last day of this price; absent when it holds for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until_date: Option<NaiveDate>,
    /// Sum over the beneficiaries.
    pub amount_cents: Cents,
    /// Why this amount.
    pub reason: Line1000,
}

/// A day on which a notice begins to cost something else.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceChange {
    /// First day of the new price.
    pub from_date: NaiveDate,
    /// What it costs from then on; absent when it can no longer be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// Why that amount, or why it can no longer be paid.
    pub reason: Line1000,
}

/// What a notice costs on a day, and why.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeAmount {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// The day that is meant.
    pub on_date: NaiveDate,
    /// Its state on that day, as far as is known today.
    pub state: NoticeState,
    /// Whether it can be paid on that day, as far as is known today.
    pub payable: bool,
    /// What it costs on that day; absent when it cannot be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// Why this amount, or why it cannot be paid, in Italian as it is printed; `state` says it to programs.
    pub reason: Line1000,
    /// The next day on which it costs something else, and what; absent when the price holds for ever, or
    /// when it cannot be paid on the day that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_change: Option<PriceChange>,
    /// Who receives what on that day.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// All its prices, in the order of time.
    #[schema(min_items = 0, max_items = 50)]
    pub steps: Vec<PriceStep>,
    /// What was printed before it was priced again, oldest first: a notification became known, or was set
    /// right.
    #[schema(min_items = 0, max_items = 1000)]
    pub former_prices: Vec<FormerNoticePrice>,
}

/// The prices a notice had before they were replaced.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FormerNoticePrice {
    /// Instant at which they were replaced.
    pub replaced_at: DateTime<Utc>,
    /// Last day to pay in time, as it was; absent when the term had not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// The prices, in the order of time.
    #[schema(min_items = 1, max_items = 50)]
    pub steps: Vec<PriceStep>,
}

/// On which day.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AmountQuery {
    /// Day of payment in Italy; today when absent.
    #[param(nullable = false)]
    pub on: Option<NaiveDate>,
}

/// Show a notice
///
/// Everything that is printed on it, for a portal that prints on its own.
#[utoipa::path(operation_id = "show_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath),
    responses((status = 200, description = "The notice.", body = NoticeView)))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}")]
pub(super) async fn show_notice(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<NoticePath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, number) = asked(&caller, &path.0)?;
    let body = state.ctx.registry.creditor(&creditor);
    let body = body.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    let found = state
        .ctx
        .read(move |conn| notices::find(conn, &creditor, &number))
        .await?;
    let mut view = NoticeView::of(&body, &found.0, &found.1, state.ctx.today());
    let topics = notices::topics(&state.ctx, &found.0);
    view.topics = topics.iter().map(NoticeTopic::of).collect();
    Ok(HttpResponse::Ok().json(view))
}

/// Print a notice
///
/// The PDF that the citizen takes to a bank, a tobacconist or a post office.
#[utoipa::path(operation_id = "print_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath),
    responses((status = 200, description = "The print.", body = File, content_type = "application/pdf")))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}/pdf")]
pub(super) async fn print_notice(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<NoticePath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, number) = asked(&caller, &path.0)?;
    let (ctx, today) = (state.ctx.clone(), state.ctx.today());
    let name = format!("inline; filename=\"avviso-{number}.pdf\"");
    let print = move |conn: &mut _| notices::pdf(conn, &ctx, &creditor, &number, today);
    let pdf = state.ctx.read(print).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/pdf"))
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(pdf))
}

/// Quote a notice
///
/// What it costs on a day, and why; today unless `on` says another day. A payment that is activated at
/// the node on that day is asked for the same amount, unless something happens to the debt before.
#[utoipa::path(operation_id = "quote_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath, AmountQuery),
    responses((status = 200, description = "The price on that day.", body = NoticeAmount)))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}/amount")]
pub(super) async fn quote_notice(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<NoticePath>,
    query: FromQuery<AmountQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, number) = asked(&caller, &path.0)?;
    let day = query.0.on.unwrap_or_else(|| state.ctx.today());
    let found = state
        .ctx
        .read(move |conn| notices::find_with_former(conn, &creditor, &number))
        .await?;
    let (position, notice, former) = found;
    let amount = NoticeAmount::of(&position, &notice, day);
    let former_prices = former.iter().map(former_price).collect();
    Ok(HttpResponse::Ok().json(NoticeAmount {
        former_prices,
        ..amount
    }))
}

fn asked(
    caller: &Caller,
    path: &NoticePath,
) -> Result<(FiscalCode, notice_number::NoticeNumber), Problem> {
    let creditor = caller.creditor_of_path(path.creditor_tax_code.as_str())?;
    let number = notice_number::NoticeNumber::parse(path.notice_number.as_str())
        .map_err(|_names_nothing| Problem::of(&catalogue::NOT_FOUND))?;
    Ok((creditor, number))
}

impl NoticeView {
    fn of(creditor: &Creditor, position: &Position, notice: &Notice, today: Day) -> NoticeView {
        let due = position.payable_on(notice, today).ok();
        let qr = due.and_then(|due| {
            QrPayload::new(notice.number.clone(), creditor.tax_code.clone(), due.total).ok()
        });
        let step = due
            .map(|due| due.step)
            .or_else(|| notice.schedule.steps().first());
        let amounts = step.map_or_else(Vec::new, |step| step.amounts.clone());
        let plan = notice.option_kind == OptionKind::Plan;
        let of_plan = position
            .notices
            .iter()
            .filter(|n| n.option == notice.option);
        let instalments = of_plan.map(|n| n.sequence).max();
        NoticeView {
            notice_number: NoticeNumber::new(notice.number.as_str()),
            iuv: Iuv::new(notice.iuv().as_str()),
            debt_position_id: position.id,
            creditor_tax_code: CreditorTaxCode::new(creditor.tax_code.as_str()),
            creditor_legal_name: Line140::new(creditor.legal_name.as_str()),
            creditor_office: creditor
                .office_name
                .as_ref()
                .map(|t| Line140::new(t.as_str())),
            creditor_contact_lines: creditor
                .contact_lines
                .iter()
                .map(|t| Line90::new(t.as_str()))
                .collect(),
            creditor_web_site: creditor.web_site.as_ref().map(|t| Line90::new(t.as_str())),
            cbill_code: creditor.cbill.as_ref().map(|t| CbillCode::new(t.as_str())),
            service_code: ServiceCode::new(position.service_code.as_str()),
            debtor: debtor_view(&position.debtor),
            joint_debtors: position.joint_debtors.iter().map(debtor_view).collect(),
            description: Line140::new(notice.description.as_str()),
            kind: notice.option_kind.into(),
            instalment: plan.then_some(notice.sequence),
            instalments: instalments.filter(|_| plan),
            due_date: notice.due_on,
            amount_cents: due.map(|due| Cents(due.total.get())),
            nominal_amount_cents: Cents(notice.schedule.nominal().get()),
            assessment: assessment(&position.rows),
            topics: Vec::new(),
            state: notice_state(position, notice, today),
            transfers: transfers(&notice.transfers, &amounts),
            qr_text: qr.map(|qr| Line140::new(qr.to_string())),
        }
    }
}

impl NoticeTopic {
    fn of(topic: &document::NoticeTopic) -> NoticeTopic {
        let entry = |entry: &document::TopicEntry| match entry {
            document::TopicEntry::Fact { code, label, text } => TopicEntry {
                code: Some(Word::new(*code)),
                label: Some(Line70::new(*label)),
                text: Line1000::new(text.as_str()),
            },
            document::TopicEntry::Sentence(text) => TopicEntry {
                code: None,
                label: None,
                text: Line1000::new(text.as_str()),
            },
        };
        NoticeTopic {
            code: Word::new(topic.code),
            title: Line140::new(topic.title.as_str()),
            entries: topic.entries.iter().map(entry).collect(),
        }
    }
}

impl NoticeAmount {
    fn of(position: &Position, notice: &Notice, day: Day) -> NoticeAmount {
        let due = position.payable_on(notice, day);
        NoticeAmount {
            notice_number: NoticeNumber::new(notice.number.as_str()),
            on_date: day,
            state: notice_state(position, notice, day),
            payable: due.is_ok(),
            amount_cents: due.ok().map(|due| Cents(due.total.get())),
            reason: reason(&due),
            next_change: position
                .next_change(notice, day)
                .map(|(from, due)| PriceChange {
                    from_date: from,
                    amount_cents: due.ok().map(|due| Cents(due.total.get())),
                    reason: reason(&due),
                }),
            transfers: match &due {
                Ok(due) => transfers(&notice.transfers, &due.step.amounts),
                Err(_) => Vec::new(),
            },
            steps: steps(&notice.schedule),
            former_prices: Vec::new(),
        }
    }
}

fn former_price(price: &FormerPrice) -> FormerNoticePrice {
    FormerNoticePrice {
        replaced_at: price.replaced_at,
        due_date: price.due_on,
        steps: steps(&price.schedule),
    }
}

/// Why a notice costs what it costs, or why it cannot be paid: the words that are printed.
fn reason(due: &Result<Due<'_>, NotPayable>) -> Line1000 {
    match due {
        Ok(due) => Line1000::new(due.step.reason.as_str()),
        Err(why) => Line1000::new(why.italian()),
    }
}

/// All prices of a notice, in the order of time.
pub(in crate::api) fn steps(schedule: &Schedule) -> Vec<PriceStep> {
    let step = |step: &Step| PriceStep {
        until_date: step.until,
        amount_cents: Cents(step.amounts.iter().map(|amount| amount.get()).sum()),
        reason: Line1000::new(step.reason.as_str()),
    };
    schedule.steps().iter().map(step).collect()
}
