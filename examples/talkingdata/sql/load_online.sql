USE demo_db;
set @@job_timeout=200000;
LOAD DATA INFILE 'file://${data_file}'
INTO TABLE talkingdata OPTIONS(mode='append', put_if_absent=true);
