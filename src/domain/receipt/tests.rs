use super::*;
use crate::domain::position::tests::{cents, day, fine, tari, with_state};

pub(crate) fn receipt_for(position: &Position, index: usize, amounts: &[i64]) -> Receipt {
    let notice = &position.notices[index];
    let party = Party {
        kind: DebtorKind::Person,
        tax_code: position.debtor.tax_code.clone(),
        full_name: position.debtor.full_name.to_string(),
    };
    let transfers = (1u8..)
        .zip(amounts)
        .zip(&notice.transfers)
        .map(|((index, amount), transfer)| ReceiptTransfer {
            index,
            amount: cents(*amount),
            beneficiary: transfer.to.tax_code.clone(),
            iban: transfer.to.iban().map(ToString::to_string),
            stamp: transfer.to.stamp().map(|_| b"<marcaDaBollo/>".to_vec()),
            taxonomy: transfer.to.taxonomy.to_string(),
        })
        .collect();
    Receipt {
        receiver: position.creditor.clone(),
        receipt_id: "token1".into(),
        notice_number: notice.number.clone(),
        primary: position.creditor.clone(),
        iuv: notice.iuv(),
        amount: cents(amounts.iter().sum()),
        description: "TARI".into(),
        debtor: party,
        payer: None,
        transfers,
        psp: Psp {
            id: "PSP".into(),
            name: "Banca".into(),
            channel: "C".into(),
        },
        method: None,
        fee: None,
        paid_at: None,
        application_on: None,
        transfer_on: None,
        stand_in: false,
    }
}

/// Balance of an account after some entries: debits less credits.
fn balance(account: Account, entries: &[Entry]) -> i64 {
    entries
        .iter()
        .flat_map(|entry| &entry.postings)
        .map(
            |posting| match (posting.debit == account, posting.credit == account) {
                (true, false) => posting.amount.get(),
                (false, true) => -posting.amount.get(),
                _ => 0,
            },
        )
        .sum()
}

fn books(position: &Position, receipts: &[(&Position, Receipt, Seen)]) -> Vec<Entry> {
    let on = day("2026-05-01");
    let mut entries = vec![position.published(on).unwrap()];
    for (at_arrival, receipt, seen) in receipts {
        entries.extend(
            receive(Some(at_arrival), receipt, seen, on)
                .unwrap()
                .entries,
        );
    }
    entries
}

#[test]
fn a_payment_in_full_leaves_nothing_owed_and_the_provinces_share_aside() {
    let tari = tari();
    let receipt = receipt_for(&tari, 0, &[21663, 1045]);
    let change = receive(Some(&tari), &receipt, &Seen::default(), day("2026-05-01")).unwrap();
    assert_eq!(change.anomaly, None);
    let entries = books(&tari, &[(&tari, receipt, Seen::default())]);
    assert_eq!(balance(Account::Receivable, &entries), 0);
    assert_eq!(balance(Account::InTransit, &entries), 21663);
    assert_eq!(balance(Account::ThirdParties, &entries), 1045);
}

#[test]
fn a_fine_paid_after_the_fifth_day_books_the_difference_as_revenue() {
    let fine = fine();
    let entries = books(
        &fine,
        &[(&fine, receipt_for(&fine, 0, &[5750]), Seen::default())],
    );
    assert_eq!(balance(Account::Receivable, &entries), 0);
    assert_eq!(balance(Account::RevenueDue, &entries), -5750);
}

#[test]
fn a_second_receipt_is_kept_and_shows_as_a_refund_owed() {
    let fine = fine();
    let paid = with_state(fine.clone(), 0, State::Paid);
    let again = Seen {
        earlier_receipt: true,
        reported: Vec::new(),
    };
    let second = receipt_for(&fine, 0, &[4490]);
    let change = receive(Some(&paid), &second, &again, day("2026-05-01")).unwrap();
    assert_eq!(change.anomaly, Some(Anomaly::PaidTwice));
    let first = receipt_for(&fine, 0, &[4490]);
    let entries = books(
        &fine,
        &[(&fine, first, Seen::default()), (&paid, second, again)],
    );
    assert_eq!(balance(Account::Receivable, &entries), -4490);
}

#[test]
fn a_receipt_for_an_excluded_option_is_a_double_payment() {
    let paid = with_state(tari(), 1, State::Paid);
    let receipt = receipt_for(&paid, 0, &[21663, 1045]);
    let change = receive(Some(&paid), &receipt, &Seen::default(), day("2026-05-01")).unwrap();
    assert_eq!(change.anomaly, Some(Anomaly::PaidTwice));
}

#[test]
fn money_that_a_flow_announced_first_is_not_booked_again() {
    let fine = fine();
    let settled = with_state(fine.clone(), 0, State::Settled);
    let seen = Seen {
        earlier_receipt: false,
        reported: vec![(1, cents(5740))],
    };
    let receipt = receipt_for(&fine, 0, &[5750]);
    let change = receive(Some(&settled), &receipt, &seen, day("2026-05-09")).unwrap();
    assert_eq!(change.anomaly, Some(Anomaly::ReceiptAfterFlow));
    // The flow announced ten cents less than the receipt says: they stay in transit.
    assert_eq!(balance(Account::InTransit, &change.entries), 10);
    assert_eq!(
        balance(Account::Receivable, &change.entries),
        5750 - 4490 - 10
    );
}

#[test]
fn a_receipt_for_a_number_nobody_issued_is_kept() {
    let fine = fine();
    let receipt = receipt_for(&fine, 0, &[4490]);
    let change = receive(None, &receipt, &Seen::default(), day("2026-05-01")).unwrap();
    assert_eq!((change.step, change.anomaly), (None, None));
    assert_eq!(balance(Account::InTransit, &change.entries), 4490);
}

#[test]
fn a_receipt_that_contradicts_itself_is_no_fact() {
    let tari = tari();
    let mut receipt = receipt_for(&tari, 0, &[21663, 1045]);
    receipt.amount = cents(1);
    let refused = receive(Some(&tari), &receipt, &Seen::default(), day("2026-05-01"));
    assert!(matches!(
        refused,
        Err(ReceiptError::TransfersDoNotAddUp { .. })
    ));
}
