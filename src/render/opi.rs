//! Collection orders as the treasurer's systems read them: OPI's `flusso_ordinativi`, complete but for the
//! signatures, which only the office's accounting system can add.
//!
//! Names and order are those of the schema; `docs/collection-orders.md` lists them, `fixtures/opi` states
//! its rules and `make conformance` holds the file against them.

use std::fmt::Write as _;

use crate::domain::calendar::{Day, Instant, wall_clock};
use crate::domain::money::Cents;
use crate::domain::text::head as first;
use crate::domain::treasurer::Treasurer;

/// What stands above the orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersHead {
    /// Tax code of the creditor.
    pub creditor: String,
    /// Its name.
    pub creditor_name: String,
    /// Whom the flow is for; without it the file has no head of a flow.
    pub treasurer: Option<Treasurer>,
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
    /// `conto_evidenza`; left out when it is longer than the element.
    pub account: String,
    /// `importo_reversale`.
    pub amount: Cents,
    /// `codifica_bilancio`: title and typology.
    pub typology: String,
    /// `anno_residuo`: the year the claim is of, when it is an earlier one.
    pub residual_of: Option<i32>,
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

/// Highest `numero_reversale`.
pub const ORDER_NUMBER_MAX: i64 = 9_999_999;
/// Longest `conto_evidenza`.
const ACCOUNT_CHARS_MAX: usize = 25;
/// Longest `anagrafica_versante`, as treasurers print it.
const PAYER_CHARS_MAX: usize = 140;
/// Longest `causale`, as treasurers print it.
const REMITTANCE_CHARS_MAX: usize = 370;
/// `codice_UE_siope` of revenue that no project of the Union is paid with (D.Lgs. 118/2011, annex 7).
const NO_UNION_PROJECT: &str = "2";

/// Writes the file.
#[must_use]
pub fn print(head: &OrdersHead, orders: &[Order]) -> String {
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    xml.within("flusso_ordinativi", |xml| {
        if let Some(treasurer) = &head.treasurer {
            let first = orders.first().map_or(0, |order| order.number);
            xml.within("testata_flusso", |xml| {
                testata(xml, head, (treasurer, first));
            });
        }
        xml.text("esercizio", &head.year.to_string());
        for order in orders {
            xml.within("reversale", |xml| reversale(xml, order));
        }
    });
    xml.0
}

fn testata(xml: &mut Xml, head: &OrdersHead, (treasurer, first): (&Treasurer, i64)) {
    let made_at = wall_clock(head.made_at);
    let stamp = made_at.format("%Y%m%d%H%M%S");
    let flow = format!("{}-{}-{stamp}-{first}", treasurer.office_code, head.year);
    xml.text("codice_ABI_BT", &treasurer.bank_code);
    xml.text("identificativo_flusso", &flow);
    let at = made_at.format("%Y-%m-%dT%H:%M:%S").to_string();
    xml.text("data_ora_creazione_flusso", &at);
    xml.text("codice_ente", &treasurer.office_code);
    xml.text("descrizione_ente", &head.creditor_name);
    xml.text("codice_istat_ente", &treasurer.siope_code);
    xml.text("codice_fiscale_ente", &head.creditor);
    xml.text("codice_tramite_ente", &treasurer.sender_code);
    xml.text("codice_tramite_BT", &treasurer.receiver_code);
    xml.text("codice_ente_BT", &treasurer.customer_code);
}

fn reversale(xml: &mut Xml, order: &Order) {
    let amount = order.amount.to_string();
    xml.text("tipo_operazione", "INSERIMENTO");
    xml.text("numero_reversale", &order.number.to_string());
    xml.text("data_reversale", &order.day.to_string());
    xml.text("importo_reversale", &amount);
    let account = order.account.trim();
    if (1..=ACCOUNT_CHARS_MAX).contains(&account.chars().count()) {
        xml.text("conto_evidenza", account);
    }
    xml.within("bilancio", |xml| {
        xml.text("codifica_bilancio", &order.typology);
        match order.residual_of {
            Some(year) => {
                xml.text("gestione", "RESIDUO");
                xml.text("anno_residuo", &year.to_string());
            }
            None => xml.text("gestione", "COMPETENZA"),
        }
        xml.text("importo_bilancio", &amount);
    });
    xml.within("informazioni_versante", |xml| versante(xml, order));
    xml.within("dati_a_disposizione_ente_reversale", |xml| {
        for (name, text) in &order.budget {
            xml.text(name, text);
        }
    });
}

fn versante(xml: &mut Xml, order: &Order) {
    let amount = order.amount.to_string();
    xml.text("progressivo_versante", "1");
    xml.text("importo_versante", &amount);
    xml.text("tipo_riscossione", "REGOLARIZZAZIONE");
    xml.text("destinazione", "LIBERA");
    xml.within("classificazione", |xml| {
        xml.text("codice_cge", &order.siope);
        xml.text("importo", &amount);
        xml.within("classificazione_dati_siope_entrate", |xml| {
            xml.text("tipo_debito_siope_nc", "NON_COMMERCIALE");
            xml.within("dati_ARCONET_siope", |xml| {
                xml.text("codice_economico_siope", &order.siope);
                xml.text("importo_codice_economico_siope", &amount);
                xml.text("codice_UE_siope", NO_UNION_PROJECT);
            });
        });
    });
    xml.within("bollo", |xml| {
        xml.text("assoggettamento_bollo", "ESENTE BOLLO");
        xml.text("causale_esenzione_bollo", "Regolarizzazione di incasso");
    });
    xml.within("versante", |xml| {
        xml.text("anagrafica_versante", first(&order.payer, PAYER_CHARS_MAX));
    });
    xml.text("causale", first(&order.remittance, REMITTANCE_CHARS_MAX));
    xml.within("sospeso", |xml| {
        xml.text("numero_provvisorio", &order.provisional.to_string());
        xml.text("importo_provvisorio", &amount);
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

    fn written(treasurer: Option<Treasurer>) -> String {
        let head = OrdersHead {
            creditor: "99999000203".to_owned(),
            creditor_name: "Comune di Prova & altri".to_owned(),
            treasurer,
            year: 2026,
            made_at: "2026-04-03T08:00:00Z".parse().unwrap(),
        };
        let order = Order {
            number: 12,
            day: "2026-04-03".parse().unwrap(),
            account: "0000100".to_owned(),
            amount: Cents::new(123_456).unwrap(),
            typology: "1010100".to_owned(),
            residual_of: Some(2025),
            siope: "1010151001".to_owned(),
            payer: "PSP <S.p.A.>\n".to_owned(),
            remittance: "Regolarizzazione".to_owned(),
            provisional: 345,
            budget: vec![("capitolo", "101".to_owned())],
        };
        print(&head, &[order])
    }

    fn stand_in_this_order(xml: &str, places: &[&str]) {
        let found: Vec<usize> = places.iter().map(|text| xml.find(text).unwrap()).collect();
        assert!(found.is_sorted(), "{xml}");
    }

    #[test]
    fn an_order_is_written_in_the_order_of_the_schema() {
        let xml = written(None);
        assert!(!xml.contains("testata_flusso"), "{xml}");
        stand_in_this_order(
            &xml,
            &[
                "<esercizio>2026</esercizio>",
                "<reversale>",
                "<numero_reversale>12</numero_reversale>",
                "<importo_reversale>1234.56</importo_reversale>",
                "<codifica_bilancio>1010100</codifica_bilancio>",
                "<gestione>RESIDUO</gestione>",
                "<anno_residuo>2025</anno_residuo>",
                "<codice_cge>1010151001</codice_cge>",
                "<tipo_debito_siope_nc>NON_COMMERCIALE</tipo_debito_siope_nc>",
                "<codice_economico_siope>1010151001</codice_economico_siope>",
                "<anagrafica_versante>PSP &lt;S.p.A.&gt;</anagrafica_versante>",
                "<numero_provvisorio>345</numero_provvisorio>",
                "<capitolo>101</capitolo>",
                "</flusso_ordinativi>",
            ],
        );
    }

    #[test]
    fn the_head_addresses_the_treasurer_and_tells_the_hour_of_rome() {
        let code = str::to_owned;
        let treasurer = Treasurer {
            bank_code: code("99999"),
            office_code: code("UFAVZ1"),
            siope_code: code("000099999"),
            sender_code: code("A2A-00000001"),
            receiver_code: code("A2A-00000002"),
            customer_code: code("0004711"),
        };
        stand_in_this_order(
            &written(Some(treasurer)),
            &[
                "<testata_flusso>",
                "<codice_ABI_BT>99999</codice_ABI_BT>",
                "<identificativo_flusso>UFAVZ1-2026-20260403100000-12</identificativo_flusso>",
                "<data_ora_creazione_flusso>2026-04-03T10:00:00</data_ora_creazione_flusso>",
                "<codice_ente>UFAVZ1</codice_ente>",
                "<descrizione_ente>Comune di Prova &amp; altri</descrizione_ente>",
                "<codice_istat_ente>000099999</codice_istat_ente>",
                "<codice_fiscale_ente>99999000203</codice_fiscale_ente>",
                "<codice_tramite_ente>A2A-00000001</codice_tramite_ente>",
                "<codice_tramite_BT>A2A-00000002</codice_tramite_BT>",
                "<codice_ente_BT>0004711</codice_ente_BT>",
                "</testata_flusso>",
                "<esercizio>2026</esercizio>",
            ],
        );
    }
}
