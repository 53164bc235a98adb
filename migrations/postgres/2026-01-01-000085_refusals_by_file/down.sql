DROP INDEX treasury_refusal_by_file;
