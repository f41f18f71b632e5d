"""Whose process is at the other end of a connection over loopback: whoever may speak to the sandbox acts as its user."""

from __future__ import annotations

import os
import socket
from pathlib import Path

_TABLE = Path("/proc/net/tcp")
ROOT = 0


class OwnUsers:
    """Who may speak to this sandbox: its own user, root, and those that were named. Any thread."""

    def __init__(self, *named: int) -> None:
        self._users = {os.geteuid(), ROOT, *named}

    def refusal(self, connection: socket.socket) -> str:
        """Why the peer of a connection may not; empty when it may."""
        user = _user_of_peer(connection)
        if user in self._users:
            return ""
        who = "an unknown user" if user is None else f"uid {user}"
        return f"the sandbox serves its own user alone, and this connection is of {who}: see --allow-user"


def _user_of_peer(connection: socket.socket) -> int | None:
    """The owner of the other socket, as the kernel has it; None when that is gone."""
    try:
        there, here = _as_in_table(connection.getpeername()), _as_in_table(connection.getsockname())
        with _TABLE.open() as lines:
            for line in lines:
                if there not in line:
                    continue
                fields = line.split()
                # A socket whose process is gone has neither user nor inode.
                if fields[1:3] == [there, here] and fields[9] != "0":
                    return int(fields[7])
    except OSError:
        pass
    return None


def _as_in_table(address: tuple[str, int]) -> str:
    return f"{int.from_bytes(socket.inet_aton(address[0]), 'little'):08X}:{address[1]:04X}"
