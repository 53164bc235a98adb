//! Accounting plans of services, and what orders of collection cover.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::Doc;

    accounting_plan (creditor, service_code, valid_from) {
        creditor -> Text,
        service_code -> Text,
        valid_from -> Date,
        valid_until -> Nullable<Date>,
        shares -> Doc,
        revision -> BigInt,
        with_chapters -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text};
    use crate::store::types::{Guid, Micros};

    order_cover (creditor, year, provisional, account, movement) {
        creditor -> Text,
        year -> Integer,
        provisional -> BigInt,
        account -> Text,
        movement -> Text,
        order_number -> BigInt,
        amount_cents -> BigInt,
        told -> Text,
        order_on -> Nullable<Date>,
        client -> Nullable<Guid>,
        recorded_at -> Nullable<Micros>,
    }
}
