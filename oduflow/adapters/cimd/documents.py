"""Find a client's metadata document: at most one redirect, checked like the first URL."""

import logging
import ssl
import threading
import time
from collections import OrderedDict
from urllib.parse import urljoin

from oduflow.adapters.cimd.addresses import Allow, Resolve, choose, look_up, on_the_public_internet
from oduflow.adapters.cimd.exchange import HTTPS, Answer, get
from oduflow.domain.client_documents import ClientDocument, document_url, read_document
from oduflow.domain.errors import Failure, Invalid, UpstreamFailed
from oduflow.domain.plain_urls import PlainUrl

FOUND_SECONDS, MISSED_SECONDS = 300.0, 30.0
LIMIT_SECONDS = 5.0
MAX_CACHED = 500
MAX_AT_ONCE = 4

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
log = logging.getLogger(__name__)


class ClientDocuments:
    """Knows the clients that describe themselves; what was found is remembered for five minutes.

    Whoever asks learns nothing of what lies behind a URL: every failure is the same answer, and
    only the log says which.
    """

    def __init__(
        self,
        resolve: Resolve = look_up,
        allow: Allow = on_the_public_internet,
        context: ssl.SSLContext | None = None,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        """Remember nothing yet.

        Args:
            resolve: knows the addresses of hosts.
            allow: says which addresses may be dialled.
            context: whose certificates are believed; left out: the system's.
            limit_seconds: how long one search may take, names and redirects included.
        """
        self._resolve, self._allow, self._limit = resolve, allow, limit_seconds
        self._context = context or ssl.create_default_context()
        self._remembered: OrderedDict[str, tuple[float, ClientDocument | None]] = OrderedDict()
        self._guard = threading.Lock()
        self._places = threading.BoundedSemaphore(MAX_AT_ONCE)

    def find(self, client_id: str) -> ClientDocument | None:
        """Return what a client says of itself; None when there is no such client, or not now.

        It takes at most five seconds. No more than four are looked for at once: a fifth is not
        found at all, so that strangers cannot hold our threads.
        """
        url = document_url(client_id)
        if url is None:
            return None
        with self._guard:
            until, document = self._remembered.get(client_id, (0.0, None))
        if until > time.monotonic():
            return document
        if not self._places.acquire(blocking=False):
            log.warning("client metadata: too many searches at once")
            return None
        search = _Search(self, client_id, url)
        search.start()
        search.join(self._limit)
        return search.document

    def fetch(self, client_id: str, url: PlainUrl) -> ClientDocument:
        """Ask for a document, past what is remembered.

        Raises:
            Invalid: the URL or the document is not one we take.
            UpstreamFailed: nobody answers, or not as they should.
        """
        deadline = time.monotonic() + self._limit
        answer = self._get(url, deadline)
        if answer.status in _REDIRECTS:
            target = document_url(urljoin(client_id, answer.location))
            if target is None:
                raise Invalid("The client's metadata is moved to nowhere.", "Register the client.")
            answer = self._get(target, deadline)
        if answer.status != _OK:
            raise UpstreamFailed(f"The client's host answers {answer.status}.", "Try again later.")
        if not _is_json(answer.content_type):
            raise Invalid("The client's metadata is not JSON.", "Register the client instead.")
        return read_document(client_id, answer.body)

    def remember(self, client_id: str, document: ClientDocument | None) -> None:
        """Keep what was found, or that nothing was, and leave room for others."""
        until = time.monotonic() + (MISSED_SECONDS if document is None else FOUND_SECONDS)
        with self._guard:
            self._remembered[client_id] = (until, document)
            self._remembered.move_to_end(client_id)
            while len(self._remembered) > MAX_CACHED:
                self._remembered.popitem(last=False)

    def leave(self) -> None:
        """Give a place among the searches back."""
        self._places.release()

    def _get(self, url: PlainUrl, deadline: float) -> Answer:
        address = choose(url.host, url.port or HTTPS, self._resolve, self._allow)
        return get(url, address, self._context, deadline)


def _is_json(content_type: str) -> bool:
    """Accept JSON, and whatever a server calls its own kind of it (RFC 6839, 3.1)."""
    main, _, sub = content_type.partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))


class _Search(threading.Thread):
    """One search in a thread that nobody has to wait for: a name server may take its time."""

    def __init__(self, documents: ClientDocuments, client_id: str, url: PlainUrl) -> None:
        super().__init__(name="client-metadata", daemon=True)
        self.document: ClientDocument | None = None
        self._documents, self._client_id, self._url = documents, client_id, url

    def run(self) -> None:
        try:
            self.document = self._documents.fetch(self._client_id, self._url)
        except Failure as failure:
            # The URL is a stranger's text; its plain grammar holds nothing a log would trip over.
            log.info("client metadata at %s: %s", self._url.host, failure.message)
        finally:
            self._documents.remember(self._client_id, self.document)
            self._documents.leave()
