//! A debt position as it is shown on a day.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Debtor, DebtorType};
use crate::api::creditors::Address;
use crate::api::scalars::{
    Cents, CountryCode, CreditorTaxCode, EmailAddress, Iban, Iuv, Line35, Line70, Line140,
    Line1000, NoticeNumber, PostalCode, ProvinceCode, Reference, Revision, ServiceCode,
    Sha256Base64, SignedCents, TaxCode, TaxonomyCode, TotalCents, Word,
};
use crate::domain::calendar::Day;
use crate::domain::lifecycle::State;
use crate::domain::money;
use crate::domain::position::{self, DebtorKind, NotPayable, Notice, Position, Summary};
use crate::domain::service::{OptionKind, Row, TransferDraft};

/// State of a debt position, computed from its notices and from the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionState {
    /// Not payable yet.
    Draft,
    /// Payable.
    Open,
    /// A plan of which some notices are paid.
    PartiallyPaid,
    /// Paid in whole.
    Paid,
    /// Every way to pay has lapsed.
    Expired,
    /// An appeal stops it.
    Suspended,
    /// Withdrawn by the creditor.
    Cancelled,
}

/// State of one notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// Not payable yet.
    Draft,
    /// Payable.
    Open,
    /// The term has lapsed.
    Expired,
    /// An appeal stops it.
    Suspended,
    /// Withdrawn by the creditor.
    Cancelled,
    /// Paid to the creditor outside pagoPA.
    PaidElsewhere,
    /// A receipt has come.
    Paid,
    /// A settlement flow has reported it.
    Settled,
    /// The debt is being paid, or is paid, in another way.
    Excluded,
}

/// State of a way to pay, computed from its notices and from the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOptionState {
    /// Not payable yet.
    Draft,
    /// Payable.
    Open,
    /// Some of its notices are paid.
    PartiallyPaid,
    /// Paid in whole.
    Paid,
    /// It has lapsed.
    Expired,
    /// An appeal stops it.
    Suspended,
    /// Withdrawn by the creditor.
    Cancelled,
    /// The debt is being paid, or is paid, in another way.
    Excluded,
}

/// At once or in instalments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOptionKind {
    /// One notice pays everything.
    Single,
    /// Every notice is an instalment.
    Plan,
}

/// One line of the explanation of the total.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentRow {
    /// Stable name of the rule.
    pub code: Word,
    /// What an officer reads.
    pub label: Line1000,
    /// Amount of the line, negative for reductions.
    pub amount_cents: SignedCents,
}

/// A digital revenue stamp for one document.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StampRequest {
    /// SHA-256 of the document: base64 of the 32 bytes.
    pub document_sha256: Sha256Base64,
    /// Province the payer lives in.
    pub province: ProvinceCode,
}

/// What one body receives of a notice.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Place among the transfers of the notice.
    #[schema(format = Int32, minimum = 1, maximum = 5)]
    pub index: u8,
    /// Tax code of the beneficiary.
    pub beneficiary_tax_code: CreditorTaxCode,
    /// Name of the beneficiary.
    pub beneficiary_legal_name: Line140,
    /// Account that is credited; absent when the transfer buys a stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iban: Option<Iban>,
    /// The digital revenue stamp that is bought; absent when an account is credited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stamp: Option<StampRequest>,
    /// Collection code.
    pub taxonomy_code: TaxonomyCode,
    /// Amount today; a beneficiary may get nothing.
    pub amount_cents: TotalCents,
}

/// A payable unit: one number, one price, one term.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeSummary {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// What is paid.
    pub description: Line140,
    /// Last day to pay in time; absent when the term starts at a notification still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// What it costs today, or what was paid; what was asked first when it can no longer be paid.
    pub amount_cents: Cents,
    /// Its state today.
    pub state: NoticeState,
    /// Who receives what.
    #[schema(min_items = 1, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// Day of payment; absent until it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_date: Option<NaiveDate>,
}

/// One way to pay the whole position, or what was unpaid of it. Options exclude each other.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentOption {
    /// At once or in instalments.
    pub kind: PaymentOptionKind,
    /// Its state today.
    pub state: PaymentOptionState,
    /// Its notices, in the order they fall due.
    #[schema(min_items = 1, max_items = 100)]
    pub notices: Vec<NoticeSummary>,
    /// Notices that were withdrawn when their unpaid rest was put on these; empty for a way to pay the
    /// whole.
    #[schema(min_items = 0, max_items = 1000)]
    pub replaces: Vec<NoticeNumber>,
}

/// A debt position.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DebtPosition)]
pub struct DebtPositionView {
    /// Identifier.
    pub debt_position_id: Uuid,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor.
    #[schema(min_items = 0, max_items = 9)]
    pub joint_debtors: Vec<Debtor>,
    /// What the citizen reads.
    pub description: Line140,
    /// Its state today.
    pub state: PositionState,
    /// The whole that was asked first.
    pub total_amount_cents: Cents,
    /// The lines that explain the total.
    #[schema(min_items = 0, max_items = 200)]
    pub assessment: Vec<AssessmentRow>,
    /// The ways to pay it.
    #[schema(min_items = 1, max_items = 200)]
    pub payment_options: Vec<PaymentOption>,
    /// Whether a receipt has come for all of it.
    pub paid: bool,
    /// Whether settlement flows have reported all of it.
    pub reported: bool,
    /// Whether the money is on the creditor's account.
    pub collected: bool,
    /// What was paid beyond what was due and is to be paid back: more than the price of the day of payment,
    /// and what was paid twice. Told when one position is shown; absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub overpaid_cents: Option<Cents>,
    /// Day of issue.
    pub issued_date: NaiveDate,
    /// Instant of registration.
    pub created_at: DateTime<Utc>,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of debt positions.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DebtPositionPage {
    /// The positions, in the order of registration.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<DebtPositionView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

impl DebtPositionView {
    /// A position as it stands on a day.
    #[must_use]
    pub fn of(position: &Position, today: Day) -> DebtPositionView {
        let mut paid = position.notices.iter().filter(|n| n.is_paid());
        let reported =
            position.stands_in(&[State::Settled]) && paid.all(|n| n.state == State::Settled);
        let summary = position.summary(today);
        DebtPositionView {
            debt_position_id: position.id,
            creditor_tax_code: CreditorTaxCode::new(position.creditor.as_str()),
            service_code: ServiceCode::new(position.service_code.as_str()),
            reference: position
                .reference
                .as_ref()
                .map(|text| Reference::new(text.as_str())),
            debtor: debtor(&position.debtor),
            joint_debtors: position.joint_debtors.iter().map(debtor).collect(),
            description: Line140::new(position.description.as_str()),
            state: summary.into(),
            total_amount_cents: Cents(position.total().get()),
            assessment: assessment(&position.rows),
            payment_options: options(position, today),
            paid: summary == Summary::Paid,
            reported,
            collected: false,
            overpaid_cents: None,
            issued_date: position.issued_on,
            created_at: position.created_at,
            revision: Revision(position.revision),
        }
    }
}

impl DebtPositionView {
    /// The same, with what is to be paid back.
    #[must_use]
    pub fn with_overpaid(self, amount: money::Cents) -> DebtPositionView {
        let overpaid = amount.is_positive().then(|| Cents(amount.get()));
        DebtPositionView {
            overpaid_cents: overpaid,
            ..self
        }
    }
}

/// The lines that explain the total.
pub(in crate::api) fn assessment(rows: &[Row]) -> Vec<AssessmentRow> {
    let view = |row: &Row| AssessmentRow {
        code: Word::new(row.code.as_ref()),
        label: Line1000::new(row.label.as_str()),
        amount_cents: SignedCents(row.amount.get()),
    };
    rows.iter().map(view).collect()
}

/// Who owes, as it is shown.
pub(in crate::api) fn debtor(debtor: &position::Debtor) -> Debtor {
    Debtor {
        r#type: match debtor.kind {
            DebtorKind::Person => DebtorType::Person,
            DebtorKind::Body => DebtorType::Body,
        },
        tax_code: TaxCode::new(debtor.tax_code.as_str()),
        full_name: Line70::new(debtor.full_name.as_str()),
        address: debtor.address.as_ref().map(|address| Address {
            street: Line70::new(address.street.as_str()),
            postal_code: address
                .postal_code
                .as_ref()
                .map(|t| PostalCode::new(t.as_str())),
            city: Line35::new(address.city.as_str()),
            province: address.province.as_ref().map(|t| Line35::new(t.as_str())),
            country: address
                .country
                .as_ref()
                .map(|t| CountryCode::new(t.as_str())),
        }),
        email: debtor
            .email
            .as_ref()
            .map(|text| EmailAddress::new(text.as_str())),
    }
}

fn options(position: &Position, today: Day) -> Vec<PaymentOption> {
    let mut options: Vec<u16> = position
        .notices
        .iter()
        .map(|notice| notice.option)
        .collect();
    options.dedup();
    let option = |no: u16| {
        let notices: Vec<&Notice> = position.notices.iter().filter(|n| n.option == no).collect();
        let states: Vec<NoticeState> = notices.iter().map(|n| state(position, n, today)).collect();
        PaymentOption {
            kind: notices
                .first()
                .map_or(PaymentOptionKind::Single, |n| n.option_kind.into()),
            state: option_state(&states),
            notices: notices
                .iter()
                .map(|notice| summary(position, notice, today))
                .collect(),
            replaces: notices
                .iter()
                .take(1)
                .flat_map(|notice| &notice.replaces)
                .map(|number| NoticeNumber::new(number.as_str()))
                .collect(),
        }
    };
    options.into_iter().map(option).collect()
}

fn option_state(states: &[NoticeState]) -> PaymentOptionState {
    let paid = |s: &NoticeState| {
        matches!(
            s,
            NoticeState::Paid | NoticeState::Settled | NoticeState::PaidElsewhere
        )
    };
    let all = |wanted: NoticeState| states.iter().all(|state| *state == wanted);
    if states.iter().all(paid) {
        PaymentOptionState::Paid
    } else if states.iter().any(paid) {
        PaymentOptionState::PartiallyPaid
    } else if states.contains(&NoticeState::Open) {
        PaymentOptionState::Open
    } else if states.contains(&NoticeState::Suspended) {
        PaymentOptionState::Suspended
    } else if all(NoticeState::Draft) {
        PaymentOptionState::Draft
    } else if all(NoticeState::Cancelled) {
        PaymentOptionState::Cancelled
    } else if states.contains(&NoticeState::Excluded) {
        PaymentOptionState::Excluded
    } else {
        PaymentOptionState::Expired
    }
}

/// The state of a notice on a day: a term that has passed counts, whether or not it was written down.
pub(in crate::api) fn state(position: &Position, notice: &Notice, day: Day) -> NoticeState {
    match notice.state {
        State::Draft => NoticeState::Draft,
        State::Cancelled => NoticeState::Cancelled,
        State::Suspended => NoticeState::Suspended,
        State::Elsewhere => NoticeState::PaidElsewhere,
        State::Paid => NoticeState::Paid,
        State::Settled => NoticeState::Settled,
        State::Open | State::Expired => match position.payable_on(notice, day) {
            Ok(_) => NoticeState::Open,
            Err(NotPayable::OtherOptionPaid) => NoticeState::Excluded,
            Err(NotPayable::Withdrawn) => NoticeState::Cancelled,
            Err(NotPayable::Suspended) => NoticeState::Suspended,
            Err(NotPayable::NotPublished) => NoticeState::Draft,
            Err(NotPayable::AlreadyPaid) => NoticeState::Paid,
            Err(NotPayable::Expired | NotPayable::PlanLapsed) => NoticeState::Expired,
        },
    }
}

fn summary(position: &Position, notice: &Notice, today: Day) -> NoticeSummary {
    // What is paid keeps the price of its day; what cannot be paid shows what was asked first.
    let day = notice.paid_on.unwrap_or(today);
    let due = notice
        .schedule
        .due_on(day)
        .or_else(|| notice.schedule.due_on(position.issued_on));
    let amounts = due.map_or_else(Vec::new, |due| due.step.amounts.clone());
    let total = due.map_or_else(|| notice.schedule.nominal(), |due| due.total);
    NoticeSummary {
        notice_number: NoticeNumber::new(notice.number.as_str()),
        iuv: Iuv::new(notice.iuv().as_str()),
        description: Line140::new(notice.description.as_str()),
        due_date: notice.due_on,
        amount_cents: Cents(total.get()),
        state: state(position, notice, today),
        transfers: transfers(&notice.transfers, &amounts),
        paid_date: notice.paid_on,
    }
}

/// Who receives what, in the order of the transfers.
pub(in crate::api) fn transfers(
    drafts: &[TransferDraft],
    amounts: &[money::Cents],
) -> Vec<Transfer> {
    let amounts = amounts
        .iter()
        .copied()
        .chain(std::iter::repeat(money::Cents::ZERO));
    let transfer = |((index, draft), amount): ((u8, &TransferDraft), money::Cents)| Transfer {
        index,
        beneficiary_tax_code: CreditorTaxCode::new(draft.to.tax_code.as_str()),
        beneficiary_legal_name: Line140::new(draft.to.legal_name.as_str()),
        iban: draft.to.iban().map(|iban| Iban::new(iban.as_str())),
        stamp: draft.to.stamp().map(|stamp| StampRequest {
            document_sha256: Sha256Base64::new(stamp.document.as_str()),
            province: ProvinceCode::new(stamp.province.as_str()),
        }),
        taxonomy_code: TaxonomyCode::new(draft.to.taxonomy.to_string()),
        amount_cents: TotalCents(amount.get()),
    };
    (1u8..).zip(drafts).zip(amounts).map(transfer).collect()
}

impl From<OptionKind> for PaymentOptionKind {
    fn from(kind: OptionKind) -> PaymentOptionKind {
        match kind {
            OptionKind::Single => PaymentOptionKind::Single,
            OptionKind::Plan => PaymentOptionKind::Plan,
        }
    }
}

impl From<Summary> for PositionState {
    fn from(summary: Summary) -> PositionState {
        match summary {
            Summary::Draft => PositionState::Draft,
            Summary::Open => PositionState::Open,
            Summary::PartiallyPaid => PositionState::PartiallyPaid,
            Summary::Paid => PositionState::Paid,
            Summary::Expired => PositionState::Expired,
            Summary::Suspended => PositionState::Suspended,
            Summary::Cancelled => PositionState::Cancelled,
        }
    }
}
