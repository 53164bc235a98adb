DROP TABLE settlement_lock;
DROP TABLE flow_cursor;
DROP TABLE reconciliation_history;
DROP TABLE reconciliation;
DROP TABLE treasury_entry;
DROP TABLE flow_line;
DROP TABLE flow_document;
DROP TABLE flow;
