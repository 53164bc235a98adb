//! The invariants that one statement holds, and the facts behind the balances of the ledger.

use crate::domain::ledger::Account;

/// Rules that one statement checks. `$1` is the creditor; each row returned is an offender.
pub(super) const STATEMENTS: &[(&str, &str, &str)] = &[
    (
        "receipts_add_up",
        "the transfers of a receipt sum to its amount",
        "SELECT r.receipt_id AS key FROM receipt r WHERE r.creditor = $1 AND r.amount_cents <> \
         (SELECT COALESCE(SUM(t.amount_cents), 0) FROM receipt_transfer t \
          WHERE t.creditor = r.creditor AND t.receipt_id = r.receipt_id) LIMIT 20",
    ),
    (
        "receipts_keep_their_message",
        "every receipt has the message it was read from",
        "SELECT r.receipt_id AS key FROM receipt r WHERE r.creditor = $1 AND NOT EXISTS \
         (SELECT 1 FROM receipt_message m WHERE m.creditor = r.creditor \
          AND m.receipt_id = r.receipt_id AND NOT m.conflicting) LIMIT 20",
    ),
    (
        "paid_means_money",
        "a paid or settled notice has a receipt or a flow line",
        "SELECT n.number AS key FROM notice n WHERE n.creditor = $1 \
         AND n.state IN ('paid', 'settled') AND NOT EXISTS \
         (SELECT 1 FROM receipt r WHERE r.creditor = n.creditor AND r.notice_number = n.number) \
         AND NOT EXISTS (SELECT 1 FROM flow_line l WHERE l.creditor = n.creditor \
          AND l.iuv = n.iuv) LIMIT 20",
    ),
    (
        "money_means_paid",
        "a notice with a receipt is paid or settled",
        "SELECT n.number AS key FROM notice n JOIN receipt r ON r.creditor = n.creditor \
         AND r.notice_number = n.number AND r.primary_creditor = n.creditor \
         WHERE n.creditor = $1 AND n.state NOT IN ('paid', 'settled') LIMIT 20",
    ),
    (
        "one_live_revision",
        "a flow has one live revision at most",
        "SELECT f.psp_id || '/' || f.flow_id AS key FROM flow f WHERE f.creditor = $1 \
         AND f.state = 'live' GROUP BY f.psp_id, f.flow_id HAVING COUNT(*) > 1 LIMIT 20",
    ),
    (
        "receipts_are_classified",
        "every transfer of a receipt has one primary code",
        "SELECT t.receipt_id || '/' || t.idx AS key FROM receipt_transfer t WHERE t.creditor = $1 \
         AND NOT EXISTS (SELECT 1 FROM reconciliation c WHERE c.creditor = t.creditor \
          AND c.line_kind = 'receipt' AND c.line_key = t.receipt_id || '/' || t.idx) LIMIT 20",
    ),
    (
        "flow_lines_are_classified",
        "every line of a live flow has one primary code",
        "SELECT f.psp_id || '/' || f.flow_id || '/' || f.revision || '/' || l.line_no AS key \
         FROM flow_line l JOIN flow f ON f.creditor = l.creditor AND f.id = l.flow \
         WHERE l.creditor = $1 AND f.state = 'live' AND NOT EXISTS \
         (SELECT 1 FROM reconciliation c WHERE c.creditor = l.creditor \
          AND c.line_kind = 'flow_line' AND c.line_key = \
          f.psp_id || '/' || f.flow_id || '/' || f.revision || '/' || l.line_no) LIMIT 20",
    ),
    (
        "cash_is_classified",
        "every treasury entry has one primary code",
        "SELECT t.year || '/' || t.account || '/' || t.number AS key FROM treasury_entry t \
         WHERE t.creditor = $1 AND NOT EXISTS (SELECT 1 FROM reconciliation c \
          WHERE c.creditor = t.creditor AND c.line_kind = 'treasury' \
          AND c.line_key = t.year || '/' || replace(replace(t.account, '%', '%25'), '/', '%2F') \
          || '/' || t.number) LIMIT 20",
    ),
    (
        "top_ups_are_receipts",
        "what tops an account up is a receipt for a position of this account, of the same amount",
        "SELECT m.receipt_id AS key FROM canteen_movement m WHERE m.creditor = $1 \
         AND m.kind = 'top_up' AND NOT EXISTS (SELECT 1 FROM receipt r JOIN canteen_top_up t \
          ON t.creditor = r.creditor AND t.position_id = r.position_id \
          WHERE r.creditor = m.creditor AND r.receipt_id = m.receipt_id \
          AND r.amount_cents = m.amount_cents AND t.account_id = m.account_id) LIMIT 20",
    ),
    (
        "receipts_top_up",
        "every receipt for a top-up is on its account once",
        "SELECT r.receipt_id AS key FROM receipt r JOIN canteen_top_up t \
         ON t.creditor = r.creditor AND t.position_id = r.position_id \
         WHERE r.creditor = $1 AND (SELECT COUNT(*) FROM canteen_movement m \
          WHERE m.creditor = r.creditor AND m.receipt_id = r.receipt_id) <> 1 LIMIT 20",
    ),
    (
        "refunds_are_of_payments",
        "no more is paid back of a canteen bill than was paid",
        "SELECT f.receipt_id AS key FROM canteen_bill_refund f WHERE f.creditor = $1 \
         GROUP BY f.receipt_id HAVING SUM(f.amount_cents) > (SELECT COALESCE(SUM(r.amount_cents), 0) \
          FROM receipt r WHERE r.creditor = $1 AND r.receipt_id = f.receipt_id) LIMIT 20",
    ),
    (
        "credit_moves_between_accounts",
        "what one account gives in a transfer, one other receives",
        "SELECT 'transfer of ' || m.total AS key FROM (SELECT SUM(amount_cents) AS total, \
          COUNT(*) AS sides, COUNT(DISTINCT account_id) AS accounts FROM canteen_movement \
          WHERE creditor = $1 AND transfer_id IS NOT NULL GROUP BY transfer_id) m \
         WHERE m.total <> 0 OR m.sides <> 2 OR m.accounts <> 2 LIMIT 20",
    ),
    (
        "credit_belongs_to_an_account",
        "every movement of credit has its account, and takes or gives as its kind says",
        "SELECT m.kind || ' of ' || CAST(m.day AS TEXT) AS key FROM canteen_movement m \
         WHERE m.creditor = $1 AND (NOT EXISTS (SELECT 1 FROM canteen_account a \
          WHERE a.creditor = m.creditor AND a.id = m.account_id) \
         OR (m.kind IN ('top_up', 'transfer_in') AND m.amount_cents <= 0) \
         OR (m.kind IN ('meal', 'transfer_out', 'refund') AND m.amount_cents > 0)) LIMIT 20",
    ),
];

/// Balances that the ledger must have, with the facts they are derived from.
pub(super) const BALANCES: &[(&str, &str, Account, &str)] = &[
    (
        "bank_is_the_cash_book",
        "the bank account of the ledger is the sum of the treasurer's pending credits",
        Account::Bank,
        "SELECT CAST(COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) AS BIGINT) AS total FROM treasury_entry \
         WHERE creditor = $1 AND direction = 'in' AND document = 'pending_credit' \
         AND operation <> 'regularised'",
    ),
    (
        "announced_is_flows_less_cash",
        "what is announced is the live flow lines less the cash they explain",
        Account::Announced,
        "SELECT CAST((SELECT COALESCE(SUM(CASE WHEN l.outcome = 3 THEN -ABS(l.amount_cents) \
         ELSE l.amount_cents END), 0) FROM flow_line l JOIN flow f \
         ON f.creditor = l.creditor AND f.id = l.flow \
         WHERE l.creditor = $1 AND f.state = 'live') - \
         (SELECT COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) FROM treasury_entry \
         WHERE creditor = $1 AND matched_key IS NOT NULL) AS BIGINT) AS total",
    ),
    (
        "refunds_are_what_was_paid_back",
        "what the books give back is the refunds of the canteen and the refunds that officers decided",
        Account::Refunds,
        "SELECT CAST((SELECT COALESCE(SUM(amount_cents), 0) FROM canteen_movement \
         WHERE creditor = $1 AND kind = 'refund') - \
         (SELECT COALESCE(SUM(amount_cents), 0) FROM canteen_bill_refund WHERE creditor = $1) - \
         (SELECT COALESCE(SUM(CASE WHEN t.owed_back_cents > 0 THEN t.owed_back_cents \
         ELSE t.amount_cents END), 0) FROM reconciliation_decision d \
         JOIN receipt_transfer t ON t.creditor = d.creditor \
         AND t.receipt_id || '/' || t.idx = d.line_key AND t.own \
         JOIN receipt r ON r.creditor = t.creditor AND r.receipt_id = t.receipt_id \
         WHERE d.creditor = $1 AND d.kind = 'force' AND d.state = 'in_force' \
         AND d.line_kind = 'receipt' AND d.reason = 'refunded' \
         AND r.anomaly IN ('paid_twice', 'paid_after_withdrawal') \
         AND NOT EXISTS (SELECT 1 FROM canteen_movement m \
          WHERE m.creditor = r.creditor AND m.receipt_id = r.receipt_id)) AS BIGINT) AS total",
    ),
    (
        "in_transit_is_receipts_less_flows",
        "what is in transit is the own transfers less the live flow lines that report them, and less the \
         cash that came for a payment without a flow",
        Account::InTransit,
        "SELECT CAST((SELECT COALESCE(SUM(t.amount_cents), 0) FROM receipt_transfer t \
         WHERE t.creditor = $1 AND t.own) - \
         (SELECT COALESCE(SUM(CASE WHEN l.outcome = 3 THEN -ABS(l.amount_cents) \
         ELSE l.amount_cents END), 0) FROM flow_line l JOIN flow f \
         ON f.creditor = l.creditor AND f.id = l.flow \
         JOIN receipt r ON r.creditor = l.creditor AND r.receipt_id = l.iur AND r.iuv = l.iuv \
         JOIN receipt_transfer t ON t.creditor = r.creditor AND t.receipt_id = r.receipt_id \
         AND t.idx = l.idx AND t.own AND t.iban IS NOT NULL \
         WHERE l.creditor = $1 AND f.state = 'live') - \
         (SELECT COALESCE(SUM(CASE WHEN operation = 'reversed' THEN -amount_cents \
         ELSE amount_cents END), 0) FROM treasury_entry \
         WHERE creditor = $1 AND matched_iuv IS NOT NULL) AS BIGINT) AS total",
    ),
    (
        "unexplained_cash_is_what_nothing_explains",
        "unexplained cash is the treasurer's pending credits that neither a flow nor a payment explains",
        Account::UnexplainedCash,
        "SELECT CAST(COALESCE(SUM(CASE WHEN operation = 'reversed' THEN amount_cents \
         ELSE -amount_cents END), 0) AS BIGINT) AS total FROM treasury_entry \
         WHERE creditor = $1 AND direction = 'in' AND document = 'pending_credit' \
         AND operation <> 'regularised' AND matched_key IS NULL AND matched_iuv IS NULL",
    ),
];
