"""TCP connections inside a container, read from the kernel's tables (proc_pid_net(5))."""

from contextlib import suppress
from pathlib import Path

_ESTABLISHED = "01"
_TABLES = ("tcp", "tcp6")


def established(process: int, port: int) -> frozenset[str]:
    """Return the other ends of the connections that are open at a port.

    Args:
        process: one of the container's processes, as the host numbers it.
        port: the port at which programs in the container listen.

    Returns:
        Address and port as the kernel writes them; nothing where the kernel does not show it.
    """
    found: set[str] = set()
    for table in _TABLES:
        with suppress(OSError):
            lines = Path(f"/proc/{process}/net/{table}").read_text().splitlines()
            rows = (line.split() for line in lines[1:])
            found.update(
                other
                for _, own, other, state, *_ in rows
                if state == _ESTABLISHED and own.endswith(f":{port:04X}")
            )
    return frozenset(found)
