"""Find the metadata document of an OAuth client, over at most one redirect."""

import logging
import ssl
import threading
import time
from collections.abc import Callable
from urllib.parse import urljoin

from cachetools import TLRUCache

from oduflow.domain.addresses import is_public
from oduflow.domain.client_documents import MAX_BYTES, ClientDocument, document_url, read_document
from oduflow.domain.errors import Failure, Invalid, UpstreamFailed
from oduflow.domain.plain_urls import PlainUrl
from oduflow.net.addresses import IPAddress, Resolve, ResolveFailed, Resolver
from oduflow.net.fetch import FetchFailed, Request, Response, fetch

FOUND_SECONDS, MISSED_SECONDS = 300.0, 30.0
LIMIT_SECONDS = 5.0
MAX_CACHED = 500
MAX_AT_ONCE = 4

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
log = logging.getLogger(__name__)


class DocumentFetcher:
    """Fetches the documents of clients, and caches them for five minutes.

    The caller does not learn what is behind a URL: every failure is None, and only the log has
    the reason.

    Args:
        resolve: finds a host's addresses. The default is a resolver of its own, because strangers
            may name hosts whose name servers hang.
        allow: tells whether an address may be dialled.
        context: which certificates are trusted; None for the system's.
        limit_seconds: how long one search may take, lookups and redirect included.
    """

    def __init__(
        self,
        resolve: Resolve | None = None,
        allow: Callable[[IPAddress], bool] = is_public,
        context: ssl.SSLContext | None = None,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._resolve, self._allow = resolve or Resolver(MAX_AT_ONCE), allow
        self._context, self._limit = context, limit_seconds
        self._cache: TLRUCache[str, ClientDocument | None] = TLRUCache(
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
                return self._cache[client_id]
        if not self._searches.acquire(blocking=False):
            log.warning("client metadata: too many searches at once")
            return None
        document = None
        try:
            document = self._fetch(client_id, url)
        except Failure as failure:
            # A stranger chose the host; its plain grammar has no characters that break a log line.
            log.info("client metadata at %s: %s", url.host, failure.message)
        finally:
            self._searches.release()
        with self._guard:
            self._cache[client_id] = document
        return document

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
        return read_document(client_id, response.body)

    def _get(self, url: PlainUrl, deadline: float) -> Response:
        request = Request(str(url), self._address(url, deadline), {"Accept": "application/json"})
        try:
            return fetch(request, max_bytes=MAX_BYTES, deadline=deadline, context=self._context)
        except FetchFailed as cause:
            raise UpstreamFailed(
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
            raise UpstreamFailed(
                f"The client's host {url.host} is not known here.", "Check the server's DNS."
            ) from cause
        if not found or not all(map(self._allow, found)):
            raise Invalid(
                f"The client's host {url.host} is not on the public internet.",
                "Register the client with this server instead.",
            )
        return found[0]


def _expiry(_client_id: str, document: ClientDocument | None, now: float) -> float:
    return now + (MISSED_SECONDS if document is None else FOUND_SECONDS)


def _is_json(content_type: str) -> bool:
    """Tell whether a media type is JSON, or one with the suffix +json (RFC 6839, 3.1)."""
    main, _, sub = content_type.partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))
