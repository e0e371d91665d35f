import gc
import os
import sys
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from oduflow.adapters.odoo.addons.checkout import read_checkout
from oduflow.adapters.odoo.addons.manifest import ManifestRefused, read_manifest
from oduflow.adapters.odoo.addons.manifests import (
    MAX_MANIFEST_BYTES,
    MAX_MANIFESTS_BYTES,
    MAX_MODULES,
)
from oduflow.domain.addons import OdooRules
from oduflow.domain.errors import Cancelled, Invalid

RULES = OdooRules(series="19.0", needs_init=False)
GOOD = '{"name": "Sale", "depends": ["base"]}'


def test_modules_are_found_with_the_folders_that_hold_them(checkout):
    for path in ("sale", "addons/crm", "addons/stock", "a/b/deep"):
        module(checkout / path)

    assert names(checkout) == ["crm", "deep", "sale", "stock"]
    assert folders(checkout) == [".", "a/b", "addons"]


def test_of_two_modules_the_one_in_a_folder_that_odoo_skips_is_not_used(checkout):
    for path in ("a/twin", "b/twin", "b/sale"):
        module(checkout / path)
    for path in ("a/twin", "b/twin"):
        (checkout / path / "__init__.py").unlink(missing_ok=True)
    (checkout / "b/sale/__init__.py").touch()

    found = read_checkout(checkout, OdooRules(series="19.0", needs_init=True))

    assert [(each.name, each.path) for each in found.modules] == [
        ("sale", "b/sale"),
        ("twin", "b/twin"),
    ]
    assert any("b/twin is used" in warning.reason for warning in found.warnings)


def test_a_checkout_that_is_one_module_says_so(checkout):
    module(checkout)
    module(checkout / "nested")

    found = read(checkout)

    assert [(each.name, each.path) for each in found.modules] == [("sale_tools", ".")]
    assert found.folders[0].links == (("sale_tools", "."),)


def test_a_checkout_without_modules_holds_none(checkout):
    (checkout / "src").mkdir()
    (checkout / "src" / "main.py").touch()

    assert (names(checkout), folders(checkout)) == ([], [])


def test_modules_lie_at_most_four_folders_deep(checkout):
    module(checkout / "1/2/3/4/within")
    module(checkout / "1/2/3/4/5/beyond")

    assert names(checkout) == ["within"]


def test_a_folder_inside_a_module_is_no_module(checkout):
    module(checkout / "sale")
    module(checkout / "sale" / "tests" / "example")

    assert names(checkout) == ["sale"]


@pytest.mark.parametrize("hidden", [".git", ".oduflow", ".cache/addons"])
def test_hidden_folders_are_not_looked_into(checkout, hidden):
    module(checkout / hidden / "sale")

    assert names(checkout) == []


@pytest.mark.parametrize("name", ["sale-x", "sale x", "sale.x"])
def test_a_folder_whose_name_odoo_cannot_import_is_no_module(checkout, name):
    module(checkout / name)

    assert names(checkout) == []


@pytest.mark.parametrize(
    "name", ["a\nlist_db = True", "a,b", "$HOME", " a", "a ", "a\x85b", os.fsdecode(b"\xff")]
)
def test_a_folder_that_no_configuration_can_name_is_not_looked_into(checkout, name):
    module(checkout / name / "sale")
    module(checkout / "addons" / "crm")

    assert folders(checkout) == ["addons"]


@pytest.mark.parametrize("name", ["my addons", "zusätze", "oca-19.0", "100%"])
def test_a_folder_with_an_unusual_name_is_looked_into(checkout, name):
    module(checkout / name / "sale")

    assert folders(checkout) == [name]


def test_a_link_to_a_folder_outside_is_not_followed(checkout, tmp_path):
    module(tmp_path / "outside" / "sale")
    (checkout / "addons").symlink_to(tmp_path / "outside")
    (checkout / "etc").symlink_to("/etc")
    (checkout / "loop").symlink_to(checkout)

    assert names(checkout) == []


def test_a_module_that_is_a_link_is_none(checkout, tmp_path):
    module(tmp_path / "outside")
    (checkout / "sale").symlink_to(tmp_path / "outside")

    assert names(checkout) == []


def test_a_manifest_that_is_a_link_is_not_read(checkout, tmp_path):
    secret = tmp_path / "shadow"
    secret.write_text(GOOD)
    (checkout / "sale").mkdir()
    (checkout / "sale" / "__manifest__.py").symlink_to(secret)
    (checkout / "__manifest__.py").symlink_to(secret)

    assert (names(checkout), folders(checkout)) == ([], [])


def test_a_manifest_that_is_a_pipe_is_not_waited_for(checkout):
    (checkout / "sale").mkdir()
    os.mkfifo(checkout / "sale" / "__manifest__.py")
    began = time.monotonic()

    assert names(checkout) == []
    assert time.monotonic() - began < 1


def test_a_manifest_that_is_a_folder_is_none(checkout):
    (checkout / "sale" / "__manifest__.py").mkdir(parents=True)

    assert names(checkout) == []


def test_code_in_a_manifest_is_not_run(checkout, tmp_path):
    trap = tmp_path / "trap"
    module(checkout / "sale", f"{{'name': open({str(trap)!r}, 'w').write('ran')}}")

    assert names(checkout) == []
    assert not trap.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "'a text'",
        "{",
        "{[]: 1}",
        "{'name': name}",
        "import os",
        "\0",
        "(" * 100_000,
        "-" * 200_000 + "1",
        "1+" * 80_000 + "1",
        "[1," * 60_000,
        "9" * 200_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_manifest_that_is_no_dictionary_of_literals_is_none(checkout, text):
    module(checkout / "sale", text)
    module(checkout / "crm")

    assert names(checkout) == ["crm"]


def test_a_manifest_is_read_up_to_its_limit(checkout):
    padding = MAX_MANIFEST_BYTES - len(GOOD) - 1
    module(checkout / "sale", GOOD + "#" + "x" * padding)
    module(checkout / "crm", GOOD + "#" + "x" * (padding + 1))

    assert names(checkout) == ["sale"]


@pytest.mark.parametrize(("installable", "found"), [("False", []), ("True", ["sale"]), ("0", [])])
def test_a_module_that_says_it_cannot_be_installed_is_left_out(checkout, installable, found):
    module(checkout / "sale", f"{{'installable': {installable}}}")

    assert names(checkout) == found


def test_modules_below_one_that_cannot_be_installed_are_found(checkout):
    module(checkout / "bundle", "{'installable': False}")
    module(checkout / "bundle" / "sale")

    assert folders(checkout) == ["bundle"]


def test_a_manifest_is_data():
    text = "# -*- coding: utf-8 -*-\n{'name': 'Würste', 'depends': ['base'],}\n"

    assert read_manifest(text.encode(), RULES).depends == ("base",)
    with pytest.raises(ManifestRefused):
        read_manifest(b"open('/etc/passwd')", RULES)


def test_a_number_as_version_is_refused_where_odoo_fails_on_it():
    rules = OdooRules(series="14.0", text_versions=True)

    assert read_manifest(b"{'version': 1.0}", RULES).version == "1.0"
    with pytest.raises(ManifestRefused, match="Its version is not a text"):
        read_manifest(b"{'version': 1.0}", rules)


def test_manifests_are_parsed_in_many_threads(eager_collector: None):
    text = repr({f"key{index}": ["a", {"x": [1, (2, 3)]}] for index in range(100)})

    def parse(_: int) -> object:
        cycles = [Cycle() for _ in range(20)]
        return bool(cycles) and read_manifest(text.encode(), RULES)

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(parse, range(60)))


def test_a_manifest_that_is_not_utf_8_is_told(checkout):
    (checkout / "sale").mkdir()
    (checkout / "sale" / "__manifest__.py").write_bytes(b"{'name': '\xff\xfe'}")

    assert [each.sentence for each in read(checkout).warnings] == [
        "sale/__manifest__.py: It is not UTF-8."
    ]


@pytest.mark.thorough
def test_a_checkout_with_more_modules_than_any_repository_has_is_refused(checkout):
    for number in range(MAX_MODULES):
        module(checkout / f"m{number}")
    assert len(names(checkout)) == MAX_MODULES

    module(checkout / "one_more")
    with pytest.raises(Invalid, match="more than 2000 modules"):
        read(checkout)


def test_a_checkout_with_longer_manifests_than_any_repository_has_is_refused(checkout):
    padded = "#" * MAX_MANIFEST_BYTES  # no module, but read all the same
    for number in range(MAX_MANIFESTS_BYTES // MAX_MANIFEST_BYTES):
        module(checkout / f"m{number}", padded)
    assert names(checkout) == []

    module(checkout / "one_more")
    with pytest.raises(Invalid, match="more than 8 MiB"):
        read(checkout)


def test_a_search_can_be_stopped_at_each_folder(checkout):
    for name in ("a", "b", "c"):
        module(checkout / name)
    looks: list[None] = []

    def stop() -> None:
        looks.append(None)
        if len(looks) == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        read_checkout(checkout, RULES, on_folder=stop)
    assert len(looks) == 3


def read(checkout):
    return read_checkout(checkout, RULES, repo_url="https://example.com/sale-tools.git")


def names(checkout):
    return [each.name for each in read(checkout).modules]


def folders(checkout):
    return [each.path for each in read(checkout).folders]


def module(folder, text=GOOD):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__manifest__.py").write_text(text)


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


class Cycle:
    """Garbage whose collection runs Python, so that another thread may go on meanwhile."""

    def __init__(self) -> None:
        self.itself = self
        weakref.finalize(self, sum, range(50))


@pytest.fixture
def eager_collector() -> Iterator[None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(interval)
