//! Migration 000004: who may call, and the answers that may be asked for again.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Doc, Guid, Micros};

    api_client (creditor, id) {
        creditor -> Text,
        id -> Guid,
        label -> Text,
        roles -> Doc,
        secret_hash -> Binary,
        created_at -> Micros,
        revoked_at -> Nullable<Micros>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Guid, Micros};

    idempotency (creditor, client_id, operation, idempotency_key) {
        creditor -> Text,
        client_id -> Guid,
        operation -> Text,
        idempotency_key -> Text,
        body_hash -> Binary,
        status -> SmallInt,
        etag -> Nullable<Text>,
        location -> Nullable<Text>,
        body -> Text,
        created_at -> Micros,
    }
}
