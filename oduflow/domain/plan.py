"""Every name, label and folder of an environment, template or extra repo, computed from its row.

They follow from id, team and name alone, so that a row is enough to finish or undo a creation.
Containers have readable names. Databases, roles and volumes have opaque ids, because every database
role can list them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Generic, Self, TypeVar

from oduflow.domain.clock import rfc3339
from oduflow.domain.environment import Environment
from oduflow.domain.extra_repo import ExtraRepo, Pin, pins_text
from oduflow.domain.template import Template

Row = TypeVar("Row", Environment, Template, ExtraRepo)

ODOO_PORT = 8069
POSTGRES_PORT = 5432
READING_COPIES = ("before", "after")  # how the names of copies end that a comparison reads
TESTS = "tests"  # how the name of the clone ends that tests run on
COPIES = (*READING_COPIES, TESTS)
DATABASE_HOST_OFFSET = 2  # the database is the second address of every team's subnet


def database_address(subnet: IPv4Network) -> IPv4Address:
    """Return the fixed address of a team's PostgreSQL in the team's subnet."""
    return subnet.network_address + DATABASE_HOST_OFFSET


def environment_of(database: str) -> str:
    """Return the id of the environment or template that a database or one of its copies is of."""
    id_ = database.partition("_")[2]
    return next((id_.removesuffix(end) for side in COPIES if id_.endswith(end := f"_{side}")), id_)


@dataclass(frozen=True, slots=True)
class Naming:
    """The names of everything that one instance makes.

    Attributes:
        instance: prefix of every Docker name and label.
        data_dir: the server's own folder, 0700.
    """

    instance: str
    data_dir: Path

    @property
    def network(self) -> str:
        """The network of the proxy."""
        return f"{self.instance}-net"

    @property
    def build_network(self) -> str:
        """The network of pip's one-off containers, the only one with internet access."""
        return f"{self.instance}-build"

    def database(self, team: str) -> str:
        """The container of one team's PostgreSQL."""
        return f"{self.instance}-db-{team}"

    def database_volume(self, team: str) -> str:
        """The data of one team's PostgreSQL."""
        return f"{self.instance}-db-{team}"

    def team_network(self, team: str) -> str:
        """The network of one team's environments."""
        return f"{self.instance}-team-{team}"

    def team_folder(self, team: str) -> Path:
        """The folder of one team."""
        return self.data_dir / f"team_{team}"

    def extra_repos_folder(self, team: str) -> Path:
        """The extra repos of one team, a folder each."""
        return self.team_folder(team) / "extra"

    def uploads_folder(self, team: str) -> Path:
        """The files that clients of one team send, one for each upload."""
        return self.team_folder(team) / "uploads"

    @property
    def scratch(self) -> Path:
        """Short-lived folders, named `<process id>-…`; those of dead processes are removed."""
        return self.data_dir / "scratch"

    def postgres_folder(self, team: str) -> Path:
        """The password, access rules and socket of one team's PostgreSQL."""
        return self.data_dir / "postgres" / team

    def labels(self, kind: str, **more: str) -> dict[str, str]:
        """Return the labels that mark a Docker object as the instance's."""
        return {f"{self.instance}.{key}": value for key, value in {"kind": kind, **more}.items()}

    def own_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return our labels among others, by the keys that `labels` was given."""
        prefix = self.label("")
        return {
            key.removeprefix(prefix): value
            for key, value in labels.items()
            if key.startswith(prefix)
        }

    def label(self, key: str) -> str:
        """Return the full name of a label."""
        return f"{self.instance}.{key}"


@dataclass(frozen=True, slots=True)
class _Plan(Generic[Row]):
    """The parts of a row that every name follows from."""

    naming: Naming
    id: str
    team: str
    name: str

    @classmethod
    def of(cls, naming: Naming, row: Row) -> Self:
        """Return the plan of a row."""
        return cls(naming, row.id, row.team, row.name)


class EnvironmentPlan(_Plan[Environment]):
    """The names of everything that one environment consists of."""

    @property
    def container(self) -> str:
        """Odoo's container; team and name are separated by a dot, which neither may hold."""
        return f"{self.naming.instance}-env-{self.team}.{self.name}"

    @property
    def warm_container(self) -> str:
        """The container of a warm slot, until an environment claims it."""
        return f"{self.naming.instance}-warm-{self.id}"

    @property
    def one_off(self) -> str:
        """The one-off container that installs Python packages, then modules."""
        return f"{self.container}.once"

    @property
    def volume(self) -> str:
        """`/var/lib/odoo`: sessions, and what is not in the filestore."""
        return f"{self.naming.instance}-env-{self.id}"

    @property
    def filestore(self) -> str:
        """The volume that is mounted at the filestore; its files are in `layers`."""
        return f"{self.volume}-filestore"

    @property
    def layers(self) -> str:
        """The volume with the filestore's generations and snapshots; no container mounts it."""
        return f"{self.volume}-layers"

    @property
    def database(self) -> str:
        """The database; its owner has the same name."""
        return f"env_{self.id}"

    def reading_copy(self, side: str) -> str:
        """Return the short-lived copy of a sealed database, to read it; its role has the name too.

        Args:
            side: one of `READING_COPIES`.
        """
        return f"{self.database}_{side}"

    @property
    def tests_container(self) -> str:
        """The throw-away container that tests run in."""
        return f"{self.container}.{TESTS}"

    @property
    def tests_database(self) -> str:
        """The clone of the database that tests run on; its owner has the same name."""
        return f"{self.database}_{TESTS}"

    @property
    def tests_filestore(self) -> str:
        """The volume that shows the clone's filestore."""
        return f"{self.volume}-{TESTS}"

    @property
    def tests_folder(self) -> Path:
        """What the tests' container reads: `odoo.conf`, and what to run."""
        return self.folder / TESTS

    @property
    def folder(self) -> Path:
        """Everything on disk, 0700."""
        return self.naming.team_folder(self.team) / "environments" / self.id

    @property
    def git_dir(self) -> Path:
        """Git's own data, outside every mount."""
        return self.folder / "git"

    @property
    def checkout(self) -> Path:
        """The work tree, mounted read-only, updated in place and never replaced."""
        return self.folder / "checkout"

    @property
    def links(self) -> Path:
        """Folders of links to modules, for folders that Odoo must not see whole."""
        return self.folder / "links"

    @property
    def report(self) -> Path:
        """What the checkouts hold, as it was read at the last creation or rebuild."""
        return self.folder / "report.json"

    @property
    def conf(self) -> Path:
        """`odoo.conf`, 0600, owned by Odoo's user."""
        return self.folder / "conf" / "odoo.conf"

    @property
    def branch_check(self) -> Path:
        """The last comparison of the commit with the branch on the git server."""
        return self.folder / "branch.json"

    @property
    def about(self) -> Path:
        """The labels of an environment that was a warm slot, whose container lacks them."""
        return self.folder / "about.json"

    @property
    def command_mark(self) -> Path:
        """The mark of the command that a caller runs in the container, while it runs."""
        return self.folder / "command"

    @property
    def browser(self) -> str:
        """The throw-away container of the browser that takes a screenshot."""
        return f"{self.container}.browser"

    @property
    def browser_mark(self) -> Path:
        """Exists while there may be a browser's container."""
        return self.folder / "browser"

    @property
    def python_start(self) -> Path:
        """The module that the environment's Python imports when it starts."""
        return self.folder / "conf" / "sitecustomize.py"

    @property
    def secrets(self) -> Path:
        """Machine-made secrets, one file each, 0600."""
        return self.folder / "secrets"

    def labels(self, row: Environment) -> dict[str, str]:
        """Label the container so that it can be adopted when the store is lost."""
        return self.naming.labels(
            "environment",
            id=row.id,
            team=row.team,
            name=row.name,
            repo_url=row.repo_url,
            branch=row.branch,
            commit=row.commit,
            template=row.template,
            template_id=row.template_id,
            odoo_image=row.odoo_image,
            modules=",".join(row.modules),
            addons=",".join(row.addons),
            python_deps=row.python_deps,
            extra_repos=pins_text(row.extra_repos),
            port=str(row.port or ""),
            uid="" if row.uid is None else str(row.uid),
            filestore=str(row.filestore),
            created_by=row.created_by,
            created_at=rfc3339(row.created_at),
        )


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """The names of everything that one snapshot consists of, from its id."""

    id: str

    @property
    def database(self) -> str:
        """The sealed copy of the environment's database."""
        return f"snap_{self.id}"

    @property
    def new_database(self) -> str:
        """The database that a rollback makes, whose state before this snapshot keeps."""
        return f"new_{self.id}"

    @property
    def generation(self) -> str:
        """The filestore's generation that such a rollback makes."""
        return f"gen-{self.id}"


class TemplatePlan(_Plan[Template]):
    """The names of everything that one template consists of."""

    @classmethod
    def beneath(cls, naming: Naming, row: Environment) -> Self:
        """Plan the template that an environment was cloned from."""
        return cls(naming, row.template_id, row.team, row.template)

    @property
    def one_off(self) -> str:
        """The one-off container that fills the database."""
        return f"{self.naming.instance}-tpl-{self.team}.{self.name}"

    @property
    def volume(self) -> str:
        """The filestore."""
        return f"{self.naming.instance}-tpl-{self.id}"

    @property
    def database(self) -> str:
        """The database; the owner of its objects has the same name."""
        return f"tpl_{self.id}"

    @property
    def folder(self) -> Path:
        """The configuration while it is being made, 0700."""
        return self.naming.team_folder(self.team) / "templates" / self.id

    @property
    def conf(self) -> Path:
        """`odoo.conf` while it is being made."""
        return self.folder / "conf" / "odoo.conf"

    def labels(self, row: Template) -> dict[str, str]:
        """Label the volume so that the template can be adopted when the store is lost."""
        return self.naming.labels(
            "template",
            id=row.id,
            team=row.team,
            name=row.base_name,
            version=str(row.version),
            odoo_image=row.odoo_image,
            modules=",".join(row.modules),
            demo=str(row.demo),
            language=row.language,
            country=row.country,
            source=row.source,
            commit=row.commit,
            neutralised=str(row.neutralised is not None),
            odoo_version=row.odoo_version,
            postgres_version=row.postgres_version,
            created_by=row.created_by,
            created_at=rfc3339(row.created_at),
        )


class ExtraRepoPlan(_Plan[ExtraRepo]):
    """The folders of one extra repo."""

    @classmethod
    def pinned(cls, naming: Naming, team: str, pin: Pin) -> Self:
        """Plan the extra repo of a pin."""
        return cls(naming, pin.repo, team, pin.name)

    @property
    def folder(self) -> Path:
        """Everything on disk, 0700."""
        return self.naming.extra_repos_folder(self.team) / self.id

    @property
    def git_dir(self) -> Path:
        """The team's copy of the repository, outside every mount."""
        return self.folder / "git"

    @property
    def about(self) -> Path:
        """A copy of the row, to adopt the extra repo from when the store is lost."""
        return self.folder / "about.json"

    def checkout(self, commit: str) -> Path:
        """The checkout of a commit, mounted read-only into every environment pinned to it."""
        return self.folder / commit
