//! Migration 000030: joint debtors, and the prices that were replaced.

use super::positions::position;

diesel::table! {
    use diesel::sql_types::{SmallInt, Text};
    use crate::store::types::{Doc, Guid};
    joint_debtor (creditor, position_id, place) {
        creditor -> Text,
        position_id -> Guid,
        place -> SmallInt,
        kind -> Text,
        tax_code -> Text,
        full_name -> Text,
        contact -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::store::types::{Doc, Guid, Micros};
    former_price (creditor, position_id, revision) {
        creditor -> Text,
        position_id -> Guid,
        revision -> BigInt,
        replaced_at -> Micros,
        details -> Doc,
        assessment_rows -> Doc,
        notices -> Doc,
    }
}

diesel::allow_tables_to_appear_in_same_query!(position, joint_debtor);
