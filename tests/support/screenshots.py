"""Take the pictures of the documents, from the dashboard with sample data: `make screenshots`."""

from typing import Any

from oduflow.domain.addons import CheckoutView, ModuleLine
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.outcome import ErrorView
from oduflow.domain.storage import DiskView
from tests.support.browser import Served, chromium, served_dashboard
from tests.support.tree import ROOT

WIDTH, HEIGHT = 1180, 760
REPOSITORY = "https://github.com/acme/shop.git"
FAILED = ErrorView.of(
    UpstreamFailed(
        "Not installed: shop: ParseError.",
        "colours is kept as failed, to look at; creating it again replaces it. Fix the module, "
        "push it and create the environment again.",
        Next.of("create_environment", RETRY, name="colours", repo_url=REPOSITORY),
        output="odoo.tools.convert.ParseError: while parsing "
        "/mnt/repo/shop/shop/views/product.xml:12\n"
        'Error while validating view near:\n\n<form string="Product">\n\n'
        'Field "colour" does not exist in model "product.template"',
    )
)
BROKEN = {"state": "failed", "url": None, "error": FAILED, "has_container": False}
LOG = """\
2026-11-23 09:14:02,101 6 INFO ? odoo: Odoo version 19.0
2026-11-23 09:14:03,204 6 INFO ? odoo.service.server: HTTP service (werkzeug) running on shop:8069
2026-11-23 09:14:03,391 6 INFO shop odoo.modules.loading: loading 16 modules...
2026-11-23 09:14:03,802 6 INFO shop odoo.modules.loading: 16 modules loaded in 0.41s, 0 queries
2026-11-23 09:14:03,884 6 INFO shop odoo.registry: Registry loaded in 0.602s"""
PAGES = {
    "dashboard": "/",
    "first-hour-environment": "/environments/shop",
    "first-hour-credential": "/new/credential",
    "first-hour-new": "/new/environment",
    "first-hour-failed": "/environments/colours",
    "first-hour-grant": "/new/grant",
}


def fill(served: Served) -> None:
    """Add what the screenshots show."""
    ledger = served.ledger
    shop = CheckoutView(
        modules=(ModuleLine(name="shop", version="19.0.1.0.0", source="repository"),)
    )
    shown: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("demo", 3, {"repo_url": "http://127.0.0.1:8770/addons.git", "hours": 30}),
        ("shop", 12, {"created_by": "octocat", "modules": ("shop",), "checkout": shop}),
        ("checkout-19", 7, {"branch": "feature/checkout", "created_by": "nightly", "hours": 5}),
        ("old-shop", 41, {"branch": "17.0", "state": "stopped", "url": None, "hours": 60}),
        ("colours", 1, {"branch": "feature/colours", "modules": ("shop",), "hours": 1, **BROKEN}),
    )
    for name, mib, values in shown:
        disk = DiskView(own=mib << 20, shared=20 << 20, measured_at=rfc3339(now()))
        ledger.add(name, **{"repo_url": REPOSITORY, **values}, disk=disk)
        ledger.logs[name] = LOG


def main() -> None:
    """Write every picture below docs/images."""
    with chromium() as running, served_dashboard(running) as served:
        fill(served)
        page = served.visit("/", width=WIDTH)
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        for name, path in PAGES.items():
            page.goto(served.url + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=ROOT / "docs/images" / f"{name}.png")


if __name__ == "__main__":
    main()
