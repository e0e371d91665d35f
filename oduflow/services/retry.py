"""Suggest a creation that failed again, with the values of the failed call.

Every failure of a creation carries this call, however far the creation came: the dashboard opens
the form with the values (“Edit and retry”), the command line prints a command to copy, MCP and
REST carry the call itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from oduflow.domain.audit.addresses import public_form
from oduflow.domain.errors import Failure
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.outcome import Model


def retry_of(operation: str, args: Model, **normal: str) -> Next:
    """Return the call with the values that differ from the defaults.

    An address loses what may be a secret: a signed URL has to be made anew anyway.

    Args:
        operation: its name.
        args: its arguments.
        normal: arguments in the form in which they are stored, such as a repository's URL, whose
            user name chooses a credential and is no secret.
    """
    fields = type(args).model_fields
    given = {
        name: public_form(fields[name], value)
        for name, value in args.model_dump(exclude_defaults=True, exclude_none=True).items()
    }
    return Next.of(operation, RETRY, **{**given, **normal})


@contextmanager
def suggesting_retry(retry: Next) -> Iterator[None]:
    """Add the call to every failure that does not carry it yet, perhaps with further arguments."""
    try:
        yield
    except Failure as failure:
        if not any(
            step.operation == retry.operation and retry.arguments.items() <= step.arguments.items()
            for step in failure.next
        ):
            failure.next = (*failure.next, retry)
        raise
