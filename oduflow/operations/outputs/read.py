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
    """Show the whole of a text that an answer shortened, or an image, by its handle.

    A long text is split: `next` has the call for the next lines.
    """
    outputs, team = deps.work.outputs, call.actor.team
    text = outputs.read(team, args.handle)
    if text is None and outputs.read_image(team, args.handle) is not None:
        empty = OutputPage(handle=args.handle, total=0, lines=0, text="")
        return Outcome(empty, "A PNG image.", stored_image=args.handle)
    if text is None:
        raise no_output(args.handle)
    page, following = page_of(text, args)
    return Outcome(
        page,
        f"{page.lines} of {page.total} lines.",
        next=(following,) if following else (),
        truncated=bool(following),
    )
