//! Migration 000059: what officers decide about lines.

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Text};
    reconciliation_terms (creditor) {
        creditor -> Text,
        tolerance_cents -> BigInt,
        second_approver -> Bool,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::types::{Doc, Guid, Micros};
    reconciliation_decision (creditor, id) {
        creditor -> Text,
        id -> Guid,
        kind -> Text,
        subject -> Doc,
        line_kind -> Nullable<Text>,
        line_key -> Nullable<Text>,
        reason -> Text,
        state -> Text,
        proposed_by -> Guid,
        proposed_at -> Micros,
        note -> Text,
        decided_by -> Nullable<Guid>,
        decided_at -> Nullable<Micros>,
        decided_note -> Nullable<Text>,
        reopened_by -> Nullable<Guid>,
        reopened_at -> Nullable<Micros>,
        reopened_note -> Nullable<Text>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::Guid;
    flow_bond (creditor, cause, flow_key, psp_id) {
        creditor -> Text,
        cause -> Guid,
        psp_id -> Text,
        flow_key -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(flow_bond, reconciliation_decision);
