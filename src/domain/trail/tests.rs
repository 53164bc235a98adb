use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Any JSON, objects most of all.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..3).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            3 => prop::collection::btree_map("[a-d]", inner.clone(), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-d]", document(), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Makes one of the two documents out of the other, with what their difference says.
fn patched(from: &Value, (old, new): (&Value, &Value)) -> Value {
    let (Value::Object(from), Value::Object(old), Value::Object(new)) = (from, old, new) else {
        return new.clone();
    };
    let mut made = from.clone();
    for name in old.keys() {
        if !new.contains_key(name) {
            made.remove(name);
        }
    }
    for (name, value) in new {
        let value = match (made.get(name), old.get(name)) {
            (Some(held), Some(old)) => patched(held, (old, value)),
            (Some(_) | None, _) => value.clone(),
        };
        made.insert(name.clone(), value);
    }
    Value::Object(made)
}

proptest! {
    #[test]
    fn a_difference_leads_from_each_document_to_the_other(a in object(), b in object()) {
        let (old, new) = difference(&a, &b);
        prop_assert_eq!(patched(&a, (&old, &new)), b.clone());
        prop_assert_eq!(patched(&b, (&new, &old)), a.clone());
        let (none, nothing) = difference(&a, &a);
        prop_assert_eq!((none, nothing), (empty(), empty()));
    }

    #[test]
    fn other_entries_have_other_bytes(a in object(), b in object(), id in any::<u128>(), other in any::<u128>()) {
        let one = entry(id, a.clone());
        prop_assert_eq!(one.canonical() == entry(id, b.clone()).canonical(), a == b);
        prop_assert_eq!(one.canonical() == entry(other, a).canonical(), id == other);
    }

    #[test]
    fn what_was_sealed_is_found_and_every_other_list_is_not(
        ids in prop::collection::btree_set(1u128..60, 1..12), at in 0usize..12, new in 60u128..90,
    ) {
        let sealed: Vec<SealedEntry> = ids.iter().map(|id| digest(*id, 1)).collect();
        prop_assert_eq!(compare(&sealed, &sealed), Ok(()));
        let at = at % sealed.len();
        let mut altered = sealed.clone();
        altered[at].sha256 = [2; 32];
        prop_assert_eq!(compare(&sealed, &altered), Err(Tampered::Altered(sealed[at].id)));
        let mut fewer = sealed.clone();
        fewer.remove(at);
        prop_assert_eq!(compare(&sealed, &fewer), Err(Tampered::Missing(sealed[at].id)));
        let mut more = sealed.clone();
        more.push(digest(new, 1));
        prop_assert_eq!(compare(&sealed, &more), Err(Tampered::Added(Uuid::from_u128(new))));
        let first = digest(0, 1);
        more.insert(0, first);
        prop_assert_eq!(compare(&sealed, &more), Err(Tampered::Added(first.id)));
    }
}

fn digest(id: u128, byte: u8) -> SealedEntry {
    SealedEntry {
        id: Uuid::from_u128(id),
        sha256: [byte; 32],
    }
}

fn town() -> FiscalCode {
    FiscalCode::parse("99999000203").unwrap()
}

fn entry(id: u128, after: Value) -> AuditEntry {
    let mut change = AuditChange::new(
        &town(),
        AuditAction::Changed,
        (AuditedEntity::Service, "TARI"),
        empty(),
    );
    change.after = after;
    AuditEntry {
        id: Uuid::from_u128(id),
        at: "2026-03-02T08:00:00.000001Z".parse().unwrap(),
        actor: ActorKind::Client,
        client_id: None,
        actor_name: "Ufficio Tributi".to_owned(),
        request_id: None,
        change,
        seal: None,
    }
}

#[test]
fn the_sealed_bytes_are_those_that_are_published() {
    let change = entry(7, json!({"b": [1, {"z": null, "y": "è"}], "a": true}));
    let text = String::from_utf8_lossy(&change.canonical()).replace('\0', ".");
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    assert!(
        shown.ends_with("{\"a\":true,\"b\":[1,{\"y\":\"è\",\"z\":null}]}"),
        "{shown}"
    );
    // The number of the seal comes later and is not sealed.
    let sealed = AuditEntry {
        seal: Some(3),
        ..change.clone()
    };
    assert_eq!(sealed.canonical(), change.canonical());
    // What belongs to one field does not pass for the next one's.
    let mut moved = change.clone();
    moved.actor_name = "Ufficio Tributichanged".to_owned();
    assert_ne!(moved.canonical(), change.canonical());
    let mut of_client = change.clone();
    of_client.client_id = Some(Uuid::nil());
    let mut of_request = change;
    of_request.request_id = Some(Uuid::nil());
    assert_ne!(of_client.canonical(), of_request.canonical());
}

#[test]
fn a_set_that_is_replaced_says_what_came_changed_and_went() {
    let set = |members: &[(&str, i64)]| -> BTreeMap<String, Value> {
        let one =
            |(id, price): &(&str, i64)| ((*id).to_owned(), json!({"price": price, "kind": "x"}));
        members.iter().map(one).collect()
    };
    let before = set(&[("kept", 1), ("changed", 2), ("gone", 3)]);
    let after = set(&[("kept", 1), ("changed", 4), ("new", 5)]);
    let changes = replaced(&town(), AuditedEntity::Service, &before, &after);
    let told: Vec<(AuditAction, &str, &Value, &Value)> = changes
        .iter()
        .map(|one| (one.action, one.entity_id.as_str(), &one.before, &one.after))
        .collect();
    assert_eq!(
        told,
        [
            (
                AuditAction::Changed,
                "changed",
                &json!({"price": 2}),
                &json!({"price": 4})
            ),
            (
                AuditAction::Created,
                "new",
                &json!({}),
                &json!({"price": 5, "kind": "x"})
            ),
            (
                AuditAction::Removed,
                "gone",
                &json!({"price": 3, "kind": "x"}),
                &json!({})
            ),
        ]
    );
}

#[test]
fn what_is_absent_is_left_out() {
    let change = AuditChange::new(
        &town(),
        AuditAction::Created,
        (AuditedEntity::Job, "7"),
        json!({"a": null, "b": {"c": null, "d": 1}}),
    );
    assert_eq!(change.after, json!({"b": {"d": 1}}));
    let same = change.from(&json!({"a": null, "b": {"d": 1}}));
    assert_eq!((same.before, same.after), (json!({}), json!({})));
}
