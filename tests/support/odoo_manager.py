"""Backups of production databases, made by Odoo's own database manager over HTTP.

Everything runs in one throw-away container without a network: a PostgreSQL, and an Odoo that
installs its modules and serves the manager. The dump is made by the pg_dump of the Odoo image.
"""

import os
import platform
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.server_programs import server_programs
from tests.support.suite_packages import unpack

# The suite of each image, and its PostgreSQL: pg_dump refuses a server that is newer than itself.
SUITES = {
    "14.0": ("bullseye", "13", ()),
    "19.0": ("trixie", "17", ("libicu76",)),  # which the image lacks
}
SMTP_PORT = 2525
# What production has and a copy must not keep: a mail server, which accepts everything, queued
# mail, and active scheduled actions.
PRODUCTION = f"""
server = env['ir.mail_server'].create(dict(
    name='Production', smtp_host='127.0.0.1', smtp_port={SMTP_PORT}, smtp_encryption='none'))
env['mail.mail'].create(dict(
    subject='queued', body_html='x', email_from='shop@example.com',
    email_to='customer@example.com', mail_server_id=server.id))
env['ir.attachment'].create(dict(name='contract', raw=b'signed' * 100))
env['ir.cron'].with_context(active_test=False).search([]).write(dict(active=True))
env.cr.commit()
"""
CONFIGURATION = """[options]
admin_passwd = of-the-manager
db_host = /tmp/socket
db_user = odoo
data_dir = /tmp/data
max_cron_threads = 0
without_demo = True
"""
# Arguments: the modules, then the folders of the servers' programs with that of their libraries.
PROGRAM = """
set -eu
export ODOO_RC=/backup/odoo.conf
modules=$1 number=0
shift
mkdir /tmp/socket
while [ $# -gt 0 ]; do
    server=$1/pg_ctl
    export LD_LIBRARY_PATH="$2"
    "$1/initdb" --pgdata=/tmp/cluster --username=odoo --auth=trust --encoding=UTF8 --locale=C
    "$server" --pgdata=/tmp/cluster --wait --log=/tmp/log start \
        --options='-c listen_addresses= -c unix_socket_directories=/tmp/socket -c fsync=off'
    unset LD_LIBRARY_PATH
    odoo --database=production --init="$modules" --no-http --stop-after-init
    odoo shell --database=production --no-http </backup/production.py
    odoo &
    odoo=$!
    python3 /backup/ask.py "$number"
    kill "$odoo"
    wait "$odoo" || true
    LD_LIBRARY_PATH="$2" "$server" --pgdata=/tmp/cluster --mode=immediate stop
    rm -r /tmp/cluster /tmp/data
    number=$((number + 1))
    shift 2
done
"""
ASK = """
import sys, time, urllib.parse, urllib.request
def ask(kind, begins):
    given = dict(master_pwd='of-the-manager', name='production', backup_format=kind)
    form = urllib.parse.urlencode(given).encode()
    content = urllib.request.urlopen('http://127.0.0.1:8069/web/database/backup', form).read()
    assert content.startswith(begins), content[:2000]
    open(f'/backup/{sys.argv[1]}.{kind}', 'wb').write(content)
for attempt in range(240):
    try:
        ask('zip', b'PK')
        break
    except urllib.error.URLError as problem:
        print(problem, flush=True)
        time.sleep(0.5)
ask('dump', b'PGDMP')
"""
SECONDS = 500


def manager_backup(version: str, target: Path) -> str:
    """Write a backup of a database with `mail`; return the version of its PostgreSQL."""
    suite, server, more = SUITES[version]
    with TemporaryDirectory(prefix="odf-manager-packages-") as name:
        unpacked = unpack(Path(name), suite, f"postgresql-{server}", *more)
        readable(Path(name))
        programs = f"/packages/usr/lib/postgresql/{server}/bin"
        libraries = f"/packages/usr/lib/{platform.machine()}-linux-gnu"
        volumes = ("--volume", f"{unpacked}:/packages:ro")
        with _made(version, "mail", PRODUCTION, volumes, (programs, libraries)) as made:
            shutil.copyfile(made / "0.zip", target)
    return server


def backups_of_servers(version: str, servers: tuple[str, ...], folder: Path) -> None:
    """Write backups of a database with `base` on a server of each version.

    `of-10.zip` has a plain dump and the filestore, `of-10.dump` is in custom format.

    Args:
        version: of Odoo, whose image has a pg_dump that can dump all of them.
        servers: of PostgreSQL, as `10`.
        folder: where they are written.
    """
    volumes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    for server in servers:
        volumes += ("--volume", f"{server_programs(server)}:/servers/{server}:ro")
        arguments += (f"/servers/{server}/bin", f"/servers/{server}/lib")
    with _made(version, "base", "", volumes, arguments) as made:
        for number, server in enumerate(servers):
            for kind in ("zip", "dump"):
                shutil.copyfile(made / f"{number}.{kind}", folder / f"of-{server}.{kind}")


@contextmanager
def _made(
    version: str,
    modules: str,
    production: str,
    volumes: tuple[str, ...],
    arguments: tuple[str, ...],
) -> Iterator[Path]:
    """Make backups of each server; yield their folder. The arguments are those of `PROGRAM`."""
    with TemporaryDirectory(prefix="odf-manager-") as name:
        backup, folder = Path(name) / "backup", Path(name)
        backup.mkdir()
        texts = {"odoo.conf": CONFIGURATION, "production.py": production, "ask.py": ASK}
        for file, text in texts.items():
            (backup / file).write_text(text)
        readable(folder)
        backup.chmod(0o777)
        done = subprocess.run(
            (
                *("docker", "run", "--rm", "--init", "--network=none", "--cap-drop=ALL"),
                *("--name", f"test-{os.getpid()}-manager-{secrets.token_hex(3)}"),
                *(*volumes, "--volume", f"{backup}:/backup"),
                *("--entrypoint", "/bin/sh", f"odoo:{version}", "-c", PROGRAM, "sh"),
                *(modules, *arguments),
            ),
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        yield backup


def readable(folder: Path) -> None:
    """Let the container's user read a folder and everything in it."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o755)
