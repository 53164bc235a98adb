//! The clearing accounts line by line: what has not come back to zero, since when, and what it waits for.

use std::collections::BTreeMap;

use super::columns::{IUV, LINE_CODE, SERVICE_CODE, column};
use super::{Cell, Column, ControlTotal, Desk, Error, Period, Sink, Sum, Unit};
use crate::app::clearing::{self, Line};
use crate::domain::clearing::CLEARING;
use crate::domain::ledger::Account;
use crate::domain::reconciliation::{AgeBucket, Code, LineKind, LineRef};
use crate::store::{self, Conn};

pub(super) const CLEARING_ACCOUNTS: &[Column] = &[
    column(
        "account",
        Unit::Text,
        "Conto",
        "in_transit, announced o unexplained_cash",
    )
    .wide(16),
    column(
        "day",
        Unit::Day,
        "Dal",
        "Giorno del pagamento, del bonifico del flusso o del movimento",
    ),
    column("age_days", Unit::Count, "Giorni", "Giorni trascorsi a oggi"),
    column("age_bucket", Unit::Text, "Fascia", "0-3, 4-10, 11-30, 30+").wide(6),
    column("source", Unit::Text, "Tipo", "receipt, flow o provisional").wide(11),
    column(
        "line",
        Unit::Text,
        "Riga",
        "Ricevuta/indice, PSP/flusso (anche più d'uno, se l'accredito è unico) o anno/conto/numero",
    )
    .wide(34),
    column("notice_number", Unit::Text, "Avviso", "Numero dell'avviso").wide(18),
    IUV,
    SERVICE_CODE,
    column(
        "beneficiary_tax_code",
        Unit::Text,
        "CF beneficiario",
        "A chi spetta",
    )
    .wide(14),
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Quanto conta nel saldo del conto; i contanti non spiegati contano in avere, sotto zero",
    ),
    column(
        "waits_for",
        Unit::Text,
        "In attesa di",
        "flow, revision, transfer, rest, excess, explanation o reversed",
    )
    .wide(11),
    column(
        "waits_for_label",
        Unit::Text,
        "Che cosa manca",
        "Che cosa riporta a zero la riga",
    )
    .wide(30),
    LINE_CODE,
];

impl Desk<'_> {
    pub(super) fn clearing_accounts(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut sums = CLEARING.map(|account| (account, Sum::new(label(account))));
        clearing::lines::<Error>(conn, self.creditor, period, &mut |conn, lines| {
            let codes = self.codes_of(conn, lines)?;
            for line in lines {
                for (_, sum) in sums.iter_mut().filter(|(of, _)| *of == line.account) {
                    sum.add(1, line.amount)?;
                }
                let code = line.reconciled_as.as_ref().and_then(|of| codes.get(of));
                sink(self.clearing_row(line, code.copied()))?;
            }
            Ok(())
        })?;
        Ok(sums.map(|(_, sum)| sum.total()).to_vec())
    }

    /// The codes of lines that reconciliation knows.
    fn codes_of(&self, conn: &mut Conn, lines: &[Line]) -> Result<BTreeMap<LineRef, Code>, Error> {
        let mut codes = BTreeMap::new();
        for kind in [LineKind::Receipt, LineKind::Treasury] {
            let known = lines.iter().filter_map(|line| line.reconciled_as.as_ref());
            let keys: Vec<&str> = known
                .filter(|of| of.kind == kind)
                .map(|of| of.key.as_str())
                .collect();
            let found = store::reconciliation::of_lines(conn, self.creditor, kind, &keys)?;
            let found = found.into_iter();
            codes.extend(found.map(|filed| (filed.line, filed.verdict.code)));
        }
        Ok(codes)
    }

    fn clearing_row(&self, line: &Line, code: Option<Code>) -> Vec<Cell> {
        let age = self.today.signed_duration_since(line.day).num_days().max(0);
        let (notice, iuv) = line.notice.clone().unwrap_or_default();
        vec![
            line.account.as_str().into(),
            Cell::Day(line.day),
            Cell::Count(age),
            AgeBucket::of(age).as_str().into(),
            line.source.as_str().into(),
            Cell::Text(line.key.clone()),
            Cell::Text(notice),
            Cell::Text(iuv),
            Cell::Text(line.service_code.clone().unwrap_or_default()),
            Cell::Text(line.beneficiary.to_string()),
            Cell::Cents(line.amount),
            line.awaited.as_str().into(),
            line.awaited.label().into(),
            code.map_or(Cell::Empty, |code| code.as_str().into()),
        ]
    }
}

fn label(account: Account) -> &'static str {
    match account {
        Account::InTransit => "In transito",
        Account::Announced => "Rendicontato e non accreditato",
        Account::UnexplainedCash => "Incassato e non spiegato",
        Account::Receivable
        | Account::RevenueDue
        | Account::Bank
        | Account::OutsideCash
        | Account::ThirdParties
        | Account::Refunds => "",
    }
}
