//! Migration 000033: credit accounts of the canteen.

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::store::types::{Doc, Guid, Micros};
    canteen_account (creditor, id) {
        creditor -> Text,
        id -> Guid,
        service_code -> Text,
        holder_tax_code -> Text,
        holder_full_name -> Text,
        family -> Doc,
        opened_at -> Micros,
        revision -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    canteen_movement (creditor, account_id, id) {
        creditor -> Text,
        account_id -> Guid,
        id -> Guid,
        kind -> Text,
        amount_cents -> BigInt,
        day -> Date,
        at -> Micros,
        pupil_tax_code -> Nullable<Text>,
        meal_on -> Nullable<Date>,
        receipt_id -> Nullable<Text>,
        transfer_id -> Nullable<Guid>,
        payee_tax_code -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use crate::store::types::Guid;
    canteen_top_up (creditor, position_id) {
        creditor -> Text,
        position_id -> Guid,
        account_id -> Guid,
        pupil_tax_code -> Text,
    }
}

// Migration 000049.
diesel::table! {
    use diesel::sql_types::{BigInt, Date, Nullable, Text};
    use crate::store::types::{Guid, Micros};
    canteen_bill_refund (creditor, receipt_id, id) {
        creditor -> Text,
        receipt_id -> Text,
        id -> Guid,
        pupil_tax_code -> Text,
        payee_tax_code -> Text,
        amount_cents -> BigInt,
        paid_on -> Date,
        note -> Nullable<Text>,
        at -> Micros,
    }
}
