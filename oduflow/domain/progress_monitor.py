"""How the caller of long work follows it and stops it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgressMonitor:
    """The two callbacks of long work, passed on together down to the program that does it.

    Attributes:
        on_progress: takes a line such as “Receiving objects: 45% (450/1000)”; it may raise, which
            ends the work.
        cancelled: asked several times a second whether to stop.
    """

    on_progress: Callable[[str], None] = lambda _line: None
    cancelled: Callable[[], bool] = lambda: False


UNWATCHED = ProgressMonitor()
"""For work whose caller shows no progress and never cancels."""
