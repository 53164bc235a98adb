//! Reports made by a job, and their files.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Doc, Guid, Micros};

    report_job (creditor, id) {
        creditor -> Text,
        id -> Guid,
        question -> Doc,
        state -> Text,
        rows_written -> BigInt,
        length -> Nullable<BigInt>,
        rows_sha256 -> Nullable<Text>,
        control_totals -> Nullable<Doc>,
        failure -> Nullable<Doc>,
        created_at -> Micros,
        made_at -> Nullable<Micros>,
        expires_at -> Nullable<Micros>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::Guid;

    report_part (creditor, report, part) {
        creditor -> Text,
        report -> Guid,
        part -> Integer,
        body -> Binary,
    }
}
