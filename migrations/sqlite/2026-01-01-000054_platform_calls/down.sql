DROP TABLE receipt_search;
DROP TABLE archive_feed;
