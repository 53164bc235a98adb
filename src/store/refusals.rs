//! What is said about money and cannot be filed: kept as it came, read by a person, closed once. Files of the
//! treasurer and flows have a list each, in a table of its own; only where a refusal stands differs.

use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::text::Said;

/// Something about money that could not be filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<P> {
    /// UUID version 7.
    pub id: Uuid,
    /// Where it stands.
    pub place: P,
    /// What it says, as it came; of what cannot be read as a whole, how it begins.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
    /// When it came.
    pub came_at: Instant,
    /// What was done about it.
    pub closing: Option<Closing>,
}

/// What was done about a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The client; none when what could not be read was read or replaced later.
    pub client: Option<Uuid>,
    /// What was done.
    pub note: String,
    /// The treasury entry that was filed in its place.
    pub entry: Option<Uuid>,
    /// When.
    pub at: Instant,
}

/// How many refusals wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRefusals {
    /// How many.
    pub count: i64,
    /// When the oldest of them came.
    pub oldest: Option<Instant>,
}

/// The questions about the list in a table, and how one of it is closed. A row of the table is read by
/// `into_domain`, and `closed` says what closing sets.
macro_rules! refusal_list {
    ($table:ident, $row:ty, $place:ty, $came_at:ident, $closed:path) => {
        /// One refusal.
        ///
        /// # Errors
        /// The database's, or a corrupt row.
        pub fn get(
            conn: &mut Conn,
            creditor: &FiscalCode,
            id: Uuid,
        ) -> Result<Option<Refusal<$place>>, Error> {
            let row: Option<$row> = on!(conn, |c| $table::table
                .find((creditor.as_str(), Id(id)))
                .select(<$row>::as_select())
                .get_result(c)
                .optional())?;
            row.map(<$row>::into_domain).transpose()
        }

        /// One page of refusals, in the order they came, after the given id; those that wait for somebody, or
        /// those that do not, when asked.
        ///
        /// # Errors
        /// The database's, or a corrupt row.
        pub fn page(
            conn: &mut Conn,
            creditor: &FiscalCode,
            open: Option<bool>,
            (after, limit): (Option<Uuid>, i64),
        ) -> Result<Vec<Refusal<$place>>, Error> {
            let rows: Vec<$row> = on!(conn, |c| {
                let mut query = $table::table
                    .filter($table::creditor.eq(creditor.as_str()))
                    .filter($table::id.gt(Id(after.unwrap_or_default())))
                    .order($table::id)
                    .limit(limit)
                    .select(<$row>::as_select())
                    .into_boxed();
                match open {
                    Some(true) => query = query.filter($table::closed_at.is_null()),
                    Some(false) => query = query.filter($table::closed_at.is_not_null()),
                    None => {}
                }
                query.load(c)
            })?;
            rows.into_iter().map(<$row>::into_domain).collect()
        }

        /// Writes down what was done about a refusal; nothing when something had been.
        ///
        /// # Errors
        /// The database's.
        pub fn close(
            tx: &mut Tx<'_>,
            creditor: &FiscalCode,
            id: Uuid,
            closing: &Closing,
        ) -> Result<Inserted, Error> {
            let open = $table::table
                .filter($table::creditor.eq(creditor.as_str()))
                .filter($table::id.eq(Id(id)))
                .filter($table::closed_at.is_null());
            let set = $closed(closing);
            let made = on!(&mut **tx, |c| diesel::update(open).set(set).execute(c))?;
            Ok(Inserted::from_count(made))
        }

        /// How many refusals wait for somebody.
        ///
        /// # Errors
        /// The database's.
        pub fn open(conn: &mut Conn, creditor: &FiscalCode) -> Result<OpenRefusals, Error> {
            let waiting = || {
                $table::table
                    .filter($table::creditor.eq(creditor.as_str()))
                    .filter($table::closed_at.is_null())
            };
            let count: i64 = on!(conn, |c| waiting().count().get_result(c))?;
            let oldest: Option<At> = on!(conn, |c| waiting()
                .order($table::id)
                .select($table::$came_at)
                .first(c)
                .optional())?;
            Ok(OpenRefusals {
                count,
                oldest: oldest.map(|at| at.0),
            })
        }
    };
}
