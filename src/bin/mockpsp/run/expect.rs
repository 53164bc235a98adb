//! What must hold in the engine's books.

use serde_json::Value;

use super::script::{ExpectFlows, ExpectLines, ExpectNotice, ExpectPayments};
use super::stage::{Stage, text};
use super::{Stop, unmet};
use crate::money::parse_euro;

type Told = Result<String, Stop>;

pub(super) async fn notice(stage: &Stage, expected: &ExpectNotice) -> Told {
    let notice = stage.notice(&expected.notice).await?;
    let state = text(&notice, "state");
    if state != expected.state {
        return unmet(format!(
            "`{}` is {state}, not {}",
            expected.notice, expected.state
        ));
    }
    Ok(format!("so it is: `{}` is {state}", expected.notice))
}

pub(super) async fn payments(stage: &Stage, expected: &ExpectPayments) -> Told {
    let payments = stage.engine.all("payments").await?;
    let odd = |payment: &&Value| {
        let anomalies = payment.get("anomalies").and_then(Value::as_array);
        let mut codes = anomalies.into_iter().flatten().map(|one| text(one, "code"));
        expected
            .anomaly
            .as_deref()
            .is_none_or(|code| codes.any(|known| known == code))
    };
    let found: Vec<&Value> = payments.iter().filter(odd).collect();
    let with = expected
        .anomaly
        .as_ref()
        .map(|code| format!(" with {code}"));
    let what = format!("payments{}", with.unwrap_or_default());
    agree(
        &what,
        &found,
        (expected.count, expected.amount.as_deref()),
        &payments,
    )
}

pub(super) async fn lines(stage: &Stage, expected: &ExpectLines) -> Told {
    let lines = stage.engine.all("reconciliations").await?;
    let wanted = |line: &&Value| {
        let kind = expected.kind.as_deref();
        let flags = line.get("flags").and_then(Value::as_array);
        let mut flags = flags.into_iter().flatten().filter_map(Value::as_str);
        text(line, "code") == expected.code
            && kind.is_none_or(|kind| kind == text(line, "line_kind"))
            && expected
                .flag
                .as_deref()
                .is_none_or(|flag| flags.any(|known| known == flag))
    };
    let found: Vec<&Value> = lines.iter().filter(wanted).collect();
    let kind = expected.kind.as_deref().unwrap_or("any");
    let flag = expected.flag.as_ref().map(|flag| format!(" with {flag}"));
    let what = format!("{kind} lines {}{}", expected.code, flag.unwrap_or_default());
    agree(
        &what,
        &found,
        (expected.count, expected.amount.as_deref()),
        &lines,
    )
}

pub(super) async fn flows(stage: &Stage, expected: &ExpectFlows) -> Told {
    let flows = stage.engine.all("settlement-flows").await?;
    let wanted = |flow: &&Value| {
        let state = expected.state.as_deref();
        state.is_none_or(|state| state == text(flow, "state"))
    };
    let found: Vec<&Value> = flows.iter().filter(wanted).collect();
    agree("flows", &found, (expected.count, None), &flows)
}

/// Count and amount of what was found; what is there instead is told.
fn agree(
    what: &str,
    found: &[&Value],
    (count, amount): (usize, Option<&str>),
    all: &[Value],
) -> Told {
    let cents = found
        .iter()
        .filter_map(|one| one.get("amount_cents")?.as_i64());
    let sum = cents.fold(0_i64, i64::saturating_add);
    let wanted = amount
        .and_then(parse_euro)
        .map(|cents| i64::try_from(cents).unwrap_or(0));
    if found.len() == count && wanted.is_none_or(|wanted| wanted == sum) {
        let of = amount.map(|amount| format!(" of {amount}"));
        return Ok(format!(
            "so it is: {count} {what}{}",
            of.unwrap_or_default()
        ));
    }
    let there = all.iter().map(|one| {
        let words = [
            "line_kind",
            "code",
            "state",
            "amount_cents",
            "flags",
            "anomalies",
            "rule",
        ];
        let known = words
            .iter()
            .filter_map(|name| Some(format!("{name} {}", one.get(*name)?)));
        format!("\n        {}", known.collect::<Vec<_>>().join(", "))
    });
    let there: String = there.collect();
    unmet(format!(
        "{} {what} of {sum} cents, not {count}{}; there are:{there}",
        found.len(),
        amount
            .map(|amount| format!(" of {amount}"))
            .unwrap_or_default()
    ))
}
