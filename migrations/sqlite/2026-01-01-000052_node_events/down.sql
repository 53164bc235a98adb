DROP TABLE node_event_message;
DROP TABLE node_event;
