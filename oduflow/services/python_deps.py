"""A repository's own `requirements.txt`, installed by a throw-away container.

Only this step has a way out to the network. The result is a folder keyed by the image and the
file, shared by the team's environments and mounted read-only. Until it is whole it lies in the
environment's own folder, and is removed with it.
"""

import hashlib
import os
import shutil
from collections.abc import Callable

from oduflow.adapters.odoo.addons import read_regular
from oduflow.domain.container import Attachment, ContainerSpec, ImageFacts, Limits, Mount
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.services.deps import Deps
from oduflow.services.secret_files import make_folder, write_private, writing

PLACES = ("requirements.txt", ".oduflow/requirements.txt")
MAX_REQUIREMENTS_BYTES = 64 << 10
PIP_SECONDS = 600.0
TARGET = "/deps"
REQUIREMENTS = "/requirements.txt"
WHEELS = "/wheels"
LAST_LINES = 30
RETRIES = 3  # pip's own five keep a create waiting for long where no index answers


def ensure(
    deps: Deps,
    plan: EnvironmentPlan,
    image: ImageFacts,
    limits: Limits,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> str:
    """Install the checkout's requirements unless the same were installed before.

    Returns:
        The folder's key below the team's `python` folder; empty when there is nothing to install.

    Raises:
        UpstreamFailed: pip failed; `output` holds its last 30 lines.
    """
    text = _requirements(plan)
    if not text:
        return ""
    key = hashlib.sha256(f"{image.id}\n{text}".encode()).hexdigest()[:24]
    root = make_folder(plan.naming.team_folder(plan.team) / "python")
    final = root / key
    if final.is_dir():
        return key
    with deps.locks.acquire(f"python/{plan.team}/{key}", "pip", wait=PIP_SECONDS):
        if final.is_dir():
            return key
        work = plan.folder / "python"
        with writing():
            shutil.rmtree(work, ignore_errors=True)
            make_folder(work / "deps")
            os.chown(work / "deps", image.uid, image.gid)
        write_private(work / "requirements.txt", text, uid=image.uid, gid=image.gid)
        _run_pip(deps, plan, image, limits, on_line, cancelled)
        with writing():
            (work / "deps").rename(final)
    return key


def _requirements(plan: EnvironmentPlan) -> str:
    for place in PLACES:
        folder, _, _ = place.rpartition("/")
        if folder and (plan.checkout / folder).is_symlink():
            continue
        text = read_regular(plan.checkout / place, MAX_REQUIREMENTS_BYTES)
        if text and text.strip():
            return text
    return ""


def _run_pip(
    deps: Deps,
    plan: EnvironmentPlan,
    image: ImageFacts,
    limits: Limits,
    on_line: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> None:
    work = plan.folder / "python"
    options, mounts = _index(deps)
    spec = ContainerSpec(
        name=plan.once,
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
        environment={"HOME": "/tmp", "PIP_BREAK_SYSTEM_PACKAGES": "1"},  # noqa: S108 - the container's
        mounts=(
            Mount("bind", TARGET, str(work / "deps"), read_only=False),
            Mount("bind", REQUIREMENTS, str(work / "requirements.txt")),
            *mounts,
        ),
        networks=(Attachment(plan.naming.build_network),),
        limits=limits,
    )
    deps.containers.remove(spec.name)
    result = deps.containers.run_once(
        spec, timeout=PIP_SECONDS, on_line=on_line, cancelled=cancelled
    )
    if result.exit_code != 0:
        raise UpstreamFailed(
            "pip could not install the repository's requirements.txt.",
            "Only wheels are installed; pin versions that have one, or leave the line out.",
            output="\n".join(result.output.splitlines()[-LAST_LINES:]),
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
    return tuple(options), tuple(mounts)
