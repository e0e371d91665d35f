"""The options that send a command to a remote server."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oduflow.domain.errors import Invalid

if TYPE_CHECKING:
    from oduflow.cli.remote.server import RemoteServer

url_option = click.option(
    "--url",
    "url",
    help="A remote server, such as https://oduflow.example.com; its token is in $ODUFLOW_TOKEN.",
)
token_file_option = click.option(
    "--token-file",
    "token_file",
    type=click.Path(path_type=Path),
    help="With --url: a file (0600) with the token, used instead of $ODUFLOW_TOKEN.",
)


def remote_target(
    url: str | None, token_file: Path | None, team: str | None, config: Path | None
) -> "RemoteServer | None":
    """Return the server of --url; None without --url.

    Raises:
        Failure: the options contradict each other, or the token is missing.
    """
    if url is None and token_file is not None:
        raise Invalid("--token-file is only for a remote server.", "Add --url.")
    if url is None:
        return None
    if team is not None or config is not None:
        raise Invalid(
            "--team and --config cannot be combined with --url.",
            "Leave them out: the token determines the team.",
        )
    # Imported here: the SDK's client takes a second to load.
    from oduflow.cli.remote.server import remote_server  # noqa: PLC0415

    return remote_server(url, token_file)
