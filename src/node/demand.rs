//! A payment that begins at a provider: the service's document in, a notice out.

use std::collections::BTreeMap;

use super::fault::Refusal;
use super::{cents, payment};
use crate::app::demands;
use crate::ctx::Ctx;
use crate::domain::creditor::Creditor;
use crate::domain::demand::Demand;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::position::{Debtor, DebtorKind};
use crate::domain::text::Text;
use crate::wire::pa_for_node::{
    DemandReq, DemandRes, GeneralService, PersonKind, QrCode, Response, general_service,
};

/// Answers `paDemandPaymentNotice`.
pub(super) async fn answer(
    ctx: &Ctx,
    creditor: &Creditor,
    request: &DemandReq,
) -> Result<Response, Refusal> {
    let service = demands::offered(ctx, &creditor.tax_code, &request.service)?;
    let document = general_service(&request.details)?;
    let payable = demands::demand(ctx, &creditor.tax_code, &service, &read(document)?).await?;
    Ok(Response::Demand(DemandRes {
        qr_code: QrCode {
            fiscal_code: creditor.tax_code.to_string(),
            notice_number: payable.notice.number.to_string(),
        },
        due: payment::due(creditor, &payable, ctx.today())?,
    }))
}

fn read(document: GeneralService) -> Result<Demand, Refusal> {
    let debtor = Debtor {
        kind: match document.debtor_kind {
            PersonKind::Natural => DebtorKind::Person,
            PersonKind::Legal => DebtorKind::Body,
        },
        tax_code: FiscalCode::parse(&document.debtor_code)
            .map_err(|_code| Refusal::Semantics("debtor/uniqueIdentifier"))?,
        full_name: Text::parse(&document.debtor_name)
            .map_err(|_text| Refusal::Semantics("debtor/fullName"))?,
        address: None,
        email: document
            .debtor_email
            .and_then(|email| Text::parse(&email).ok()),
    };
    Ok(Demand {
        debtor,
        amount: document.amount.as_ref().map(cents).transpose()?,
        answers: document.answers.into_iter().collect::<BTreeMap<_, _>>(),
    })
}
