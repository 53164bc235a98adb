//! Steps in which the engine calls the platform by itself: its jobs are due when time has passed, and a step
//! ends when what they do can be seen.

use chrono::TimeDelta;

use super::script::{Feed, Recover};
use super::stage::Stage;
use super::{Stop, unmet};
use crate::money::{euro, parse_euro};

/// Looks that a step takes before it gives up, and the time between them.
const LOOKS: u32 = 1500;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

type Told = Result<String, Stop>;

/// The archive is told of a notice.
pub(super) async fn feed(stage: &mut Stage, feed: &Feed) -> Told {
    stage.pass(TimeDelta::minutes(1)).await?;
    let notice = stage.payable(&feed.notice)?;
    let key = (notice.creditor, notice.number);
    let expected = feed.amount.as_deref().and_then(parse_euro);
    for _ in 0..LOOKS {
        let known = stage.app.read(|state| state.archive.get(&key).cloned());
        if known.map(|known| known.cents) == expected {
            let told = expected.map_or("closed".to_owned(), euro);
            return Ok(format!(
                "the engine tells the archive of `{}`: {told}",
                feed.notice
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    unmet(format!("the archive is not told of `{}`", feed.notice))
}

/// Receipts that never came are asked for.
pub(super) async fn recover(stage: &mut Stage, recover: &Recover) -> Told {
    stage.pass(TimeDelta::hours(1)).await?;
    let mut found = 0;
    for _ in 0..LOOKS {
        found = stage.engine.all("payments").await?.len();
        if found == recover.payments {
            return Ok(format!(
                "the engine asks for receipts that never came: {found} payments"
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    unmet(format!(
        "{found} payments, not {}, when the engine has asked for receipts",
        recover.payments
    ))
}
