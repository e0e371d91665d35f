"""The connection to the Docker engine."""

from threading import Lock
from typing import Any

from docker import APIClient
from requests.exceptions import RequestException

from oduflow.adapters.docker.errors import translated

_FIRST_ANSWER = 10  # seconds; a hung engine must not hold up /readyz
_SOCKET_URL = "http+docker://"  # docker-py's for any unix socket
_CONNECTIONS = 32  # one for each thread that waitress serves with


class Engine:
    """One engine, connected at first use: making this object makes no network call.

    Threads share it: docker-py uses a requests session of which only the connection pool changes
    after creation, and urllib3's pool is thread-safe.

    Args:
        base_url: its address, `unix:///…` or `tcp://…`; None for the usual socket.
        timeout: seconds for an ordinary call; streams and pulls have limits of their own.
    """

    def __init__(self, base_url: str | None = None, *, timeout: int = 60) -> None:
        self._base_url = base_url
        self._timeout = timeout
        self._lock = Lock()
        self._client: APIClient | None = None
        self._cgroup_driver = ""

    @property
    def api(self) -> APIClient:
        """The low-level client, at the engine's API version.

        Raises:
            EngineUnreachable: no engine, no permission, or no answer.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def ping(self) -> None:
        """Check that the engine answers within seconds.

        Raises:
            EngineUnreachable: it does not answer.
        """
        api = self.api
        with translated("answer"):
            answer = api.get(f"{api.base_url}/_ping", timeout=_FIRST_ANSWER)
            if not answer.ok:
                raise RequestException(answer.text, response=answer)

    def version(self) -> str:
        """Return the engine's version, such as `28.3.1`."""
        with translated("tell its version"):
            return str(self.api.version()["Version"])

    def cgroup_driver(self) -> str:
        """Return the engine's cgroup driver, `cgroupfs`, `systemd` or `none`."""
        if not self._cgroup_driver:
            with translated("tell its control groups"):
                self._cgroup_driver = str(self.api.info()["CgroupDriver"])
        return self._cgroup_driver

    # docker-py's stubs leave the two calls below untyped, so their types are declared here once.

    def describe_image(self, reference: str) -> dict[str, Any]:
        """Call `GET /images/{name}/json`; errors are not translated."""
        found: dict[str, Any] = self.api.inspect_image(reference)  # type: ignore[no-untyped-call]
        return found

    def create_container(self, name: str, body: dict[str, Any]) -> str:
        """Call `POST /containers/create` and return the id; errors are not translated."""
        made = self.api.create_container_from_config(body, name)  # type: ignore[no-untyped-call]
        return str(made["Id"])

    def close(self) -> None:
        """Close idle connections; the next use opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _connect(self) -> APIClient:
        with translated("answer"):
            client = APIClient(
                base_url=self._base_url,
                version="auto",
                timeout=_FIRST_ANSWER,
                max_pool_size=_CONNECTIONS,
            )
        client.timeout = self._timeout
        # A socket has no proxy, and requests would look for one in the environment at every call.
        client.trust_env = not client.base_url.startswith(_SOCKET_URL)
        return client
