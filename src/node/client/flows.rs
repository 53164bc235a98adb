//! Reporting flows, whichever interface they come from.

use super::{Error, RestFlows, SoapFlows};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::{Rule, Said};
use crate::wire::fdr_rest::{
    self as wire, Flow, FlowKey, FlowSummary, FlowsQuery, PAGE_SIZE_MAX, PageAt, Unread,
};
use crate::wire::fdr_soap::{self, DatedFlow};

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
pub struct Listing {
    /// Those whose rows can be read.
    pub flows: Flows,
    /// The other rows, and why they cannot be read.
    pub unread: Vec<Unread<Said>>,
}

/// The rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flows {
    /// With their revisions.
    Numbered(Vec<FlowSummary>),
    /// With the time of their latest version alone.
    Dated(Vec<DatedFlow>),
}

impl Listing {
    /// Identifiers of the flows.
    #[must_use]
    pub fn flow_ids(&self) -> Vec<String> {
        match &self.flows {
            Flows::Numbered(rows) => rows.iter().map(|row| row.flow_id.clone()).collect(),
            Flows::Dated(rows) => rows.iter().map(|row| row.flow_id.clone()).collect(),
        }
    }
}

/// A flow and the answers that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What they say; why they cannot be read, when not even the head can.
    pub flow: Result<Flow<Said>, Said>,
    /// As received: the head and the pages of rows, or the `FlussoRiversamento`.
    pub bodies: Vec<Vec<u8>>,
}

impl Rule for wire::Error {
    fn italian(&self) -> String {
        wire::Error::italian(self)
    }
}

impl Rule for fdr_soap::Error {
    fn italian(&self) -> String {
        fdr_soap::Error::italian(self)
    }
}

impl Published {
    /// A flow as it was read, or why it cannot be.
    pub(super) fn read<E: Rule>(flow: Result<Flow<E>, E>, bodies: Vec<Vec<u8>>) -> Published {
        let flow = flow.map(|flow| Flow {
            header: flow.header,
            payments: flow
                .payments
                .into_iter()
                .map(|row| row.map_err(said))
                .collect(),
        });
        Published {
            flow: flow.map_err(|error| error.said()),
            bodies,
        }
    }
}

impl FlowClient {
    /// Every flow that the service lists. SOAP takes no query: it lists those of about a month.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn list(&self, creditor: &FiscalCode, query: &FlowsQuery) -> Result<Listing, Error> {
        match self {
            FlowClient::Soap(client) => {
                let (mut flows, mut unread) = (Vec::new(), Vec::new());
                sort(
                    client.list(creditor.as_str()).await?,
                    &mut flows,
                    &mut unread,
                );
                let flows = Flows::Dated(flows);
                Ok(Listing { flows, unread })
            }
            FlowClient::Rest(client) => {
                let (mut flows, mut unread) = (Vec::new(), Vec::new());
                for page in 1..=PAGES_MAX {
                    let answer = client.flows(creditor.as_str(), query, whole(page)).await?;
                    sort(answer.rows, &mut flows, &mut unread);
                    if page >= answer.pages {
                        break;
                    }
                }
                let flows = Flows::Numbered(flows);
                Ok(Listing { flows, unread })
            }
        }
    }

    /// A flow with all its rows. What cannot be read of it is said beside the bytes.
    ///
    /// # Errors
    /// [`Error`] when it cannot be had, after the last attempt.
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
        let (mut bodies, mut payments) = (vec![head.body], Vec::new());
        let mut broken = None;
        for page in 1..=PAGES_MAX {
            let answer = client.payments(&key, whole(page)).await?;
            bodies.push(answer.body);
            match answer.value {
                Ok(read) => {
                    payments.extend(read.rows);
                    if page >= read.pages {
                        break;
                    }
                }
                // How many pages there are stands on the page itself.
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
        let flow = head.value.and_then(|header| match broken {
            None => Ok(Flow { header, payments }),
            Some(error) => Err(error),
        });
        Ok(Published::read(flow, bodies))
    }
}

/// Parts the rows of a list from those that cannot be read.
fn sort<T, E: Rule>(
    rows: Vec<Result<T, Unread<E>>>,
    flows: &mut Vec<T>,
    unread: &mut Vec<Unread<Said>>,
) {
    for row in rows {
        match row {
            Ok(flow) => flows.push(flow),
            Err(row) => unread.push(said(row)),
        }
    }
}

/// A row that cannot be read, with the reason in both languages.
fn said<E: Rule>(row: Unread<E>) -> Unread<Said> {
    Unread {
        text: row.text,
        error: row.error.said(),
    }
}

fn whole(page: u32) -> PageAt {
    PageAt {
        page,
        size: PAGE_SIZE_MAX,
    }
}
