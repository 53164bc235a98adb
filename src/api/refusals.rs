//! What the lists of refusals have in common: how a page is read, how one is closed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::faults::Faults;
use super::input::IdempotencyKey;
use super::page::Slice;
use super::problem::{Language, Problem};
use super::repeat::Asked;
use super::scalars::Line1000;
use crate::app::treasury::{Closing, Refusal};
use crate::app::{Conn, Retry, StoreError, Tx, idempotency};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Text;

/// Which refusals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefusalQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only those that wait for somebody, or only those that do not.
    #[param(nullable = false)]
    pub open: Option<bool>,
}

/// A page of a list after an id: those that wait, or those that do not, when asked.
type Read<P, E> =
    fn(&mut Conn, &FiscalCode, Option<bool>, (Option<Uuid>, i64)) -> Result<Vec<Refusal<P>>, E>;

/// Closes one of a list.
type Close<P, E> = fn(&mut Tx<'_>, &FiscalCode, Uuid, &Closing) -> Result<Refusal<P>, E>;

/// One of the lists: whose refusals stand at a `P`, are shown as a `V`, and may fail with an `E`.
pub(super) struct List<P, V, E> {
    /// Its address, from the root of the API.
    pub(super) address: &'static str,
    /// The operation that closes one.
    pub(super) closing: &'static str,
    pub(super) page: Read<P, E>,
    pub(super) close: Close<P, E>,
    /// Shows one.
    pub(super) show: fn(&Refusal<P>, Language) -> V,
}

/// What somebody says was done about a refusal.
pub(super) struct Said<'a> {
    pub(super) id: Uuid,
    pub(super) note: &'a Line1000,
    /// The treasury entry that was filed in its place.
    pub(super) entry: Option<Uuid>,
    /// Of the body that says it.
    pub(super) digest: [u8; 32],
}

impl<P, V, E> List<P, V, E>
where
    P: Send + 'static,
    V: Serialize + 'static,
    E: From<StoreError> + Retry + Send + 'static,
    Problem: From<E>,
{
    /// One page, and the cursor of the next one.
    pub(super) async fn page(
        &self,
        state: &web::Data<State>,
        caller: &Caller,
        query: RefusalQuery,
        request: &HttpRequest,
    ) -> Result<(Vec<V>, Option<Uuid>), Problem> {
        let (creditor, page, open) = (caller.creditor()?.clone(), self.page, query.open);
        let slice = Slice {
            cursor: query.cursor,
            limit: query.limit,
        };
        let read =
            move |conn: &mut Conn| page(conn, &creditor, open, (slice.cursor, slice.fetch()));
        let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |one| one.id);
        let language = Language::of(request.headers());
        let items = found.iter().map(|one| (self.show)(one, language));
        Ok((items.collect(), next_cursor))
    }

    /// Closes one, once.
    pub(super) async fn close(
        &self,
        state: &web::Data<State>,
        caller: &Caller,
        (key, request): (&IdempotencyKey, &HttpRequest),
        said: Said<'_>,
    ) -> Result<HttpResponse, Problem> {
        let (creditor, client) = (caller.creditor()?.clone(), caller.client_id);
        let (id, entry) = (said.id, said.entry);
        let asked = Asked::of(caller, (self.closing, id), key, said.digest)?;
        if let Some(answer) = asked.before(state).await? {
            return Ok(answer);
        }
        let mut faults = Faults::default();
        let note = faults.read("/note", Text::<1000>::parse(said.note.as_str()));
        let note = faults.result(note)?;
        let (language, sealed) = (Language::of(request.headers()), asked.clone());
        let location = state.address(self.address);
        let (close, show) = (self.close, self.show);
        let made = state.write(caller, move |tx, now| {
            let closing = Closing {
                client: Some(client),
                note: note.as_str().to_owned(),
                entry,
                at: now,
            };
            let view = show(&close(tx, &creditor, id, &closing)?, language);
            let answer = sealed.answered(StatusCode::CREATED, location.clone(), (&view, None));
            idempotency::remember(tx, now, &sealed.intent, &answer)?;
            Ok::<_, E>(answer)
        });
        asked.end(state, made.await.map_err(Problem::from)).await
    }
}
