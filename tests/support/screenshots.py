"""Take the pictures of the documents, from the dashboard with sample data: `make screenshots`."""

from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.next_call import RETRY, Next
from oduflow.domain.outcome import ErrorView
from tests.support.browser import Served, chromium, served_dashboard
from tests.support.tree import ROOT

WIDTH, HEIGHT = 1180, 760
REPOSITORY = "https://github.com/acme/shop.git"
FAILED = ErrorView.of(
    UpstreamFailed(
        "Not installed: shop. The view “shop.product_form” names an unknown field: colour.",
        "Correct the module, push it and create the environment again.",
        Next.of("create_environment", RETRY, name="colours", repo_url=REPOSITORY),
        output="ParseError: while parsing shop/views/product.xml:12\n"
        'Field "colour" does not exist in model "product.template"',
    )
)
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
    add = served.ledger.add
    add("demo", repo_url="http://127.0.0.1:8770/addons.git", hours=30)
    add("shop", repo_url=REPOSITORY, branch="main", created_by="octocat")
    add(
        "checkout-19", repo_url=REPOSITORY, branch="feature/checkout", created_by="nightly", hours=5
    )
    add("old-shop", repo_url=REPOSITORY, branch="17.0", state="stopped", url=None, hours=60)
    add(
        "colours",
        repo_url=REPOSITORY,
        branch="feature/colours",
        state="failed",
        url=None,
        error=FAILED,
        hours=1,
    )


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
