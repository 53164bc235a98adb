//! The treasurer's own format: one *conto evidenza* for each account, one year for each file.

use std::collections::BTreeMap;

use super::{Credit, payer, place};
use crate::flows::Flow;
use crate::money::euro;
use crate::soap::{Fill, fill};
use crate::state::Day;

const FILE: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<flusso_giornale_di_cassa>
  <testata_messaggio>
    <codice_ABI_BT>99999</codice_ABI_BT>
    <identificativo_ente>{{org}}</identificativo_ente>
    <data_ora_creazione_flusso>{{day}}T20:00:00</data_ora_creazione_flusso>
  </testata_messaggio>
  <identificativo_flusso_BT>GDC-{{compact}}MOCKPSP0001#001#001</identificativo_flusso_BT>
  <pagina>1</pagina>
  <pagine_totali>1</pagine_totali>
  <esercizio>{{year}}</esercizio>
  <data_riferimento_GdC>{{day}}</data_riferimento_GdC>
{{accounts}}
</flusso_giornale_di_cassa>
";
const ACCOUNT: &str = "\
  <informazioni_conto_evidenza>
    <conto_evidenza>{{account}}</conto_evidenza>
{{movements}}
  </informazioni_conto_evidenza>
";
const MOVEMENT: &str = "\
    <movimento_conto_evidenza>
      <identificativo_flusso>MOCKPSP{{number}}</identificativo_flusso>
      <numero_movimento>{{number}}</numero_movimento>
      <tipo_movimento>ENTRATA</tipo_movimento>
      <tipo_documento>SOSPESO ENTRATA</tipo_documento>
      <tipo_operazione>{{done}}</tipo_operazione>
      <numero_documento>{{provisional}}</numero_documento>
      <progressivo_documento>0</progressivo_documento>
      <importo>{{amount}}</importo>
      <data_movimento>{{day}}</data_movimento>
      <data_movimento_siope>{{day}}</data_movimento_siope>
      <data_valuta_ente>{{day}}</data_valuta_ente>
      <tipo_esecuzione>SEPA CREDIT TRANSFER</tipo_esecuzione>
      <codice_riferimento_operazione>{{regulation}}</codice_riferimento_operazione>
      <assoggettamento_bollo>ESENTE</assoggettamento_bollo>
      <cliente><anagrafica_cliente>{{payer}}</anagrafica_cliente></cliente>
      <causale>{{text}}</causale>
    </movimento_conto_evidenza>
";

/// The journal of `org`, made on `day`.
pub(super) fn write(org: &str, day: Day, movements: &[(&Flow, &Credit)]) -> String {
    let mut accounts: BTreeMap<&str, String> = BTreeMap::new();
    for (flow, credit) in movements {
        let (_, account) = place(flow, credit);
        accounts
            .entry(account)
            .or_default()
            .push_str(&movement(flow, credit));
    }
    let account = |(account, movements): (&&str, &String)| {
        let values = [
            ("account", Fill::Text(account)),
            ("movements", Fill::Xml(movements)),
        ];
        fill(ACCOUNT, &values)
    };
    let accounts: String = accounts.iter().map(account).collect();
    let (today, compact) = (day.to_string(), day.format("%Y%m%d").to_string());
    let year = day.format("%Y").to_string();
    let values = [
        ("org", Fill::Text(org)),
        ("day", Fill::Text(&today)),
        ("compact", Fill::Text(&compact)),
        ("year", Fill::Text(&year)),
        ("accounts", Fill::Xml(&accounts)),
    ];
    fill(FILE, &values)
}

fn movement(flow: &Flow, credit: &Credit) -> String {
    let (number, provisional) = (credit.number.to_string(), credit.provisional().to_string());
    let (amount, day) = (euro(credit.cents), credit.value_date.to_string());
    let payer = payer(flow);
    let values = [
        ("number", Fill::Text(&number)),
        ("done", Fill::Text(credit.done.name())),
        ("provisional", Fill::Text(&provisional)),
        ("amount", Fill::Text(&amount)),
        ("day", Fill::Text(&day)),
        ("regulation", Fill::Text(&flow.regulation)),
        ("payer", Fill::Text(&payer)),
        ("text", Fill::Text(&credit.text)),
    ];
    fill(MOVEMENT, &values)
}
