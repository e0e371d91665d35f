"""Decide every name, label, folder and route, purely, from an id, a team and a name.

What is made for an environment or a template follows from its row alone, so that a row is enough
to finish or undo whatever was begun. Containers carry readable names; databases, roles and
volumes carry opaque ids, because every database role can list them.
"""

from dataclasses import dataclass
from pathlib import Path

from oduflow.domain.clock import rfc3339
from oduflow.domain.environment import Environment
from oduflow.domain.extra_repo import ExtraRepo, Pin, pins_text
from oduflow.domain.template import Template

ODOO_PORT = 8069
POSTGRES_PORT = 5432
DATABASE_HOST_OFFSET = 2  # the database is the second address of every team's subnet


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of everything one instance makes.

    Attributes:
        instance: prefix of every Docker name and label.
        data_dir: the server's own folder, 0700.
    """

    instance: str
    data_dir: Path

    @property
    def network(self) -> str:
        """The network of the database, later of Traefik."""
        return f"{self.instance}-net"

    @property
    def build_network(self) -> str:
        """The network of pip's throw-away containers, the only one with a way out."""
        return f"{self.instance}-build"

    @property
    def database(self) -> str:
        """PostgreSQL's container."""
        return f"{self.instance}-db"

    @property
    def database_volume(self) -> str:
        """PostgreSQL's data."""
        return f"{self.instance}-db"

    def team_network(self, team: str) -> str:
        """The network of one team's environments."""
        return f"{self.instance}-team-{team}"

    def team_folder(self, team: str) -> Path:
        """What one team owns on disk."""
        return self.data_dir / f"team_{team}"

    def extra_repos_folder(self, team: str) -> Path:
        """The extra repos of one team, a folder each."""
        return self.team_folder(team) / "extra"

    def postgres_folder(self) -> Path:
        """PostgreSQL's password, access rules and socket."""
        return self.data_dir / "postgres"

    def labels(self, kind: str, **more: str) -> dict[str, str]:
        """Label a Docker object as ours."""
        return {f"{self.instance}.{key}": value for key, value in {"kind": kind, **more}.items()}

    def label(self, key: str) -> str:
        """Name one label."""
        return f"{self.instance}.{key}"


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """Names of everything one environment is made of."""

    naming: Naming
    id: str
    team: str
    name: str

    @classmethod
    def of(cls, naming: Naming, row: Environment) -> "EnvironmentPlan":
        """Plan a row."""
        return cls(naming, row.id, row.team, row.name)

    @property
    def container(self) -> str:
        """Odoo's container; a dot parts team and name, since neither may hold one."""
        return f"{self.naming.instance}-env-{self.team}.{self.name}"

    @property
    def one_off(self) -> str:
        """The throw-away container that installs Python packages, then modules."""
        return f"{self.container}.once"

    @property
    def volume(self) -> str:
        """`/var/lib/odoo`: filestore and sessions."""
        return f"{self.naming.instance}-env-{self.id}"

    @property
    def database(self) -> str:
        """The database; its owner has the same name."""
        return f"env_{self.id}"

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
    def conf(self) -> Path:
        """`odoo.conf`, 0600, owned by Odoo's user."""
        return self.folder / "conf" / "odoo.conf"

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
            created_by=row.created_by,
            created_at=rfc3339(row.created_at),
        )


@dataclass(frozen=True, slots=True)
class TemplatePlan:
    """Names of everything one template is made of."""

    naming: Naming
    id: str
    team: str
    name: str

    @classmethod
    def of(cls, naming: Naming, row: Template) -> "TemplatePlan":
        """Plan a row."""
        return cls(naming, row.id, row.team, row.name)

    @property
    def one_off(self) -> str:
        """The throw-away container that fills the database."""
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
            name=row.name,
            odoo_image=row.odoo_image,
            modules=",".join(row.modules),
            created_by=row.created_by,
            created_at=rfc3339(row.created_at),
        )


@dataclass(frozen=True, slots=True)
class ExtraRepoPlan:
    """Names of everything one extra repo is made of; it is all on disk."""

    naming: Naming
    id: str
    team: str

    @classmethod
    def of(cls, naming: Naming, row: ExtraRepo) -> "ExtraRepoPlan":
        """Plan a row."""
        return cls(naming, row.id, row.team)

    @classmethod
    def pinned(cls, naming: Naming, team: str, pin: Pin) -> "ExtraRepoPlan":
        """Plan what an environment of the team is pinned to."""
        return cls(naming, pin.repo, team)

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
        """What the row says, to take the extra repo in when the store is lost."""
        return self.folder / "about.json"

    def checkout(self, commit: str) -> Path:
        """The one checkout of a commit, mounted read-only wherever it is pinned."""
        return self.folder / commit
