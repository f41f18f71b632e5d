"""Frames of the 3.1 protocol, as a peer of the worker writes and reads them (3.1 `NettyEncoder`, `CommandType`)."""

import struct

MAGIC = 0xBE
GET_APP_ID, GET_APP_ID_RESPONSE, REMOVE_LOG, REMOVE_LOG_RESPONSE, ROLL_LOG, ROLL_LOG_RESPONSE = range(6)
WHOLE_LOG, WHOLE_LOG_RESPONSE, LOG_BYTES, LOG_BYTES_RESPONSE = range(6, 10)
DISPATCH, RUNNING, RUNNING_ACK, RESULT, RESULT_ACK = range(13, 18)
KILL, KILL_RESPONSE, REJECT, REJECT_ACK, SAVEPOINT, SAVEPOINT_RESPONSE, HEART_BEAT, PING, PONG = range(18, 27)
HOST_UPDATE = 29
CONTEXT = b'{"items":{}}'
NAMES = {RUNNING: "RUNNING", RESULT: "RESULT", REJECT: "REJECT", KILL_RESPONSE: "KILL_RESPONSE"}
ACKS = {RUNNING: RUNNING_ACK, RESULT: RESULT_ACK, REJECT: REJECT_ACK}
SUCCESS, FAILURE, KILLED, DELAYED = 7, 6, 9, 12  # 3.1 `TaskExecutionStatus`


def encode(kind, body, opaque=0, context=CONTEXT, magic=MAGIC, version=0):
    return (struct.pack(">BBBqi", magic, version, kind, opaque, len(context)) + context +
            struct.pack(">i", len(body)) + body)


def claim(context=len(CONTEXT), body=None, kind=DISPATCH):
    """The head of a frame that announces lengths, true or not; no body length when the context is a lie."""
    head = struct.pack(">BBBqi", MAGIC, 0, kind, 1, context)
    return head if body is None else head + CONTEXT + struct.pack(">i", body)


class Decoder:
    """Bytes in, (type, opaque, body) out."""

    def __init__(self):
        self._bytes = bytearray()

    def feed(self, raw):
        self._bytes += raw
        while frame := self._next():
            yield frame

    def _next(self):
        raw = self._bytes
        if len(raw) < 15:
            return None
        magic, _, kind, opaque, context = struct.unpack_from(">BBBqi", raw)
        if magic != MAGIC:
            raise ValueError(f"no frame: {bytes(raw[:20])}")
        if len(raw) < 19 + context:
            return None
        size, = struct.unpack_from(">i", raw, 15 + context)
        end = 19 + context + size
        if len(raw) < end:
            return None
        body = bytes(raw[19 + context:end])
        del raw[:end]
        return kind, opaque, body
