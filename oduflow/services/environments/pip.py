"""Install Python packages with pip in one-off containers of Odoo's image."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

from oduflow.adapters.docker.containers import Containers
from oduflow.domain.container import (
    Attachment,
    ContainerLimits,
    ContainerSpec,
    ImageFacts,
    Mount,
    RunResult,
)
from oduflow.domain.errors import QuotaReached, UpstreamFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.domain.requirements.image import (
    ImagePython,
    Package,
    constraints,
    metadata_files,
    missing,
)
from oduflow.domain.requirements.pip_output import PipOutput
from oduflow.files.disk_quota import DiskQuota
from oduflow.files.private import make_folder, writing
from oduflow.net.authorities import authorities
from oduflow.services.environments.requirement_files import RequirementsFile
from oduflow.services.temporary import temporary_mounts
from oduflow.settings import NO_INDEX, Settings

PIP_SECONDS = 600.0
LIST_SECONDS = 60.0
TARGET = "/deps"
ADDONS = "odoo-addons"  # no module can have this name
SCRATCH = "/scratch"
INPUTS = "/inputs"
WHEELS = "/wheels"
REQUIREMENTS, CONSTRAINTS, AUTHORITIES = "requirements.txt", "constraints.txt", "authorities.pem"
IMAGE = "image"
LAST_LINES = 30
MAX_BYTES = 1 << 30
RETRIES = 3  # pip's default of five takes long when no index answers


@dataclass(frozen=True, slots=True)
class PipInstall:
    """Installs the requirements of one environment into a folder below its own.

    Attributes:
        work: the folder of everything that is installed, built or read.
    """

    settings: Settings
    containers: Containers
    plan: EnvironmentPlan
    image: ImageFacts
    limits: ContainerLimits
    monitor: ProgressMonitor
    work: Path

    def install(self, files: tuple[RequirementsFile, ...]) -> Path:
        """Install each file by itself, and return the folder of all packages.

        Raises:
            Conflict: an installed package has another version than a file asks for.
            QuotaReached: the packages take more than 1 GiB.
            UpstreamFailed: pip failed; `output` holds its last 30 lines.
        """
        for name in ("deps", "scratch", "inputs"):
            self._own(make_folder(self.work / name))
        python = self._image_python()
        self._write_image(python)
        installed = dict(python.packages)
        for file in files:
            wanted = missing(file.requirements, installed, python.markers)
            if wanted:
                lines = (*file.options, *(each.for_pip() for each in wanted))
                self._write(REQUIREMENTS, "\n".join(lines))
                self._write(CONSTRAINTS, "\n".join(constraints(installed, file.constraints)))
                self._pip(file, python)
                installed = {**self._added(file.source), **installed}
        return self.work / "deps"

    def _image_python(self) -> ImagePython:
        """Ask the image's Python what it has; the list is no progress to show."""
        spec = replace(self._spec(), entrypoint=("python3", "-c", _script("list_python")))
        result = self._run(spec, LIST_SECONDS, ProgressMonitor(cancelled=self.monitor.cancelled))
        return ImagePython.parse(result.output, self.image.reference)

    def _write_image(self, python: ImagePython) -> None:
        self._own(make_folder(self.work / "inputs" / IMAGE))
        for folder, text in metadata_files(python.packages).items():
            self._own(make_folder(self.work / "inputs" / IMAGE / folder))
            self._write(f"{IMAGE}/{folder}/METADATA", text)
        bundle = authorities(self.settings.server.ca_bundle)
        self._write(AUTHORITIES, bundle.read_text("utf-8", "replace") if bundle else "")

    def _added(self, source: str) -> Mapping[str, Package]:
        """List what is in the target; the names of its folders tell."""
        with os.scandir(self.work / "deps") as entries:
            found = [_package(entry.name, source) for entry in entries]
        return {canonicalize_name(each.name): each for each in found if each is not None}

    def _pip(self, file: RequirementsFile, python: ImagePython) -> None:
        index, mounts = self._index()
        spec = self._spec()
        result = self._run(
            replace(
                spec,
                entrypoint=("python3", "-c", _script("run_pip"), TARGET, f"{TARGET}/{ADDONS}"),
                command=(
                    *("--no-input", "--no-cache-dir", "--disable-pip-version-check"),
                    # A build of its own each, so that no package builds with what the image has.
                    *("--prefer-binary", "--use-pep517", "--no-warn-script-location"),
                    *index,
                    *("--constraint", f"{INPUTS}/{CONSTRAINTS}"),
                    *("--requirement", f"{INPUTS}/{REQUIREMENTS}"),
                ),
                environment={
                    # pip unpacks below TMPDIR, which the disk quota has to include.
                    "HOME": SCRATCH,
                    "TMPDIR": SCRATCH,
                    "PIP_BREAK_SYSTEM_PACKAGES": "1",
                    # These reach the pip that fetches what a build needs, too.
                    "PIP_RETRIES": str(RETRIES),
                    "PYTHONPATH": f"{INPUTS}/{IMAGE}:{TARGET}",
                    **self._trusted(),
                },
                mounts=(
                    Mount("bind", TARGET, str(self.work / "deps"), read_only=False),
                    Mount("bind", SCRATCH, str(self.work / "scratch"), read_only=False),
                    Mount("bind", INPUTS, str(self.work / "inputs")),
                    *temporary_mounts(self.work / "scratch"),
                    *mounts,
                ),
                networks=(Attachment(self.plan.naming.build_network),),
            ),
            PIP_SECONDS,
            self.monitor,
        )
        if result.exit_code != 0:
            raise self._failure(file, python, result)

    def _failure(
        self, file: RequirementsFile, python: ImagePython, result: RunResult
    ) -> UpstreamFailed:
        output = PipOutput(
            result.output, self.image.reference, python.markers.get("python_version", "")
        )
        cause = output.cause()
        text = f": {cause.text}" if cause.text else ""
        hint = cause.hint
        if result.out_of_memory:
            text = f": it reached its limit of {self.limits.memory >> 20} MiB of memory"
            hint = "Ask for packages that have wheels, or raise memory_mb of the team."
        return UpstreamFailed(
            f"pip could not install {file.source}{text}.",
            hint,
            output="\n".join(result.output.splitlines()[-LAST_LINES:]),
            whole=result.output,
        )

    def _spec(self) -> ContainerSpec:
        return ContainerSpec(
            name=self.plan.one_off,
            image=self.image.id,
            labels=self.plan.naming.labels(
                "once", id=self.plan.id, team=self.plan.team, name=self.plan.name
            ),
            entrypoint=(),
            user=f"{self.image.uid}:{self.image.gid}",
            limits=self.limits,
        )

    def _run(self, spec: ContainerSpec, seconds: float, monitor: ProgressMonitor) -> RunResult:
        self.containers.remove(spec.name)
        quota = DiskQuota((self.work,), MAX_BYTES, _too_large)

        def cancelled() -> bool:
            with writing():
                quota.check()
            return monitor.cancelled()

        watched = replace(monitor, cancelled=cancelled)
        result = self.containers.run_one_off(spec, timeout=seconds, monitor=watched)
        with writing():
            quota.check(at_once=True)
        return result

    def _index(self) -> tuple[tuple[str, ...], tuple[Mount, ...]]:
        images = self.settings.images
        index = images.pip_index_url
        options = ["--no-index"] if index == NO_INDEX else ["--index-url", index] if index else []
        mounts: list[Mount] = []
        if images.pip_find_links.startswith("/"):
            options += ["--find-links", WHEELS]
            mounts.append(Mount("bind", WHEELS, images.pip_find_links))
        elif images.pip_find_links:
            options += ["--find-links", images.pip_find_links]
        for url in (index, images.pip_find_links):
            if url.startswith(
                "http:"
            ):  # the operator configured it; pip would ignore an http index
                options += ["--trusted-host", urlsplit(url).netloc]
        return tuple(options), tuple(mounts)

    def _trusted(self) -> dict[str, str]:
        if authorities(self.settings.server.ca_bundle) is None:
            return {}
        path = f"{INPUTS}/{AUTHORITIES}"
        return {"PIP_CERT": path, "SSL_CERT_FILE": path, "REQUESTS_CA_BUNDLE": path}

    def _write(self, name: str, text: str) -> None:
        path = self.work / "inputs" / name
        with writing():
            path.write_text(text, "utf-8")
            path.chmod(0o644)  # its folder is private to the container's user

    def _own(self, folder: Path) -> None:
        with writing():
            os.chown(folder, self.image.uid, self.image.gid)


def holds_addons(packages: Path) -> bool:
    """Whether an installation brought Odoo addons.

    A link in place of their folder is none: a package's build may have made it, and on this machine
    it could lead into the files of another team.
    """
    folder = packages / ADDONS
    return folder.is_dir() and not folder.is_symlink()


def _package(folder: str, source: str) -> Package | None:
    """Read the name of a folder with a package's metadata (PEP 427, and setuptools' eggs)."""
    match = re.fullmatch(r"([\w.]+)-([^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info", folder)
    return Package.of(match[1].replace("_", "-"), match[2], source) if match else None


def _too_large() -> QuotaReached:
    return QuotaReached(
        f"The repository's Python requirements take more than {MAX_BYTES >> 30} GiB.",
        "Leave packages out of requirements.txt, or bake them into the image.",
    )


def _script(name: str) -> str:
    return (resources.files("oduflow.adapters.odoo.inside") / f"{name}.py").read_text("utf-8")
