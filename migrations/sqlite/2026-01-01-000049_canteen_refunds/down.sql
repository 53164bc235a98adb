DROP TABLE canteen_bill_refund;
