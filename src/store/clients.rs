//! Who may call the API.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::api_client;
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::client::{ApiClient, Tenant};

const TABLE: &str = "api_client";

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_client)]
struct ClientRow {
    creditor: String,
    id: Id,
    label: String,
    roles: Json,
    secret_hash: Vec<u8>,
}

/// The client of a tenant, unless it is revoked.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn find(conn: &mut Conn, tenant: &Tenant, id: Uuid) -> Result<Option<ApiClient>, Error> {
    let row: Option<ClientRow> = on!(conn, |c| api_client::table
        .find((tenant.as_str(), Id(id)))
        .filter(api_client::revoked_at.is_null())
        .select(ClientRow::as_select())
        .get_result(c)
        .optional())?;
    row.map(ClientRow::into_domain).transpose()
}

/// The clients of a tenant that are not revoked, oldest first.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn list(conn: &mut Conn, tenant: &Tenant) -> Result<Vec<ApiClient>, Error> {
    let rows: Vec<ClientRow> = on!(conn, |c| api_client::table
        .filter(api_client::creditor.eq(tenant.as_str()))
        .filter(api_client::revoked_at.is_null())
        .order(api_client::id)
        .select(ClientRow::as_select())
        .load(c))?;
    rows.into_iter().map(ClientRow::into_domain).collect()
}

/// Registers a client.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, now: Instant, new: &ApiClient) -> Result<(), Error> {
    let roles = Json(serde_json::json!(new.roles));
    on!(&mut **tx, |c| diesel::insert_into(api_client::table)
        .values((
            api_client::creditor.eq(new.tenant.as_str()),
            api_client::id.eq(Id(new.id)),
            api_client::label.eq(&new.label),
            api_client::roles.eq(&roles),
            api_client::secret_hash.eq(new.secret_hash.as_slice()),
            api_client::created_at.eq(At(now)),
        ))
        .execute(c))?;
    Ok(())
}

/// Revokes a client; whether there was one.
///
/// # Errors
/// The database's.
pub fn revoke(tx: &mut Tx<'_>, now: Instant, tenant: &Tenant, id: Uuid) -> Result<bool, Error> {
    let held = api_client::table
        .find((tenant.as_str(), Id(id)))
        .filter(api_client::revoked_at.is_null());
    let set = api_client::revoked_at.eq(Some(At(now)));
    Ok(on!(&mut **tx, |c| diesel::update(held).set(set).execute(c))? == 1)
}

impl ClientRow {
    fn into_domain(self) -> Result<ApiClient, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        Ok(ApiClient {
            tenant: Tenant::parse(&self.creditor).ok_or_else(|| corrupt(&"creditor"))?,
            id,
            label: self.label,
            roles: serde_json::from_value(self.roles.0).map_err(|e| corrupt(&e))?,
            secret_hash: <[u8; 32]>::try_from(self.secret_hash.as_slice())
                .map_err(|e| corrupt(&e))?,
        })
    }
}
