"""Keep the whole of a text that an answer shows a part of, and the image that belongs to one."""

import logging
from dataclasses import dataclass
from typing import Any

from oduflow.domain.errors import Failure, NotFound
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.output import OUTPUT_DAYS, OUTPUTS_OF_A_TEAM
from oduflow.kernel.ports import OutputStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptOutput:
    """What an answer says about a text: the call that reads it, or why it was not kept.

    Attributes:
        handle: of the text.
        image: of an image.
    """

    handle: str | None = None
    image: str | None = None
    warnings: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()


def keep_outcome(
    outputs: OutputStore, outcome: Outcome[Any], *, team: str, environment: str
) -> KeptOutput:
    """Store the text and the image of an outcome, as far as it has them."""
    text = image = KeptOutput()
    if outcome.output:
        text = keep_output(outputs, outcome.output, team=team, environment=environment)
    if outcome.image:
        image = _keep_image(outputs, outcome.image, team=team, environment=environment)
    return KeptOutput(
        text.handle, image.image, (*text.warnings, *image.warnings), (*text.next, *image.next)
    )


def keep_output(outputs: OutputStore, text: str, *, team: str, environment: str) -> KeptOutput:
    """Store a text; when it cannot be stored, return a warning, because the work itself is done."""
    try:
        handle = outputs.keep(text, team=team, environment=environment)
    except Failure as failure:
        log.warning("an output of team %s was not kept: %s", team, failure.message)
        return KeptOutput(warnings=(f"The whole output was not kept: {failure.message}",))
    return kept_as(handle)


def kept_as(handle: str) -> KeptOutput:
    """Return what an answer says about a text that was stored."""
    reason = f"shows the whole output, which is kept for {OUTPUT_DAYS} days"
    return KeptOutput(handle, next=(Next.of("read_output", reason, handle=handle),))


def _keep_image(outputs: OutputStore, image: bytes, *, team: str, environment: str) -> KeptOutput:
    try:
        handle = outputs.keep(image, team=team, environment=environment)
    except Failure as failure:
        log.warning("an image of team %s was not kept: %s", team, failure.message)
        return KeptOutput(warnings=(f"The image was not kept: {failure.message}",))
    reason = f"shows the image, which is kept for {OUTPUT_DAYS} days"
    return KeptOutput(image=handle, next=(Next.of("read_output", reason, handle=handle),))


def no_output(handle: str) -> NotFound:
    """Make the error for an output that is absent or another caller's: in the same words."""
    return NotFound(
        f"There is no output {handle}.",
        f"Outputs are kept for {OUTPUT_DAYS} days, the latest {OUTPUTS_OF_A_TEAM} of a team; "
        "repeat the call that answered it.",
    )
