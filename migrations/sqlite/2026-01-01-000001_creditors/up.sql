-- Public bodies and what they charge for. The tax code of the creditor leads every key.
CREATE TABLE creditor (
    creditor TEXT NOT NULL PRIMARY KEY,
    legal_name TEXT NOT NULL,
    office_name TEXT,
    ipa_code TEXT,
    cadastral_code TEXT,
    cbill TEXT,
    web_site TEXT,
    contact_lines TEXT NOT NULL,
    revision BIGINT NOT NULL CHECK (revision > 0),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Ranks keep the order in which the office listed the rows: the first station valid on a day issues numbers.
CREATE TABLE station (
    creditor TEXT NOT NULL,
    station_id TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    broker_tax_code TEXT NOT NULL,
    segregation_code TEXT NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (creditor, station_id, valid_from),
    CHECK (valid_until IS NULL OR valid_until >= valid_from)
) WITHOUT ROWID;

CREATE TABLE account (
    creditor TEXT NOT NULL,
    iban TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    label TEXT NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (creditor, iban, valid_from),
    CHECK (valid_until IS NULL OR valid_until >= valid_from)
) WITHOUT ROWID;

-- A new tariff is a new row with a later start.
CREATE TABLE service (
    creditor TEXT NOT NULL,
    code TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_until DATE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    taxonomy TEXT NOT NULL,
    iban TEXT NOT NULL,
    accounting_key TEXT NOT NULL,
    others TEXT NOT NULL,
    terms TEXT NOT NULL,
    rank INTEGER NOT NULL,
    PRIMARY KEY (creditor, code, valid_from),
    CHECK (valid_until IS NULL OR valid_until >= valid_from)
) WITHOUT ROWID;
