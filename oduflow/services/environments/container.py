"""Odoo's containers: the one that serves, and the throw-away one that installs."""

from dataclasses import replace

from oduflow.adapters.odoo.addons_path import repository_folder
from oduflow.adapters.odoo.conf import ADDONS_ROOT, CONF_TARGET, DATA_TARGET, EXTRA_ROOT
from oduflow.domain.container import (
    Attachment,
    ContainerLimits,
    ContainerSpec,
    ImageFacts,
    Mount,
    Publish,
)
from oduflow.domain.environment import Environment
from oduflow.domain.plan import ODOO_PORT, EnvironmentPlan, ExtraRepoPlan

PYTHON_TARGET = "/mnt/python"


def serving_spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
    bind: str,
    *,
    outside_names: bool = False,
) -> ContainerSpec:
    """Describe the container that serves an environment.

    Args:
        plan: its names.
        row: the environment.
        image: what it runs.
        limits: the memory and processors it may use.
        bind: the host's address its port is published on.
        outside_names: whether names beyond the engine's own are resolved; only where egress is
            open, for a name server is a way out.
    """
    return replace(
        _spec(plan, row, image, limits),
        name=plan.container,
        labels=plan.labels(row),
        command=("--config", CONF_TARGET),
        publish=(Publish(ODOO_PORT, bind, row.port or 0),),
        outside_names=outside_names,
    )


def install_spec(
    plan: EnvironmentPlan, row: Environment, image: ImageFacts, limits: ContainerLimits
) -> ContainerSpec:
    """Describe the throw-away container that installs modules; it publishes nothing."""
    options = ("--init", ",".join(row.modules), "--stop-after-init", "--no-http")
    return replace(
        _spec(plan, row, image, limits),
        name=plan.one_off,
        labels=plan.naming.labels("once", id=row.id, team=row.team, name=row.name),
        command=("--config", CONF_TARGET, *options),
    )


def _spec(
    plan: EnvironmentPlan, row: Environment, image: ImageFacts, limits: ContainerLimits
) -> ContainerSpec:
    """Describe what both have in common; name, labels and command are each one's own."""
    mounts = [
        Mount("volume", DATA_TARGET, plan.volume, read_only=False),
        Mount("bind", CONF_TARGET, str(plan.conf)),
        Mount("bind", f"{ADDONS_ROOT}/{repository_folder(row.repo_url)}", str(plan.checkout)),
    ]
    for pin in row.extra_repos:
        target = f"{EXTRA_ROOT}/{pin.name}/{repository_folder(pin.repo_url)}"
        checkout = ExtraRepoPlan.pinned(plan.naming, row.team, pin).checkout(pin.commit)
        mounts.append(Mount("bind", target, str(checkout)))
    environment = {}
    if row.python_deps:
        folder = plan.naming.team_folder(row.team) / "python" / row.python_deps
        mounts.append(Mount("bind", PYTHON_TARGET, str(folder)))
        environment["PYTHONPATH"] = PYTHON_TARGET
    return ContainerSpec(
        name="",
        image=image.id,
        labels={},
        entrypoint=("odoo",),
        user=f"{image.uid}:{image.gid}",
        hostname=row.name,
        environment=environment,
        mounts=tuple(mounts),
        networks=(Attachment(plan.naming.team_network(row.team)),),
        limits=limits,
        outside_names=False,
    )
