"""The specifications of Odoo's containers: one that serves, and throw-away ones beside it."""

from dataclasses import replace
from pathlib import Path

from oduflow.adapters.odoo import commands
from oduflow.adapters.odoo.addons_path import (
    LINKS_ROOT,
    extra_target,
    repository_target,
    uses_links,
)
from oduflow.adapters.odoo.conf import CONF_TARGET, DATA_TARGET
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
from oduflow.services.filestore import filestore_mounts
from oduflow.services.images import login_environment
from oduflow.services.temporary import temporary_mounts

PYTHON_TARGET = "/mnt/python"
START_TARGET = "/mnt/oduflow"
# As Odoo 19 does itself: an older one would wait for a lock without end, and all writes behind it.
LOCK_SECONDS = 15
REQUEST_TARGET = "/etc/odoo/tests.json"


def serving_spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
    bind: str,
    *,
    outside_names: bool = False,
) -> ContainerSpec:
    """Return the specification of the container that serves an environment.

    Args:
        plan: the environment's names.
        row: the environment.
        image: Odoo's image.
        limits: the limits on memory and processors.
        bind: the host address that publishes the port.
        outside_names: whether names outside the engine's networks are resolved; only with open
            egress, because a name server can be used to send data out.
    """
    spec = _spec(plan, row, image, limits, _data_mounts(plan, row, plan.temporary))
    search = [START_TARGET, *filter(None, [spec.environment.get("PYTHONPATH")])]
    start = Mount("bind", f"{START_TARGET}/{plan.python_start.name}", str(plan.python_start))
    return replace(
        spec,
        environment={**spec.environment, "PYTHONPATH": ":".join(search)},
        mounts=(*spec.mounts, start),
        name=plan.container,
        labels=plan.labels(row),
        command=commands.serve().arguments,
        publish=(Publish(ODOO_PORT, bind, row.port or 0),),
        outside_names=outside_names,
    )


def one_off_spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
    command: commands.OdooCommand,
    temporary: Path,
) -> ContainerSpec:
    """Return the specification of a one-off container that runs a command beside Odoo.

    It has the mounts, limits and network of the container that serves, but no ports, and the given
    folder of temporary files.
    """
    spec = _spec(plan, row, image, limits, _data_mounts(plan, row, temporary))
    return replace(
        spec,
        name=plan.one_off,
        labels=plan.naming.labels("once", id=row.id, team=row.team, name=row.name),
        entrypoint=command.entrypoint,
        command=command.arguments,
        environment={**spec.environment, "PGOPTIONS": f"-c lock_timeout={LOCK_SECONDS}s"},
    )


def tests_spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
    command: commands.OdooCommand,
) -> ContainerSpec:
    """Return the specification of the container that runs tests on a clone of the data.

    It has the code, limits and network of the container that serves; of the data only the clone,
    and an empty `/var/lib/odoo` in memory.
    """
    filestore = f"{DATA_TARGET}/filestore/{plan.tests_database}"
    data = (
        Mount("tmpfs", DATA_TARGET, read_only=False),
        Mount("volume", filestore, plan.tests_filestore, read_only=False),
        *temporary_mounts(plan.tests_folder / "tmp"),
        Mount("bind", CONF_TARGET, str(plan.tests_folder / plan.conf.name)),
        Mount("bind", REQUEST_TARGET, str(plan.tests_folder / "tests.json")),
    )
    return replace(
        _spec(plan, row, image, limits, data),
        name=plan.tests_container,
        labels=plan.naming.labels("once", id=row.id, team=row.team, name=row.name),
        entrypoint=command.entrypoint,
        command=command.arguments,
    )


def repository_folders(row: Environment) -> tuple[str, ...]:
    """Return the folders inside a container that hold an environment's repositories."""
    extra = map(extra_target, row.extra_repos)
    return (repository_target(row.repo_url), *extra, LINKS_ROOT, PYTHON_TARGET)


def _data_mounts(plan: EnvironmentPlan, row: Environment, temporary: Path) -> tuple[Mount, ...]:
    """Return the mounts of the environment's own data, and of the configuration that names it."""
    return (
        Mount("volume", DATA_TARGET, plan.volume, read_only=False),
        *filestore_mounts(plan, row),
        *temporary_mounts(temporary),
        Mount("bind", CONF_TARGET, str(plan.conf)),
    )


def _spec(
    plan: EnvironmentPlan,
    row: Environment,
    image: ImageFacts,
    limits: ContainerLimits,
    data: tuple[Mount, ...],
) -> ContainerSpec:
    """Return what all have in common; the callers set name, labels and command."""
    mounts = [*data, Mount("bind", repository_target(row.repo_url), str(plan.checkout))]
    for pin in row.extra_repos:
        checkout = ExtraRepoPlan.pinned(plan.naming, row.team, pin).checkout(pin.commit)
        mounts.append(Mount("bind", extra_target(pin), str(checkout)))
    if uses_links(row.addons):
        mounts.append(Mount("bind", LINKS_ROOT, str(plan.links)))
    environment = login_environment(image)
    if row.python_deps:
        folder = plan.naming.team_folder(row.team) / "python" / row.python_deps
        mounts.append(Mount("bind", PYTHON_TARGET, str(folder)))
        environment["PYTHONPATH"] = PYTHON_TARGET
    return ContainerSpec(
        name="",
        image=image.id,
        labels={},
        entrypoint=commands.serve().entrypoint,
        user=f"{image.uid}:{image.gid}",
        hostname=row.name,
        environment=environment,
        mounts=tuple(mounts),
        networks=(Attachment(plan.naming.team_network(row.team)),),
        limits=limits,
        outside_names=False,
    )
