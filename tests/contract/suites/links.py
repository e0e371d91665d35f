"""What every store of links does that sign a browser in; needs `links`."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from oduflow.domain.clock import now
from tests.support.store_rows import session_link


class LinksContract:
    """Links that sign a browser in."""

    def test_a_link_is_found_and_taken_once(self, links):
        link = session_link()
        token = links.add(link)

        assert (links.find(token), links.find(token)) == (link, link)
        assert links.take(token) == link
        assert (links.take(token), links.find(token)) == (None, None)

    def test_another_token_is_none(self, links):
        token = links.add(session_link())

        for wrong in ("", token[:-1], f"{token}x", "../links", "\ud800"):
            assert (links.find(wrong), links.take(wrong)) == (None, None)
        assert links.find(token) is not None

    def test_a_link_that_has_ended_is_none(self, links):
        token = links.add(session_link(opens_until=now() - timedelta(seconds=1)))

        assert (links.find(token), links.take(token)) == (None, None)

    def test_of_calls_at_one_time_only_one_gets_it(self, links):
        token = links.add(session_link())

        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(links.take, [token] * 8))

        assert len([each for each in taken if each is not None]) == 1
