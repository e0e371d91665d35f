"""How an environment's Odoo is asked whether it serves, and for how long."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadinessPoll:
    """The readiness poll of a boot.

    Attributes:
        login_status: requests `/web/login` at an address and returns the HTTP status; None
            without an HTTP response.
        boot_seconds: how long a boot may take.
        broken_seconds: how long a boot may answer nothing but errors; while it loads its modules
            it may answer one or two.
    """

    login_status: Callable[[str], int | None]
    boot_seconds: float = 180.0
    broken_seconds: float = 10.0
