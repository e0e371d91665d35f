"""Which bundles are made, with a few lines in place of Odoo."""

import importlib
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

OWN, BROKEN = "web.assets_web", "website.broken"
MANIFESTS = {
    "web": {"assets": {OWN: [], BROKEN: []}},
    "sale": {"assets": {OWN: ["sale/static/a.js"]}},
}


class FoundRecords(list[Any]):
    """A recordset."""

    def mapped(self, name: str) -> Any:
        found = [getattr(each, name) for each in self]
        return FoundRecords(each for each in found if each) if name == "inherit_id" else found

    def exists(self) -> "FoundRecords":
        return self


class Searched:
    """The records of a model, by id."""

    def __init__(self, *records: Any) -> None:
        self.records = records

    def search(self, domain: list[Any]) -> FoundRecords:
        wanted = [(name, value) for name, operator, value in domain if operator == "="]
        found = (each for each in self.records if all(getattr(each, n, v) == v for n, v in wanted))
        return FoundRecords(found)

    def browse(self, ids: list[int]) -> FoundRecords:
        return FoundRecords(self.records[number] for number in ids)


class BrokenQweb:
    """Reads and makes all bundles but the broken one."""

    def _get_asset_content(self, name: str) -> Any:
        if name == BROKEN:
            raise ValueError("no such template")
        return [{"url": "/sale/static/a.js"}], None

    def _get_asset_nodes(self, name: str) -> None:
        self._get_asset_content(name)


class EmptyCursor:
    def execute(self, query: str) -> None:
        pass

    def fetchall(self) -> list[Any]:
        return []

    def savepoint(self) -> Any:
        return nullcontext()

    def commit(self) -> None:
        pass

    def close(self) -> None:
        pass


def made(monkeypatch: pytest.MonkeyPatch, **own: Any) -> dict[str, str]:
    """Return the bundles that are made, each with what is wrong; `own` are records of `sale`."""
    base = SimpleNamespace(key=BROKEN, inherit_id=None)
    models = {
        "ir.module.module": Searched(*(SimpleNamespace(name=name) for name in MANIFESTS)),
        "ir.asset": Searched(SimpleNamespace(bundle=BROKEN)),
        "ir.ui.view": Searched(
            SimpleNamespace(key="sale.b", inherit_id=SimpleNamespace(key="sale.a", inherit_id=base))
        ),
        "ir.model.data": Searched(
            *(SimpleNamespace(model=name, res_id=0) for name in own.get("data", ()))
        ),
        "ir.qweb": BrokenQweb(),
    }
    manifests = MANIFESTS | {"sale": {"assets": {key: [] for key in own.get("assets", [OWN])}}}
    bundle = type("AssetsBundle", (), {"__init__": lambda self: None})

    class OdooEnvironment(dict[str, Any]):
        def __init__(self, cursor: EmptyCursor, *_: Any) -> None:
            super().__init__(models)
            self.cr = cursor

    parts: dict[str, dict[str, Any]] = {
        "odoo": {},
        "odoo.api": {"Environment": OdooEnvironment},
        "odoo.modules": {},
        "odoo.modules.module": {"get_manifest": manifests.get},
        "odoo.addons": {},
        "odoo.addons.base": {},
        "odoo.addons.base.models": {},
        "odoo.addons.base.models.assetsbundle": {"AssetsBundle": bundle},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
        above, _, last = name.rpartition(".")
        if above:
            setattr(sys.modules[above], last, module)
    monkeypatch.delitem(sys.modules, "oduflow.adapters.odoo.inside.made_bundles", raising=False)
    script = importlib.import_module("oduflow.adapters.odoo.inside.made_bundles")
    monkeypatch.delitem(sys.modules, "oduflow.adapters.odoo.inside.made_bundles")
    found = script.made_bundles(SimpleNamespace(cursor=EmptyCursor), {"sale"})
    return {name: wrong for name, _, _, wrong in found}


def test_a_bundle_that_the_image_or_a_website_has_broken_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert made(monkeypatch) == {OWN: ""}


@pytest.mark.parametrize(
    "own", [{"assets": [BROKEN]}, {"data": ["ir.asset"]}, {"data": ["ir.ui.view"]}]
)
def test_a_broken_bundle_that_the_repository_names_is_told(
    monkeypatch: pytest.MonkeyPatch, own: dict[str, Any]
) -> None:
    assert made(monkeypatch, **own)[BROKEN] == "ValueError: no such template"
