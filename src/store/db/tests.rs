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
    let rows: Vec<i64> = match &mut conn {
        Conn::Lite(c) => diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT n FROM one").load(c),
        Conn::Pg(_) => unreachable!("a scratch is a SQLite file"),
    }
    .unwrap();
    assert_eq!(rows, [1]);
}
