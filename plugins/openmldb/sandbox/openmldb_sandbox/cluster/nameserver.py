"""The nameserver: databases, tables and deployments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..catalog import Table
from ..commands import Deploy
from ..dialect import tokenize
from ..engine import MODES, Call, Engine
from ..errors import SqlError
from . import messages as M
from . import metadata, system_tables
from .brpc import Answer, Method
from .protobuf import Message, varint

SERVICE = "openmldb.nameserver.NameServer"

_NO_TABLE, _TABLE_EXISTS = 100, 101
_PROCEDURE_EXISTS, _NO_PROCEDURE = 157, 158
_IN_USE = 313
_DATABASE_EXISTS, _NO_DATABASE, _DATABASE_NOT_EMPTY = 801, 802, 803


class Refusal(Exception):
    """The code and text of a reply that is not ok."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg


class NameServer:
    """All methods over one engine; `publish` returns when ZooKeeper shows what an answer speaks of."""

    def __init__(self, engine: Engine, tablet: str, publish: Callable[[], None]) -> None:
        self._engine = engine
        self._catalog = engine.catalog
        self._tablet = tablet
        self._publish = publish
        self.methods = {
            "ShowFunction": self._method(M.EMPTY, M.REPLY, lambda request: {}),
            "ShowDatabase": self._method(M.EMPTY, M.DATABASES, lambda request: {"dbs": self._catalog.databases()}),
            "CreateDatabase": self._method(M.DATABASE_REQUEST, M.REPLY, self._create_database),
            "UseDatabase": self._method(M.DATABASE_REQUEST, M.REPLY, lambda request: self._require(request["db"])),
            "DropDatabase": self._method(M.DATABASE_REQUEST, M.REPLY, self._drop_database),
            "CreateTable": self._method(M.CREATE_TABLE_REQUEST, M.REPLY, self._create_table),
            "DropTable": self._method(M.DROP_TABLE_REQUEST, M.REPLY, self._drop_table),
            "ShowTable": self._method(M.SHOW_TABLE_REQUEST, M.SHOW_TABLE_REPLY, self._show_table),
            "AddIndex": self._method(M.ADD_INDEX_REQUEST, M.REPLY, self._add_index),
            "UpdateTTL": self._method(M.UPDATE_TTL_REQUEST, M.REPLY, self._update_ttl),
            "CreateProcedure": self._method(M.CREATE_PROCEDURE_REQUEST, M.REPLY, self._create_procedure),
            "DeploySQL": self._method(M.DEPLOY_REQUEST, M.DEPLOY_REPLY, self._deploy),
            "ShowOPStatus": self._method(M.OP_STATUS_REQUEST, M.OP_STATUS_REPLY, self._show_op),
            "DropProcedure": self._method(M.PROCEDURE_REQUEST, M.REPLY, self._drop_procedure),
            "ShowProcedure": self._method(M.PROCEDURE_REQUEST, M.PROCEDURES, self._show_procedure),
            "ShowTablet": self._method(M.EMPTY, M.TABLETS, self._show_tablet),
        }

    def _method(self, request: Message, reply: Message, run: Callable[[dict[str, Any]], dict[str, Any]]) -> Method:
        def answer(fields: dict[str, Any], attachment: bytes) -> Answer:
            try:
                found = {"code": 0, "msg": "ok"} | run(fields)
            except Refusal as refusal:
                found = {"code": refusal.code, "msg": refusal.msg}
            except SqlError as error:
                found = {"code": -1, "msg": error.message}
            self._publish()
            return Answer(found)

        return Method(request, reply, answer)

    def _require(self, db: str) -> dict[str, Any]:
        if not self._catalog.has_database(db):
            raise Refusal(_NO_DATABASE, "database not found")
        return {}

    def _table(self, db: str, name: str) -> Table:
        table = self._catalog.find(db, name)
        if table is None:
            raise Refusal(_NO_TABLE, "table does not exist!")
        return table

    def _create_database(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._catalog.has_database(request["db"]) and not request["if_not_exists"]:
            raise Refusal(_DATABASE_EXISTS, "database already exists")
        self._catalog.create_database(request["db"], True)
        return {}

    def _drop_database(self, request: dict[str, Any]) -> dict[str, Any]:
        self._require(request["db"])
        if self._catalog.tables(request["db"]):
            raise Refusal(_DATABASE_NOT_EMPTY, "database not empty")
        self._catalog.drop_database(request["db"], True)
        return {}

    def _create_table(self, request: dict[str, Any]) -> dict[str, Any]:
        info = request["table_info"] or M.TABLE_INFO.decode(b"")
        self._require(info["db"])
        if self._catalog.find(info["db"], info["name"]) and not request["create_if_not_exist"]:
            raise Refusal(_TABLE_EXISTS, "table already exists")
        self._engine.run(metadata.create_table(info, True), _call(info["db"]))
        return {}

    def _drop_table(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._table(request["db"], request["name"])
        users = self._engine.deployments.using(table.db, table.name)
        if users:
            names = ", ".join(f"{table.db}.{name}" for name in users)
            raise Refusal(_IN_USE, f"table has associated deployment: {names}")
        self._catalog.drop_table(table.db, table.name, True)
        return {}

    def _show_table(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["show_all"]:
            tables = [t for db in self._catalog.databases() for t in self._catalog.tables(db)]
        else:
            tables = [t for t in self._catalog.tables(request["db"]) if request["name"] in ("", t.name)]
        counted = [(table, self._catalog.online_rows(table)) for table in tables]
        return {"table_info": [metadata.table_info(table, self._tablet, rows) for table, rows in counted]}

    def _add_index(self, request: dict[str, Any]) -> dict[str, Any]:
        keys = request["column_keys"] or [key for key in [request["column_key"]] if key]
        self._add_indexes(self._table(request["db"], request["name"]), keys)
        return {}

    def _add_indexes(self, table: Table, keys: list[dict[str, Any]]) -> None:
        for key in keys:
            self._catalog.add_index(table, metadata.index(key))

    def _update_ttl(self, request: dict[str, Any]) -> dict[str, Any]:
        table = self._table(request["db"], request["name"])
        self._catalog.set_ttl(table, request["index_name"], *metadata.ttl(request["ttl"]))
        return {}

    def _create_procedure(self, request: dict[str, Any]) -> dict[str, Any]:
        self._save(request["procedure"] or M.PROCEDURE_INFO.decode(b""), "store procedure already exists")
        return {}

    def _deploy(self, request: dict[str, Any]) -> dict[str, Any]:
        """DEPLOY with new indexes on tables that have rows: an operation, which here is done at once."""
        procedure = request["procedure"] or M.PROCEDURE_INFO.decode(b"")
        for wanted in request["index"]:
            self._table(wanted["db"], wanted["name"])
        self._save(procedure, "deployment already exists", request["index"])
        return {"op_id": int(time.time())}  # the second it was done in, which is all that is asked later

    def _save(self, procedure: dict[str, Any], exists: str, indexes: list[dict[str, Any]] | None = None) -> None:
        db, name = procedure["db_name"], procedure["sp_name"]
        self._require(db)
        if self._catalog.find_deployment(db, name) is not None:
            raise Refusal(_PROCEDURE_EXISTS, exists)
        select = metadata.deployed_select(procedure)
        for wanted in indexes or []:
            self._add_indexes(self._table(wanted["db"], wanted["name"]), wanted["column_key"])
        statement = Deploy(name, metadata.deployment_options(procedure), select, tokenize(select))
        self._engine.run(statement, _call(db, select))

    def _show_op(self, request: dict[str, Any]) -> dict[str, Any]:
        """Every operation asked for by number is over; none is remembered for a list."""
        if not request["op_id"]:
            return {"op": []}
        return {"op": [{
            "op_id": request["op_id"], "op_type": "kDeployOP", "status": "kDone", "start_time": request["op_id"],
            "end_time": int(time.time()), "task_type": "", "name": "", "pid": 0, "db": request["db"],
        }]}

    def _drop_procedure(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._catalog.find_deployment(request["db"], request["name"]) is None:
            raise Refusal(_NO_PROCEDURE, "storage procedure not found!")
        self._engine.deployments.drop(request["db"], request["name"])
        return {}

    def _show_procedure(self, request: dict[str, Any]) -> dict[str, Any]:
        """Of one database, or of all."""
        databases = [request["db"]] if request["db"] else self._catalog.databases()
        found = [
            self._engine.deployments.compiled(deployment)
            for db in databases for deployment in self._catalog.deployments(db)
            if request["name"] in ("", deployment.name)
        ]
        return {"procedure": [metadata.procedure_info(compiled) for compiled in found]}

    def _show_tablet(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"tablet": [{"endpoint": self._tablet, "state": "kHealthy", "age": 0}]}


def _call(db: str, text: str = "") -> Call:
    return Call(db, text, MODES["online"], 0, [])


def published_nodes(engine: Engine, tablet: str) -> dict[str, bytes]:
    """What an SDK reads of tables and deployments: the nodes below the root path, and their bytes."""
    nodes = {}
    catalog = engine.catalog
    everything = [table for db in catalog.databases() for table in catalog.tables(db)]
    for table in [*system_tables.TABLES, *everything]:
        nodes[f"table/db_table_data/{table.tid}"] = M.TABLE_INFO.encode(metadata.table_info(table, tablet))
    for db in catalog.databases():
        for deployment in catalog.deployments(db):
            try:
                compiled = engine.deployments.compiled(deployment)
            except SqlError:
                continue  # dropped with its table since the list was made
            info = M.PROCEDURE_INFO.encode(metadata.procedure_info(compiled))
            nodes[f"store_procedure/db_sp_data/{db}.{deployment.name}"] = uncompressed_snappy(info)
    return nodes


def uncompressed_snappy(data: bytes) -> bytes:
    """Snappy's block format with nothing but literals."""
    out = bytearray(varint(len(data)))
    for at in range(0, len(data), 1 << 16):
        chunk = data[at:at + (1 << 16)]
        out += b"\xf4" + (len(chunk) - 1).to_bytes(2, "little") + chunk
    return bytes(out)
