"""Hide a command line that holds a token from everybody who may look at processes.

`oduflow call setup_repo_auth https://user:TOKEN@host/…` is promised to work, and every user of
a machine sees the arguments of every process. So the first thing that the program does, before
it even loads itself, is to write another command line over its own. What is left is the moment
in which Python starts; `oduflow call setup_repo_auth -` has none.
"""

from collections.abc import Sequence

from setproctitle import setproctitle

from oduflow.domain.masking import redact

SECRET_AFTER = "setup_repo_auth"  # noqa: S105 - the name of an operation


def hide_secrets(arguments: Sequence[str]) -> None:
    """Overwrite this process's command line where it may hold a secret.

    Args:
        arguments: the command line, the program first.
    """
    shown = title(arguments)
    if shown is not None:
        setproctitle(shown)


def title(arguments: Sequence[str]) -> str | None:
    """Return what the command line shall read; None where it may stay."""
    words = ["oduflow", *map(redact, arguments[1:])]
    if SECRET_AFTER in words:
        kept = words[: words.index(SECRET_AFTER) + 1]
        return " ".join([*kept, "…"] if len(kept) < len(words) else kept)
    return None if words[1:] == list(arguments[1:]) else " ".join(words)
