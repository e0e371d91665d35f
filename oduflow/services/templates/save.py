"""Make a template of what an environment is at this moment: `save_as_template`.

Its database is copied while Odoo is paused between two transactions, and becomes the template's
own. Its filestore is flattened: files are linked, which no container may write to, so nothing runs
on the template from then on. See ADR 36.
"""

import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path

from oduflow.adapters.filestore.clone import prepare_volume
from oduflow.adapters.filestore.flatten import flatten
from oduflow.adapters.postgres.cluster import Cluster
from oduflow.adapters.store import Templates
from oduflow.domain.clock import now
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.counting import counted
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Internal
from oduflow.domain.filestore import FilestoreKind
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.passwords import odoo_hash
from oduflow.domain.plan import EnvironmentPlan
from oduflow.domain.template import (
    BASE,
    SaveAsTemplate,
    Template,
    TemplateDefaults,
    TemplateState,
    TemplateView,
)
from oduflow.files.usage import size_of_copy, size_on_disk
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.filestore import is_beside_new, layers_of, require_lower
from oduflow.services.images import check_user, ensure_image, run_as
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import require_infrastructure, require_room, room_left
from oduflow.services.saga import RESERVE, Step
from oduflow.services.snapshots.create import (
    make_temporary_snapshot,
    remove_temporary_snapshot,
    require_layers,
)
from oduflow.services.snapshots.parts import SnapshotParts
from oduflow.services.templates.backup_version import odoo_version
from oduflow.services.templates.building import TemplateWork
from oduflow.services.templates.neutralise import neutralise_again, new_parameters
from oduflow.services.templates.versions import as_new_version, remove_unfinished
from oduflow.services.templates.view import template_view

OPERATION = "save_as_template"
_NEW_ADDRESS = {"web.base.url": "http://localhost:8069"}  # that of a new Odoo; it learns its own


def save_as_template(
    deps: Deps, call: Call, args: SaveAsTemplate, environment: Environment
) -> Outcome[TemplateView]:
    """Make a template of an environment's database and filestore of this moment.

    The caller holds the locks of both.

    Raises:
        Conflict: a template of that name exists, or the environment never served.
        Busy: the environment is never between two transactions.
        NotNeutralised: it is of production data, and reading back does not prove it harmless.
        Failure: nothing of the template is left; the failure suggests the call again.
    """
    with suggesting_retry(retry_of(OPERATION, args)):
        _refuse(environment)
        remove_unfinished(deps, environment.team, args.template)
        existing = deps.store.templates.get(environment.team, args.template)
        if existing is not None and not args.replace:
            raise Conflict(
                f"There is a template “{args.template}” already.",
                "Choose another name, or make a new version of it with replace.",
                Next.of("list_templates", "shows the existing ones"),
            )
        return _save(deps, call, args.template, environment)


def _refuse(environment: Environment) -> None:
    require_layers(environment)
    if not environment.served:
        raise Conflict(
            f"{environment.name} never served, so its database may be half installed.",
            "",
            Next.of("get_environment", "says why it failed", name=environment.name),
        )


def _save(deps: Deps, call: Call, template: str, environment: Environment) -> Outcome[TemplateView]:
    team = environment.team
    require_infrastructure(deps, team, lambda line: call.report("database", line))
    image = ensure_image(
        deps, team, environment.odoo_image, lambda line: call.report("image", line)
    )
    check_user(image)
    row = as_new_version(
        deps.store.templates, _new_row(deps.store.templates, call, template, environment)
    )
    row = replace(row, defaults=_defaults(row.defaults, environment))
    image = run_as(image, deps.engine.team_user(team))
    work = TemplateSave(deps, call, row, image, environment=environment)
    made = work.run("save", work.steps())
    return Outcome(
        template_view(deps.store, made),
        f"Template {made.name} is what {environment.name} was at that moment: "
        f"Odoo {made.odoo_version} with {counted(len(made.modules), 'module')}.",
        warnings=tuple(work.warnings),
        next=(Next.of("create_environment", "clones it", template=made.name),),
    )


def _new_row(templates: Templates, call: Call, template: str, environment: Environment) -> Template:
    origin = templates.by_id(environment.template_id)
    return Template(
        id=new_id(),
        team=environment.team,
        name=template,
        odoo_image=environment.odoo_image,
        modules=(),
        state=TemplateState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        demo=origin is not None and origin.demo,
        language="" if origin is None else origin.language,
        country="" if origin is None else origin.country,
        step=RESERVE,
        job=call.job,
        source=f"environment {environment.name}",
        commit=environment.commit,
    )


def _defaults(former: TemplateDefaults, environment: Environment) -> TemplateDefaults:
    """Return the defaults of the former version, and the environment's where it has none.

    The modules are in the database. A default image of the former version could be of another
    major version; the template's own is the environment's.
    """
    found: dict[str, object] = {"odoo_image": ""}
    if not former.repo_url:
        found["repo_url"] = environment.repo_url
        found["branch"] = environment.requested_branch or ""
    if not former.extra_repos:
        found["extra_repos"] = tuple(pin.reference for pin in environment.extra_repos)
    return former.model_copy(update=found)


@dataclass(slots=True, kw_only=True)
class TemplateSave(TemplateWork):
    """The steps that make a template of an environment.

    Attributes:
        environment: its lock is held.
    """

    environment: Environment
    _taken: SnapshotParts | None = field(default=None, init=False)

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; nothing opens the filestore after it was flattened."""
        parts = self.parts
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("role", "making its role", self.role, parts.remove_database),
            Step("moment", "copying the environment", self.moment, self.forget),
            Step("owner", "handing the database over", self.owner),
            Step("private", "removing what is the environment's alone", self.private),
            Step("neutralise", "neutralising the database", self.neutralise),
            Step("volume", "making the filestore", self.filestore, parts.remove_volume),
            Step("forget", "removing the copied files", self.forget),
            Step("seal", "sealing the template", self.seal),
        )

    def role(self) -> None:
        """Create the role that owns the database and what is in it, also after sealing."""
        self._cluster.create_role(
            self.plan.database, self.password, connection_limit=ROLE_CONNECTIONS
        )

    def moment(self) -> None:
        """Take what the template will be, while Odoo is paused between two transactions."""
        if more := self._bytes_to_copy():
            what = f"A template of {self.environment.name}"
            require_room(self.deps, self.row.team, what, filestore=more)
        self._taken = make_temporary_snapshot(self.deps, self.call, self.environment, self.tell)

    def owner(self) -> None:
        """Give the copied database its name, and its objects to the template's role."""
        self._cluster.adopt_snapshot(self._moment.own.database, self.plan.database)
        self._cluster.hand_over(
            self.plan.database,
            from_role=self._source.database,
            to_role=self.plan.database,
            password=self.password,
            cancelled=self.call.cancelled,
        )

    def private(self) -> None:
        """Remove sessions and secrets of the environment, and read which modules it has.

        The administrator gets a password that is not kept: an environment of the template gets
        its own. The address becomes that of a new Odoo, which learns its own.

        Raises:
            Conflict: the database has no Odoo.
            UpstreamFailed: code of the database's own prevents it.
        """
        self.tenant.make_own(odoo_hash(secrets.token_urlsafe(32)), _NEW_ADDRESS)
        self.tenant.forget_private(self.call.cancelled)
        modules = self.tenant.installed_modules()
        version = odoo_version(modules.get("base", ""))
        beyond = tuple(sorted(set(modules) - set(BASE)))
        self.row = self.deps.store.templates.update(
            self.row.id,
            odoo_version=version,
            postgres_version=self.tenant.server_version(),
            modules=beyond,
        )

    def neutralise(self) -> None:
        """Prove that data of production are harmless still; other data are left as they are."""
        origin = self.deps.store.templates.by_id(self.environment.template_id)
        if origin is None or origin.neutralised is None:
            return
        done = neutralise_again(
            self.tenant,
            new_parameters(),
            origin.neutralised,
            report=self.tell,
            cancelled=self.call.cancelled,
        )
        self.warnings += done.warnings
        self.row = self.deps.store.templates.update(self.row.id, neutralised=done)

    def filestore(self) -> None:
        """Make the volume, and flatten the environment's filestore of that moment into it."""
        volumes = self.deps.engine.volumes
        volumes.ensure(self.plan.volume, labels=self.plan.labels(self.row))
        root = volumes.mountpoint(self.plan.volume)
        owner = (self.image.uid, self.image.gid)
        prepare_volume(root, *owner)
        target = root / "filestore" / self.plan.database
        files = self._moment.layers.files_of(self._moment.row.id)
        done = flatten(
            self._lower(),
            files,
            target,
            owner,
            look=self.call.raise_if_cancelled,
            on_bytes=lambda _size: self._refuse_full(root),
        )
        if done.left_out:
            self.warnings.append(
                f"{counted(done.left_out, 'pipe, socket or device')} of the filestore were skipped."
            )
        size = self._cluster.database_size(self.plan.database) + done.size
        self.row = self.deps.store.templates.update(self.row.id, size=size)

    def _refuse_full(self, root: Path) -> None:
        """Refuse to copy on: a file that has its most links is copied, which nothing foresees.

        Raises:
            QuotaReached: there is no room left.
        """
        room_left(self.deps, root)

    def forget(self) -> None:
        """Remove what was copied for the moment only."""
        if self._taken is not None:
            remove_temporary_snapshot(self._taken)

    @property
    def _moment(self) -> SnapshotParts:
        if self._taken is None:
            raise Internal("The steps of a template ran in another order.")
        return self._taken

    @property
    def _cluster(self) -> Cluster:
        return self.deps.postgres.cluster(self.row.team)

    @property
    def _source(self) -> EnvironmentPlan:
        return EnvironmentPlan.of(self.deps.naming, self.environment)

    def _lower(self) -> Path | None:
        """Return the files below the environment's own; None where it has a copy of them."""
        if self.environment.filestore is not FilestoreKind.OVERLAY:
            return None
        return require_lower(self.deps.engine.volumes, self._source, self.environment)

    def _bytes_to_copy(self) -> int:
        """Return how much cannot be linked, because it is elsewhere or another user's."""
        lower = self._lower()
        folders = [
            layers_of(self.deps.engine.volumes, self._source).upper,
            *([lower] if lower else []),
        ]
        size = 0
        for folder in folders:
            if not is_beside_new(self.deps.infrastructure, self.environment.team, folder):
                size += size_on_disk(folder)
            elif self.environment.uid != self.image.uid:
                size += size_of_copy(folder)
        return size
