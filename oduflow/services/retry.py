"""Suggest a creation that failed again, with the values of the failed call.

Every failure of a creation carries this call, however far the creation came: the dashboard opens
the form with the values (“Edit and retry”), the command line prints a command to copy, MCP and
REST carry the call itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.adapters.git.urls import without_user
from oduflow.domain.errors import Failure
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.outcome import Model


def retry_of(operation: str, args: Model) -> Next:
    """Return the call with the values that differ from the defaults; creations take no secrets.

    A repository's URL loses its user name: pages mask it, so that it could not be sent again.
    """
    given = args.model_dump(exclude_defaults=True, exclude_none=True)
    if "repo_url" in given:
        given["repo_url"] = without_user(given["repo_url"])
    return Next.of(operation, RETRY, **given)


@contextmanager
def suggesting_retry(retry: Next) -> Iterator[None]:
    """Add the call to every failure that does not carry it yet."""
    try:
        yield
    except Failure as failure:
        if retry not in failure.next:
            failure.next = (*failure.next, retry)
        raise
