"""Find and read the manifests of one checkout, up to a limit."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oduflow.adapters.odoo.addons.manifest import Manifest, ManifestRefused, read_manifest
from oduflow.adapters.odoo.addons.paths import real_path
from oduflow.domain.addons import OdooRules
from oduflow.domain.errors import Invalid
from oduflow.files.regular import read_bytes

MAX_MANIFEST_BYTES = 64 << 10
MAX_MANIFESTS_BYTES = 8 << 20  # of one checkout, three times those of Odoo and its enterprise
MAX_MODULES = 2_000


@dataclass(slots=True)
class Manifests:
    """Reads the manifests of a checkout, up to a limit: parsing one blocks every thread."""

    checkout: Path
    rules: OdooRules
    on_folder: Callable[[], None]
    left: int = MAX_MANIFESTS_BYTES
    modules: int = 0

    def find(self, folder: PurePosixPath) -> PurePosixPath | None:
        """Return the path of a folder's manifest as Odoo would open it; None if there is none."""
        self.on_folder()
        for name in self.rules.manifests:
            real = real_path(self.checkout, folder / name)
            if real is not None and (self.checkout / real).is_file():
                return real
        return None

    def leads_out(self, folder: PurePosixPath) -> bool:
        """Whether a folder's manifest is a link out of the checkout, to a file of the container."""
        return any(
            (self.checkout / folder / name).is_symlink()
            and real_path(self.checkout, folder / name) is None
            for name in self.rules.manifests
        )

    def read(self, file: PurePosixPath) -> Manifest:
        """Read a manifest that `find` found.

        Raises:
            Invalid: the checkout has too many modules, or too long manifests.
            ManifestRefused: Odoo ignores the module, or fails on it.
        """
        content = read_bytes(self.checkout / file, MAX_MANIFEST_BYTES)
        if content is None:
            raise ManifestRefused(
                f"It is longer than {MAX_MANIFEST_BYTES >> 10} KiB.", "Shorten it."
            )
        self.left -= len(content)
        if self.left < 0:
            raise Invalid(
                f"The repository's manifests hold more than {MAX_MANIFESTS_BYTES >> 20} MiB.",
                "Shorten them, or split the repository.",
            )
        found = read_manifest(content, self.rules)
        self.modules += 1
        if self.modules > MAX_MODULES:
            raise Invalid(
                f"The repository holds more than {MAX_MODULES} modules.", "Split the repository."
            )
        return found
