"""The real application over its real store, under waitress, beside a fake GitHub."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oduflow import bootstrap
from oduflow.adapters.store.tables import MOMENT
from oduflow.services.live_settings import POLL_SECONDS, SETTLE_SECONDS
from oduflow.settings import parse
from oduflow.web import create_app
from tests.support.empty_store import place_empty_store
from tests.support.fake_github import FakeGitHub
from tests.support.fakes import BLUE_TOKEN, RED_TOKEN
from tests.support.in_process import InProcess
from tests.support.oauth_stores import MemoryDocuments
from tests.support.oauth_walk import Browser, OAuthWalk
from tests.support.ports import free_port
from tests.support.waitress_server import waitress_server

BLUE = f"""\
[team.blue]
name = "Blue"
auth_token = "{BLUE_TOKEN}"
ui_password = "blue-password-0123"
github_users = ["octocat", "dev1"]
"""
RED = f"""\
[team.red]
name = "Red"
auth_token = "{RED_TOKEN}"
ui_password = "red-password-01234"
github_users = ["dev1", "admin2"]
"""
ANY_LOGIN = """\
[team.1]
ui_password = "blue-password-0123"
"""


@dataclass
class OAuthWorld:
    """A server that can be stopped, restarted and reconfigured.

    Attributes:
        app: the current application.
        server: further lines of the section [server].
        documents: the metadata documents at the clients' URLs.
        scheme: the scheme of the configured base URL.
        host: its public host name.
    """

    folder: Path
    github: FakeGitHub
    port: int
    teams: str
    server: str = ""
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    app: Any = None
    services: Any = None
    scheme: str = "http"
    host: str = "localhost"
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """The server's public URL; GitHub is at 127.0.0.1, which is another site."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "oduflow.toml"

    @property
    def store(self) -> Path:
        return self.folder / "data" / "oduflow.db"

    def configure(self, teams: str) -> None:
        """Write a new configuration, and wait until a running server has read it."""
        self.teams = teams
        self.config.write_text(
            f'[server]\nport = {self.port}\ndata_dir = "data"\ninstance = "test-oauth"\n'
            f'oauth_base_url = "{self.url}"\n{self.server}{self.github.settings}{teams}'
        )
        self.config.chmod(0o600)
        if self.services is not None:
            time.sleep(POLL_SECONDS + SETTLE_SECONDS)

    def build(self) -> None:
        """Make the application without serving it."""
        self.services = bootstrap.build(parse(self.config.read_text(), self.config))
        self.services = with_documents(self.services, self.documents)
        if not self.store.exists():
            place_empty_store(self.store)
        self.services.store.migrate()
        self.app = create_app(services=self.services)

    def start(self) -> None:
        self.build()
        listener = socket.create_server(("127.0.0.1", self.port))
        self._running.enter_context(waitress_server(lambda _port: self.app, listener=listener))

    def stop(self) -> None:
        self._running.close()
        if self.services is not None:
            self.services.store.close()
            self.services.engine.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def walk(self, github_user: str = "", **more: Any) -> OAuthWalk:
        """Return a client with a new browser."""
        return OAuthWalk(self.url, Browser(github_user), **more)

    def walk_in_process(self) -> OAuthWalk:
        """Return a client and a browser for an application without a socket."""
        walk = OAuthWalk(self.url)
        for session in (walk.browser, walk.http):
            session.mount(self.url, InProcess(self.app))
        return walk


def with_documents(services: Any, documents: MemoryDocuments) -> Any:
    """Use these metadata documents instead of the network."""
    return replace(services, oauth=replace(services.oauth, documents=documents))


def age(world: OAuthWorld, seconds: int) -> None:
    """Age all rows of the OAuth server: move their times back."""
    with closing(sqlite3.connect(world.store)) as store:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'oauth_*'"
        for (table,) in store.execute(names).fetchall():
            for _, column, *_ in store.execute(f"PRAGMA table_info({table})").fetchall():
                if column.endswith("_at"):
                    _move_back(store, table, column, timedelta(seconds=seconds))
        store.commit()


def _move_back(store: sqlite3.Connection, table: str, column: str, by: timedelta) -> None:
    rows = store.execute(f"SELECT rowid, {column} FROM {table}").fetchall()  # noqa: S608
    for rowid, written in rows:
        if written is not None:
            earlier = MOMENT.to_text(datetime.fromisoformat(written) - by)
            change = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608
            store.execute(change, (earlier, rowid))


@contextmanager
def unserved_world(folder: Path, teams: str = BLUE) -> Iterator[OAuthWorld]:
    """Make an application without a socket, and without a GitHub."""
    world = OAuthWorld(folder, FakeGitHub(url="http://127.0.0.1:9"), 8000, teams)
    world.configure(teams)
    world.build()
    try:
        yield world
    finally:
        world.stop()


@contextmanager
def oauth_world(
    folder: Path,
    github: FakeGitHub,
    teams: str = BLUE,
    prepare: Callable[[OAuthWorld], None] = lambda _world: None,
) -> Iterator[OAuthWorld]:
    """Serve until the block ends; `prepare` is called before the first start."""
    world = OAuthWorld(folder, github, free_port(), teams)
    github.callbacks.add(f"{world.url}/auth/callback")
    world.configure(teams)
    prepare(world)
    world.start()
    try:
        yield world
    finally:
        world.stop()
