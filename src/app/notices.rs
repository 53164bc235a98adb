//! Notices: what is printed, and what they cost on a day.

use crate::ctx::Ctx;
use crate::domain::calendar::Day;
use crate::domain::creditor::Creditor;
use crate::domain::document::{
    Alternative, AmountRow, DocumentCreditor, DocumentParty, NoticeDocument, NoticeTopic,
    TopicEntry,
};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::payload::{PayloadError, QrPayload};
use crate::domain::position::{Debtor, NotPayable, Notice, Position};
use crate::domain::service::{self, OptionKind};
use crate::render::notice_pdf::notice_pdf;
use crate::render::pdf::RenderError;
pub use crate::store::prices::FormerPrice;
use crate::store::{self, Conn, db::Retry};

/// What can end a use case about notices.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No notice of this creditor has this number.
    #[error("no notice has this number")]
    Unknown,
    /// It cannot be paid on that day, so there is nothing to print or to ask.
    #[error(transparent)]
    NotPayable(#[from] NotPayable),
    /// It buys a digital revenue stamp: nobody can pay it from paper.
    #[error("the notice buys a digital revenue stamp and is paid online only")]
    OnlineOnly,
    /// It cannot be written as a QR code.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// It cannot be printed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Unknown
            | Error::NotPayable(_)
            | Error::OnlineOnly
            | Error::Payload(_)
            | Error::Render(_) => false,
        }
    }
}

/// The position and the place of a notice in it.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn find(
    conn: &mut Conn,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<(Position, Notice), Error> {
    let position =
        store::positions::find_by_number(conn, creditor, number)?.ok_or(Error::Unknown)?;
    let notice = position.notice(number).cloned().ok_or(Error::Unknown)?;
    Ok((position, notice))
}

/// As [`find`], with the prices the notice had before it was priced again, oldest first.
///
/// # Errors
/// As [`find`].
pub fn find_with_former(
    conn: &mut Conn,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<(Position, Notice, Vec<FormerPrice>), Error> {
    let (position, notice) = find(conn, creditor, number)?;
    let former = store::prices::former(conn, creditor, (position.id, number))?;
    Ok((position, notice, former))
}

/// Everything that is printed on a notice, for the amount of a day, and the day it was issued.
///
/// # Errors
/// [`Error`].
pub fn document(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    number: &NoticeNumber,
    on: Day,
) -> Result<(NoticeDocument, Day), Error> {
    let (position, notice) = find(conn, creditor, number)?;
    if notice.has_stamps() {
        return Err(Error::OnlineOnly);
    }
    let creditor = ctx.registry.creditor(creditor).ok_or(Error::Unknown)?;
    let topics = topics(ctx, &position);
    let amount = position.payable_on(&notice, on)?.total;
    let qr = QrPayload::new(number.clone(), creditor.tax_code.clone(), amount)?;
    let document = NoticeDocument {
        creditor: creditor_of(&creditor),
        debtor: debtor_of(&position.debtor),
        joint_debtors: position.joint_debtors.iter().map(debtor_of).collect(),
        subject: notice.description.to_string(),
        notice_number: number.clone(),
        iuv: notice.iuv(),
        amount,
        due_on: notice.due_on,
        qr_text: qr.to_string(),
        alternatives: alternatives(&position, &notice, on),
        instalments: instalments_beside(&position, &notice),
        explanation: explanation(&position, &notice),
        whole: if topics.is_empty() {
            Vec::new()
        } else {
            amount_rows(&position)
        },
        topics,
        // Without a term the notification is still to come, and with it other prices.
        amount_may_change: notice.schedule.steps().len() > 1 || notice.due_on.is_none(),
    };
    Ok((document, position.issued_on))
}

/// What a charge has its notices say beside the amount, by the terms the position was issued with: the
/// ways to pay it first. Nothing for charges that need no more than the notice.
#[must_use]
pub fn topics(ctx: &Ctx, position: &Position) -> Vec<NoticeTopic> {
    let of_kind = || {
        let creditor = ctx.registry.creditor(&position.creditor)?;
        let code = &position.service_code;
        let row = ctx
            .registry
            .service(&creditor.tax_code, code, position.issued_on)?;
        let kind = service::kind(&row.kind)?;
        let details = position.details.get(kind.code())?;
        Some(kind.topics(details, &row.in_force(&creditor, position.issued_on)))
    };
    let of_kind = of_kind().unwrap_or_default();
    if of_kind.is_empty() {
        return of_kind;
    }
    let mut all = vec![ways_to_pay(position)];
    all.extend(of_kind);
    all
}

/// Every notice of the debt as it was first asked, by option, with its term.
fn ways_to_pay(position: &Position) -> NoticeTopic {
    let asked = position.notices.iter().filter(|n| n.replaces.is_empty());
    let line = |notice: &Notice| {
        let (amount, number) = (notice.schedule.nominal().italian(), &notice.number);
        let (code, label) = match notice.option_kind {
            OptionKind::Single => ("single", "Rata unica"),
            OptionKind::Plan => ("instalment", "Rata"),
        };
        let which = match notice.option_kind {
            OptionKind::Single => String::new(),
            OptionKind::Plan => format!("n. {}, ", notice.sequence),
        };
        let due = notice
            .due_on
            .map(|day| format!(" entro il {}", day.format("%d/%m/%Y")));
        let due = due.unwrap_or_default();
        TopicEntry::Fact {
            code,
            label,
            text: format!("{which}{amount} €{due}, avviso {number}"),
        }
    };
    NoticeTopic {
        code: "due_dates",
        title: "Importi e scadenze".to_owned(),
        entries: asked.map(line).collect(),
    }
}

/// The notice as a page, PDF/A-2a and PDF/UA-1.
///
/// # Errors
/// [`Error`].
pub fn pdf(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    number: &NoticeNumber,
    on: Day,
) -> Result<Vec<u8>, Error> {
    let (document, issued_on) = document(conn, ctx, creditor, number, on)?;
    Ok(notice_pdf(&document, issued_on)?)
}

/// The creditor as documents name it.
pub(crate) fn creditor_of(creditor: &Creditor) -> DocumentCreditor {
    DocumentCreditor {
        legal_name: creditor.legal_name.to_string(),
        office_name: creditor.office_name.as_ref().map(ToString::to_string),
        tax_code: creditor.tax_code.clone(),
        info: creditor
            .contact_lines
            .iter()
            .map(ToString::to_string)
            .collect(),
        cbill: creditor.cbill.as_ref().map(ToString::to_string),
        web_site: creditor.web_site.as_ref().map(ToString::to_string),
    }
}

fn debtor_of(debtor: &Debtor) -> DocumentParty {
    let address = debtor.address.as_ref().map_or_else(Vec::new, |address| {
        let mut town = String::new();
        if let Some(code) = &address.postal_code {
            town.push_str(code.as_str());
            town.push(' ');
        }
        town.push_str(address.city.as_str());
        if let Some(province) = &address.province {
            town.push_str(&format!(" ({province})"));
        }
        vec![address.street.to_string(), town]
    });
    DocumentParty {
        full_name: debtor.full_name.to_string(),
        tax_code: debtor.tax_code.to_string(),
        address,
    }
}

/// The other single notices of the debt that can be paid on a day.
fn alternatives(position: &Position, notice: &Notice, on: Day) -> Vec<Alternative> {
    let others = position
        .notices
        .iter()
        .filter(|n| n.option_kind == OptionKind::Single && n.option != notice.option);
    let offered = others.filter_map(|other| {
        let due = position.payable_on(other, on).ok()?;
        Some(Alternative {
            notice_number: other.number.clone(),
            reason: due.step.reason.clone(),
            amount: due.total,
        })
    });
    offered.collect()
}

/// How many instalments may be chosen instead of this single notice.
fn instalments_beside(position: &Position, notice: &Notice) -> Option<u16> {
    if notice.option_kind != OptionKind::Single || !notice.replaces.is_empty() {
        return None;
    }
    let plan = position
        .notices
        .iter()
        .filter(|n| n.option_kind == OptionKind::Plan && n.replaces.is_empty());
    plan.map(|n| n.sequence).max()
}

/// The rows explain the whole debt as the first option asks it; an instalment, or a notice that asks
/// something else, shows only itself.
fn explanation(position: &Position, notice: &Notice) -> Vec<AmountRow> {
    let explained = Cents::sum(position.rows.iter().map(|row| row.amount));
    let is_whole = explained == Ok(notice.schedule.nominal());
    if notice.option_kind != OptionKind::Single || !is_whole {
        return Vec::new();
    }
    amount_rows(position)
}

fn amount_rows(position: &Position) -> Vec<AmountRow> {
    let row = |row: &service::Row| AmountRow {
        label: row.label.clone(),
        amount: row.amount,
    };
    position.rows.iter().map(row).collect()
}
