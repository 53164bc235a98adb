DROP TABLE report_part;
DROP TABLE report_job;
