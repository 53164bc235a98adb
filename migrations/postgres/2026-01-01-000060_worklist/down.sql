DROP TABLE work_event;
DROP TABLE work_item;
