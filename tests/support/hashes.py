"""Hashes of all that a running environment holds in PostgreSQL and in its filestore."""

import hashlib
import subprocess
from dataclasses import dataclass

from oduflow.adapters.postgres.config import SOCKET_TARGET
from oduflow.domain.plan import EnvironmentPlan
from tests.support.variants import inside

_OF_FILES = """
import hashlib, os, sys
found = []
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        path = os.path.join(folder, name)
        found.append((os.path.relpath(path, sys.argv[1]), open(path, 'rb').read()))
print(hashlib.sha256(repr(sorted(found)).encode()).hexdigest())
"""
# What a running Odoo writes by itself.
_UNSTABLE = ("--exclude-table-data=bus_presence", "--exclude-table-data=bus_bus")


@dataclass(frozen=True)
class Hashes:
    """The hash of a dump by pg_dump, and that of the filestore's files with their paths."""

    database: str
    filestore: str


def hashes_of(plan: EnvironmentPlan) -> Hashes:
    """Read everything anew: as the environment's role, and inside its running container."""
    root = f"/var/lib/odoo/filestore/{plan.database}"
    return Hashes(_of_dump(plan), inside(plan.container, _OF_FILES, root).strip())


def _of_dump(plan: EnvironmentPlan) -> str:
    password = (plan.secrets / "database_password").read_text()
    container = plan.naming.database(plan.team)
    sign_in = (f"--host={SOCKET_TARGET}", f"--username={plan.database}", plan.database)
    dump = ("docker", "exec", "--env", f"PGPASSWORD={password}", container, "pg_dump", *_UNSTABLE)
    done = subprocess.run([*dump, *sign_in], check=True, capture_output=True)
    # Each dump has a random word in its lines of \restrict.
    lines = [line for line in done.stdout.splitlines() if not line.startswith(b"\\")]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()
