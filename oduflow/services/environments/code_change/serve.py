"""Let the serving Odoo take over what was changed, each in the least way, and prove it."""

from dataclasses import dataclass
from datetime import datetime

from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment, EnvironmentState
from oduflow.domain.errors import Failure
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.boot import boot, create_container
from oduflow.services.environments.module_change.settle import tenant_of
from oduflow.services.environments.module_change.take_over import (
    CACHES,
    RELOADING,
    Told,
    take_over,
)
from oduflow.services.environments.start import mark_serving, record_failure, start

_DATA = (".csv", ".sql", ".xml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What the serving Odoo has to take over.

    Attributes:
        plan: what was done.
        known: what it had logged before.
        since: when the second Odoo told it, if it did.
        replaced: whether its container is made of other things than before.
        loaded: whether a second Odoo has loaded the code.
        imported: whether it may have imported a module in the past that is installed now.
    """

    plan: ApplyPlan
    known: str
    since: datetime
    replaced: bool = False
    loaded: bool = False
    imported: bool = False

    @property
    def code(self) -> bool:
        """Whether it has to import code again; of new modules it has imported none."""
        return (
            self.plan.restart
            or self.imported
            or any(
                each.need is Need.UPGRADE and not each.path.endswith(_DATA) and each.path
                for each in self.plan.verdicts
            )
        )

    @property
    def written(self) -> bool:
        """Whether it was told through the database."""
        plan = self.plan
        return bool(plan.upgrade or plan.install or plan.reload or plan.translations)


def serve(deps: Deps, call: Call, row: Environment, was: EnvironmentState, told: Serving) -> str:
    """Bring the serving Odoo up to date; return what was done for it, empty for nothing.

    Args:
        deps: the product's parts.
        call: the call; it cannot be cancelled.
        row: the environment.
        was: its state before.
        told: what there is to take over.

    Raises:
        OdooFailed: it does not serve with it; the environment is `failed`.
    """
    quiet = Call(call.actor, call.origin, call.job)
    plan = EnvironmentPlan.of(deps.naming, row)
    if told.replaced:
        create_container(deps, plan, row)
    if was is EnvironmentState.STOPPED:
        return ""
    if told.replaced:
        _boot(deps, quiet, plan, row)
        return "replaced the container"
    if was is EnvironmentState.FAILED:
        start(deps, quiet, row)
        return "started Odoo"
    done = ""
    if told.loaded and (told.code or told.written):
        signs = Told(
            since=told.since,
            logged=told.known,
            signaled=told.written,
            words=RELOADING if told.plan.upgrade or told.plan.install else CACHES,
            code=told.code,
        )
        done = take_over(deps, quiet, row, lambda line: call.tell("serving", line), signs)
        if told.code or signs.words == RELOADING:
            return done
    return _read_caches(deps, quiet, row, told) if told.plan.assets else done


def _boot(deps: Deps, call: Call, plan: EnvironmentPlan, row: Environment) -> None:
    try:
        row = boot(deps, call, plan, row, lambda line: call.tell("serving", line))
    except Failure as failure:
        record_failure(deps, plan, row, failure)
    mark_serving(deps.store.environments, row)


def _read_caches(deps: Deps, call: Call, row: Environment, told: Serving) -> str:
    """Make Odoo look up the files of its bundles again."""
    since = now()
    signaled = tenant_of(deps.naming, deps.postgres, row).signal_caches()
    signs = Told(since=since, logged=told.known, signaled=signaled, words=CACHES, code=False)
    return take_over(deps, call, row, lambda line: call.tell("serving", line), signs)
