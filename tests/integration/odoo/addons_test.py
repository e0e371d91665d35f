"""Our reading of a checkout is Odoo's own, on generated layouts."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from oduflow.adapters.odoo.addons.checkout import CheckoutAddons, read_checkout
from oduflow.adapters.odoo.addons.image import list_modules_command, read_inventory
from oduflow.adapters.odoo.addons.links import put_on_path
from oduflow.domain.addons import ImageInventory
from tests.support.images import VERSIONS
from tests.support.layouts import MOUNT, Layout, layouts, read_by_odoo, write

pytestmark = pytest.mark.timeout(300)

LAYOUTS = 250


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def inventory(version: str) -> ImageInventory:
    image = f"odoo:{version}"
    command = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "python3", image)
    done = subprocess.run(
        (*command, *list_modules_command()),
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    found = read_inventory("sha256:0", done.stdout.splitlines())
    assert found is not None, done.stderr
    return found


def test_an_image_tells_what_it_has(version: str, inventory: ImageInventory) -> None:
    modules = {module.name: module for module in inventory.modules}

    assert inventory.rules.series == version
    assert inventory.rules.manifests[0] == "__manifest__.py"
    assert "stock_account" in modules["sale_stock"].depends
    assert modules["sale_stock"].triggers
    assert modules["base"].depends == ()
    assert {"lxml", "psycopg2"} <= inventory.libraries.keys()
    assert inventory.libraries["lxml"][0].isdigit()
    assert {"lxml", "json"} <= inventory.importable
    assert {"python3", "/usr/bin/python3"} <= inventory.programs


def test_odoo_reads_from_a_checkout_what_we_read(
    version: str, inventory: ImageInventory, tmp_path: Path
) -> None:
    collected: list[Layout] = []

    @settings(
        max_examples=LAYOUTS,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(layouts())
    def collect(layout: Layout) -> None:
        collected.append(layout)

    collect()
    folder = tmp_path / "layouts"
    (folder / "conf").mkdir(parents=True)
    ours = {
        number: _prepared(folder, number, layout, inventory)
        for number, layout in enumerate(collected)
    }
    theirs = read_by_odoo(f"odoo:{version}", folder)

    assert theirs.keys() == ours.keys()
    differing = [
        (collected[number], expected, theirs[number])
        for number, expected in ours.items()
        if _comparable(theirs[number], version) != expected
    ]
    shown = "\n".join(f"{layout}\n  we: {we}\n  Odoo: {odoo}" for layout, we, odoo in differing[:5])
    assert not differing, f"{len(differing)} of {len(ours)} differ:\n{shown}"
    assert sum(bool(expected["modules"]) for expected in ours.values()) > LAYOUTS // 4


def _prepared(
    folder: Path, number: int, layout: Layout, inventory: ImageInventory
) -> dict[str, Any]:
    """Write a layout and its configuration; return what Odoo is expected to read."""
    checkout, target = folder / str(number) / "shop", f"{MOUNT}/{number}/shop"
    write(layout, checkout)
    found = read_checkout(checkout, inventory.rules, repo_url="https://example.com/shop.git")
    path = [
        put_on_path(
            each,
            checkout_target=target,
            links=folder / str(number) / "links" / str(position),
            links_target=f"{MOUNT}/{number}/links/{position}",
        )
        for position, each in enumerate(found.folders)
    ]
    (folder / "conf" / str(number)).write_text(
        f"[options]\naddons_path = {','.join(path)}\ndata_dir = /tmp/data\n"
    )
    return {"path": path, "modules": _expected(found, inventory.rules.series)}


def _expected(found: CheckoutAddons, series: str) -> dict[str, Any]:
    return {
        module.name: (
            sorted(module.depends),
            module.installable,
            None if module.triggers is None else sorted(module.triggers),
            sorted({*module.python, *module.programs}),
            module.version.removeprefix(f"{series}."),
        )
        for module in found.modules
    }


def _comparable(read: dict[str, Any], series: str) -> dict[str, Any]:
    if "error" in read:
        return read
    modules = {}
    for name, each in read["modules"].items():
        needs = each.get("external_dependencies") or {}
        triggers = each["auto_install"]
        modules[name] = (
            sorted(each["depends"] or ["base"]),
            bool(each["installable"]),
            sorted(triggers or ["base"]) if isinstance(triggers, list) else None,
            sorted({*needs.get("python", ()), *needs.get("bin", ())}),
            each["version"].removeprefix(f"{series}."),
        )
    return {"path": read["path"], "modules": modules}
