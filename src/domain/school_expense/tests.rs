use super::*;

mod vectors;

fn c(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn named(tax_code: &str, name: &str) -> Named {
    Named {
        tax_code: tax_code.to_owned(),
        name: name.to_owned(),
    }
}

#[test]
fn each_payer_of_a_pupil_has_a_line_and_refunds_are_deducted() {
    let (viola, mother, father) = (
        named("TRDVLI16C61A241T", ""),
        named("BNCLNE87L54A241C", "Elena Bianchetti"),
        named("RSSMRA80A01H501U", "Mario Rossi"),
    );
    let mut expenses = SchoolExpenses::default();
    expenses.paid((&viola, ""), &mother, c(3000)).unwrap();
    let told = named(&viola.tax_code, "Viola Tarducci");
    expenses
        .paid((&told, "Don Milani"), &mother, c(500))
        .unwrap();
    expenses.paid((&viola, ""), &father, c(1000)).unwrap();
    let unnamed = named(&mother.tax_code, "");
    expenses.refunded((&viola, ""), &unnamed, c(852)).unwrap();
    let lines: Vec<(&str, &str, i64, i64)> = expenses
        .lines()
        .map(|line| {
            let net = line.net().unwrap().get();
            (
                line.payer.name.as_str(),
                line.school.as_str(),
                line.payments,
                net,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("Elena Bianchetti", "Don Milani", 2, 2648),
            ("Mario Rossi", "", 1, 1000)
        ]
    );
}

#[test]
fn no_more_than_the_ceiling_counts_and_nothing_below_zero() {
    let deduction = SchoolDeduction {
        share_bp: 1900,
        ceiling_cents: 100_000,
    };
    assert_eq!(deduction.of(c(250_000)), Ok(c(19_000)));
    assert_eq!(deduction.of(c(-1)), Ok(c(0)));
}

proptest::proptest! {
    #[test]
    fn the_parts_of_a_bill_paid_whole_are_its_shares(shares in proptest::collection::vec(1i64..100_000, 1..6)) {
        let bill = Cents::sum(shares.iter().map(|share| c(*share))).unwrap();
        for share in shares {
            proptest::prop_assert_eq!(part_of(bill, c(share), bill), Ok(c(share)));
        }
    }
}
