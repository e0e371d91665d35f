"""Restore a dump in a throw-away container, as the role that owns the new database.

The dump's SQL is a stranger's. Its role is that of any environment: it owns its own database, and
PostgreSQL refuses it everything else. psql and pg_restore parse the stranger's file, so they run in
a container without privileges.
"""

import os
import secrets
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from oduflow.adapters.postgres import restore_commands
from oduflow.adapters.postgres.dump_filter import restricted
from oduflow.adapters.postgres.dump_scan import MAX_MODULES, ListScan, scan_dump, scan_rows
from oduflow.adapters.postgres.restore_commands import Command
from oduflow.adapters.postgres.restore_output import RestoreOutput
from oduflow.domain.boot_queue import BootKind
from oduflow.domain.container import Attachment, ContainerSpec, Mount, RunResult
from oduflow.domain.counting import binary_size
from oduflow.domain.dump import DumpFacts
from oduflow.domain.errors import NotFound, UpstreamFailed
from oduflow.domain.plan import TemplatePlan
from oduflow.domain.progress_monitor import ProgressMonitor
from oduflow.files.contents import FileKind
from oduflow.files.expansion import refuse_growth
from oduflow.files.pipe import PipeFeeder, make_pipe
from oduflow.files.private import make_folder, write_private
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.room import count_written, room_left
from oduflow.services.templates.backup import Dump

RESTORE_SECONDS = 12 * 3600.0
INSPECT_SECONDS = 3600.0
NO_GROUP = 65534
_LOOK_SECONDS = 2.0
_KEY_BYTES = 24
_MOST_ROWS = 4 * MAX_MODULES  # the command prints MAX_MODULES, beside its messages


@dataclass(slots=True)
class Restore:
    """Reads and restores the dump of one template.

    Attributes:
        user: the user of the container.
        tell: reports a line of progress.
    """

    deps: Deps
    call: Call
    plan: TemplatePlan
    user: int
    tell: Callable[[str], None]
    _looked: float = field(default=0.0, init=False)
    _empty: int = field(default=0, init=False)  # bytes of the database before
    _counted: int = field(default=0, init=False)

    def inspect(self, dump: Dump) -> DumpFacts:
        """Return what a dump holds, without a database.

        It may be gigabytes that are unpacked for nothing, so it holds a boot slot, as the restore.

        Raises:
            Invalid: it is damaged.
            QuotaReached: it unpacks to more than fits.
        """
        with self.call.boot_slot(BootKind.INSTALL):
            return self._inspect(dump)

    def _inspect(self, dump: Dump) -> DumpFacts:
        if dump.content is FileKind.SQL:
            return scan_dump(self._watched(dump))
        listed = ListScan()
        self._run(dump, restore_commands.list_content(), listed.feed, whole=False)
        if not listed.facts.odoo:
            return listed.facts
        rows: deque[str] = deque(maxlen=_MOST_ROWS)
        self._run(dump, restore_commands.read_modules(), rows.append, whole=False)
        return replace(listed.facts, modules=scan_rows(rows))

    def restore(self, dump: Dump, password: str) -> tuple[str, ...]:
        """Restore a dump into the template's empty database.

        Args:
            dump: the dump.
            password: of the database's role.

        Returns:
            PostgreSQL's messages about statements that were refused and that Odoo does not need.

        Raises:
            Invalid: the dump is damaged, a decompression bomb, or asks for what it must not get.
            QuotaReached: the disk is full.
            UpstreamFailed: PostgreSQL ended, or the time is over.
        """
        host = self.deps.infrastructure.database_address(self.plan.team)
        connection = restore_commands.connection_string(str(host), self.plan.database)
        plain = dump.content is FileKind.SQL
        command = restore_commands.restore_plain if plain else restore_commands.restore_custom
        output = RestoreOutput()
        self._look_at_size(dump)
        with self.call.boot_slot(BootKind.INSTALL):
            result = self._run(dump, command(connection), output.feed, password=password)
        if not output.whole(result.exit_code, plain=plain):
            raise UpstreamFailed(
                f"The restore ended with exit code {result.exit_code} before the dump's end.",
                "The output says why; import the dump again.",
                output=result.output,
            )
        self._look_at_size(dump)
        return tuple(output.left_out)

    @property
    def folder(self) -> Path:
        """The folder that the container sees: the pipe and the password."""
        return self.plan.folder / "restore"

    def _run(
        self,
        dump: Dump,
        command: Command,
        on_line: Callable[[str], None],
        *,
        password: str = "",
        whole: bool = True,
    ) -> RunResult:
        """Run a command that reads the dump from the pipe; one with a password has a network."""
        containers = self.deps.engine.containers
        containers.remove(self.plan.one_off)
        make_folder(self.folder)
        make_pipe(self.folder / restore_commands.PIPE, self.user)
        if password:
            write_private(
                self.folder / restore_commands.PASSWORDS,
                f"*:*:*:*:{password}\n",
                uid=self.user,
            )
        os.chown(self.folder, self.user, -1)  # its parents are ours alone
        feeder = PipeFeeder(self.folder / restore_commands.PIPE, lambda: self._fed(dump))
        feeder.start()
        try:
            result = containers.run_one_off(
                self._spec(command, online=bool(password)),
                timeout=RESTORE_SECONDS if whole else INSPECT_SECONDS,
                monitor=ProgressMonitor(on_line, lambda: self._stops(dump, feeder)),
            )
        finally:
            feeder.give_up()
            shutil.rmtree(self.folder)
        self.call.raise_if_cancelled()
        _raise(feeder.error)
        if result.out_of_memory:
            limit = self.deps.settings.teams[self.plan.team].memory_mb
            raise UpstreamFailed(
                f"The restore reached its limit of {limit} MiB of memory.",
                "Raise the team's memory_mb, then import the dump again.",
            )
        if whole and not feeder.complete:
            raise UpstreamFailed(
                "The restore ended before the whole dump was read.",
                "The output says why; import the dump again.",
                output=result.output,
            )
        return result

    def _fed(self, dump: Dump) -> Iterable[bytes]:
        chunks = dump.chunks(self._room())
        if dump.content is FileKind.SQL:
            return restricted(chunks, secrets.token_hex(_KEY_BYTES))
        return chunks

    def _watched(self, dump: Dump) -> Iterable[bytes]:
        for chunk in dump.chunks(self._room()):
            self._stops(dump, None)
            self.call.raise_if_cancelled()
            yield chunk

    def _spec(self, command: Command, *, online: bool) -> ContainerSpec:
        network = Attachment(self.deps.naming.team_network(self.plan.team))
        return ContainerSpec(
            name=self.plan.one_off,
            image=self.deps.settings.images.postgres,
            labels=self.plan.naming.labels("once", id=self.plan.id, team=self.plan.team),
            entrypoint=command,
            user=f"{self.user}:{NO_GROUP}",
            environment=restore_commands.environment(),
            mounts=(Mount("bind", restore_commands.FOLDER, str(self.folder)),),
            networks=(network,) if online else (),
            limits=self.deps.limits(self.plan.team),
            outside_names=False,
        )

    def _stops(self, dump: Dump, feeder: PipeFeeder | None) -> bool:
        """Whether to stop; reports the progress now and then, and looks at the disk."""
        if feeder is not None:
            _raise(feeder.error)
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            if self._empty:
                # A server or database that is gone ends the restore by itself, which says why.
                with suppress(NotFound, UpstreamFailed):
                    self._look_at_size(dump)
            self._room()
            percent = 100 * dump.position // max(1, dump.size)
            self.tell(f"{binary_size(dump.position)} of {binary_size(dump.size)} ({percent} %)")
        return self.call.cancelled()

    def _room(self) -> int:
        team = self.plan.team
        folder = self.deps.engine.volumes.mountpoint(self.deps.naming.database_volume(team))
        return room_left(self.deps, folder, team=team)

    def _look_at_size(self, dump: Dump) -> None:
        """Count for the team what the database has grown by since the last look.

        pg_restore unpacks an archive itself, and SQL can make rows of nothing: what a dump becomes
        is seen in its database only.

        Raises:
            Invalid: it grows as that of no real backup does.
        """
        team = self.plan.team
        size = self.deps.postgres.cluster(team).database_size(self.plan.database)
        self._empty = self._empty or size
        if size > self._counted:
            count_written(self.deps.store.sizes, self.deps.settings, team, size - self._counted)
            self._counted = size
        refuse_growth(size - self._empty, dump.packed)


def _raise(error: BaseException | None) -> None:
    if isinstance(error, OSError):
        raise UpstreamFailed(
            "The dump cannot be read.", "Check its disk and its rights, then import it again."
        ) from error
    if error is not None:
        raise error
