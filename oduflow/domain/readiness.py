"""Judge whether a booting Odoo serves, from its container, its login page and its log.

Odoo answers requests before its registry is loaded, and goes on answering when it cannot be loaded.
So a status alone proves nothing: a module may redirect the login page or remove it, a dead
registry answers with redirects too, and an Odoo whose main thread ends, because a module called
`sys.exit` while it was loaded, answers the whole page from a registry that is not complete.
"""

import re
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Self

from oduflow.domain.container import ContainerFacts

ALIVE = frozenset({"created", "running"})
# Only Odoo's own loggers count: a module may log the same words, or a visitor's request hold them.
_RECORD = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) \S+ "
    r"(?P<logger>[\w.]+): (?P<message>.*)"
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # of an image that sets ODOO_PY_COLORS
_REGISTRY = frozenset({"odoo.modules.registry", "odoo.registry"})  # the second one in 19
_LOADED = "Registry loaded in "
_FAILED = (
    (_REGISTRY, "Failed to load registry"),
    (frozenset({"odoo.service.server"}), "Failed to initialize database"),
)
_LOADING_LEVELS = frozenset({"DEBUG", "INFO", "WARNING"})
_MOST_CHARACTERS = 100


class BootOutcome(StrEnum):
    """What a boot has come to."""

    BROKEN_PAGE = auto()
    BROKEN_REGISTRY = auto()
    CRASHED = auto()
    LOADING = auto()
    OUT_OF_MEMORY = auto()
    REDIRECTING = auto()
    SERVING = auto()


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """Odoo's response to a request for its login page.

    Attributes:
        status: the HTTP status.
        location: where it redirects to; empty when it does not.
    """

    status: int
    location: str = ""

    @property
    def redirects(self) -> bool:
        """Whether another page is named."""
        return 300 <= self.status < 400  # noqa: PLR2004 - RFC 9110, 15

    @property
    def failed(self) -> bool:
        """Whether Odoo reports an error of its own."""
        return self.status >= 500  # noqa: PLR2004 - RFC 9110, 15


@dataclass(frozen=True, slots=True)
class WebPage:
    """Odoo's response to a request for another page: untrusted data.

    Attributes:
        location: where it redirects to; empty when it does not.
    """

    status: int
    body: bytes
    location: str = ""


@dataclass(frozen=True, slots=True)
class BootLog:
    """What Odoo's log says about the boot (Odoo 14 to 19).

    Attributes:
        loaded: the registry is loaded.
        failed: the registry could not be loaded, and was not loaded since.
        doing: what was loaded last, in Odoo's words.
    """

    loaded: bool = False
    failed: bool = False
    doing: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the log of one boot."""
        loaded = failed = False
        doing = ""
        for line in text.splitlines():
            record = _RECORD.search(_COLOURS.sub("", line))
            if record is None:
                continue
            logger, message = record["logger"], record["message"]
            if logger.startswith("odoo.modules.") and record["level"] in _LOADING_LEVELS:
                doing = message.strip()[:_MOST_CHARACTERS] or doing
            if logger in _REGISTRY and message.startswith(_LOADED):
                loaded, failed = True, False
            elif any(logger in own and message.startswith(words) for own, words in _FAILED):
                loaded, failed = False, True
        return cls(loaded, failed, doing)


def judge(container: ContainerFacts | None, page: PageAnswer | None, log: BootLog) -> BootOutcome:
    """Return what the boot has come to.

    Args:
        container: Odoo's container; None when it was removed.
        page: the answer of the login page; None without one.
        log: the log of this boot.
    """
    if container is None or container.status not in ALIVE:
        ended = container is not None and container.out_of_memory
        return BootOutcome.OUT_OF_MEMORY if ended else BootOutcome.CRASHED
    if log.failed:
        return BootOutcome.BROKEN_REGISTRY
    if page is None:
        return BootOutcome.LOADING
    if not log.loaded:
        return BootOutcome.LOADING
    return without_log(page)


def without_log(page: PageAnswer) -> BootOutcome:
    """Return the outcome that an answer alone allows, of an Odoo whose registry is loaded."""
    if page.failed:
        return BootOutcome.BROKEN_PAGE
    return BootOutcome.REDIRECTING if page.redirects else BootOutcome.SERVING
