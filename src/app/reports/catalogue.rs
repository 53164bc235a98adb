//! Which reports there are: the name, the title and the columns of each, defined once.

use super::{
    Narrowing, cash, childcare, clearing, columns, orders, payments, receivables, revenue,
    revisions,
};
use crate::render::csv::Column;
use crate::render::report::Chart;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// Receipts by day of payment and service.
    ReceiptsByDay,
    /// Receipts, one by one.
    Receipts,
    /// What was paid for the creditor, transfer by transfer and accounting key by accounting key.
    Transfers,
    /// Flows in force, row by row, with where each row has ended.
    FlowReconciliation,
    /// Flows in force, one by one, with their cash.
    SettlementFlows,
    /// What newer revisions of flows changed, and what orders cover already.
    FlowRevisions,
    /// Movements on the accounts, one by one.
    TreasuryEntries,
    /// Provisional credits, held against their flows and payments.
    ProvisionalCredits,
    /// Who paid what is in a provisional credit.
    ProvisionalPayments,
    /// Collection orders that are proposed for provisional credits.
    CollectionOrders,
    /// Lines of money that are not matched, oldest first.
    NotReconciled,
    /// What the clearing accounts hold, line by line.
    ClearingAccounts,
    /// Own revenue by service and accounting key.
    RevenueByService,
    /// Own revenue by chapter, claim and account.
    RevenueByKey,
    /// Own revenue by service and month.
    RevenueByMonth,
    /// What was paid of the waste tax: for the town, the Province, the components.
    WasteTaxShares,
    /// What was paid of fines, by article.
    FinesByArticle,
    /// What was recorded, collected and is open, by how long ago it fell due.
    DueDates,
    /// What is collected of claims year by year, and what is set aside for the rest.
    DoubtfulClaims,
    /// What each payer paid for each pupil's canteen.
    CanteenCertificate,
    /// What was paid for each child month by month.
    ChildcareCertificate,
}

/// What is said of a report.
struct About {
    name: &'static str,
    title: &'static str,
    columns: &'static [Column],
}

const fn about(name: &'static str, title: &'static str, columns: &'static [Column]) -> About {
    About {
        name,
        title,
        columns,
    }
}

impl Name {
    /// Every report.
    pub const ALL: &'static [Name] = &[
        Name::ReceiptsByDay,
        Name::Receipts,
        Name::Transfers,
        Name::FlowReconciliation,
        Name::SettlementFlows,
        Name::FlowRevisions,
        Name::TreasuryEntries,
        Name::ProvisionalCredits,
        Name::ProvisionalPayments,
        Name::CollectionOrders,
        Name::NotReconciled,
        Name::ClearingAccounts,
        Name::RevenueByService,
        Name::RevenueByKey,
        Name::RevenueByMonth,
        Name::WasteTaxShares,
        Name::FinesByArticle,
        Name::DueDates,
        Name::DoubtfulClaims,
        Name::CanteenCertificate,
        Name::ChildcareCertificate,
    ];

    #[expect(clippy::too_many_lines, reason = "a few lines for each report")]
    fn about(self) -> About {
        use columns as c;
        match self {
            Name::ReceiptsByDay => about(
                "receipts-by-day",
                "Ricevute per giorno e servizio",
                c::RECEIPTS_BY_DAY,
            ),
            Name::Receipts => about("receipts", "Ricevute", payments::RECEIPTS),
            Name::Transfers => about(
                "transfers",
                "Versamenti per chiave contabile",
                payments::TRANSFERS,
            ),
            Name::FlowReconciliation => about(
                "flow-reconciliation",
                "Riconciliazione dei flussi",
                c::FLOW_RECONCILIATION,
            ),
            Name::SettlementFlows => about(
                "settlement-flows",
                "Flussi di rendicontazione",
                cash::SETTLEMENT_FLOWS,
            ),
            Name::FlowRevisions => about(
                "flow-revisions",
                "Differenze fra versioni dei flussi",
                revisions::FLOW_REVISIONS,
            ),
            Name::TreasuryEntries => about(
                "treasury-entries",
                "Movimenti di tesoreria",
                cash::TREASURY_ENTRIES,
            ),
            Name::ProvisionalCredits => about(
                "provisional-credits",
                "Copertura dei provvisori",
                orders::PROVISIONAL_CREDITS,
            ),
            Name::ProvisionalPayments => about(
                "provisional-payments",
                "Chi ha pagato i provvisori",
                orders::PROVISIONAL_PAYMENTS,
            ),
            Name::CollectionOrders => about(
                "collection-orders",
                "Proposta di reversali",
                orders::COLLECTION_ORDERS,
            ),
            Name::NotReconciled => about(
                "not-reconciled",
                "Partite non riconciliate",
                c::NOT_RECONCILED,
            ),
            Name::ClearingAccounts => about(
                "clearing-accounts",
                "Conti transitori",
                clearing::CLEARING_ACCOUNTS,
            ),
            Name::RevenueByService => about(
                "revenue-by-service",
                "Entrate per servizio",
                c::REVENUE_BY_SERVICE,
            ),
            Name::RevenueByKey => about(
                "revenue-by-key",
                "Entrate per capitolo e accertamento",
                revenue::BY_KEY,
            ),
            Name::RevenueByMonth => about(
                "revenue-by-month",
                "Entrate per servizio e mese",
                revenue::BY_MONTH,
            ),
            Name::WasteTaxShares => about(
                "waste-tax-shares",
                "TARI, TEFA e componenti perequative",
                revenue::WASTE_TAX_SHARES,
            ),
            Name::FinesByArticle => about(
                "fines-by-article",
                "Sanzioni riscosse per articolo",
                revenue::FINES_BY_ARTICLE,
            ),
            Name::DueDates => about(
                "due-dates",
                "Scadenzario e morosità",
                receivables::DUE_DATES,
            ),
            Name::DoubtfulClaims => about(
                "doubtful-claims",
                "Capacità di riscossione e FCDE",
                receivables::DOUBTFUL_CLAIMS,
            ),
            Name::CanteenCertificate => about(
                "canteen-certificate",
                "Spese di mensa per alunno e pagatore",
                c::CANTEEN_CERTIFICATE,
            ),
            Name::ChildcareCertificate => about(
                "childcare-certificate",
                "Spese per i servizi all'infanzia, mese per mese",
                childcare::CHILDCARE_CERTIFICATE,
            ),
        }
    }

    /// The name in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.about().name
    }

    /// What people call it, in Italian.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.about().title
    }

    /// The columns, in order.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        self.about().columns
    }

    /// Whether it can be narrowed so.
    #[must_use]
    pub fn takes(self, narrowing: Narrowing) -> bool {
        let takes: &[Narrowing] = match self {
            Name::FlowReconciliation => &[Narrowing::Flow],
            Name::ProvisionalPayments => {
                &[Narrowing::Flow, Narrowing::Provisional, Narrowing::Service]
            }
            Name::ProvisionalCredits | Name::CollectionOrders => &[Narrowing::Provisional],
            Name::ReceiptsByDay
            | Name::Receipts
            | Name::Transfers
            | Name::RevenueByService
            | Name::RevenueByKey
            | Name::RevenueByMonth
            | Name::WasteTaxShares
            | Name::FinesByArticle
            | Name::DueDates
            | Name::DoubtfulClaims => &[Narrowing::Service],
            Name::NotReconciled => &[Narrowing::Flag],
            Name::SettlementFlows
            | Name::FlowRevisions
            | Name::TreasuryEntries
            | Name::ClearingAccounts
            | Name::CanteenCertificate
            | Name::ChildcareCertificate => &[],
        };
        takes.contains(&narrowing)
    }

    /// What is drawn of it.
    #[must_use]
    pub fn chart(self) -> Option<Chart> {
        (self == Name::RevenueByMonth).then_some(Chart {
            category: "month",
            series: "service_code",
            value: "collected",
        })
    }
}
