"""The real Odoo, run once against a database of the test's PostgreSQL."""

import subprocess
from pathlib import Path

from tests.support.postgres_container import PostgresContainer
from tests.support.tenants import MadeTenant

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


def fill(
    postgres: PostgresContainer, made: MadeTenant, modules: str = "base", image: str = IMAGE
) -> None:
    """Install modules into an empty database."""
    odoo(postgres, made, "--init", modules, "--stop-after-init", image=image)


def shell(postgres: PostgresContainer, made: MadeTenant, script: str, image: str = IMAGE) -> str:
    """Run Python with Odoo's `env` at hand and return what it printed."""
    words = ("shell", "--no-http", "--log-level", "error")
    return odoo(postgres, made, *words, script=script, image=image)


def configured(postgres: PostgresContainer, made: MadeTenant) -> Path:
    """Write the configuration of a database into a file that Odoo's own user can read."""
    postgres.allow("0.0.0.0/0")
    conf = Path(postgres.root / f"{made.name}.conf")
    conf.write_text(CONFIGURATION.format(host=postgres.address, made=made))
    return conf


def odoo(
    postgres: PostgresContainer, made: MadeTenant, *words: str, script: str = "", image: str = IMAGE
) -> str:
    """Run Odoo and return what it printed."""
    command, words = (words[:1], words[1:]) if words[:1] == ("shell",) else ((), words)
    conf = configured(postgres, made)
    done = subprocess.run(
        (
            *("docker", "run", "--rm", "--interactive", "--init", "--cap-drop", "ALL"),
            *("--name", f"{postgres.name}-odoo", "--volume", f"{conf}:/etc/odoo/odoo.conf:ro"),
            *("--entrypoint", "odoo", image, *command, "--config", "/etc/odoo/odoo.conf", *words),
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
