USE demo_db;
set @@job_timeout=200000;
@features@
INTO OUTFILE '${feature_dir}' OPTIONS(mode='overwrite');
