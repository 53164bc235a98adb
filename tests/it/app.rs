//! The engine as tests see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::web;
use avviso::api;
use avviso::app::audit::audit;
use avviso::app::creditors::{self, Taxonomy};
use avviso::app::trail;
use avviso::config::Config;
use avviso::ctx::{Clock, Ctx, Ids};
use avviso::domain::calendar::Instant;
use avviso::domain::client::Tenant;
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::ledger::Account;
use avviso::domain::trail::Actor;
use chrono::TimeDelta;

use crate::database::{self, Database, Engine};

/// Makes two tests of each story: `name::sqlite` and `name::postgres`.
macro_rules! both_databases {
    ($($(#[$note:meta])* async fn $name:ident($app:ident: TestApp) $body:block)+) => {$(
        $(#[$note])*
        mod $name {
            use super::*;

            async fn story($app: crate::app::TestApp) $body

            #[test]
            fn sqlite() {
                crate::app::run(crate::database::Engine::Sqlite, story);
            }

            #[test]
            fn postgres() {
                crate::app::run(crate::database::Engine::Postgres, story);
            }
        }
    )+};
}

/// The town of the stories, and its neighbour.
pub(crate) const TOWN: &str = "99999000203";
/// Who runs the town's station.
pub(crate) const BROKER: &str = "99999000302";
/// The town's station.
pub(crate) const STATION: &str = "99999000302_01";
/// When stories begin: the morning of 1 April 2026 in Rome.
const START: &str = "2026-04-01T08:00:00Z";

/// The engine on a database of its own, with a clock that stands still and ids that count.
/// Clones share everything.
#[derive(Clone)]
pub(crate) struct TestApp {
    pub(crate) ctx: Ctx,
    database: Arc<Database>,
    audited: Arc<AtomicBool>,
    door: Arc<OnceLock<web::Data<api::State>>>,
}

/// Runs one story and audits the books after it.
pub(crate) fn run<F, S>(engine: Engine, story: S)
where
    S: FnOnce(TestApp) -> F,
    F: Future<Output = ()>,
{
    let Some(database) = Database::migrated(engine) else {
        eprintln!("not run: PostgreSQL is switched off");
        return;
    };
    actix_web::rt::System::new().block_on(async {
        let app = TestApp::open(Arc::new(database)).await;
        story(app.clone()).await;
        app.finish();
    });
}

impl TestApp {
    async fn open(database: Arc<Database>) -> TestApp {
        let clock = Clock::fixed(START.parse().unwrap());
        let ctx = context(&database.url, clock, Ids::counted());
        let town = std::fs::read_to_string("fixtures/comuni/avezzano.toml").unwrap();
        register(&ctx, &town).await;
        TestApp {
            ctx,
            database,
            audited: Arc::new(AtomicBool::new(true)),
            door: Arc::default(),
        }
    }

    /// A second process on the same database: other blocks of numbers, other ids, the same time.
    pub(crate) async fn twin(&self) -> TestApp {
        let ids = Ids::system(self.ctx.clock.clone());
        let ctx = context(&self.database.url, self.ctx.clock.clone(), ids);
        ctx.reload_registry().await.unwrap();
        TestApp {
            ctx,
            database: Arc::clone(&self.database),
            audited: Arc::clone(&self.audited),
            door: Arc::default(),
        }
    }

    /// Another town beside the first.
    pub(crate) async fn neighbour(&self) -> FiscalCode {
        let town = std::fs::read_to_string("fixtures/comuni/altopascio.toml").unwrap();
        register(&self.ctx, &town).await
    }

    pub(crate) fn town(&self) -> FiscalCode {
        FiscalCode::parse(TOWN).unwrap()
    }

    /// Lets days pass at once.
    pub(crate) fn pass_days(&self, days: i64) {
        self.ctx.clock.advance(TimeDelta::days(days)).unwrap();
    }

    pub(crate) fn set_clock(&self, to: &str) {
        let to: Instant = to.parse().unwrap();
        self.ctx.clock.set(to).unwrap();
    }

    /// Balance of an account of the town, cents.
    pub(crate) async fn balance(&self, account: Account) -> i64 {
        let town = self.town();
        let balance = self
            .ctx
            .read(move |conn| avviso::store::ledger::balance(conn, &town, account))
            .await;
        balance.unwrap().get()
    }

    /// Where the database is, for other programs.
    pub(crate) fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Everything the database holds.
    pub(crate) fn dump(&self) -> String {
        database::dump(&mut self.database.connect())
    }

    /// The lines that a statement answers, in its one column `row`.
    pub(crate) fn rows(&self, statement: &str) -> Vec<String> {
        database::rows(&mut self.database.connect(), statement)
    }

    /// Breaks what the engine would never break itself.
    pub(crate) fn tamper(&self, statements: &str) {
        self.database.connect().execute(statements).unwrap();
    }

    /// The REST door, made when it is first used.
    pub(crate) fn rest_state(&self) -> web::Data<api::State> {
        self.door.get_or_init(|| crate::rest::state(self)).clone()
    }

    /// The story broke the books itself: they are not audited.
    pub(crate) fn unaudited(&self) {
        self.audited.store(false, Ordering::Relaxed);
    }

    /// Names of the invariants that the town's books break.
    pub(crate) fn failed_checks(&self) -> Vec<String> {
        let checks = audit(&mut self.database.connect(), &self.town()).unwrap();
        let failed = checks.into_iter().filter(|check| !check.holds());
        failed.map(|check| check.name.to_owned()).collect()
    }

    /// The end of every story.
    fn finish(&self) {
        if !self.audited.load(Ordering::Relaxed) {
            return;
        }
        let mut conn = self.database.connect();
        for creditor in self.ctx.registry.creditors() {
            let tenant = Tenant::Creditor(creditor.tax_code.clone());
            let seal = |tx: &mut avviso::store::Tx<'_>| trail::seal(tx, self.ctx.now(), &tenant);
            while conn.write(seal).unwrap() > 0 {}
            for check in audit(&mut conn, &creditor.tax_code).unwrap() {
                assert!(
                    check.holds(),
                    "the books of {} disagree:\n{check}",
                    creditor.tax_code
                );
            }
        }
    }
}

/// Registers the town of a file. What this writes in the audit trail has ids of its own: those of a story do
/// not change with the length of the file.
async fn register(ctx: &Ctx, town: &str) -> FiscalCode {
    let mut own = ctx.clone();
    own.ids = Ids::system(ctx.clock.clone());
    let imported = creditors::import_file(&own, town, &Taxonomy::Unlisted).await;
    imported.unwrap().0
}

fn context(url: &str, clock: Clock, ids: Ids) -> Ctx {
    let variables = [
        ("DATABASE_URL", url),
        ("AVVISO_DB_THREADS", "2"),
        ("AVVISO_RATE_PER_SECOND", "100000"),
        ("AVVISO_NODE_MUTED_STATIONS", "99999000302_02"),
        // Nobody listens there; with an address, what the archive has to be told is kept.
        ("AVVISO_ACA_URL", "http://127.0.0.1:9"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let ctx = Ctx::with(Config::parse(variables).unwrap(), clock, ids).unwrap();
    ctx.by(Actor::Job("test".to_owned()))
}
