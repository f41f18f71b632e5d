-- Columns and tables that only DolphinScheduler's mapper files and its start-up checks name.
ALTER TABLE t_ds_process_instance ADD COLUMN IF NOT EXISTS flag int DEFAULT 1,
  ADD COLUMN IF NOT EXISTS update_time timestamp;
ALTER TABLE t_ds_process_definition ADD COLUMN IF NOT EXISTS warning_group_id int;
ALTER TABLE t_ds_process_definition_log ADD COLUMN IF NOT EXISTS warning_group_id int;
ALTER TABLE t_ds_project ADD COLUMN IF NOT EXISTS flag int DEFAULT 1;
ALTER TABLE t_ds_error_command ADD COLUMN IF NOT EXISTS process_definition_version int DEFAULT 0,
  ADD COLUMN IF NOT EXISTS process_instance_id int DEFAULT 0;
CREATE TABLE IF NOT EXISTS t_ds_version (id serial PRIMARY KEY, version text);
INSERT INTO t_ds_version (version) VALUES ('3.1.1');

-- The scans that grow with the number of task instances.
CREATE INDEX ON t_ds_task_instance (process_instance_id);
CREATE INDEX ON t_ds_task_definition (code);
CREATE INDEX ON t_ds_task_definition_log (code, version);
CREATE INDEX ON t_ds_process_task_relation (project_code, process_definition_code);
CREATE INDEX ON t_ds_process_task_relation_log (project_code, process_definition_code);

-- What every installation starts with. DolphinScheduler keeps passwords as MD5.
INSERT INTO t_ds_user (user_name, user_password, user_type, email, phone, tenant_id, state, create_time, update_time)
  VALUES ('admin', md5('dolphinscheduler123'), 0, '', '', 0, 1, now(), now());
INSERT INTO t_ds_queue (queue_name, queue, create_time, update_time) VALUES ('default', 'default', now(), now());
INSERT INTO t_ds_alertgroup (alert_instance_ids, create_user_id, group_name, description, create_time, update_time)
  VALUES ('', 1, 'default', '', now(), now());
