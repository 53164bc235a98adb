//! Payments: facts, as the receipts tell them.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery, negotiate};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::scalars::{
    BankReference, CategoryCode, Cents, CreditorTaxCode, File, Iuv, Line140, NoticeNumber,
    PartyCode, PspCode, ReceiptId, ServiceCode, StampFile, TotalCents, Word,
};
use crate::app::payments::{self, Filed, Filter};
use crate::domain::notice_number;
use crate::domain::receipt::{Party, ReceiptTransfer};
use crate::domain::text::Rule;

/// What one body received of a payment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaidTransfer {
    /// Place among the transfers.
    #[schema(format = Int32, minimum = 1, maximum = 5)]
    pub index: u8,
    /// Tax code of the beneficiary, as the receipt says.
    pub beneficiary_tax_code: PartyCode,
    /// Account that is credited, as the receipt says; absent for a revenue stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub credited_account: Option<BankReference>,
    /// The revenue stamp that was bought, to be kept with its document; absent when an account is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revenue_stamp: Option<StampFile>,
    /// Collection code, as the receipt says.
    pub category: CategoryCode,
    /// Amount.
    pub amount_cents: TotalCents,
}

/// Something about a payment that an officer should look at.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    /// Stable name: `paid_twice`, `paid_after_expiry` …
    pub code: Word,
}

/// A payment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Identifier.
    pub payment_id: Uuid,
    /// Identifier that the payment node gave to the receipt.
    pub receipt_id: ReceiptId,
    /// Number of the notice, as the receipt says.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// What was paid.
    pub amount_cents: Cents,
    /// Legal day of payment.
    pub paid_date: NaiveDate,
    /// Instant of payment; absent when the receipt does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_at: Option<DateTime<Utc>>,
    /// Instant at which the receipt reached us.
    pub received_at: DateTime<Utc>,
    /// Provider that took the money.
    pub psp: PspCode,
    /// Name of the provider.
    pub psp_legal_name: Line140,
    /// The debt position; absent when the notice is not one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debt_position_id: Option<Uuid>,
    /// The service; absent when the notice is not one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub service_code: Option<ServiceCode>,
    /// Who received what.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<PaidTransfer>,
    /// What an officer should look at; empty for most payments.
    #[schema(min_items = 0, max_items = 50)]
    pub anomalies: Vec<Anomaly>,
}

/// One page of payments.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentPage {
    /// The payments, in the order they reached us.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<PaymentView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// A party of a receipt.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptParty {
    /// Tax code, or ANONIMO.
    pub identifier: PartyCode,
    /// Name, as the receipt says.
    pub full_name: Line140,
}

/// A receipt.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// The payment.
    pub payment_id: Uuid,
    /// Identifier that the payment node gave to the receipt.
    pub receipt_id: ReceiptId,
    /// Number of the notice.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// What was paid for.
    pub description: Line140,
    /// Who owed.
    pub debtor: ReceiptParty,
    /// Who paid, when it is not the debtor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payer: Option<ReceiptParty>,
    /// Provider that took the money.
    pub psp: PspCode,
    /// Name of the provider.
    pub psp_legal_name: Line140,
    /// Means of payment, as the receipt says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_method: Option<BankReference>,
    /// What was paid, without the fee.
    pub amount_cents: Cents,
    /// The provider's fee, paid by the citizen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee_cents: Option<TotalCents>,
    /// Legal day of payment.
    pub paid_date: NaiveDate,
    /// Instant of payment; absent when the receipt does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_at: Option<DateTime<Utc>>,
    /// Who received what.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<PaidTransfer>,
}

/// The payment of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPath {
    /// Identifier of the payment.
    pub payment_id: Uuid,
}

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaymentQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only paid on this day or later.
    #[param(nullable = false)]
    pub paid_from_date: Option<NaiveDate>,
    /// Only paid on this day or earlier.
    #[param(nullable = false)]
    pub paid_to_date: Option<NaiveDate>,
    /// Only of this notice.
    #[param(nullable = false, inline)]
    pub notice_number: Option<NoticeNumber>,
    /// Only of this debt position.
    #[param(nullable = false)]
    pub debt_position_id: Option<Uuid>,
}

/// List payments
///
/// In the order the receipts reached us, those for notices that are not ours included.
#[utoipa::path(operation_id = "list_payments", tag = "payments", security(("client" = ["payments:read"])), params(PaymentQuery),
    responses((status = 200, description = "One page.", body = PaymentPage)))]
#[get("/payments")]
pub(super) async fn list_payments(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<PaymentQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let number = query.notice_number.as_ref();
    let number = number.map(|number| notice_number::NoticeNumber::parse(number.as_str()));
    let number = number.transpose().map_err(|rule| {
        Problem::at(
            &catalogue::RULE_VIOLATION,
            "#query/notice_number",
            rule.said(),
        )
    })?;
    let filter = Filter {
        notice_number: number,
        position_id: query.debt_position_id,
        paid_from: query.paid_from_date,
        paid_to: query.paid_to_date,
        ..Filter::default()
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read =
        move |conn: &mut _| payments::page(conn, &creditor, &filter, slice.cursor, slice.fetch());
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |filed| filed.id);
    let items = found.iter().map(PaymentView::of).collect();
    Ok(HttpResponse::Ok().json(PaymentPage { items, next_cursor }))
}

/// Show a payment
///
/// Who was paid, and what an officer should look at.
#[utoipa::path(operation_id = "show_payment", tag = "payments", security(("client" = ["payments:read"])), params(PaymentPath),
    responses((status = 200, description = "The payment.", body = PaymentView)))]
#[get("/payments/{payment_id}")]
pub(super) async fn show_payment(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<PaymentPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.payment_id);
    let found = state
        .ctx
        .read(move |conn| payments::get(conn, &creditor, id))
        .await?;
    Ok(HttpResponse::Ok().json(PaymentView::of(&found)))
}

/// Show the receipt of a payment
///
/// As JSON, as the PDF for the citizen, or as the XML that the payment node sent, byte by byte.
#[utoipa::path(operation_id = "show_receipt", tag = "payments", security(("client" = ["payments:read"])), params(PaymentPath),
    responses((status = 200, description = "The receipt.",
        content((ReceiptView = "application/json"), (File = "application/pdf"), (File = "application/xml")))))]
#[get("/payments/{payment_id}/receipt")]
pub(super) async fn show_receipt(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<PaymentPath>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let form = negotiate(
        &request,
        &["application/json", "application/pdf", "application/xml"],
    )?;
    let (creditor, id) = (caller.creditor()?.clone(), path.0.payment_id);
    let ctx = state.ctx.clone();
    let bytes = match form {
        "application/pdf" => {
            state
                .ctx
                .read(move |conn| payments::pdf(conn, &ctx, &creditor, id))
                .await?
        }
        "application/xml" => {
            state
                .ctx
                .read(move |conn| payments::message(conn, &creditor, id))
                .await?
        }
        _ => {
            let found = state
                .ctx
                .read(move |conn| payments::get(conn, &creditor, id))
                .await?;
            serde_json::to_vec(&ReceiptView::of(&found)).unwrap_or_default()
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, form))
        .insert_header((header::VARY, "Accept"))
        .body(bytes))
}

impl PaymentView {
    fn of(filed: &Filed) -> PaymentView {
        let receipt = &filed.receipt;
        let anomaly = |anomaly: crate::domain::lifecycle::Anomaly| Anomaly {
            code: Word::new(anomaly.as_str()),
        };
        PaymentView {
            payment_id: filed.id,
            receipt_id: ReceiptId::new(receipt.receipt_id.as_str()),
            notice_number: NoticeNumber::new(receipt.notice_number.as_str()),
            iuv: Iuv::new(receipt.iuv.as_str()),
            amount_cents: Cents(receipt.amount.get()),
            paid_date: filed.paid_on,
            paid_at: receipt.paid_at,
            received_at: filed.received_at,
            psp: PspCode::new(receipt.psp.id.as_str()),
            psp_legal_name: Line140::new(receipt.psp.name.as_str()),
            debt_position_id: filed.position_id,
            service_code: filed
                .service_code
                .as_ref()
                .map(|code| ServiceCode::new(code.as_str())),
            transfers: receipt.transfers.iter().map(transfer).collect(),
            anomalies: filed.anomaly.map(anomaly).into_iter().collect(),
        }
    }
}

impl ReceiptView {
    fn of(filed: &Filed) -> ReceiptView {
        let receipt = &filed.receipt;
        ReceiptView {
            payment_id: filed.id,
            receipt_id: ReceiptId::new(receipt.receipt_id.as_str()),
            notice_number: NoticeNumber::new(receipt.notice_number.as_str()),
            iuv: Iuv::new(receipt.iuv.as_str()),
            creditor_tax_code: CreditorTaxCode::new(receipt.primary.as_str()),
            description: Line140::new(receipt.description.as_str()),
            debtor: party(&receipt.debtor),
            payer: receipt.payer.as_ref().map(party),
            psp: PspCode::new(receipt.psp.id.as_str()),
            psp_legal_name: Line140::new(receipt.psp.name.as_str()),
            payment_method: receipt
                .method
                .as_ref()
                .map(|text| BankReference::new(text.as_str())),
            amount_cents: Cents(receipt.amount.get()),
            fee_cents: receipt.fee.map(|fee| TotalCents(fee.get())),
            paid_date: filed.paid_on,
            paid_at: receipt.paid_at,
            transfers: receipt.transfers.iter().map(transfer).collect(),
        }
    }
}

fn party(party: &Party) -> ReceiptParty {
    ReceiptParty {
        identifier: PartyCode::new(party.tax_code.as_str()),
        full_name: Line140::new(party.full_name.as_str()),
    }
}

fn transfer(transfer: &ReceiptTransfer) -> PaidTransfer {
    PaidTransfer {
        index: transfer.index,
        beneficiary_tax_code: PartyCode::new(transfer.beneficiary.as_str()),
        credited_account: transfer
            .iban
            .as_ref()
            .map(|text| BankReference::new(text.as_str())),
        revenue_stamp: transfer
            .stamp
            .as_ref()
            .map(|stamp| StampFile::new(STANDARD.encode(stamp))),
        category: CategoryCode::new(transfer.taxonomy.as_str()),
        amount_cents: TotalCents(transfer.amount.get()),
    }
}
