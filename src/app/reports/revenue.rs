//! Revenue: by accounting key, by month, what is others' of the waste tax, and what the highway code binds.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::columns::{
    ARTICLE, CHAPTER, CLAIM, COLLECTED, OWN_SERVICE_CODE, PLAN_CODE, SERVICE_CODE, SERVICE_TITLE,
    SETTLED, TRANSFERS, column, key_cells,
};
use super::{Cell, Column, ControlTotal, Desk, Error, Period, Sink, Sum, Unit};
use crate::app::accounting::bookkeeping::{Bookkeeping, Charge, Filed};
use crate::domain::accounting::AccountingKey;
use crate::domain::fine_income::{FineDestination, by_article};
use crate::domain::money::Cents;
use crate::domain::school_expense::part_of;
use crate::domain::service::fine::{FineDetails, FineRegime, FineTerms};
use crate::store::{self, Conn};

/// Code of the kind that prices the waste tax.
const WASTE_TAX: &str = "tari";
/// Code of the kind that prices fines.
const FINE: &str = "fine";

pub(super) const BY_KEY: &[Column] = &[
    CHAPTER,
    ARTICLE,
    CLAIM.wide(14),
    PLAN_CODE,
    TRANSFERS,
    column("collected", Unit::Cents, "Riscosso", "Somma delle quote"),
    column(
        "owed_back",
        Unit::Cents,
        "Da rimborsare",
        "Di cui non dovuto e non trattenuto: pagato due volte o dopo l'annullamento",
    ),
    column("net", Unit::Cents, "Netto", "Riscosso meno da rimborsare"),
    column(
        "current",
        Unit::Cents,
        "Competenza",
        "Riscosso su accertamenti dell'anno del pagamento, o senza accertamento",
    ),
    column(
        "residual",
        Unit::Cents,
        "Residui",
        "Riscosso su accertamenti di anni precedenti",
    ),
];

pub(super) const BY_MONTH: &[Column] = &[
    column("month", Unit::Text, "Mese", "Anno e mese del pagamento").wide(8),
    SERVICE_CODE,
    SERVICE_TITLE.wide(40),
    TRANSFERS,
    COLLECTED,
    SETTLED,
];

pub(super) const WASTE_TAX_SHARES: &[Column] = &[
    OWN_SERVICE_CODE,
    column(
        "component",
        Unit::Text,
        "Componente",
        "TARI, TEFA, UR1, UR2, UR3",
    )
    .wide(12),
    column(
        "beneficiary_tax_code",
        Unit::Text,
        "CF beneficiario",
        "A chi spetta; le componenti UR si riversano a CSEA",
    )
    .wide(14),
    column(
        "beneficiary",
        Unit::Text,
        "Beneficiario",
        "Nome di chi riceve",
    )
    .wide(34),
    column(
        "payments",
        Unit::Count,
        "Pagamenti",
        "Ricevute che la contengono",
    ),
    column(
        "amount",
        Unit::Cents,
        "Importo",
        "Somma riscossa; le componenti in proporzione alle righe dell'avviso",
    ),
];

pub(super) const FINES_BY_ARTICLE: &[Column] = &[
    OWN_SERVICE_CODE,
    column(
        "article",
        Unit::Text,
        "Articolo",
        "Codice dell'articolo; vuoto per le spese",
    )
    .wide(12),
    column(
        "label",
        Unit::Text,
        "Descrizione",
        "Articolo come lo legge il cittadino",
    )
    .wide(34),
    column(
        "norm",
        Unit::Text,
        "Destinazione",
        "Norma che vincola il provento",
    )
    .wide(22),
    column("payments", Unit::Count, "Pagamenti", "Ricevute"),
    column("amount", Unit::Cents, "Riscosso", "Somma riscossa"),
    column(
        "bound",
        Unit::Cents,
        "Vincolato",
        "Parte vincolata: metà per l'art. 208, tutto per l'art. 142",
    ),
];

struct KeySums {
    collected: Sum,
    owed_back: Sum,
    residual: Sum,
}

impl KeySums {
    fn new() -> KeySums {
        let sum = Sum::new("");
        KeySums {
            collected: sum,
            owed_back: sum,
            residual: sum,
        }
    }
}

/// Component, tax code and name of who receives it, by service.
type Share = (String, &'static str, String, String);
type Shares = BTreeMap<Share, (i64, Cents)>;

/// Components of the waste tax that go on to CSEA, by the codes of their rows.
const COMPONENTS: [(&str, &str); 3] = [("ur1", "UR1"), ("ur2", "UR2"), ("ur3", "UR3")];

impl Desk<'_> {
    pub(super) fn revenue_by_key(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let books = Bookkeeping::load(conn, self.ctx, self.creditor)?;
        let mut sums = BTreeMap::<Option<AccountingKey>, KeySums>::new();
        self.each_receipt(conn, period, &mut |_, page, charges| {
            for filed in page {
                let charge = filed.position_id.and_then(|id| charges.get(&id));
                for part in books.own_parts(filed, charge)? {
                    for quota in books.owed_back(&part)? {
                        let sum = sums.entry(quota.key).or_insert_with(KeySums::new);
                        sum.owed_back.add(1, quota.amount)?;
                    }
                    for quota in part.quotas {
                        let year = filed.paid_on.year();
                        let old = quota.key.as_ref().is_some_and(|key| key.is_residual(year));
                        let sum = sums.entry(quota.key).or_insert_with(KeySums::new);
                        sum.collected.add(1, quota.amount)?;
                        if old {
                            sum.residual.add(1, quota.amount)?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        let (mut collected, mut owed_back) = (Sum::new("Riscosso"), Sum::new("Da rimborsare"));
        for (key, sum) in sums {
            let KeySums {
                collected: all,
                owed_back: back,
                residual: old,
            } = sum;
            collected.add(all.count, all.amount)?;
            owed_back.add(back.count, back.amount)?;
            let mut row = key_cells(key.as_ref()).to_vec();
            row.extend([
                Cell::Count(all.count),
                Cell::Cents(all.amount),
                Cell::Cents(back.amount),
                Cell::Cents(all.amount.minus(back.amount)?),
                Cell::Cents(all.amount.minus(old.amount)?),
                Cell::Cents(old.amount),
            ]);
            sink(row)?;
        }
        Ok(vec![collected.total(), owed_back.total()])
    }

    pub(super) fn revenue_by_month(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let mut months = BTreeMap::<(String, String), (String, Sum, Sum)>::new();
        let (mut collected, mut settled) =
            (Sum::new("Riscosso"), Sum::new("Incassato e riconciliato"));
        let rows = store::reports::revenue(conn, self.creditor, period)?;
        for row in rows.into_iter().filter(|row| self.wants(&row.service_code)) {
            let code = &row.service_code;
            let service = self.ctx.registry.service(self.creditor, code, row.day);
            let title = service.map(|service| service.title.to_string());
            let month = row.day.format("%Y-%m").to_string();
            let group = months
                .entry((month, row.service_code))
                .or_insert_with(|| (String::new(), Sum::new(""), Sum::new("")));
            group.0 = title.unwrap_or_default();
            for (sum, amount) in [(&mut group.1, row.collected), (&mut group.2, row.settled)] {
                sum.add(row.transfers, amount)?;
            }
            collected.add(row.transfers, row.collected)?;
            settled.add(row.transfers, row.settled)?;
        }
        for ((month, service), (title, of_month, on_account)) in months {
            sink(vec![
                Cell::Text(month),
                Cell::Text(service),
                Cell::Text(title),
                Cell::Count(of_month.count),
                Cell::Cents(of_month.amount),
                Cell::Cents(on_account.amount),
            ])?;
        }
        Ok(vec![collected.total(), settled.total()])
    }

    pub(super) fn waste_tax_shares(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let services = self.ctx.registry.codes_of(self.creditor, &[WASTE_TAX]);
        let mut shares = Shares::new();
        self.each_receipt(conn, period, &mut |_, page, charges| {
            for filed in page {
                let Some(code) = filed.service_code.as_ref() else {
                    continue;
                };
                if services.contains(code) {
                    let charge = filed.position_id.and_then(|id| charges.get(&id));
                    self.share_out(&mut shares, (code, filed), charge)?;
                }
            }
            Ok(())
        })?;
        let (mut town, mut others) = (Sum::new("TARI dell'ente"), Sum::new("Di altri"));
        for ((service, component, tax_code, name), (payments, amount)) in shares {
            if component == "TARI" {
                town.add(payments, amount)?;
            } else {
                others.add(payments, amount)?;
            }
            sink(vec![
                Cell::Text(service),
                component.into(),
                Cell::Text(tax_code),
                Cell::Text(name),
                Cell::Count(payments),
                Cell::Cents(amount),
            ])?;
        }
        Ok(vec![town.total(), others.total()])
    }

    /// Adds one receipt: the parts of other bodies as they stand, the components by their rows, and the rest
    /// for the town.
    fn share_out(
        &self,
        shares: &mut Shares,
        (code, filed): (&str, &Filed),
        charge: Option<&Charge>,
    ) -> Result<(), Error> {
        let mut add = |component, tax_code: &str, name: &str, amount: Cents| {
            if amount == Cents::ZERO {
                return Ok(());
            }
            let share = (
                code.to_owned(),
                component,
                tax_code.to_owned(),
                name.to_owned(),
            );
            let sum = shares.entry(share).or_insert((0, Cents::ZERO));
            sum.0 = sum.0.saturating_add(1);
            sum.1 = sum.1.plus(amount)?;
            Ok::<(), Error>(())
        };
        let service = self
            .ctx
            .registry
            .service(self.creditor, code, filed.paid_on);
        let mut own = Cents::ZERO;
        for transfer in &filed.receipt.transfers {
            if transfer.is_own_of(self.creditor) {
                own = own.plus(transfer.amount)?;
                continue;
            }
            let mut others = service.iter().flat_map(|service| service.others.values());
            let name = others.find(|to| to.tax_code == transfer.beneficiary);
            let name = name.map_or("", |to| to.legal_name.as_str());
            add("TEFA", transfer.beneficiary.as_str(), name, transfer.amount)?;
        }
        let rows = charge.map_or(&[][..], |charge| charge.rows.as_slice());
        let whole = Cents::sum(rows.iter().map(|(_, amount)| *amount))?;
        for (row, component) in COMPONENTS {
            let taken = rows.iter().filter(|(code, _)| code == row);
            let taken = Cents::sum(taken.map(|(_, amount)| *amount))?;
            if whole.is_positive() {
                let part = part_of(filed.receipt.amount, taken, whole)?.min(own);
                own = own.minus(part)?;
                add(component, "", "CSEA", part)?;
            }
        }
        let town = self.ctx.registry.creditor(self.creditor);
        let name = town.map(|town| town.legal_name.to_string());
        add(
            "TARI",
            self.creditor.as_str(),
            &name.unwrap_or_default(),
            own,
        )
    }

    pub(super) fn fines_by_article(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let services = self.ctx.registry.codes_of(self.creditor, &[FINE]);
        let mut sums = BTreeMap::<(String, Option<String>), (i64, Cents)>::new();
        self.each_receipt(conn, period, &mut |_, page, charges| {
            for filed in page {
                let stays = filed.stays()?;
                let charge = filed.position_id.and_then(|id| charges.get(&id));
                let Some(charge) = charge.filter(|charge| {
                    stays.is_positive() && services.contains(&charge.service_code)
                }) else {
                    continue;
                };
                let details = charge.details.get(FINE).cloned().unwrap_or_default();
                let details: FineDetails = serde_json::from_value(details).map_err(|why| {
                    store::Error::corrupt("position", filed.receipt.receipt_id.as_str(), why)
                })?;
                for (article, amount) in by_article(&details, &charge.rows, stays)? {
                    let key = (charge.service_code.clone(), article.map(str::to_owned));
                    let sum = sums.entry(key).or_insert((0, Cents::ZERO));
                    sum.0 = sum.0.saturating_add(1);
                    sum.1 = sum.1.plus(amount)?;
                }
            }
            Ok(())
        })?;
        let (mut paid, mut speeding, mut highway) = (
            Sum::new("Riscosso"),
            Sum::new("Vincolato art. 142"),
            Sum::new("Vincolato art. 208"),
        );
        for ((service, article), (payments, amount)) in sums {
            let (label, destination) = self.article(&service, article.as_deref(), period);
            let bound = destination.bound(amount)?;
            paid.add(payments, amount)?;
            match destination {
                FineDestination::Speeding => speeding.add(payments, bound)?,
                FineDestination::HighwayCode => highway.add(payments, bound)?,
                FineDestination::Free => {}
            }
            sink(vec![
                Cell::Text(service),
                Cell::Text(article.unwrap_or_default()),
                Cell::Text(label),
                destination.norm().into(),
                Cell::Count(payments),
                Cell::Cents(amount),
                Cell::Cents(bound),
            ])?;
        }
        Ok(vec![paid.total(), speeding.total(), highway.total()])
    }

    /// What the table of a service says of an article.
    fn article(
        &self,
        service: &str,
        article: Option<&str>,
        period: Period,
    ) -> (String, FineDestination) {
        let Some(article) = article else {
            let label = "Spese di accertamento e notificazione".to_owned();
            return (label, FineDestination::Free);
        };
        let row = self.ctx.registry.service(self.creditor, service, period.to);
        let terms = row.and_then(|row| {
            serde_json::from_value::<FineTerms>(serde_json::Value::clone(&row.terms)).ok()
        });
        let listed = terms.and_then(|terms| {
            let mut rows = terms.articles.into_iter().rev();
            rows.find(|row| row.code == article)
        });
        let regime = listed
            .as_ref()
            .map_or(FineRegime::HighwayCode, |row| row.regime);
        let label = listed.map(|row| row.label).unwrap_or_default();
        (label, FineDestination::of(article, regime))
    }
}
