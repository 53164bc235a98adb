//! What was paid for each child month by month: what INPS asks for to reimburse the fees of a nursery
//! (circ. 60/2025: the service and its month, the child, who is billed, who paid and how), and what other
//! bodies ask for the canteen.

use std::collections::BTreeMap;

use super::columns::{
    DEBTOR_NAME, DEBTOR_TAX_CODE, IUV, OWN_SERVICE_CODE, PAID_ON, RECEIPT_ID, SERVICE_TITLE, column,
};
use super::{Cell, Column, ControlTotal, Desk, Error, Period, Sink, Sum, Unit};
use crate::app::accounting::bookkeeping::{Charge, Filed};
use crate::domain::money::Cents;
use crate::domain::service::canteen::{CanteenDetails, parts_paid};
use crate::domain::service::generic::GenericDetails;
use crate::store::{self, Conn};

/// Kinds whose details name children and months.
const CANTEEN: &str = "canteen";
const GENERIC: &str = "generic";

pub(super) const CHILDCARE_CERTIFICATE: &[Column] = &[
    column(
        "pupil_tax_code",
        Unit::Text,
        "CF minore",
        "Codice fiscale del minore",
    )
    .wide(16),
    column(
        "pupil_name",
        Unit::Text,
        "Minore",
        "Nome, se indicato dall'ufficio",
    )
    .wide(24),
    column(
        "months",
        Unit::Text,
        "Mese",
        "Anno e mese del servizio; più mesi se l'avviso li riunisce; vuoto per i rimborsi",
    )
    .wide(8),
    OWN_SERVICE_CODE,
    SERVICE_TITLE,
    DEBTOR_TAX_CODE,
    DEBTOR_NAME,
    column(
        "payer_tax_code",
        Unit::Text,
        "CF pagatore",
        "Codice fiscale di chi ha pagato: il versante della ricevuta, altrimenti il debitore",
    )
    .wide(16),
    column(
        "payer_name",
        Unit::Text,
        "Pagatore",
        "Nome di chi ha pagato",
    )
    .wide(24),
    PAID_ON,
    RECEIPT_ID,
    IUV,
    column(
        "amount",
        Unit::Cents,
        "Pagato",
        "Somma pagata per il minore tramite pagoPA; negativa se rimborsata",
    ),
];

/// Child, month, day and identifier of the payment: the order of the rows.
type Place = (String, String, crate::domain::calendar::Day, String);

/// What a payment paid for one child.
struct Part {
    pupil: String,
    name: String,
    months: String,
    amount: Cents,
}

impl Desk<'_> {
    pub(super) fn childcare_certificate(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut paid, mut refunded) = (Sum::new("Pagato"), Sum::new("Rimborsato"));
        let mut rows = BTreeMap::<Place, Vec<Vec<Cell>>>::new();
        self.each_receipt(conn, period, &mut |_, page, charges| {
            for filed in page {
                let owed = filed.owed()?;
                let charge = filed.position_id.and_then(|id| charges.get(&id));
                let Some(charge) = charge.filter(|_| owed.is_positive()) else {
                    continue;
                };
                for part in self.parts(filed, charge)? {
                    paid.add(1, part.amount)?;
                    let receipt_id = filed.receipt.receipt_id.clone();
                    let place = (
                        part.pupil.clone(),
                        part.months.clone(),
                        filed.paid_on,
                        receipt_id,
                    );
                    let row = self.row(filed, charge, part);
                    rows.entry(place).or_default().push(row);
                }
            }
            Ok(())
        })?;
        for refund in store::canteen::bill_refunds(conn, self.creditor, period)? {
            refunded.add(1, refund.amount)?;
            let text = |text: &str| Cell::Text(text.to_owned());
            let row = vec![
                text(&refund.pupil_tax_code),
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                text(refund.payee.as_str()),
                Cell::Empty,
                Cell::Day(refund.paid_on),
                text(&refund.receipt_id),
                Cell::Empty,
                Cell::Cents(refund.amount.negated()),
            ];
            let place = (
                refund.pupil_tax_code,
                String::new(),
                refund.paid_on,
                refund.receipt_id,
            );
            rows.entry(place).or_default().push(row);
        }
        for row in rows.into_values().flatten() {
            sink(row)?;
        }
        Ok(vec![paid.total(), refunded.total()])
    }

    /// What a payment paid for each child it names.
    fn parts(&self, filed: &Filed, charge: &Charge) -> Result<Vec<Part>, Error> {
        let corrupt = |why: serde_json::Error| {
            store::Error::corrupt("position", filed.receipt.receipt_id.as_str(), why)
        };
        if let Some(bill) = charge.details.get(CANTEEN) {
            let details: CanteenDetails = serde_json::from_value(bill.clone()).map_err(corrupt)?;
            let months = details.months.iter();
            let months: Vec<String> = months.map(|one| month((one.year, one.month))).collect();
            let rows: Vec<(&str, Cents)> = charge
                .rows
                .iter()
                .map(|(code, amount)| (code.as_str(), *amount))
                .collect();
            let parts = parts_paid(&details, &rows, filed.owed()?)?;
            let part =
                |(share, amount): (crate::domain::service::canteen::PupilShare<'_>, _)| Part {
                    pupil: share.pupil_tax_code.to_owned(),
                    name: share.pupil_name.unwrap_or_default().to_owned(),
                    months: months.join(" "),
                    amount,
                };
            return Ok(parts.into_iter().map(part).collect());
        }
        let Some(fee) = charge.details.get(GENERIC) else {
            return Ok(Vec::new());
        };
        let details: GenericDetails = serde_json::from_value(fee.clone()).map_err(corrupt)?;
        let Some(of) = details.attendance else {
            return Ok(Vec::new());
        };
        let transfers = filed.receipt.transfers.iter();
        let own = transfers.filter(|transfer| transfer.is_own_of(self.creditor));
        let own = Cents::sum(own.map(|transfer| transfer.amount))?;
        Ok(vec![Part {
            pupil: of.pupil_tax_code,
            name: of.pupil_name.unwrap_or_default(),
            months: month((of.year, of.month)),
            amount: own.minus(filed.undue()?)?,
        }])
    }

    fn row(&self, filed: &Filed, charge: &Charge, part: Part) -> Vec<Cell> {
        let receipt = &filed.receipt;
        let payer = receipt.payer.as_ref().unwrap_or(&receipt.debtor);
        let code = charge.service_code.as_str();
        let service = self
            .ctx
            .registry
            .service(self.creditor, code, filed.paid_on);
        vec![
            Cell::Text(part.pupil),
            Cell::Text(part.name),
            Cell::Text(part.months),
            Cell::Text(charge.service_code.clone()),
            service.map_or(Cell::Empty, |service| Cell::Text(service.title.to_string())),
            Cell::Text(charge.debtor_tax_code.clone()),
            Cell::Text(charge.debtor_name.clone()),
            Cell::Text(payer.tax_code.to_string()),
            Cell::Text(payer.full_name.clone()),
            Cell::Day(filed.paid_on),
            Cell::Text(receipt.receipt_id.clone()),
            Cell::Text(receipt.iuv.to_string()),
            Cell::Cents(part.amount),
        ]
    }
}

/// `2026-03`.
fn month((year, month): (i64, i64)) -> String {
    format!("{year}-{month:02}")
}
