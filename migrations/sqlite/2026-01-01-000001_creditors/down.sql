DROP TABLE service;
DROP TABLE account;
DROP TABLE station;
DROP TABLE creditor;
