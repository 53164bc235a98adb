use super::columns::euro;
use super::*;

const LINE: &str = "2026;0001;17;ENTRATA;SOSPESO ENTRATA;ESEGUITO;000345;1.234,56;31/03/2026;\
                    2026-04-01;Banca Prova;/PUR/LGPE-RIVERSAMENTO/URI/2026-03-30X-1";

fn header() -> String {
    COLUMNS.join(";")
}

fn read(text: impl AsRef<[u8]>) -> Vec<Result<Movement, LineError>> {
    Giornale::open(text.as_ref()).unwrap().collect()
}

fn one(line: &str) -> Result<Movement, LineError> {
    let mut all = read(format!("{}\n{line}\n", header()));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// [`LINE`] with one field changed.
fn with(column: &str, value: &str) -> String {
    let at = COLUMNS.iter().position(|name| *name == column).unwrap();
    let mut fields: Vec<_> = LINE.split(';').collect();
    fields[at] = value;
    fields.join(";")
}

#[test]
fn a_line_is_a_movement() {
    assert_eq!(
        one(LINE).unwrap(),
        Movement {
            line: 2,
            year: 2026,
            account: "0001".to_owned(),
            number: "17".to_owned(),
            direction: Direction::In,
            document: Document::PendingIn,
            operation: Operation::Executed,
            provisional: Some(345),
            amount_cents: 123_456,
            booked_on: NaiveDate::from_ymd_opt(2026, 3, 31).unwrap(),
            value_on: NaiveDate::from_ymd_opt(2026, 4, 1),
            payer: Some("Banca Prova".to_owned()),
            remittance: "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-30X-1".to_owned(),
            bank_reference: None,
            order: None,
        }
    );
}

#[test]
fn mark_line_ends_quotes_and_blank_lines_are_tolerated() {
    let quoted =
        with("causale", "\"a; \"\"b\"\" \"").replace("ENTRATA;SOSPESO", "\"ENTRATA\";SOSPESO");
    let text = format!(
        "\u{feff}\"Esercizio\"{}\r\n{LINE}\r\n\r\n{quoted}",
        header().trim_start_matches("esercizio")
    );
    let all: Vec<_> = read(text).into_iter().map(Result::unwrap).collect();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].line, all[1].line), (2, 4));
    assert_eq!(all[1].remittance, "a; \"b\"");
}

#[test]
fn italian_and_plain_amounts_are_cents() {
    for (text, cents) in [
        ("1.234,56", 123_456),
        ("1234,56", 123_456),
        ("1234.56", 123_456),
        ("1.234.567,8", 123_456_780),
        ("0,01", 1),
        ("7", 700),
        ("1234", 123_400),
        ("0.5", 50),
    ] {
        assert_eq!(
            one(&with("importo", text)).unwrap().amount_cents,
            cents,
            "{text}"
        );
    }
    for text in [
        "1.234",
        "1.234.567",
        "12.34,56",
        "1.2345,00",
        "1,234.56",
        "1,2,3",
        "-1,00",
        "0,00",
        ",5",
        "1,",
        "1,234",
        "1e3",
        "€ 1",
        "9999999999999,99999",
        "99999999999999,99",
        "٣,00",
        "1 000,00",
    ] {
        let error = one(&with("importo", text)).unwrap_err();
        assert_eq!(error.column, Some("importo"), "{text}");
        assert!(matches!(error.rule, Rule::Form(..)), "{text}");
    }
}

#[test]
fn every_column_has_its_rule() {
    for (column, bad) in [
        ("esercizio", "1998"),
        ("esercizio", "duemila"),
        ("conto", "12345678901234567890123456"),
        ("numero_movimento", "-1"),
        ("numero_movimento", "1234567890123456789"),
        ("tipo_movimento", "ALTRO"),
        ("tipo_documento", "SOSPESO"),
        ("tipo_operazione", "FATTO"),
        ("numero_provvisorio", "A1"),
        ("data_movimento", "2026-02-30"),
        ("data_movimento", "1/3/2026"),
        ("data_valuta", "31-03-2026"),
    ] {
        let error = one(&with(column, bad)).unwrap_err();
        assert_eq!((error.line, error.column), (2, Some(column)), "{bad}");
        assert!(matches!(error.rule, Rule::Form(..)), "{column} {bad}");
    }
    for column in [
        "esercizio",
        "conto",
        "numero_movimento",
        "tipo_movimento",
        "importo",
        "data_movimento",
        "numero_provvisorio",
    ] {
        let error = one(&with(column, " ")).unwrap_err();
        assert_eq!((error.column, error.rule), (Some(column), Rule::Missing));
    }
    let bare = one(&with("tipo_documento", "reversale").replace(";000345;", ";;")).unwrap();
    assert_eq!(
        (bare.document, bare.provisional),
        (Document::CollectionOrder, None)
    );
    assert_eq!(
        one(&with("tipo_documento", "sospeso_entrata"))
            .unwrap()
            .document,
        Document::PendingIn
    );
    assert_eq!(one(&with("data_valuta", "")).unwrap().value_on, None);
    assert_eq!(one(&with("ordinante", " ")).unwrap().payer, None);
    assert_eq!(one(&with("causale", "")).unwrap().remittance, "");
}

#[test]
fn a_wrong_line_does_not_stop_the_next() {
    let mut text = format!("{}\n{LINE}\na;b\n", header()).into_bytes();
    text.extend_from_slice(
        &with("ordinante", "caff\u{e8}")
            .replace('è', "#")
            .into_bytes(),
    );
    let at = text.iter().position(|byte| *byte == b'#').unwrap();
    text[at] = 0xE8;
    text.extend_from_slice(format!("\n{LINE}\n").as_bytes());
    let all = read(&text);
    assert_eq!(all.len(), 4);
    let fields = LineError {
        line: 3,
        column: None,
        rule: Rule::Fields { found: 2 },
    };
    assert_eq!(all[1], Err(fields));
    let latin = LineError {
        line: 4,
        column: Some("ordinante"),
        rule: Rule::NotUtf8,
    };
    assert_eq!(all[2], Err(latin.clone()));
    assert_eq!(latin.to_string(), "line 4, ordinante: not UTF-8");
    assert!(all[3].is_ok());
}

#[test]
fn an_open_quote_spoils_its_own_line_only() {
    let text = format!(
        "{}\r\n{}\r\n{LINE}\r\n",
        header(),
        with("causale", "\"aperta")
    );
    let all = read(text);
    let error = LineError {
        line: 2,
        column: Some("causale"),
        rule: Rule::OpenQuote,
    };
    assert_eq!(all[0], Err(error));
    assert_eq!(all[1].as_ref().unwrap().line, 3);
    let last = format!("{}\n{}", header(), with("causale", "\"aperta"));
    assert_eq!(read(last)[0].as_ref().unwrap_err().rule, Rule::OpenQuote);
    assert_eq!(
        one(&with("causale", "tubo da 12\" e altro"))
            .unwrap()
            .remittance,
        "tubo da 12\" e altro"
    );
}

#[test]
fn a_lone_carriage_return_drops_nothing() {
    assert_eq!(
        one(&with("causale", "prima\rdopo")).unwrap().remittance,
        "prima dopo"
    );
    assert_eq!(
        one(&format!("{}\r", with("causale", "\"fine\"")))
            .unwrap()
            .remittance,
        "fine"
    );
}

#[test]
fn the_header_is_checked_by_name() {
    let open = |text: &str| Giornale::open(text.as_bytes()).err().unwrap();
    assert_eq!(open("").rule, Rule::NoHeader);
    let error = open(&header().replace("importo", "amount"));
    assert_eq!(
        error.to_string(),
        "line 1, importo: must be the name of column 8 of the header"
    );
    assert_eq!(open("esercizio;conto").column, Some("numero_movimento"));
    assert_eq!(open(&header().replace(';', ",")).column, Some("esercizio"));
    assert_eq!(
        open(&format!("{};altro", header())).rule,
        Rule::Fields { found: 13 }
    );
}

#[test]
fn a_line_without_end_is_refused_and_a_long_file_is_not() {
    let endless = format!("{}\n{};\"{}", header(), LINE, "a".repeat(LINE_BYTES_MAX));
    let all = read(format!("{endless}\n{LINE}"));
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].as_ref().unwrap_err().rule, Rule::TooLong);
    assert_eq!(all[1].as_ref().unwrap().line, 3);
    let long = format!("{}\n{}", header(), format!("{LINE}\n").repeat(5_000));
    assert!(long.len() > 8 * LINE_BYTES_MAX);
    assert_eq!(read(long).iter().filter(|row| row.is_ok()).count(), 5_000);
}

proptest::proptest! {
    #[test]
    fn no_line_panics(line in "[-0-9a-zA-Z;,./\"\n\ré€ ]{0,120}") {
        let _ = read(format!("{}\n{line}", header()));
    }

    #[test]
    fn cents_print_and_parse_back(cents in 1..=AMOUNT_CENTS_MAX) {
        let text = format!("{},{:02}", cents / 100, cents % 100);
        proptest::prop_assert_eq!(euro(&text), Some(cents));
    }
}

mod formats;
