"""`oduflow import`: make a template of a backup, from a file of this machine or a URL."""

import re
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from oduflow.cli.arguments import read_arguments
from oduflow.cli.caller import CallOptions, OperationCaller, call_options
from oduflow.cli.failures import Interrupted, exit_on_failure, failed_envelope
from oduflow.cli.remote.imported import find_imported
from oduflow.cli.remote.sending import PartSender, sent_bar
from oduflow.cli.remote.server import RemoteServer
from oduflow.cli.render import ShowProgress, print_result, progress
from oduflow.domain.errors import Failure, Invalid, NotFound
from oduflow.domain.names import slug
from oduflow.domain.outcome import Envelope
from oduflow.files.digests import content_digest

TOOL = "import_template"
_SHOW_SECONDS = 0.5
_PIPE_SECONDS = 10.0  # between the lines of a log
_URL = re.compile(r"(?i)https?://")
_SUFFIXES = re.compile(r"(?i)(\.(zip|dump|sql|gz|zst|tar|tgz|backup|pgdump))+$")


@click.command("import", context_settings={"ignore_unknown_options": True})
@click.argument("file")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--name", help="Name of the template; else made of the file's name.")
@click.option("--filestore", help="The filestore beside a dump: a folder or an archive.")
@call_options
def import_file(
    file: str,
    arguments: tuple[str, ...],
    *,
    name: str | None,
    filestore: str | None,
    **options: Any,
) -> None:
    """Make a template of a backup: a zip of Odoo's database manager, or a dump of pg_dump.

    FILE is read in place, or sent to the server of --url; it may also be an https URL of a host
    that the server allows. ARGUMENTS are further fields of the operation, as `field=value`. After
    a broken link or Ctrl-C the same command goes on where it was.

    \b
      oduflow import shop.zip
      oduflow import shop.dump --filestore filestore.tar.gz --name shop
      oduflow import shop.zip --url https://oduflow.example.com
    """  # noqa: D301 - click looks for the backspace itself
    with exit_on_failure():
        chosen = CallOptions(**options)
        caller = chosen.caller()
        answer = _run(caller, file, name, filestore, arguments)
        sys.exit(print_result(answer, as_json=chosen.as_json, options=chosen.repeated))


def _run(
    caller: OperationCaller,
    file: str,
    name: str | None,
    filestore: str | None,
    words: tuple[str, ...],
) -> Envelope[Any]:
    try:
        tool = caller.tool(TOOL)  # first: a token that may not import sends nothing
        raw = read_arguments(TOOL, tool.fields, words, caller.options)
        sources = {"source": file} | ({"filestore": filestore} if filestore else {})
        raw = {"name": name or template_name(file), **raw}
        with progress("import") as show:
            digests: dict[str, str] = {}
            if isinstance(caller, RemoteServer):
                digests = {field: _digest(value, show) for field, value in sources.items()}
                if (there := find_imported(caller, raw, sources, digests, show)) is not None:
                    return there
            given = {
                field: _source(caller, value, digests.get(field, ""), show)
                for field, value in sources.items()
            }
            return caller.call(tool, {**raw, **given}, show)
    except _RefusedUpload as refused:
        return refused.answer
    except Failure as failure:
        return failed_envelope(failure)
    except KeyboardInterrupt:
        raise Interrupted from None


class _RefusedUpload(Exception):
    """The server's answer to create_upload is a failure."""

    def __init__(self, answer: Envelope[Any]) -> None:
        super().__init__(answer.summary)
        self.answer = answer


def template_name(source: str) -> str:
    """Return the name of the template that a file or URL becomes: `Shop 1.sql.gz` is `shop-1`.

    Raises:
        Invalid: no letter or digit is in it.
    """
    path = source.partition("?")[0].rstrip("/") if _URL.match(source) else source
    return slug(_SUFFIXES.sub("", Path(path).name))


def _source(caller: OperationCaller, given: str, digest: str, show: ShowProgress) -> str:
    """Return the argument of the operation for a file: its path here, or its upload there."""
    if _URL.match(given):
        return given
    path = _existing(given)
    return _sent(caller, path, digest, show) if isinstance(caller, RemoteServer) else str(path)


def _existing(given: str) -> Path:
    path = Path(given).absolute()
    if not path.exists():
        raise NotFound(f"There is no file {given}.", "Check the path.")
    return path


def _sent(server: RemoteServer, path: Path, digest: str, show: ShowProgress) -> str:
    """Send a file, unless it has been; return it as a source."""
    size = path.stat().st_size
    begun = {"size": size, "file_name": path.name, "sha256": digest}
    answer = server.call(server.tool("create_upload"), begun, show)
    data = answer.data if isinstance(answer.data, dict) else {}
    if answer.error is not None or "name" not in data:
        raise _RefusedUpload(answer)
    seldom = _seldom(show)

    def on_bytes(done: int, note: str) -> None:
        line = f"sending {path.name} {sent_bar(done, size)}"
        if note:
            show(f"{line}; {note}")
        else:
            seldom(line)

    with _kept_on_interrupt():
        sender = PartSender(server.address, server.token, data["name"], size, on_bytes)
        if not data.get("complete"):
            sender.send(path)
    return str(data["source"])


@contextmanager
def _kept_on_interrupt() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        message = "What was sent is kept for a day: the same command continues from there."
        raise Interrupted(message) from None


def _digest(given: str, show: ShowProgress) -> str:
    """Return the SHA-256 of a file to send, by which the server knows it again; of a URL none."""
    if _URL.match(given):
        return ""
    path = _existing(given)
    if not stat.S_ISREG(path.stat().st_mode):
        raise Invalid(
            f"{given} is not a file; only files are sent.",
            "Pack a folder first: `tar -czf filestore.tar.gz -C FOLDER .`",
        )
    seldom, size = _seldom(show), path.stat().st_size
    return content_digest(path, lambda done: seldom(f"reading {path.name} {sent_bar(done, size)}"))


def _seldom(show: ShowProgress) -> Callable[[str], None]:
    """Return `show` for at most two lines a second, in a pipe one in ten seconds."""
    last, pause = 0.0, _SHOW_SECONDS if sys.stderr.isatty() else _PIPE_SECONDS

    def shown(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= pause:
            last = time.monotonic()
            show(line)

    return shown
