"""The uploads on the page of an import."""

import pytest

from oduflow.domain.errors import Busy
from oduflow.kernel.locks import LockKey
from tests.support import store_rows
from tests.support.dashboard_world import begin, paused_jobs, post, show
from tests.support.pages import read_page

IMPORT = "/new/template/import"


@pytest.fixture
def rows(ledger):
    kept = ledger.work.uploads.rows
    kept["shop-zip-abcd"] = store_rows.upload(size=3 << 20, received=3 << 20)
    kept["big-dump-efgh"] = store_rows.upload(
        name="big-dump-efgh", file_name="", size=4 << 30, received=1 << 30, created_by="grant:ci"
    )
    return kept


def test_the_page_of_an_import_lists_the_uploads_with_what_can_be_done(world, rows):
    complete, begun = show(world, IMPORT).one("tbody").all("tr")

    for text in ("Complete", "shop-zip-abcd", "shop.zip", "3 MiB", "100 %", "ada", "ago"):
        assert text in complete.text
    assert [link["href"] for link in complete.all("a")] == [
        f"{IMPORT}?source=upload:shop-zip-abcd",
        "/templates/uploads/shop-zip-abcd/delete",
    ]
    for text in ("Incomplete", "4.0 GiB", "1.0 GiB 25 %", "grant ci"):
        assert text in begun.text
    assert len(begun.all("a")) == 1


def test_importing_one_fills_in_the_form(world, rows):
    page = show(world, f"{IMPORT}?source=upload:shop-zip-abcd")

    assert page.one("input", name="source")["value"] == "upload:shop-zip-abcd"


def test_without_uploads_there_is_no_list(world):
    assert show(world, IMPORT).all("section", id="uploads") == []


def test_deleting_asks_first_and_leads_back_to_the_list(world, rows):
    page = show(world, "/templates/uploads/big-dump-efgh/delete")
    assert "1.0 GiB of big-dump-efgh that have arrived so far" in page.text

    answer = post(world, "/templates/uploads/big-dump-efgh/delete")

    assert (answer.status_code, answer.headers["Location"]) == (303, IMPORT)
    assert list(rows) == ["shop-zip-abcd"]


def test_one_that_is_being_imported_is_not_deleted_and_the_page_says_why(world, rows):
    key = LockKey.upload("1", "shop-zip-abcd")
    world.runner._locks.acquire(key, "an import by ada")

    answer = post(world, "/templates/uploads/shop-zip-abcd/delete")

    assert answer.status_code == 423
    assert "an import by ada" in read_page(answer.text).one("div", role="alert").text


def test_one_that_an_import_reads_offers_to_cancel_the_import_alone(world, ledger, rows):
    with paused_jobs(world, ledger):
        handle = begin(world, "import_template", name="shop", source="upload:shop-zip-abcd")
        being_read, other = show(world, IMPORT).one("tbody").all("tr")
        refused = post(world, "/templates/uploads/shop-zip-abcd/delete")
        with pytest.raises(Busy):
            begin(world, "import_template", name="other", source="upload:shop-zip-abcd")
    assert "Importing" in being_read.text
    assert being_read.all("a") == []
    assert [form["action"] for form in being_read.all("form")] == [f"/jobs/{handle}/cancel"]
    assert len(other.all("a")) == 1
    assert refused.status_code == 423
    assert "import_template by" in read_page(refused.text).one("div", role="alert").text


def test_one_that_is_gone_is_not_found(world, ledger):
    assert post(world, "/templates/uploads/gone/delete").status_code == 404
    assert world.client().get("/templates/uploads/gone/delete").status_code in {401, 404}
