"""A power cut: what a file system has not written is lost, and the processes that use it."""

import contextlib
import subprocess
from pathlib import Path

from tests.support.instances import Instance
from tests.support.server import eventually
from tests.support.variants import run_docker

SECONDS = 60


def cut_power(instance: Instance, disk: Path | None = None) -> None:
    """Lose what the pool has not written, and end all containers of the instance.

    Args:
        instance: the instance, whose server must not run.
        disk: where the file system is mounted that holds the pool's image, if that loses power.
    """
    pool = instance.services.deps.infrastructure.pool
    subprocess.run(["xfs_io", "-x", "-c", "shutdown", str(disk or pool.folder)], check=True)
    folders = [pool.folder] if disk is None else [pool.folder, disk]

    def unmounted() -> bool:
        listed = run_docker("ps", "--quiet", "--filter", f"name={instance.name}-").stdout.split()
        if listed:
            run_docker("kill", *listed)
        for folder in folders:
            subprocess.run(["umount", str(folder)], check=False, capture_output=True)
        # The kernel may detach the loop device some time after umount returns.
        return not any(map(is_mounted, folders)) and not attached(pool.image.file)

    eventually(unmounted, SECONDS, lambda: "\n".join(map(users_of, folders)))


def is_mounted(folder: Path) -> bool:
    """Whether a folder is a mount; one below a file system that lost power cannot be looked at."""
    return f" {folder} " in Path("/proc/self/mounts").read_text("utf-8")


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
