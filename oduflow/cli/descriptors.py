"""How many files and connections this process may have open."""

import resource
import sys


def raise_descriptor_limit() -> int:
    """Raise the soft limit to the hard one, and return what may be open at once.

    Service managers give 1,024 at first, for the sake of programs that call `select`; each
    connection is one, each job several. Nothing here does: the server polls.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
