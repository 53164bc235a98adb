//! Whether the engine can serve.

use crate::store::conn::SchemaState;
use crate::store::{self, Conn};

/// Why the engine cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Migrations are still to run.
    #[error("the database lacks migrations, the first is {0}: run `avviso migrate`")]
    Behind(String),
    /// The database belongs to a newer program.
    #[error("the database has migrations that this program does not know, the first is {0}")]
    Ahead(String),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Asks the database whether it answers and has the schema of this program.
///
/// # Errors
/// [`Error`].
pub fn check(conn: &mut Conn) -> Result<(), Error> {
    let first = |names: Vec<String>| names.into_iter().next().unwrap_or_default();
    match conn.schema_state()? {
        SchemaState::Current => Ok(()),
        SchemaState::Behind(names) => Err(Error::Behind(first(names))),
        SchemaState::Ahead(names) => Err(Error::Ahead(first(names))),
    }
}
