"""The options that send a command to a server elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from oduflow.domain.errors import Invalid

if TYPE_CHECKING:
    from oduflow.cli.remote.server import RemoteServer

url_option = click.option(
    "--url",
    "url",
    help="A server elsewhere, such as https://oduflow.example.com; see $ODUFLOW_TOKEN.",
)
token_file_option = click.option(
    "--token-file",
    "token_file",
    type=click.Path(path_type=Path),
    help="With --url: a file (0600) that holds the token; it wins over $ODUFLOW_TOKEN.",
)


def elsewhere(
    url: str | None, token_file: Path | None, team: str | None, config: Path | None
) -> "RemoteServer | None":
    """Return the server that the options name; None where the command is about this machine.

    Raises:
        Failure: the options contradict each other, or lack something.
    """
    if url is None and token_file is not None:
        raise Invalid("--token-file is for a server elsewhere.", "Name it with --url.")
    if url is None:
        return None
    if team is not None or config is not None:
        raise Invalid(
            "--team and --config are about this machine, and --url is about another.",
            "Leave them out: the token says which team it is.",
        )
    # Only here: the SDK's client takes a second to load.
    from oduflow.cli.remote.server import remote_server  # noqa: PLC0415

    return remote_server(url, token_file)
