"""One git call: its command line, its capped output, its error."""

from collections.abc import Callable, Sequence

from oduflow.adapters.git import process
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.invocation import GitInvocation
from oduflow.adapters.git.progress import StderrParser
from oduflow.domain.errors import QuotaReached

_OUTPUT_BYTES = 16 * 1024**2


def call(
    arguments: Sequence[str],
    invocation: GitInvocation,
    abort_check: Callable[[], None],
    on_stage: Callable[[str], None] | None = None,
) -> str:
    """Run git and return its standard output, without the last line break.

    Raises:
        GitFailed: it exited with an error.
        QuotaReached: the output is larger than 16 MiB.
        Failure: raised by `abort_check`.
    """
    output = bytearray()
    stderr = StderrParser(on_stage)

    def collect(chunk: bytes) -> None:
        output.extend(chunk)
        if len(output) > _OUTPUT_BYTES:
            raise QuotaReached("The repository has more branches than can be listed.")

    status = process.run(
        ("git", *invocation.options, *arguments),
        invocation.environment,
        on_output=collect,
        on_message=stderr.feed,
        abort_check=abort_check,
    )
    if status:
        raise GitFailed(status, stderr.text())
    return output.decode(errors="replace").removesuffix("\n")
