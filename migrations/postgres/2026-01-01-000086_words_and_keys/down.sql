ALTER TABLE accounting_plan DROP COLUMN with_chapters;
DROP INDEX receipt_by_position;
DROP INDEX position_by_description;
DROP INDEX position_by_service;
DROP TABLE description_word;
