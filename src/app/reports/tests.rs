use super::*;
use crate::app::settlement::tests::{F, World, credit, for_flow, line, receipt, town};
use crate::domain::position::tests::day;

fn ask(name: Name) -> Question {
    Question {
        name,
        period: Period {
            from: day("2026-01-01"),
            to: day("2026-12-31"),
        },
        flow: None,
        provisional: None,
        service: None,
        flag: None,
    }
}

/// A fine paid, reported and on the account; an instalment paid; cash that nobody knows.
fn world() -> World {
    let mut w = World::new();
    let (fine, instalment) = (receipt(&w.fine, 0, "r4"), receipt(&w.tari, 1, "r2"));
    w.pay(&fine);
    w.pay(&instalment);
    w.flow((F, 1), &[line(1, fine.iuv.as_str(), "r4", 4490)]);
    w.cash(&for_flow(1, 4490, F));
    w.cash(&credit(2, 100, "=BONIFICO"));
    w
}

struct Table {
    rows: Vec<Vec<Cell>>,
    control_totals: Vec<ControlTotal>,
}

fn get(w: &mut World, question: &Question) -> Table {
    let (ctx, creditor) = (w.scratch.ctx.clone(), town());
    let today = calendar::today(ctx.now());
    let desk = Desk {
        ctx: &ctx,
        creditor: &creditor,
        today,
        service: question.service.as_deref(),
    };
    let mut rows = Vec::new();
    let totals = desk.run(&mut w.conn, question, &mut |row| {
        rows.push(row);
        Ok(())
    });
    let width = question.name.columns().len();
    assert!(rows.iter().all(|row| row.len() == width));
    Table {
        rows,
        control_totals: totals.unwrap(),
    }
}

fn bytes(w: &mut World, name: Name, form: Form) -> (Vec<u8>, Trailer) {
    let (ctx, now) = (w.scratch.ctx.clone(), w.scratch.ctx.now());
    let mut bytes = Vec::new();
    let asked = (&ask(name), form, now);
    let trailer = write(&mut w.conn, &ctx, &town(), asked, &mut bytes).unwrap();
    (bytes, trailer)
}

fn text(w: &mut World, name: Name, dialect: Dialect) -> String {
    String::from_utf8(bytes(w, name, Form::Csv(dialect)).0).unwrap()
}

#[test]
fn receipts_are_counted_by_day_and_service() {
    let mut w = world();
    let csv = text(&mut w, Name::ReceiptsByDay, Dialect::Rfc4180);
    assert_eq!(
        csv,
        "paid_on,service_code,receipts,amount,own_amount,anomalies\r\n2026-03-02,TARI,2,158.43,153.21,0\r\n"
    );
    let totals = get(&mut w, &ask(Name::ReceiptsByDay)).control_totals;
    assert_eq!((totals[0].count, totals[0].amount.get()), (2, 15843));
}

#[test]
fn a_flow_is_shown_row_by_row_with_declared_computed_and_cash() {
    let mut w = world();
    let table = get(&mut w, &ask(Name::FlowReconciliation));
    assert_eq!(table.rows.len(), 1);
    assert_eq!(table.rows[0][12], Cell::from("MATCHED_SETTLED"));
    let sums: Vec<i64> = table
        .control_totals
        .iter()
        .map(|t| t.amount.get())
        .collect();
    assert_eq!(sums, [4490, 4490, 4490]);
    let unknown = Question {
        flow: Some(Uuid::nil()),
        ..ask(Name::FlowReconciliation)
    };
    let (ctx, now) = (w.scratch.ctx.clone(), w.scratch.ctx.now());
    let asked = (&unknown, Form::Json, now);
    let error = write(&mut w.conn, &ctx, &town(), asked, &mut Vec::new()).unwrap_err();
    assert!(matches!(error, Error::UnknownFlow));
}

#[test]
fn what_is_not_reconciled_is_listed_oldest_first_with_its_age() {
    let mut w = world();
    w.scratch
        .ctx
        .clock
        .set("2026-03-20T09:00:00Z".parse().unwrap())
        .unwrap();
    let table = get(&mut w, &ask(Name::NotReconciled));
    let seen: Vec<_> = table
        .rows
        .iter()
        .map(|row| (row[2].clone(), row[7].clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (Cell::from("11-30"), Cell::from("PAID_NOT_REPORTED")),
            (Cell::from("11-30"), Cell::from("CASH_UNIDENTIFIED")),
        ]
    );
    let month = table.control_totals[2];
    assert_eq!((month.count, month.amount.get()), (2, 10831 + 100));
    let it = text(&mut w, Name::NotReconciled, Dialect::It);
    assert!(it.contains(";108,31;PAID_NOT_REPORTED;"), "{it}");
}

#[test]
fn revenue_tells_what_is_collected_and_what_is_on_the_account() {
    let mut w = world();
    let table = get(&mut w, &ask(Name::RevenueByService));
    assert_eq!(table.rows.len(), 1);
    let amounts = &table.rows[0][4..];
    let cents = |n: i64| Cell::Cents(Cents::new(n).unwrap());
    assert_eq!(amounts, [cents(15321), cents(4490), cents(10831)]);
}

/// Two instalments paid and two rows of unknown debts in two flows, in this order of arrival.
fn arrived_in(order: [usize; 2]) -> World {
    let mut w = World::new();
    for at in order {
        let paid = receipt(&w.tari, at + 1, ["r2", "r3"][at]);
        w.pay(&paid);
        let iuv = ["01000000000000901", "01000000000000902"][at];
        w.flow(
            (["2026-03-03PSPX-8", "2026-03-03PSPX-9"][at], 1),
            &[line(1, iuv, "u", 100)],
        );
    }
    w
}

#[test]
fn facts_that_arrive_in_another_order_are_reported_in_the_same() {
    let (mut forth, mut back) = (arrived_in([0, 1]), arrived_in([1, 0]));
    for (name, rows) in [(Name::FlowReconciliation, 2), (Name::NotReconciled, 4)] {
        let cells = |w: &mut World| -> Vec<Vec<Cell>> {
            let width = name
                .columns()
                .iter()
                .filter(|c| c.name != "reconciliation_id")
                .count();
            let table = get(w, &ask(name));
            table
                .rows
                .into_iter()
                .map(|row| row[..width].to_vec())
                .collect()
        };
        let first = cells(&mut forth);
        assert_eq!((first.len(), &first), (rows, &cells(&mut back)), "{name:?}");
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let mut w = world();
    for name in Name::ALL {
        let mut digests = std::collections::BTreeSet::new();
        for form in [
            Form::Json,
            Form::JsonLines,
            Form::Csv(Dialect::It),
            Form::Xlsx,
            Form::Pdf,
        ] {
            let (first, trailer) = bytes(&mut w, *name, form);
            assert_eq!(bytes(&mut w, *name, form).0, first, "{name:?} {form:?}");
            digests.insert(trailer.rows_sha256);
        }
        assert_eq!(digests.len(), 1, "{name:?}: the same rows in every format");
    }
}

#[test]
fn a_print_that_would_be_too_long_is_refused_at_its_first_row_too_many() {
    let mut w = World::new();
    let most = i32::try_from(PDF_ROWS_MAX).unwrap();
    let lines: Vec<_> = (1..=most + 500)
        .map(|number| line(number, &format!("01{number:015}"), "u", 100))
        .collect();
    w.flow((F, 1), &lines);
    let (ctx, now) = (w.scratch.ctx.clone(), w.scratch.ctx.now());
    let (written, mut bytes) = (AtomicI64::new(0), Vec::new());
    let asked = (&ask(Name::FlowReconciliation), Form::Pdf, now);
    let out: (&mut (dyn Write + Send), &AtomicI64) = (&mut bytes, &written);
    let error = write_counting(&mut w.conn, &ctx, &town(), asked, out).unwrap_err();
    assert!(matches!(error, Error::TooLong), "{error}");
    assert_eq!(written.into_inner(), i64::from(most));
}
