use super::*;
use crate::app::settlement::tests::{F, World, credit, for_flow, line, receipt, town};
use crate::domain::reconciliation::Code::{self, *};

/// A reversal or restoration of provisional number 7, whose text names nothing.
fn silent(number: i64, operation: Operation) -> Movement {
    Movement {
        operation,
        provisional: Some(7),
        ..credit(number, 4490, "STORNO")
    }
}

fn original() -> Movement {
    Movement {
        provisional: Some(7),
        ..for_flow(1, 4490, F)
    }
}

fn world() -> World {
    let mut w = World::new();
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    w.flow((F, 1), &[line(1, paid.iuv.as_str(), "r4", 4490)]);
    w
}

fn codes(w: &mut World, cash: &[Movement]) -> Vec<Code> {
    for movement in cash {
        w.cash(movement);
    }
    let mut codes = vec![w.code("receipt r4/1")];
    for number in 1..=cash.len() {
        codes.push(w.code(&format!("treasury 2026/1/{number}")));
    }
    codes
}

#[test]
fn a_reversal_follows_what_it_takes_back_in_any_order() {
    let (reversed, restored) = (
        silent(2, Operation::Reversed),
        silent(3, Operation::Restored),
    );
    let all = [original(), reversed.clone(), restored.clone()];
    let mut w = world();
    let only = codes(&mut w, &all[..1]);
    assert_eq!(only, [MatchedSettled; 2]);
    let back = [ReportedNotSettled, OutOfScope, OutOfScope];
    assert_eq!(codes(&mut w, &all[..2]), back);
    assert_eq!(codes(&mut w, &all), [MatchedSettled; 4]);
    let ended = w.ended();
    for order in [[2, 1, 0], [1, 2, 0], [1, 0, 2], [2, 0, 1]] {
        let mut w = world();
        for at in order {
            w.cash(&all[at]);
        }
        assert_eq!(w.ended(), ended, "{order:?}");
    }
}

#[test]
fn a_reversal_on_another_account_is_not_taken_for_this_one() {
    let other = Movement {
        account: "2".into(),
        ..silent(2, Operation::Reversed)
    };
    let mut w = world();
    w.cash(&original());
    w.cash(&other);
    assert_eq!(w.code("receipt r4/1"), MatchedSettled);
    assert_eq!(w.code("treasury 2026/2/2"), CashUnidentified);
}

#[test]
fn a_file_is_known_again_and_what_it_could_not_say_is_kept_once() {
    let mut w = world();
    let document = Document {
        sha256: [7; 32],
        unread: vec![Unread {
            line: 3,
            text: "cento\0euro".into(),
            reason: Said::new("deve essere un importo", "must be an amount"),
        }],
        covers: Vec::new(),
    };
    let conflict = Movement {
        text: "altro".into(),
        ..original()
    };
    let movements = [(1, original()), (2, conflict)];
    let import = |w: &mut World| {
        w.write(|tx, now, ctx| import(tx, now, ctx, &town(), (&document, &movements)))
    };
    let first = import(&mut w);
    assert!(matches!(
        first.outcomes[..],
        [Outcome::Filed(a), Outcome::Conflicting(b)] if a == b
    ));
    let again = import(&mut w);
    assert_eq!(again.file, first.file);
    assert!(matches!(again.outcomes[0], Outcome::AlreadyFiled(_)));
    let kept = refusals(&mut w.conn, &town(), None, (None, 10)).unwrap();
    let kept: Vec<_> = kept
        .iter()
        .map(|one| (one.place.line, one.text.as_str()))
        .collect();
    assert_eq!(kept[0], (3, "cento euro"));
    assert_eq!((kept.len(), kept[1].0), (2, 2));
    assert!(kept[1].1.contains("altro"), "{}", kept[1].1);
}
