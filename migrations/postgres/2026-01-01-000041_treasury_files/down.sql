DROP INDEX treasury_entry_by_provisional;
DROP TABLE treasury_refusal;
DROP TABLE treasury_file;
