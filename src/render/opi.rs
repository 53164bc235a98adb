//! Collection orders as the treasurer's systems read them: `reversale` elements of OPI's
//! `flusso_ordinativi`, without the head that only the office's accounting system can fill.
//!
//! Names and order are those of the schema; `docs/collection-orders.md` lists them.

use std::fmt::Write as _;

use crate::domain::calendar::{Day, Instant};
use crate::domain::money::Cents;

/// What stands above the orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersHead {
    /// Tax code of the creditor.
    pub creditor: String,
    /// Its name.
    pub creditor_name: String,
    /// Financial year.
    pub year: i32,
    /// When the file was made.
    pub made_at: Instant,
}

/// One order (*reversale*) with one payer and one provisional credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// `numero_reversale`.
    pub number: i64,
    /// `data_reversale`.
    pub day: Day,
    /// `conto_evidenza`.
    pub account: String,
    /// `importo_reversale`.
    pub amount: Cents,
    /// `codice_cge`: the SIOPE code.
    pub siope: String,
    /// `anagrafica_versante`.
    pub payer: String,
    /// `causale`.
    pub remittance: String,
    /// `numero_provvisorio`.
    pub provisional: i64,
    /// Chapter, article, year and number of the claim: at the office's own disposal.
    pub budget: Vec<(&'static str, String)>,
}

/// Longest `anagrafica_versante`.
const PAYER_CHARS_MAX: usize = 140;
/// Longest `causale`.
const REMITTANCE_CHARS_MAX: usize = 370;

/// Writes the file.
#[must_use]
pub fn print(head: &OrdersHead, orders: &[Order]) -> String {
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    xml.within("flusso_ordinativi", |xml| {
        let at = head.made_at.format("%Y-%m-%dT%H:%M:%S").to_string();
        xml.text("data_ora_creazione_flusso", &at);
        xml.text("codice_ente", &head.creditor);
        xml.text("descrizione_ente", &head.creditor_name);
        xml.text("codice_fiscale_ente", &head.creditor);
        xml.text("esercizio", &head.year.to_string());
        for order in orders {
            xml.within("reversale", |xml| reversale(xml, order));
        }
    });
    xml.0
}

fn reversale(xml: &mut Xml, order: &Order) {
    let amount = order.amount.to_string();
    xml.text("tipo_operazione", "INSERIMENTO");
    xml.text("numero_reversale", &order.number.to_string());
    xml.text("data_reversale", &order.day.to_string());
    xml.text("importo_reversale", &amount);
    xml.text("conto_evidenza", &order.account);
    xml.within("informazioni_versante", |xml| {
        xml.text("progressivo_versante", "1");
        xml.text("importo_versante", &amount);
        xml.text("tipo_riscossione", "REGOLARIZZAZIONE");
        xml.text("destinazione", "LIBERA");
        xml.within("classificazione", |xml| {
            xml.text("codice_cge", &order.siope);
            xml.text("importo", &amount);
        });
        xml.within("bollo", |xml| {
            xml.text("assoggettamento_bollo", "ESENTE BOLLO");
        });
        xml.within("versante", |xml| {
            let payer: String = order.payer.chars().take(PAYER_CHARS_MAX).collect();
            xml.text("anagrafica_versante", &payer);
        });
        let causale: String = order
            .remittance
            .chars()
            .take(REMITTANCE_CHARS_MAX)
            .collect();
        xml.text("causale", &causale);
        xml.within("sospeso", |xml| {
            xml.text("numero_provvisorio", &order.provisional.to_string());
            xml.text("importo_provvisorio", &amount);
        });
    });
    xml.within("dati_a_disposizione_ente_reversale", |xml| {
        for (name, text) in &order.budget {
            xml.text(name, text);
        }
    });
}

struct Xml(String);

impl Xml {
    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Xml)) {
        let _infallible = writeln!(self.0, "<{name}>");
        inside(self);
        let _infallible = writeln!(self.0, "</{name}>");
    }

    fn text(&mut self, name: &str, text: &str) {
        let _infallible = write!(self.0, "<{name}>");
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '\u{fffe}' | '\u{ffff}' => {}
                c if c.is_control() => self.0.push(' '),
                c => self.0.push(c),
            }
        }
        let _infallible = writeln!(self.0, "</{name}>");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_written_in_the_order_of_the_schema() {
        let head = OrdersHead {
            creditor: "99999000203".to_owned(),
            creditor_name: "Comune di Prova & altri".to_owned(),
            year: 2026,
            made_at: "2026-04-03T08:00:00Z".parse().unwrap(),
        };
        let order = Order {
            number: 12,
            day: "2026-04-03".parse().unwrap(),
            account: "0000100".to_owned(),
            amount: Cents::new(123_456).unwrap(),
            siope: "1010151001".to_owned(),
            payer: "PSP <S.p.A.>\n".to_owned(),
            remittance: "Regolarizzazione".to_owned(),
            provisional: 345,
            budget: vec![("capitolo", "101".to_owned())],
        };
        let xml = print(&head, &[order]);
        let places = [
            "<descrizione_ente>Comune di Prova &amp; altri</descrizione_ente>",
            "<esercizio>2026</esercizio>",
            "<reversale>",
            "<numero_reversale>12</numero_reversale>",
            "<importo_reversale>1234.56</importo_reversale>",
            "<codice_cge>1010151001</codice_cge>",
            "<anagrafica_versante>PSP &lt;S.p.A.&gt; </anagrafica_versante>",
            "<numero_provvisorio>345</numero_provvisorio>",
            "<capitolo>101</capitolo>",
            "</flusso_ordinativi>",
        ];
        let found: Vec<usize> = places.iter().map(|text| xml.find(text).unwrap()).collect();
        assert!(found.is_sorted(), "{xml}");
    }
}
