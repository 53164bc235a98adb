//! Progress for people: bars on a terminal, a line a month elsewhere.

use std::io::{IsTerminal as _, Write as _};

use avviso::domain::calendar::Day;
use chrono::Datelike as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::summary::grouped;

/// The bars.
#[derive(Debug)]
pub(crate) struct Bars {
    terminal: bool,
    all: MultiProgress,
    days: ProgressBar,
    notices: ProgressBar,
    payments: ProgressBar,
}

impl Bars {
    /// Bars of so many days, notices and payments.
    pub(crate) fn new(days: u64, notices: u64, payments: u64) -> Bars {
        let terminal = std::io::stdout().is_terminal();
        let all = MultiProgress::with_draw_target(if terminal {
            indicatif::ProgressDrawTarget::stdout_with_hz(8)
        } else {
            indicatif::ProgressDrawTarget::hidden()
        });
        let style = ProgressStyle::with_template("{prefix:<12} {bar:40} {pos:>6}/{len:<6} {msg}")
            .unwrap_or_else(|_fixed_template| ProgressStyle::default_bar());
        let bar = |name: &'static str, length: u64| {
            let bar = ProgressBar::new(length)
                .with_style(style.clone())
                .with_prefix(name);
            all.add(bar)
        };
        let (days, notices, payments) = (
            bar("Giorni", days),
            bar("Avvisi", notices),
            bar("Pagamenti", payments),
        );
        Bars {
            terminal,
            all,
            days,
            notices,
            payments,
        }
    }

    /// So much has been done by earlier runs.
    pub(crate) fn begin(&self, days: u64, notices: u64, payments: u64) {
        self.days.set_position(days);
        self.notices.set_position(notices);
        self.payments.set_position(payments);
    }

    pub(crate) fn issued(&self, notices: u64) {
        self.notices.inc(notices);
    }

    pub(crate) fn paid(&self, payments: u64) {
        self.payments.inc(payments);
    }

    /// A day is over.
    pub(crate) fn day(&self, day: Day) -> anyhow::Result<()> {
        self.days.inc(1);
        self.days.set_message(day.format("%d/%m/%Y").to_string());
        let month_ends = day
            .succ_opt()
            .is_none_or(|next| next.month() != day.month());
        if self.terminal || !month_ends {
            return Ok(());
        }
        say(&format!(
            "{}  avvisi emessi {:>7}   pagamenti {:>7}",
            day.format("%d/%m/%Y"),
            grouped(self.notices.position()),
            grouped(self.payments.position()),
        ))
    }

    /// Something that is not counted.
    pub(crate) fn note(&self, text: &str) -> anyhow::Result<()> {
        if self.terminal {
            Ok(self.all.println(text)?)
        } else {
            say(text)
        }
    }

    /// Leaves the bars as they are.
    pub(crate) fn end(&self) {
        for bar in [&self.days, &self.notices, &self.payments] {
            bar.abandon();
        }
    }
}

/// Prints a line.
///
/// # Errors
/// When nobody reads it.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
