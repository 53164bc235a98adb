-- Credit of a family at the canteen. There is no balance: it is the sum of the movements.
CREATE TABLE canteen_account (
    creditor TEXT NOT NULL,
    id BLOB NOT NULL,
    service_code TEXT NOT NULL,
    holder_tax_code TEXT NOT NULL,
    holder_full_name TEXT NOT NULL,
    family TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (creditor, id)
) WITHOUT ROWID;

-- Append only: a mistake is a further movement.
CREATE TABLE canteen_movement (
    creditor TEXT NOT NULL,
    account_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- A free meal moves nothing and is on file all the same.
    amount_cents BIGINT NOT NULL CHECK (amount_cents <> 0 OR kind = 'meal'),
    day DATE NOT NULL,
    at BIGINT NOT NULL,
    pupil_tax_code TEXT,
    meal_on DATE CHECK ((meal_on IS NULL) = (kind <> 'meal')),
    receipt_id TEXT CHECK ((receipt_id IS NULL) = (kind <> 'top_up')),
    transfer_id BLOB CHECK ((transfer_id IS NULL) = (kind NOT IN ('transfer_out', 'transfer_in'))),
    payee_tax_code TEXT CHECK ((payee_tax_code IS NULL) = (kind <> 'refund')),
    note TEXT,
    PRIMARY KEY (creditor, account_id, id)
) WITHOUT ROWID;
-- A pupil eats once a day, whichever account pays; a receipt credits once.
CREATE UNIQUE INDEX canteen_movement_by_meal ON canteen_movement (creditor, pupil_tax_code, meal_on);
CREATE UNIQUE INDEX canteen_movement_by_receipt ON canteen_movement (creditor, receipt_id);
CREATE INDEX canteen_movement_by_day ON canteen_movement (creditor, day);

-- Which account a position tops up.
CREATE TABLE canteen_top_up (
    creditor TEXT NOT NULL,
    position_id BLOB NOT NULL,
    account_id BLOB NOT NULL,
    pupil_tax_code TEXT NOT NULL,
    PRIMARY KEY (creditor, position_id)
) WITHOUT ROWID;
