"""What a change of Python code needs."""

import pytest

from oduflow.domain.changes.needs import Need
from oduflow.domain.changes.python_code import imported_from, python_need
from oduflow.domain.changes.python_names import ANY, run_by_upgrades

CLASS = "class A(models.Model):\n    _name = 'a'\n"
REPORT = "class R(models.Model):\n    _name = 'a.r'\n    _auto = False\n"
BODIES = {
    "the SQL of a view": (REPORT + "    def x(self):\n        return {}\n", "method R.x"),
    "the SQL of a report of another module": (
        (
            "class R(models.Model):\n    _inherit = 'sale.report'\n"
            "    def _select_more(self):\n        return {}\n"
        ),
        "method R._select_more",
    ),
    "the SQL that a model is a view of": (
        (
            "class R(models.Model):\n    _name = 'a.r'\n"
            "    @property\n    def _table_query(self):\n"
            "        return self._x()\n    def _x(self):\n        return {}\n"
        ),
        "method R._x",
    ),
    "what upgrades run": (CLASS + "    def init(self):\n        return {}\n", "method A.init"),
    "what init calls": (
        CLASS + "    def more(self):\n        return {}\n"
        "    def init(self):\n        self._tables()\n"
        "    def _tables(self):\n        self.more()\n",
        "method A.more",
    ),
    "a property that init reads": (
        CLASS + "    @property\n    def more(self):\n        return {}\n"
        "    def init(self):\n        self._cr.execute(self.more)\n",
        "method A.more",
    ),
    "what init calls by a text": (
        CLASS + "    def _make(self):\n        return {}\n"
        "    def init(self):\n        getattr(self, '_make')()\n",
        "method A._make",
    ),
    "a function that makes a field": (
        f"def kinds():\n    return {{}}\n{CLASS}    a = fields.Selection(kinds())\n",
        "kinds is changed",
    ),
    "a function of a file without classes": ("def kinds():\n    return {}\n", "kinds"),
    "a method that is called where the class is made": (
        CLASS + "    def kinds():\n        return {}\n    a = fields.Selection(kinds())\n",
        "A.kinds",
    ),
    "a method of a class that is no model": (
        f"class S:\n    def all(self):\n        return {{}}\n{CLASS}    a = fields.X(S().all())\n",
        "S.all",
    ),
    "a method that a class calls through its name": (
        CLASS + "    def kinds():\n        return {}\nclass B(models.Model):\n"
        "    b = fields.Selection(A.kinds())\n",
        "A.kinds",
    ),
    "a method that a called one calls": (
        CLASS + "    def more(self):\n        return {}\n"
        "    def kinds():\n        return A.more(None)\n    a = fields.Selection(kinds())\n",
        "A.more",
    ),
    "a function beside classes, which another file may call": (
        f"def kinds():\n    return {{}}\n{CLASS}",
        "kinds",
    ),
}
STATEMENTS = {
    "import that init uses": (
        f"from odoo.addons.a.q import Q\n{CLASS}    def init(self):\n        Q()\n",
        f"from odoo.addons.b.q import Q\n{CLASS}    def init(self):\n        Q()\n",
        "import of Q is changed",
    ),
    "constant beside controllers": ("KINDS = [1]\n", "KINDS = [2]\n", "KINDS is changed"),
    "constant": ("A = 1\n", "A = 2\n", "A is changed"),
    "constraint": (CLASS, CLASS + "    _x = models.Constraint('a')\n", "A._x is new"),
    "base class": (CLASS, CLASS.replace("models.Model", "models.AbstractModel"), "class A"),
    "import of a model": ("", "from . import a\n", "import of a is new"),
    "import of a constant by an absolute name": (
        f"from odoo.addons.x.a import KINDS\n{CLASS}    a = fields.Selection(KINDS)\n",
        f"from odoo.addons.x.b import KINDS\n{CLASS}    a = fields.Selection(KINDS)\n",
        "import of KINDS",
    ),
    "import of all names": ("", "from odoo.addons.x.a import *\n", "import of * is new"),
    "two classes of a name": (CLASS + CLASS, CLASS, "class A (2) is gone"),
    "model in the folder of controllers": ("", CLASS, "class A is new"),
    "condition": ("", "if x:\n    a()\n", "code of the file is new"),
    "many": (
        CLASS,
        CLASS + "".join(f"    f{n} = fields.Char()\n" for n in range(5)),
        "A.f0 is new, A.f1 is new, A.f2 is new, and 2 more",
    ),
}
IN_PROCESS = {
    "import of a library": ("import os\n", "import os\nimport json\n"),
    "import of what functions use": (
        CLASS + "    def b(self):\n        return A\n",
        "from odoo.addons.x.a import A\n" + CLASS + "    def b(self):\n        return A\n",
    ),
    "logger": ("", "import logging\n_logger = logging.getLogger(__name__)\n"),
    "method of a model that has a report in its name": (
        (
            "class R(models.TransientModel):\n    _name = 'report.wizard'\n"
            "    def with_tax(self):\n        return 1\n"
        ),
        (
            "class R(models.TransientModel):\n    _name = 'report.wizard'\n"
            "    def with_tax(self):\n        return 2\n"
        ),
    ),
    "method of a model of its own that has a word of SQL in its name": (
        CLASS + "    def _select_partner(self):\n        return 1\n",
        CLASS + "    def _select_partner(self):\n        return 2\n",
    ),
    "method of an extension that has a word of SQL in its name": (
        "class R(models.Model):\n    _inherit = 'a'\n    def order_by_date(self):\n        1\n",
        "class R(models.Model):\n    _inherit = 'a'\n    def order_by_date(self):\n        2\n",
    ),
    "domain of a field": (CLASS + "    a = fields.X()\n", CLASS + "    a = fields.X(domain=[])\n"),
    "order of fields": (
        CLASS + "    a = fields.X()\n    b = fields.X()\n",
        CLASS + "    b = fields.X()\n    a = fields.X()\n",
    ),
    "property": (CLASS, CLASS + "    @property\n    def b(self):\n        return 1\n"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_the_body_of_a_function_counts_where_the_database_depends_on_it(kind: str) -> None:
    text, why = BODIES[kind]

    old, new = (text.format(number).encode() for number in "12")
    need, told = python_need("models/a.py", old, new)

    assert need is Need.UPGRADE
    assert why in told


@pytest.mark.parametrize("kind", STATEMENTS)
def test_what_is_outside_of_functions_counts(kind: str) -> None:
    old, new, why = STATEMENTS[kind]
    path = "controllers/a.py" if "controllers" in kind else "models/a.py"

    need, told = python_need(path, old.encode(), new.encode())

    assert (need, told) == (Need.UPGRADE, told)
    assert why in told


@pytest.mark.parametrize("kind", IN_PROCESS)
def test_what_no_database_holds_is_imported_anew(kind: str) -> None:
    old, new = IN_PROCESS[kind]

    assert python_need("report/a.py", old.encode(), new.encode())[0] is Need.RESTART


@pytest.mark.parametrize(
    "text",
    ["(" * 300, "x = " + "-" * 100_000 + "1", "x = " + "a." * 50_000 + "a", "\xff = '\ud800'"],
)
def test_code_that_cannot_be_parsed_is_an_upgrade(text: str) -> None:
    assert python_need("a.py", b"", text.encode("utf-8", "surrogatepass"))[0] is Need.UPGRADE


def test_what_upgrades_run_of_other_files_counts_and_other_methods_do_not() -> None:
    model = (
        CLASS
        + "    def tables(self):\n        return {}\n    def other(self):\n        return {}\n"
    )
    old, new = model.format(1, 1).encode(), model.format(2, 1).encode()
    calls = [
        b"class B(models.Model):\n    def init(self):\n        self.env['a'].tables()\n",
        b"class X(:\n",
    ]
    data = b"""<odoo><function model="a" name="other"/></odoo>"""

    assert python_need("a.py", old, new)[0] is Need.RESTART
    assert python_need("a.py", old, new, {ANY})[0] is Need.UPGRADE
    assert python_need("a.py", old, new, run_by_upgrades(calls, []))[0] is Need.UPGRADE
    old, new = model.format(1, 1).encode(), model.format(1, 2).encode()
    assert python_need("a.py", old, new, run_by_upgrades(calls, []))[0] is Need.RESTART
    assert python_need("a.py", old, new, run_by_upgrades([], [data]))[0] is Need.UPGRADE


@pytest.mark.parametrize("call", ["self.search([]).write({})", "x = 'write'", "self.copy()"])
def test_what_overridden_methods_of_the_orm_call_is_not_taken_for_run_by_upgrades(
    call: str,
) -> None:
    init = f"class B(models.Model):\n    def init(self):\n        {call}\n".encode()
    other = (
        b"class C(models.Model):\n    def write(self, v):\n        self._label()\n"
        b"    def copy(self):\n        self._label()\n"
    )
    data = b"""<odoo><function model="a" name="write"/></odoo>"""

    found = run_by_upgrades([init, other], [data])

    assert not found & {"_label", "write", "copy"}


def test_a_text_is_a_name_only_where_code_is_asked_for_by_it() -> None:
    code = "class B(models.Model):\n    def init(self):\n        {}\n"

    assert "_x" not in run_by_upgrades([code.format("y = '_x'").encode()], [])
    assert "_x" in run_by_upgrades([code.format("getattr(self, '_x')()").encode()], [])


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("from odoo.tests import Form\nimport odoo.tests.common\n", set()),
        ("from .tests import common\n", {""}),
        ("from ..tests.common import A\n", {""}),
        ("from . import tests\n", {""}),
        ("from odoo.addons.sale.tests.common import A\n", {"sale"}),
        ("from odoo.addons.sale import tests\n", {"sale"}),
        ("import odoo.addons.sale.tests.common\n", {"sale"}),
        ("from odoo.addons.sale.models.tests_of import A\n", set()),
        ("class X(:\n", {""}),
    ],
)
def test_code_of_tests_is_imported_from_modules_only(source: str, modules: set[str]) -> None:
    assert imported_from(source.encode(), "tests") == modules
