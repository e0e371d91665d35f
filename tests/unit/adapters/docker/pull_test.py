from typing import Any

import pytest

from oduflow.adapters.docker.errors import ImageMissing
from oduflow.adapters.docker.pull import PullProgress


def test_progress_adds_up_all_layers() -> None:
    progress = PullProgress("odoo:19.0")
    assert progress.feed(downloading("a", 10_000_000, 40_000_000), now=0) == (
        "Pulling odoo:19.0: 10 of 40 MB"
    )
    assert progress.feed(downloading("b", 5_000_000, 60_000_000), now=10) == (
        "Pulling odoo:19.0: 15 of 100 MB"
    )
    done = {"status": "Download complete", "id": "a"}
    assert progress.feed(done, now=20) == "Pulling odoo:19.0: 45 of 100 MB"


def test_progress_is_said_now_and_then_and_not_at_each_event() -> None:
    progress = PullProgress("odoo:19.0")
    said = [progress.feed(downloading("a", at, 1_000), now=at / 100) for at in range(1_000)]
    assert sum(each is not None for each in said) == 5


def test_what_is_no_download_is_not_counted() -> None:
    progress = PullProgress("odoo:19.0")
    assert progress.feed({"status": "Already exists", "id": "a"}, now=0) is None
    assert progress.feed({"status": "Extracting", "id": "a", "progressDetail": {}}, now=9) is None


def test_an_error_in_the_stream_is_a_failure() -> None:
    event = {"errorDetail": {"message": "no"}, "error": "toomanyrequests: slow down, see /x/y"}
    with pytest.raises(ImageMissing, match="toomanyrequests: slow down, see …") as refused:
        PullProgress("odoo:19.0").feed(event, now=0)
    assert "`docker login`" in refused.value.hint


def downloading(layer: str, current: int, total: int) -> dict[str, Any]:
    detail = {"current": current, "total": total}
    return {"status": "Downloading", "id": layer, "progressDetail": detail}
