"""The filestore of an environment: its layers, and the volume through which Odoo sees them.

A filestore is an overlay of the template's where the machine can mount one, whose cost does not
depend on the number of files. Elsewhere it is a copy in the same layers, so that snapshots and
rollbacks are the same. `lay_filestore` decides it, and the row keeps it.
"""

from contextlib import suppress
from pathlib import Path

from oduflow.adapters.docker.volumes import Volumes
from oduflow.adapters.filestore.clone import make_durable, prepare_volume, remove_tree
from oduflow.adapters.filestore.layers import FIRST, Layers
from oduflow.adapters.filestore.overlay import copy_options, overlay_options
from oduflow.adapters.odoo.conf import DATA_TARGET
from oduflow.domain.container import ImageFacts, Mount
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Failure, NotFound, UpstreamFailed
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.next_call import Next
from oduflow.domain.plan import EnvironmentPlan, TemplatePlan
from oduflow.files.usage import size_of_copy, size_on_disk
from oduflow.services.deps import Deps
from oduflow.services.groups import EngineGroup
from oduflow.services.room import require_room
from oduflow.services.server.infrastructure import Infrastructure


def lay_filestore(
    engine: EngineGroup, plan: EnvironmentPlan, image: ImageFacts, lower: Path
) -> FilestoreKind:
    """Make the volumes of a new environment, with a filestore like the template's.

    Args:
        engine: the engine's containers, images and volumes.
        plan: the environment's names.
        image: Odoo's image, with the user that it runs as.
        lower: the template's filestore.

    Returns:
        How it is kept.
    """
    data, layers = _make_volumes(engine.volumes, plan, image)
    refusal = engine.overlay_refusal(lower, layers.root, image.uid, image.gid)
    source = lower if refusal and lower.is_dir() else None
    layers.make(FIRST, image.uid, image.gid, source)
    layers.switch(FIRST)
    make_durable(data)
    make_durable(layers.root)
    return FilestoreKind.COPY if refusal else FilestoreKind.OVERLAY


def adopt_filestore(
    engine: EngineGroup, plan: EnvironmentPlan, row: Environment, image: ImageFacts, files: Path
) -> None:
    """Make the volumes of a copy of an environment, and move a snapshot's files into them.

    Args:
        engine: the engine's containers, images and volumes.
        plan: the copy's names.
        row: the environment.
        image: Odoo's image, with the user that it runs as.
        files: the snapshot's upper folder.

    Raises:
        UpstreamFailed: it is an overlay, and the template's files cannot be laid below another.
    """
    data, layers = _make_volumes(engine.volumes, plan, image)
    if row.filestore is FilestoreKind.OVERLAY:
        lower = require_lower(engine.volumes, plan, row)
        refusal = engine.overlay_refusal(lower, layers.root, image.uid, image.gid)
        if refusal:
            raise UpstreamFailed(
                f"The files of template {row.template} cannot be laid below {row.name}: {refusal}.",
                "Run `oduflow doctor`: it checks the place of volumes.",
            )
    layers.adopt(FIRST, files)
    layers.switch(FIRST)
    make_durable(data)
    make_durable(layers.root)


def _make_volumes(
    volumes: Volumes, plan: EnvironmentPlan, image: ImageFacts
) -> tuple[Path, Layers]:
    """Make the volumes of a new environment; return the one's folder and the other's layers."""
    labels = plan.naming.labels("environment", id=plan.id, team=plan.team)
    data = volumes.ensure(plan.volume, labels=labels).mountpoint
    prepare_volume(data, image.uid, image.gid)
    return data, Layers(volumes.ensure(plan.layers, labels=labels).mountpoint)


def layers_of(volumes: Volumes, plan: EnvironmentPlan) -> Layers:
    """Return the layers of a filestore that has some."""
    return Layers(volumes.mountpoint(plan.layers))


def ensure_mount(engine: EngineGroup, plan: EnvironmentPlan, row: Environment) -> None:
    """Make the volume that Odoo sees its filestore through; no container may use it.

    One with other folders is replaced, as when the layers or the template were moved.

    Raises:
        UpstreamFailed: the template's filestore is gone; the environment's own files are kept.
    """
    if row.filestore is FilestoreKind.VOLUME:
        return
    layers, volumes = layers_of(engine.volumes, plan), engine.volumes
    options = copy_options(layers)
    if row.filestore is FilestoreKind.OVERLAY:
        options = overlay_options(require_lower(engine.volumes, plan, row), layers)
    labels = plan.naming.labels("environment", id=row.id, team=row.team)
    try:
        volumes.ensure(plan.filestore, labels=labels, options=options)
    except Conflict:
        volumes.remove(plan.filestore)
        volumes.ensure(plan.filestore, labels=labels, options=options)


def require_lower(volumes: Volumes, plan: EnvironmentPlan, row: Environment) -> Path:
    """Return the template's filestore below the environment's.

    Raises:
        UpstreamFailed: it is gone.
    """
    template = TemplatePlan.beneath(plan.naming, row)
    with suppress(NotFound):
        lower = volumes.mountpoint(template.volume) / "filestore" / template.database
        if lower.is_dir():
            return lower
    raise UpstreamFailed(
        f"The files of template {row.template} are gone, and {row.name} reads them.",
        f"Bring back the volume {template.volume}; what {row.name} wrote itself is kept.",
        Next.of("rebuild_environment", "starts it then", name=row.name),
    )


def require_room_for_layers(deps: Deps, row: Environment) -> None:
    """Refuse to move a filestore of an older version into layers where the copy would not fit.

    Raises:
        QuotaReached: it would not fit.
        UpstreamFailed: its own Odoo has put something else in the filestore's place.
    """
    if row.filestore is not FilestoreKind.VOLUME:
        return
    plan = EnvironmentPlan.of(deps.naming, row)
    inner = _old_filestore(deps.engine.volumes, plan)
    with suppress(NotFound):  # a call that was killed has copied it already
        if layers_of(deps.engine.volumes, plan).current:
            return
    size = bytes_of_copy(deps.infrastructure, row.team, inner)
    require_room(deps, row.team, f"A copy of the files of {row.name}", filestore=size)


def require_room_for_filestore(
    deps: Deps, plan: TemplatePlan, image: ImageFacts, *, for_slot: bool = False
) -> None:
    """Refuse to clone a template whose filestore has to be copied, where the copy would not fit.

    Args:
        deps: the product's parts.
        plan: the template's names.
        image: Odoo's image, with the user that it runs as.
        for_slot: as in `require_room`.

    Raises:
        QuotaReached: it would not fit.
    """
    volume = deps.engine.volumes.mountpoint(plan.volume)
    pool = deps.infrastructure.pools.of(plan.team)
    lower = volume / "filestore" / plan.database
    if not lower.is_dir():
        return
    is_pooled = pool.takes_new and pool.folder.is_dir()  # new volumes are beside these
    root = pool.folder if is_pooled else volume.parent
    if deps.engine.overlay_refusal(lower, root, image.uid, image.gid):
        what = f"A copy of the files of template {plan.name}"
        size = bytes_of_copy(deps.infrastructure, plan.team, lower)
        require_room(deps, plan.team, what, filestore=size, for_slot=for_slot)


def bytes_of_copy(infrastructure: Infrastructure, team: str, folder: Path) -> int:
    """Return the bytes that a copy of a folder takes in a new volume of a team."""
    beside = is_beside_new(infrastructure, team, folder)
    return size_of_copy(folder) if beside else size_on_disk(folder)


def is_beside_new(infrastructure: Infrastructure, team: str, folder: Path) -> bool:
    """Whether a team's new volumes are made where a folder is: files need not be copied whole."""
    pool = infrastructure.pools.of(team)
    return pool.holds(folder) == pool.takes_new


def give_layers(deps: Deps, row: Environment, image: ImageFacts) -> Environment:
    """Move the filestore of an environment of an older version into layers; it has no container.

    The call may be repeated after a kill or a failure at any point.

    Raises:
        UpstreamFailed: its own Odoo has put something else in the filestore's place, or the copy
            failed, of which nothing is left.
    """
    if row.filestore is FilestoreKind.OVERLAY:
        return row
    plan = EnvironmentPlan.of(deps.naming, row)
    if row.filestore is FilestoreKind.COPY:
        with suppress(UpstreamFailed):  # a rest does no harm, unlike a rebuild that fails for it
            remove_tree(_old_filestore(deps.engine.volumes, plan))  # which a kill may have kept
        return row
    labels = plan.naming.labels("environment", id=row.id, team=row.team)
    layers = Layers(deps.engine.volumes.ensure(plan.layers, labels=labels).mountpoint)
    inner = _old_filestore(deps.engine.volumes, plan)
    if not layers.current:
        try:
            layers.make(FIRST, image.uid, image.gid, inner if inner.is_dir() else None)
        except Failure:
            layers.remove(FIRST)
            raise
        layers.switch(FIRST)
        make_durable(layers.root)
    row = deps.store.environments.update(row.id, filestore=FilestoreKind.COPY)
    remove_tree(inner)
    return row


def _old_filestore(volumes: Volumes, plan: EnvironmentPlan) -> Path:
    """Return the folder that an older version keeps a filestore in, which need not exist."""
    inner = volumes.mountpoint(plan.volume) / "filestore" / plan.database
    if any(folder.is_symlink() for folder in (inner, inner.parent)):
        raise UpstreamFailed(
            f"The filestore of {plan.name} is a link.",
            "Its Odoo has put it there; remove it in the volume of /var/lib/odoo.",
        )
    return inner


def filestore_mounts(plan: EnvironmentPlan, row: Environment) -> tuple[Mount, ...]:
    """Return the mount of the filestore above that of `/var/lib/odoo`, if it has one."""
    if row.filestore is FilestoreKind.VOLUME:
        return ()
    target = f"{DATA_TARGET}/filestore/{plan.database}"
    return (Mount("volume", target, plan.filestore, read_only=False),)


def remove_filestore(volumes: Volumes, plan: EnvironmentPlan) -> None:
    """Remove the filestore's volumes; missing ones are no error."""
    for volume in (plan.filestore, plan.layers):
        volumes.remove(volume)
