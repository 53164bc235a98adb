-- Words of what is charged for: each once for every description that has it, however many positions share it.
CREATE TABLE description_word (
    creditor TEXT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (creditor, word, description)
);

-- What positions have in common, in the order of registration.
CREATE INDEX position_by_description ON position (creditor, description, id);
CREATE INDEX position_by_service ON position (creditor, service_code, id, issued_on);
CREATE INDEX receipt_by_position ON receipt (creditor, position_id) WHERE position_id IS NOT NULL;

-- Whether each key of a plan has a chapter.
ALTER TABLE accounting_plan ADD COLUMN with_chapters BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE accounting_plan SET with_chapters = NOT EXISTS
    (SELECT 1 FROM jsonb_array_elements(shares) s WHERE s ->> 'chapter' IS NULL);
