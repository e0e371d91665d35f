import ast
import re

from tests.support.tree import code_files, imports_of, name_of, nodes_of, project_files

MEANINGLESS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

# Who may touch the process's environment besides the settings, and why.
ENVIRONMENT = {
    "oduflow/adapters/git/__init__.py": "GitPython reads how to start from it when imported",
    "oduflow/adapters/git/child_reaper.py": "hands its own, empty environment on to git",
}
# Who may run programs, and which.
PROGRAMS = {
    "oduflow/adapters/docker/build.py": "an image's recipe",
    "oduflow/adapters/docker/install.py": "the script that brings an engine",
    "oduflow/adapters/docker/subnets.py": "ip, for the host's routes",
    "oduflow/adapters/filestore/clone.py": "cp, for its reflinks; rm, for deep folders; sync",
    "oduflow/adapters/filestore/overlay.py": "unshare, to try a mount",
    "oduflow/adapters/firewall/iptables.py": "iptables",
    "oduflow/adapters/git/process.py": "git",
    "oduflow/adapters/pool/programs.py": "mkfs.xfs, mount and losetup; rm, for deep folders",
    "oduflow/adapters/systemd/service.py": "systemctl",
    "oduflow/adapters/odoo/inside/run_pip.py": "pip, in the image",
    "oduflow/adapters/odoo/inside/take_screenshot.py": "Chromium, in a container of its own",
}


def test_modules_are_named_for_what_they_hold():
    nameless = {
        name_of(path): words
        for path in code_files()
        if (words := set(re.split(r"[/._-]", name_of(path))) & MEANINGLESS)
    }

    assert nameless == {}


def test_only_the_settings_read_the_environment():
    readers = {
        name_of(path)
        for path in code_files()
        if not name_of(path).startswith("oduflow/settings/")
        and any(_reads_environment(node) for node in nodes_of(path))
    }

    assert readers == set(ENVIRONMENT)


def test_only_adapters_that_say_why_run_programs():
    runners = {name_of(path) for path in code_files() if "subprocess" in imports_of(path)}

    assert runners == set(PROGRAMS)


def test_nothing_prints_past_its_face():
    printing = [name_of(path) for path in code_files() if any(map(_prints, nodes_of(path)))]

    assert printing == []


def test_nothing_is_left_for_later():
    # Written in two pieces, so that this file does not find itself.
    later = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK|NotImplemented" + "Error")

    unfinished = {
        name_of(path): found for path in code_files() if (found := later.findall(path.read_text()))
    }

    assert unfinished == {}


def test_modules_say_what_they_are_in_one_whole_line():
    said = {name_of(path): ast.get_docstring(nodes_of(path)[0]) or "" for path in code_files()}  # type: ignore[arg-type]
    first_lines = {name: text.partition("\n")[0] for name, text in said.items()}

    assert {name: line for name, line in first_lines.items() if not line.endswith(".")} == {}


def test_a_class_name_is_defined_once():
    """In the product, the benchmarks and the tests: a name found by a search is one class."""
    places: dict[str, list[str]] = {}
    for path in [path for path in project_files() if path.suffix == ".py"]:
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))

    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(alias.name in {"environ", "environb", "getenv"} for alias in node.names)
    return (
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "environb", "getenv", "putenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    )


def _prints(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "pprint", "breakpoint"}
    )
