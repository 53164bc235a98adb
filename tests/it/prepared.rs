//! Statements are prepared once, whatever they are asked, and find what they should.

use std::sync::{Arc, Mutex};

use avviso::on;
use avviso::store::prepared::{among, among_ids};
use avviso::store::schema::{number_sequence, quote};
use avviso::store::types::{At, Id};
use avviso::store::{Conn, Error};
use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use uuid::Uuid;

use crate::database::{Database, Engine};

/// Texts of the statements that the connection has kept prepared since.
fn watch(conn: &mut Conn) -> Arc<Mutex<Vec<String>>> {
    let kept: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&kept);
    let note = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::CacheQuery { sql, .. } = event {
            seen.lock().unwrap().push(sql.to_owned());
        }
    };
    on!(conn, |c| c.set_instrumentation(note));
    kept
}

fn codes(conn: &mut Conn, keys: &[&str]) -> Vec<String> {
    on!(conn, |c| number_sequence::table
        .filter(number_sequence::creditor.eq("town"))
        .filter(among(number_sequence::segregation_code, keys))
        .order(number_sequence::segregation_code)
        .select(number_sequence::segregation_code)
        .load(c))
    .unwrap()
}

fn ids(conn: &mut Conn, keys: &[Id]) -> Vec<Id> {
    on!(conn, |c| quote::table
        .filter(quote::creditor.eq("town"))
        .filter(among_ids(quote::id, keys))
        .order(quote::id)
        .select(quote::id)
        .load(c))
    .unwrap()
}

fn story(engine: Engine) {
    let Some(database) = Database::migrated(engine) else {
        return;
    };
    let mut conn = database.connect();
    // A quote and a comma are text like any other.
    let all = ["01", "02", "a\"b,{}"];
    let made: Vec<Id> = (1..=3u128).map(|n| Id(Uuid::from_u128(n << 100))).collect();
    let at: At = At("2026-03-02T08:00:00Z".parse().unwrap());
    conn.write(|tx| {
        for (code, id) in all.into_iter().zip(&made) {
            on!(&mut **tx, |c| {
                diesel::insert_into(number_sequence::table)
                    .values((
                        number_sequence::creditor.eq("town"),
                        number_sequence::segregation_code.eq(code),
                        number_sequence::next_value.eq(1),
                    ))
                    .execute(c)?;
                diesel::insert_into(quote::table)
                    .values((
                        quote::creditor.eq("town"),
                        quote::notice_number.eq(code),
                        quote::id.eq(id),
                        quote::at.eq(at),
                        quote::amount_cents.eq(1),
                        quote::reason.eq(""),
                    ))
                    .execute(c)?;
            });
        }
        Ok::<_, Error>(())
    })
    .unwrap();
    let kept = watch(&mut conn);

    assert_eq!(codes(&mut conn, &[]), Vec::<String>::new());
    assert_eq!(codes(&mut conn, &["02"]), ["02"]);
    assert_eq!(
        codes(&mut conn, &["a\"b,{}", "01", "none"]),
        ["01", "a\"b,{}"]
    );
    assert_eq!(ids(&mut conn, &[]), []);
    assert_eq!(ids(&mut conn, &made[1..]), made[1..]);
    assert_eq!(ids(&mut conn, &made), made);

    let kept = kept.lock().unwrap();
    assert_eq!(kept.len(), 2, "{kept:#?}");
}

#[test]
fn a_statement_is_prepared_once_on_sqlite() {
    story(Engine::Sqlite);
}

#[test]
fn a_statement_is_prepared_once_on_postgres() {
    story(Engine::Postgres);
}
