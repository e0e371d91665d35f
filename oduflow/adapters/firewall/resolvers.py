"""The name servers of the host, which containers ask."""

from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

# With systemd-resolved, Docker reads the second file, which has the real servers.
_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def host_resolvers(files: tuple[Path, ...] = _FILES) -> tuple[IPv4Address, ...]:
    """Return the IPv4 name servers of the first file that names one outside of loopback.

    Servers on loopback are left out: containers reach those through the engine.
    """
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if found := _servers(text):
            return found
    return ()


def _servers(text: str) -> tuple[IPv4Address, ...]:
    found = []
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_]:
                try:
                    found.append(IPv4Address(address))
                except AddressValueError:
                    continue  # IPv6, which our networks do not have
    return tuple(each for each in dict.fromkeys(found) if not each.is_loopback)
