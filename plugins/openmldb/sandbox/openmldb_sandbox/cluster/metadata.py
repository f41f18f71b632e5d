"""Tables and deployments of the sandbox's catalogue as the cluster's messages describe them, and back."""

from __future__ import annotations

import re
from typing import Any

from .. import sqltypes as T
from ..catalog import ColumnDef, Index, Table
from ..commands import CreateTable
from ..deploy import Compiled
from ..errors import command_error, plan_error
from .messages import PROCEDURE_TYPE_DEPLOYMENT
from .rows import COLUMN_TYPE, WIRE_TYPE

_TTL_TYPES = {"absolute": 1, "latest": 3, "absandlat": 4, "absorlat": 5}
_TTL_NAMES = {number: name for name, number in _TTL_TYPES.items()}
_STORAGE_MODES = {"memory": 1, "ssd": 2, "hdd": 3}
_STORAGE_NAMES = {1: "Memory", 2: "SSD", 3: "HDD"}

# the statement an SDK wraps around the query of a DEPLOY
_PROCEDURE = re.compile(r"CREATE\s+PROCEDURE\b.*?\)\s*BEGIN\b(.*)\bEND\s*;?\s*", re.DOTALL | re.IGNORECASE)


def table_info(table: Table, tablet: str, row_count: int | None = None) -> dict[str, Any]:
    """TableInfo; every partition is led by the one tablet.  `row_count` is what ShowTable adds."""
    meta = {"endpoint": tablet, "is_leader": True, "is_alive": True}
    partitions: list[dict[str, Any]] = [{"pid": i, "partition_meta": [meta]} for i in range(table.partition_num)]
    if row_count is not None:
        for i, partition in enumerate(partitions):  # which partition a row went to is not known here
            partition |= {"record_cnt": row_count if i == 0 else 0, "record_byte_size": 0}
    info = {
        "name": table.name, "table_partition": partitions, "tid": table.tid, "partition_num": table.partition_num,
        "replica_num": table.replica_num, "compress_type": 0, "column_desc": columns(table.columns),
        "column_key": [_column_key(index) for index in table.indexes], "db": table.db,
        "storage_mode": _STORAGE_MODES.get(table.storage_mode.lower(), 1),
    }
    if table.offline is not None:
        deep = table.offline.deep
        info["offline_table_info"] = {
            "path": f"offline/{table.db}/{table.name}" if deep else "", "format": "parquet" if deep else "",
            "deep_copy": deep, "symbolic_paths": [entry["path"] for entry in table.offline.paths],
        }
    return info


def columns(definitions: list[ColumnDef]) -> list[dict[str, Any]]:
    return [_column(definition) for definition in definitions]


def _column(definition: ColumnDef) -> dict[str, Any]:
    column = {"name": definition.name, "data_type": WIRE_TYPE[definition.type], "not_null": definition.not_null}
    if definition.default is not None:
        column["default_value"] = T.default_text(definition.default, definition.type)
    return column


def _column_key(index: Index) -> dict[str, Any]:
    key: dict[str, Any] = {"index_name": index.name, "col_name": index.keys}
    if index.ts:
        key["ts_name"] = index.ts
    return key | {"flag": 0, "ttl": {
        "ttl_type": _TTL_TYPES[index.ttl_type], "abs_ttl": index.abs_ttl, "lat_ttl": index.lat_ttl,
    }}


def procedure_info(compiled: Compiled) -> dict[str, Any]:
    """ProcedureInfo of a deployment, whoever deployed it."""
    deployment, table, plan = compiled.deployment, compiled.table, compiled.plan
    inputs = ", ".join(f"`{c.name}` {c.type}" for c in table.columns)
    outputs = [ColumnDef(name, type_) for name, type_ in zip(plan.names, plan.types)]
    return {
        "db_name": deployment.db, "sp_name": deployment.name,
        "sql": f"CREATE PROCEDURE {deployment.name} ({inputs}) BEGIN {deployment.select}; END;",
        "input_schema": columns(table.columns), "output_schema": columns(outputs),
        "main_table": table.name, "main_db": table.db,
        "tables": [{"db_name": t.db, "table_name": t.name} for t in plan.tables],
        "type": PROCEDURE_TYPE_DEPLOYMENT,
        "options": [{"name": k, "value": {"value": v.encode()}} for k, v in deployment.options.items()],
    }


def create_table(info: dict[str, Any], if_not_exists: bool) -> CreateTable:
    """The statement behind a TableInfo that an SDK sends."""
    definitions = [ColumnDef(c["name"], _type(c), c["not_null"], _default(c)) for c in info["column_desc"]]
    options = {
        "partitionnum": info["partition_num"] or 1, "replicanum": info["replica_num"] or 1,
        "storage_mode": _STORAGE_NAMES.get(info["storage_mode"], "Memory"),
    }
    indexes = [index(key) for key in info["column_key"]]
    return CreateTable(info["db"], info["name"], definitions, indexes, options, if_not_exists)


def _type(column: dict[str, Any]) -> str:
    type_ = COLUMN_TYPE.get(column["data_type"])
    if type_ is None:
        raise plan_error(f"Un-support type {column['data_type']} of column {column['name']} in the sandbox")
    return type_


def _default(column: dict[str, Any]) -> Any:
    """An SDK sends no default as an empty text, so that an empty text is none either."""
    if not column["default_value"]:
        return None
    try:
        return T.default_from_text(column["default_value"], _type(column))
    except ValueError:
        raise plan_error(f"Un-support default {column['default_value']!r} of column {column['name']}") from None


def index(key: dict[str, Any]) -> Index:
    """The index behind a ColumnKey."""
    ttl_type, abs_ttl, lat_ttl = ttl(key["ttl"])
    return Index(key["index_name"], key["col_name"], key["ts_name"], ttl_type, abs_ttl, lat_ttl)


def ttl(given: dict[str, Any] | None) -> tuple[str, int, int]:
    """Type, minutes and rows of a TTL; none means rows that stay."""
    if given is None:
        return "absolute", 0, 0
    return _TTL_NAMES.get(given["ttl_type"], "absolute"), given["abs_ttl"], given["lat_ttl"]


def deployed_select(procedure: dict[str, Any]) -> str:
    """The query inside what an SDK sends for DEPLOY."""
    match = _PROCEDURE.fullmatch(procedure["sql"].strip())
    if procedure["type"] != PROCEDURE_TYPE_DEPLOYMENT or not match:
        raise command_error("the sandbox has deployments, and no procedures of other kinds")
    return match[1].strip().rstrip(";").rstrip()


def deployment_options(procedure: dict[str, Any]) -> dict[str, str]:
    return {o["name"]: o["value"]["value"].decode(errors="replace") for o in procedure["options"] if o["value"]}


def type_name(number: int) -> str:
    """The type of a query parameter."""
    return COLUMN_TYPE.get(number, T.STRING)
