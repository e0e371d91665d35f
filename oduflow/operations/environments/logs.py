"""get_environment_logs."""

from oduflow.domain.access import Permission, Scope
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment, EnvironmentLogs, GetEnvironmentLogs
from oduflow.domain.errors import Conflict, NotFound
from oduflow.domain.excerpt import MAX_OUTPUT, excerpt
from oduflow.domain.odoo_log import filter_log
from oduflow.domain.outcome import Outcome
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.kernel.operation import Effect, operation
from oduflow.services.deps import Deps

FILTERED_FROM = 20_000  # lines of the log that a filter looks through


@operation(
    permission=Permission.ENVIRONMENT_READ,
    effect=Effect.READ,
    scope=Scope.ENVIRONMENT,
    rest="GET /environments/{name}/logs",
)
def get_environment_logs(
    deps: Deps, call: Call, args: GetEnvironmentLogs, environment: Environment
) -> Outcome[EnvironmentLogs]:
    """Show the last lines of an environment's Odoo log, filtered by text and level."""
    filtering = args.grep is not None or args.level is not None
    try:
        text = deps.engine.containers.logs(
            EnvironmentPlan.of(deps.naming, environment).container,
            tail=FILTERED_FROM if filtering else args.lines,
        )
    except NotFound as cause:
        raise Conflict(
            f"{environment.name} has no container, and so no log.",
            f"get_environment name={environment.name} says why.",
        ) from cause
    kept = filter_log(text, lines=args.lines, grep=args.grep, level=args.level)
    log = whole = "\n".join(kept)
    warnings: tuple[str, ...] = ()
    if len(log) > MAX_OUTPUT:
        log = excerpt(log)
        warnings = ("Only the beginning and the end fit; narrow it with grep, level or lines.",)
    shown = EnvironmentLogs(name=environment.name, lines=log.count("\n") + bool(log), log=log)
    return Outcome(
        shown,
        f"{counted(shown.lines, 'line')} of {environment.name}'s log.",
        warnings=warnings,
        output=whole if warnings else "",
        truncated=bool(warnings),
    )
