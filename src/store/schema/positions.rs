//! Positions, notices, receipts, ledger.

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, SmallInt, Text};
    use crate::store::types::{Doc, Guid, Micros};
    position (creditor, id) {
        creditor -> Text,
        id -> Guid,
        reference -> Nullable<Text>,
        service_code -> Text,
        debtor_kind -> Text,
        debtor_tax_code -> Text,
        debtor_full_name -> Text,
        debtor_contact -> Doc,
        description -> Text,
        details -> Doc,
        assessment_rows -> Doc,
        issued_on -> Date,
        created_at -> Micros,
        revision -> BigInt,
        joint_debtors -> SmallInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, SmallInt, Text};
    use crate::store::types::{Doc, Guid};
    notice (creditor, number) {
        creditor -> Text,
        number -> Text,
        iuv -> Text,
        position_id -> Guid,
        service_code -> Text,
        option_no -> SmallInt,
        option_kind -> Text,
        sequence -> SmallInt,
        description -> Text,
        due_on -> Nullable<Date>,
        amount_cents -> BigInt,
        terms -> Doc,
        state -> Text,
        paid_on -> Nullable<Date>,
        ends_on -> Nullable<Date>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use crate::store::types::{Guid, Micros};
    notice_event (creditor, notice_number, id) {
        creditor -> Text,
        notice_number -> Text,
        id -> Guid,
        at -> Micros,
        from_state -> Text,
        event -> Text,
        to_state -> Text,
        anomaly -> Nullable<Text>,
        actor -> Text,
    }
}

diesel::table! {
    number_sequence (creditor, segregation_code) {
        creditor -> Text,
        segregation_code -> Text,
        next_value -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::store::types::{Guid, Micros};
    quote (creditor, notice_number, id) {
        creditor -> Text,
        notice_number -> Text,
        id -> Guid,
        at -> Micros,
        amount_cents -> BigInt,
        reason -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
    use crate::store::types::{Doc, Guid, Micros};
    receipt (creditor, receipt_id) {
        creditor -> Text,
        receipt_id -> Text,
        id -> Guid,
        notice_number -> Text,
        iuv -> Text,
        primary_creditor -> Text,
        position_id -> Nullable<Guid>,
        service_code -> Nullable<Text>,
        amount_cents -> BigInt,
        fee_cents -> Nullable<BigInt>,
        description -> Text,
        paid_at -> Nullable<Micros>,
        paid_on -> Date,
        application_on -> Nullable<Date>,
        transfer_on -> Nullable<Date>,
        psp_id -> Text,
        psp_name -> Text,
        psp_channel -> Text,
        method -> Nullable<Text>,
        parties -> Doc,
        stand_in -> Bool,
        anomaly -> Nullable<Text>,
        received_at -> Micros,
    }
}

diesel::table! {
    receipt_transfer (creditor, receipt_id, idx) {
        creditor -> Text,
        receipt_id -> Text,
        idx -> SmallInt,
        beneficiary -> Text,
        iban -> Nullable<Text>,
        amount_cents -> BigInt,
        taxonomy -> Text,
        own -> Bool,
        stamp -> Nullable<Binary>,
        owed_back_cents -> BigInt,
        kept_cents -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Bool, Text};
    use crate::store::types::{Guid, Micros};
    receipt_message (creditor, receipt_id, id) {
        creditor -> Text,
        receipt_id -> Text,
        id -> Guid,
        body -> Binary,
        sha256 -> Binary,
        received_at -> Micros,
        conflicting -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, SmallInt, Text};
    use crate::store::types::Guid;
    ledger (creditor, id, line) {
        creditor -> Text,
        id -> Guid,
        line -> SmallInt,
        reason -> Text,
        day -> Date,
        reference -> Text,
        debit -> Text,
        credit -> Text,
        amount_cents -> BigInt,
        notice_number -> Nullable<Text>,
        service_code -> Nullable<Text>,
        beneficiary -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::Guid;
    position_mark (creditor, mark, kind, position_id) {
        creditor -> Text,
        mark -> Text,
        kind -> Text,
        position_id -> Guid,
    }
}

diesel::table! {
    description_word (creditor, word, description) {
        creditor -> Text,
        word -> Text,
        description -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    position,
    notice,
    notice_event,
    receipt,
    receipt_transfer
);
