"""get_environment_logs."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentLogs, GetEnvironmentLogs, LogSource
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.excerpt import MAX_OUTPUT, excerpt
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_log import filter_log
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, Profile, operation
from oduflow.services.deps import Deps

FILTERED_FROM = 20_000  # lines of the log that a filter looks through


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    audit=("name",),
    profiles=(Profile.CODING,),
    rest="GET /environments/{name}/logs",
)
def get_environment_logs(
    deps: Deps, call: Call, args: GetEnvironmentLogs, environment: Environment
) -> Outcome[EnvironmentLogs]:
    """Show the last lines of an environment's log or failed installation."""
    source, text = _read(deps, args, environment)
    kept = filter_log(text, lines=args.lines, grep=args.grep, level=args.level)
    log = whole = "\n".join(kept)
    warnings: tuple[str, ...] = ()
    if len(log) > MAX_OUTPUT:
        log = excerpt(log)
        warnings = ("Only the beginning and the end fit; narrow it with grep, level or lines.",)
    shown = EnvironmentLogs(
        name=environment.name, source=source, lines=log.count("\n") + bool(log), log=log
    )
    what = "log" if source is LogSource.ODOO else "installation output"
    return Outcome(
        shown,
        f"{counted(shown.lines, 'line')} of {environment.name}'s {what}.",
        warnings=warnings,
        output=whole if warnings else "",
        truncated=bool(warnings),
    )


def _read(deps: Deps, args: GetEnvironmentLogs, environment: Environment) -> tuple[LogSource, str]:
    """Return the requested text and its source; by default the log of Odoo, if there is one."""
    installation = environment.error.output if environment.error else ""
    if args.source is not LogSource.INSTALL:
        filtering = args.grep is not None or args.level is not None
        name = EnvironmentPlan.of(deps.naming, environment).container
        tail = FILTERED_FROM if filtering else args.lines
        try:
            return LogSource.ODOO, deps.engine.containers.logs(name, tail=tail)
        except NotFound as cause:
            if args.source is not None or not installation:
                raise _no_log(environment, "no container, and so no log") from cause
    if not installation:
        raise _no_log(environment, "no output of a failed installation")
    return LogSource.INSTALL, installation


def _no_log(environment: Environment, lack: str) -> Conflict:
    return Conflict(
        f"{environment.name} has {lack}.",
        "",
        Next.of("get_environment", "says why", name=environment.name),
    )
