"""The real Odoo, run once against a database of the test's PostgreSQL."""

import subprocess
from pathlib import Path

from tests.support.postgres_container import PostgresContainer
from tests.support.tenants import Made

IMAGE = "odoo:19.0"
SECONDS = 180
CONFIGURATION = """[options]
db_host = {host}
db_user = {made.name}
db_password = {made.password}
db_name = {made.name}
without_demo = True
max_cron_threads = 0
"""


def fill(postgres: PostgresContainer, made: Made) -> None:
    """Install Odoo's base into an empty database."""
    odoo(postgres, made, "--init", "base", "--stop-after-init")


def shell(postgres: PostgresContainer, made: Made, script: str) -> str:
    """Run Python with Odoo's `env` at hand and return what it printed."""
    return odoo(postgres, made, "shell", "--no-http", "--log-level", "error", script=script)


def odoo(postgres: PostgresContainer, made: Made, *words: str, script: str = "") -> str:
    """Run Odoo with its configuration in a file that its own user can read."""
    command, words = (words[:1], words[1:]) if words[:1] == ("shell",) else ((), words)
    postgres.allow("0.0.0.0/0")
    conf = Path(postgres.root / f"{made.name}.conf")
    conf.write_text(CONFIGURATION.format(host=postgres.address, made=made))
    done = subprocess.run(
        (
            *("docker", "run", "--rm", "--interactive", "--init", "--cap-drop", "ALL"),
            *("--name", f"{postgres.name}-odoo", "--volume", f"{conf}:/etc/odoo/odoo.conf:ro"),
            *("--entrypoint", "odoo", IMAGE, *command, "--config", "/etc/odoo/odoo.conf", *words),
        ),
        input=script,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    conf.unlink()
    assert done.returncode == 0, done.stderr
    return done.stdout
