DROP INDEX receipt_overpaid;
DROP TABLE receipt_remark;
