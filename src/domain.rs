//! The rules of the debt. Only `std`, chrono and thiserror live here: no I/O, no clock, no chance.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

/// Gives a closed set of values the names they have in the database, the API and reports.
macro_rules! names {
    ($type:ty, { $($variant:path => $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in order.
            pub const ALL: &'static [$type] = &[$($variant),+];

            /// The name in the database, the API and reports.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($variant => $name),+ }
            }

            /// The value with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<$type> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub mod calendar;
pub mod findings;
pub mod fiscal_code;
pub mod iban;
pub mod interest;
pub mod money;
pub mod notice_number;
pub mod stamp;
pub mod taxonomy;
pub mod terms;
pub mod text;

pub mod client;
pub mod crediting;
pub mod creditor;
pub mod demand;
pub mod ledger;
pub mod lifecycle;
pub mod node_event;
pub mod payment_option;
pub mod position;
pub mod receipt;
pub mod trail;

pub mod accounting;
pub mod clearing;
pub mod collection_order;
pub mod reconciliation;
pub mod refund;
pub mod search;
pub mod settlement;
pub mod treasurer;
pub mod treasury;

pub mod document;
pub mod payload;

pub mod canteen_account;
pub mod fine_income;
pub mod receivables;
pub mod school_expense;

pub mod balance;
pub mod isee;
pub mod service;
