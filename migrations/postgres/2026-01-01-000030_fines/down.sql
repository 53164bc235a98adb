DROP TABLE former_price;
DROP TABLE joint_debtor;
ALTER TABLE position DROP COLUMN joint_debtors;
