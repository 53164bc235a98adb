//! The bank's statement: ISO 20022 camt.053, one statement for each account.

use std::collections::BTreeMap;

use super::{Credit, Done, payer};
use crate::flows::Flow;
use crate::money::euro;
use crate::soap::{Fill, fill};
use crate::state::Day;

const FILE: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">
  <BkToCstmrStmt>
    <GrpHdr><MsgId>MOCKPSP-{{day}}</MsgId><CreDtTm>{{day}}T20:00:00</CreDtTm></GrpHdr>
{{statements}}
  </BkToCstmrStmt>
</Document>
";
const STATEMENT: &str = "\
    <Stmt>
      <Id>{{iban}}-{{day}}</Id>
      <CreDtTm>{{day}}T20:00:00</CreDtTm>
      <Acct><Id><IBAN>{{iban}}</IBAN></Id><Ccy>EUR</Ccy></Acct>
{{entries}}
    </Stmt>
";
const ENTRY: &str = "\
      <Ntry>
        <Amt Ccy=\"EUR\">{{amount}}</Amt>
        <CdtDbtInd>{{direction}}</CdtDbtInd>
        <RvslInd>{{reversal}}</RvslInd>
        <Sts>BOOK</Sts>
        <BookgDt><Dt>{{day}}</Dt></BookgDt>
        <ValDt><Dt>{{day}}</Dt></ValDt>
        <AcctSvcrRef>{{reference}}</AcctSvcrRef>
        <BkTxCd><Prtry><Cd>48</Cd></Prtry></BkTxCd>
        <NtryDtls><TxDtls>
          <Refs><EndToEndId>NOTPROVIDED</EndToEndId><TxId>{{regulation}}</TxId></Refs>
          <RltdPties><Dbtr><Nm>{{payer}}</Nm></Dbtr></RltdPties>
          <RmtInf><Ustrd>{{text}}</Ustrd></RmtInf>
        </TxDtls></NtryDtls>
      </Ntry>
";

/// The statements made on `day`. What is restored is a new credit to a bank.
pub(super) fn write(day: Day, movements: &[(&Flow, &Credit)]) -> String {
    let mut accounts: BTreeMap<&str, String> = BTreeMap::new();
    for (flow, credit) in movements {
        accounts
            .entry(&flow.iban)
            .or_default()
            .push_str(&entry(flow, credit));
    }
    let day = day.to_string();
    let statement = |(iban, entries): (&&str, &String)| {
        let values = [
            ("iban", Fill::Text(iban)),
            ("day", Fill::Text(&day)),
            ("entries", Fill::Xml(entries)),
        ];
        fill(STATEMENT, &values)
    };
    let statements: String = accounts.iter().map(statement).collect();
    let values = [
        ("day", Fill::Text(&day)),
        ("statements", Fill::Xml(&statements)),
    ];
    fill(FILE, &values)
}

fn entry(flow: &Flow, credit: &Credit) -> String {
    let back = credit.done == Done::Reversed;
    let (amount, day) = (euro(credit.cents), credit.value_date.to_string());
    // The bank names the transfer that it takes back.
    let number = if back {
        credit.provisional()
    } else {
        credit.number
    };
    let reference = format!("BANK-{number:06}");
    // A bank has no provisional number, so its text says which flow it is about.
    let whole = format!("{} /PUR/LGPE-RIVERSAMENTO/URI/{}", credit.text, flow.fdr);
    let text = if credit.follows.is_some() {
        &whole
    } else {
        &credit.text
    };
    let payer = payer(flow);
    let values = [
        ("amount", Fill::Text(&amount)),
        ("direction", Fill::Text(if back { "DBIT" } else { "CRDT" })),
        ("reversal", Fill::Text(if back { "true" } else { "" })),
        ("day", Fill::Text(&day)),
        ("reference", Fill::Text(&reference)),
        ("regulation", Fill::Text(&flow.regulation)),
        ("payer", Fill::Text(&payer)),
        ("text", Fill::Text(text)),
    ];
    fill(ENTRY, &values)
}
