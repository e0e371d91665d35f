"""Generated layouts of repositories, and what Odoo itself reads from them."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.support.git_server import Link

Layout = Mapping[str, "bytes | Link"]
MOUNT = "/mnt/layouts"
GOOD = "{'name': 'x', 'author': 'x', 'license': 'LGPL-3', %s}"
NAMES = ("acme", "AcmeSale", "_x", "9lives", "übung", "acme-dash", "a b", ".hid", "x.y", "a\nb")
FOLDERS = ("", "addons/", "v18/", "v19/", "19.0/", "a/b/", ".oca/", "setup/acme/odoo/addons/")
DECLARED = (
    "",
    "'version': '19.0.1.0.0'",
    "'version': '18.0.1.0.0'",
    "'version': '14.0.1.0.0'",
    "'version': '2.1'",
    "'version': '19.0'",
    "'version': '1'",
    "'version': 'one.two'",
    "'version': 1.0",
    "'installable': False",
    "'installable': 0",
    "'depends': ['base', 'web']",
    "'depends': []",
    "'depends': ('web',)",
    "'auto_install': True",
    "'auto_install': ['web'], 'depends': ['web']",
    "'auto_install': ['sale'], 'depends': ['web']",
    "'external_dependencies': {'python': ['lxml'], 'bin': ['git']}",
)
BROKEN = (
    b"{",
    b"[]",
    b"['a']",
    b"'text'",
    b"{'name': open('x')}",
    b"",
    b"\xef\xbb\xbf{'name': 'x'}",
    b"{'name': '\xff'}",
    b"{'name': 'x'}\r\n# a comment\r\n",
    b"# -*- coding: latin-1 -*-\n{'name': 'x'}",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
)
TARGETS = ("../acme", "acme", "../addons/acme", "../.oca/acme", "nothing", "/etc", "../../..")
OUTSIDE = "/usr/lib/python3/dist-packages/odoo/addons/sale"


def manifests() -> st.SearchStrategy[bytes]:
    """Return manifests that Odoo reads, mostly, and others."""
    good = st.lists(st.sampled_from(DECLARED[1:]), max_size=2).map(
        lambda parts: (GOOD % ", ".join(dict.fromkeys(parts))).encode()
    )
    return st.one_of(good, good, good, st.sampled_from(BROKEN))


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, "bytes | Link"]:
    """Return the files and links of a repository."""
    files: dict[str, bytes | Link] = {"README.md": b"Hello."}
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from(FOLDERS)) + draw(st.sampled_from(NAMES))
        if any(taken == path or taken.startswith(f"{path}/") for taken in files):
            continue
        if draw(st.integers(0, 4)) == 0:
            files[path] = Link(draw(st.sampled_from((*TARGETS, OUTSIDE))))
            continue
        files[f"{path}/__manifest__.py"] = draw(manifests())
        if draw(st.integers(0, 5)):
            files[f"{path}/__init__.py"] = b""
    if draw(st.integers(0, 9)) == 0:
        files |= {"__manifest__.py": draw(manifests()), "__init__.py": b""}
    return files


def write(layout: Layout, folder: Path) -> None:
    """Write a layout into a new folder."""
    folder.mkdir(parents=True)
    for name, content in layout.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content)


# Forks for each layout, so that Odoo reads each configuration in a process of its own.
_READER = """
import json, os, sys
import odoo, odoo.addons, odoo.tools
import odoo.modules.module as reader

def read(conf):
    odoo.tools.config.parse_config(["--config", conf, "--log-level", "critical"])
    reader.initialize_sys_path()
    own = [path for path in odoo.addons.__path__ if path.startswith("/mnt/layouts/")]
    odoo.addons.__path__[:] = own  # the image's own modules take a second to read
    if hasattr(reader, "Manifest"):
        found = {each.name: dict(each) | {"path": each.path}
                 for each in reader.Manifest.all_addon_manifests()}
    else:
        found = {}
        for name in reader.get_modules():
            try:
                found[name] = dict(reader.load_information_from_description_file(name))
            except Exception:
                continue
            found[name]["path"] = reader.get_module_path(name)
    keep = ("path", "version", "depends", "installable", "external_dependencies", "auto_install")
    return {"path": own, "modules": {
        name: {key: sorted(each[key]) if isinstance(each[key], (set, tuple)) else each[key]
               for key in keep if key in each}
        for name, each in found.items() if each}}

for number, conf in enumerate(sorted(os.listdir("/mnt/layouts/conf"), key=int)):
    sys.stdout.flush()
    if os.fork() == 0:
        try:
            result = read("/mnt/layouts/conf/" + conf)
        except BaseException as error:
            result = {"error": "%s: %s" % (type(error).__name__, error)}
        print("layout:" + json.dumps([int(conf), result]))
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""


def read_by_odoo(image: str, folder: Path) -> dict[int, dict[str, Any]]:
    """Return what an image's Odoo reads with each of the configurations `conf/<number>`.

    Args:
        image: the image.
        folder: mounted at `MOUNT`.
    """
    command = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "python3")
    done = subprocess.run(
        (*command, "--volume", f"{folder}:{MOUNT}:ro", image, "-c", _READER),
        capture_output=True,
        check=True,
        text=True,
        timeout=240,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("layout:")]
    return dict(json.loads(line.removeprefix("layout:")) for line in lines)
