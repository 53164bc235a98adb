//! What the audit trail says of positions and their notices: states, days and amounts, and nobody's name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::position::{Notice, Position};
use crate::domain::text::Text;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::Tx;

fn notice(of: &Notice) -> Value {
    json!({
        "state": of.state.as_str(),
        "due_date": of.due_on,
        "amount_cents": of.schedule.nominal().get(),
    })
}

fn notices(of: &Position) -> BTreeMap<String, Value> {
    let one = |of: &Notice| (of.number.as_str().to_owned(), notice(of));
    of.notices.iter().map(one).collect()
}

/// Says that a position was registered, with its notices.
pub(super) fn created(tx: &mut Tx<'_>, position: &Position) {
    let said = json!({
        "service_code": position.service_code,
        "reference": position.reference.as_ref().map(Text::as_str),
        "issued_date": position.issued_on,
        "notices": notices(position),
    });
    let what = (AuditedEntity::DebtPosition, position.id);
    let change = AuditChange::new(&position.creditor, AuditAction::Created, what, said);
    tx.note(change);
}

/// Says what was done to a position, and to each notice that is another one now.
pub(in crate::app) fn changed(
    tx: &mut Tx<'_>,
    action: AuditAction,
    (before, after): (&Position, &Position),
) {
    let (creditor, id) = (&before.creditor, before.id);
    let (then, now) = (notices(before), notices(after));
    let said = |notices: &BTreeMap<String, Value>| json!({ "notices": notices });
    let change = AuditChange::new(
        creditor,
        action,
        (AuditedEntity::DebtPosition, id),
        said(&now),
    );
    tx.note(change.from(&said(&then)));
    for (number, value) in now {
        let before = then.get(&number);
        if before == Some(&value) {
            continue;
        }
        let action = before.map_or(AuditAction::Created, |_| action);
        let what = (AuditedEntity::Notice, number);
        let change = AuditChange::new(creditor, action, what, value);
        let change = match before {
            Some(before) => change.from(before),
            None => change,
        };
        tx.note(change.with("debt_position_id", json!(id)));
    }
}
