//! The node's SOAP door for reporting flows (nodeForPa): which are there, and one of them as
//! `FlussoRiversamento`. The same flows as behind the REST door, the latest revision of each.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Bytes, Data};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::App;
use crate::fdr::{self, Row};
use crate::flows::{Flow, Revision, local_day, rome_time};
use crate::money::euro;
use crate::node::Fault;
use crate::psps;
use crate::soap::{Element, Fill, NODE_FOR_PA, fill, read_request};
use crate::state::{Day, State};

const LIST: &str = "nodoChiediElencoFlussiRendicontazione";
const FETCH: &str = "nodoChiediFlussoRendicontazione";
/// Flows that a list shows: those made in so many days.
const WINDOW_DAYS: i64 = 30;

const ENVELOPE: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:ppt=\"http://ws.pagamenti.telematici.gov/\">
  <soapenv:Body>
    <ppt:{{root}}Risposta>
{{content}}
    </ppt:{{root}}Risposta>
  </soapenv:Body>
</soapenv:Envelope>
";
const FAULT: &str = "\
<fault>
<faultCode>{{code}}</faultCode>
<faultString>{{description}}</faultString>
<id>NodoDeiPagamentiSPC</id>
<description>{{description}}</description>
</fault>
";
const ENTRY: &str = "\
<idRendicontazione>
<identificativoFlusso>{{fdr}}</identificativoFlusso>
<dataOraFlusso>{{made}}</dataOraFlusso>
</idRendicontazione>
";
const FLOW: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<FlussoRiversamento xmlns=\"http://www.digitpa.gov.it/schemas/2011/Pagamenti/\">
  <versioneOggetto>1.0</versioneOggetto>
  <identificativoFlusso>{{fdr}}</identificativoFlusso>
  <dataOraFlusso>{{made}}</dataOraFlusso>
  <identificativoUnivocoRegolamento>{{regulation}}</identificativoUnivocoRegolamento>
  <dataRegolamento>{{regulation_date}}</dataRegolamento>
  <istitutoMittente>
    <identificativoUnivocoMittente>
      <tipoIdentificativoUnivoco>B</tipoIdentificativoUnivoco>
      <codiceIdentificativoUnivoco>{{psp}}</codiceIdentificativoUnivoco>
    </identificativoUnivocoMittente>
    <denominazioneMittente>{{psp_name}}</denominazioneMittente>
  </istitutoMittente>
  <codiceBicBancaDiRiversamento>{{psp}}</codiceBicBancaDiRiversamento>
  <istitutoRicevente>
    <identificativoUnivocoRicevente>
      <tipoIdentificativoUnivoco>G</tipoIdentificativoUnivoco>
      <codiceIdentificativoUnivoco>{{receiver}}</codiceIdentificativoUnivoco>
    </identificativoUnivocoRicevente>
    <denominazioneRicevente>{{receiver_name}}</denominazioneRicevente>
  </istitutoRicevente>
  <numeroTotalePagamenti>{{count}}</numeroTotalePagamenti>
  <importoTotalePagamenti>{{sum}}</importoTotalePagamenti>
{{rows}}
</FlussoRiversamento>
";
const ROW: &str = "\
  <datiSingoliPagamenti>
    <identificativoUnivocoVersamento>{{iuv}}</identificativoUnivocoVersamento>
    <identificativoUnivocoRiscossione>{{iur}}</identificativoUnivocoRiscossione>
    <indiceDatiSingoloPagamento>{{transfer}}</indiceDatiSingoloPagamento>
    <singoloImportoPagato>{{amount}}</singoloImportoPagato>
    <codiceEsitoSingoloPagamento>{{code}}</codiceEsitoSingoloPagamento>
    <dataEsitoSingoloPagamento>{{day}}</dataEsitoSingoloPagamento>
  </datiSingoliPagamenti>
";

/// Routes under `/node-for-pa/v1`.
pub(crate) fn scope() -> impl HttpServiceFactory + 'static {
    web::scope("/node-for-pa/v1")
        .wrap(from_fn(fdr::disturbed))
        .default_service(web::post().to(door))
}

async fn door(app: Data<App>, body: Bytes) -> HttpResponse {
    let text = std::str::from_utf8(&body).map_err(|error| error.to_string());
    let read = text.and_then(|text| read_request(text, NODE_FOR_PA));
    let known = read
        .ok()
        .filter(|asked| [LIST, FETCH].contains(&asked.name()));
    let Some(asked) = known else {
        return HttpResponse::BadRequest().body("neither a list nor a flow is asked for");
    };
    let content = app.read(|state| answer(state, &asked));
    let content = content.unwrap_or_else(|fault| {
        let values = [
            ("code", Fill::Text(&fault.code)),
            ("description", Fill::Text(&fault.description)),
        ];
        fill(FAULT, &values)
    });
    let values = [
        ("root", Fill::Text(asked.name())),
        ("content", Fill::Xml(&content)),
    ];
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(fill(ENVELOPE, &values))
}

/// What stands in the answer. Success is the absence of a fault.
fn answer(state: &State, asked: &Element) -> Result<String, Fault> {
    let creditors = addressed(state, asked)?;
    let today = state.last_closed().unwrap_or(Day::MIN);
    let psp = asked.text("identificativoPSP");
    let wanted = |flow: &&Flow| {
        creditors.contains(&flow.org.as_str()) && psp.is_none_or(|id| psps::get(flow.psp).id == id)
    };
    let mut flows = state.flows.iter().filter(wanted);
    if asked.name() == LIST {
        let recent = |revision: &Revision| {
            let age = today.signed_duration_since(local_day(revision.fdr_date));
            age.num_days() <= WINDOW_DAYS
        };
        let shown = flows.filter_map(|flow| {
            let (_, revision) = flow.latest(today)?;
            recent(revision).then_some((flow, revision))
        });
        return Ok(list(shown));
    }
    let id = asked.text("identificativoFlusso").unwrap_or_default();
    let found = flows.find(|flow| flow.fdr == id && flow.latest(today).is_some());
    let found = found.and_then(|flow| Some((flow, flow.latest(today)?.1)));
    let (flow, revision) = found
        .ok_or_else(|| Fault::ppt("PPT_ID_FLUSSO_SCONOSCIUTO", "there is no such flow to read"))?;
    let document = STANDARD.encode(document(state, flow, revision));
    Ok(format!(
        "<xmlRendicontazione>{document}</xmlRendicontazione>\n"
    ))
}

/// The creditors that the broker may ask about: the one that is named, or all of its own.
fn addressed<'a>(state: &'a State, asked: &Element) -> Result<Vec<&'a str>, Fault> {
    let fault = |code: &str, what: &str| Fault::ppt(code, what);
    let required = |name: &str| {
        let text = asked.text(name);
        text.ok_or_else(|| fault("PPT_SINTASSI_EXTRAXSD", &format!("{name} is missing")))
    };
    let broker = required("identificativoIntermediarioPA")?;
    let station = required("identificativoStazioneIntermediarioPA")?;
    required("password")?;
    let of_broker = || {
        let all = state.creditors.iter();
        all.filter(|(_, creditor)| creditor.broker_tax_code == broker)
    };
    if of_broker().next().is_none() {
        return Err(fault(
            "PPT_INTERMEDIARIO_PA_SCONOSCIUTO",
            "the broker is unknown",
        ));
    }
    let mut stations = of_broker().flat_map(|(_, creditor)| &creditor.stations);
    if !stations.any(|known| known.station_id == station) {
        return Err(fault(
            "PPT_STAZIONE_INT_PA_SCONOSCIUTA",
            "the station is unknown",
        ));
    }
    if asked
        .text("identificativoPSP")
        .is_some_and(|id| psps::find(id).is_none())
    {
        return Err(fault("PPT_PSP_SCONOSCIUTO", "the PSP is unknown"));
    }
    let Some(domain) = asked.text("identificativoDominio") else {
        return Ok(of_broker().map(|(tax_code, _)| tax_code.as_str()).collect());
    };
    if !state.creditors.contains_key(domain) {
        return Err(fault("PPT_DOMINIO_SCONOSCIUTO", "the creditor is unknown"));
    }
    let own = of_broker().find(|(tax_code, _)| *tax_code == domain);
    own.map(|(tax_code, _)| vec![tax_code.as_str()])
        .ok_or_else(|| fault("PPT_AUTORIZZAZIONE", "the creditor has another broker"))
}

fn list<'a>(shown: impl Iterator<Item = (&'a Flow, &'a Revision)>) -> String {
    let entry = |(flow, revision): (&Flow, &Revision)| {
        let made = rome_time(revision.fdr_date);
        let values = [("fdr", Fill::Text(&flow.fdr)), ("made", Fill::Text(&made))];
        fill(ENTRY, &values)
    };
    let entries: Vec<String> = shown.map(entry).collect();
    format!(
        "<elencoFlussiRendicontazione>\n<totRestituiti>{}</totRestituiti>\n{}</elencoFlussiRendicontazione>\n",
        entries.len(),
        entries.concat()
    )
}

/// The flow itself.
fn document(state: &State, flow: &Flow, revision: &Revision) -> String {
    let rows: String = fdr::rows(state, flow, revision).iter().map(row).collect();
    let psp = psps::get(flow.psp);
    let receiver = flow.receiver(revision);
    let (made, on) = (
        rome_time(revision.fdr_date),
        flow.regulation_date.to_string(),
    );
    let (count, sum) = (
        revision.total_payments.to_string(),
        euro(revision.sum_cents),
    );
    let values = [
        ("fdr", Fill::Text(&flow.fdr)),
        ("made", Fill::Text(&made)),
        ("regulation", Fill::Text(&flow.regulation)),
        ("regulation_date", Fill::Text(&on)),
        ("psp", Fill::Text(psp.id)),
        ("psp_name", Fill::Text(psp.name)),
        ("receiver", Fill::Text(receiver)),
        ("receiver_name", Fill::Text(&flow.org_name)),
        ("count", Fill::Text(&count)),
        ("sum", Fill::Text(&sum)),
        ("rows", Fill::Xml(&rows)),
    ];
    fill(FLOW, &values)
}

fn row(row: &Row<'_>) -> String {
    let (transfer, amount) = (row.transfer.to_string(), euro(row.cents));
    let day = local_day(row.paid_at).to_string();
    let values = [
        ("iuv", Fill::Text(row.iuv)),
        ("iur", Fill::Text(row.iur)),
        ("transfer", Fill::Text(&transfer)),
        ("amount", Fill::Text(&amount)),
        ("code", Fill::Text(row.reported.code())),
        ("day", Fill::Text(&day)),
    ];
    fill(ROW, &values)
}
