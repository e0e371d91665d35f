r"""Tell the errors of a restore that are harmless from those that lose or refuse something.

A dump names roles, owners and comments that only its own server has. The restored objects belong to
the database's role in any case, so these statements are not needed. Every other error ends the
import: a database that lacks a table must not look complete.
"""

import re
from dataclasses import dataclass, field

from oduflow.domain.errors import Failure, Invalid, QuotaReached, UpstreamFailed

_SHOWN = 300
_MOST_LEFT_OUT = 20
_ERROR = re.compile(
    r"(?:psql:<stdin>:(?P<line>\d+): |pg_restore: ).*?(?P<level>ERROR|FATAL|PANIC):\s+(?P<said>.+)"
)
# pg_restore's last line when it ended with 1 after the whole archive (`pg_restore.c`, main).
_SUMMARY = re.compile(r"pg_restore: warning: errors ignored on restore: (\d+)\s*$")
_PROGRAM = re.compile(r"(?:psql:<stdin>:(?P<line>\d+)|psql|pg_restore): error: (?P<said>.+)")
# What the role, which owns the database, need not do: the objects are its own already.
_HARMLESS = re.compile(
    r'must be able to SET ROLE "'
    r'|role ".*" does not exist'
    r"|must be owner of (?:extension|schema public|language)"
    r'|schema "public" already exists'
    r'|language "plpgsql" already exists'
    r'|extension ".*" does not exist'
    r'|unrecognized configuration parameter "'
)
# Odoo needs none of them; what depends on one fails by itself, and ends the import.
_LEFT_OUT = re.compile(
    r"permission denied to create (?:extension|event trigger)"
    r'|extension ".*" is not available'
    r'|permission denied to set parameter "'
    r"|must be superuser to create (?:subscriptions|FOR ALL TABLES publication|a FOR ALL TABLES)"
)
_REMAKE = "Make it again with pg_dump of the whole database."
# In this order; `{said}` is PostgreSQL's message, `{where}` its line.
_FAILURES: tuple[tuple[str, type[Failure], str, str], ...] = (
    (
        r"No space left on device|could not extend file|disk full",
        QuotaReached,
        "The disk of PostgreSQL is full.",
        "Free disk space or delete environments and templates, then import the dump again.",
    ),
    (
        r"backslash commands are restricted|\\(?:un)?restrict|invalid command \\",
        Invalid,
        "The dump holds commands of psql{where}, which are never executed.",
        "Make it with pg_dump, without --create, and leave out what was added to it.",
    ),
    (
        r"function lo_|large object",
        Invalid,
        "The dump holds large objects, which Odoo does not use and this server refuses.",
        "Make it with pg_dump --no-large-objects (before PostgreSQL 16: --no-blobs).",
    ),
    (
        r"permission denied|must be superuser|must have|must be owner|must be a member",
        Invalid,
        "The dump asks for what only a superuser may do{where}: {said}.",
        "Make it of the one database with pg_dump, and leave out what was added to it.",
    ),
    (
        r"out of (?:shared )?memory",
        UpstreamFailed,
        "PostgreSQL had not enough memory to restore the dump: {said}.",
        "Raise the team's database_memory_mb, then import it again.",
    ),
    (
        r"server closed the connection|connection to server|terminating connection",
        UpstreamFailed,
        "PostgreSQL ended the connection while the dump was restored.",
        "See whether its container runs, then import the dump again.",
    ),
    (
        r".*(?:valid archive|unsupported version|could not read from input|unexpected end)",
        Invalid,
        "pg_restore cannot read the dump, which is damaged, cut off or of a newer pg_dump: {said}.",
        "Compare its size and checksum with the original's, and copy it again.",
    ),
    (r"", Invalid, "PostgreSQL cannot restore the dump{where}: {said}.", _REMAKE),
)


@dataclass(slots=True)
class RestoreOutput:
    """Reads the lines of psql or pg_restore while they come.

    Attributes:
        left_out: messages about statements that were refused and are not needed.
        refused: how many statements were refused, for which pg_restore ends with 1.
    """

    left_out: list[str] = field(default_factory=list)
    refused: int = 0
    _summed: int = field(default=0, init=False)

    def whole(self, exit_code: int, *, plain: bool) -> bool:
        """Return whether the program came to the end of the dump, indexes and constraints included.

        psql ends with 0. So does pg_restore, or with 1 after statements that were refused, which
        its last line counts. A program that was killed has another exit code, and no such line.
        """
        if exit_code == 0:
            return True
        return not plain and exit_code == 1 and 0 < self.refused == self._summed

    def feed(self, line: str) -> None:
        """Read one line.

        Raises:
            Invalid: the dump holds what cannot be restored, or must not be executed.
            QuotaReached: the disk is full.
            UpstreamFailed: PostgreSQL cannot go on.
        """
        if summary := _SUMMARY.match(line):
            self._summed = int(summary[1])
            return
        found = _ERROR.match(line) or _PROGRAM.match(line)
        if found is None:
            return
        said = _shown(found["said"])
        self.refused += 1
        if _HARMLESS.match(said):
            return
        if _LEFT_OUT.match(said):
            if said not in self.left_out and len(self.left_out) < _MOST_LEFT_OUT:
                self.left_out.append(said)
            return
        raise _failure(said, found.groupdict().get("line"))


def _shown(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:_SHOWN].strip()


def _failure(said: str, line: str | None) -> Failure:
    where = f" (line {line} of its SQL)" if line else ""
    kind, message, hint = next(
        (kind, message, hint) for words, kind, message, hint in _FAILURES if re.search(words, said)
    )
    return kind(message.format(said=said.removesuffix("."), where=where), hint, output=said)
