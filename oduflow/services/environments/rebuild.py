"""Rebuild an environment: create its container again and keep its data."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from oduflow.adapters.outputs.files import OutputFiles
from oduflow.adapters.store import Environments
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Cancelled, Failure
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.failed import mark_failed
from oduflow.services.environments.provisioning import Provisioning
from oduflow.services.environments.start import mark_serving
from oduflow.services.environments.states import note_loaded
from oduflow.services.extra_repos.checkouts import clear_pinned_commits
from oduflow.services.filestore import give_layers, require_room_for_layers
from oduflow.services.images import run_as
from oduflow.services.saga import KeptForInspection, Saga


def rebuild(
    deps: Deps, call: Call, row: Environment, *, update_extra_repos: bool = False
) -> Environment:
    """Create the container again and start Odoo; keep database, filestore and checkout.

    Odoo serves on while the call waits for a boot slot. Extra repos keep their pinned commits; with
    `update_extra_repos` they are pinned to the newest fetched ones. After a kill, the row's step is
    `rebuild`, and the reconciler rebuilds again.
    """
    deps.infrastructure.wake(row.team)
    image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
    with call.boot_slot(BootKind.INSTALL if row.modules else BootKind.SERVE):
        with _failed_for_good(deps.store.environments, deps.work.outputs, row):
            require_room_for_layers(deps, row)
        with suppress(Failure):  # git tells what is edited; it is not needed for a container
            row = note_loaded(deps, call, row)
        row = deps.store.environments.update(row.id, step="rebuild", job=call.job)
        deps.engine.containers.remove(EnvironmentPlan.of(deps.naming, row).container)
        with _failed_for_good(deps.store.environments, deps.work.outputs, row):
            row = give_layers(deps, row, image)
        if update_extra_repos:  # after the removal: a running container uses the old checkouts
            row = clear_pinned_commits(deps.store.environments, row)
        return mark_serving(deps.store.environments, _provision(deps, call, row, image))


@contextmanager
def _failed_for_good(
    environments: Environments, outputs: OutputFiles, row: Environment
) -> Iterator[None]:
    """Record a failure of a rebuild that has begun, or the reconciler would repeat it for ever."""
    try:
        yield
    except Failure as failure:
        if row.step == "rebuild":
            mark_failed(environments, outputs, row, failure)
        raise


def _provision(deps: Deps, call: Call, row: Environment, image: ImageFacts) -> Environment:
    work = Provisioning(deps, call, row, image)
    saga = Saga("rebuild", work.steps(), work.on_step, deps.work.failpoints)
    try:
        saga.run()
    except KeptForInspection as kept:
        work.keep_as_failed(kept.failure)
        raise kept.failure from kept.failure.__cause__
    except Cancelled:
        # Clears the step `rebuild`: the reconciler would continue the cancelled rebuild.
        stopped = Cancelled(
            "The rebuild was stopped; the data is kept.",
            "",
            Next.of("rebuild_environment", "begins again", name=row.name),
        )
        work.keep_as_failed(stopped)
        raise stopped from None
    except Failure as failure:
        work.keep_as_failed(failure)
        raise
    return work.row
