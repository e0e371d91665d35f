"""Write a mark into each part of an environment, and read it back."""

from pathlib import Path

from oduflow.adapters.filestore.layers import Layers
from oduflow.domain.plan import EnvironmentPlan
from tests.support.variants import inside, signed_in

# What a session does not wait for may be lost with PostgreSQL: it is told to wait.
_WAIT = "SET synchronous_commit = on"
_WRITE = "UPDATE res_partner SET ref = %s WHERE id = 1"
_READ = "SELECT ref FROM res_partner WHERE id = 1"
_WRITE_FILE = """
import os, sys
with open(sys.argv[1], "w") as file:
    file.write(sys.argv[2])
    file.flush()
    os.fsync(file.fileno())
"""
_FILE = "mark-of-chaos"


def write_mark(plan: EnvironmentPlan, mark: str) -> None:
    """Write it as Odoo and a developer do: by SQL, inside the running container, on the disk."""
    with signed_in(plan) as tenant:
        tenant.execute(_WAIT)
        tenant.execute(_WRITE, [mark])
    path = f"/var/lib/odoo/filestore/{plan.database}/{_FILE}"
    inside(plan.container, _WRITE_FILE, path, mark)
    (plan.checkout / _FILE).write_text(mark)


def read_marks(plan: EnvironmentPlan, layers: Layers) -> tuple[str, str, str]:
    """Return the mark in the database, in the filestore and in the checkout; empty for none."""
    with signed_in(plan) as tenant:
        row = tenant.execute(_READ).fetchone()
    assert row is not None, "partner 1 is gone"
    return row[0] or "", _text_of(layers.upper / _FILE), _text_of(plan.checkout / _FILE)


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
