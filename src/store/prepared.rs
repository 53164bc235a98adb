//! Statements that stay prepared. Both databases keep one only under the same text, so a statement must not
//! vary with what it is asked.
//!
//! [`among`] is `column = one of these keys` with all keys in one parameter, `= ANY` of an array on
//! PostgreSQL and a JSON array on SQLite: a parameter for each key would be another text for every number of
//! keys. [`kept!`](crate::kept) is a statement that its place in the source names, so that its text is not
//! written again to look it up; [`ending`] is for what diesel would not keep.

use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Array, Bool, HasSqlType, SqlType, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::types::{Guid, Id};

/// SQL type of many texts: `text[]` on PostgreSQL, a JSON array on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 1009, array_oid = 0), sqlite_type(name = "Text"))]
pub struct Texts;

/// SQL type of many ids: `uuid[]` on PostgreSQL, a JSON array of hexadecimal digits on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(postgres_type(oid = 2951, array_oid = 0), sqlite_type(name = "Text"))]
pub struct Guids;

/// How SQLite reads one key from the array.
pub trait KeySet {
    /// An expression over the `value` of `json_each`.
    const KEY: &'static str;
}

impl KeySet for Texts {
    const KEY: &'static str = "value";
}

impl KeySet for Guids {
    const KEY: &'static str = "unhex(value)";
}

/// Keys to be bound as one parameter.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a, K>(&'a [K]);

/// The condition; made by [`among`] and [`among_ids`].
#[derive(Debug, Clone, Copy)]
pub struct Among<C, S, K> {
    column: C,
    keys: K,
    set: PhantomData<S>,
}

/// Rows whose text is one of the keys.
pub fn among<'a, C>(column: C, keys: &'a [&'a str]) -> Among<C, Texts, Keys<'a, &'a str>> {
    Among {
        column,
        keys: Keys(keys),
        set: PhantomData,
    }
}

/// Rows whose id is one of the keys.
pub fn among_ids<C>(column: C, keys: &[Id]) -> Among<C, Guids, Keys<'_, Id>> {
    Among {
        column,
        keys: Keys(keys),
        set: PhantomData,
    }
}

impl ToSql<Texts, Pg> for Keys<'_, &str> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Array<Text>, Pg>::to_sql(self.0, &mut out.reborrow())
    }
}

impl ToSql<Texts, Sqlite> for Keys<'_, &str> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(self.0)?);
        Ok(IsNull::No)
    }
}

impl ToSql<Guids, Pg> for Keys<'_, Id> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Array<Guid>, Pg>::to_sql(self.0, &mut out.reborrow())
    }
}

impl ToSql<Guids, Sqlite> for Keys<'_, Id> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        let digits: Vec<_> = self.0.iter().map(|id| id.0.simple().to_string()).collect();
        out.set_value(serde_json::to_string(&digits)?);
        Ok(IsNull::No)
    }
}

impl<C: QueryId, S: 'static, K> QueryId for Among<C, S, K> {
    type QueryId = Among<C::QueryId, S, ()>;
    const HAS_STATIC_QUERY_ID: bool = C::HAS_STATIC_QUERY_ID;
}

impl<C: Expression, S, K> Expression for Among<C, S, K> {
    type SqlType = Bool;
}

impl<C: AppearsOnTable<From>, S, K, From> AppearsOnTable<From> for Among<C, S, K> {}

impl<C: SelectableExpression<From>, S, K, From> SelectableExpression<From> for Among<C, S, K> {}

impl<C: ValidGrouping<By>, S, K, By> ValidGrouping<By> for Among<C, S, K> {
    type IsAggregate = C::IsAggregate;
}

impl<C, S, K> QueryFragment<Pg> for Among<C, S, K>
where
    C: QueryFragment<Pg>,
    K: ToSql<S, Pg>,
    Pg: HasSqlType<S>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY(");
        out.push_bind_param::<S, K>(&self.keys)?;
        out.push_sql(")");
        Ok(())
    }
}

impl<C, S, K> QueryFragment<Sqlite> for Among<C, S, K>
where
    C: QueryFragment<Sqlite>,
    S: KeySet,
    K: ToSql<S, Sqlite>,
    Sqlite: HasSqlType<S>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT ");
        out.push_sql(S::KEY);
        out.push_sql(" FROM json_each(");
        out.push_bind_param::<S, K>(&self.keys)?;
        out.push_sql("))");
        Ok(())
    }
}

/// A statement whose text is always the same, known by `Place`; made by [`kept!`](crate::kept).
#[derive(Debug, Clone, Copy)]
pub struct Kept<Place, Q> {
    statement: Q,
    place: PhantomData<Place>,
}

/// See [`kept!`](crate::kept), which makes the place.
pub fn kept<Place, Q>(statement: Q) -> Kept<Place, Q> {
    Kept {
        statement,
        place: PhantomData,
    }
}

/// Keeps a statement prepared under the place that it is written at. Its text must not vary with its values:
/// no optional columns left to their defaults, no lists of several lengths, no boxed conditions.
#[macro_export]
macro_rules! kept {
    ($statement:expr) => {{
        struct Place;
        $crate::store::prepared::kept::<Place, _>($statement)
    }};
}

impl<Place: 'static, Q> QueryId for Kept<Place, Q> {
    type QueryId = Kept<Place, ()>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Place, Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Kept<Place, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<Place, Q, C> RunQueryDsl<C> for Kept<Place, Q> {}

/// A statement and the words at its end; made by [`ending`].
#[derive(Debug, Clone, Copy)]
pub struct Ending<Q> {
    statement: Q,
    words: &'static str,
}

/// A statement with fixed words at its end. Diesel does not keep an upsert that it writes itself: it cannot
/// know that what is set never varies.
pub fn ending<Q>(statement: Q, words: &'static str) -> Ending<Q> {
    Ending { statement, words }
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Ending<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out.reborrow())?;
        out.push_sql(self.words);
        Ok(())
    }
}
