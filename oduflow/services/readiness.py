"""The requests that check an environment's Odoo, and their time limits."""

from collections.abc import Callable
from dataclasses import dataclass

from oduflow.domain.readiness import PageAnswer, WebPage


@dataclass(frozen=True, slots=True)
class ReadinessPoll:
    """The request that checks a booting Odoo, and how long to repeat it.

    Attributes:
        login_page: requests `/web/login` at an address; returns None without an HTTP response.
        page: requests a path at an address; returns None without an HTTP response.
        boot_seconds: the time limit of a boot.
        broken_seconds: how long Odoo's answer is doubted while its log does not tell whether the
            registry is loaded.
    """

    login_page: Callable[[str], PageAnswer | None]
    page: Callable[[str, str], WebPage | None]
    boot_seconds: float = 180.0
    broken_seconds: float = 10.0
