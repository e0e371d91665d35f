"""Odoo's containers: the one that serves, and the throw-away one that installs."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

from oduflow.adapters.odoo.conf import ADDONS_ROOT, CONF_TARGET, EXTRA_ROOT
from oduflow.domain.container import (
    Attachment,
    ContainerSpec,
    ImageFacts,
    Limits,
    Mount,
    Publish,
)
from oduflow.domain.environment import Environment
from oduflow.domain.extra_repo import Pin
from oduflow.domain.plan import ODOO_PORT, EnvironmentPlan, ExtraRepoPlan
from oduflow.settings import Team

PYTHON_TARGET = "/mnt/python"
DATA_TARGET = "/var/lib/odoo"


def repository_folder(repo_url: str) -> str:
    """Name the checkout's folder in the container; a repository that is one module needs its own.

    Odoo takes a module's name from its folder, so `sale-tools.git` becomes `sale_tools`.
    """
    last = urlsplit(repo_url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^a-zA-Z0-9_]", "_", last) or "repository"


def addons_path(
    repo_url: str, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    """Say where in the container the checkout's modules lie."""
    return _below(ADDONS_ROOT, repo_url, folders, root_is_module=root_is_module)


def extra_addons_path(
    pin: Pin, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    """Say where in the container an extra repo's modules lie."""
    root = f"{EXTRA_ROOT}/{pin.name}"
    return _below(root, pin.repo_url, folders, root_is_module=root_is_module)


def is_extra(folder: str) -> bool:
    """Whether a folder of the addons path is an extra repo's."""
    return folder.startswith(f"{EXTRA_ROOT}/")


def _below(
    root: str, repo_url: str, folders: tuple[str, ...], *, root_is_module: bool
) -> tuple[str, ...]:
    if root_is_module:
        return (root,)
    base = f"{root}/{repository_folder(repo_url)}"
    return tuple(base if folder == "." else f"{base}/{folder}" for folder in folders)


def limits(team: Team) -> Limits:
    """Say what one environment of the team may use."""
    return Limits(memory=team.memory_mb << 20, cpus=team.cpus)


def serving_spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    team: Team,
    bind: str,
    *,
    outside_names: bool = False,
) -> ContainerSpec:
    """Describe the container that serves an environment.

    Args:
        plan: its names.
        row: the environment.
        image: what it runs.
        team: whose limits hold.
        bind: the host's address its port is published on.
        outside_names: whether names beyond the engine's own are resolved; only where egress is
            open, for a name server is a way out.
    """
    return replace(
        _spec(plan, row, image, team),
        name=plan.container,
        labels=plan.labels(row),
        command=("--config", CONF_TARGET),
        publish=(Publish(ODOO_PORT, bind, row.port or 0),),
        outside_names=outside_names,
    )


def install_spec(
    plan: EnvironmentPlan, row: Environment, image: ImageFacts, team: Team
) -> ContainerSpec:
    """Describe the throw-away container that installs modules; it publishes nothing."""
    options = ("--init", ",".join(row.modules), "--stop-after-init", "--no-http")
    return replace(
        _spec(plan, row, image, team),
        name=plan.once,
        labels=plan.naming.labels("once", id=row.id, team=row.team, name=row.name),
        command=("--config", CONF_TARGET, *options),
    )


def _spec(plan: EnvironmentPlan, row: Environment, image: ImageFacts, team: Team) -> ContainerSpec:
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
        limits=limits(team),
        outside_names=False,
    )
