//! Migration 000080: who changed what, and the seals over it.

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::types::{Doc, Guid, Micros};
    audit_entry (creditor, id) {
        creditor -> Text,
        id -> Guid,
        at -> Micros,
        actor -> Text,
        client -> Nullable<Guid>,
        actor_name -> Text,
        request -> Nullable<Guid>,
        action -> Text,
        entity_type -> Text,
        entity_id -> Text,
        before -> Doc,
        after -> Doc,
        seal -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Text};
    use crate::store::types::{Guid, Micros};
    audit_seal (creditor, number) {
        creditor -> Text,
        number -> BigInt,
        sealed_at -> Micros,
        entry_count -> BigInt,
        first_entry -> Guid,
        last_entry -> Guid,
        entries -> Binary,
        previous -> Binary,
        sha256 -> Binary,
    }
}
