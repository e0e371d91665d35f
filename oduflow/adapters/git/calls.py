"""One git call: its command line, its capped output, its error."""

from collections.abc import Callable, Sequence
from typing import BinaryIO

from oduflow.adapters.git import process
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.invocation import GitInvocation
from oduflow.adapters.git.progress import StderrParser
from oduflow.domain.counting import binary_size
from oduflow.domain.errors import QuotaReached

_OUTPUT_BYTES = 16 * 1024**2


class _Enough(Exception):
    """Git wrote as much as the caller wants."""


def call(
    arguments: Sequence[str],
    invocation: GitInvocation,
    abort_check: Callable[[], None],
    on_stage: Callable[[str], None] | None = None,
    *,
    enough: int = 0,
) -> str:
    """Run git and return its standard output as text, without the last line break.

    Args:
        arguments: git's command and its arguments.
        invocation: options and environment.
        abort_check: raises when git has to end.
        on_stage: gets git's progress.
        enough: git is ended after so many bytes of output, which are returned; 0 for all of it.

    Raises:
        GitFailed: it exited with an error.
        QuotaReached: the output is larger than 16 MiB.
        Failure: raised by `abort_check`.
    """
    output = read(arguments, invocation, abort_check, on_stage, enough=enough)
    text = output.decode(errors="replace")
    return text if enough and len(output) == enough else text.removesuffix("\n")


def read(
    arguments: Sequence[str],
    invocation: GitInvocation,
    abort_check: Callable[[], None],
    on_stage: Callable[[str], None] | None = None,
    *,
    enough: int = 0,
    stdin: BinaryIO | None = None,
    most: int = _OUTPUT_BYTES,
) -> bytes:
    """Run git and return its standard output.

    Args:
        arguments: git's command and its arguments.
        invocation: options and environment.
        abort_check: raises when git has to end.
        on_stage: gets git's progress.
        enough: git is ended after so many bytes of output, which are returned; 0 for all of it.
        stdin: a real file to read from; nothing by default.
        most: bytes that the output may have.

    Raises:
        GitFailed: it exited with an error.
        QuotaReached: the output is larger.
        Failure: raised by `abort_check`.
    """
    output = bytearray()
    stderr = StderrParser(on_stage)

    def collect(chunk: bytes) -> None:
        output.extend(chunk)
        if enough and len(output) > enough:
            raise _Enough
        if len(output) > most:
            raise QuotaReached(f"Git lists more than the {binary_size(most)} that are read.")

    try:
        status = process.run(
            ("git", *invocation.options, *arguments),
            invocation.environment,
            on_output=collect,
            on_message=stderr.feed,
            abort_check=abort_check,
            stdin=stdin,
        )
    except _Enough:
        return bytes(output[:enough])
    if status:
        raise GitFailed(status, stderr.text())
    return bytes(output)
