"""Find the metadata document of an OAuth client, over at most one redirect."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Collection
from urllib.parse import urljoin

from cachetools import TLRUCache

from oduflow.domain.addresses import is_public
from oduflow.domain.client_documents import MAX_BYTES, ClientDocument, document_url, read_document
from oduflow.domain.errors import Failure, Invalid, UpstreamFailed
from oduflow.domain.plain_urls import PlainUrl
from oduflow.domain.redirects import PRIVATE_USE_SCHEMES
from oduflow.net.addresses import IPAddress, Resolve, ResolveFailed, Resolver
from oduflow.net.fetch import FetchFailed, Request, Response, fetch

FOUND_SECONDS, MISSED_SECONDS = 300.0, 30.0
LIMIT_SECONDS = 5.0
MAX_CACHED = 500
MAX_AT_ONCE = 4

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
log = logging.getLogger(__name__)


class _Unreachable(UpstreamFailed):
    """The host has no public address, or does not answer."""


class DocumentFetcher:
    """Fetches the documents of clients, and caches them for five minutes.

    A stranger chooses the host, so `cause` does not tell a name that is unknown here from one of a
    private address, or from a host that is silent: only the log has that.

    Args:
        schemes: returns the private-use schemes that a client may be sent back to.
        resolve: finds a host's addresses. The default is a resolver of its own, because strangers
            may name hosts whose name servers hang.
        allow: tells whether an address may be dialled.
        context: which certificates are trusted; None for the system's.
        limit_seconds: how long one search may take, lookups and redirect included.
    """

    def __init__(
        self,
        resolve: Resolve | None = None,
        *,
        schemes: Callable[[], Collection[str]] = lambda: PRIVATE_USE_SCHEMES,
        allow: Callable[[IPAddress], bool] = is_public,
        context: ssl.SSLContext | None = None,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._resolve, self._allow = resolve or Resolver(MAX_AT_ONCE), allow
        self._context, self._limit = context, limit_seconds
        self._schemes = schemes
        self._cache: TLRUCache[str, ClientDocument | str] = TLRUCache(
            MAX_CACHED, _expiry, timer=time.monotonic
        )
        self._guard = threading.Lock()
        self._searches = threading.BoundedSemaphore(MAX_AT_ONCE)

    def find(self, client_id: str) -> ClientDocument | None:
        """Return a client's document; None when there is none, or it cannot be fetched now.

        It takes at most five seconds. A fifth search at the same time returns None at once, so
        that strangers cannot occupy the server's threads.
        """
        url = document_url(client_id)
        if url is None:
            return None
        with self._guard:
            if client_id in self._cache:
                return _document(self._cache[client_id])
        if not self._searches.acquire(blocking=False):
            log.warning("client metadata: too many searches at once")
            return None
        found: ClientDocument | str
        try:
            found = self._fetch(client_id, url)
        except _Unreachable as failure:
            log.info("client metadata at %s: %s", url.host, failure.message)
            found = f"Its host {url.host} cannot be reached from this server."
        except Failure as failure:
            # A stranger chose the host; its plain grammar has no characters that break a log line.
            log.info("client metadata at %s: %s", url.host, failure.message)
            found = failure.message
        finally:
            self._searches.release()
        with self._guard:
            self._cache[client_id] = found
        return _document(found)

    def cause(self, client_id: str) -> str:
        """Return in one sentence why `find` returned None a moment ago."""
        if document_url(client_id) is None:
            return "Its id is not the https URL of a document."
        with self._guard:
            found = self._cache.get(client_id)
        return found if isinstance(found, str) else "Too many clients are looked up at once."

    def _fetch(self, client_id: str, url: PlainUrl) -> ClientDocument:
        """Fetch a document, without the cache.

        Raises:
            Invalid: the URL or the document is not allowed.
            UpstreamFailed: the host does not answer, or not as it should.
        """
        deadline = time.monotonic() + self._limit
        response = self._get(url, deadline)
        if response.status in _REDIRECTS:
            target = document_url(urljoin(client_id, response.headers.get("Location", "")))
            if target is None:
                raise Invalid("The client's metadata is moved to nowhere.", "Register the client.")
            response = self._get(target, deadline)
        if response.status != _OK:
            raise UpstreamFailed(
                f"The client's host answers {response.status}.", "Try again later."
            )
        if not _is_json(response.headers.get_content_type()):
            raise Invalid("The client's metadata is not JSON.", "Register the client instead.")
        return read_document(client_id, response.body, self._schemes())

    def _get(self, url: PlainUrl, deadline: float) -> Response:
        request = Request(str(url), self._address(url, deadline), {"Accept": "application/json"})
        try:
            return fetch(request, max_bytes=MAX_BYTES, deadline=deadline, context=self._context)
        except FetchFailed as cause:
            raise _Unreachable(
                f"The client's host {url.host} did not answer as it should.",
                "Try again in a minute.",
            ) from cause

    def _address(self, url: PlainUrl, deadline: float) -> IPAddress:
        """Choose the address to dial.

        A host with even one address that is not allowed is refused: such a name leads into our
        own network at the second try.
        """
        try:
            found = self._resolve(url.host, deadline)
        except ResolveFailed as cause:
            raise _Unreachable(
                f"The name of the client's host, {url.host}, cannot be resolved.",
                "Check the server's DNS.",
            ) from cause
        if not found or not all(map(self._allow, found)):
            raise _Unreachable(
                f"The client's host {url.host} is not on the public internet.",
                "Register the client with this server instead.",
            )
        return found[0]


def _document(found: ClientDocument | str) -> ClientDocument | None:
    return None if isinstance(found, str) else found


def _expiry(_client_id: str, found: ClientDocument | str, now: float) -> float:
    return now + (MISSED_SECONDS if isinstance(found, str) else FOUND_SECONDS)


def _is_json(content_type: str) -> bool:
    """Tell whether a media type is JSON, or one with the suffix +json (RFC 6839, 3.1)."""
    main, _, sub = content_type.partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))
