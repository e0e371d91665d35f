"""A backup of a production database, made by Odoo's own database manager over HTTP.

Everything runs in one throw-away container without a network: the PostgreSQL of the image's Debian,
which its pg_dump can dump, and an Odoo that installs `mail` and serves the manager.
"""

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

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
db_host = /tmp
db_user = odoo
data_dir = /tmp/data
max_cron_threads = 0
without_demo = True
"""
PROGRAM = """
set -eu
programs=$(echo /packages/usr/lib/postgresql/*/bin)
libraries=LD_LIBRARY_PATH=/packages/usr/lib/$(uname -m)-linux-gnu
env "$libraries" "$programs/initdb" --pgdata=/tmp/cluster --username=odoo --auth=trust \
    --encoding=UTF8 --locale=C
env "$libraries" "$programs/pg_ctl" --pgdata=/tmp/cluster --wait --log=/tmp/log \
    --options='-c listen_addresses= -c unix_socket_directories=/tmp -c fsync=off' start
export ODOO_RC=/backup/odoo.conf
odoo --database=production --init=mail --no-http --stop-after-init
odoo shell --database=production --no-http </backup/production.py
odoo &
exec python3 /backup/ask.py
"""
ASK = """
import time, urllib.parse, urllib.request
given = dict(master_pwd='of-the-manager', name='production', backup_format='zip')
form = urllib.parse.urlencode(given).encode()
for attempt in range(240):
    try:
        answer = urllib.request.urlopen('http://127.0.0.1:8069/web/database/backup', form)
        break
    except urllib.error.URLError as problem:
        print(problem, flush=True)
        time.sleep(0.5)
content = answer.read()
assert content[:2] == b'PK', content[:2000]
open('/backup/production.zip', 'wb').write(content)
"""
SECONDS = 500


def manager_backup(version: str, target: Path) -> str:
    """Write a backup of a database with `mail`; return the version of its PostgreSQL."""
    suite, server, more = SUITES[version]
    with TemporaryDirectory(prefix="odf-manager-") as name:
        folder = Path(name)
        packages, backup = folder / "packages", folder / "backup"
        packages.mkdir()
        unpacked = unpack(packages, suite, f"postgresql-{server}", *more)
        backup.mkdir()
        for file, text in (
            ("odoo.conf", CONFIGURATION),
            ("production.py", PRODUCTION),
            ("ask.py", ASK),
        ):
            (backup / file).write_text(text)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o755)
        backup.chmod(0o777)
        done = subprocess.run(
            (
                *("docker", "run", "--rm", "--init", "--network=none", "--cap-drop=ALL"),
                *("--name", f"test-{os.getpid()}-manager-{secrets.token_hex(3)}"),
                *("--volume", f"{unpacked}:/packages:ro", "--volume", f"{backup}:/backup"),
                *("--entrypoint", "/bin/sh", f"odoo:{version}", "-c", PROGRAM),
            ),
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        shutil.copyfile(backup / "production.zip", target)
    return server
