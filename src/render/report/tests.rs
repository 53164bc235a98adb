use super::*;
use crate::render::csv::Unit;

const COLUMNS: &[Column] = &[
    column("day", "Giorno", Unit::Day),
    column("who", "Chi", Unit::Text).wide(30),
    column("pieces", "Numero", Unit::Count),
    column("amount", "Importo", Unit::Cents),
];

const fn column(name: &'static str, label: &'static str, unit: Unit) -> Column {
    let (meaning, width) = (label, 12);
    Column {
        name,
        label,
        meaning,
        unit,
        width,
    }
}

const FORMS: [Form; 5] = [
    Form::Json,
    Form::JsonLines,
    Form::Csv(Dialect::It),
    Form::Xlsx,
    Form::Pdf,
];

fn head() -> Head {
    Head {
        name: "receipts-by-day",
        title: "Ricevute per giorno e servizio",
        creditor: FiscalCode::parse("99999000203").unwrap(),
        creditor_name: "Comune di Avezzano".to_owned(),
        filters: vec![("Servizio", "TARI".to_owned())],
        period: ("2026-03-01".parse().unwrap(), "2026-03-31".parse().unwrap()),
        made_at: "2026-04-01T08:00:00Z".parse().unwrap(),
        columns: COLUMNS,
        chart: None,
    }
}

fn cells(n: i64) -> Vec<Cell> {
    let amount = Cents::new(n * 101 - 300).unwrap();
    vec![
        Cell::Day("2026-03-02".parse().unwrap()),
        Cell::Text(format!("Rossi \"Mario\" & figli {n}")),
        if n == 1 { Cell::Empty } else { Cell::Count(n) },
        Cell::Cents(amount),
    ]
}

fn made(form: Form, rows: i64) -> Result<(Vec<u8>, Trailer), WriteError> {
    let (head, mut out) = (head(), Vec::new());
    let mut report = Report::begin(form, &head, &mut out)?;
    let mut amount = Cents::ZERO;
    for n in 0..rows {
        let row = cells(n);
        if let Cell::Cents(one) = row[3] {
            amount = amount.plus(one).unwrap();
        }
        report.row(&row)?;
    }
    let label = "Ricevute";
    let total = ControlTotal {
        label,
        count: rows,
        amount,
    };
    let trailer = report.finish(vec![total])?;
    Ok((out, trailer))
}

#[test]
fn every_format_has_the_digest_of_the_same_lines() {
    let (lines, trailer) = made(Form::JsonLines, 3).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    let (rows, last) = lines.trim_end().rsplit_once('\n').unwrap();
    let digest: [u8; 32] = Sha256::digest(format!("{rows}\n")).into();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((trailer.rows, &trailer.rows_sha256), (3, &digest));
    for form in FORMS {
        assert_eq!(made(form, 3).unwrap().1, trailer, "{form:?}");
    }
    let first = rows.lines().next().unwrap();
    assert_eq!(
        first,
        "{\"day\":\"2026-03-02\",\"who\":\"Rossi \\\"Mario\\\" & figli 0\",\"pieces\":0,\"amount\":-300}"
    );
    assert!(rows.lines().nth(1).unwrap().contains("\"pieces\":null"));
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["rows_sha256"], digest);
    assert_eq!(last["control_totals"][0]["amount_cents"], 3 * 101 - 900);
}

#[test]
fn json_is_one_document_with_or_without_rows() {
    for rows in [0, 1, 3] {
        let (bytes, trailer) = made(Form::Json, rows).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            document["items"].as_array().unwrap().len(),
            usize::try_from(rows).unwrap()
        );
        assert_eq!(document["columns"][3]["unit"], "cents");
        assert_eq!(document["rows_sha256"], trailer.rows_sha256);
    }
}

#[test]
fn a_print_is_not_endless_and_a_spreadsheet_is_not_cut() {
    let most = i64::try_from(PDF_ROWS_MAX).unwrap();
    assert!(matches!(
        made(Form::Pdf, most + 1),
        Err(WriteError::TooLong)
    ));
    let (book, trailer) = made(Form::Xlsx, most + 1).unwrap();
    assert_eq!(trailer.rows, most + 1);
    assert!(book.starts_with(b"PK"));
}

#[test]
fn a_print_leaves_empty_columns_out_and_says_so() {
    let head = head();
    let row = |who: &str| {
        let who = if who.is_empty() {
            Cell::Empty
        } else {
            who.into()
        };
        [Cell::Empty, who, Cell::Count(1), Cell::Cents(Cents::ZERO)]
    };
    let rows: Vec<Vec<String>> = [row(""), row("")]
        .iter()
        .map(|row| row.iter().map(pdf::shown).collect())
        .collect();
    let said = pdf::left_out(&head, &rows);
    assert_eq!(
        said.as_deref(),
        Some("Colonne vuote, non stampate: Giorno, Chi")
    );
    assert_eq!(pdf::left_out(&head, &[]), None);
}

#[test]
fn the_same_rows_give_the_same_bytes_and_a_print_conforms() {
    for form in FORMS {
        for rows in [0, 1, 400] {
            let (bytes, _) = made(form, rows).unwrap();
            assert_eq!(made(form, rows).unwrap().0, bytes, "{form:?} {rows}");
        }
    }
}
