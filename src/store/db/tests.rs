use std::sync::{Mutex, mpsc};

use diesel::RunQueryDsl as _;
use futures_util::future::join4;

use super::*;
use crate::ctx::scratch::Scratch;

/// Order in which closures ran.
type Order = Arc<Mutex<Vec<&'static str>>>;

fn note(order: &Order, name: &'static str) -> impl Fn(&mut Tx<'_>) -> Result<(), Error> + use<> {
    let order = order.clone();
    move |_| {
        order.lock().unwrap().push(name);
        Ok(())
    }
}

#[actix_web::test]
async fn an_import_waits_for_the_writes() {
    let scratch = Scratch::new();
    let db = Db::open(&scratch.ctx.config.database_url, 1).unwrap();
    let order = Order::default();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let busy = db.write::<_, Error>(move |_| {
        let _released = held.lock().unwrap().recv();
        Ok(())
    });
    let import = db.import(note(&order, "import"));
    let write = db.write(note(&order, "write"));
    // Asked in this order: all of them stand in their queues before the writer goes on.
    let all = join4(busy, import, write, async { release.send(()) });
    let (busy, import, write, released) = all.await;
    busy.and(import).and(write).unwrap();
    released.unwrap();
    assert_eq!(*order.lock().unwrap(), ["write", "import"]);
}

#[actix_web::test]
async fn an_import_is_durable_when_it_is_answered_and_taken_back_when_it_fails() {
    let scratch = Scratch::new();
    let url = &scratch.ctx.config.database_url;
    let db = Db::open(url, 1).unwrap();
    let table = |tx: &mut Tx<'_>| tx.execute("CREATE TABLE one (n INTEGER)");
    db.write(table).await.unwrap();
    let insert = |tx: &mut Tx<'_>| tx.execute("INSERT INTO one VALUES (1)");
    db.import(insert).await.unwrap();
    let fail =
        |tx: &mut Tx<'_>| tx.execute("INSERT INTO one VALUES (2); INSERT INTO none VALUES (1)");
    db.import(fail).await.unwrap_err();
    db.close();
    let mut conn = Conn::open(url, Access::Read).unwrap();
    assert_eq!(numbers(&mut conn, "SELECT n FROM one"), [1]);
}

#[actix_web::test]
async fn without_room_each_is_told_so_and_what_was_answered_stays() {
    let scratch = Scratch::new();
    let url = &scratch.ctx.config.database_url;
    let db = Db::open(url, 1).unwrap();
    let run = |statement: String| db.write(move |tx: &mut Tx<'_>| tx.execute(&statement));
    run("CREATE TABLE one (n INTEGER, filler BLOB)".to_owned())
        .await
        .unwrap();
    run("PRAGMA max_page_count=1".to_owned()).await.unwrap();
    // Many at once share a commit.
    let rows = (0..40).map(|n| {
        let bytes = if n % 4 == 3 { 100_000 } else { 10 };
        run(format!("INSERT INTO one VALUES ({n}, zeroblob({bytes}))"))
    });
    let answers = futures_util::future::join_all(rows).await;
    let mut kept: Vec<i64> = Vec::new();
    for (n, answer) in (0..).zip(&answers) {
        match answer {
            Ok(()) => kept.push(n),
            Err(Error::Full(_)) => assert_eq!(n % 4, 3, "{n}"),
            // It shared a commit that the database took back, and may try again.
            Err(Error::Busy) => {}
            Err(other) => panic!("{n}: {other}"),
        }
    }
    assert!(
        answers
            .iter()
            .any(|answer| matches!(answer, Err(Error::Full(_))))
    );
    run("PRAGMA max_page_count=1000000".to_owned())
        .await
        .unwrap();
    run("INSERT INTO one VALUES (40, zeroblob(100000))".to_owned())
        .await
        .unwrap();
    kept.push(40);
    run("PRAGMA query_only=ON".to_owned()).await.unwrap();
    let refused = run("INSERT INTO one VALUES (41, NULL)".to_owned()).await;
    assert!(matches!(refused, Err(Error::ReadOnly(_))), "{refused:?}");
    db.close();
    let mut conn = Conn::open(url, Access::Read).unwrap();
    let stored = numbers(&mut conn, "SELECT n FROM one ORDER BY n");
    assert_eq!(kept, stored);
}

/// What a statement answers with, number by number.
fn numbers(conn: &mut Conn, query: &str) -> Vec<i64> {
    match conn {
        Conn::Lite(c) => diesel::dsl::sql::<diesel::sql_types::BigInt>(query).load(c),
        Conn::Pg(_) => unreachable!("a scratch is a SQLite file"),
    }
    .unwrap()
}

#[actix_web::test]
async fn nothing_is_stored_of_a_group_that_the_database_takes_back() {
    let scratch = Scratch::new();
    let url = &scratch.ctx.config.database_url;
    let db = Db::open(url, 1).unwrap();
    let run = |statement: String| db.write(move |tx: &mut Tx<'_>| tx.execute(&statement));
    run("CREATE TABLE one (n INTEGER, filler BLOB)".to_owned())
        .await
        .unwrap();
    run("PRAGMA max_page_count=1".to_owned()).await.unwrap();
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let first = db.write::<_, Error>(move |tx| {
        let _released = held.lock().unwrap().recv();
        tx.execute("INSERT INTO one VALUES (0, NULL)")
    });
    let rows = (1..8).map(|n| {
        let bytes = if n == 4 { 100_000 } else { 10 };
        run(format!("INSERT INTO one VALUES ({n}, zeroblob({bytes}))"))
    });
    let rows = futures_util::future::join_all(rows);
    let (first, rows, released) =
        futures_util::future::join3(first, rows, async { release.send(()) }).await;
    released.unwrap();
    assert!(matches!(first, Err(Error::Busy)), "{first:?}");
    let told = |n: usize| &rows[n - 1];
    assert!(
        (1..4).all(|n| matches!(told(n), Err(Error::Busy))),
        "{rows:?}"
    );
    assert!(matches!(told(4), Err(Error::Full(_))), "{rows:?}");
    // Those that waited behind it are not part of it.
    assert!((5..8).all(|n| told(n).is_ok()), "{rows:?}");
    db.close();
    let mut conn = Conn::open(url, Access::Read).unwrap();
    assert_eq!(
        numbers(&mut conn, "SELECT n FROM one ORDER BY n"),
        [5, 6, 7]
    );
}

#[actix_web::test]
async fn who_goes_on_after_the_transaction_was_taken_back_stores_nothing() {
    for last in ["savepoint", "statement"] {
        let scratch = Scratch::new();
        let url = &scratch.ctx.config.database_url;
        let db = Db::open(url, 1).unwrap();
        let table = |tx: &mut Tx<'_>| tx.execute("CREATE TABLE one (n INTEGER, filler BLOB)");
        db.write(table).await.unwrap();
        let broken = db.write::<(), Error>(move |tx| {
            tx.execute("PRAGMA max_page_count=1; INSERT INTO one VALUES (1, NULL)")?;
            let large =
                |tx: &mut Tx<'_>| tx.execute("INSERT INTO one VALUES (2, zeroblob(100000))");
            tx.write::<(), Error>(large).unwrap_err();
            let small = |tx: &mut Tx<'_>| tx.execute("INSERT INTO one VALUES (3, NULL)");
            match last {
                "savepoint" => tx.write(small),
                _ => small(tx),
            }
        });
        broken.await.unwrap_err();
        let again = |tx: &mut Tx<'_>| tx.execute("INSERT INTO one VALUES (4, NULL)");
        db.write(again).await.unwrap();
        db.close();
        let mut conn = Conn::open(url, Access::Read).unwrap();
        assert_eq!(numbers(&mut conn, "SELECT n FROM one"), [4], "{last}");
    }
}
