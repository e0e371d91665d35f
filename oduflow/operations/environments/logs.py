"""get_environment_logs."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentLogs, GetEnvironmentLogs, LogSource
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.excerpt import MAX_OUTPUT, end_of, excerpt
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import filter_log
from oduflow.domain.outcome import Outcome
from oduflow.domain.output import OUTPUT_DAYS, OUTPUTS_OF_A_TEAM
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps

FILTERED_FROM = 20_000  # lines of the log that a filter looks through
OWN_LINES = 100  # the product's own requests, which are left out, among the last ones
_EXPIRED = (
    f"The whole output is kept for {OUTPUT_DAYS} days, and the team's latest {OUTPUTS_OF_A_TEAM}; "
    "of this one only the lines that explain the failure are left."
)
_GAP = "Only the beginning and the end fit; narrow it with grep, level or lines."


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    unannounced=True,
    profiles=(Profile.CODING,),
    rest="GET /environments/{name}/logs",
)
def get_environment_logs(
    deps: Deps, call: Call, args: GetEnvironmentLogs, environment: Environment
) -> Outcome[EnvironmentLogs]:
    """Show the last lines of an environment's log or failed installation."""
    source, text, lacks = _read(deps, args, environment)
    kept = filter_log(text, lines=args.lines, grep=args.grep, level=args.level)
    whole = "\n".join(kept)
    truncated = len(whole) > MAX_OUTPUT
    # Of a log that is polled the new lines could not be told from a text with a gap, and storing
    # each whole would push out the stored outputs of other calls.
    log = end_of(whole) if args.follow else excerpt(whole)
    has_gap = truncated and not args.follow
    shown = EnvironmentLogs(
        name=environment.name, source=source, lines=log.count("\n") + bool(log), log=log
    )
    what = "log" if source is LogSource.ODOO else "installation output"
    return Outcome(
        shown,
        f"{counted(shown.lines, 'line')} of {environment.name}'s {what}.",
        warnings=(*((_GAP,) if has_gap else ()), *lacks),
        output=whole if has_gap else "",
        truncated=truncated or bool(lacks),
    )


def _read(
    deps: Deps, args: GetEnvironmentLogs, environment: Environment
) -> tuple[LogSource, str, tuple[str, ...]]:
    """Return the requested text, its source, and what it lacks.

    By default it is the log of Odoo, if there is one.
    """
    error = environment.error
    installation = error.output if error else ""
    if args.source is not LogSource.INSTALL:
        try:
            return LogSource.ODOO, _of_odoo(deps, args, environment), ()
        except NotFound as cause:
            if args.source is not None or not installation:
                raise _no_log(environment, "no container, and so no log") from cause
    if not installation:
        raise _no_log(environment, "no output of a failed installation")
    if error is None or not error.handle:
        return LogSource.INSTALL, installation, ()
    whole = deps.work.outputs.read(environment.team, error.handle)
    if whole is None:
        return LogSource.INSTALL, installation, (_EXPIRED,)
    return LogSource.INSTALL, whole, ()


def _of_odoo(deps: Deps, args: GetEnvironmentLogs, environment: Environment) -> str:
    """Return so much of Odoo's log that the requested lines are in it."""
    name = EnvironmentPlan.of(deps.naming, environment).container
    if args.grep is not None or args.level is not None:
        return deps.engine.containers.logs(name, tail=FILTERED_FROM)
    tail = args.lines + OWN_LINES
    text = deps.engine.containers.logs(name, tail=tail)
    found = filter_log(text, lines=args.lines, grep=None, level=None)
    if len(found) < args.lines and len(text.splitlines()) >= tail:
        return deps.engine.containers.logs(name, tail=FILTERED_FROM)
    return text


def _no_log(environment: Environment, lack: str) -> Conflict:
    return Conflict(
        f"{environment.name} has {lack}.",
        "",
        Next.of("get_environment", "says why", name=environment.name),
    )
