"""Packages of another Debian suite, unpacked, not installed: an old image's own PostgreSQL."""

import subprocess
from pathlib import Path

# The archive that this machine's own apt uses.
_ARCHIVE = (
    *("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"),
    *("Origin: Debian", "Label: Debian", "Component: main"),
)


def unpack(folder: Path, suite: str, *packages: str) -> Path:
    """Download packages of a suite and return the folder in which they are unpacked.

    Args:
        folder: where the downloads and the unpacked packages lie.
        suite: such as `bullseye`.
        packages: their names; what they depend on is left out.
    """
    uri = _run(folder, *_ARCHIVE).split()[0]
    (folder / "sources.list").write_text(f"deb {uri} {suite} main\n")
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    apt = (
        *("apt-get", "-q", "-o", f"Dir::Etc::sourcelist={folder}/sources.list"),
        *("-o", "Dir::Etc::sourceparts=-", "-o", f"Dir::State::lists={folder}/lists"),
        *("-o", f"Dir::Cache={folder}/cache", "-o", "APT::Sandbox::User=root"),
        # A mirror frozen in time is past its date; its signatures are checked all the same.
        *("-o", "Acquire::Check-Valid-Until=false", "-o", "Acquire::Languages=none"),
    )
    _run(folder, *apt, "update")
    _run(folder, *apt, "download", *packages)
    for package in folder.glob("*.deb"):
        _run(folder, "dpkg", "-x", str(package), str(folder / "unpacked"))
    return folder / "unpacked"


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout
