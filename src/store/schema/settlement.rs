//! Reporting flows, the treasurer's entries, reconciliation.

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    flow (creditor, id) {
        creditor -> Text,
        id -> Guid,
        psp_id -> Text,
        flow_id -> Text,
        flow_key -> Text,
        revision -> BigInt,
        flow_at -> Micros,
        regulation -> Text,
        regulation_on -> Date,
        receiver -> Text,
        declared_count -> BigInt,
        declared_sum_cents -> BigInt,
        computed_count -> BigInt,
        computed_sum_cents -> BigInt,
        state -> Text,
        previous_revision -> Nullable<BigInt>,
        published_at -> Micros,
        fetched_at -> Micros,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Text};
    use crate::store::types::Micros;
    flow_document (creditor, psp_id, flow_id, revision, part) {
        creditor -> Text,
        psp_id -> Text,
        flow_id -> Text,
        revision -> BigInt,
        part -> Integer,
        body -> Binary,
        sha256 -> Binary,
        fetched_at -> Micros,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Integer, SmallInt, Text};
    use crate::store::types::Guid;
    flow_line (creditor, flow, line_no) {
        creditor -> Text,
        flow -> Guid,
        line_no -> Integer,
        iuv -> Text,
        iur -> Text,
        idx -> SmallInt,
        amount_cents -> BigInt,
        outcome -> SmallInt,
        paid_on -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    treasury_entry (creditor, id) {
        creditor -> Text,
        id -> Guid,
        year -> Integer,
        account -> Text,
        number -> Text,
        direction -> Text,
        document -> Text,
        operation -> Text,
        provisional -> Nullable<BigInt>,
        amount_cents -> BigInt,
        booked_on -> Date,
        value_on -> Nullable<Date>,
        remittance -> Text,
        payer -> Text,
        bank_reference -> Nullable<Text>,
        reference_kind -> Text,
        reference -> Nullable<Text>,
        reference_joined -> Nullable<Text>,
        reference_open -> Nullable<Text>,
        matched_psp -> Nullable<Text>,
        matched_key -> Nullable<Text>,
        match_quality -> Nullable<Text>,
        ingested_at -> Micros,
        held_by -> Nullable<Guid>,
        reference_also -> Nullable<Text>,
        given_iuv -> Nullable<Text>,
        matched_iuv -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, SmallInt, Text};
    use crate::store::types::{Doc, Guid, Micros};
    reconciliation (creditor, id) {
        creditor -> Text,
        id -> Guid,
        line_kind -> Text,
        line_key -> Text,
        code -> Text,
        flags -> Text,
        rule -> Text,
        rule_version -> SmallInt,
        explanation -> Doc,
        amount_cents -> BigInt,
        since -> Date,
        iuv -> Nullable<Text>,
        updated_at -> Micros,
        period -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, SmallInt, Text};
    use crate::store::types::{Doc, Guid, Micros};
    reconciliation_history (creditor, line_kind, line_key, id) {
        creditor -> Text,
        line_kind -> Text,
        line_key -> Text,
        id -> Guid,
        code -> Text,
        flags -> Text,
        rule -> Text,
        rule_version -> SmallInt,
        explanation -> Doc,
        amount_cents -> BigInt,
        since -> Date,
        recorded_at -> Micros,
        cause -> Text,
        decision -> Nullable<Guid>,
        actor -> Nullable<Guid>,
        period -> Date,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::Micros;
    flow_cursor (creditor) {
        creditor -> Text,
        published_at -> Micros,
        pulled_at -> Micros,
    }
}

diesel::table! {
    settlement_lock (creditor) {
        creditor -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(flow, flow_line);

diesel::table! {
    use diesel::sql_types::{Binary, Text};
    use crate::store::types::{Guid, Micros};
    treasury_file (creditor, sha256) {
        creditor -> Text,
        sha256 -> Binary,
        id -> Guid,
        ingested_at -> Micros,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    treasury_refusal (creditor, id) {
        creditor -> Text,
        id -> Guid,
        file -> Guid,
        line -> BigInt,
        remittance -> Text,
        reason -> Text,
        ingested_at -> Micros,
        reason_it -> Nullable<Text>,
        closed_at -> Nullable<Micros>,
        closed_by -> Nullable<Guid>,
        closed_note -> Nullable<Text>,
        closed_entry -> Nullable<Guid>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::Guid;
    treasury_also (creditor, reference, entry) {
        creditor -> Text,
        reference -> Text,
        entry -> Guid,
    }
}

diesel::allow_tables_to_appear_in_same_query!(treasury_also, treasury_entry);

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    flow_refusal (creditor, id) {
        creditor -> Text,
        id -> Guid,
        psp_id -> Nullable<Text>,
        flow_id -> Nullable<Text>,
        revision -> Nullable<BigInt>,
        place -> Nullable<Integer>,
        body -> Text,
        reason -> Text,
        reason_it -> Text,
        refused_at -> Micros,
        closed_at -> Nullable<Micros>,
        closed_by -> Nullable<Guid>,
        closed_note -> Nullable<Text>,
        listed_sha256 -> Nullable<Binary>,
    }
}
