"""What changes of a repository need: each kind alone, mixed, and broken."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from oduflow.domain.changes.classify import classify
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.needs import ChangedFile, Need
from oduflow.domain.changes.plan import ApplyPlan

MANIFEST = (
    '{"name": "Notes", "version": "1.0", "depends": ["base"],'
    ' "data": ["security/ir.model.access.csv", "views/note.xml", "data/cron.xml"],'
    ' "demo": ["demo/notes.xml"]}'
)
MODEL = """from odoo import api, fields, models


class Note(models.Model):
    _name = "notes.note"
    _description = "Note"

    name = fields.Char()

    def close(self):
        return self.write({"name": "closed"})
"""
VIEW = """<odoo>
  <record id="form" model="ir.ui.view">
    <field name="model">notes.note</field>
    <field name="arch" type="xml"><form><field name="name"/></form></field>
  </record>
  <template id="page"><p>Hello</p></template>
</odoo>"""
CRON = """<odoo noupdate="1">
  <record id="cron" model="ir.cron"><field name="interval_number">1</field></record>
</odoo>"""
ACCESS = "id,name,perm_read\nall,everybody,1\n"
FIRST: dict[str, str] = {
    "notes/__manifest__.py": MANIFEST,
    "notes/__init__.py": "from . import models\nfrom . import controllers\n",
    "notes/models/__init__.py": "from . import note\n",
    "notes/models/note.py": MODEL,
    "notes/controllers/__init__.py": "from . import main\n",
    "notes/controllers/main.py": "class Main(http.Controller):\n    pass\n",
    "notes/security/ir.model.access.csv": ACCESS,
    "notes/views/note.xml": VIEW,
    "notes/data/cron.xml": CRON,
    "notes/demo/notes.xml": "<odoo/>",
    "notes/static/src/note.js": "a",
    "notes/static/src/note.scss": "a",
    "notes/static/img/note.png": "a",
    "notes/i18n/fr.po": "a",
    "notes/tests/__init__.py": "",
    "notes/tests/test_note.py": "a = 1",
    "notes/README.md": "a",
    "other/__manifest__.py": '{"name": "Other", "depends": ["notes"]}',
    "other/models.py": "a = 1",
    "README.md": "a",
}
NEW_MODULE = {
    "fresh/__manifest__.py": '{"name": "Fresh", "depends": ["base"]}',
    "fresh/__init__.py": "",
}
WITH_FIELD = MODEL.replace("    name = ", "    size = fields.Integer()\n    name = ")
GONE = None


def plan_of(changes: Mapping[str, str | None], **facts: Any) -> ApplyPlan:
    """Return the plan for changes of `FIRST`, of whose modules `notes` is installed."""
    after = {path: text for path, text in {**FIRST, **changes}.items() if text is not None}
    files = [
        ChangedFile(
            path,
            FIRST[path].encode() if path in FIRST else None,
            None if text is None else text.encode(),
        )
        for path, text in changes.items()
        if FIRST.get(path) != text
    ]
    known = RepositoryFacts(
        before=modules_of(FIRST),
        after=modules_of(after),
        texts={path: text.encode() for path, text in after.items()},
        installed=frozenset({"base", "notes"}),
        languages=frozenset({"en_US", "fr_FR"}),
    )
    return ApplyPlan.of(classify(files, replace(known, **facts)))


def modules_of(files: dict[str, str]) -> dict[str, str]:
    folders = (path.removesuffix("/__manifest__.py") for path in files if "__manifest__" in path)
    return {folder: folder.rpartition("/")[2] for folder in folders}


def edited(path: str, old: str, new: str) -> dict[str, str | None]:
    assert old in FIRST[path]
    return {path: FIRST[path].replace(old, new)}


ALONE: dict[str, tuple[Mapping[str, str | None], Need, str]] = {
    "body of a method": (
        edited("notes/models/note.py", '"closed"', '"done"'),
        Need.RESTART,
        "only bodies of functions",
    ),
    "new method": (
        {"notes/models/note.py": MODEL + "\n    def open(self):\n        return 1\n"},
        Need.RESTART,
        "only bodies",
    ),
    "decorator of a method": (
        edited(
            "notes/models/note.py", "    def close", '    @api.constrains("name")\n    def close'
        ),
        Need.RESTART,
        "only bodies",
    ),
    "comment and docstring": (
        edited("notes/models/note.py", "    _name", '    """A note."""\n\n    # why\n    _name'),
        Need.RESTART,
        "only bodies",
    ),
    "default of a field": (
        edited("notes/models/note.py", "Char()", "Char(default=lambda self: 1)"),
        Need.RESTART,
        "only bodies",
    ),
    "new field": ({"notes/models/note.py": WITH_FIELD}, Need.UPGRADE, "Note.size is new"),
    "field gone": (
        edited("notes/models/note.py", "    name = fields.Char()\n", ""),
        Need.UPGRADE,
        "Note.name is gone",
    ),
    "label of a field": (
        edited("notes/models/note.py", "Char()", 'Char("Title")'),
        Need.UPGRADE,
        "Note.name is changed",
    ),
    "new model file": (
        {
            "notes/models/__init__.py": "from . import note, tag\n",
            "notes/models/tag.py": MODEL.replace("Note", "Tag"),
        },
        Need.UPGRADE,
        "import of tag is new",
    ),
    "code that is no Python": (
        {"notes/models/note.py": "class X(:\n"},
        Need.UPGRADE,
        "cannot be read as Python at line 1",
    ),
    "code that was no Python's file": (
        {"notes/models/note.py": "\0"},
        Need.UPGRADE,
        "cannot be read",
    ),
    "body of a controller": (
        {
            "notes/controllers/main.py": "class Main(http.Controller):\n"
            "    @http.route('/n')\n    def n(self):\n        return 1\n"
        },
        Need.RESTART,
        "only bodies",
    ),
    "new controller": (
        {
            "notes/controllers/__init__.py": "from . import main, api\n",
            "notes/controllers/api.py": "class Api(http.Controller):\n    pass\n",
        },
        Need.UPGRADE,
        "import of api is new",
    ),
    "view": (
        edited("notes/views/note.xml", "<form>", '<form string="Note">'),
        Need.RELOAD,
        "view form is changed",
    ),
    "template": (edited("notes/views/note.xml", "Hello", "Hi"), Need.RELOAD, "template page"),
    "new record": (
        edited("notes/views/note.xml", "</odoo>", '<menuitem id="menu" name="N"/></odoo>'),
        Need.RELOAD,
        "menu menu is new",
    ),
    "record gone": (
        edited("notes/views/note.xml", '<template id="page"><p>Hello</p></template>', ""),
        Need.UPGRADE,
        "page is gone",
    ),
    "function in a file of data": (
        edited("notes/views/note.xml", "</odoo>", '<function model="x" name="y"/></odoo>'),
        Need.UPGRADE,
        "would repeat <function>",
    ),
    "XML that is none": (
        {"notes/views/note.xml": "<odoo>\n<record></odoo>"},
        Need.UPGRADE,
        "it is no XML at line 2",
    ),
    "comment in a view": (
        edited("notes/views/note.xml", "<odoo>", "<odoo><!-- why -->"),
        Need.NOTHING,
        "no record changed",
    ),
    "record in noupdate": (
        edited("notes/data/cron.xml", ">1<", ">2<"),
        Need.NOTHING,
        "cron is not loaded again: noupdate",
    ),
    "access right": (
        {"notes/security/ir.model.access.csv": ACCESS + "more,manager,1\n"},
        Need.RELOAD,
        "line more is new",
    ),
    "access right gone": (
        {"notes/security/ir.model.access.csv": "id,name,perm_read\n"},
        Need.UPGRADE,
        "all is gone",
    ),
    "version": (
        edited("notes/__manifest__.py", '"1.0"', '"1.1"'),
        Need.UPGRADE,
        "version 1.0 → 1.1",
    ),
    "dependency": (
        edited("notes/__manifest__.py", '["base"]', '["base", "mail"]'),
        Need.UPGRADE,
        "it depends on other modules",
    ),
    "list of data": (
        edited("notes/__manifest__.py", ', "data/cron.xml"', ""),
        Need.UPGRADE,
        "its files of data are others",
    ),
    "assets of the manifest": (
        edited("notes/__manifest__.py", '"name"', '"assets": {"web": ["notes/x.js"]}, "name"'),
        Need.RESTART,
        "assets: Odoo keeps it in the process",
    ),
    "texts of the manifest": (
        edited("notes/__manifest__.py", '"Notes"', '"Note"'),
        Need.NOTHING,
        "only texts about the module",
    ),
    "manifest that is none": (
        {"notes/__manifest__.py": "{\n'name': 'x',, }"},
        Need.UPGRADE,
        "cannot be read as a dictionary of literals at line 2",
    ),
    "module that is not installable any more": (
        edited("notes/__manifest__.py", '"name"', '"installable": False, "name"'),
        Need.UNINSTALL,
        "cannot be installed any more",
    ),
    "script of a bundle": ({"notes/static/src/note.js": "b"}, Need.ASSETS, "part of a bundle"),
    "style of a bundle": ({"notes/static/src/note.scss": "b"}, Need.ASSETS, "part of a bundle"),
    "new script": ({"notes/static/src/more.js": "b"}, Need.RESTART, "a file for bundles is new"),
    "image": ({"notes/static/img/note.png": "b"}, Need.NOTHING, "served as it is"),
    "terms of an active language": (
        {"notes/i18n/fr.po": "b"},
        Need.TRANSLATIONS,
        "terms in fr_FR",
    ),
    "terms of another language": ({"notes/i18n/de.po": "b"}, Need.NOTHING, "de is not active"),
    "template of terms": ({"notes/i18n/notes.pot": "b"}, Need.NOTHING, "a template"),
    "test": ({"notes/tests/test_note.py": "a = 2"}, Need.NOTHING, "code of tests"),
    "migration without a version": (
        {"notes/migrations/1.1/post.py": "a = 1"},
        Need.NOTHING,
        "run by an upgrade to another version",
    ),
    "documentation": ({"notes/README.md": "b"}, Need.NOTHING, "documentation"),
    "demo data": ({"notes/demo/notes.xml": "<odoo></odoo> "}, Need.NOTHING, "demo data"),
    "file that nothing is known of": (
        {"notes/data/rates.json": "{}"},
        Need.UPGRADE,
        "what reads it is not known",
    ),
    "file that no manifest lists": (
        {"notes/views/more.xml": "<odoo/>"},
        Need.UPGRADE,
        "what reads it is not known",
    ),
    "requirements": ({"requirements.txt": "x"}, Need.PACKAGES, "requirements"),
    "requirements of another place": (
        {".oduflow/requirements-dev.txt": "x"},
        Need.PACKAGES,
        "requirements",
    ),
    "file outside of modules": ({"README.md": "b"}, Need.NOTHING, "in no module"),
    "module that is not installed": (
        {"other/README.md": "b"},
        Need.NOTHING,
        "the module is not installed",
    ),
    "code of a module that is not installed": (
        {"other/models.py": "b = 1"},
        Need.NOTHING,
        "the module is not installed",
    ),
    "code in no module": ({"common/consts.py": "b = 1"}, Need.NOTHING, "in no module"),
    "hook of an uninstallation": (
        edited("notes/__manifest__.py", '"version"', '"uninstall_hook": "x", "version"'),
        Need.RESTART,
        "uninstall_hook",
    ),
    "new module": (NEW_MODULE, Need.INSTALL, "the module is new"),
    "new module that cannot be installed": (
        {"fresh/__manifest__.py": '{"installable": False}'},
        Need.NOTHING,
        "not installed",
    ),
    "module that is gone": (
        {path: GONE for path in FIRST if path.startswith("notes/")},
        Need.UNINSTALL,
        "the module is gone, and is installed",
    ),
    "module that is gone and was not installed": (
        {path: GONE for path in FIRST if path.startswith("other/")},
        Need.NOTHING,
        "the module is gone; the module is not installed",
    ),
    "module that moved": (
        {path: GONE for path in FIRST if path.startswith("notes/")}
        | {f"addons/{path}": text for path, text in FIRST.items() if path.startswith("notes/")},
        Need.UPGRADE,
        "the module moved here from notes",
    ),
}


@pytest.mark.parametrize("kind", ALONE)
def test_a_change_alone_needs_the_least_that_is_right(kind: str) -> None:
    changes, need, why = ALONE[kind]

    first = plan_of(changes).verdicts[0]

    assert first.need is need, first
    assert why in first.why


def test_a_module_that_is_new_or_gone_is_told_once() -> None:
    assert [each.path for each in plan_of(NEW_MODULE).verdicts] == ["fresh"]


def test_several_changes_are_done_once_each_and_an_upgrade_includes_its_modules_views() -> None:
    mixed = (
        {"notes/models/note.py": WITH_FIELD, "notes/static/src/note.js": "b"}
        | edited("notes/views/note.xml", "Hello", "Hi")
        | NEW_MODULE
        | {"requirements.txt": "x", "README.md": "b"}
    )

    plan = plan_of(mixed)

    assert (plan.upgrade, plan.install, plan.uninstall) == (("notes",), ("fresh",), ())
    assert (dict(plan.reload), plan.ids, plan.assets) == ({}, (), ("notes",))
    assert (plan.packages, plan.writes, plan.is_nothing) == (True, True, False)
    assert [each.need for each in plan.verdicts][:3] == [Need.INSTALL, Need.UPGRADE, Need.PACKAGES]


def test_views_are_loaded_in_the_order_of_the_manifest_with_their_whole_ids() -> None:
    changes = edited("notes/views/note.xml", "Hello", "Hi") | {
        "notes/security/ir.model.access.csv": ACCESS + "base.more,x,1\n"
    }

    plan = plan_of(changes)

    assert dict(plan.reload) == {"notes": ("security/ir.model.access.csv", "views/note.xml")}
    assert plan.ids == ("base.more", "notes.page")
    assert (plan.restart, plan.writes, plan.upgrade) == (False, True, ())


def test_tests_documentation_and_comments_together_need_nothing() -> None:
    changes = {"notes/tests/test_note.py": "a = 2", "notes/README.md": "b"} | edited(
        "notes/views/note.xml", "<odoo>", "<odoo><!-- why -->"
    )

    plan = plan_of(changes)

    assert plan.is_nothing
    assert not plan.writes
    assert not plan.restart


@pytest.mark.parametrize(
    "init",
    [
        "from . import models\nfrom . import tests\n",
        "from . import (\n    models,\n    tests,\n)\n",
    ],
)
def test_tests_that_the_module_imports_itself_are_its_code(init: str) -> None:
    changes: dict[str, str | None] = {
        "notes/tests/test_note.py": "a = 2",
        "notes/__init__.py": init,
    }
    assert {each.need for each in plan_of(changes).verdicts} == {Need.UPGRADE}


@pytest.mark.parametrize(
    ("path", "text"), [("tests/data.xml", "<odoo/>"), ("doc/data.xml", ""), ("doc/code.py", "a")]
)
def test_a_folder_that_has_a_name_of_its_own_is_not_left_out_where_odoo_reads_it(
    path: str, text: str
) -> None:
    manifest = MANIFEST.replace('"data/cron.xml"', f'"data/cron.xml", "{path}"')
    modules = {"notes": "notes"}
    texts = {"notes/__manifest__.py": manifest.encode()}
    facts = RepositoryFacts(modules, modules, texts, installed=frozenset({"notes"}))

    plan = ApplyPlan.of(classify([ChangedFile(f"notes/{path}", b"", text.encode())], facts))

    assert plan.upgrade == ("notes",)


@pytest.mark.parametrize(
    ("file", "active", "loaded"),
    [
        ("es_419", {"es_MX", "es_ES"}, ("es_MX",)),
        ("zh_TW", {"zh_HK", "zh_CN"}, ("zh_HK",)),
        ("es", {"es_MX", "es_ES"}, ("es_ES", "es_MX")),
        ("fr_BE", {"fr_FR"}, ()),
    ],
)
def test_terms_are_loaded_in_each_language_that_odoo_reads_the_file_for(
    file: str, active: set[str], loaded: tuple[str, ...]
) -> None:
    plan = plan_of({f"notes/i18n/{file}.po": "b"}, languages=frozenset(active))

    assert dict(plan.translations) == ({"notes": loaded} if loaded else {})


def test_demo_data_count_where_the_database_has_them() -> None:
    changes: dict[str, str | None] = {"notes/demo/notes.xml": "<odoo><data/></odoo>"}
    plan = plan_of(changes, with_demo=frozenset({"notes"}))
    assert plan.upgrade == ("notes",)


def test_an_image_that_data_name_upgrades_the_module_whose_data_do() -> None:
    plan = plan_of(
        {"notes/static/img/note.png": "b"},
        mentioned={"notes/static/img/note.png": frozenset({"other", "base"})},
    )
    assert plan.upgrade == ("base",)


def test_a_module_of_which_the_image_has_its_own_needs_nothing() -> None:
    plan = plan_of({"notes/models/note.py": WITH_FIELD}, replaced=frozenset({"notes"}))
    assert plan.is_nothing
    assert "the image has a module notes of its own" in plan.verdicts[0].why


def test_a_module_that_another_source_has_too_is_upgraded_when_it_is_gone() -> None:
    gone = {path: GONE for path in FIRST if path.startswith("notes/")}
    plan = plan_of(gone, elsewhere=frozenset({"notes"}))
    assert (plan.upgrade, plan.uninstall) == (("notes",), ())


def test_a_module_that_another_source_had_is_upgraded_when_the_repository_has_it() -> None:
    plan = plan_of(NEW_MODULE, installed=frozenset({"fresh"}))
    assert (plan.upgrade, plan.install) == (("fresh",), ())


def test_a_repository_that_is_one_module_is_classified_from_its_root() -> None:
    files = [
        ChangedFile("models/note.py", MODEL.encode(), WITH_FIELD.encode()),
        ChangedFile("README.md", b"a", b"b"),
        ChangedFile("tests/test_a.py", b"a", b"b"),
    ]
    facts = RepositoryFacts({".": "notes"}, {".": "notes"}, installed=frozenset({"notes"}))

    plan = ApplyPlan.of(classify(files, facts))

    assert [(each.need, each.path) for each in plan.verdicts] == [
        (Need.UPGRADE, "models/note.py"),
        (Need.NOTHING, "README.md"),
        (Need.NOTHING, "tests/test_a.py"),
    ]


def test_a_file_that_is_too_large_to_be_read_is_an_upgrade() -> None:
    modules = {"notes": "notes"}
    texts = {"notes/__manifest__.py": MANIFEST.encode()}
    facts = RepositoryFacts(modules, modules, texts, installed=frozenset({"notes"}))
    files = [
        ChangedFile(path, None, None, read=False)
        for path in ("notes/models/note.py", "notes/views/note.xml")
    ]

    plan = ApplyPlan.of(classify(files, facts))

    assert {each.need for each in plan.verdicts} == {Need.UPGRADE}
