//! The summary that a mayor understands: text for people, JSON for programs. No times in it, so that two
//! runs can be compared.

use avviso::domain::money::Cents;
use avviso::domain::reconciliation::{Code, Group};
use serde_json::{Value, json};

use super::Told;
use super::anomalies::Comparison;
use super::books::Sum;

/// Everything that is told at the end.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    pub(crate) town: &'a str,
    pub(crate) told: &'a Told,
    pub(crate) differences: &'a [String],
    /// What went wrong, held against what the books say.
    pub(crate) anomalies: &'a Comparison,
    /// Whether `avviso audit` found the books in order, and what it said.
    pub(crate) audit: &'a (bool, String),
}

impl Summary<'_> {
    /// Whether the year is as it should be.
    pub(crate) fn good(&self) -> bool {
        self.differences.is_empty() && self.anomalies.differences.is_empty() && self.audit.0
    }

    /// The text, in Italian.
    pub(crate) fn text(&self) -> String {
        let Summary { town, told, .. } = self;
        let (books, truth) = (&told.books, &told.truth);
        let mut page = Page::default();
        page.title(&format!("{town}: un anno di avvisi, {}", super::year::YEAR));
        page.row("Avvisi emessi", books.notices, None);
        page.sum("  per posizioni debitorie", books.positions);
        page.sum("Pagati", books.paid);
        page.sum(
            "Riconciliati (ricevuta, rendiconto e cassa)",
            books.reconciled,
        );
        page.sum("Aperti, ancora da pagare", books.open);
        page.row(
            "Non più necessari (pagata l'altra soluzione)",
            books.superseded,
            None,
        );
        page.row("Ritirati", books.withdrawn, None);
        page.title("Movimenti di denaro");
        page.sum("Ricevute", books.receipts);
        page.row(
            "  di cui per avvisi pagati due volte",
            truth.notices_paid_twice,
            None,
        );
        page.sum("Rendiconti dei prestatori (flussi)", books.flows);
        page.row("  righe dei rendiconti", books.flow_rows, None);
        page.sum("Accrediti in tesoreria", books.credits);
        page.sum("Da rimborsare ai cittadini", books.refunds);
        page.title("Righe per esito della riconciliazione");
        for (group, heading) in [
            (Group::Ok, "in ordine"),
            (Group::Pending, "in attesa"),
            (Group::Anomaly, "da guardare"),
            (Group::Closed, "chiuse"),
            (Group::Neutral, "non nostre"),
        ] {
            for code in Code::ALL.iter().filter(|code| code.group() == group) {
                let name = code.as_str().to_ascii_lowercase();
                if let Some(sum) = books.codes.get(&name) {
                    page.sum(&format!("  {heading}: {}", code.label()), *sum);
                }
            }
        }
        page.row("Righe senza spiegazione", books.unexplained, None);
        page.title("Inconvenienti accaduti nell'anno");
        for (name, label) in MISHAPS {
            page.row(&format!("  {label}"), self.happened(name), None);
        }
        self.verdicts(&mut page);
        page.0
    }

    /// How often something went wrong in this way.
    fn happened(&self, kind: &str) -> u64 {
        let all = self.told.injected.iter();
        let of_kind = all.filter(|injected| injected.kind() == kind).count();
        u64::try_from(of_kind).unwrap_or(u64::MAX)
    }

    /// Whether the books agree with the node and with themselves, and know what went wrong.
    fn verdicts(&self, page: &mut Page) {
        page.title("Verifiche");
        match self.differences {
            [] => page.line("Libri uguali a quelli del nodo dei pagamenti: sì"),
            differences => {
                page.line("Libri uguali a quelli del nodo dei pagamenti: NO");
                differences
                    .iter()
                    .for_each(|difference| page.line(&format!("  {difference}")));
            }
        }
        let Comparison {
            injected,
            accounted,
            causeless,
            differences,
        } = self.anomalies;
        page.line(&format!(
            "Inconvenienti ritrovati nei libri: {accounted} su {injected}; anomalie senza causa: {causeless}"
        ));
        differences
            .iter()
            .for_each(|difference| page.line(&format!("  {difference}")));
        page.line(&format!(
            "Quadratura dei libri (audit): {}",
            if self.audit.0 { "in ordine" } else { "NO" }
        ));
        if !self.audit.0 {
            page.line(self.audit.1.trim());
        }
    }

    /// The same as JSON.
    pub(crate) fn json(&self) -> Value {
        json!({
            "town": self.town,
            "year": super::year::YEAR,
            "books": self.told.books,
            "notices_paid_twice": self.told.truth.notices_paid_twice,
            "mischief": MISHAPS.iter().map(|(kind, _)| (*kind, self.happened(kind)))
                .collect::<std::collections::BTreeMap<_, _>>(),
            "mischief_accounted": self.anomalies.accounted,
            "mischief_differences": self.anomalies.differences,
            "differences": self.differences,
            "audit_clean": self.audit.0,
        })
    }
}

const MISHAPS: [(&str, &str); 9] = [
    ("double_payment", "avvisi pagati due volte"),
    ("lost_receipt", "ricevute smarrite e recuperate"),
    ("late_payment", "pagamenti dopo la scadenza"),
    (
        "paid_after_withdrawal",
        "pagamenti dopo il ritiro dell'avviso",
    ),
    ("lost_answer", "risposte perdute, ricevute ripetute"),
    ("late_outcome", "esiti arrivati a sessione scaduta"),
    ("flow_wrong_sum", "flussi con la somma sbagliata"),
    ("flow_revised", "flussi rinviati completi"),
    ("cash_split", "accrediti divisi in due"),
];

/// Width of the labels.
const LABEL: usize = 58;

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn title(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.line(text);
        self.line(&"─".repeat(LABEL + 28));
    }

    fn sum(&mut self, label: &str, sum: Sum) {
        self.row(label, sum.count, Some(sum.cents));
    }

    fn row(&mut self, label: &str, count: u64, cents: Option<i64>) {
        let count = grouped(count);
        let euro = cents.map_or_else(String::new, |cents| format!("{} €", euro(cents)));
        let row = format!("{label:<LABEL$}{count:>10}{euro:>18}");
        self.line(row.trim_end());
    }
}

/// `25.000`.
pub(crate) fn grouped(count: u64) -> String {
    let euro = euro(i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(100));
    euro.strip_suffix(",00").unwrap_or(&euro).to_owned()
}

/// `1.234,50`.
fn euro(cents: i64) -> String {
    Cents::new(cents).map_or_else(|_too_large| format!("{cents} cent"), Cents::italian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_as_in_italy() {
        assert_eq!(
            (grouped(0), grouped(25_000)),
            ("0".to_owned(), "25.000".to_owned())
        );
        assert_eq!(euro(123_456_789), "1.234.567,89");
    }

    #[test]
    fn the_columns_of_a_page_stand_under_each_other() {
        let mut page = Page::default();
        page.sum(
            "Pagati",
            Sum {
                count: 18_000,
                cents: 123_456,
            },
        );
        page.row("Ritirati", 7, None);
        let ends: Vec<usize> = page
            .0
            .lines()
            .map(|line| line.chars().position(|c| c.is_ascii_digit()).unwrap())
            .collect();
        assert_eq!(ends, [LABEL + 4, LABEL + 9]);
    }
}
