//! Migration 000054: what the platform is told and asked.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Guid, Micros};

    archive_feed (creditor, position_id) {
        creditor -> Text,
        position_id -> Guid,
        due_at -> Micros,
        mark -> BigInt,
        attempts -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::Micros;

    receipt_search (creditor, receipt_id, iuv) {
        creditor -> Text,
        receipt_id -> Text,
        iuv -> Text,
        asked_at -> Micros,
        attempts -> Integer,
        next_at -> Micros,
        outcome -> Text,
    }
}
