"""The readiness check of an environment's Odoo, and its time limits."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadinessPoll:
    """The request that checks a booting Odoo, and how long to repeat it.

    Attributes:
        login_status: requests `/web/login` at an address and returns the HTTP status; None
            without an HTTP response.
        boot_seconds: the time limit of a boot.
        broken_seconds: how long Odoo may answer only with errors before the boot has failed;
            while it loads modules, one or two errors are normal.
    """

    login_status: Callable[[str], int | None]
    boot_seconds: float = 180.0
    broken_seconds: float = 10.0
