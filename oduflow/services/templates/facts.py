"""Record the size and the versions of a template whose row lacks them.

Older versions did not record them, and the labels of which a lost row is restored are written
before the contents. A sealed database is entered by no session: what its own modules say is not
read again.
"""

from oduflow.domain.plan import TemplatePlan
from oduflow.domain.template import SETTLED, Template
from oduflow.files.usage import size_on_disk
from oduflow.services.deps import Deps
from oduflow.services.images import repository_of
from oduflow.services.templates.backup_version import odoo_version


def lacks_facts(row: Template) -> bool:
    """Whether the row of a finished template has no size, or not the version of its server.

    That of an import is of the server that the backup is from, which is not here.
    """
    is_import = bool(row.source) and not row.commit
    return row.state in SETTLED and (row.size is None or not (row.postgres_version or is_import))


def record_facts(deps: Deps, row: Template) -> None:
    """Measure a template, and take its versions from the image and the server that it is on.

    Raises:
        Failure: its database is gone, or the team's PostgreSQL does not answer.
    """
    plan = TemplatePlan.of(deps.naming, row)
    cluster, root = deps.postgres.cluster(row.team), deps.engine.volumes.mountpoint(plan.volume)
    is_import = bool(row.source) and not row.commit
    size = cluster.database_size(plan.database)
    deps.store.templates.update(
        row.id,
        size=size + size_on_disk(root / "filestore" / plan.database),
        odoo_version=row.odoo_version or odoo_version(_tag_of(row.odoo_image)),
        postgres_version=row.postgres_version or ("" if is_import else cluster.server_version()),
    )


def _tag_of(image: str) -> str:
    return image.partition("@")[0].removeprefix(repository_of(image))[1:]
