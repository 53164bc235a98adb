DROP TABLE flow_refusal;
