//! What the engine has reconciled at the end: figures that depend neither on ids nor on the moment.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::engine::Engine;
use super::stage::text;

/// Payments, flows, cash and lines of reconciliation, counted and summed.
pub(super) async fn of(engine: &Engine, title: &str) -> anyhow::Result<Value> {
    let anomalies = |payment: &Value| {
        let anomalies = payment.get("anomalies").and_then(Value::as_array);
        let codes = anomalies.into_iter().flatten().map(|one| text(one, "code"));
        words(&[("anomalies", &codes.collect::<Vec<_>>().join(", "))])
    };
    let flow = |flow: &Value| words(&[("state", text(flow, "state"))]);
    let entry = |entry: &Value| {
        let of = |name| (name, text(entry, name));
        words(&[of("operation"), of("code")])
    };
    let line = |line: &Value| {
        let flags = line.get("flags").and_then(Value::as_array);
        let flags: Vec<&str> = flags
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let of = |name| (name, text(line, name));
        words(&[of("line_kind"), of("code"), ("flags", &flags.join(", "))])
    };
    Ok(json!({
        "scenario": title,
        "payments": counted(&engine.all("payments").await?, "amount_cents", anomalies),
        "flows": counted(&engine.all("settlement-flows").await?, "computed_amount_cents", flow),
        "cash": counted(&engine.all("treasury-entries").await?, "effect_cents", entry),
        "lines": counted(&engine.all("reconciliations").await?, "amount_cents", line),
    }))
}

/// `name value` of what is said, in order.
fn words(pairs: &[(&str, &str)]) -> String {
    let said = pairs.iter().filter(|(_, value)| !value.is_empty());
    let said: Vec<String> = said
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    if said.is_empty() {
        return "nothing odd".to_owned();
    }
    said.join("; ")
}

/// One line for each key: how many, and how much.
fn counted(items: &[Value], amount: &str, key: impl Fn(&Value) -> String) -> Value {
    let mut sums: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for item in items {
        let (count, cents) = sums.entry(key(item)).or_default();
        *count = count.saturating_add(1);
        let more = item.get(amount).and_then(Value::as_i64).unwrap_or(0);
        *cents = cents.saturating_add(more);
    }
    sums.into_iter()
        .map(|(key, (count, cents))| json!({"of": key, "count": count, "cents": cents}))
        .collect()
}
