"""A module whose tests end in every way that a test can end, in all versions of Odoo."""

MANIFEST = '{"name": "x", "author": "x", "license": "LGPL-3", "depends": ["web"]}'
OUTCOMES = """import unittest

from odoo.tests.common import TransactionCase, tagged


class TestOutcomes(TransactionCase):
    def test_passes(self):
        self.assertTrue(self.env["res.users"].search([]))

    def test_fails(self):
        found = 1
        self.assertEqual(found, 2)

    def test_breaks(self):
        self.env["no.such.model"].search([])

    @unittest.skip("not for now")
    def test_skipped(self):
        raise AssertionError("it runs")

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 1)


class TestUnprepared(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise ValueError("no data")

    def test_first(self):
        pass

    def test_second(self):
        pass


class TestNotHere(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise unittest.SkipTest("needs another country")

    def test_never(self):
        raise AssertionError("it runs")


@tagged("-standard", "slow")
class TestSlow(TransactionCase):
    def test_slow(self):
        pass
"""
LATER = """from odoo.tests.common import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestLater(HttpCase):
    def test_serves(self):
        self.assertEqual(self.url_open("/web/login").status_code, 200)

    def test_signs_in(self):
        self.authenticate("admin", "admin")
        self.assertEqual(self.url_open("/web").status_code, 200)
"""
SOUND = """from odoo.tests.common import TransactionCase


class TestSound(TransactionCase):
    def test_one(self):
        self.assertTrue(self.env.user)

    def test_two(self):
        self.env["res.partner"].create({"name": "Two"})
"""

HANGS = """import time
from odoo.tests.common import TransactionCase


class TestHangs(TransactionCase):
    def test_a_passes(self):
        pass

    def test_b_hangs(self):
        time.sleep(600)

    def test_c_waits(self):
        pass
"""


def module(**tests: str) -> dict[str, str]:
    """Return the files of a module with these tests, by the names of their files."""
    files = {f"tests/{name}.py": text for name, text in tests.items()}
    imports = "".join(f"from . import {name}\n" for name in tests)
    return {
        "__init__.py": "",
        "__manifest__.py": MANIFEST,
        **({"tests/__init__.py": imports} if tests else {}),
        **files,
    }


MODULES = {
    "checked": module(test_outcomes=OUTCOMES, test_later=LATER),
    "sound": module(test_sound=SOUND),
    "bare": module(),
}
FILES = {f"{name}/{file}": text for name, files in MODULES.items() for file, text in files.items()}
