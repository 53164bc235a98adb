ALTER TABLE treasury_entry DROP COLUMN matched_iuv;
DROP INDEX treasury_entry_by_given;
ALTER TABLE treasury_entry DROP COLUMN given_iuv;
