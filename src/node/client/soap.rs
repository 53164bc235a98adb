//! The client of nodeForPa's two operations for reporting flows.

use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{Calls, Error, Habits, Published, Retries, Service};
use crate::ctx::Ids;
use crate::domain::calendar;
use crate::wire::fdr_rest::{FlowSummary, Unread};
use crate::wire::fdr_soap::{self as wire, ANSWER_BYTES_MAX, Asker, DatedFlow, Operation};

/// The station that asks.
#[derive(Clone)]
pub struct Station {
    /// Fiscal code of its broker.
    pub broker: String,
    /// Its identifier.
    pub station: String,
    /// Its password, a secret.
    pub password: String,
}

/// The client of the SOAP interface. Clones share connections.
#[derive(Clone)]
pub struct SoapFlows {
    calls: Calls,
    url: String,
    station: Station,
}

impl SoapFlows {
    /// A client of the configured service.
    ///
    /// # Errors
    /// [`Error::Setup`] when the key cannot be a header, or TLS cannot be set up.
    pub fn new(
        service: Service<'_>,
        station: Station,
        ids: Ids,
        retries: Retries,
    ) -> Result<SoapFlows, Error> {
        Ok(SoapFlows {
            calls: Calls::new(service, ids, retries)?,
            url: service.url.to_owned(),
            station,
        })
    }

    /// The latest version of each flow of about a month.
    ///
    /// # Errors
    /// [`Error`], after the last attempt; a fault is [`Error::Refused`] with its code.
    pub async fn list(
        &self,
        organization_id: &str,
    ) -> Result<Vec<Result<DatedFlow, Unread<wire::Error>>>, Error> {
        let request = wire::list_request(self.asker(organization_id));
        let body = self.post(Operation::List, request).await?;
        wire::list(&body, calendar::in_rome).map_err(told)
    }

    /// The latest version of a flow; it must be the listed one. What cannot be read of it is said beside the
    /// bytes.
    ///
    /// # Errors
    /// As [`SoapFlows::list`], or [`Error::OtherVersion`].
    pub async fn fetch(
        &self,
        organization_id: &str,
        listed: &FlowSummary,
    ) -> Result<Published, Error> {
        let request = wire::fetch_request(self.asker(organization_id), &listed.flow_id);
        let body = self.post(Operation::Fetch, request).await?;
        let document = match wire::document(&body) {
            Ok(document) => document,
            Err(fault @ wire::Error::Fault(_)) => return Err(told(fault)),
            Err(error) => return Ok(Published::read(Err(error), vec![body])),
        };
        drop(body);
        let flow = wire::flow(&document, listed.revision, calendar::in_rome);
        let made = flow.as_ref().ok();
        let made = made.map(|flow| flow.header.flow_at.timestamp());
        let listed = listed.flow_at.map(|at| at.timestamp());
        if made.is_some() && listed.is_some() && made != listed {
            return Err(Error::OtherVersion);
        }
        Ok(Published::read(flow, vec![document]))
    }

    fn asker<'a>(&'a self, organization_id: &'a str) -> Asker<'a> {
        Asker {
            broker: &self.station.broker,
            station: &self.station.station,
            password: &self.station.password,
            organization_id,
        }
    }

    async fn post(&self, operation: Operation, request: Vec<u8>) -> Result<Vec<u8>, Error> {
        let habits = Habits {
            answer_bytes_max: ANSWER_BYTES_MAX,
            too_large: || wire::Error::TooLarge.into(),
            code: |body| wire::fault(body).unwrap_or_default(),
        };
        let send = |http: &reqwest::Client| {
            http.post(&self.url)
                .header(ACCEPT, "text/xml")
                .header(CONTENT_TYPE, "text/xml; charset=utf-8")
                .header("SOAPAction", operation.name())
                .body(request.clone())
        };
        self.calls.get(send, &habits).await
    }
}

/// A fault is an answer that is no success, though HTTP calls it one.
fn told(error: wire::Error) -> Error {
    match error {
        wire::Error::Fault(code) => Error::Refused { status: 200, code },
        unreadable @ (wire::Error::TooLarge
        | wire::Error::Markup(_)
        | wire::Error::OtherDocument(_)
        | wire::Error::Value { .. }) => unreadable.into(),
    }
}
