-- The payment that an officer says this entry is for; it goes with held_by.
ALTER TABLE treasury_entry ADD COLUMN given_iuv TEXT;
CREATE INDEX treasury_entry_by_given ON treasury_entry (creditor, given_iuv)
    WHERE given_iuv IS NOT NULL;
-- The payment that explains this entry, without a flow; the books move with it.
ALTER TABLE treasury_entry ADD COLUMN matched_iuv TEXT;
