"""Python requirements of repositories, with real pip in real images."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.environments.faults_test import module
from tests.support.git_server import Files, GitServer, Link
from tests.support.instances import Instance, world
from tests.support.packages import write_sdist, write_wheel
from tests.support.server import eventually
from tests.support.variants import git_host, inside, inspected, plan_of, variant

pytestmark = pytest.mark.timeout(300)

SILENT_INDEX = "http://10.255.255.1:8080/simple"  # private, so what is sent there is dropped
FILE = "repository's .oduflow/requirements.txt"
PIP = f"pip could not install the {FILE}"
HAS = "cryptography 43.0.0"  # Debian 13
NATIVE = (
    "has no wheel for Python 3.13, and building it needs a compiler or library that the image "
    "odoo:19.0 does not have (gcc)."
)
USES = """
import cryptography, tinyshared, tinysource
from odoo.addons.tiny_addon import ANSWER
assert (tinyshared.ANSWER, tinysource.ANSWER, ANSWER) == (42, 43, 44)
assert cryptography.__file__.startswith("/usr/lib/"), "the image's"
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny packages, as an operator offers it."""
    folder = tmp_path_factory.mktemp("wheels")
    write_wheel(folder, "tinyshared", {"tinyshared.py": "ANSWER = 42\n"})
    write_wheel(folder, "tinyshadow", {"cryptography/__init__.py": "raise ImportError\n"})
    write_wheel(folder, "tinynew", {"tinynew.py": ""}, requires="cryptography>=999")
    write_sdist(folder, "tinysource", {"tinysource.py": "ANSWER = 43\n"})
    write_sdist(folder, "tinynative", {}, first="import subprocess; subprocess.run(['gcc'])")
    addon = module("tiny_addon", "ANSWER = 44\n")
    write_wheel(
        folder,
        "odoo_addon_tiny_addon",
        {f"odoo/addons/{path}": text for path, text in addon.items()},
        version="19.0.1.0.0",
        requires="odoo==19.0.*",
    )
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # pip runs as Odoo's user
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def stocked(instance: Instance, git: GitServer, wheels: Path) -> Iterator[Instance]:
    """The instance with that folder, and no index."""
    with variant(instance, git_host(git.authority), images(wheels, "none")) as made:
        yield made


def images(wheels: Path, index: str) -> tuple[str, str]:
    section = f'[images]\npip_find_links = "{wheels}"\npip_index_url = "{index}"\n'
    return "[team.blue]", f"{section}[team.blue]"


def test_what_is_missing_is_installed_once_and_what_the_image_has_stays(
    stocked: Instance, git: GitServer
) -> None:
    before = python_folders(stocked)
    files: Files = {
        **module("uses_it", USES, depends=["tiny_addon"]),
        "requirements.txt": Link("requirements/all.txt"),
        "requirements/all.txt": "-r requirements/more.txt\ncryptography\nodoo-addon-tiny-addon\n",
        "requirements/more.txt": "tinyshared==1.0\ntinyshadow\ntinysource\n",
    }
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


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("tinyshared==9.9", "upstream", f"{PIP}: there is no tinyshared==9.9 for Python 3.13."),
        (
            "cryptography>=999",
            "conflict",
            f"The {FILE}, line 1, asks for cryptography>=999, but the image odoo:19.0 has {HAS}.",
        ),
        (
            "tinynew",
            "upstream",
            f"{PIP}: tinynew 1.0 needs cryptography>=999, but {HAS} is installed already.",
        ),
        (
            "tinynative",
            "upstream",
            f"{PIP}: tinynative {NATIVE}",
        ),
    ],
)
def test_requirements_that_cannot_be_met_fail_the_create_and_leave_nothing(
    stocked: Instance, git: GitServer, text: str, kind: str, message: str
) -> None:
    files = {**module("fine"), ".oduflow/requirements.txt": text, "requirements.txt": "-e ."}
    url = git.repository("unmet", {"main": files})
    before, folders = world(stocked), python_folders(stocked)
    made = stocked.call("create_environment", name="unmet", repo_url=url)
    assert made.error is not None
    assert (made.error.kind, made.error.message) == (kind, message)
    assert len((made.error.output or "").splitlines()) <= 30
    assert stocked.services.deps.store.environments.get("blue", "unmet") is None
    assert (world(stocked), python_folders(stocked)) == (before, folders)


def test_while_pip_runs_it_has_no_secret_and_reaches_neither_database_nor_neighbours(
    instance: Instance, git: GitServer, wheels: Path
) -> None:
    before, naming = world(instance), instance.services.deps.naming
    files = {**module("fine"), "requirements.txt": "nowhere-to-be-found\n"}
    url = git.repository("watched", {"main": files})
    database = instance.services.deps.engine.containers.facts(naming.database("blue"))
    assert database is not None
    targets = [(address, 5432) for address in database.addresses.values()]
    assert len(targets) == 1
    with variant(instance, git_host(git.authority), images(wheels, SILENT_INDEX)) as waiting:
        working = threading.Thread(
            target=waiting.call,
            args=("create_environment",),
            kwargs={"name": "watched", "repo_url": url},
        )
        working.start()
        eventually(lambda: pip_runs(waiting, "watched"), 60)
        container = plan_of(waiting, "watched").one_off
        seen = inspected(container)
        reached = inside(container, CONNECT, repr(targets))
        (job,) = waiting.ok("list_jobs", active=True)["jobs"]
        waiting.ok("cancel_job", job=job["job"])
        working.join()
    assert reached.strip() == "[]"
    assert set(seen["NetworkSettings"]["Networks"]) == {naming.build_network}
    mounts = {mount["Destination"] for mount in seen["Mounts"]}
    assert mounts == {"/deps", "/inputs", "/scratch", "/tmp", "/var/tmp", "/wheels"}  # noqa: S108
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


def pip_runs(instance: Instance, name: str) -> bool:
    row = instance.services.deps.store.environments.get("blue", name)
    facts = row and instance.services.deps.engine.containers.facts(plan_of(instance, name).one_off)
    return bool(facts and instance.services.deps.naming.build_network in facts.addresses)


def python_folders(instance: Instance) -> set[str]:
    root = instance.services.deps.naming.team_folder("blue") / "python"
    return {path.name for path in root.glob("*")}
