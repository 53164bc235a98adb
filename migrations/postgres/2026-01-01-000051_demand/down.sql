ALTER TABLE service DROP COLUMN demand_code;
