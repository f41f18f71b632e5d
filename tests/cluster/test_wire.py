"""The wire without an SDK: encodings there and back, and what hostile peers get."""

import contextlib
import datetime
import io
import random
import socket
import struct
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "plugins/openmldb/sandbox"))

from openmldb_sandbox.cluster import messages as M  # noqa: E402
from openmldb_sandbox.cluster.brpc import Answer, Method, RpcServer  # noqa: E402
from openmldb_sandbox.cluster.protobuf import MalformedMessage  # noqa: E402
from openmldb_sandbox.cluster.rows import MalformedRow, decode_row, encode_row, encode_schema  # noqa: E402

DEADLINE_S = 30
TYPES = ["bool", "int16", "int32", "int64", "float", "double", "string", "date", "timestamp", "string"]
VALUES = [True, -1, 2, -3, 1.5, 2.5, "ä", datetime.date(2021, 12, 1), 1590738989000, ""]
TABLE = {"name": "t", "table_partition": [{"pid": 0, "partition_meta": [{"endpoint": "h:1", "is_leader": False}]}],
         "tid": 7, "column_desc": [{"name": "a", "data_type": 3, "not_null": False, "default_value": "7"}], "db": "d"}


class Messages(unittest.TestCase):
    def test_fields_that_are_given_are_on_the_wire_even_when_they_are_zero(self):
        self.assertEqual(M.REPLY.encode({"code": 0, "msg": ""}), b"\x08\x00\x12\x00")
        self.assertEqual(M.REPLY.encode({}), b"")

    def test_negative_numbers_take_ten_bytes_and_come_back(self):
        encoded = M.REPLY.encode({"code": -1, "msg": "no"})
        self.assertEqual(len(encoded), 1 + 10 + 4)
        self.assertEqual(M.REPLY.decode(encoded), {"code": -1, "msg": "no"})

    def test_messages_in_messages_come_back_and_unknown_fields_are_left_out(self):
        encoded = M.TABLE_INFO.encode(TABLE) + b"\xfa\x3f\x03abc" + b"\xf8\x3f\x01"
        decoded = M.TABLE_INFO.decode(encoded)
        self.assertEqual(decoded["table_partition"][0]["partition_meta"][0]["endpoint"], "h:1")
        self.assertEqual(decoded["column_desc"], TABLE["column_desc"])
        self.assertEqual(decoded["column_key"], [])
        self.assertIsNone(decoded["offline_table_info"])

    def test_damaged_messages_are_refused_and_nothing_else(self):
        chance = random.Random(7)
        refused = 0
        for _ in range(5000):
            damaged = bytearray(M.TABLE_INFO.encode(TABLE))
            for _ in range(chance.randint(1, 3)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                M.TABLE_INFO.decode(bytes(damaged[:chance.randint(0, len(damaged))]))
            except MalformedMessage:
                refused += 1
        self.assertGreater(refused, 1000)


class Rows(unittest.TestCase):
    def test_a_row_of_every_type_comes_back(self):
        self.assertEqual(decode_row(TYPES, encode_row(TYPES, VALUES)), VALUES)

    def test_nulls_come_back_wherever_they_are(self):
        for i in range(len(TYPES)):
            values = [None if i == j else value for j, value in enumerate(VALUES)]
            self.assertEqual(decode_row(TYPES, encode_row(TYPES, values)), values)
        nothing = [None] * len(TYPES)
        self.assertEqual(decode_row(TYPES, encode_row(TYPES, nothing)), nothing)

    def test_offsets_are_as_wide_as_the_row_needs(self):
        for size in (0, 230, 240, 250, 260, 65500, 65530, 65540, 1 << 24):
            row = ["x" * size, "y"]
            self.assertEqual(decode_row(["string", "string"], encode_row(["string", "string"], row)), row)

    def test_the_smallest_row_is_as_specified(self):
        self.assertEqual(encode_row(["int32", "string"], [5, "ab"]), bytes.fromhex("0101 0e000000 00 05000000 0c 6162"))
        self.assertEqual(encode_schema(["a"], ["timestamp"]), bytes.fromhex("0100 00 0b 01 61"))

    def test_damaged_rows_are_refused_and_nothing_else(self):
        chance = random.Random(7)
        refused = 0
        for _ in range(5000):
            damaged = bytearray(encode_row(TYPES, VALUES))
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                decode_row(TYPES, bytes(damaged[:chance.randint(0, len(damaged))]))
            except MalformedRow:
                refused += 1
        self.assertGreater(refused, 1000)


class Server(unittest.TestCase):
    def setUp(self):
        def fail(request, attachment):
            raise RuntimeError("on purpose")

        methods = {
            "Echo": Method(M.REPLY, M.REPLY, lambda request, attachment: Answer(request, attachment)),
            "Fail": Method(M.REPLY, M.REPLY, fail),
        }
        self.server = RpcServer("test.Service", methods)
        self.addCleanup(self.server.close)

    def connect(self):
        peer = socket.create_connection(("127.0.0.1", self.server.port), timeout=DEADLINE_S)
        self.addCleanup(peer.close)
        return peer

    def call(self, peer, method, body=b"", attachment=b"", service="test.Service", correlation=5):
        meta = {"call": {"service": service, "method": method}, "correlation_id": correlation}
        encoded = M.META.encode(meta | ({"attachment_size": len(attachment)} if attachment else {}))
        rest = encoded + body + attachment
        peer.sendall(struct.pack(">4sII", b"PRPC", len(rest), len(encoded)) + rest)
        return self.answer(peer)

    def answer(self, peer):
        header = peer.recv(12, socket.MSG_WAITALL)
        magic, body_size, meta_size = struct.unpack(">4sII", header)
        body = peer.recv(body_size, socket.MSG_WAITALL)
        self.assertEqual(magic, b"PRPC")
        return M.META.decode(body[:meta_size]), body[meta_size:]

    def test_a_call_is_answered_with_its_attachment(self):
        meta, rest = self.call(self.connect(), "Echo", M.REPLY.encode({"code": 3, "msg": "m"}), b"tail")
        self.assertEqual((meta["correlation_id"], meta["result"], meta["attachment_size"]), (5, None, 4))
        self.assertEqual(M.REPLY.decode(rest[:-4]), {"code": 3, "msg": "m"})
        self.assertEqual(rest[-4:], b"tail")

    def test_what_goes_wrong_is_an_answer_and_the_connection_stays(self):
        peer = self.connect()
        for method, service, body, code in [
            ("Nosuch", "test.Service", b"", 1002), ("Echo", "other.Service", b"", 1002),
            ("Echo", "test.Service", b"\x08", 1003), ("Fail", "test.Service", b"", 2001),
        ]:
            with self.subTest(method=method, service=service):
                with contextlib.redirect_stderr(io.StringIO()):
                    meta, _ = self.call(peer, method, body, service=service)
                self.assertEqual(meta["result"]["error_code"], code)
        self.assertIsNone(self.call(peer, "Echo")[0]["result"])

    def test_a_peer_of_another_kind_is_cut_off(self):
        for sent in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", struct.pack(">4sII", b"PRPC", 1 << 31, 4),
                     struct.pack(">4sII", b"PRPC", 4, 8), struct.pack(">4sII", b"PRPC", 2, 2) + b"\xff\xff"):
            with self.subTest(sent=sent):
                peer = self.connect()
                peer.sendall(sent)
                try:
                    self.assertEqual(peer.recv(1), b"")
                except ConnectionResetError:
                    pass

    def test_an_endpoint_goes_away_and_comes_back_on_its_port(self):
        peer = self.connect()
        self.call(peer, "Echo")
        self.server.away()
        self.assertEqual(peer.recv(1), b"")
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.server.back()
        self.assertIsNone(self.call(self.connect(), "Echo")[0]["result"])


if __name__ == "__main__":
    unittest.main()
