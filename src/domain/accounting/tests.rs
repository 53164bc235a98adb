use proptest::prelude::*;

use super::*;

fn c(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

fn key(chapter: &str, year: i32) -> AccountingKey {
    AccountingKey {
        chapter: Some(Text::parse(chapter).unwrap()),
        article: None,
        claim: Some(BudgetClaim {
            year,
            number: Text::parse("145/2").unwrap(),
        }),
        plan_code: PlanCode::parse("E.1.01.01.51.001").unwrap(),
    }
}

fn valid(from: &str, until: Option<&str>) -> Validity {
    Validity {
        from: from.parse().unwrap(),
        until: until.map(|day| day.parse().unwrap()),
    }
}

fn plan(shares: &[(&str, Takes)]) -> AccountingPlan {
    let share = |(chapter, takes): &(&str, Takes)| KeyShare {
        key: key(chapter, 2026),
        takes: takes.clone(),
    };
    AccountingPlan {
        valid: valid("2026-01-01", None),
        shares: shares.iter().map(share).collect(),
    }
}

fn rows(codes: &[&str]) -> Takes {
    Takes::Rows(codes.iter().map(|code| (*code).to_owned()).collect())
}

fn whole(amount: i64) -> Paid {
    Paid {
        transfer: c(amount),
        own: c(amount),
        whole: c(amount),
    }
}

fn amounts(quotas: &[Quota]) -> Vec<(&str, i64)> {
    quotas
        .iter()
        .map(|quota| {
            let key = quota.key.as_ref().unwrap();
            (key.chapter.as_ref().unwrap().as_str(), quota.amount.get())
        })
        .collect()
}

#[test]
fn an_account_of_level_five_is_the_siope_code() {
    let account = PlanCode::parse("E.3.02.02.01.004").unwrap();
    assert_eq!(account.siope(), "3020201004");
    for (account, typology) in [
        ("E.1.01.01.51.001", "1010100"),
        ("E.2.01.01.02.003", "2010100"),
        ("E.3.02.02.01.004", "3020000"),
        ("E.4.05.01.01.001", "4050000"),
        ("E.9.02.04.01.001", "9020000"),
    ] {
        assert_eq!(PlanCode::parse(account).unwrap().typology(), typology);
    }
    for bad in [
        "",
        "E.1.01.01.51",
        "U.1.01.01.51.001",
        "E.1.1.01.51.001",
        "E.1.01.01.51.0O1",
        "3/101-2026",
    ] {
        assert_eq!(PlanCode::parse(bad), Err(BadPlanCode), "{bad}");
    }
}

#[test]
fn rows_come_first_and_the_rest_goes_by_shares() {
    let plan = plan(&[
        ("UR", rows(&["ur1", "ur2"])),
        ("A", Takes::Share(3333)),
        ("B", Takes::Share(6667)),
    ]);
    let charge = [("fixed", 9000), ("tefa", 500), ("ur1", 10), ("ur2", 490)];
    let charge: Vec<(String, Cents)> = charge.map(|(code, n)| (code.to_owned(), c(n))).into();
    // 100.00 of which 5.00 is the Province's: the town gets 95.00, and 5.00 of it are components.
    let paid = Paid {
        transfer: c(9500),
        own: c(9500),
        whole: c(10_000),
    };
    let quotas = plan.split(paid, &charge).unwrap();
    assert_eq!(amounts(&quotas), [("UR", 500), ("A", 3000), ("B", 6000)]);
    assert!(is_complete(c(9500), &quotas));
    // A third of it, in an instalment.
    let third = Paid {
        transfer: c(3166),
        own: c(3166),
        whole: c(3333),
    };
    let quotas = plan.split(third, &charge).unwrap();
    assert_eq!(amounts(&quotas), [("UR", 167), ("A", 1000), ("B", 1999)]);
}

#[test]
fn what_is_revoked_is_split_like_what_was_paid() {
    let plan = plan(&[("UR", rows(&["ur"])), ("A", Takes::Share(10_000))]);
    let charge = [("fixed".to_owned(), c(700)), ("ur".to_owned(), c(300))];
    let back = plan.split(whole(-1000), &charge).unwrap();
    assert_eq!(amounts(&back), [("UR", -300), ("A", -700)]);
}

#[test]
fn a_chapter_and_every_cent_make_it_complete() {
    let quotas = plan(&[("A", Takes::Share(10_000))])
        .split(whole(100), &[])
        .unwrap();
    assert!(is_complete(c(100), &quotas));
    assert!(!is_complete(c(101), &quotas));
    let account = PlanCode::parse("E.1.01.01.51.001").unwrap();
    let bare = AccountingPlan::of_account(account, valid("2026-01-01", None));
    assert!(!is_complete(c(100), &bare.split(whole(100), &[]).unwrap()));
    let nobody = Quota {
        key: None,
        amount: c(100),
    };
    assert!(!is_complete(c(100), &[nobody]));
    assert!(is_complete(Cents::ZERO, &[]));
}

#[test]
fn a_claim_of_an_earlier_year_is_residual() {
    assert!(key("A", 2025).is_residual(2026));
    assert!(!key("A", 2026).is_residual(2026));
}

#[test]
fn the_plan_of_the_day_is_found() {
    let (old, new) = (
        plan(&[("A", Takes::Share(10_000))]),
        plan(&[("B", Takes::Share(10_000))]),
    );
    let versions = vec![
        AccountingPlan {
            valid: valid("2025-01-01", Some("2025-12-31")),
            ..old
        },
        new.clone(),
    ];
    let plans = AccountingPlans([("TARI".to_owned(), versions)].into());
    assert_eq!(plans.on("TARI", "2026-03-01".parse().unwrap()), Some(&new));
    assert_eq!(plans.on("TARI", "2024-03-01".parse().unwrap()), None);
    assert_eq!(plans.on("MENSA", "2026-03-01".parse().unwrap()), None);
}

#[test]
fn every_broken_rule_of_a_plan_is_told() {
    let whole = plan(&[("A", Takes::Share(10_000))]);
    assert_eq!(check(std::slice::from_ref(&whole)), Ok(()));
    let short = AccountingPlan {
        valid: valid("2025-06-01", Some("2025-05-01")),
        ..plan(&[("A", Takes::Share(9000)), ("B", rows(&["x", "x"]))])
    };
    let pointers: Vec<String> = check(&[whole.clone(), whole, short])
        .unwrap_err()
        .into_iter()
        .map(|error| error.pointer)
        .collect();
    assert_eq!(
        pointers,
        [
            "/versions/1/valid_from_date",
            "/versions/2/valid_to_date",
            "/versions/2/keys/1/row_codes",
            "/versions/2/keys",
        ]
    );
}

proptest! {
    #[test]
    fn the_parts_are_always_the_transfer(
        transfer in -1_000_000i64..1_000_000,
        others in 0i64..100_000,
        charge in prop::collection::vec(-50_000i64..500_000, 0..6),
        (first, second) in (0u32..=5000, 0u32..=5000),
        taken in prop::collection::vec(0usize..6, 0..3),
    ) {
        let codes = ["r0", "r1", "r2", "r3", "r4", "r5"];
        let taken: BTreeSet<usize> = taken.into_iter().collect();
        let taken: Vec<&str> = taken.into_iter().map(|at| codes[at]).collect();
        let charge: Vec<(String, Cents)> =
            codes.iter().zip(charge).map(|(code, n)| ((*code).to_owned(), c(n))).collect();
        let paid = Paid { transfer: c(transfer), own: c(transfer), whole: c(transfer.signum() * (transfer.abs() + others)) };
        let plan = plan(&[("R", rows(&taken)), ("A", Takes::Share(first)), ("B", Takes::Share(second)), ("C", Takes::Share(10_000 - first - second))]);
        let quotas = plan.split(paid, &charge).unwrap();
        prop_assert!(is_complete(c(transfer), &quotas));
        let same_side = |quota: &Quota| quota.amount.get().signum() == transfer.signum();
        prop_assert!(quotas.iter().all(same_side), "{quotas:?}");
    }
}

#[test]
fn money_is_looked_for_by_chapter_and_by_claim() {
    let mut held = key("101", 2026);
    held.article = Some(Text::parse("1-bis").unwrap());
    for typed in [
        "101",
        " 101 / 1 bis",
        "cap. 101",
        "Capitolo 101, art. 1-BIS",
    ] {
        assert!(BudgetName::Chapter.means(typed, &held), "{typed}");
    }
    for typed in ["2026/145/2", "145/2/2026", "acc. n. 145/2 - 2026"] {
        assert!(BudgetName::Claim.means(typed, &held), "{typed}");
    }
    for typed in [
        "10",
        "1011",
        "1-bis",
        "101/2",
        "145/2",
        "2026",
        "2025/145/2",
        "",
    ] {
        let named = [BudgetName::Chapter, BudgetName::Claim].map(|name| name.means(typed, &held));
        assert_eq!(named, [false; 2], "{typed}");
    }
    let bare = AccountingKey {
        chapter: None,
        article: held.article.clone(),
        claim: None,
        ..held
    };
    for typed in ["", "1-bis", "cap."] {
        let named = [BudgetName::Chapter, BudgetName::Claim].map(|name| name.means(typed, &bare));
        assert_eq!(named, [false; 2], "{typed}");
    }
}

#[test]
fn a_key_means_the_positions_that_were_issued_under_it() {
    let old = AccountingPlan {
        valid: valid("2025-01-01", Some("2025-12-31")),
        ..plan(&[("7", Takes::Share(10_000))])
    };
    let new = plan(&[("7", Takes::Share(5_000)), ("8", Takes::Share(5_000))]);
    let plans = AccountingPlans([("TARI".to_owned(), vec![old.clone(), new.clone()])].into());
    let days = |typed: &str| -> Vec<Validity> {
        let found = plans.issued_under(BudgetName::Chapter, typed);
        found.into_iter().map(|issued| issued.on).collect()
    };
    assert_eq!(days("7"), [new.valid, old.valid]);
    assert_eq!(days("8"), [new.valid]);
    assert_eq!(days("9"), []);
}
