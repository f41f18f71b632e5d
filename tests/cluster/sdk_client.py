"""Runs in an SDK's own environment: connects as the stock OPENMLDB task does, and executes what its parent says.

A line of JSON in, a line of JSON out. {"connect": "openmldb:///?zk=..."}, {"sql": "..."}, {"call": NAME, "row": [..]}.
"""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
# the native library prints to standard output; answers have it for themselves
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import sqlalchemy  # noqa: E402


class Client:
    def __init__(self):
        self.connection = None

    def run(self, request):
        if "connect" in request:
            self.engine = sqlalchemy.create_engine(request["connect"])
            self.connection = self.engine.connect()
            return {"sqlalchemy": sqlalchemy.__version__}
        if "call" in request:
            return self.call(request["call"], request["row"])
        execute = getattr(self.connection, "exec_driver_sql" if sqlalchemy.__version__ >= "2" else "execute")
        result = execute(request["sql"])
        if not result.returns_rows:
            return {"rows": None}
        return {"columns": list(result.keys()), "rows": [list(row) for row in result.fetchall()]}

    def call(self, name, row):
        cursor = self.engine.raw_connection().cursor()
        cursor.execute(f"USE {name.partition('.')[0]}")
        cursor.callproc(name.partition(".")[2], tuple(row))
        return {"rows": [list(answer) for answer in cursor.fetchall()]}


client = Client()
for line in sys.stdin:
    try:
        answer = client.run(json.loads(line))
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer, default=str), file=answers, flush=True)
os._exit(0)  # the native library is slow to end
