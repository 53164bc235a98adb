//! The terms of a service: as stored, and as its kind reads them.

use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::findings::{Findings, read};
use super::service::DetailsError;

/// Tariffs, dates and options of a service. A roll of a million positions reads them once: the first
/// reading is kept, and whoever changes the JSON form drops it.
#[derive(Clone, Default)]
pub struct Terms {
    json: Arc<Value>,
    reading: Arc<OnceLock<Reading>>,
}

/// The outcome of reading and checking: terms of the kind, or every rule they break.
type Reading = Result<Box<dyn Any + Send + Sync>, Vec<DetailsError>>;

impl Terms {
    /// The terms as one kind reads them. A service has one kind, so that all its readings agree.
    ///
    /// # Errors
    /// Every rule that the terms break, with pointers relative to the terms.
    pub(crate) fn read<T: DeserializeOwned + Send + Sync + 'static>(
        &self,
        check: fn(&T, &mut Findings),
    ) -> Result<&T, Vec<DetailsError>> {
        let first = || -> Reading { Ok(Box::new(read_terms(&self.json, check)?)) };
        let kept = self.reading.get_or_init(first).as_ref();
        let terms = kept.map_err(Clone::clone)?.downcast_ref();
        terms.ok_or_else(|| {
            vec![DetailsError::new(
                "",
                "le condizioni sono di un altro tipo di servizio",
                "the terms belong to another kind of service",
            )]
        })
    }
}

/// Reads terms and checks them.
///
/// # Errors
/// Every rule that the terms break, with pointers relative to the terms.
pub(crate) fn read_terms<T: DeserializeOwned>(
    terms: &Value,
    check: fn(&T, &mut Findings),
) -> Result<T, Vec<DetailsError>> {
    let terms: T = read(terms)?;
    let mut findings = Findings::default();
    check(&terms, &mut findings);
    findings.result().map(|()| terms)
}

impl From<Value> for Terms {
    fn from(json: Value) -> Terms {
        Terms {
            json: Arc::new(json),
            reading: Arc::default(),
        }
    }
}

/// The JSON form.
impl Deref for Terms {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.json
    }
}

/// Changing the JSON form forgets what was read from it.
impl DerefMut for Terms {
    fn deref_mut(&mut self) -> &mut Value {
        self.reading = Arc::default();
        Arc::make_mut(&mut self.json)
    }
}

impl PartialEq for Terms {
    fn eq(&self, other: &Terms) -> bool {
        self.json == other.json
    }
}

impl std::fmt::Debug for Terms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.json.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Price {
        cents: i64,
    }

    fn check(price: &Price, findings: &mut Findings) {
        findings.range("/cents", price.cents, 1..=100);
    }

    #[test]
    fn terms_are_read_once_and_again_when_they_change() {
        let mut terms = Terms::from(json!({"cents": 5}));
        let copy = terms.clone();
        let first: &Price = terms.read(check).unwrap();
        assert_eq!(first.cents, 5);
        assert!(std::ptr::eq(first, copy.read(check).unwrap()));
        terms["cents"] = json!(6);
        assert_eq!(terms.read(check), Ok(&Price { cents: 6 }));
        assert_eq!(copy.read(check), Ok(&Price { cents: 5 }));
        assert_ne!(terms, copy);
        terms["cents"] = json!(0);
        let broken = || terms.read(check).unwrap_err().remove(0).pointer;
        assert_eq!((broken(), broken()), ("/cents".into(), "/cents".into()));
    }

    #[test]
    fn terms_of_one_kind_are_not_those_of_another() {
        let terms = Terms::from(json!({"cents": 5}));
        assert!(terms.read(check).is_ok());
        assert!(terms.read(|_: &Vec<i64>, _| {}).is_err());
    }
}
