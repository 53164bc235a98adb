//! Reporting flows, whichever interface they come from.

use super::{Error, RestFlows, SoapFlows};
use crate::domain::fiscal_code::FiscalCode;
use crate::wire::fdr_rest::{
    FlowHeader, FlowKey, FlowPayment, FlowSummary, FlowsQuery, PAGE_SIZE_MAX, PageAt,
};
use crate::wire::fdr_soap::DatedFlow;

/// Pages of one list or flow at most; a thousand rows each.
const PAGES_MAX: u32 = 1_000;

/// A client of either interface.
#[derive(Clone)]
pub enum FlowClient {
    /// `fdr-org/service/v1`.
    Rest(RestFlows),
    /// nodeForPa.
    Soap(SoapFlows),
}

/// Which flows there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// With their revisions.
    Numbered(Vec<FlowSummary>),
    /// With the time of their latest version alone.
    Dated(Vec<DatedFlow>),
}

impl Listing {
    /// Identifiers of the flows.
    #[must_use]
    pub fn flow_ids(&self) -> Vec<String> {
        match self {
            Listing::Numbered(rows) => rows.iter().map(|row| row.flow_id.clone()).collect(),
            Listing::Dated(rows) => rows.iter().map(|row| row.flow_id.clone()).collect(),
        }
    }
}

/// A flow and the answers that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its head.
    pub header: FlowHeader,
    /// Its rows.
    pub payments: Vec<FlowPayment>,
    /// As received: the head and the pages of rows, or the `FlussoRiversamento`.
    pub bodies: Vec<Vec<u8>>,
}

impl FlowClient {
    /// Every flow that the service lists. SOAP takes no query: it lists those of about a month.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn list(&self, creditor: &FiscalCode, query: &FlowsQuery) -> Result<Listing, Error> {
        let client = match self {
            FlowClient::Soap(client) => {
                return Ok(Listing::Dated(client.list(creditor.as_str()).await?));
            }
            FlowClient::Rest(client) => client,
        };
        let mut rows = Vec::new();
        for page in 1..=PAGES_MAX {
            let answer = client.flows(creditor.as_str(), query, whole(page)).await?;
            rows.extend(answer.rows);
            if page >= answer.pages {
                break;
            }
        }
        Ok(Listing::Numbered(rows))
    }

    /// A flow with all its rows.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn fetch(
        &self,
        creditor: &FiscalCode,
        listed: &FlowSummary,
    ) -> Result<Published, Error> {
        let client = match self {
            FlowClient::Soap(client) => return client.fetch(creditor.as_str(), listed).await,
            FlowClient::Rest(client) => client,
        };
        let key = FlowKey {
            organization_id: creditor.to_string(),
            flow_id: listed.flow_id.clone(),
            revision: listed.revision,
            psp_id: listed.psp_id.clone(),
        };
        let head = client.flow(&key).await?;
        let mut bodies = vec![head.body];
        let mut payments = Vec::new();
        for page in 1..=PAGES_MAX {
            let answer = client.payments(&key, whole(page)).await?;
            bodies.push(answer.body);
            payments.extend(answer.value.rows);
            if page >= answer.value.pages {
                break;
            }
        }
        Ok(Published {
            header: head.value,
            payments,
            bodies,
        })
    }
}

fn whole(page: u32) -> PageAt {
    PageAt {
        page,
        size: PAGE_SIZE_MAX,
    }
}
