DROP INDEX treasury_entry_by_bank_reference;
DROP INDEX flow_by_regulation;
DROP TABLE position_mark;
