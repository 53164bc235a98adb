//! Migration 000001: creditors, stations, accounts, services.

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::{Doc, Micros};

    creditor (tax_code) {
        #[sql_name = "creditor"]
        tax_code -> Text,
        legal_name -> Text,
        office_name -> Nullable<Text>,
        ipa_code -> Nullable<Text>,
        cadastral_code -> Nullable<Text>,
        cbill -> Nullable<Text>,
        web_site -> Nullable<Text>,
        contact_lines -> Doc,
        treasurer -> Nullable<Doc>,
        revision -> BigInt,
        created_at -> Micros,
        changed_at -> Micros,
    }
}

diesel::table! {
    station (creditor, station_id, valid_from) {
        creditor -> Text,
        station_id -> Text,
        valid_from -> Date,
        valid_until -> Nullable<Date>,
        broker_tax_code -> Text,
        segregation_code -> Text,
        rank -> Integer,
    }
}

diesel::table! {
    account (creditor, iban, valid_from) {
        creditor -> Text,
        iban -> Text,
        valid_from -> Date,
        valid_until -> Nullable<Date>,
        label -> Text,
        rank -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::store::types::Doc;

    service (creditor, code, valid_from) {
        creditor -> Text,
        code -> Text,
        valid_from -> Date,
        valid_until -> Nullable<Date>,
        title -> Text,
        kind -> Text,
        taxonomy -> Text,
        iban -> Text,
        accounting_key -> Text,
        others -> Doc,
        terms -> Doc,
        rank -> Integer,
        demand_code -> Nullable<Text>,
    }
}
