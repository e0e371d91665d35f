"""Import a template: restore a backup, neutralise it, and seal it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from oduflow.adapters.filestore.clone import prepare_volume
from oduflow.adapters.filestore.unpack import Unpacked, unpack_filestore
from oduflow.adapters.odoo import commands
from oduflow.adapters.store import TemplateChanges
from oduflow.domain.clock import now
from oduflow.domain.connections import ROLE_CONNECTIONS
from oduflow.domain.container import ImageFacts
from oduflow.domain.counting import binary_size, counted
from oduflow.domain.errors import Conflict, Invalid, QuotaReached, UpstreamFailed
from oduflow.domain.imported import ImportedFrom
from oduflow.domain.names import new_id
from oduflow.domain.next_call import Next
from oduflow.domain.outcome import Outcome
from oduflow.domain.template import (
    BASE,
    ImportTemplate,
    Template,
    TemplateState,
    TemplateView,
)
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.image_inventory import ensure_inventory
from oduflow.services.images import (
    check_other_version,
    check_repository,
    check_user,
    choose_image,
    ensure_image,
    run_as,
)
from oduflow.services.move_journal import refuse_during_move
from oduflow.services.retry import retry_of, suggesting_retry
from oduflow.services.room import (
    count_written,
    doubt_of_room,
    require_claimed_room,
    require_infrastructure,
    room_left,
)
from oduflow.services.saga import RESERVE, Step
from oduflow.services.templates.backup import Backup, Members, open_backup, open_filestore
from oduflow.services.templates.backup_version import image_for, missing_code, odoo_version
from oduflow.services.templates.building import TemplateWork
from oduflow.services.templates.neutralise import neutralise, new_parameters, prove_again
from oduflow.services.templates.neutralise_steps import own_steps
from oduflow.services.templates.repeated import answer_repeated
from oduflow.services.templates.restore import Restore
from oduflow.services.templates.sources import LocalSource, open_source
from oduflow.services.templates.versions import as_new_version, remove_unfinished
from oduflow.services.templates.view import template_view

NO_IMAGE = ImageFacts("", "", 0, 0, (), {})  # until the dump has said its version
NO_USER = 65534  # the user of the restore where the team has none of its own
_EVERY_FILES = 500
_EVERY_BYTES = 64 << 20


def check_import(deps: Deps, args: ImportTemplate) -> None:
    """Refuse an image that is not of the configured repository, or not of the requested version.

    Raises:
        Invalid: the image is refused.
    """
    pattern = deps.settings.images.odoo
    check_repository(pattern, args.odoo_image)
    choose_image(pattern, args.odoo_image, args.odoo_version)


def import_template(deps: Deps, call: Call, args: ImportTemplate) -> Outcome[TemplateView]:
    """Return the template if it was imported from the same content, else import it.

    Raises:
        Conflict: a template of that name exists and is another one; the message says what differs.
        Invalid: the source is no backup of Odoo, or holds what is refused.
        Failure: it could not be imported, and everything created for it was removed; the failure
            suggests the call again.
    """
    with suggesting_retry(retry_of("import_template", args)):
        refuse_during_move(deps.store.facts, call.actor.team)  # before anything is downloaded
        remove_unfinished(deps, call.actor.team, args.name)
        existing = deps.store.templates.get(call.actor.team, args.name)
        if existing is not None and not args.replace:
            return answer_repeated(deps, call, args, existing)
        with _sources(deps, call, args) as (source, filestore):
            return _import(deps, call, args, source, filestore)


@contextmanager
def _sources(
    deps: Deps, call: Call, args: ImportTemplate
) -> Iterator[tuple[LocalSource, LocalSource | None]]:
    with ExitStack() as opened:

        def local(source: str) -> LocalSource:
            return opened.enter_context(open_source(deps, call, call.actor.team, source))

        yield local(args.source), local(args.filestore) if args.filestore else None


def _import(
    deps: Deps,
    call: Call,
    args: ImportTemplate,
    source: LocalSource,
    filestore: LocalSource | None,
) -> Outcome[TemplateView]:
    own_steps(deps.settings, deps.naming, call.actor.team)  # a script is missed before the restore
    backup = open_backup(source.path, source.name)
    members = open_filestore(filestore.path, filestore.name) if filestore else backup.filestore
    require_infrastructure(deps, call.actor.team, lambda line: call.report("database", line))
    row = Template(
        id=new_id(),
        team=call.actor.team,
        name=args.name,
        odoo_image=args.odoo_image or "",
        modules=(),
        state=TemplateState.CREATING,
        created_by=str(call.actor),
        created_at=now(),
        step=RESERVE,
        job=call.job,
        source=source.name,
    )
    row = as_new_version(deps.store.templates, row)
    work = TemplateImport(
        deps,
        call,
        row,
        NO_IMAGE,
        backup=backup,
        args=args,
        members=members,
        read=(source, filestore),
    )
    made = work.run("import", work.steps())
    return Outcome(
        template_view(deps.store, made),
        f"Template {made.name} is ready: Odoo {made.odoo_version} with "
        f"{counted(len(made.modules), 'module')}, neutralised.",
        warnings=tuple(work.warnings),
        next=(Next.of("create_environment", "clones it", template=made.name),),
    )


@dataclass(slots=True, kw_only=True)
class TemplateImport(TemplateWork):
    """The steps that import one template.

    Attributes:
        backup: the opened source.
        members: the filestore; None for a database without one.
        read: the files of the backup and of a filestore of its own.
    """

    backup: Backup
    args: ImportTemplate
    members: Members | None
    read: tuple[LocalSource, LocalSource | None]
    _parameters: Mapping[str, str] = field(default_factory=new_parameters, init=False)
    _written: int = field(default=0, init=False)
    _needed: int = field(default=0, init=False)
    _states: tuple[str, ...] = field(default=(), init=False)  # of the files before they are read

    def steps(self) -> tuple[Step, ...]:
        """List the steps in order; no Odoo starts before the database is neutralised."""
        parts = self.parts
        return (
            Step(RESERVE, "reserving the name", self.reserve, parts.remove_row),
            Step("folder", "making its folder", self.folder, parts.remove_folder),
            Step("inspect", "reading the backup", self.inspect, parts.remove_one_off),
            Step("database", "making an empty database", self.database, parts.remove_database),
            Step("restore", "restoring the database", self.restore, parts.remove_one_off),
            Step("examine", "examining the database", self.examine),
            Step("filestore", "unpacking the filestore", self.filestore, parts.remove_volume),
            Step("configuration", "writing odoo.conf", self.configuration),
            Step("neutralise", "neutralising", self.neutralise, parts.remove_one_off),
            Step("assets", "opening it with Odoo", self.assets, parts.remove_one_off),
            Step("seal", "sealing the template", self.seal),
        )

    def inspect(self) -> None:
        """Read what the dump holds, choose the image, and refuse what cannot become a template.

        Raises:
            Invalid: it is no Odoo database, or of another version than the image.
            QuotaReached: it would not fit.
        """
        self._states = self._states_now()
        facts = self._restore().inspect(self.backup.dump)
        if not facts.odoo:
            raise Invalid(
                f"{self.row.source} is no backup of Odoo: it has no table ir_module_module.",
                "Back up the database that Odoo uses, the whole of it.",
            )
        modules = facts.modules or self.backup.manifest.modules
        version = odoo_version(modules.get("base") or self.backup.manifest.odoo)
        pattern = self.deps.settings.images.odoo
        image = image_for(pattern, self.args, self.row.source, version)
        self._require_room()
        found = ensure_image(self.deps, self.row.team, image, self.tell)
        check_user(found)
        self.image = run_as(found, self.deps.engine.team_user(self.row.team))
        self._learn(
            odoo_image=image,
            odoo_version=version,
            postgres_version=facts.server or self.backup.manifest.server,
            modules=_beyond_base(modules),
            imported=self._imported(),
        )
        inventory = ensure_inventory(self.deps, self.call, self.plan, self.image)
        self.warnings += missing_code(image, inventory, modules)

    def restore(self) -> None:
        """Restore the dump, then take back what its SQL has set for itself.

        The restore does not wait for the disk; taking back does, and with it all before. A crash in
        between loses the restore's end, and nothing else would tell.

        Raises:
            UpstreamFailed: PostgreSQL crashed meanwhile.
        """
        cluster = self.deps.postgres.cluster(self.row.team)
        before = cluster.last_crash()
        with self._naming_need():
            left_out = self._restore().restore(self.backup.dump, self.password)
        self.warnings += [f"Left out of the dump: {each}." for each in left_out]
        cluster.take_back_settings(
            self.plan.database,
            self.plan.database,
            self.password,
            connection_limit=ROLE_CONNECTIONS,
        )
        if cluster.last_crash() != before:
            raise UpstreamFailed(
                "PostgreSQL crashed during the restore and may have lost the end of it.",
                "Import the dump again.",
            )

    def examine(self) -> None:
        """Look into the database: what was read of the dump was only said by it.

        Raises:
            Invalid: it is no complete Odoo database, or of another version.
        """
        self.tenant.prepare_empty()
        modules = self.tenant.installed_modules()
        if "base" not in modules:
            raise Invalid(
                f"The database of {self.row.source} has no installed Odoo (module base).",
                "Back up a database that Odoo has finished to install.",
            )
        version = odoo_version(modules["base"])
        check_other_version(self.row.odoo_image, version)
        self.tenant.analyze(self.call.cancelled)
        self._learn(odoo_version=version, modules=_beyond_base(modules))

    def filestore(self) -> None:
        """Make the volume, and write the attachments into it.

        Raises:
            Conflict: a file was written to meanwhile, so its digest is not that of the template.
        """
        volumes = self.deps.engine.volumes
        volumes.ensure(self.plan.volume, labels=self.plan.labels(self.row))
        root = volumes.mountpoint(self.plan.volume)
        prepare_volume(root, self.image.uid, self.image.gid)
        done = Unpacked()
        if self.members is not None:
            with self._naming_need():
                left = room_left(self.deps, root, team=self.row.team)
                done = unpack_filestore(
                    self.members(left),
                    root / "filestore" / self.plan.database,
                    (self.image.uid, self.image.gid),
                    lambda size: self._allow(size, root),
                    self._tell_files,
                )
            if done.skipped:
                files = counted(done.skipped, "member")
                self.warnings.append(
                    f"{files} of the filestore are not attachments and were skipped."
                )
        self._refuse_changed()
        if not done.files:
            self.warnings.append(
                "There is no filestore: pictures and attachments are missing. Name it as filestore."
            )
        size = self.deps.postgres.cluster(self.row.team).database_size(self.plan.database)
        self._learn(size=size + done.size)

    def neutralise(self) -> None:
        """Neutralise the database, and prove it."""
        done = neutralise(
            self.one_off,
            self.tenant,
            self._parameters,
            own_steps(self.deps.settings, self.deps.naming, self.row.team),
            report=self.tell,
            cancelled=self.call.cancelled,
        )
        self.warnings += done.warnings
        self._learn(neutralised=done)

    def assets(self) -> None:
        """Open the database with Odoo for the first time, and generate its asset bundles.

        Raises:
            UpstreamFailed: Odoo cannot open it.
        """
        try:
            self.succeeded(commands.generate_assets())
        except UpstreamFailed as failure:
            failure.message = f"Odoo of {self.row.odoo_image} cannot open the imported database."
            raise

    def seal(self) -> None:
        """Prove once more that the database is neutralised, then close it."""
        prove_again(self.tenant, self._parameters, self.call.cancelled)
        TemplateWork.seal(self)

    def _require_room(self) -> None:
        """Refuse what cannot fit, and warn of what may not: the database's size is an estimate."""
        team, dump, source = self.row.team, self.backup.dump, self.row.source
        filestore = 0 if self.members is None else self.members.size
        require_claimed_room(
            self.deps, team, f"Importing {source}", database=dump.least, filestore=filestore
        )
        self._needed = dump.expected + filestore
        what = f"By an estimate, importing {source}"
        doubt = doubt_of_room(self.deps, team, what, database=dump.expected, filestore=filestore)
        if doubt:
            self.warnings.append(doubt)
            self.tell(doubt)

    @contextmanager
    def _naming_need(self) -> Iterator[None]:
        """Say in a refusal for want of room how much the whole import needs, by its estimate."""
        try:
            yield
        except QuotaReached as failure:
            limit = self.deps.settings.teams[self.row.team].disk_gb << 30
            own = f"; the team may fill {binary_size(limit)}" if limit else ""
            needed = binary_size(self._needed)
            failure.message += f" Importing {self.row.source} needs about {needed} in all{own}."
            raise

    def _allow(self, size: int, root: Path) -> None:
        """Look at the disk and at a cancellation now and then, before bytes are written."""
        self._written += size
        if self._written >= _EVERY_BYTES:
            count_written(self.deps.store.sizes, self.deps.settings, self.row.team, self._written)
            self._written = 0
            room_left(self.deps, root, team=self.row.team)
            self.call.raise_if_cancelled()

    def _tell_files(self, done: Unpacked) -> None:
        if done.files % _EVERY_FILES == 0:
            self.tell(f"{counted(done.files, 'file')}, {binary_size(done.size)}")

    def _states_now(self) -> tuple[str, ...]:
        return tuple(each.state() for each in self.read if each is not None)

    def _refuse_changed(self) -> None:
        for each, before in zip(filter(None, self.read), self._states, strict=True):
            if each.state() != before:
                raise Conflict(
                    f"{each.name} changed while it was imported.",
                    "Import it again once it is completely written.",
                )

    def _imported(self) -> ImportedFrom:
        source, filestore = self.read
        return ImportedFrom(
            source=source.identified(self.call),
            filestore=None if filestore is None else filestore.identified(self.call),
        )

    def _restore(self) -> Restore:
        user = self.deps.engine.team_user(self.row.team)
        user = NO_USER if user is None else user
        return Restore(self.deps, self.call, self.plan, user, self.tell)

    def _learn(self, **facts: Unpack[TemplateChanges]) -> None:
        self.row = self.deps.store.templates.update(self.row.id, **facts)


def _beyond_base(modules: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(modules) - set(BASE)))
