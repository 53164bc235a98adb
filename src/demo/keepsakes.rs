//! What lies in the folder at the end: reports, a few notices, the receipt of one citizen.

use std::path::Path;

use anyhow::Context as _;

use super::anomalies::OpenLines;
use super::books::Samples;
use super::engine::Engine;
use super::year::YEAR;

const NOT_RECONCILED: &str = "not-reconciled";
const REPORTS: [&str; 4] = [
    "receipts-by-day",
    "flow-reconciliation",
    NOT_RECONCILED,
    "revenue-by-service",
];

/// Writes them all, and gives back what the report of the open lines says.
///
/// # Errors
/// When one is not given or cannot be written.
pub(crate) async fn keep(
    engine: &Engine,
    creditor: &str,
    samples: &Samples,
    out: &Path,
) -> anyhow::Result<OpenLines> {
    let (office, accounts) = (engine.portal.as_str(), engine.accounting.as_str());
    let next = YEAR + 1;
    let mut open = OpenLines::default();
    for report in REPORTS {
        let days = format!("from_date={YEAR}-01-01&to_date={next}-01-31");
        for (accept, extension, more) in [
            ("application/json", "json", ""),
            ("text/csv", "csv", "&dialect=it"),
        ] {
            let path = format!("reports/{report}?{days}{more}");
            let reply = engine.fetch(&path, accounts, accept).await?;
            if (report, extension) == (NOT_RECONCILED, "json") {
                open = reply.read()?;
            }
            write(
                &out.join("reports").join(format!("{report}.{extension}")),
                &reply.body,
            )?;
        }
    }
    for number in &samples.open_notices {
        let path = format!("creditors/{creditor}/notices/{number}/pdf");
        let reply = engine.fetch(&path, office, "application/pdf").await?;
        write(
            &out.join("notices").join(format!("{number}.pdf")),
            &reply.body,
        )?;
    }
    if let Some((number, payment)) = &samples.payment {
        for (accept, extension) in [("application/pdf", "pdf"), ("application/xml", "xml")] {
            let reply = engine
                .fetch(&format!("payments/{payment}/receipt"), accounts, accept)
                .await?;
            write(
                &out.join("receipts").join(format!("{number}.{extension}")),
                &reply.body,
            )?;
        }
    }
    Ok(open)
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
