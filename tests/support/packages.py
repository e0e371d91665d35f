"""Tiny Python packages in a folder, as an operator offers them with pip_find_links."""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

BACKEND = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BUILDS = """
import pathlib, shutil
WHEEL = {wheel!r}
def build_wheel(folder, config_settings=None, metadata_directory=None):
    {first}
    shutil.copy(WHEEL, folder)
    return WHEEL
"""


def write_wheel(
    folder: Path, name: str, files: Mapping[str, str], *, version: str = "1.0", requires: str = ""
) -> Path:
    """Write a wheel; `requires` is one dependency."""
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in whole.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in {**whole, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(inner, text)
    return path


def write_sdist(folder: Path, name: str, files: Mapping[str, str], *, first: str = "pass") -> None:
    """Write an sdist that brings its own build backend, which runs `first`."""
    wheel = write_wheel(folder, name, files)
    content = {
        "pyproject.toml": BACKEND.encode(),
        "backend.py": BUILDS.format(wheel=wheel.name, first=first).encode(),
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        wheel.name: wheel.read_bytes(),
    }
    wheel.unlink()
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for path, raw in content.items():
            entry = tarfile.TarInfo(f"{name}-1.0/{path}")
            entry.size = len(raw)
            archive.addfile(entry, io.BytesIO(raw))


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
