//! Makes a report that somebody asked for, and drops its file when its time is over.
//!
//! A run that finds the report half made begins again: the worker before it died.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Failed, Kind, Ran};
use crate::app::report_jobs::{self, PART, ReportState, Wanted};
use crate::app::reports::{self, PDF_ROWS_MAX, Trailer, WriteError};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::store;

/// The job: one run to make it, one to drop it.
pub const KIND: Kind = Kind {
    code: report_jobs::KIND,
    run: |ctx, job| {
        Box::pin(async move {
            let id = job.payload.get("report").and_then(|id| id.as_str());
            let id = id.and_then(|id| Uuid::parse_str(id).ok());
            let id = id.ok_or_else(|| Failed::ForEver("the job names no report".into()))?;
            run(&ctx, &job.creditor, id).await
        })
    },
};

/// How often the progress is written down.
const PROGRESS: Duration = Duration::from_millis(500);

/// Does what is to do now.
///
/// # Errors
/// [`Failed`].
pub async fn run(ctx: &Ctx, creditor: &FiscalCode, id: Uuid) -> Result<Ran, Failed> {
    let (owner, now) = (creditor.clone(), ctx.now());
    let found = ctx.read(move |conn| report_jobs::get(conn, &owner, id, now));
    let Some(report) = found.await? else {
        return Err(Failed::ForEver("no such report".into()));
    };
    match (report.state, report.expires_at) {
        (ReportState::Queued | ReportState::Running, _) => {}
        (ReportState::Ready, Some(at)) => return Ok(Ran::Again(at)),
        (ReportState::Expired, _) => {
            let owner = creditor.clone();
            let drop = move |tx: &mut store::Tx<'_>, _| report_jobs::expire(tx, &owner, id);
            ctx.write::<_, store::Error>(drop).await?;
            return Ok(Ran::Done(json!({})));
        }
        (ReportState::Ready | ReportState::Failed, _) => return Ok(Ran::Done(json!({}))),
    }
    let Some(wanted) = Wanted::of(&report) else {
        return Err(Failed::ForNow("this program has no such report".into()));
    };
    let owner = creditor.clone();
    let begin = move |tx: &mut store::Tx<'_>, _| report_jobs::begin(tx, &owner, id);
    ctx.write::<_, store::Error>(begin).await?;
    match write(ctx, creditor, (id, wanted)).await {
        Ok((file, trailer)) => {
            let until = keep(ctx, creditor, (id, file), trailer).await?;
            Ok(Ran::Again(until))
        }
        Err(reports::Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let why = said(&error);
            let owner = creditor.clone();
            let fail = move |tx: &mut store::Tx<'_>, _| report_jobs::fail(tx, &owner, id, &why);
            ctx.write::<_, store::Error>(fail).await?;
            Ok(Ran::Done(json!({ "failed": error.to_string() })))
        }
    }
}

/// Writes the report to a file, and its progress to the database.
async fn write(
    ctx: &Ctx,
    creditor: &FiscalCode,
    (id, wanted): (Uuid, Wanted),
) -> Result<(File, Trailer), reports::Error> {
    let written = Arc::new(AtomicI64::new(0));
    let (held, owner, count) = (ctx.clone(), creditor.clone(), Arc::clone(&written));
    let now = ctx.now();
    let read = move |conn: &mut _| {
        let mut file = tempfile::tempfile().map_err(WriteError::from)?;
        let mut out = BufWriter::new(&mut file);
        let asked = (&wanted.question, wanted.form, now);
        let trailer = reports::write_counting(conn, &held, &owner, asked, (&mut out, &count))?;
        drop(out);
        file.rewind().map_err(WriteError::from)?;
        Ok::<_, reports::Error>((file, trailer))
    };
    let work = ctx.report(read);
    tokio::pin!(work);
    let mut tick = tokio::time::interval(PROGRESS);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = tick.tick() => {
                let (owner, rows) = (creditor.clone(), written.load(Ordering::Relaxed));
                let advance = move |tx: &mut store::Tx<'_>, _| report_jobs::advance(tx, &owner, id, rows);
                ctx.write::<_, store::Error>(advance).await?;
            }
        }
    }
}

/// Keeps the file, part by part, and says until when.
async fn keep(
    ctx: &Ctx,
    creditor: &FiscalCode,
    (id, mut file): (Uuid, File),
    trailer: Trailer,
) -> Result<Instant, Failed> {
    let unreadable = |why: std::io::Error| Failed::ForNow(format!("the file is lost: {why}"));
    let mut length = 0i64;
    for part in 0i32.. {
        let mut block = Vec::with_capacity(PART);
        let most = u64::try_from(PART).unwrap_or(u64::MAX);
        let read = (&mut file).take(most).read_to_end(&mut block);
        let read = read.map_err(unreadable)?;
        if read == 0 {
            break;
        }
        length = length.saturating_add(i64::try_from(read).unwrap_or(i64::MAX));
        let owner = creditor.clone();
        let add =
            move |tx: &mut store::Tx<'_>, _| report_jobs::add_part(tx, &owner, (id, part), &block);
        ctx.import::<_, store::Error>(add).await?;
    }
    let owner = creditor.clone();
    let finish = move |tx: &mut store::Tx<'_>, now| {
        report_jobs::finish(tx, now, &owner, (id, length), &trailer)
    };
    Ok(ctx.write::<_, store::Error>(finish).await?)
}

/// Why a report cannot be made, for who asked.
fn said(error: &reports::Error) -> Said {
    match error {
        reports::Error::UnknownFlow => Said::new(
            "nessun flusso di rendicontazione ha questo identificativo",
            "no settlement flow has this id",
        ),
        reports::Error::TooLong => Said::new(
            format!("ha più di {PDF_ROWS_MAX} righe: chiedi meno giorni, o non una stampa"),
            format!("has more than {PDF_ROWS_MAX} rows: ask for fewer days, or not for a print"),
        ),
        reports::Error::Write(_) | reports::Error::Money(_) | reports::Error::Store(_) => {
            Said::new(
                "il report non può essere scritto",
                "the report cannot be written",
            )
        }
    }
}
