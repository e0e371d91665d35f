"""A resolver that knows one answer."""

from ipaddress import ip_address
from typing import NoReturn

from oduflow.net.addresses import Resolve


def resolving(*addresses: str) -> Resolve:
    """Make a resolver that returns these addresses for every host."""
    return lambda *_: tuple(map(ip_address, addresses))


def not_asked(host: str, _deadline: float) -> NoReturn:
    raise AssertionError(host)
