"""What a warm slot is made with: the container of a future environment.

A slot fits a creation whose container would be made in the same way. Both sides compute the digest
of the same specification, so that a changed limit, image, address or version of the product makes
a slot unfit by itself.
"""

import hashlib
from dataclasses import dataclass, replace

from oduflow.adapters.odoo import commands
from oduflow.domain.container import ContainerSpec, ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.plan import CONTAINER, EnvironmentPlan
from oduflow.services.deps import Deps
from oduflow.services.environments.serving import specification, start_text

_ANY = "slot"  # in place of the id and the name, which differ between slots


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a slot is made from.

    Attributes:
        row: an environment like those that may claim the slot.
        image: Odoo's image, with the user that it runs as.
    """

    row: Environment
    image: ImageFacts

    def digest(self, deps: Deps) -> str:
        """Return the digest of everything that cannot be changed once the slot is made.

        The container has only the last part of the repository's address, the checkout all of it.
        """
        spec = self.specification(deps, _ANY, 0, FilestoreKind.OVERLAY)
        text = repr((self.row.template_id, self.row.repo_url, start_text(0), spec))
        return hashlib.sha256(text.encode()).hexdigest()

    def stand_in(self, id_: str, port: int, filestore: FilestoreKind) -> Environment:
        """Return the slot as an environment; it is never stored."""
        return replace(
            self.row,
            id=id_,
            name=_ANY,
            port=port,
            filestore=filestore,
            addons=(),
            python_deps="",
            extra_repos=(),
            modules=(),
        )

    def specification(
        self, deps: Deps, id_: str, port: int, filestore: FilestoreKind
    ) -> ContainerSpec:
        """Return the container of a slot: an environment's, but what it runs first."""
        row = self.stand_in(id_, port, filestore)
        plan = EnvironmentPlan.of(deps.naming, row)
        launch = commands.launch()
        spec = specification(deps.settings, plan, row, self.image, deps.limits(row.team))
        return replace(
            spec,
            name=plan.warm_container,
            hostname=id_,
            entrypoint=launch.entrypoint,
            command=launch.arguments,
            labels=deps.naming.labels(
                "environment", id=id_, team=row.team, port=str(port), warm="true", made=CONTAINER
            ),
        )
