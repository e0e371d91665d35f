"""Adopt objects that Docker or the data folder holds and the store does not.

Only complete ones are adopted; `doctor` reports the others.
"""

import logging

from oduflow.domain.errors import Failure
from oduflow.services.recoverable import Recoverable, find_strays

log = logging.getLogger(__name__)


def adopt(recoverables: tuple[Recoverable, ...]) -> None:
    """Write a row for each complete stray."""
    for stray in find_strays(recoverables):
        if stray.adopt is None:
            continue
        try:
            stray.adopt()
        except Failure as failure:
            log.warning("%s was not adopted: %s", stray.name, failure.message)
        else:
            log.warning("adopted %s, which the store did not know", stray.name)
