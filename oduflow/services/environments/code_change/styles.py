"""Prove that the serving Odoo makes the bundles whose files changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oduflow.domain.changes.facts import MANIFESTS
from oduflow.domain.changes.plan import ApplyPlan
from oduflow.domain.environment import Environment
from oduflow.domain.errors import OdooFailed
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.readiness import WebPage
from oduflow.files.regular import read_regular
from oduflow.services.deps import Deps
from oduflow.services.environments.code_change.bundles import (
    bundles_of,
    missing_scripts,
    style_errors,
)
from oduflow.services.environments.wait import address_of

MAX_BYTES = 1 << 20  # of a manifest


@dataclass(slots=True)
class StyleCheck:
    """The bundles of one change.

    Attributes:
        row: the environment.
        folders: the folders of the modules, with their names.
        before: what was wrong with bundles before.
    """

    deps: Deps
    row: Environment
    folders: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)

    def look(self, plan: ApplyPlan) -> None:
        """See what is wrong already."""
        self.before = style_errors(self._get, self._bundles(plan))

    def proven(self, plan: ApplyPlan) -> str:
        """Request the bundles; return what was done.

        Raises:
            OdooFailed: a style cannot be compiled, or a bundle cannot be made.
        """
        bundles = self._bundles(plan)
        for name, text in style_errors(self._get, bundles).items():
            if self.before.get(name) != text:
                raise OdooFailed(f"The styles of {name} cannot be compiled: {text}")
        for name in missing_scripts(self._get, bundles):
            raise OdooFailed(f"Odoo cannot make the scripts of {name}.")
        return f"rebuilt the bundles of {', '.join(plan.assets)}"

    def _get(self, path: str) -> WebPage | None:
        names = EnvironmentPlan.of(self.deps.naming, self.row)
        address = address_of(self.deps.engine.containers.facts(names.container), names)
        return self.deps.readiness.page(address, path) if address else None

    def _bundles(self, plan: ApplyPlan) -> tuple[str, ...]:
        """Return the bundles that the manifests of the changed modules name."""
        checkout = EnvironmentPlan.of(self.deps.naming, self.row).checkout
        changed = [folder for folder, name in self.folders.items() if name in plan.assets]
        texts = (
            read_regular(checkout / folder / name, MAX_BYTES) or ""
            for folder in changed
            for name in MANIFESTS
        )
        return bundles_of(text.encode() for text in texts if text)
