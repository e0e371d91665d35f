"""Modules and requirements that do not work: what is told, what is kept, what is left."""

import base64
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduflow.domain.errors import Conflict
from tests.support.git_server import Files, GitServer
from tests.support.instances import Instance, world
from tests.support.server import eventually
from tests.support.variants import git_host, inside, inspected, plan_of, variant

pytestmark = pytest.mark.timeout(300)

# Nothing listens there, on the container's loopback: pip does not wait for the index.
NO_INDEX = "http://127.0.0.1:9/simple"
SILENT_INDEX = "http://10.255.255.1:8080/simple"  # private, so what is sent there is dropped
WHEEL = "tinyshared-1.0-py3-none-any.whl"
BROKEN_VIEW = """
<odoo><record id="v" model="ir.ui.view"><field name="name">v</field>
<field name="model">res.partner</field>
<field name="arch" type="xml"><form><field name="no_such_field"/></form></field></record></odoo>
"""
LATE = "import sys\nif '--init' not in sys.argv:\n    import gone_at_run_time\n"
HOG = "import sys\nif {when}:\n    kept = [bytes(1) * (1 << 20) + b'1' for n in range(1000)]\n"
POST_LOAD = "def explode():\n    raise RuntimeError('exploding on purpose')\n"


def module(name: str, code: str = "", **manifest: object) -> dict[str, str]:
    declared = {"name": name, "depends": ["base"], "author": "x", "license": "LGPL-3", **manifest}
    return {f"{name}/__manifest__.py": repr(declared), f"{name}/__init__.py": code}


FILES: Files = {
    **module("fine"),
    **module("broken_import", "import nothing_of_that_name"),
    **module("exploding", POST_LOAD, post_load="explode"),
    **module("needs_module", depends=["no_such_module"]),
    **module("not_for_you", installable=False),
    **module("bad_view", data=["v.xml"]),
    "bad_view/v.xml": BROKEN_VIEW,
    **module("greedy", HOG.format(when="'--init' in sys.argv")),
    **module("greedy_later", HOG.format(when="'--init' not in sys.argv")),
    **module("late", LATE),
}


@pytest.fixture(scope="module")
def modest(instance: Instance, git: GitServer) -> Iterator[Instance]:
    """The instance with little memory for each environment."""
    memory = ("[team.blue]", "[team.blue]\nmemory_mb = 600")
    with variant(instance, git_host(git.authority), memory) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "message", "told"),
    [
        (
            "broken_import",
            "Not installed: broken_import: ModuleNotFoundError.",
            ["broken_import/__init__.py", "No module named 'nothing_of_that_name'"],
        ),
        (
            "exploding",
            "Not installed: exploding: RuntimeError.",
            ["exploding/__init__.py", "RuntimeError: exploding on purpose"],
        ),
        ("needs_module", "Not installed: needs_module: UserError.", ["no_such_module"]),
        ("not_for_you", "Not installed: not_for_you (uninstallable).", []),
        ("bad_view", "Not installed: bad_view: ParseError.", ["bad_view/v.xml", "no_such_field"]),
        (
            "missing",
            "No module missing, neither in the repository nor in the image.",
            ["invalid module names, ignored: missing"],
        ),
        ("greedy", "Odoo reached its limit of 600 MiB of memory while it installed modules.", []),
        (
            "greedy_later",
            "Odoo ended at its limit of 600 MiB of memory before it served a page.",
            ["odoo.modules.loading: loading"],
        ),
        ("late", "/web/login answers HTTP 500.", ["No module named 'gone_at_run_time'"]),
    ],
)
def test_a_module_that_breaks_odoo_leaves_a_failed_environment_that_explains_itself(
    modest: Instance, git: GitServer, name: str, message: str, told: list[str]
) -> None:
    before = world(modest)
    url = git.repository("modules", {"main": FILES})
    made = modest.call("create_environment", name="broken", repo_url=url, modules=[name])
    try:
        assert made.error is not None
        assert (made.error.kind, made.error.message) == ("upstream", message)
        assert [text for text in told if text not in made.error.output] == []
        assert len(made.error.output.splitlines()) <= 30
        shown = modest.ok("get_environment", name="broken")
        assert (shown["state"], shown["url"]) == ("failed", None)
        assert shown["error"] == made.error.model_dump(mode="json")
        again = modest.call("create_environment", name="broken", repo_url=url, modules=[name])
        assert again.error is not None
        assert again.error.kind == "conflict"
    finally:
        modest.ok("delete_environment", name="broken")
    assert world(modest) == before


def test_a_misspelt_module_is_answered_with_those_the_repository_holds(
    product: Instance, git: GitServer
) -> None:
    files = {**module("sale_tools"), **module("stock_tools")}
    url = git.repository("two", {"main": files})
    made = product.call("create_environment", name="typo", repo_url=url, modules=["sales_tools"])
    assert made.error is not None
    assert "sale_tools, stock_tools" in made.error.hint
    with pytest.raises(Conflict, match="no container, and so no log") as refused:
        product.call("get_environment_logs", name="typo")
    assert "get_environment name=typo" in refused.value.hint
    with pytest.raises(Conflict, match="typo has no container"):
        product.call("stop_environment", name="typo")
    assert product.ok("get_environment", name="typo")["state"] == "failed"
    product.ok("delete_environment", name="typo")


def test_a_module_that_is_not_asked_for_cannot_break_the_boot(
    product: Instance, git: GitServer
) -> None:
    url = git.repository("modules", {"main": FILES})
    made = product.ok("create_environment", name="mixed", repo_url=url, modules=["fine"])
    assert made["state"] == "running"
    product.ok("delete_environment", name="mixed")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny wheel, as an operator offers it."""
    folder = tmp_path_factory.mktemp("wheels")
    info = "tinyshared-1.0.dist-info"
    files = {
        "tinyshared.py": "ANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tinyshared\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(path, text)
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # pip runs as Odoo's user
    return folder


def digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def stocked(instance: Instance, git: GitServer, wheels: Path) -> Iterator[Instance]:
    """The instance with that folder, and no index that answers."""
    with variant(instance, git_host(git.authority), images(wheels, NO_INDEX)) as made:
        yield made


def images(wheels: Path, index: str) -> tuple[str, str]:
    section = f'[images]\npip_find_links = "{wheels}"\npip_index_url = "{index}"\n'
    return "[team.blue]", f"{section}[team.blue]"


def test_requirements_are_installed_once_and_importable_in_odoo(
    stocked: Instance, git: GitServer
) -> None:
    before = python_folders(stocked)
    code = "import tinyshared\nassert tinyshared.ANSWER == 42\n"
    files = {**module("uses_it", code), "requirements.txt": "tinyshared==1.0\n"}
    url = git.repository("python", {"main": files})
    told: list[str] = []
    for name in ("first", "second"):
        stocked.ok("create_environment", name=name, repo_url=url, modules=["uses_it"])
        container = plan_of(stocked, name).container
        (source,) = (
            mount
            for mount in inspected(container)["Mounts"]
            if mount["Destination"] == "/mnt/python"
        )
        assert not source["RW"]
        told.append(source["Source"])
        assert inside(container, "import tinyshared; print(tinyshared.__file__)").strip() == (
            "/mnt/python/tinyshared.py"
        )
    assert told[0] == told[1]
    assert python_folders(stocked) - before == {Path(told[0]).name}
    for name in ("first", "second"):
        stocked.ok("delete_environment", name=name)


def test_requirements_that_cannot_be_had_fail_the_create_and_leave_nothing(
    stocked: Instance, git: GitServer
) -> None:
    files = {**module("fine"), ".oduflow/requirements.txt": "tinyshared==9.9\n"}
    url = git.repository("unmet", {"main": files})
    before, folders = world(stocked), python_folders(stocked)
    made = stocked.call("create_environment", name="unmet", repo_url=url)
    assert made.error is not None
    assert (made.error.kind, made.error.message) == (
        "upstream",
        "pip could not install the repository's requirements.txt.",
    )
    assert "No matching distribution found for tinyshared==9.9" in made.error.output
    assert len(made.error.output.splitlines()) <= 30
    assert stocked.services.deps.store.environments.get("blue", "unmet") is None
    assert (world(stocked), python_folders(stocked)) == (before, folders)


def test_while_pip_runs_it_has_no_secret_and_reaches_neither_database_nor_neighbours(
    instance: Instance, git: GitServer, wheels: Path
) -> None:
    before, naming = world(instance), instance.services.deps.naming
    files = {**module("fine"), "requirements.txt": "nowhere-to-be-found\n"}
    url = git.repository("watched", {"main": files})
    database = instance.services.deps.engine.containers.facts(naming.database)
    assert database is not None
    targets = [(address, 5432) for address in database.addresses.values()]
    assert len(targets) == 3
    with variant(instance, git_host(git.authority), images(wheels, SILENT_INDEX)) as waiting:
        working = threading.Thread(
            target=waiting.call,
            args=("create_environment",),
            kwargs={"name": "watched", "repo_url": url},
        )
        working.start()
        eventually(lambda: runs(waiting, "watched"), 60)
        container = plan_of(waiting, "watched").one_off
        seen = inspected(container)
        reached = inside(container, CONNECT, repr(targets))
        (job,) = waiting.ok("list_jobs", active=True)["jobs"]
        waiting.ok("cancel_job", job=job["job"])
        working.join()
    assert reached.strip() == "[]"
    assert set(seen["NetworkSettings"]["Networks"]) == {naming.build_network}
    mounts = {mount["Destination"] for mount in seen["Mounts"]}
    assert mounts == {"/deps", "/requirements.txt", "/scratch", "/wheels"}
    assert seen["HostConfig"]["CapDrop"] == ["ALL"]
    assert seen["HostConfig"]["Memory"] == 2048 << 20
    assert world(instance) == before


CONNECT = """
import ast, socket, sys
def connects(target):
    try:
        socket.create_connection(target, timeout=1).close()
    except OSError:
        return False
    return True
print([target for target in ast.literal_eval(sys.argv[1]) if connects(target)])
"""


def runs(instance: Instance, name: str) -> bool:
    row = instance.services.deps.store.environments.get("blue", name)
    facts = row and instance.services.deps.engine.containers.facts(plan_of(instance, name).one_off)
    return bool(facts and facts.status == "running")


def python_folders(instance: Instance) -> set[str]:
    root = instance.services.deps.naming.team_folder("blue") / "python"
    return {path.name for path in root.glob("*")}
