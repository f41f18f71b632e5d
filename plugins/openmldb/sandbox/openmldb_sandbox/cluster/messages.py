"""The cluster's messages as far as an SDK (0.8.5 to 0.9.2) sends and reads them in a feature workflow."""

from __future__ import annotations

from .protobuf import BOOL, BYTES, INT, TEXT, Message

# --- brpc's baidu_std -------------------------------------------------------------------------------------------------

CALL = Message(service=(1, TEXT), method=(2, TEXT))
RESULT = Message(error_code=(1, INT), error_text=(2, TEXT))
META = Message(
    call=(1, CALL), result=(2, RESULT), compress_type=(3, INT), correlation_id=(4, INT), attachment_size=(5, INT),
)

# --- shared -----------------------------------------------------------------------------------------------------------

EMPTY = Message()
REPLY = Message(code=(1, INT), msg=(2, TEXT))
PAIR = Message(key=(1, TEXT), value=(2, TEXT))

TTL = Message(ttl_type=(1, INT), abs_ttl=(2, INT), lat_ttl=(3, INT))
COLUMN = Message(name=(1, TEXT), data_type=(2, INT), not_null=(3, BOOL), default_value=(5, TEXT))
COLUMN_KEY = Message(
    index_name=(1, TEXT), col_name=(2, [TEXT]), ts_name=(3, TEXT), flag=(4, INT), ttl=(5, TTL),
)
PARTITION_META = Message(endpoint=(1, TEXT), is_leader=(2, BOOL), is_alive=(3, BOOL))
PARTITION = Message(pid=(1, INT), partition_meta=(2, [PARTITION_META]), record_cnt=(4, INT), record_byte_size=(5, INT))
OFFLINE_INFO = Message(
    path=(1, TEXT), format=(2, TEXT), deep_copy=(3, BOOL), options=(4, [PAIR]), symbolic_paths=(5, [TEXT]),
)
TABLE_INFO = Message(
    name=(1, TEXT), table_partition=(3, [PARTITION]), tid=(4, INT), partition_num=(5, INT), replica_num=(6, INT),
    compress_type=(7, INT), column_desc=(9, [COLUMN]), column_key=(10, [COLUMN_KEY]), db=(13, TEXT),
    offline_table_info=(16, OFFLINE_INFO), storage_mode=(17, INT),
)

TABLE_NAME = Message(db_name=(1, TEXT), table_name=(2, TEXT))
ANY = Message(type_url=(1, TEXT), value=(2, BYTES))
OPTION = Message(name=(1, TEXT), value=(2, ANY))
PROCEDURE_INFO = Message(
    db_name=(1, TEXT), sp_name=(2, TEXT), sql=(3, TEXT), input_schema=(4, [COLUMN]), output_schema=(5, [COLUMN]),
    main_table=(6, TEXT), main_db=(7, TEXT), tables=(8, [TABLE_NAME]), type=(9, INT), options=(10, [OPTION]),
)
PROCEDURE_TYPE_DEPLOYMENT = 1

# --- nameserver -------------------------------------------------------------------------------------------------------

DATABASES = Message(code=(1, INT), msg=(2, TEXT), dbs=(3, [TEXT]))
DATABASE_REQUEST = Message(db=(1, TEXT), if_not_exists=(2, BOOL))
CREATE_TABLE_REQUEST = Message(table_info=(1, TABLE_INFO), create_if_not_exist=(4, BOOL))
DROP_TABLE_REQUEST = Message(name=(1, TEXT), db=(4, TEXT))
SHOW_TABLE_REQUEST = Message(name=(1, TEXT), db=(2, TEXT), show_all=(3, BOOL))
# its tables come before the code, unlike everywhere else
SHOW_TABLE_REPLY = Message(table_info=(1, [TABLE_INFO]), code=(2, INT), msg=(3, TEXT))
ADD_INDEX_REQUEST = Message(name=(1, TEXT), column_key=(2, COLUMN_KEY), db=(3, TEXT), column_keys=(5, [COLUMN_KEY]))
UPDATE_TTL_REQUEST = Message(name=(1, TEXT), db=(2, TEXT), index_name=(3, TEXT), ttl=(4, TTL))
CREATE_PROCEDURE_REQUEST = Message(procedure=(1, PROCEDURE_INFO))
TABLE_INDEX = Message(db=(1, TEXT), name=(2, TEXT), column_key=(3, [COLUMN_KEY]))
DEPLOY_REQUEST = Message(procedure=(3, PROCEDURE_INFO), index=(4, [TABLE_INDEX]))
DEPLOY_REPLY = Message(code=(1, INT), msg=(2, TEXT), op_id=(3, INT))
OP_STATUS_REQUEST = Message(db=(3, TEXT), op_id=(4, INT))
OP = Message(
    op_id=(1, INT), op_type=(2, TEXT), status=(3, TEXT), start_time=(4, INT), end_time=(5, INT), task_type=(6, TEXT),
    name=(7, TEXT), pid=(8, INT), db=(10, TEXT),
)
OP_STATUS_REPLY = Message(code=(1, INT), msg=(2, TEXT), op=(3, [OP]))
PROCEDURE_REQUEST = Message(db=(1, TEXT), name=(2, TEXT))
PROCEDURES = Message(code=(1, INT), msg=(2, TEXT), procedure=(3, [PROCEDURE_INFO]))
TABLET_STATUS = Message(endpoint=(1, TEXT), state=(2, TEXT), age=(3, INT))
TABLETS = Message(tablet=(1, [TABLET_STATUS]), code=(2, INT), msg=(3, TEXT))

# --- TaskManager ------------------------------------------------------------------------------------------------------

SUBMIT_REQUEST = Message(sql=(1, TEXT), conf=(2, [PAIR]), default_db=(3, TEXT), sync_job=(4, BOOL))
JOB_INFO = Message(
    id=(1, INT), job_type=(2, TEXT), state=(3, TEXT), start_time=(4, INT), end_time=(5, INT), parameter=(6, TEXT),
    cluster=(7, TEXT), application_id=(8, TEXT), error=(9, TEXT),
)
JOB_REPLY = Message(code=(1, INT), msg=(2, TEXT), job=(3, JOB_INFO))
# also the output of RunBatchSql and the log of GetJobLog
OUTPUT_REPLY = Message(code=(1, INT), msg=(2, TEXT), output=(3, TEXT))
JOB_REQUEST = Message(id=(1, INT))
OFFLINE_TABLE_REQUEST = Message(db=(1, TEXT), table=(2, TEXT))

# --- tablet -----------------------------------------------------------------------------------------------------------

QUERY_REQUEST = Message(
    sql=(1, TEXT), db=(2, TEXT), is_batch=(3, BOOL), sp_name=(5, TEXT), is_procedure=(6, BOOL), row_size=(8, INT),
    parameter_row_size=(10, INT), parameter_types=(12, [INT]),
)
QUERY_REPLY = Message(
    code=(1, INT), msg=(2, TEXT), count=(3, INT), byte_size=(4, INT), schema=(5, BYTES), row_slices=(6, INT),
)
DIMENSION = Message(key=(1, TEXT), idx=(2, INT))
PUT_REQUEST = Message(value=(3, BYTES), tid=(4, INT), pid=(5, INT), dimensions=(6, [DIMENSION]))
TABLE_STATUS = Message(tid=(1, INT), pid=(2, INT), mode=(4, INT), state=(5, INT), name=(12, TEXT))
TABLE_STATUSES = Message(status=(1, [TABLE_STATUS]), code=(2, INT), msg=(3, TEXT))
