"""The clone that tests run on: database, filestore, configuration, and the container beside them.

Its names follow from the environment, so there is one at a time, and the environment's lock is for
it too. Each removal succeeds when the part does not exist.
"""

import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from oduflow.adapters.filestore.clone import remove_tree
from oduflow.adapters.filestore.layers import TESTS
from oduflow.adapters.filestore.overlay import copy_options, overlay_options
from oduflow.adapters.odoo.conf import OdooConf
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import ImageFacts
from oduflow.domain.environment import Environment
from oduflow.domain.errors import NotFound
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.filestore import layers_of, require_lower
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.temporary import empty_temporary

log = logging.getLogger(__name__)
ODOO_CONNECTIONS = 16
# Tests of Odoo sign in with it. The clone's Odoo can be reached from its own container only.
ADMIN_PASSWORD = "admin"  # noqa: S105


@dataclass(slots=True)
class TestClone:
    """The clone of one environment."""

    __test__ = False  # pytest collects classes of such names

    deps: Deps
    plan: EnvironmentPlan
    password: str = field(default_factory=lambda: secrets.token_urlsafe(32), init=False)

    def take_database(self, taken: SnapshotParts, call: Call) -> None:
        """Make a snapshot's database the clone's, with a role that has no other database.

        Its administrator gets the password that Odoo's tests expect.
        """
        name, cluster = self.plan.tests_database, taken.cluster
        cluster.create_role(name, self.password, connection_limit=ROLE_CONNECTIONS)
        cluster.adopt_snapshot(taken.own.database, name)
        cluster.hand_over(
            name,
            from_role=self.plan.database,
            to_role=name,
            password=self.password,
            cancelled=call.cancelled,
        )
        tenant = self.deps.postgres.tenant(self.plan.team, name, self.password)
        tenant.make_own(odoo_hash(ADMIN_PASSWORD), {})

    def take_filestore(self, taken: SnapshotParts) -> None:
        """Make a snapshot's files the clone's, above the same template's."""
        row, layers = taken.environment, taken.layers
        layers.adopt(TESTS, layers.files_of(taken.row.id), lasting=False)
        options = copy_options(layers, TESTS)
        if row.filestore is FilestoreKind.OVERLAY:
            lower = require_lower(self.deps.engine.volumes, self.plan, row)
            options = overlay_options(lower, layers, TESTS)
        labels = self.plan.naming.labels("environment", id=row.id, team=row.team)
        self.deps.engine.volumes.ensure(self.plan.tests_filestore, labels=labels, options=options)

    def write_files(self, row: Environment, image: ImageFacts, request: str) -> None:
        """Write the configuration and what to run, readable for Odoo's user alone."""
        name, folder = self.plan.tests_database, make_folder(self.plan.tests_folder)
        conf = OdooConf(
            admin_passwd=odoo_hash(secrets.token_urlsafe(32)),
            db_host=self.deps.infrastructure.database_address(row.team),
            db_name=name,
            db_user=name,
            db_password=self.password,
            db_maxconn=ODOO_CONNECTIONS,
            addons_path=row.addons,
        )
        files = {self.plan.conf.name: conf.render(), "tests.json": request}
        for file, text in files.items():
            write_private(folder / file, text, uid=image.uid, gid=image.gid)
        empty_temporary(folder / "tmp", image)

    def remove(self) -> None:
        """Remove every part, the container first: it uses the others."""
        self.remove_container()
        self.remove_files()
        self.remove_filestore()
        self.remove_database()

    def remove_container(self) -> None:
        """Remove the container, with what runs in it."""
        self.deps.engine.containers.remove(self.plan.tests_container)

    def remove_files(self) -> None:
        """Remove temporary files and the configuration, which has the database's password."""
        remove_tree(self.plan.tests_folder)

    def remove_filestore(self) -> None:
        """Remove the volume that shows the files, then the files."""
        self.deps.engine.volumes.remove(self.plan.tests_filestore)
        with suppress(NotFound):  # the environment's own volume is gone
            layers_of(self.deps.engine.volumes, self.plan).remove(TESTS)

    def remove_database(self) -> None:
        """Drop the database and its role."""
        self.deps.postgres.cluster(self.plan.team).drop_tenant(self.plan.tests_database)
