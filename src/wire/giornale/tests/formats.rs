//! The formats that offices have.

use std::cell::Cell;
use std::rc::Rc;

use proptest::prelude::*;

use super::super::bank_csv::{day, signed};
use super::*;

const OPI: &str = include_str!("../../../../fixtures/treasury/giornale-di-cassa.xml");
const CAMT_02: &str = include_str!("../../../../fixtures/treasury/camt053-02.xml");
const CAMT_08: &str = include_str!("../../../../fixtures/treasury/camt053-08.xml");
const LIST: &str = include_str!("../../../../fixtures/treasury/lista-movimenti.csv");

fn entries(form: Form, text: &str) -> Vec<Result<Movement, Refused>> {
    Entries::open(form, text.as_bytes()).unwrap().collect()
}

fn good(read: &[Result<Movement, Refused>]) -> Vec<&Movement> {
    read.iter().filter_map(|one| one.as_ref().ok()).collect()
}

fn list() -> Layout {
    Layout {
        account: "IT60X0542811101000000123456".to_owned(),
        separator: b';',
        header_lines: 3,
        decimal: Decimal::Comma,
        dates: Dates::DayFirst,
        columns: [
            "booked",
            "value",
            "text",
            "text",
            "credit",
            "debit",
            "reference",
        ]
        .map(|word| Field::from_word(word).unwrap())
        .to_vec(),
    }
}

#[test]
fn a_treasurers_journal_is_read_entry_by_entry() {
    let read = entries(Form::Xml, OPI);
    let found = good(&read);
    let names: Vec<_> = found
        .iter()
        .map(|one| (one.line, one.number.as_str(), one.provisional))
        .collect();
    assert_eq!(
        names,
        [
            (1, "41", Some(345)),
            (2, "42", Some(345)),
            (3, "43", Some(345)),
            (4, "44", None),
            (5, "45", None)
        ]
    );
    let first = found[0];
    assert_eq!(
        (first.year, first.account.as_str(), first.amount_cents),
        (2026, "0000100", 20903)
    );
    assert_eq!(
        first.payer.as_deref(),
        Some("PSP S.p.A. Servizio pagoPA & altri")
    );
    assert_eq!(
        first.remittance,
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03PSPX- 0001"
    );
    assert_eq!(first.bank_reference.as_deref(), Some("TRN-2026-0000012345"));
    let operations: Vec<_> = found.iter().map(|one| one.operation).collect();
    use Operation::*;
    assert_eq!(
        operations,
        [Executed, Reversed, Reinstated, Regularised, Executed]
    );
    assert_eq!(
        (found[4].direction, found[4].document),
        (Direction::Out, Document::PaymentOrder)
    );
    assert_eq!(found[4].amount_cents, 100_000);
}

#[test]
fn an_entry_of_an_unknown_kind_is_handed_out_with_its_text() {
    let read = entries(Form::Xml, OPI);
    let refused = read[5].as_ref().unwrap_err();
    assert_eq!(
        (refused.error.line, refused.error.column),
        (6, Some("tipo_operazione"))
    );
    assert!(
        refused
            .text
            .contains("<causale>OPERAZIONE DI UN TIPO NUOVO</causale>"),
        "{}",
        refused.text
    );
    assert_eq!(read.len(), 6);
}

#[test]
fn statements_of_an_old_and_a_new_version_are_read() {
    let old = entries(Form::Xml, CAMT_02);
    let old = good(&old);
    let first = old[0];
    assert_eq!(
        (first.number.as_str(), first.amount_cents),
        ("BANK-0001", 4490)
    );
    assert_eq!(
        first.remittance,
        "/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03 PSPX-0001"
    );
    assert_eq!(first.bank_reference.as_deref(), Some("TRN-0001"));
    assert_eq!(
        (first.value_on, first.year),
        (NaiveDate::from_ymd_opt(2026, 3, 5), 2026)
    );
    assert_eq!(
        (old[1].direction, old[1].amount_cents),
        (Direction::Out, 1250)
    );
    assert_eq!(old[1].remittance, "COMMISSIONI");

    let read = entries(Form::Xml, CAMT_08);
    let new = good(&read);
    let seen: Vec<_> = new
        .iter()
        .map(|one| (one.number.as_str(), one.amount_cents, one.operation))
        .collect();
    assert_eq!(
        seen,
        [
            ("BANK-0002.1", 10_000, Operation::Executed),
            ("BANK-0002.2", 20_000, Operation::Executed),
            ("BANK-0001-R", 4490, Operation::Reversed),
        ]
    );
    assert_eq!(new[0].payer.as_deref(), Some("Prima Banca"));
    assert_eq!(new[1].remittance, "/RFS/RF5001000000000012362/");
    let pending = read[3].as_ref().unwrap_err();
    assert_eq!((pending.error.line, pending.error.column), (3, Some("Sts")));
}

#[test]
fn a_batch_that_does_not_add_up_stays_one_entry() {
    let wrong = CAMT_08.replace(">200<", ">201<");
    let read = entries(Form::Xml, &wrong);
    assert_eq!(
        (good(&read)[0].number.as_str(), good(&read)[0].amount_cents),
        ("BANK-0002", 30_000)
    );
}

#[test]
fn amounts_of_other_currencies_and_fractions_of_cents_are_refused() {
    for wrong in [
        ("Ccy=\"EUR\">44.90", "Ccy=\"CHF\">44.90"),
        (">44.90<", ">44.905<"),
        (">44.90<", ">-44.90<"),
    ] {
        let read = entries(Form::Xml, &CAMT_02.replace(wrong.0, wrong.1));
        assert_eq!(
            read[0].as_ref().unwrap_err().error.column,
            Some("Amt"),
            "{wrong:?}"
        );
    }
    let read = entries(Form::Xml, &CAMT_02.replace(">44.90<", ">44.90000<"));
    assert_eq!(good(&read)[0].amount_cents, 4490);
}

#[test]
fn a_banks_list_is_read_as_its_layout_says() {
    let read = entries(Form::Bank(list()), LIST);
    let found = good(&read);
    assert_eq!(found[0].number, "B-1");
    assert_eq!(
        found[0].remittance,
        "BONIFICO /PUR/LGPE-RIVERSAMENTO/URI/2026-03-03PSPX-0001"
    );
    assert_eq!(
        (found[1].direction, found[1].amount_cents),
        (Direction::Out, 125_000)
    );
    assert_eq!(
        found[1].booked_on,
        NaiveDate::from_ymd_opt(2026, 3, 5).unwrap()
    );
    let (one, two) = (&found[2].number, &found[3].number);
    assert_eq!(
        *two,
        format!("{one}.2"),
        "equal lines without a reference are two movements"
    );
    let refused = read[4].as_ref().unwrap_err();
    assert_eq!(
        (refused.error.line, refused.error.column),
        (8, Some("credit"))
    );
    assert!(refused.text.contains("ILLEGGIBILE"));
    assert_eq!(
        entries(Form::Bank(list()), LIST),
        read,
        "the same file gives the same names"
    );
}

#[test]
fn a_layout_must_name_a_day_and_an_amount() {
    let with = |words: &[&str]| Layout {
        columns: words
            .iter()
            .map(|word| Field::from_word(word).unwrap())
            .collect(),
        ..list()
    };
    assert_eq!(with(&["amount"]).check(), Err(LayoutError::Booked));
    assert_eq!(with(&["booked", "debit"]).check(), Err(LayoutError::Amount));
    assert_eq!(
        with(&["booked", "amount", "credit"]).check(),
        Err(LayoutError::Amount)
    );
    let twice = with(&["booked", "amount", "payer", "payer"]).check();
    assert_eq!(twice, Err(LayoutError::Twice(Field::Payer)));
    assert_eq!(
        with(&["booked", "amount", "text", "skip", "text"]).check(),
        Ok(())
    );
}

#[test]
fn amounts_and_days_follow_the_layout() {
    for (text, decimal, cents) in [
        ("1.234,56", Decimal::Comma, Some(123_456)),
        ("1,234.56", Decimal::Point, Some(123_456)),
        ("1.234", Decimal::Comma, Some(123_400)),
        ("-12,5 EUR", Decimal::Comma, Some(-1250)),
        ("12,00-", Decimal::Comma, Some(-1200)),
        ("+ 7", Decimal::Point, Some(700)),
        ("1,234.56", Decimal::Comma, None),
        ("", Decimal::Comma, None),
        ("--1", Decimal::Comma, None),
    ] {
        assert_eq!(signed(text, decimal), cents, "{text}");
    }
    let march = NaiveDate::from_ymd_opt(2026, 3, 31);
    for text in ["31/03/2026", "31.3.26", "2026-03-31", "31-03-2026 10:00"] {
        assert_eq!(day(text, Dates::DayFirst), march, "{text}");
    }
    assert_eq!(day("03/31/2026", Dates::MonthFirst), march);
    for text in [
        "2026",
        "31/03",
        "1/2/3/4",
        "31/02/2026",
        "31/03/20026",
        "x/y/z",
    ] {
        assert_eq!(day(text, Dates::DayFirst), None, "{text}");
    }
}

#[test]
fn other_documents_are_refused_at_once() {
    let open = |text: &str| {
        Entries::open(Form::Xml, text.as_bytes())
            .err()
            .unwrap()
            .rule
    };
    assert_eq!(open("<altro/>"), Rule::NoStatement);
    assert_eq!(
        open("<Document><CstmrCdtTrfInitn/></Document>"),
        Rule::NoStatement
    );
    assert_eq!(open("<Document/>"), Rule::NoStatement);
    assert_eq!(open(""), Rule::Markup);
    assert_eq!(open("esercizio;conto"), Rule::Markup);
    let bomb = format!(
        "<!DOCTYPE a [<!ENTITY b 'c'>]>{}",
        OPI.split_once("?>").unwrap().1
    );
    assert_eq!(open(&bomb), Rule::Markup);
}

#[test]
fn a_file_that_breaks_off_keeps_what_was_whole() {
    let cut = OPI.split("<numero_movimento>43").next().unwrap();
    let read = entries(Form::Xml, cut);
    assert_eq!(good(&read).len(), 2);
    assert_eq!(read[2].as_ref().unwrap_err().error.rule, Rule::Markup);
    assert_eq!(read.len(), 3);
}

#[test]
fn what_does_not_end_is_not_kept() {
    let endless = format!("<flusso_giornale_di_cassa><x>{}", "a".repeat(1 << 20));
    let read = entries(Form::Xml, &endless);
    assert_eq!(read[0].as_ref().unwrap_err().error.rule, Rule::Endless);
    let many = "<causale>x</causale>".repeat(100_000);
    let long = OPI.replacen("<importo>209.03</importo>", &many, 1);
    let read = entries(Form::Xml, &long);
    assert_eq!(read[0].as_ref().unwrap_err().error.rule, Rule::TooLong);
    assert_eq!(good(&read).len(), 4, "the entries after it are read");
    let deep = format!("<flusso_giornale_di_cassa>{}", "<a>".repeat(100));
    let read = entries(Form::Xml, &deep);
    assert_eq!(read[0].as_ref().unwrap_err().error.rule, Rule::Markup);
}

/// A file of so many entries, made as it is read; counts what was asked of it.
struct Generated<F> {
    make: F,
    next: usize,
    count: usize,
    rest: Vec<u8>,
    given: Rc<Cell<usize>>,
}

impl<F: Fn(usize) -> String> Read for Generated<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && self.next < self.count {
            self.rest = (self.make)(self.next).into_bytes();
            self.next += 1;
        }
        let part = into.len().min(self.rest.len());
        let (now, later) = self.rest.split_at(part);
        into[..part].copy_from_slice(now);
        self.rest = later.to_vec();
        self.given.set(self.given.get() + part);
        Ok(part)
    }
}

/// Reads fifty thousand entries; the reader is never ahead of what it has handed out by more than a
/// buffer, so that nothing is gathered.
fn streams(form: Form, make: impl Fn(usize) -> String) {
    const COUNT: usize = 50_000;
    const AHEAD: usize = 64 << 10;
    let given = Rc::new(Cell::new(0));
    let mut length = 0;
    let source = Generated {
        make: &make,
        next: 0,
        count: COUNT + 1,
        rest: Vec::new(),
        given: given.clone(),
    };
    let mut read = 0;
    for entry in Entries::open(form, source).unwrap() {
        entry.unwrap();
        length += make(read).len();
        read += 1;
        assert!(
            given.get() <= length + AHEAD,
            "{} bytes for {length}",
            given.get()
        );
    }
    assert_eq!(read, COUNT);
}

#[test]
fn a_long_list_is_streamed() {
    streams(Form::Journal, |n| {
        if n == 0 {
            header() + "\n"
        } else {
            LINE.replace(";17;", &format!(";{n};")) + "\n"
        }
    });
    let layout = Layout {
        header_lines: 1,
        ..list()
    };
    streams(Form::Bank(layout), |n| {
        if n == 0 {
            "Data;Valuta;Descrizione;Dettaglio;Avere;Dare;Riferimento\n".to_owned()
        } else {
            format!("04/03/2026;;BONIFICO {n};;1,00;;B-{n}\n")
        }
    });
}

#[test]
fn a_long_statement_is_streamed() {
    let entry = OPI.split_once("<movimento_conto_evidenza>").unwrap().1;
    let entry = entry.split_once("</movimento_conto_evidenza>").unwrap().0;
    let head = OPI
        .split_once("<movimento_conto_evidenza>")
        .unwrap()
        .0
        .to_owned();
    let end = "</informazioni_conto_evidenza></flusso_giornale_di_cassa>";
    streams(Form::Xml, |n| {
        let before = if n == 0 { head.as_str() } else { "" };
        if n == 50_000 {
            return end.to_owned();
        }
        let entry = entry.replace("0000041", &n.to_string());
        format!("{before}<movimento_conto_evidenza>{entry}</movimento_conto_evidenza>")
    });
}

/// A file with some bytes changed, dropped or doubled.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let change = (0..text.len(), any::<u8>(), 0..4_u8, 0..200_usize);
    prop::collection::vec(change, 1..6).prop_map(move |changes| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, byte, kind, length) in changes {
            let at = at.min(bytes.len().saturating_sub(1));
            let end = (at + length).min(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.drain(at..end)),
                2 => bytes.insert(at, byte),
                _ => {
                    let again = bytes[at..end].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_mutated_file_panics(
        opi in mutated(OPI), old in mutated(CAMT_02), new in mutated(CAMT_08), bank in mutated(LIST),
    ) {
        for (form, bytes) in [(Form::Xml, opi), (Form::Xml, old), (Form::Xml, new), (Form::Bank(list()), bank)] {
            for entry in Entries::open(form, bytes.as_slice()).into_iter().flatten().flatten() {
                prop_assert!((1..=AMOUNT_CENTS_MAX).contains(&entry.amount_cents));
                prop_assert!((1999..=2099).contains(&entry.year) && !entry.number.is_empty());
            }
        }
    }

    #[test]
    fn signed_amounts_print_and_parse_back(cents in -AMOUNT_CENTS_MAX..=AMOUNT_CENTS_MAX) {
        let whole = cents.abs();
        let text = format!("{}{},{:02}", if cents < 0 { "-" } else { "" }, whole / 100, whole % 100);
        prop_assert_eq!(signed(&text, Decimal::Comma), Some(cents));
    }
}
