//! The canonical form of a creditor's file. Written here and not left to a library, because a new version of
//! a library must not change the files that towns keep under version control.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::{Map, Value};

use crate::app::creditors::Registration;
use crate::domain::calendar::Day;
use crate::domain::creditor::Validity;
use crate::domain::service::Beneficiary;

/// The file of a creditor in its canonical form.
#[must_use]
pub fn print(of: &Registration) -> String {
    let mut out = Printer(String::new());
    let creditor = &of.creditor;
    out.text("tax_code", &creditor.tax_code);
    out.text("legal_name", &creditor.legal_name);
    out.optional("office_name", creditor.office_name.as_ref());
    out.optional("ipa_code", creditor.ipa_code.as_ref());
    out.optional("cadastral_code", creditor.cadastral_code.as_ref());
    out.optional("cbill", creditor.cbill.as_ref());
    out.optional("web_site", creditor.web_site.as_ref());
    if !creditor.contact_lines.is_empty() {
        let lines: Vec<String> = creditor
            .contact_lines
            .iter()
            .map(|line| quoted(line.as_str()))
            .collect();
        out.line("contact_lines", &format!("[{}]", lines.join(", ")));
    }
    if let Some(treasurer) = &creditor.treasurer {
        out.table("[treasurer]");
        out.text("bank_code", &treasurer.bank_code);
        out.text("office_code", &treasurer.office_code);
        out.text("siope_code", &treasurer.siope_code);
        out.text("sender_code", &treasurer.sender_code);
        out.text("receiver_code", &treasurer.receiver_code);
        out.text("customer_code", &treasurer.customer_code);
    }
    for station in &creditor.stations {
        out.table("[[stations]]");
        out.text("station_id", &station.station_id);
        out.text("broker_tax_code", &station.broker_tax_code);
        out.text("segregation_code", &station.segregation_code);
        out.valid(station.valid);
    }
    for account in &creditor.accounts {
        out.table("[[accounts]]");
        out.text("iban", &account.iban);
        out.text("label", &account.label);
        out.valid(account.valid);
    }
    for row in &of.services {
        out.table("[[services]]");
        out.text("code", &row.code);
        out.text("title", &row.title);
        out.text("kind", &row.kind);
        out.text("taxonomy", &row.taxonomy);
        out.text("iban", &row.iban);
        out.text("accounting_key", &row.accounting_key);
        if let Some(code) = &row.demand_code {
            out.text("demand_code", code);
        }
        out.valid(row.valid);
        for (role, to) in &row.others {
            out.beneficiary(role, to);
        }
        out.table("[services.terms]");
        for (name, term) in sorted(row.terms.as_object().unwrap_or(&Map::new())) {
            out.line(&key(name), &term_value(term));
        }
    }
    out.0
}

struct Printer(String);

impl Printer {
    fn line(&mut self, key: &str, value: &str) {
        self.0.push_str(&format!("{key} = {value}\n"));
    }

    fn text(&mut self, key: &str, text: &impl Display) {
        self.line(key, &quoted(&text.to_string()));
    }

    fn optional(&mut self, key: &str, text: Option<&impl Display>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn table(&mut self, header: &str) {
        self.0.push_str(&format!("\n{header}\n"));
    }

    fn valid(&mut self, valid: Validity) {
        self.line("valid_from", &valid.from.to_string());
        if let Some(until) = valid.until {
            self.line("valid_until", &until.to_string());
        }
    }

    fn beneficiary(&mut self, role: &str, to: &Beneficiary) {
        self.table(&format!("[services.others.{}]", key(role)));
        self.text("tax_code", &to.tax_code);
        self.text("legal_name", &to.legal_name);
        self.optional("iban", to.iban());
        self.text("taxonomy", &to.taxonomy);
    }
}

/// Members by name and without nulls, which TOML does not have.
fn sorted(object: &Map<String, Value>) -> BTreeMap<&String, &Value> {
    object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .collect()
}

/// A term on its line; the elements of a list of tables stand on lines of their own.
fn term_value(term: &Value) -> String {
    let Value::Array(items) = term else {
        return value(term);
    };
    if !items.iter().any(Value::is_object) {
        return value(term);
    }
    let line = |item| format!("    {},\n", value(item));
    format!("[\n{}]", items.iter().map(line).collect::<String>())
}

/// A value in one line.
fn value(of: &Value) -> String {
    match of {
        // A null stands alone only inside a list, which no kind has; an empty text keeps the file readable.
        Value::Null => quoted(""),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(text) if is_day(text) => text.clone(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(object) => {
            let members: Vec<String> = sorted(object)
                .iter()
                .map(|(k, v)| format!("{} = {}", key(k), value(v)))
                .collect();
            if members.is_empty() {
                "{}".into()
            } else {
                format!("{{ {} }}", members.join(", "))
            }
        }
    }
}

/// Whether a text of the terms is a day, which is written as TOML's own date.
fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<Day>().is_ok_and(|day| day.to_string() == text)
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
