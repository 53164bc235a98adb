//! Migration 000060: who works on open lines.

use super::settlement::reconciliation;

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::types::Guid;
    work_item (creditor, reconciliation) {
        creditor -> Text,
        reconciliation -> Guid,
        assignee -> Nullable<Text>,
        state -> Text,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::types::{Guid, Micros};
    work_event (creditor, reconciliation, id) {
        creditor -> Text,
        reconciliation -> Guid,
        id -> Guid,
        client -> Guid,
        assignee -> Nullable<Text>,
        state -> Text,
        remark -> Nullable<Text>,
        at -> Micros,
    }
}

diesel::allow_tables_to_appear_in_same_query!(reconciliation, work_item);
