-- The day after which something may have to be written down of an open notice: its last payable day, or
-- the day an instalment is missed that counts towards the end of its plan.
ALTER TABLE notice ADD COLUMN ends_on DATE;
UPDATE notice SET ends_on = json_extract(terms, '$.steps[#-1].until');
CREATE INDEX notice_by_end ON notice (creditor, ends_on, number)
    WHERE state = 'open' AND ends_on IS NOT NULL;
