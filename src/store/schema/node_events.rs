//! Migration 000052: the journal of events.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Guid, Micros};

    node_event (creditor, id) {
        creditor -> Text,
        id -> Guid,
        asked_at -> Micros,
        millis -> BigInt,
        caller -> Text,
        operation -> Text,
        station -> Nullable<Text>,
        notice_number -> Nullable<Text>,
        iuv -> Nullable<Text>,
        receipt_id -> Nullable<Text>,
        psp_id -> Nullable<Text>,
        outcome -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Guid, Micros};

    node_event_message (creditor, event_id) {
        creditor -> Text,
        event_id -> Guid,
        asked_at -> Micros,
        request -> Binary,
        response -> Binary,
    }
}
