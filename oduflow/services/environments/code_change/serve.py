"""Let the serving Odoo take over what was changed, each in the least way, and prove it."""

from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, create_container
from oduflow.services.environments.module_change.settle import tenant_of
from oduflow.services.environments.module_change.take_over import CACHES, Told, take_over
from oduflow.services.environments.start import mark_serving, record_failure, start


def serve(
    deps: Deps,
    call: Call,
    row: Environment,
    was: EnvironmentState,
    plan: ApplyPlan,
    *,
    replaced: bool,
) -> str:
    """Bring the serving Odoo up to date; return what was done for it, empty for nothing.

    Args:
        deps: the product's parts.
        call: the call; it cannot be cancelled.
        row: the environment.
        was: its state before.
        plan: what was done.
        replaced: whether its container is made of other things than before.

    Raises:
        OdooFailed: it does not serve with it; the environment is `failed`.
    """
    quiet = Call(call.actor, call.origin, call.job)
    names = EnvironmentPlan.of(deps.naming, row)
    if replaced:
        create_container(deps, names, row)
    if was is EnvironmentState.STOPPED:
        return ""
    if replaced:
        _boot(deps, quiet, names, row)
        return "replaced the container"
    if was is EnvironmentState.FAILED:
        start(deps, quiet, row)
        return "started Odoo"
    if plan.reimports:
        return _take_over(deps, call, row, signaled=False, code=True)
    if plan.reload or plan.assets:
        # Signalled once more, by us: what is logged from then on is of this or of a later signal.
        signaled = tenant_of(deps.naming, deps.postgres, row).signal_caches()
        return _take_over(deps, call, row, signaled=bool(signaled), code=not signaled)
    return ""


def _boot(deps: Deps, call: Call, plan: EnvironmentPlan, row: Environment) -> None:
    try:
        row = boot(deps, call, plan, row, lambda line: call.tell("serving", line))
    except Failure as failure:
        record_failure(deps, plan, row, failure)
    mark_serving(deps.store.environments, row)


def _take_over(deps: Deps, call: Call, row: Environment, *, signaled: bool, code: bool) -> str:
    signs = Told(since=now(), logged="", signaled=signaled, words=CACHES, code=code)
    quiet = Call(call.actor, call.origin, call.job)
    return take_over(deps, quiet, row, lambda line: call.tell("serving", line), signs)
