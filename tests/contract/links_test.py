"""Links that sign a browser in: the fake, and the files."""

import os
import stat
from pathlib import Path

import pytest

from oduflow.adapters.links.files import LinkFiles
from oduflow.domain.odoo_session import LINK_SECONDS
from tests.contract.suites.links import LinksContract
from tests.support.fake_links import FakeLinks
from tests.support.store_rows import session_link


class TestLinksInMemory(LinksContract):
    """Links in a dictionary."""

    @pytest.fixture
    def links(self) -> FakeLinks:
        return FakeLinks()


class TestLinkFiles(LinksContract):
    """Links in files."""

    @pytest.fixture
    def links(self, tmp_path: Path) -> LinkFiles:
        return LinkFiles(tmp_path / "links")


def test_the_token_is_in_no_name_and_no_other_user_reads_the_file(tmp_path: Path) -> None:
    links = LinkFiles(tmp_path / "links")
    token = links.add(session_link())

    (file,) = (tmp_path / "links").iterdir()
    assert token not in file.name + file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert links.take(token) is not None
    assert list((tmp_path / "links").iterdir()) == []


def test_links_that_ended_are_pruned_and_others_are_kept(tmp_path: Path) -> None:
    links = LinkFiles(tmp_path / "links")
    assert links.prune() == 0
    old, token = links.add(session_link()), links.add(session_link())
    (left,) = {*(tmp_path / "links").iterdir()} - {links._path(token)}
    taken = left.rename(left.with_suffix(".cut-off"))
    past = left.with_suffix(".cut-off").stat().st_mtime - LINK_SECONDS - 1
    os.utime(taken, (past, past))

    assert links.prune() == 1
    assert (links.find(old), links.find(token)) == (None, session_link())
