"""Start an environment's container and wait until its Odoo serves."""

import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from oduflow.adapters.docker.errors import PortTaken
from oduflow.domain.clock import now
from oduflow.domain.environment import Environment
from oduflow.domain.errors import NotFound, OdooFailed, UpstreamFailed
from oduflow.domain.odoo_log import explanation
from oduflow.domain.plan import EnvironmentPlan
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.container import serving_spec
from oduflow.settings import INTERNET

POLL_SECONDS = 0.03
ENGINE_POLL_SECONDS = 0.5
OK = 200
SERVER_ERROR = 500
PORT_TRIES = 20
LOG_LINES = 2000


def create_container(deps: Deps, plan: EnvironmentPlan, row: Environment) -> None:
    """Create the container, stopped; remove an existing one of the same name first."""
    deps.engine.containers.remove(plan.container)
    image = deps.engine.images.facts(row.odoo_image)
    deps.engine.containers.create(
        serving_spec(
            plan,
            row,
            image,
            deps.limits(row.team),
            deps.settings.server.host,
            outside_names=INTERNET in deps.settings.firewall.egress,
        )
    )


def boot(deps: Deps, call: Call, plan: EnvironmentPlan, row: Environment) -> Environment:
    """Start the container in a boot slot and wait until `/web/login` answers 200.

    When another program took the host port meanwhile, the next free one is used.

    Returns:
        The row with its current port.

    Raises:
        OdooFailed: Odoo ended or did not answer in time; `output` holds its last traceback.
    """
    with call.boot_slot():
        begun = now()
        row = _start(deps, plan, row)
        wait_until_serving(deps, call, plan, begun)
    return row


def stop_container(deps: Deps, plan: EnvironmentPlan, *, timeout: int) -> None:
    """Stop the container if it exists; kill it after `timeout` seconds."""
    with suppress(NotFound):
        deps.engine.containers.stop(plan.container, timeout=timeout)


def wait_until_serving(deps: Deps, call: Call, plan: EnvironmentPlan, begun: datetime) -> None:
    """Poll `/web/login` until it answers 200; `begun` is when the container was started.

    The engine is polled far less often than Odoo: boots are bound by the processor, and a request
    to the engine costs more of it than a refused connection.

    Raises:
        OdooFailed: the container ended, the time limit passed, or Odoo answered only with errors,
            as it does without end when a module is broken.
    """
    deadline = time.monotonic() + deps.readiness.boot_seconds
    broken_at = deadline
    while True:
        address = _address(deps, plan, begun)
        status = _poll(deps, address, call, min(deadline, time.monotonic() + ENGINE_POLL_SECONDS))
        if status == OK:
            return
        broken = status is not None and status >= SERVER_ERROR
        limit = time.monotonic() + deps.readiness.broken_seconds
        broken_at = min(broken_at, limit) if broken else deadline
        if time.monotonic() >= broken_at:
            answer = "nothing" if status is None else f"HTTP {status}"
            raise _did_not_serve(deps, plan, begun, f"/web/login answers {answer}.")


def _poll(deps: Deps, address: str, call: Call, until: float) -> int | None:
    """Request the login page until it answers 200 or `until` passes; return the last status."""
    while True:
        status = deps.readiness.login_status(address) if address else None
        if status == OK or time.monotonic() >= until:
            return status
        call.raise_if_cancelled()
        time.sleep(POLL_SECONDS)


def _address(deps: Deps, plan: EnvironmentPlan, begun: datetime) -> str:
    """Return the running container's address on its team's network."""
    facts = deps.engine.containers.facts(plan.container)
    if facts is None or facts.status not in {"created", "running"}:
        code = "" if facts is None else f" with exit code {facts.exit_code}"
        if facts is not None and facts.out_of_memory:
            code = f" at its limit of {deps.settings.teams[plan.team].memory_mb} MiB of memory"
        raise _did_not_serve(deps, plan, begun, f"Odoo ended{code} before it served a page.")
    return facts.addresses.get(plan.naming.team_network(plan.team), "")


def _start(deps: Deps, plan: EnvironmentPlan, row: Environment) -> Environment:
    facts = deps.engine.containers.facts(plan.container)
    if facts is not None and facts.labels.get(plan.naming.label("port")) != str(row.port or ""):
        create_container(deps, plan, row)  # killed between a new port and its container
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
    """Reserve the lowest free host port for the environment until it is deleted."""
    ports = deps.settings.routing.port_range
    return deps.store.environments.take_port(row.id, ports[0], ports[-1], avoid=avoid)


def _did_not_serve(deps: Deps, plan: EnvironmentPlan, begun: datetime, message: str) -> OdooFailed:
    log = ""
    with suppress(NotFound):  # the container was removed meanwhile
        log = deps.engine.containers.logs(plan.container, tail=LOG_LINES, since=begun)
    return OdooFailed(
        message,
        f"get_environment_logs name={plan.name} shows more; a fix that was pushed needs "
        f"delete_environment name={plan.name} and a new create_environment.",
        output=explanation(log),
        whole=log,
    )
