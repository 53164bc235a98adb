//! Migrations 000061 and 000062: months that were closed, and what is odd about amounts of receipts.

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::store::types::{Doc, Guid, Micros};
    accounting_period (creditor, id) {
        creditor -> Text,
        id -> Guid,
        first_day -> Date,
        state -> Text,
        figures -> Doc,
        closed_by -> Guid,
        closed_at -> Micros,
        closed_note -> Text,
        reopened_by -> Nullable<Guid>,
        reopened_at -> Nullable<Micros>,
        reopened_note -> Nullable<Text>,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::{Doc, Guid, Micros};
    accounting_period_event (creditor, period, id) {
        creditor -> Text,
        period -> Guid,
        id -> Guid,
        state -> Text,
        figures -> Doc,
        client -> Guid,
        note -> Text,
        at -> Micros,
    }
}

diesel::table! {
    receipt_remark (creditor, iuv, receipt_id, flag) {
        creditor -> Text,
        iuv -> Text,
        receipt_id -> Text,
        flag -> Text,
    }
}
