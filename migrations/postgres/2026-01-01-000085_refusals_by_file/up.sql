CREATE INDEX treasury_refusal_by_file ON treasury_refusal (creditor, file, line);
