"""`oduflow import`: make a template of a backup, from a file of this machine or a URL."""

import hashlib
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
from oduflow.cli.remote.sending import PartSender, sent_bar
from oduflow.cli.remote.server import RemoteServer
from oduflow.cli.render import ShowProgress, print_result, progress
from oduflow.domain.errors import Failure, Invalid, NotFound
from oduflow.domain.names import slug
from oduflow.domain.outcome import Envelope

TOOL = "import_template"
_CHUNK_BYTES = 1 << 20
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
        with progress("import") as show:
            given = {field: _source(caller, value, show) for field, value in sources.items()}
            raw = {"name": name or template_name(file), **raw, **given}
            return caller.call(tool, raw, show)
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


def _source(caller: OperationCaller, given: str, show: ShowProgress) -> str:
    """Return the argument of the operation for a file: its path here, or its upload there."""
    if _URL.match(given):
        return given
    path = Path(given).absolute()
    if not path.exists():
        raise NotFound(f"There is no file {given}.", "Check the path.")
    if not isinstance(caller, RemoteServer):
        return str(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise Invalid(
            f"{given} is not a file; only files are sent.",
            "Pack a folder first: `tar -czf filestore.tar.gz -C FOLDER .`",
        )
    return _sent(caller, path, show)


def _sent(server: RemoteServer, path: Path, show: ShowProgress) -> str:
    """Send a file, unless it has been; return it as a source."""
    size = path.stat().st_size
    begun = {"size": size, "file_name": path.name, "sha256": _digest(path, size, show)}
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


def _digest(path: Path, size: int, show: ShowProgress) -> str:
    """Return a file's SHA-256, by which the server knows it again."""
    seldom, found, done = _seldom(show), hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
            done += len(chunk)
            seldom(f"reading {path.name} {sent_bar(done, size)}")
    return found.hexdigest()


def _seldom(show: ShowProgress) -> Callable[[str], None]:
    """Return `show` for at most two lines a second, in a pipe one in ten seconds."""
    last, pause = 0.0, _SHOW_SECONDS if sys.stderr.isatty() else _PIPE_SECONDS

    def shown(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= pause:
            last = time.monotonic()
            show(line)

    return shown
