//! Bank statements: ISO 20022 camt.053, versions 02 to 08 and what comes after.
//!
//! An `Ntry` is an entry; one with several transactions whose amounts add up to it is read as those
//! transactions. It has no financial year and no *provvisorio*: its year is that of the booking
//! day, its account the statement's, its name the bank's reference. A credit waits for its flow; a
//! debit is outside of what is matched; the reversal of a credit takes it back.

use super::columns;
use super::naming::Names;
use super::xml::Element;
use super::{
    AMOUNT_CENTS_MAX, Direction, Document, LineError, Movement, Operation, REFERENCE_CHARS_MAX,
    Rule,
};
use crate::wire::amount::digits;
use crate::wire::text::fit_optional;
use crate::wire::time;

/// The root of a file, and the statement in it.
pub(super) const ROOT: &str = "Document";
/// What tells a statement from other documents of that root.
pub(super) const MESSAGE: &str = "BkToCstmrStmt";
/// The element of an entry.
pub(super) const ENTRY: &str = "Ntry";

/// What stands above the entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    account: Option<String>,
}

impl Head {
    /// Takes in an element outside entries.
    pub(super) fn take(&mut self, path: &[String], text: String) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            [.., "Acct", "Id", "IBAN"] | [.., "Acct", "Id", "Othr", "Id"] => {
                self.account = Some(text);
            }
            [.., "Stmt"] => self.account = None,
            _ => {}
        }
    }
}

/// An entry that is announced and not booked.
const PENDING: Rule = Rule::Form(
    "booked: it comes again when it is",
    "contabilizzato: arriverà di nuovo quando lo sarà",
);

/// Reads the movements of one entry.
pub(super) fn movements(
    head: &Head,
    entry: &Element,
    line: u64,
    names: &mut Names,
) -> Result<Vec<Movement>, LineError> {
    let error = |column, rule| LineError {
        line,
        column: Some(column),
        rule,
    };
    let status = entry.text_at(&["Sts", "Cd"]).or(entry.text_at(&["Sts"]));
    if status.is_some_and(|status| status != "BOOK") {
        return Err(error("Sts", PENDING));
    }
    let account = head
        .account
        .as_deref()
        .ok_or_else(|| error("IBAN", Rule::Missing))?;
    let booked_on = day(entry, "BookgDt", line)?.ok_or_else(|| error("BookgDt", Rule::Missing))?;
    let year = u16::try_from(chrono::Datelike::year(&booked_on)).unwrap_or_default();
    if !(1999..=2099).contains(&year) {
        return Err(error("BookgDt", columns::OTHER_YEARS));
    }
    let amount_cents = entry.at(&["Amt"]).and_then(cents).ok_or_else(|| {
        error(
            "Amt",
            Rule::Form(
                "an amount in EUR above zero",
                "un importo in EUR maggiore di zero",
            ),
        )
    })?;
    let (direction, document, operation) = kind(entry, line)?;
    let mut whole = Movement {
        line,
        year,
        account: fit_optional(account, 34).ok_or_else(|| error("IBAN", Rule::Missing))?,
        number: String::new(),
        direction,
        document,
        operation,
        provisional: None,
        amount_cents,
        booked_on,
        value_on: day(entry, "ValDt", line)?,
        payer: None,
        remittance: String::new(),
        bank_reference: reference(entry, &["AcctSvcrRef"]),
        order: None,
    };
    let transactions: Vec<&Element> = entry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls"))
        .collect();
    let name = name(&whole, entry, names);
    let parts = parts(&transactions, amount_cents);
    if let Some(parts) = parts {
        let of = |(index, (transaction, amount_cents)): (usize, (&Element, i64))| {
            let mut one = Movement {
                amount_cents,
                ..whole.clone()
            };
            one.number = format!("{name}.{}", index.saturating_add(1));
            describe(&mut one, &[transaction], entry);
            one
        };
        return Ok(parts.into_iter().enumerate().map(of).collect());
    }
    whole.number = name;
    describe(&mut whole, &transactions, entry);
    Ok(vec![whole])
}

/// Direction, document and operation. The indicator is the entry's own: a reversal of a credit is a
/// debit.
fn kind(entry: &Element, line: u64) -> Result<(Direction, Document, Operation), LineError> {
    let reversal = matches!(entry.text_at(&["RvslInd"]), Some("true" | "1"));
    match (entry.text_at(&["CdtDbtInd"]), reversal) {
        (Some("CRDT"), false) => Ok((Direction::In, Document::PendingIn, Operation::Executed)),
        (Some("DBIT"), true) => Ok((Direction::In, Document::PendingIn, Operation::Reversed)),
        (Some("DBIT"), false) => Ok((Direction::Out, Document::PendingOut, Operation::Executed)),
        (Some("CRDT"), true) => Ok((Direction::Out, Document::PendingOut, Operation::Reversed)),
        (Some(_) | None, _) => Err(LineError {
            line,
            column: Some("CdtDbtInd"),
            rule: Rule::Form("CRDT or DBIT", "CRDT o DBIT"),
        }),
    }
}

/// Each transaction with its amount, when there are several and they add up to the entry.
fn parts<'e>(transactions: &[&'e Element], total: i64) -> Option<Vec<(&'e Element, i64)>> {
    if transactions.len() < 2 {
        return None;
    }
    let amount = |one: &Element| {
        let paths: [&[&str]; 3] = [
            &["Amt"],
            &["AmtDtls", "TxAmt", "Amt"],
            &["AmtDtls", "InstdAmt", "Amt"],
        ];
        paths.iter().find_map(|path| one.at(path)).and_then(cents)
    };
    let parts: Option<Vec<(&Element, i64)>> = transactions
        .iter()
        .map(|one| Some((*one, amount(one)?)))
        .collect();
    let parts = parts?;
    let sum = parts
        .iter()
        .try_fold(0_i64, |sum, (_, amount)| sum.checked_add(*amount));
    (sum == Some(total)).then_some(parts)
}

/// The bank's reference, or a digest of the entry. A reversal often repeats the reference of what it
/// reverses.
fn name(whole: &Movement, entry: &Element, names: &mut Names) -> String {
    let reversed = whole.operation == Operation::Reversed;
    let suffix = if reversed { "-R" } else { "" };
    match &whole.bank_reference {
        Some(reference) => format!("{reference}{suffix}"),
        None => {
            let mut text = String::new();
            entry.write(&mut text);
            names.of(&[&whole.account, &text])
        }
    }
}

/// Text, payer and reference, from the transactions of a movement.
fn describe(movement: &mut Movement, transactions: &[&Element], entry: &Element) {
    let mut texts: Vec<String> = Vec::new();
    for one in transactions {
        let remittance = || one.all("RmtInf");
        texts.extend(
            remittance()
                .flat_map(|info| info.all("Ustrd"))
                .map(|line| line.text.clone()),
        );
        let structured = remittance().flat_map(|info| info.all("Strd"));
        let structured = structured.filter_map(|info| info.text_at(&["CdtrRefInf", "Ref"]));
        texts.extend(structured.map(|reference| format!("/RFS/{reference}/")));
    }
    if texts.is_empty() {
        let further = transactions
            .iter()
            .filter_map(|one| one.text_at(&["AddtlTxInf"]));
        texts.extend(further.map(str::to_owned));
        texts.extend(entry.text_at(&["AddtlNtryInf"]).map(str::to_owned));
    }
    movement.remittance = fit_optional(&texts.join(" "), usize::MAX).unwrap_or_default();
    let parties: [&[&str]; 2] = [
        &["RltdPties", "Dbtr", "Nm"],
        &["RltdPties", "Dbtr", "Pty", "Nm"],
    ];
    let mut payers = transactions.iter();
    let payer = payers.find_map(|one| parties.iter().find_map(|path| one.text_at(path)));
    movement.payer = payer.and_then(|name| fit_optional(name, usize::MAX));
    let references: [&[&str]; 4] = [
        &["Refs", "TxId"],
        &["Refs", "AcctSvcrRef"],
        &["Refs", "InstrId"],
        &["Refs", "EndToEndId"],
    ];
    let mut own = transactions.iter();
    let own = own.find_map(|one| references.iter().find_map(|path| reference(one, path)));
    movement.bank_reference = own.or(movement.bank_reference.take());
}

fn reference(element: &Element, path: &[&str]) -> Option<String> {
    let text = element.text_at(path)?;
    let said = !matches!(text, "NONREF" | "NOTPROVIDED" | "NOT PROVIDED");
    fit_optional(text, REFERENCE_CHARS_MAX).filter(|_| said)
}

/// The day of a date or of a time.
fn day(
    entry: &Element,
    column: &'static str,
    line: u64,
) -> Result<Option<chrono::NaiveDate>, LineError> {
    let date = entry.text_at(&[column, "Dt"]);
    let time = entry
        .text_at(&[column, "DtTm"])
        .and_then(|text| text.get(..10));
    let Some(text) = date.or(time) else {
        return Ok(None);
    };
    let rule = Rule::Form("a date as 2026-03-31", "una data come 2026-03-31");
    let found = time::date(text);
    found.map(Some).ok_or(LineError {
        line,
        column: Some(column),
        rule,
    })
}

/// Cents of an amount in euro: a point, up to five decimals of which only two may say something.
fn cents(amount: &Element) -> Option<i64> {
    if amount.currency.as_deref() != Some("EUR") {
        return None;
    }
    let (euros, decimals) = amount.text.split_once('.').unwrap_or((&amount.text, ""));
    let decimals = decimals.trim_end_matches('0');
    let decimals = match decimals.len() {
        0 => 0,
        1 => digits(decimals)?.checked_mul(10)?,
        2 => digits(decimals)?,
        _ => return None,
    };
    let cents = digits(euros)?.checked_mul(100)?.checked_add(decimals)?;
    (1..=AMOUNT_CENTS_MAX).contains(&cents).then_some(cents)
}
