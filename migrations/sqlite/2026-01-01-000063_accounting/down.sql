ALTER TABLE treasury_refusal DROP COLUMN reason_it;
DROP TABLE order_cover;
DROP TABLE accounting_plan;
