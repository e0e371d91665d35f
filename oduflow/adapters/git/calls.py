"""One git call: its command line, its capped output, its error."""

from collections.abc import Callable, Sequence

from oduflow.adapters.git import process
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.invocation import GitInvocation
from oduflow.adapters.git.progress import StderrParser
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
    """Run git and return its standard output, without the last line break.

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
    output = bytearray()
    stderr = StderrParser(on_stage)

    def collect(chunk: bytes) -> None:
        output.extend(chunk)
        if enough and len(output) > enough:
            raise _Enough
        if len(output) > _OUTPUT_BYTES:
            raise QuotaReached("Git lists more branches or files than the 16 MiB that are read.")

    try:
        status = process.run(
            ("git", *invocation.options, *arguments),
            invocation.environment,
            on_output=collect,
            on_message=stderr.feed,
            abort_check=abort_check,
        )
    except _Enough:
        return output[:enough].decode(errors="replace")
    if status:
        raise GitFailed(status, stderr.text())
    return output.decode(errors="replace").removesuffix("\n")
