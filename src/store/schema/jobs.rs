//! Migration 000005: jobs.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Doc, Guid, Micros};

    job (creditor, id) {
        creditor -> Text,
        id -> Guid,
        kind -> Text,
        once_key -> Nullable<Text>,
        payload -> Doc,
        state -> SmallInt,
        run_at -> Micros,
        attempts -> Integer,
        lease_until -> Nullable<Micros>,
        lease_by -> Nullable<Guid>,
        last_error -> Nullable<Text>,
        result -> Nullable<Doc>,
        created_at -> Micros,
        finished_at -> Nullable<Micros>,
    }
}
