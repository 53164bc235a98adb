//! Pulls a flow of 100,000 rows into a town of 1,000,000 notices, and holds the time against the least that the
//! same machine could take: `make bench-settlement`.
//!
//! Most of the rows have a receipt, some of them another amount, some a notice only, some neither.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use avviso::app::creditors::{self, Taxonomy};
use avviso::app::reconciliation::{self, Touched};
use avviso::app::settlement;
use avviso::config::Config;
use avviso::ctx::{Clock, Ctx, Ids};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::reconciliation::Cause;
use avviso::domain::trail::Actor;
use avviso::jobs::pull_flows;
use avviso::node::client::{FlowClient, RestFlows, Retries, Service, SoapFlows, Station};
use avviso::store::conn::Access;
use avviso::store::{self, Conn};
use base64::Engine as _;
use chrono::TimeDelta;
use futures_util::stream::{self, Stream};

const NOTICES: u32 = 1_000_000;
const ROWS: u32 = 100_000;
/// Rows with a receipt; after them come those with a notice only, and from `UNKNOWN` on those with neither.
const PAID: u32 = 98_000;
const UNKNOWN: u32 = 99_000;
/// A row in so many has an amount that is not its receipt's.
const WRONG_EVERY: u32 = 100;
const PAGE: u32 = 1_000;
const TOWN: &str = "99999000203";
const FLOW: &str = "2026-03-03PSPX-0001";
const PIECE: usize = 64 << 10;
const CENTS: u32 = 12_345;

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds words of its own.
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let url = words.next();
    let url = url.context("the address of an empty database is missing")?;
    let protocol = match words.next().as_deref() {
        None | Some("rest") => Protocol::Rest,
        Some("soap") => Protocol::Soap,
        Some(other) => anyhow::bail!("{other}: rest or soap"),
    };
    actix_web::rt::System::new().block_on(run(url, protocol))
}

/// How the flow comes: pages of JSON, or one XML document in a SOAP answer.
#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    Rest,
    Soap,
}

async fn run(url: String, protocol: Protocol) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let pages = tempfile::tempdir()?;
    match protocol {
        Protocol::Rest => write_flow(pages.path())?,
        Protocol::Soap => write_document(pages.path())?,
    }
    let town = FiscalCode::parse(TOWN)?;
    let mut conn = Conn::open(&url, Access::Write)?;
    conn.migrate()?;
    let config = Config::parse([("DATABASE_URL".to_owned(), url.clone())])?;
    let clock = Clock::fixed("2026-03-04T09:00:00Z".parse()?);
    let ctx = Ctx::with(config, clock.clone(), Ids::system(clock.clone()))?;
    let ctx = ctx.by(Actor::Job("bench".to_owned()));
    let file = std::fs::read_to_string("fixtures/comuni/avezzano.toml")?;
    creditors::import_file(&ctx, &file, &Taxonomy::Unlisted).await?;
    let seeded = seed(&ctx, &mut conn, &town).await?;
    writeln!(
        out,
        "{NOTICES} notices, {PAID} receipts, seeded in {}",
        seconds(seeded)
    )?;

    clock.advance(TimeDelta::days(1))?;
    let service = serve(pages.path().to_owned())?;
    let client = client(&service, protocol, &ctx)?;
    forget_peak();
    let (start, busy) = (Instant::now(), on_processor());
    let summary = pull_flows::pull_from(&ctx, &town, &client).await?;
    let (pulled, busy) = (start.elapsed(), on_processor().saturating_sub(busy));
    let peak = peak_memory();
    anyhow::ensure!(summary.filed == 1, "not pulled: {summary:?}");
    let flow = store::settlement::revisions(&mut conn, &town, &[FLOW])?;
    let flow = flow.first().context("no flow is filed")?;
    writeln!(
        out,
        "{ROWS} rows pulled, filed and classified in {}, of which {} in the engine's threads",
        seconds(pulled),
        seconds(busy)
    )?;
    for count in settlement::get(&mut conn, &town, flow.id)?.counts {
        writeln!(out, "  {:>7}  {}", count.count, count.code)?;
    }
    writeln!(
        out,
        "peak memory of the engine and of the service that it asks: {} MiB",
        peak.map_or_else(|| "unknown".to_owned(), |kib| (kib / 1024).to_string())
    )?;

    let (what, scanned) = match protocol {
        Protocol::Rest => ("bare scan of the same JSON", scan(pages.path())?),
        Protocol::Soap => ("bare scan of the same XML", scan_xml(pages.path())?),
    };
    ratio(&mut out, what, pulled, scanned)?;
    let join = timed(&mut conn, &[JOIN])?;
    ratio(&mut out, "one SQL join of the same rows", pulled, join)?;
    let written = written_by_sql(&mut conn)?;
    ratio(
        &mut out,
        "SQL alone, which writes the same rows",
        pulled,
        written,
    )?;
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{}.{:03} s", time.as_secs(), time.subsec_millis())
}

/// How many times one duration is in another, with one decimal.
fn ratio(
    out: &mut impl std::io::Write,
    what: &str,
    ours: Duration,
    least: Duration,
) -> anyhow::Result<()> {
    let tenths = ours.as_micros().saturating_mul(10) / least.as_micros().max(1);
    writeln!(
        out,
        "{what}: {}, ratio {}.{}",
        seconds(least),
        tenths / 10,
        tenths % 10
    )?;
    Ok(())
}

/// The answers of the flow service, as files: a list, a head, pages of rows.
fn write_flow(folder: &Path) -> anyhow::Result<()> {
    let pages = ROWS / PAGE;
    let about = |page: u32, pages: u32, count: u32| {
        format!(
            r#""metadata":{{"pageSize":{PAGE},"pageNumber":{page},"totPage":{pages}}},"count":{count}"#
        )
    };
    let list = format!(
        r#"{{{},"data":[{{"fdr":"{FLOW}","pspId":"PSPX","revision":1,"created":"2026-03-03T09:00:00Z","published":"2026-03-03T09:00:00Z","flowDate":"2026-03-03T08:00:00Z"}}]}}"#,
        about(1, 1, 1)
    );
    std::fs::write(folder.join("list"), list)?;
    let total = (1..=ROWS).map(|row| u64::from(amount(row))).sum::<u64>();
    let head = format!(
        r#"{{"status":"PUBLISHED","revision":1,"fdr":"{FLOW}","fdrDate":"2026-03-03T08:00:00Z","regulation":"TRN","regulationDate":"2026-03-03","sender":{{"type":"LEGAL_PERSON","id":"X","pspId":"PSPX","pspName":"Banca","pspBrokerId":"B","channelId":"C"}},"receiver":{{"id":"Y","organizationId":"{TOWN}","organizationName":"Comune"}},"published":"2026-03-03T09:00:00Z","totPayments":{ROWS},"sumPayments":{}.{:02}}}"#,
        total / 100,
        total % 100
    );
    std::fs::write(folder.join("head"), head)?;
    for page in 1..=pages {
        let rows: Vec<String> = (1..=PAGE)
            .map(|row| payment((page - 1) * PAGE + row))
            .collect();
        let text = format!(
            r#"{{{},"data":[{}]}}"#,
            about(page, pages, PAGE),
            rows.join(",")
        );
        std::fs::write(folder.join(format!("page-{page}")), text)?;
    }
    Ok(())
}

/// The flow as one document, and the answer that carries it.
fn write_document(folder: &Path) -> anyhow::Result<()> {
    use std::fmt::Write as _;
    let total = (1..=ROWS).map(|row| u64::from(amount(row))).sum::<u64>();
    let mut document = format!(
        r#"<FlussoRiversamento xmlns="http://www.digitpa.gov.it/schemas/2011/Pagamenti/"><versioneOggetto>1.0</versioneOggetto><identificativoFlusso>{FLOW}</identificativoFlusso><dataOraFlusso>2026-03-03T09:00:00</dataOraFlusso><identificativoUnivocoRegolamento>TRN</identificativoUnivocoRegolamento><dataRegolamento>2026-03-03</dataRegolamento><istitutoMittente><identificativoUnivocoMittente><tipoIdentificativoUnivoco>B</tipoIdentificativoUnivoco><codiceIdentificativoUnivoco>PSPX</codiceIdentificativoUnivoco></identificativoUnivocoMittente></istitutoMittente><istitutoRicevente><identificativoUnivocoRicevente><tipoIdentificativoUnivoco>G</tipoIdentificativoUnivoco><codiceIdentificativoUnivoco>{TOWN}</codiceIdentificativoUnivoco></identificativoUnivocoRicevente></istitutoRicevente><numeroTotalePagamenti>{ROWS}</numeroTotalePagamenti><importoTotalePagamenti>{}.{:02}</importoTotalePagamenti>"#,
        total / 100,
        total % 100
    );
    for row in 1..=ROWS {
        let (iuv, cents) = (iuv(row), amount(row));
        write!(
            document,
            "<datiSingoliPagamenti><identificativoUnivocoVersamento>{iuv}</identificativoUnivocoVersamento><identificativoUnivocoRiscossione>r{row:09}</identificativoUnivocoRiscossione><indiceDatiSingoloPagamento>1</indiceDatiSingoloPagamento><singoloImportoPagato>{}.{:02}</singoloImportoPagato><codiceEsitoSingoloPagamento>0</codiceEsitoSingoloPagamento><dataEsitoSingoloPagamento>2026-03-01</dataEsitoSingoloPagamento></datiSingoliPagamenti>",
            cents / 100,
            cents % 100
        )?;
    }
    document.push_str("</FlussoRiversamento>");
    std::fs::write(folder.join("document"), &document)?;
    let answer = |operation: &str, content: &str| {
        format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><q:{operation}Risposta xmlns:q="http://ws.pagamenti.telematici.gov/">{content}</q:{operation}Risposta></s:Body></s:Envelope>"#
        )
    };
    let listed = format!(
        "<elencoFlussiRendicontazione><totRestituiti>1</totRestituiti><idRendicontazione><identificativoFlusso>{FLOW}</identificativoFlusso><dataOraFlusso>2026-03-03T09:00:00</dataOraFlusso></idRendicontazione></elencoFlussiRendicontazione>"
    );
    let list = "nodoChiediElencoFlussiRendicontazione";
    std::fs::write(folder.join(list), answer(list, &listed))?;
    let coded = base64::engine::general_purpose::STANDARD.encode(document);
    let flow = "nodoChiediFlussoRendicontazione";
    let held = format!("<xmlRendicontazione>{coded}</xmlRendicontazione>");
    std::fs::write(folder.join(flow), answer(flow, &held))?;
    Ok(())
}

fn client(url: &str, protocol: Protocol, ctx: &Ctx) -> anyhow::Result<FlowClient> {
    let (service, retries) = (Service { url, key: None }, Retries::default());
    Ok(match protocol {
        Protocol::Rest => FlowClient::Rest(RestFlows::new(service, ctx.ids.clone(), retries)?),
        Protocol::Soap => {
            let station = Station {
                broker: TOWN.to_owned(),
                station: format!("{TOWN}_01"),
                password: "password".to_owned(),
            };
            FlowClient::Soap(SoapFlows::new(service, station, ctx.ids.clone(), retries)?)
        }
    })
}

fn amount(row: u32) -> u32 {
    if row.is_multiple_of(WRONG_EVERY) {
        CENTS - 1
    } else {
        CENTS
    }
}

/// One notice in ten is paid; after the last of them come numbers that nobody has issued.
fn iuv(row: u32) -> String {
    let number = if row > UNKNOWN {
        NOTICES + row
    } else {
        row * 10
    };
    format!("01{number:013}00")
}

fn payment(row: u32) -> String {
    let (iuv, cents) = (iuv(row), amount(row));
    format!(
        r#"{{"index":{row},"iuv":"{iuv}","iur":"r{row:09}","idTransfer":1,"pay":{}.{:02},"payStatus":"EXECUTED","payDate":"2026-03-01T10:30:00Z"}}"#,
        cents / 100,
        cents % 100
    )
}

/// Serves the files on a free port, and says where.
fn serve(folder: PathBuf) -> anyhow::Result<String> {
    let server = HttpServer::new(move || {
        let folder = folder.clone();
        App::new().default_service(web::to(move |request: HttpRequest| {
            let file = std::fs::File::open(folder.join(asked(&request)));
            async move {
                match file {
                    Ok(file) => HttpResponse::Ok().streaming(pieces(file)),
                    Err(_none) => HttpResponse::NotFound().finish(),
                }
            }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")?;
    let address = server.addrs().first().copied().context("no address")?;
    actix_web::rt::spawn(server.run());
    Ok(format!("http://{address}"))
}

/// The file with the answer.
fn asked(request: &HttpRequest) -> String {
    if let Some(operation) = request.headers().get("SOAPAction") {
        return operation.to_str().unwrap_or_default().to_owned();
    }
    let mut query = request.query_string().split('&');
    let page = query.find_map(|pair| pair.strip_prefix("page="));
    match page {
        Some(page) if request.path().ends_with("/payments") => format!("page-{page}"),
        Some(_) => "list".to_owned(),
        None => "head".to_owned(),
    }
}

/// A file piece by piece, so that the service needs no memory for it.
fn pieces(mut file: std::fs::File) -> impl Stream<Item = std::io::Result<web::Bytes>> {
    stream::iter(std::iter::from_fn(move || {
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error)),
        }
    }))
}

/// What the two databases write in another way.
fn dialect(conn: &Conn, statement: &str) -> String {
    let (id, json, at, yes, no) = match conn {
        Conn::Pg(_) => (
            "CAST('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid)",
            "'[]'::jsonb",
            "TIMESTAMPTZ '2026-02-01T00:00:00Z'",
            "TRUE",
            "FALSE",
        ),
        Conn::Lite(_) => (
            "unhex(printf('00000000000070008000%012x', n))",
            "'[]'",
            "1769904000000000",
            "1",
            "0",
        ),
    };
    let padded = match conn {
        Conn::Pg(_) => "lpad(CAST(n AS text), 13, '0')",
        Conn::Lite(_) => "printf('%013d', n)",
    };
    let row = match conn {
        Conn::Pg(_) => "lpad(CAST(n / 10 AS text), 9, '0')",
        Conn::Lite(_) => "printf('%09d', n / 10)",
    };
    [
        ("{id}", id),
        ("{json}", json),
        ("{at}", at),
        ("{yes}", yes),
        ("{no}", no),
        ("{n13}", padded),
        ("{row}", row),
        ("{town}", TOWN),
    ]
    .into_iter()
    .fold(statement.to_owned(), |text, (name, value)| {
        text.replace(name, value)
    })
}

/// The town's debts and receipts, by SQL; then the receipts are classified, as each was when it came.
async fn seed(ctx: &Ctx, conn: &mut Conn, town: &FiscalCode) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let all = format!(
        "(WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {NOTICES}) SELECT n FROM t) numbers"
    );
    let paid = PAID * 10;
    let statements = [
        format!(
            "INSERT INTO position (creditor, id, service_code, debtor_kind, debtor_tax_code, debtor_full_name, debtor_contact, description, details, assessment_rows, issued_on, created_at, revision, joint_debtors) \
             SELECT '{{town}}', {{id}}, 'TARI', 'person', 'RSSMRA85T10A562S', 'Mario Rossi', {{json}}, 'TARI 2026', {{json}}, {{json}}, '2026-02-01', {{at}}, 1, 0 FROM {all}"
        ),
        format!(
            "INSERT INTO notice (creditor, number, iuv, position_id, service_code, option_no, option_kind, sequence, description, due_on, amount_cents, terms, state, paid_on) \
             SELECT '{{town}}', '301' || {{n13}} || '00', '01' || {{n13}} || '00', {{id}}, 'TARI', 0, 'single', 1, 'TARI 2026', '2026-06-16', {CENTS}, {{json}}, \
             CASE WHEN n % 10 = 0 AND n <= {paid} THEN 'paid' ELSE 'open' END, NULL FROM {all}"
        ),
        format!(
            "INSERT INTO receipt (creditor, receipt_id, id, notice_number, iuv, primary_creditor, position_id, service_code, amount_cents, description, paid_on, psp_id, psp_name, psp_channel, parties, stand_in, received_at) \
             SELECT '{{town}}', 'r' || {{row}}, {{id}}, '301' || {{n13}} || '00', '01' || {{n13}} || '00', '{{town}}', {{id}}, 'TARI', {CENTS}, 'TARI 2026', '2026-03-01', 'PSPX', 'Banca', 'C', {{json}}, {{no}}, {{at}} \
             FROM {all} WHERE n % 10 = 0 AND n <= {paid}"
        ),
        format!(
            "INSERT INTO receipt_transfer (creditor, receipt_id, idx, beneficiary, iban, amount_cents, taxonomy, own) \
             SELECT '{{town}}', 'r' || {{row}}, 1, '{{town}}', 'IT92E9999940440000000000201', {CENTS}, '9/0101101IM/', {{yes}} \
             FROM {all} WHERE n % 10 = 0 AND n <= {paid}"
        ),
    ];
    if let Conn::Pg(_) = conn {
        conn.execute("SET statement_timeout = 0")?;
    }
    for statement in statements {
        conn.execute(&dialect(conn, &statement))?;
    }
    conn.analyze()?;
    let rows: Vec<u32> = (1..=PAID).collect();
    for some in rows.chunks(10_000) {
        let iuvs: Vec<String> = some.iter().copied().map(iuv).collect();
        let (inner, town) = (ctx.clone(), town.clone());
        ctx.import(move |tx, now| {
            let touched = Touched {
                iuvs: iuvs.iter().cloned().collect(),
                ..Touched::by(Cause::Receipt)
            };
            reconciliation::classify(tx, now, &inner, &town, touched)
        })
        .await?;
    }
    conn.analyze()?;
    Ok(start.elapsed())
}

/// Everything that decides where a row ends, in one question.
const JOIN: &str = "SELECT COUNT(*), \
    SUM(CASE WHEN t.amount_cents = l.amount_cents THEN 1 ELSE 0 END), \
    SUM(CASE WHEN t.receipt_id IS NULL THEN 1 ELSE 0 END), \
    SUM(CASE WHEN n.number IS NULL THEN 1 ELSE 0 END) \
    FROM flow_line l \
    LEFT JOIN notice n ON n.creditor = l.creditor AND n.iuv = l.iuv \
    LEFT JOIN receipt r ON r.creditor = l.creditor AND r.receipt_id = l.iur AND r.iuv = l.iuv \
    LEFT JOIN receipt_transfer t ON t.creditor = r.creditor AND t.receipt_id = r.receipt_id AND t.idx = l.idx \
    WHERE l.creditor = '{town}'";

/// What the pull has written, table by table.
const WRITTEN: [(&str, &str); 5] = [
    ("flow_line", ""),
    ("ledger", ""),
    ("notice_event", ""),
    ("reconciliation", ""),
    (
        "reconciliation_history",
        "WHERE recorded_at = (SELECT MAX(recorded_at) FROM reconciliation_history)",
    ),
];

fn timed(conn: &mut Conn, statements: &[&str]) -> anyhow::Result<Duration> {
    let statements: Vec<String> = statements.iter().map(|text| dialect(conn, text)).collect();
    let start = Instant::now();
    conn.write(|tx| {
        statements
            .iter()
            .try_for_each(|statement| tx.execute(statement))
    })?;
    Ok(start.elapsed())
}

/// The same rows written once more by SQL alone, to tables of the same shape with the same indexes, and the
/// notices moved.
fn written_by_sql(conn: &mut Conn) -> anyhow::Result<Duration> {
    let mut statements = Vec::new();
    for (table, rows) in WRITTEN {
        copy_shape(conn, table)?;
        statements.push(format!(
            "INSERT INTO raw_{table} SELECT * FROM {table} {rows}"
        ));
    }
    statements.push(
        "UPDATE notice SET state = 'settled' WHERE creditor = '{town}' \
         AND iuv IN (SELECT iuv FROM flow_line WHERE creditor = '{town}')"
            .to_owned(),
    );
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    timed(conn, &statements)
}

fn copy_shape(conn: &mut Conn, table: &str) -> anyhow::Result<()> {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Shape {
        #[diesel(sql_type = diesel::sql_types::Text)]
        sql: String,
    }
    let statements = match conn {
        Conn::Pg(_) => vec![format!(
            "CREATE TABLE raw_{table} (LIKE {table} INCLUDING ALL)"
        )],
        Conn::Lite(c) => {
            let question = "SELECT sql FROM sqlite_schema WHERE tbl_name = $1 AND sql IS NOT NULL \
                            ORDER BY type DESC";
            let shapes: Vec<Shape> = diesel::sql_query(question)
                .bind::<diesel::sql_types::Text, _>(table)
                .load(c)?;
            let renamed = |sql: String| {
                sql.replacen(&format!("TABLE {table}"), &format!("TABLE raw_{table}"), 1)
                    .replacen(&format!(" ON {table} "), &format!(" ON raw_{table} "), 1)
                    .replacen("INDEX ", "INDEX raw_", 1)
            };
            shapes.into_iter().map(|shape| renamed(shape.sql)).collect()
        }
    };
    for statement in statements {
        conn.execute(&statement)?;
    }
    Ok(())
}

/// Reads the files as JSON and keeps nothing.
fn scan(folder: &Path) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for page in 1..=ROWS / PAGE {
        let bytes = std::fs::read(folder.join(format!("page-{page}")))?;
        let _nothing: serde::de::IgnoredAny = serde_json::from_slice(&bytes)?;
    }
    Ok(start.elapsed())
}

/// Reads the document as XML and keeps nothing.
fn scan_xml(folder: &Path) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut reader = quick_xml::Reader::from_file(folder.join("document"))?;
    let mut buffer = Vec::new();
    while !matches!(
        reader.read_event_into(&mut buffer)?,
        quick_xml::events::Event::Eof
    ) {
        buffer.clear();
    }
    Ok(start.elapsed())
}

/// Time that the threads of this process have spent on a processor, where the system tells (Linux).
fn on_processor() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let spent = threads.flatten().filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Peak of the resident memory, in KiB, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Begins to measure the peak anew; where the system cannot, what came before counts too.
fn forget_peak() {
    let _no_matter = std::fs::write("/proc/self/clear_refs", "5");
}
