//! Laws between reports: what two of them say of the same money is the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The reports that the laws are about, and the days they are asked for: from these until a day that no due
/// date passes.
pub(crate) const NAMES: [&str; 18] = [
    "receipts",
    "receipts-by-day",
    "transfers",
    "revenue-by-service",
    "revenue-by-month",
    "revenue-by-key",
    "waste-tax-shares",
    "fines-by-article",
    "due-dates",
    "doubtful-claims",
    "settlement-flows",
    "flow-reconciliation",
    "treasury-entries",
    "provisional-credits",
    "provisional-payments",
    "collection-orders",
    "childcare-certificate",
    "clearing-accounts",
];
pub(crate) const DAYS: &str = "from_date=2020-01-01&to_date=2035-12-31";

/// The rows of every report, by name, each with its totals as the last; and the answer of `/aging`.
pub(crate) struct Books(
    pub(crate) BTreeMap<&'static str, Vec<Value>>,
    pub(crate) Value,
);

impl Books {
    /// The rows of a report as JSON Lines.
    pub(crate) fn rows(lines: &str) -> Vec<Value> {
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn of(&self, report: &str) -> &[Value] {
        let (_totals, rows) = self.0[report].split_last().unwrap();
        rows
    }

    fn sum_where(&self, report: &str, column: &str, wanted: impl Fn(&Value) -> bool) -> i64 {
        let rows = self.of(report).iter().filter(|row| wanted(row));
        rows.map(|row| row[column].as_i64().unwrap()).sum()
    }

    fn sum(&self, report: &str, column: &str) -> i64 {
        self.sum_where(report, column, |_| true)
    }

    fn total(&self, report: &str, label: &str) -> i64 {
        let totals = self.0[report].last().unwrap()["control_totals"]
            .as_array()
            .unwrap();
        let found = totals.iter().find(|total| total["label"] == label);
        found.unwrap_or_else(|| panic!("{report}: {label}"))["amount_cents"]
            .as_i64()
            .unwrap()
    }

    fn values<'b>(&'b self, report: &str, column: &str) -> BTreeSet<&'b str> {
        self.of(report)
            .iter()
            .filter_map(|row| row[column].as_str())
            .collect()
    }

    /// Sums of a column by another.
    fn by(&self, report: &str, keys: [&str; 2], column: &str) -> BTreeMap<[String; 2], i64> {
        let mut sums = BTreeMap::new();
        for row in self.of(report) {
            let key = keys.map(|key| row[key].as_str().unwrap_or_default().to_owned());
            *sums.entry(key).or_insert(0) += row[column].as_i64().unwrap();
        }
        sums
    }

    /// Every law.
    pub(crate) fn hold(&self) {
        self.revenue();
        self.destinations();
        self.claims();
        self.cash();
        self.provisional_credits();
        self.clearing();
    }

    fn revenue(&self) {
        let own = self.sum("receipts", "own_amount");
        for (report, column) in [
            ("receipts-by-day", "own_amount"),
            ("transfers", "amount"),
            ("revenue-by-service", "collected"),
            ("revenue-by-month", "collected"),
            ("revenue-by-key", "collected"),
        ] {
            assert_eq!(self.sum(report, column), own, "{report}");
        }
        assert_eq!(self.total("receipts", "Di cui dell'ente"), own);
        assert_eq!(
            self.sum("receipts-by-day", "amount"),
            self.sum("receipts", "amount")
        );
        assert_eq!(
            self.sum("receipts-by-day", "receipts"),
            i64::try_from(self.of("receipts").len()).unwrap()
        );
        assert_eq!(
            self.sum("revenue-by-month", "settled"),
            self.sum("revenue-by-service", "settled")
        );
        let net = self.sum("revenue-by-key", "net");
        assert_eq!(net + self.sum("revenue-by-key", "owed_back"), own);
        assert_eq!(
            self.sum("revenue-by-key", "current") + self.sum("revenue-by-key", "residual"),
            own
        );
        assert_eq!(
            self.sum("receipts", "owed_back"),
            self.sum("revenue-by-key", "owed_back")
        );
        // Nothing is owed back of what was paid as it should.
        let odd = |row: &Value| row["anomaly"].is_string();
        assert_eq!(
            self.sum_where("receipts", "owed_back", odd),
            self.sum("receipts", "owed_back")
        );
    }

    /// The waste tax and the fines go where they belong to the last cent.
    fn destinations(&self) {
        let tax = self.values("waste-tax-shares", "service_code");
        let of_tax = |row: &Value| tax.contains(row["service_code"].as_str().unwrap());
        assert_eq!(
            self.sum("waste-tax-shares", "amount"),
            self.sum_where("receipts", "amount", of_tax)
        );
        let fines = self.values("fines-by-article", "service_code");
        let of_fines = |row: &Value| fines.contains(row["service_code"].as_str().unwrap());
        assert_eq!(
            self.sum("fines-by-article", "amount"),
            self.sum_where("receipts", "amount", of_fines)
                - self.sum_where("receipts", "owed_back", of_fines)
        );
        let paid = self.total("childcare-certificate", "Pagato")
            - self.total("childcare-certificate", "Rimborsato");
        assert_eq!(self.sum("childcare-certificate", "amount"), paid);
    }

    /// What was collected of claims is what receipts brought for notices of ours and nobody gets back.
    fn claims(&self) {
        let ours = |row: &Value| row["service_code"] != "";
        let collected = self.sum_where("receipts", "own_amount", ours)
            - self.sum_where("receipts", "owed_back", ours);
        let due = |column: &str| self.sum("due-dates", column);
        assert_eq!(
            due("collected_current") + due("collected_residual"),
            collected
        );
        assert_eq!(due("assessed"), collected + due("open"));
        let year = |row: &Value| row["row"] == "esercizio";
        for column in ["assessed", "open", "collected_current"] {
            assert_eq!(
                self.sum_where("doubtful-claims", column, year),
                due(column),
                "{column}"
            );
        }
        assert_eq!(self.total("due-dates", "Da riscuotere"), due("open"));
    }

    fn cash(&self) {
        assert_eq!(
            self.sum("flow-reconciliation", "amount"),
            self.sum("settlement-flows", "computed")
        );
        let missing =
            self.sum("settlement-flows", "computed") - self.sum("settlement-flows", "cash");
        assert_eq!(self.sum("settlement-flows", "missing"), missing);
        assert_eq!(
            self.total("treasury-entries", "Abbinato a flussi"),
            self.sum("settlement-flows", "cash")
        );
    }

    /// The clearing accounts are the lines behind them: what the ledger says, and what the other reports miss.
    fn clearing(&self) {
        let accounts = self.1["clearing_accounts"].as_array().unwrap();
        assert_eq!(accounts.len(), 3);
        for account in accounts {
            let name = account["account"].as_str().unwrap();
            let lines = self.sum_where("clearing-accounts", "amount", |row| row["account"] == name);
            assert_eq!(account["balance_cents"], lines, "{name}");
        }
        let announced = |row: &Value| row["account"] == "announced";
        assert_eq!(
            self.sum_where("clearing-accounts", "amount", announced),
            self.sum("settlement-flows", "missing")
        );
    }

    /// The rows of a provisional credit are the credit: payments, orders, and what nothing explains.
    fn provisional_credits(&self) {
        let key = ["year", "provisional"];
        let credits = self.by("provisional-credits", key, "amount");
        let mut explained = self.by("provisional-credits", key, "explained");
        explained.retain(|_, amount| *amount != 0);
        assert_eq!(self.by("provisional-payments", key, "amount"), explained);
        assert_eq!(self.by("collection-orders", key, "amount"), credits);
        assert_eq!(
            self.sum("provisional-credits", "explained")
                + self.sum("provisional-credits", "unexplained"),
            self.sum("provisional-credits", "amount")
        );
    }
}
