//! A context on a database of its own that goes away with it, for the unit tests of every layer above.

use tempfile::TempDir;

use super::{Clock, Ctx, Ids};
use crate::config::Config;
use crate::domain::trail::Actor;
use crate::store::Conn;
use crate::store::conn::Access;

/// A migrated SQLite file, a clock that stands at 10:00 in Rome on 2 March 2026, counted ids.
pub(crate) struct Scratch {
    pub(crate) ctx: Ctx,
    _folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db.sqlite").display());
        Conn::open(&url, Access::Write).unwrap().migrate().unwrap();
        let config = Config::parse([("DATABASE_URL".to_owned(), url)]).unwrap();
        let clock = Clock::fixed("2026-03-02T09:00:00Z".parse().unwrap());
        let ctx = Ctx::with(config, clock, Ids::counted()).unwrap();
        let ctx = ctx.by(Actor::Job("test".to_owned()));
        Scratch {
            ctx,
            _folder: folder,
        }
    }
}
