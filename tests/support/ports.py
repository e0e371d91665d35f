"""Ports for servers that a test starts and then asks until they answer."""

import secrets
import socket
from pathlib import Path

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10240
_OURS = 20000  # from here on are those of environments
_TRIES = 100


def free_port() -> int:
    """Give a free port below those from which the kernel gives clients theirs.

    A client that asks a port before its server listens can be given this very port for its own
    end: the connection then leads to itself, and the request comes back as the answer.
    """
    first = int(_EPHEMERAL.read_text().split()[0])
    above = min(first, _OURS) if first > _LOWEST else _OURS  # or clients get almost every port
    for _ in range(_TRIES):
        port = _LOWEST + secrets.randbelow(above - _LOWEST)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError(f"no port from {_LOWEST} to {above - 1} is free")
