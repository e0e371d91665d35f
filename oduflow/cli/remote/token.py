"""Read the Bearer token for a remote server from the environment or a private file, not argv."""

import os
import re
import stat
from pathlib import Path

from oduflow.domain.errors import Invalid, Unauthenticated
from oduflow.settings import remote_token

MAX_BYTES = 4096  # more than any token has
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_TOKEN = re.compile(r"[\x21-\x7e]+")  # visible ASCII; a line break would start a header


def bearer_token(file: Path | None) -> str:
    """Return the token from the file, or from $ODUFLOW_TOKEN if no file is named.

    Raises:
        Invalid: the file cannot be read, other users may read it, or it is not one token.
        Unauthenticated: there is no token.
    """
    token, place = (remote_token(), "$ODUFLOW_TOKEN") if file is None else (_read(file), str(file))
    if not token and file is None:
        raise Unauthenticated(
            "There is no token for the server.",
            "Set $ODUFLOW_TOKEN, or name a file with --token-file: the team's auth_token, or a "
            "grant of create_grant.",
        )
    if not _TOKEN.fullmatch(token):
        raise Invalid(f"{place} does not hold one token.", "Write the token alone, as one word.")
    return token


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & _OPEN_TO_OTHERS:
                raise Invalid(
                    f"Other users of this machine may read the token in {file}.",
                    f"chmod 600 {file}",
                )
            content = opened.read(MAX_BYTES)
    except OSError as cause:
        raise Invalid(
            f"The token file {file} cannot be read: {cause.strerror or 'an input error'}.",
            "Name a file that holds only the token.",
        ) from cause
    return content.decode("utf-8", "replace").strip() if len(content) < MAX_BYTES else ""
