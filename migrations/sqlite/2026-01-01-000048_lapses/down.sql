DROP INDEX notice_by_end;
ALTER TABLE notice DROP COLUMN ends_on;
