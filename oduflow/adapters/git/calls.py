"""One call of git: its command line, its capped output, its failure."""

from collections.abc import Callable, Sequence

from oduflow.adapters.git import process
from oduflow.adapters.git.failures import GitFailed
from oduflow.adapters.git.progress import Messages
from oduflow.adapters.git.settings import Settings
from oduflow.domain.errors import QuotaReached

_OUTPUT_BYTES = 16 * 1024**2


def call(
    arguments: Sequence[str],
    settings: Settings,
    watch: Callable[[], None],
    on_stage: Callable[[str], None] | None = None,
) -> str:
    """Run git and answer its standard output, without the last line break.

    Raises:
        GitFailed: it exited with an error.
        QuotaReached: it answered more than 16 MiB.
        Failure: whatever `watch` raises.
    """
    output = bytearray()
    messages = Messages(on_stage)

    def collect(chunk: bytes) -> None:
        output.extend(chunk)
        if len(output) > _OUTPUT_BYTES:
            raise QuotaReached("The repository has more branches than can be listed.")

    status = process.run(
        ("git", *settings.options, *arguments),
        settings.environment,
        on_output=collect,
        on_message=messages.feed,
        watch=watch,
    )
    if status:
        raise GitFailed(status, messages.text())
    return output.decode(errors="replace").removesuffix("\n")
