"""Install a repository's `requirements.txt` with pip in a one-off container.

Only this step may reach other networks. The result is a folder keyed by the image and the file's
lines, shared by the team's environments and mounted read-only. Until it is complete it lies in the
environment's folder, and is removed with that.
"""

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from oduflow.domain.container import Attachment, ContainerLimits, ContainerSpec, ImageFacts, Mount
from oduflow.domain.environment import EnvironmentState
from oduflow.domain.errors import Busy, QuotaReached, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.requirements import parse_requirements
from oduflow.files.disk_quota import DiskQuota
from oduflow.files.private import make_folder, write_private, writing
from oduflow.files.regular import read_regular
from oduflow.kernel.locks import LockKey
from oduflow.services.deps import Deps

PLACES = ("requirements.txt", ".oduflow/requirements.txt")
MAX_REQUIREMENTS_BYTES = 64 << 10
PIP_SECONDS = 600.0
TARGET = "/deps"
REQUIREMENTS = "/requirements.txt"
WHEELS = "/wheels"
SCRATCH = "/scratch"
LAST_LINES = 30
MAX_BYTES = 1 << 30
_REMOVED = ".gone-"
RETRIES = 3  # pip's default of five takes long when no index answers


def ensure(
    deps: Deps,
    plan: EnvironmentPlan,
    image: ImageFacts,
    limits: ContainerLimits,
    monitor: ProgressMonitor,
    extra: tuple[Path, ...] = (),
) -> str:
    """Install the requirements of the checkout and the extra repos, unless they are installed.

    Returns:
        The folder's key below the team's `python` folder; empty when there is nothing to install.

    Raises:
        Invalid: the file contains anything but names and versions.
        QuotaReached: the unpacked packages take more than 1 GiB.
        UpstreamFailed: pip failed; `output` holds its last 30 lines.
    """
    lines = dict.fromkeys(
        line
        for checkout in (plan.checkout, *extra)
        for line in parse_requirements(_requirements(checkout))
    )
    text = "\n".join(lines)
    if not text:
        return ""
    key = hashlib.sha256(f"{image.id}\n{text}".encode()).hexdigest()[:24]
    root = make_folder(plan.naming.team_folder(plan.team) / "python")
    final = root / key
    # Taken even when the folder exists: `prune` may be removing it.
    with deps.work.locks.acquire(LockKey.python_packages(plan.team, key), "pip", wait=PIP_SECONDS):
        if final.is_dir():
            return key
        work = plan.folder / "python"
        with writing():
            shutil.rmtree(work, ignore_errors=True)
            for folder in ("deps", "scratch"):
                os.chown(make_folder(work / folder), image.uid, image.gid)
        write_private(work / "requirements.txt", text, uid=image.uid, gid=image.gid)
        _run_pip(deps, plan, image, limits, monitor)
        with writing():
            (work / "deps").rename(final)
            shutil.rmtree(work)
    return key


def prune(deps: Deps, team: str) -> None:
    """Remove installed requirements that none of the team's environments uses."""
    root = deps.naming.team_folder(team) / "python"
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name.startswith(_REMOVED):
            shutil.rmtree(folder, ignore_errors=True)
        elif not _used(deps, team, folder.name):
            with (
                suppress(Busy),
                deps.work.locks.acquire(LockKey.python_packages(team, folder.name), "prune"),
            ):
                # Checked again under the lock: a creation writes its row before it takes the lock.
                if not _used(deps, team, folder.name):
                    # Renamed first: after a kill, a half-removed folder must not look complete.
                    gone = folder.rename(root / f"{_REMOVED}{folder.name}")
                    shutil.rmtree(gone)


def _used(deps: Deps, team: str, key: str) -> bool:
    return any(
        row.python_deps == key
        or (
            row.state is EnvironmentState.CREATING and not row.python_deps
        )  # may use this folder later
        for row in deps.store.environments.list(team)
    )


def _requirements(checkout: Path) -> str:
    for place in PLACES:
        folder, _, _ = place.rpartition("/")
        if folder and (checkout / folder).is_symlink():
            continue
        text = read_regular(checkout / place, MAX_REQUIREMENTS_BYTES)
        if text and text.strip():
            return text
    return ""


def _run_pip(
    deps: Deps,
    plan: EnvironmentPlan,
    image: ImageFacts,
    limits: ContainerLimits,
    monitor: ProgressMonitor,
) -> None:
    work = plan.folder / "python"
    options, mounts = _index(deps)
    spec = ContainerSpec(
        name=plan.one_off,
        image=image.id,
        labels=plan.naming.labels("once", id=plan.id, team=plan.team, name=plan.name),
        entrypoint=("python3", "-m", "pip"),
        command=(
            *("install", "--no-input", "--no-cache-dir", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--no-warn-script-location", f"--retries={RETRIES}"),
            *options,
            *("--target", TARGET, "--requirement", REQUIREMENTS),
        ),
        user=f"{image.uid}:{image.gid}",
        # pip unpacks below TMPDIR, which the disk quota has to include.
        environment={"HOME": SCRATCH, "TMPDIR": SCRATCH, "PIP_BREAK_SYSTEM_PACKAGES": "1"},
        mounts=(
            Mount("bind", TARGET, str(work / "deps"), read_only=False),
            Mount("bind", SCRATCH, str(work / "scratch"), read_only=False),
            Mount("bind", REQUIREMENTS, str(work / "requirements.txt")),
            *mounts,
        ),
        networks=(Attachment(plan.naming.build_network),),
        limits=limits,
    )
    deps.engine.containers.remove(spec.name)
    quota = DiskQuota((work,), MAX_BYTES, _too_large)

    def cancelled() -> bool:
        with writing():
            quota.check()
        return monitor.cancelled()

    result = deps.engine.containers.run_one_off(
        spec, timeout=PIP_SECONDS, monitor=replace(monitor, cancelled=cancelled)
    )
    with writing():
        quota.check(at_once=True)
    if result.exit_code != 0:
        raise UpstreamFailed(
            "pip could not install the repository's requirements.txt.",
            "Only wheels are installed; pin versions that have one, or leave the line out.",
            output="\n".join(result.output.splitlines()[-LAST_LINES:]),
            whole=result.output,
        )


def _too_large() -> QuotaReached:
    return QuotaReached(
        f"The repository's Python requirements take more than {MAX_BYTES >> 30} GiB.",
        "Leave packages out of requirements.txt, or bake them into the image.",
    )


def _index(deps: Deps) -> tuple[tuple[str, ...], tuple[Mount, ...]]:
    images = deps.settings.images
    options: list[str] = []
    mounts: list[Mount] = []
    if images.pip_index_url:
        options += ["--index-url", images.pip_index_url]
    if images.pip_find_links.startswith("/"):
        options += ["--find-links", WHEELS]
        mounts.append(Mount("bind", WHEELS, images.pip_find_links))
    elif images.pip_find_links:
        options += ["--find-links", images.pip_find_links]
    for url in (images.pip_index_url, images.pip_find_links):
        if url.startswith("http:"):  # the operator configured it; pip would ignore an http index
            options += ["--trusted-host", urlsplit(url).netloc]
    return tuple(options), tuple(mounts)
