"""Backups of small databases, as the fakes read them, and the settings that allow their import."""

import io
import json
import zipfile
from hashlib import sha1
from pathlib import Path

from tests.support.memory.world import BLUE

MODULES = {"base": "19.0.1.3", "web": "19.0.1.0", "crm": "19.0.1.0"}
SQL = """--
-- PostgreSQL database dump
--

-- Dumped from database version 15.8

CREATE TABLE public.ir_module_module (
    id integer
);
COPY public.ir_module_module (name, state, latest_version) FROM stdin;
%s
\\.

--
-- PostgreSQL database dump complete
--

"""
PICTURE = b"a picture"
HASH = sha1(PICTURE).hexdigest()  # noqa: S324 - Odoo's names


def allowing(folder: Path) -> str:
    return f'[storage]\nimport_folders = ["{folder}"]\n{BLUE}'


def sql(modules: dict[str, str]) -> str:
    return SQL % "\n".join(f"{name}\tinstalled\t{version}" for name, version in modules.items())


def zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


def write_backup(path: Path, picture: bytes = PICTURE) -> Path:
    """Write a backup as Odoo's database manager makes it."""
    manifest = {"version": "19.0-20260101", "pg_version": "15.8", "modules": MODULES}
    name = sha1(picture).hexdigest()  # noqa: S324 - Odoo's names
    path.write_bytes(
        zipped(
            {
                "dump.sql": sql(MODULES).encode(),
                "manifest.json": json.dumps(manifest).encode(),
                f"filestore/{name[:2]}/{name}": picture,
            }
        )
    )
    return path
