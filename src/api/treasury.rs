//! Treasury: movements on the creditor's accounts.

mod entry;
mod layout;
mod read;
mod refusals;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
pub(super) use entry::create_treasury_entry;
pub use entry::{FiledTreasuryEntry, NewTreasuryEntry};
pub use layout::TreasuryImportQuery;
use read::{Journal, Tally};
pub use refusals::{
    ClosedRefusal, RefusalClosing, TreasuryRefusal, TreasuryRefusalPage, TreasuryRefusalPath,
};
pub(super) use refusals::{close_treasury_refusal, list_treasury_refusals};

use super::input::{FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::Problem;
use super::reconciliation::ReconciliationCode;
use super::repeat::Asked;
use super::scalars::{
    BankReference, Count, IdempotencyKeyHeader, Iuv, Line140, Line1000, SignedCents, TotalCents,
    UriHeader,
};
use super::upload::TextFile;
use crate::app::idempotency;
use crate::app::treasury::{self, Filter};

/// A list as CSV. Without `columns` in the query it is the treasurer's journal: a header line with the twelve columns of the
/// example, then one movement a line, separated by `;`. With `columns` it is any bank's own list.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 1_073_741_824, pattern = "^[^\\x00]+$",
    example = "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;tipo_operazione;numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n2026;0000100;12;ENTRATA;SOSPESO ENTRATA;ESEGUITO;45;209,03;2026-03-03;2026-03-03;PSP S.p.A.;/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03BPPIITRRXXX-0000000001\n")]
pub struct BankJournal(#[expect(dead_code, reason = "it only names a schema")] String);

/// The treasurer's journal (flusso giornale di cassa of OPI, 1.5.1 and later) or a statement of the bank
/// (ISO 20022 camt.053, version 02 and later); the root element tells which.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 1_073_741_824, pattern = "^[^\\x00]+$",
    example = "<flusso_giornale_di_cassa><esercizio>2026</esercizio><informazioni_conto_evidenza><conto_evidenza>0000100</conto_evidenza><movimento_conto_evidenza><numero_movimento>12</numero_movimento><tipo_movimento>ENTRATA</tipo_movimento><tipo_documento>SOSPESO ENTRATA</tipo_documento><tipo_operazione>ESEGUITO</tipo_operazione><numero_documento>45</numero_documento><importo>209.03</importo><data_movimento>2026-03-03</data_movimento><causale>/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03BPPIITRRXXX-0000000001</causale></movimento_conto_evidenza></informazioni_conto_evidenza></flusso_giornale_di_cassa>")]
pub struct BankStatement(#[expect(dead_code, reason = "it only names a schema")] String);

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// Stored.
    New,
    /// It had been stored before.
    Known,
    /// A movement with this year, account and number says something else; the first one stands, this one is
    /// kept among the refusals.
    Conflicting,
    /// It could not be read; it is kept among the refusals, and the other lines are stored all the same.
    Refused,
}

/// What became of one line of a journal.
#[derive(Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedLine {
    /// Number of the line in the file, from 1; of an XML file, of the entry.
    pub line: Count,
    /// What became of it.
    pub outcome: LineOutcome,
    /// The movement; absent when the line was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasury_entry_id: Option<Uuid>,
    /// Why it was refused, or what it conflicts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<Line1000>,
    /// What it says, when it was refused or conflicts; cut to 1000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Line1000>,
}

/// Outcome of an import.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryImport {
    /// Identifier of the file; the same for the same bytes.
    pub treasury_import_id: Uuid,
    /// Instant at which these bytes came first.
    pub first_received_at: DateTime<Utc>,
    /// Lines stored.
    pub new_lines: Count,
    /// Lines stored before.
    pub known_lines: Count,
    /// Lines that contradict what was stored before.
    pub conflicting_lines: Count,
    /// Lines refused.
    pub refused_lines: Count,
    /// What the lines stored change on the accounts: money in less money out.
    pub new_amount_cents: SignedCents,
    /// Every line, in the order of the file; of a file of more than 10000 lines only the first 10000 of those
    /// that conflict or were refused.
    #[schema(min_items = 0, max_items = 10_000)]
    pub lines: Vec<ImportedLine>,
}

/// Which way money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementDirection {
    /// To the creditor.
    In,
    /// From the creditor.
    Out,
}

/// What was done with a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementOperation {
    /// Booked.
    Executed,
    /// Taken back.
    Reversed,
    /// A provisional credit was given its order; no money moves.
    Regularised,
    /// Booked again after a reversal.
    Restored,
}

/// A movement on an account.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TreasuryEntry)]
pub struct TreasuryEntryView {
    /// Identifier.
    pub treasury_entry_id: Uuid,
    /// Day of booking.
    pub booked_date: NaiveDate,
    /// Day of value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value_date: Option<NaiveDate>,
    /// Financial year.
    #[schema(format = Int32, minimum = 1999, maximum = 2099)]
    pub year: i32,
    /// The treasurer's account.
    pub account: Line140,
    /// Number of the movement in that account and year, or the bank's own reference of it.
    pub number: Line140,
    /// Number of the provisional credit, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub provisional_number: Option<Count>,
    /// Which way the money goes.
    pub direction: MovementDirection,
    /// What was done.
    pub operation: MovementOperation,
    /// Amount of the movement.
    pub amount_cents: TotalCents,
    /// What it changes on the account: negative for money out and for the reversal of money in.
    pub effect_cents: SignedCents,
    /// Remittance text, as it came; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub remittance: Option<Line1000>,
    /// Who sent the money; absent when the journal does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payer: Option<Line1000>,
    /// The bank's own reference of the transfer (TRN); absent when the journal has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub bank_reference: Option<BankReference>,
    /// Name of a settlement flow found in the text, possibly cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub flow_reference: Option<Line140>,
    /// Reference of a single payment found in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iuv: Option<Iuv>,
    /// Where it has ended; absent until it is classified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<ReconciliationCode>,
    /// Instant at which it was stored.
    pub received_at: DateTime<Utc>,
}

/// One page of movements.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryEntryPage {
    /// The movements, in the order they were stored.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<TreasuryEntryView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The movement of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TreasuryEntryPath {
    /// Identifier of the movement.
    pub treasury_entry_id: Uuid,
}

/// Which movements.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TreasuryEntryQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only booked on this day or later.
    #[param(nullable = false)]
    pub booked_from_date: Option<NaiveDate>,
    /// Only booked on this day or earlier.
    #[param(nullable = false)]
    pub booked_to_date: Option<NaiveDate>,
    /// Only of this financial year.
    #[param(nullable = false, format = Int32, minimum = 1999, maximum = 2099)]
    pub year: Option<i32>,
    /// Only those that a settlement flow explains, or only those that none explains.
    #[param(nullable = false)]
    pub matched: Option<bool>,
}

/// Import a journal or a statement
///
/// Stores every entry that can be read and says of each what became of it; what cannot be read is kept as it
/// came. The same file, or another that holds the same entries, may be sent again: nothing is stored twice.
/// Pending credits are matched with settlement flows, reversals and restorations included; everything else is
/// kept and is out of scope. Reconciliation follows by itself. A large file is stored in pieces: if the import
/// breaks off, send it again, and the rest is stored. Files are UTF-8 unless a byte order
/// mark, the media type (`charset`) or the XML declaration says UTF-16, ISO-8859-1, ISO-8859-15 or Windows-1252.
#[utoipa::path(operation_id = "import_treasury_entries", tag = "treasury", security(("client" = ["treasury:write"])),
    params(TreasuryImportQuery, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body(content((BankJournal = "text/csv"), (BankStatement = "application/xml"), (BankStatement = "text/xml"))),
    responses((status = 201, description = "Stored, but for the lines refused.", body = TreasuryImport,
        headers(("Location" = inline(UriHeader), description = "Where the movements are listed.")))))]
#[post("/treasury-imports")]
pub(super) async fn import_treasury_entries(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    query: FromQuery<TreasuryImportQuery>,
    file: TextFile,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "import_treasury_entries", &key, file.intent)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let form = layout::form(&query.0, &file.media_type)?;
    let (language, mut tally) = (file.language, Arc::new(Tally::default()));
    let (creditor, location) = (
        caller.creditor()?.clone(),
        state.address("/treasury-entries"),
    );
    // Megabytes are read elsewhere: other requests of this thread go on meanwhile.
    let mut journal = web::block(move || Journal::open(form, file)).await??;
    let made = loop {
        let (rest, piece) = web::block(move || journal.piece()).await?;
        journal = rest;
        let (creditor, ctx, before) = (creditor.clone(), state.ctx.clone(), Arc::clone(&tally));
        let (sealed, location) = (asked.clone(), location.clone());
        let filed = state.import(&caller, move |tx, now| {
            let arrived = (&piece.document, piece.movements.as_slice());
            let imported = treasury::import(tx, now, &ctx, &creditor, arrived)?;
            let tally = before.and(piece.outcome(&imported, language));
            if !piece.last {
                return Ok((tally, None));
            }
            let view = (&tally.view(&imported), None);
            let answer = sealed.answered(StatusCode::CREATED, location.clone(), view);
            idempotency::remember(tx, now, &sealed.intent, &answer)?;
            Ok::<_, treasury::Error>((tally, Some(answer)))
        });
        match filed.await {
            Ok((so_far, None)) => tally = Arc::new(so_far),
            Ok((_, Some(answer))) => break Ok(answer),
            Err(error) => break Err(Problem::from(error)),
        }
    };
    asked.end(&state, made).await
}

/// List movements
///
/// In the order they were stored.
#[utoipa::path(operation_id = "list_treasury_entries", tag = "treasury", security(("client" = ["treasury:read"])),
    params(TreasuryEntryQuery), responses((status = 200, description = "One page.", body = TreasuryEntryPage)))]
#[get("/treasury-entries")]
pub(super) async fn list_treasury_entries(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<TreasuryEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let filter = Filter {
        year: query.year,
        matched: query.matched,
        booked_from: query.booked_from_date,
        booked_to: query.booked_to_date,
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read =
        move |conn: &mut _| treasury::page(conn, &creditor, &filter, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |view| view.filed.id);
    let items = found.iter().map(TreasuryEntryView::of).collect();
    Ok(HttpResponse::Ok().json(TreasuryEntryPage { items, next_cursor }))
}

/// Show a movement
///
/// With what was found in the bank's text, and where it has ended.
#[utoipa::path(operation_id = "show_treasury_entry", tag = "treasury", security(("client" = ["treasury:read"])),
    params(TreasuryEntryPath), responses((status = 200, description = "The movement.", body = TreasuryEntryView)))]
#[get("/treasury-entries/{treasury_entry_id}")]
pub(super) async fn show_treasury_entry(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<TreasuryEntryPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.treasury_entry_id);
    let found = state
        .ctx
        .read(move |conn| treasury::get(conn, &creditor, id))
        .await?;
    Ok(HttpResponse::Ok().json(TreasuryEntryView::of(&found)))
}
