//! The words of reconciliation: primary codes, groups, flags.

/// The primary codes, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// An officer closed it, with a reason.
    Forced,
    /// Paid more than once, or with two options that exclude each other.
    DoublePayment,
    /// The flow takes the payment back.
    Revoked,
    /// Receipt, row and cash agree.
    MatchedSettled,
    /// Receipt and a bank transfer of its own agree, without a flow.
    MatchedSettledSingle,
    /// Less cash than the flow announced; more may come, until [`PENDING_DAYS_MAX`].
    SettledPartial,
    /// Cash and flow differ.
    SettledAmountDiff,
    /// Receipt and row agree, no cash yet.
    ReportedNotSettled,
    /// Receipt and row differ.
    ReportedAmountDiff,
    /// A row for a notice of ours without a receipt.
    ReportedWithoutReceipt,
    /// A row for a debt that is not known here.
    ReportedUnknownDebt,
    /// A receipt without a row.
    PaidNotReported,
    /// Cash that names a flow or payment that is not known.
    CashUnknownReference,
    /// Cash that names nothing.
    CashUnidentified,
    /// Not ours to reconcile.
    OutOfScope,
}

names!(Code, {
    Code::Forced => "FORCED",
    Code::DoublePayment => "DOUBLE_PAYMENT",
    Code::Revoked => "REVOKED",
    Code::MatchedSettled => "MATCHED_SETTLED",
    Code::MatchedSettledSingle => "MATCHED_SETTLED_SINGLE",
    Code::SettledPartial => "SETTLED_PARTIAL",
    Code::SettledAmountDiff => "SETTLED_AMOUNT_DIFF",
    Code::ReportedNotSettled => "REPORTED_NOT_SETTLED",
    Code::ReportedAmountDiff => "REPORTED_AMOUNT_DIFF",
    Code::ReportedWithoutReceipt => "REPORTED_WITHOUT_RECEIPT",
    Code::ReportedUnknownDebt => "REPORTED_UNKNOWN_DEBT",
    Code::PaidNotReported => "PAID_NOT_REPORTED",
    Code::CashUnknownReference => "CASH_UNKNOWN_REFERENCE",
    Code::CashUnidentified => "CASH_UNIDENTIFIED",
    Code::OutOfScope => "OUT_OF_SCOPE",
});

/// What an officer has to do about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Nothing.
    Ok,
    /// Wait; after some days, look.
    Pending,
    /// Look.
    Anomaly,
    /// Nothing: an officer has closed it.
    Closed,
    /// Nothing: not ours.
    Neutral,
}

names!(Group, {
    Group::Ok => "ok",
    Group::Pending => "pending",
    Group::Anomaly => "anomaly",
    Group::Closed => "closed",
    Group::Neutral => "neutral",
});

impl Code {
    /// What has to be done about it.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Code::Forced => Group::Closed,
            Code::MatchedSettled | Code::MatchedSettledSingle => Group::Ok,
            Code::SettledPartial | Code::ReportedNotSettled | Code::PaidNotReported => {
                Group::Pending
            }
            Code::OutOfScope => Group::Neutral,
            Code::DoublePayment
            | Code::Revoked
            | Code::SettledAmountDiff
            | Code::ReportedAmountDiff
            | Code::ReportedWithoutReceipt
            | Code::ReportedUnknownDebt
            | Code::CashUnknownReference
            | Code::CashUnidentified => Group::Anomaly,
        }
    }

    /// Whether an officer has something to do or to wait for.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self.group(), Group::Pending | Group::Anomaly)
    }

    /// What has to be done about it at an age: what should long have come is looked at.
    #[must_use]
    pub fn group_at(self, age: AgeBucket) -> Group {
        match (self.group(), age) {
            (Group::Pending, AgeBucket::Month | AgeBucket::Older) => Group::Anomaly,
            (group, _) => group,
        }
    }

    /// What an officer reads, in Italian.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Code::Forced => "chiuso dall'operatore",
            Code::DoublePayment => "pagato due volte",
            Code::Revoked => "pagamento revocato",
            Code::MatchedSettled => "riconciliato",
            Code::MatchedSettledSingle => "riconciliato con bonifico singolo",
            Code::SettledPartial => "incassato in parte",
            Code::SettledAmountDiff => "incassato con importo diverso",
            Code::ReportedNotSettled => "rendicontato, non ancora incassato",
            Code::ReportedAmountDiff => "rendicontato con importo diverso",
            Code::ReportedWithoutReceipt => "rendicontato senza ricevuta",
            Code::ReportedUnknownDebt => "rendicontato per un dovuto sconosciuto",
            Code::PaidNotReported => "pagato, non ancora rendicontato",
            Code::CashUnknownReference => "incasso con riferimento sconosciuto",
            Code::CashUnidentified => "incasso non identificato",
            Code::OutOfScope => "fuori ambito",
        }
    }

    /// The labels of `MyPivot` with the same meaning, for offices that come from it.
    #[must_use]
    pub fn mypivot(self) -> &'static [&'static str] {
        match self {
            Code::Forced | Code::Revoked | Code::ReportedUnknownDebt | Code::OutOfScope => &[],
            Code::DoublePayment => &["DOPPI"],
            Code::MatchedSettled => &["RT_IUF_TES", "IUD_RT_IUF_TES"],
            Code::MatchedSettledSingle => &["RT_TES"],
            Code::SettledPartial | Code::SettledAmountDiff => &["IUF_TES_DIV_IMP"],
            Code::ReportedNotSettled => &["IUF_NO_TES", "RT_IUF"],
            Code::ReportedAmountDiff | Code::PaidNotReported => &["RT_NO_IUF"],
            Code::ReportedWithoutReceipt => &["IUV_NO_RT"],
            Code::CashUnknownReference => &["TES_NO_IUF_OR_IUV"],
            Code::CashUnidentified => &["TES_NO_MATCH"],
        }
    }
}

/// Days for which what is pending may be waited for; then it is looked at, and the rest of a flow that came
/// in part is not expected any more.
pub const PENDING_DAYS_MAX: i64 = 10;

/// How long a line has been where it is. Computed when it is read, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeBucket {
    /// Up to three days: flow and cash are not due yet.
    Fresh,
    /// Four to ten days.
    Week,
    /// Eleven to thirty days.
    Month,
    /// More than thirty days.
    Older,
}

names!(AgeBucket, {
    AgeBucket::Fresh => "0-3",
    AgeBucket::Week => "4-10",
    AgeBucket::Month => "11-30",
    AgeBucket::Older => "30+",
});

impl AgeBucket {
    /// The last age of each bucket, in days; the one after them has no end.
    pub const LAST_DAYS: [i64; 3] = [3, 10, 30];

    /// The bucket of an age in days.
    #[must_use]
    pub fn of(days: i64) -> AgeBucket {
        let ended = AgeBucket::LAST_DAYS.iter().filter(|last| days > **last);
        AgeBucket::nth(ended.count())
    }

    /// The bucket after so many.
    #[must_use]
    pub fn nth(place: usize) -> AgeBucket {
        let found = AgeBucket::ALL.get(place).copied();
        found.unwrap_or(AgeBucket::Older)
    }

    /// The first and the last age in days, where there is one.
    #[must_use]
    pub fn ages(self) -> (Option<i64>, Option<i64>) {
        let place = AgeBucket::ALL
            .iter()
            .take_while(|one| **one != self)
            .count();
        let last = |place: usize| AgeBucket::LAST_DAYS.get(place).copied();
        let before = place.checked_sub(1).and_then(last);
        (before.map(|day| day.saturating_add(1)), last(place))
    }
}

/// What else is worth knowing about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// The node answered in the creditor's place.
    StandIn,
    /// The row says that no receipt need exist.
    NoReceipt,
    /// The head of the flow states another sum or count than its rows.
    FlowHeaderMismatch,
    /// The same payment stands twice, in the flow or in flows in force.
    FlowRowDuplicate,
    /// The flow is addressed to another body.
    FlowWrongBody,
    /// A newer revision changed, added or removed this row.
    FlowRevised,
    /// Several flows fit; they are listed.
    Ambiguous,
    /// The bank text held only the beginning of the identifier.
    ReferenceTruncated,
    /// Several bank transfers for one flow.
    SplitTransfer,
    /// One bank transfer for several flows.
    MultiFlowTransfer,
    /// The transfer was made later than the rules allow.
    Late,
    /// Paid after the creditor had withdrawn the notice.
    PaidAfterCancel,
    /// An outcome code that no published rule explains.
    UnknownOutcome,
    /// The money went to an account that the creditor has not registered.
    IbanMismatch,
    /// No accounting key is known for the money.
    AccountingIncomplete,
    /// A reduced amount was paid after its term.
    PaidLateTier,
    /// The sum is what was asked, the shares of the beneficiaries are not.
    TefaSplitMismatch,
    /// It came, or changed, when its month was closed: it counts in a later one.
    AfterPeriodClose,
}

names!(Flag, {
    Flag::StandIn => "STAND_IN",
    Flag::NoReceipt => "NO_RPT",
    Flag::FlowHeaderMismatch => "FLOW_HEADER_MISMATCH",
    Flag::FlowRowDuplicate => "FLOW_ROW_DUPLICATE",
    Flag::FlowWrongBody => "FLOW_WRONG_BODY",
    Flag::FlowRevised => "FLOW_REVISED",
    Flag::Ambiguous => "AMBIGUOUS",
    Flag::ReferenceTruncated => "REFERENCE_TRUNCATED",
    Flag::SplitTransfer => "SPLIT_TRANSFER",
    Flag::MultiFlowTransfer => "MULTI_FLOW_TRANSFER",
    Flag::Late => "LATE",
    Flag::PaidAfterCancel => "PAID_AFTER_CANCEL",
    Flag::UnknownOutcome => "UNKNOWN_ESITO",
    Flag::IbanMismatch => "IBAN_MISMATCH",
    Flag::AccountingIncomplete => "ACCOUNTING_INCOMPLETE",
    Flag::PaidLateTier => "PAID_LATE_TIER",
    Flag::TefaSplitMismatch => "TEFA_SPLIT_MISMATCH",
    Flag::AfterPeriodClose => "AFTER_PERIOD_CLOSE",
});

/// Which of the three kinds of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// A transfer of a receipt (E).
    Receipt,
    /// A row of a flow (R).
    FlowLine,
    /// A cash entry (T).
    Treasury,
}

names!(LineKind, {
    LineKind::Receipt => "receipt",
    LineKind::FlowLine => "flow_line",
    LineKind::Treasury => "treasury",
});
