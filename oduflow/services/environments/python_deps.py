"""Install the requirements of repositories with pip, in one-off containers.

Only these may reach other networks. The result is a folder keyed by the image, its user (who alone
reads the folder) and the files' lines, shared by the team's environments and mounted read-only.
Until it is complete it lies in the environment's folder, and is removed with that. One that no
environment uses is removed with the next deletion of the team, or after an hour: a creation that
failed is often repeated.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

from oduflow.adapters.store import Environments
from oduflow.domain.container import ContainerLimits, ImageFacts
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy
from oduflow.domain.plan import EnvironmentPlan, Naming
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.private import make_folder, writing
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps
from oduflow.services.environments.container import PYTHON_TARGET
from oduflow.services.environments.pip import ADDONS, PipInstall, holds_addons
from oduflow.services.environments.requirement_files import RequirementsFile, read_requirements
from oduflow.settings import Settings

MAX_WAIT_SECONDS = 600.0
_LAYOUT = "2"  # of the folder; another one needs another key
_REMOVED = ".gone-"


def requirements_of(
    settings: Settings, plan: EnvironmentPlan, extra: Mapping[str, Path] = MappingProxyType({})
) -> tuple[RequirementsFile, ...]:
    """Return what the checkout and the extra repos ask for; none for those that ask for nothing.

    Raises:
        Invalid: a file cannot be read, or asks for more than packages.
    """
    owners = {"the repository's": plan.checkout}
    owners |= {f"extra repo {name}'s": folder for name, folder in extra.items()}
    index = settings.images.pip_index_url
    found = (read_requirements(folder, owner, index) for owner, folder in owners.items())
    return tuple(file for file in found if file is not None)


def key_of(image: ImageFacts, files: tuple[RequirementsFile, ...]) -> str:
    """Return the key of the folder with what files ask for; empty when they ask for nothing."""
    if not files:
        return ""
    text = json.dumps([_LAYOUT, image.id, image.uid, [file.lines() for file in files]])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def ensure(
    deps: Deps,
    plan: EnvironmentPlan,
    image: ImageFacts,
    limits: ContainerLimits,
    monitor: ProgressMonitor,
    extra: Mapping[str, Path] = MappingProxyType({}),
) -> str:
    """Install the requirements of the checkout and the extra repos, unless they are installed.

    Args:
        deps: the product's parts.
        plan: the environment's names.
        image: Odoo's image, whose packages are kept.
        limits: the limits of pip's containers.
        monitor: gets pip's lines.
        extra: the folders of the extra repos, by their names.

    Returns:
        The folder's key below the team's `python` folder; empty when there is nothing to install.

    Raises:
        Invalid: a file holds anything but packages.
        Conflict: a file asks for another version than the image or an earlier file has.
        QuotaReached: the unpacked packages take more than 1 GiB.
        UpstreamFailed: pip failed; `output` holds its last 30 lines.
    """
    files = requirements_of(deps.settings, plan, extra)
    key = key_of(image, files)
    if not key:
        return ""
    root = make_folder(plan.naming.team_folder(plan.team) / "python")
    final = root / key
    # Taken even when the folder exists: `prune` may be removing it.
    with deps.work.locks.acquire(
        LockKey.python_packages(plan.team, key), "pip", wait=MAX_WAIT_SECONDS
    ):
        if final.is_dir():
            return key
        work = plan.folder / "python"
        with writing():
            shutil.rmtree(work, ignore_errors=True)
        make_folder(work)
        with deps.work.pip_places.hold(plan.team, seconds=MAX_WAIT_SECONDS, monitor=monitor):
            pip = PipInstall(
                deps.settings, deps.engine.containers, plan, image, limits, monitor, work
            )
            packages = pip.install(files)
        with writing():
            packages.rename(final)
            shutil.rmtree(work)
    return key


def addons_folder(naming: Naming, team: str, key: str) -> tuple[str, ...]:
    """Return the folder of the installed addons in Odoo's container, if there are any."""
    found = bool(key) and holds_addons(naming.team_folder(team) / "python" / key)
    return (f"{PYTHON_TARGET}/{ADDONS}",) if found else ()


def prune(deps: Deps, team: str, *, age: float = 0.0) -> int:
    """Remove installed requirements that none of the team's environments uses; return how many.

    Args:
        deps: the product's parts.
        team: whose.
        age: seconds; younger ones stay.
    """
    root, removed = deps.naming.team_folder(team) / "python", 0
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name.startswith(_REMOVED):
            shutil.rmtree(folder, ignore_errors=True)
        elif _age(folder) >= age and not _used(deps.store.environments, team, folder.name):
            with (
                suppress(Busy),
                deps.work.locks.acquire(LockKey.python_packages(team, folder.name), "prune"),
            ):
                # Checked again under the lock: a creation writes its row before it takes the lock.
                if not _used(deps.store.environments, team, folder.name):
                    # Renamed first: after a kill, a half-removed folder must not look complete.
                    gone = folder.rename(root / f"{_REMOVED}{folder.name}")
                    shutil.rmtree(gone)
                    removed += 1
    return removed


def _age(folder: Path) -> float:
    """Return the seconds since the folder was filled; 0 if another process has removed it."""
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _used(environments: Environments, team: str, key: str) -> bool:
    return any(
        row.python_deps == key
        or (row.applying is not None and row.applying.python_deps == key)
        or (
            row.state is EnvironmentState.CREATING and not row.python_deps
        )  # may use this folder later
        for row in environments.list(team)
    )
