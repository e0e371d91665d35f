"""Hide tokens in the command line from other users of the machine.

`oduflow call setup_repo_auth https://user:TOKEN@host/…` must work, and every user of a machine sees
the arguments of every process (`ps`). So the program overwrites its command line before it imports
anything else. The token stays visible while Python starts; `oduflow call setup_repo_auth -` avoids
that.
"""

from collections.abc import Sequence

from setproctitle import setproctitle

from oduflow.domain.masking import redact

SECRET_AFTER = "setup_repo_auth"  # noqa: S105 - the name of an operation


def hide_secrets(arguments: Sequence[str]) -> None:
    """Overwrite this process's command line, `sys.argv`, if it may hold a secret."""
    shown = masked_command_line(arguments)
    if shown is not None:
        setproctitle(shown)


def masked_command_line(arguments: Sequence[str]) -> str | None:
    """Return the command line without secrets; None if it holds none."""
    words = ["oduflow", *map(redact, arguments[1:])]
    if SECRET_AFTER in words:
        kept = words[: words.index(SECRET_AFTER) + 1]
        return " ".join([*kept, "…"] if len(kept) < len(words) else kept)
    return None if words[1:] == list(arguments[1:]) else " ".join(words)
