//! Reading request values into the domain's newtypes: every broken rule at once, each with its place.

use super::problem::{FieldError, Problem, catalogue};
use crate::domain::text::Rule;

/// The rules broken so far. A value that could not be read is `None` until [`Faults::result`].
#[derive(Default)]
pub(super) struct Faults(Vec<FieldError>);

impl Faults {
    /// Keeps what was read, or notes why it could not be. The texts of the domain never quote the value.
    pub(super) fn read<T, E: Rule>(
        &mut self,
        pointer: impl Into<String>,
        read: Result<T, E>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(rule) => {
                self.0.push(FieldError::at(pointer, rule.said()));
                None
            }
        }
    }

    /// What was made of the parts, if no rule was broken.
    ///
    /// # Errors
    /// `rule-violation` with every place.
    pub(super) fn result<T>(self, made: Option<T>) -> Result<T, Problem> {
        match made {
            Some(made) if self.0.is_empty() => Ok(made),
            Some(_) | None => Err(Problem::of(&catalogue::RULE_VIOLATION).with(self.0)),
        }
    }
}
