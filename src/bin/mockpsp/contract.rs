//! The control API's own contract: `mockpsp openapi` prints it, `openapi/mockpsp.json` keeps it.

use serde::Serialize;
use utoipa::{IntoResponses, OpenApi, ToSchema};

use crate::{batches, control};

/// What was wrong with a request (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ControlProblem {
    /// `about:blank`.
    r#type: String,
    title: String,
    status: u16,
    /// What was wrong, and what can be instead.
    detail: String,
}

/// How every operation refuses.
#[derive(Debug, IntoResponses)]
#[expect(dead_code, reason = "described, never built: `Problem` writes them")]
pub(crate) enum Refused {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    Unreadable(ControlProblem),
    /// It names what is not there
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(ControlProblem),
    /// It contradicts what has happened
    #[response(status = 409, content_type = "application/problem+json")]
    TooLate(ControlProblem),
    /// A value cannot be
    #[response(status = 422, content_type = "application/problem+json")]
    Impossible(ControlProblem),
}

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "mockpsp control API",
        description = "Drives a mocked PSP gateway from tests: who the creditors are, what is paid, what \
                       goes wrong, which day it is. Time is simulated. The doors of the node itself are \
                       pagoPA's and described by pagoPA.",
        license(name = "EUPL-1.2", identifier = "EUPL-1.2")
    ),
    servers((url = "http://127.0.0.1:8900", description = "`mockpsp serve`")),
    tags(
        (name = "creditors", description = "Who is called, and where"),
        (name = "payments", description = "What payers and providers do"),
        (name = "trouble", description = "What goes wrong on purpose"),
        (name = "days", description = "Simulated time, flows and money"),
        (name = "state", description = "What has happened")
    ),
    paths(
        control::put_creditor,
        control::post_payment,
        control::complete_payment,
        control::post_demand,
        batches::post,
        control::deliver_receipts,
        control::disturbances,
        control::disturb,
        control::calm,
        control::put_mischief,
        control::post_day,
        control::treasury_journal,
        control::status,
        control::ground_truth,
        control::anomalies
    )
)]
struct Contract;

/// The document as it is printed and committed.
pub(crate) fn document() -> String {
    let json = Contract::openapi().to_pretty_json();
    json.map_or_else(|error| error.to_string(), |json| json + "\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::document;

    #[test]
    fn the_committed_contract_is_the_one_of_this_program() {
        let committed = std::fs::read_to_string("openapi/mockpsp.json").unwrap();
        assert!(committed == document(), "run `make openapi`");
    }

    #[test]
    fn every_route_is_described() {
        let contract: Value = serde_json::from_str(&document()).unwrap();
        let described: BTreeSet<String> = contract["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(|path| path.trim_start_matches("/control").to_owned())
            .collect();
        let routed = [include_str!("control.rs")].concat();
        let after = |word: &str| {
            let parts: Vec<String> = routed
                .split(word)
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned())
                .collect();
            parts
        };
        let mut routes: BTreeSet<String> = after(".route(\"").into_iter().collect();
        routes.extend(after("web::resource(\""));
        assert_eq!(routes, described);
    }
}
