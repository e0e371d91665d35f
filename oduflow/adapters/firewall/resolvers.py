"""The name servers that containers ask: those of the host."""

from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

# Docker passes over the stub of systemd-resolved to the file with the real servers.
_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def host_resolvers(files: tuple[Path, ...] = _FILES) -> tuple[IPv4Address, ...]:
    """Return the IPv4 name servers of the first file that names one off loopback.

    None is returned for a server on loopback: the engine asks that one itself, for the container.
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
                    continue  # IPv6: our networks have none
    return tuple(each for each in dict.fromkeys(found) if not each.is_loopback)
