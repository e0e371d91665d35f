"""A power cut: what a file system has not written is lost, and the processes that use it."""

import contextlib
import subprocess
from collections.abc import Set as AbstractSet
from pathlib import Path

from oduflow.adapters.pool.mounts import device_at
from oduflow.services.server.reconcile import Reconciler
from tests.support.instances import Instance
from tests.support.server import eventually
from tests.support.variants import run_docker

SECONDS = 60


def cut_power(instance: Instance, disk: Path | None = None) -> None:
    """Lose what the pools have not written, and end all containers of the instance.

    Args:
        instance: the instance, whose server must not run.
        disk: where the file system is mounted that holds the pools' images, if that loses power.
    """
    pools = instance.services.deps.infrastructure.pools
    made = [pools.of(team) for team in instance.settings.teams]
    folders, images = [pool.folder for pool in made], [pool.image.file for pool in made]
    for lost in folders if disk is None else [disk]:
        subprocess.run(["xfs_io", "-x", "-c", "shutdown", str(lost)], check=True)
    folders += [] if disk is None else [disk]

    def unmounted() -> bool:
        listed = run_docker("ps", "--quiet", "--filter", f"name={instance.name}-").stdout.split()
        if listed:
            run_docker("kill", *listed)
        for folder in folders:
            subprocess.run(["umount", str(folder)], check=False, capture_output=True)
        # The kernel may detach the loop device some time after umount returns.
        return not any(map(device_at, folders)) and not any(map(attached, images))

    eventually(unmounted, SECONDS, lambda: "\n".join(map(users_of, folders)))


def recover(instance: Instance) -> None:
    """Do what a server does after its start."""
    deps = instance.services.deps
    deps.infrastructure.ensure()
    deps.infrastructure.wake("blue")
    deps.infrastructure.databases.servers["blue"].tidy()
    look(instance, frozenset())


def look(instance: Instance, broken: AbstractSet[str]) -> None:
    """Reconcile once, without the teams whose PostgreSQL is broken."""
    deps, containers = instance.services.deps, instance.services.deps.engine.containers
    Reconciler(
        instance.services.recoverables, deps.work, deps.store.audit, containers, deps.naming
    ).reconcile(revive=frozenset(), broken=broken)


def attached(image: Path) -> bool:
    """Whether a loop device shows an image."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"],
        check=True,
        capture_output=True,
        text=True,
    )
    return str(image) in listed.stdout


def users_of(folder: Path) -> str:
    """The processes whose open files, working folder or mounts lie in a folder."""
    told = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            files = [str(link.readlink()) for link in (process / "fd").iterdir()]
            mounts = (process / "mountinfo").read_text().splitlines()
            found = [used for used in (*files, *mounts) if str(folder) in used]
            if found:
                told.append(f"{(process / 'comm').read_text().strip()}: {found[0]}")
    return "\n".join(told)
