DROP TABLE canteen_top_up;
DROP TABLE canteen_movement;
DROP TABLE canteen_account;
