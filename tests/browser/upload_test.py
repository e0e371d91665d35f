"""A file that is chosen in the browser is sent in parts and named in the form."""

import os

from playwright.sync_api import Page, Route, expect

from oduflow.domain.upload import PART_BYTES
from tests.support.browser import Served

CONTENT = os.urandom(2 * PART_BYTES + 7)
FILE = {"name": "shop.zip", "mimeType": "application/zip", "buffer": CONTENT}


def test_a_chosen_file_is_sent_in_parts_and_named_in_the_field(served: Served):
    page = served.visit("/new/template/import")
    choose(page)

    expect(page.locator(".field p[role=status]").first).to_have_text("shop.zip is sent.")
    expect(page.locator("#f-source")).to_have_value("upload:shop-zip-abcd")
    assert served.world.uploads.contents == {"shop-zip-abcd": CONTENT}  # type: ignore[attr-defined]


def test_a_broken_link_costs_a_part_and_the_rest_is_sent(served: Served):
    page = served.visit("/new/template/import")
    cut = iter([False, True, True])

    def pass_on(route: Route) -> None:
        if route.request.method == "PATCH" and next(cut, False):
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/**", pass_on)
    choose(page)

    expect(page.locator(".field p[role=status]").first).to_have_text(
        "shop.zip is sent.", timeout=20_000
    )
    assert served.world.uploads.contents == {"shop-zip-abcd": CONTENT}  # type: ignore[attr-defined]
    served.complaints.clear()  # Chromium reports the resets


def test_a_refusal_is_said_and_the_form_can_be_used(served: Served):
    page = served.visit("/new/template/import")
    page.route(
        "**/api/uploads",
        lambda route: route.fulfill(
            status=403, json={"detail": "The disk is full.", "hint": "Free some."}
        ),
    )
    choose(page)

    expect(page.locator(".field p[role=status]").first).to_have_text("The disk is full. Free some.")
    expect(page.get_by_role("button", name="Import backup")).to_be_enabled()
    served.complaints.clear()  # Chromium reports the status


def choose(page: Page) -> None:
    page.get_by_label("Send a file of this computer as source").set_input_files(FILE)  # type: ignore[arg-type]
