"""Turn defects of the product into failures that hide their cause from the caller."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.domain.errors import Failure, Internal

log = logging.getLogger(__name__)


@contextmanager
def defects_as_failures(operation: str) -> Iterator[None]:
    """Log any other exception than a failure, and raise `Internal` in its place."""
    try:
        yield
    except Failure:
        raise
    except Exception as defect:
        log.exception("%s hit a defect", operation)
        raise Internal(
            f"{operation} failed with an internal error, a defect of Oduflow.",
            "The server's log has the traceback; please report it.",
        ) from defect
