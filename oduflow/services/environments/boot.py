"""Start an environment's container and wait until its Odoo serves."""

from contextlib import suppress
from dataclasses import replace

from oduflow.adapters.docker.containers import Containers
from oduflow.adapters.docker.errors import PortTaken
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import NotFound, UpstreamFailed
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.plan import CONTAINER, EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.serving import prepare_container
from oduflow.services.environments.wait import Tell, wait_until_serving
from oduflow.services.environments.warm.remove import give_up
from oduflow.services.filestore import ensure_mount, require_lower
from oduflow.services.images import run_as
from oduflow.services.room import require_room_to_run

PORT_TRIES = 20
SLOT_SECONDS = 10.0  # for a warm slot that is being made, which stops by itself


def create_container(deps: Deps, plan: EnvironmentPlan, row: Environment) -> None:
    """Create the container, stopped; remove an existing one of the same name first."""
    deps.engine.containers.remove(plan.container)
    ensure_mount(deps.engine, plan, row)
    image = run_as(deps.engine.images.facts(row.odoo_image), row.uid)
    spec = prepare_container(deps.settings, plan, row, image, deps.limits(row.team))
    deps.engine.containers.create(spec)


def boot(
    deps: Deps, call: Call, plan: EnvironmentPlan, row: Environment, tell: Tell
) -> Environment:
    """Start the container in a boot slot and wait until its Odoo serves.

    When another program took the host port meanwhile, the next free one is used. `tell` gets a
    line about what Odoo does meanwhile.

    Returns:
        The row with its current port.

    Raises:
        OdooFailed: Odoo ended, is broken, or did not answer in time; the message names the cause.
    """
    require_room_to_run(deps, row.team)
    if row.filestore is FilestoreKind.OVERLAY:  # the engine's own message names no template
        require_lower(deps.engine.volumes, plan, row)
    with call.boot_slot():
        begun = now()
        row = _start(deps, plan, row)
        wait_until_serving(deps, call, plan, begun, tell)
    return row


def stop_container(containers: Containers, plan: EnvironmentPlan, *, timeout: int) -> None:
    """Stop the container if it exists; kill it after `timeout` seconds."""
    with suppress(NotFound):
        containers.stop(plan.container, timeout=timeout)


def _start(deps: Deps, plan: EnvironmentPlan, row: Environment) -> Environment:
    facts = deps.engine.containers.facts(plan.container)
    own = {} if facts is None else plan.naming.own_labels(facts.labels)
    if facts is not None and (own.get("port"), own.get("made")) != (str(row.port or ""), CONTAINER):
        # Killed between a new port and its container, or one of an earlier version.
        create_container(deps, plan, row)
        facts = None
    if facts is not None and facts.status == "paused":  # a warm slot's
        deps.engine.containers.unpause(plan.container)
        return row
    taken: set[int] = set()
    for _ in range(PORT_TRIES):
        try:
            deps.engine.containers.start(plan.container)
        except PortTaken:
            taken.add(row.port or 0)
            row = replace(row, port=take_port(deps, row, frozenset(taken)))
            create_container(deps, plan, row)
        else:
            return row
    raise UpstreamFailed(
        f"{PORT_TRIES} host ports in a row are used by other programs.",
        "Give [routing] port_range a range that nothing else uses.",
    )


def take_port(deps: Deps, row: Environment, avoid: frozenset[int] = frozenset()) -> int:
    """Reserve the lowest free host port for the environment until it is deleted.

    A warm slot that holds the port is given up: it is never the reason for a refusal.
    """
    ports = deps.settings.routing.port_range
    port = deps.store.environments.take_port(row.id, ports[0], ports[-1], avoid=avoid)
    # After the row has the port, which no new slot takes from then on.
    for slot in deps.store.warm_slots.all():
        if slot.port == port:
            give_up(deps, slot, wait=SLOT_SECONDS)
    return port
