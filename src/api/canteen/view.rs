//! Shapes of accounts and movements.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::scalars::{
    Cents, Line70, Line140, PartyCode, ReceiptId, ServiceCode, SignedCents, TaxCode,
};
use crate::app::canteen::{Moved, View};
use crate::domain::canteen_account::{CanteenFamily, CreditCause, CreditKind, CreditMovement};

/// Who opened an account, and owes what it lacks.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenHolder {
    /// Tax code.
    pub tax_code: TaxCode,
    /// Given name and family name.
    pub full_name: Line70,
}

/// An account to open.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"service_code": "MENSA",
    "holder": {"tax_code": "RSSMRA80A01H501U", "full_name": "Mario Rossi"},
    "family": {"resident": true, "isee": [{"isee_cents": 1_800_000}], "pupils":
        [{"pupil_tax_code": "TRDVLI16C61A241T", "pupil_name": "Viola Tarducci", "sibling_order": 1}]}}))]
pub struct NewCanteenAccount {
    /// The canteen, a service that is paid in advance.
    pub service_code: ServiceCode,
    /// Who opens it.
    pub holder: CanteenHolder,
    /// Who eats on it.
    pub family: CanteenFamily,
}

/// A change of an account: who eats on it from now on.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"family": {"resident": true, "pupils":
    [{"pupil_tax_code": "TRDVLI16C61A241T", "pupil_name": "Viola Tarducci", "sibling_order": 1}]}}))]
pub struct CanteenAccountAmendment {
    /// The whole family as it is now; meals that were eaten keep their price.
    pub family: CanteenFamily,
}

/// An account of a canteen that is paid in advance.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CanteenAccount)]
pub struct CanteenAccountView {
    /// Identifier.
    pub canteen_account_id: Uuid,
    /// The canteen.
    pub service_code: ServiceCode,
    /// Who opened it.
    pub holder: CanteenHolder,
    /// Who eats on it.
    pub family: CanteenFamily,
    /// Sum of its movements; below zero it is a debt.
    pub balance_cents: SignedCents,
    /// Whether the credit is below the threshold at which the family is reminded.
    pub top_up_wanted: bool,
    /// Instant at which it was opened.
    pub opened_at: DateTime<Utc>,
}

/// One page of accounts.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenAccountPage {
    /// The accounts, in the order they were opened.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<CanteenAccountView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// What moved the credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanteenMovementKind {
    /// A payment.
    TopUp,
    /// A meal.
    Meal,
    /// To another account.
    TransferOut,
    /// From another account.
    TransferIn,
    /// Paid back.
    Refund,
    /// Set right by an officer.
    Correction,
}

/// A movement of credit; it is never changed.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CanteenMovement)]
pub struct CanteenMovementView {
    /// Identifier.
    pub canteen_movement_id: Uuid,
    /// The account.
    pub canteen_account_id: Uuid,
    /// What moved the credit.
    pub kind: CanteenMovementKind,
    /// What it added; negative for what it took, zero for a free meal.
    pub amount_cents: SignedCents,
    /// Day of the payment, of the meal, of the decision.
    pub movement_date: NaiveDate,
    /// The pupil it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pupil_tax_code: Option<TaxCode>,
    /// The receipt of a top-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_id: Option<ReceiptId>,
    /// The transfer: the other account has a movement with the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub canteen_transfer_id: Option<Uuid>,
    /// Who was paid back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payee_tax_code: Option<PartyCode>,
    /// What the officer said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Line140>,
    /// Instant at which it was written.
    pub recorded_at: DateTime<Utc>,
}

/// What a movement did.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenMovementOutcome {
    /// The movement.
    pub movement: CanteenMovementView,
    /// Balance of the account after it.
    pub balance_cents: SignedCents,
}

/// One page of movements of an account.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenMovementPage {
    /// The movements, in the order they were written.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<CanteenMovementView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// A payment to ask for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_cents": 3000}))]
pub struct CanteenTopUp {
    /// Any amount within the limits of the service.
    pub amount_cents: Cents,
    /// The pupil it is paid for, on the yearly certificate; needed where several eat on the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pupil_tax_code: Option<TaxCode>,
}

/// A meal that was eaten, or booked and not cancelled in time.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "TRDVLI16C61A241T", "meal_date": "2026-04-13"}))]
pub struct CanteenMeal {
    /// Who ate.
    pub pupil_tax_code: TaxCode,
    /// When.
    pub meal_date: NaiveDate,
}

/// Credit to give to another account of the same canteen.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to_canteen_account_id": "01970000-0000-7000-8000-000000000002"}))]
pub struct CanteenTransfer {
    /// The account that receives it.
    pub to_canteen_account_id: Uuid,
    /// How much; all there is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
}

/// Credit that is paid back.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "mandato 1234 del 30/06/2026"}))]
pub struct CanteenRefund {
    /// How much; all there is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// Who is paid; the holder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payee_tax_code: Option<TaxCode>,
    /// The pupil whose school expenses become less; needed where several eat on the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pupil_tax_code: Option<TaxCode>,
    /// Day on which it is paid; today when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_date: Option<NaiveDate>,
    /// Order of payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Line140>,
}

/// Credit to set right.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_cents": 308, "note": "pasto del 13/04 non consumato"}))]
pub struct CanteenCorrection {
    /// What to add, or to take when negative; not zero.
    pub amount_cents: SignedCents,
    /// Why.
    pub note: Line140,
}

impl CanteenAccountView {
    pub(super) fn of(view: &View) -> CanteenAccountView {
        let account = &view.account;
        CanteenAccountView {
            canteen_account_id: account.id,
            service_code: ServiceCode::new(account.service_code.as_str()),
            holder: CanteenHolder {
                tax_code: TaxCode::new(account.holder.tax_code.as_str()),
                full_name: Line70::new(account.holder.full_name.as_str()),
            },
            family: account.family.clone(),
            balance_cents: SignedCents(view.balance.get()),
            top_up_wanted: view.low,
            opened_at: account.opened_at,
        }
    }
}

impl CanteenMovementView {
    pub(super) fn of(movement: &CreditMovement) -> CanteenMovementView {
        let mut view = CanteenMovementView {
            canteen_movement_id: movement.id,
            canteen_account_id: movement.account_id,
            kind: movement.cause.kind().into(),
            amount_cents: SignedCents(movement.amount.get()),
            movement_date: movement.day,
            pupil_tax_code: movement.pupil_tax_code.as_deref().map(TaxCode::new),
            receipt_id: None,
            canteen_transfer_id: None,
            payee_tax_code: None,
            note: movement
                .note
                .as_ref()
                .map(|note| Line140::new(note.as_str())),
            recorded_at: movement.at,
        };
        match &movement.cause {
            CreditCause::TopUp(id) => view.receipt_id = Some(ReceiptId::new(id.as_str())),
            CreditCause::TransferOut(id) | CreditCause::TransferIn(id) => {
                view.canteen_transfer_id = Some(*id);
            }
            CreditCause::Refund(payee) => {
                view.payee_tax_code = Some(PartyCode::new(payee.as_str()));
            }
            CreditCause::Meal(_) | CreditCause::Correction => {}
        }
        view
    }
}

impl CanteenMovementOutcome {
    pub(super) fn of(moved: &Moved) -> CanteenMovementOutcome {
        CanteenMovementOutcome {
            movement: CanteenMovementView::of(&moved.movement),
            balance_cents: SignedCents(moved.balance.get()),
        }
    }
}

impl From<CreditKind> for CanteenMovementKind {
    fn from(kind: CreditKind) -> CanteenMovementKind {
        match kind {
            CreditKind::TopUp => CanteenMovementKind::TopUp,
            CreditKind::Meal => CanteenMovementKind::Meal,
            CreditKind::TransferOut => CanteenMovementKind::TransferOut,
            CreditKind::TransferIn => CanteenMovementKind::TransferIn,
            CreditKind::Refund => CanteenMovementKind::Refund,
            CreditKind::Correction => CanteenMovementKind::Correction,
        }
    }
}
