"""read_output."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.outcome import Outcome
from oduflow.domain.output import OutputPage, ReadOutput, page_of
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.kernel.outputs import no_output
from oduflow.services.deps import Deps


@operation(
    permission=Permission.ENVIRONMENT_READ,  # an output holds what an environment's log shows
    effect=Effect.READ,
    scope=Scope.OUTPUT,
    audit=("handle",),
    unannounced=True,
    profiles=(Profile.CODING,),
    rest="GET /outputs/{handle}",
)
def read_output(deps: Deps, call: Call, args: ReadOutput) -> Outcome[OutputPage]:
    """Show the whole of a text that an answer shortened, by its `output` handle.

    A long text is split: `next` has the call for the next lines.
    """
    text = deps.work.outputs.read(call.actor.team, args.handle)
    if text is None:
        raise no_output(args.handle)
    page, following = page_of(text, args)
    return Outcome(
        page,
        f"{page.lines} of {page.total} lines.",
        next=(following,) if following else (),
        truncated=bool(following),
    )
