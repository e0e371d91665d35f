"""Handlers of subscriptions: `resources/subscribe` of 2025-11-25, `subscriptions/listen` since.

A notification says that a resource may have changed, and to read it again. What changes without a
call, such as a log, or never, such as a stored text, cannot be followed.
"""

import asyncio
from collections.abc import Callable, Collection

from mcp import types
from mcp.server.connection import Connection
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    ListenHandler,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
)
from mcp.shared.exceptions import MCPError

from oduflow.blueprints.mcp.calls import Calls, RequestContext, caller_of
from oduflow.blueprints.mcp.resource_handlers import error_of, unknown_resource
from oduflow.blueprints.mcp.resources import Resources
from oduflow.blueprints.mcp.watcher import Followed, Follower, Watcher
from oduflow.blueprints.wait_limits import RETRY_AFTER_SECONDS
from oduflow.domain.errors import Failure, Invalid, Kind, QuotaReached, RateLimited
from oduflow.kernel.operation import Operation

FOLLOW = "follow_resources"  # as the audit log names it
MAX_OF_A_FOLLOWER = 50  # resources
MAX_OF_AN_ACTOR = 200
MAX_OF_A_TEAM = 400


class SessionFollower(Follower):
    """The follower of a session of the 2025 era; it is told on the session's stream.

    What changes while a notification is being sent is sent next, each URI once: a client that
    reads slowly delays no other, and fills no memory.
    """

    def __init__(self, ctx: RequestContext) -> None:
        super().__init__(caller_of(ctx).actor, self._send_later)
        self._session: ServerSession = ctx.session
        self._unsent: dict[str, None] = {}
        self._sending: asyncio.Task[None] | None = None

    def _send_later(self, uris: Collection[str]) -> None:
        self._unsent.update(dict.fromkeys(uris))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._unsent:
            uri = next(iter(self._unsent))
            del self._unsent[uri]
            await self._session.send_resource_updated(uri)

    def close(self) -> None:
        """Send nothing more."""
        self._unsent.clear()
        if self._sending is not None:
            self._sending.cancel()


class ListenBus:
    """Implements the SDK's `SubscriptionBus` for one stream: its follower is told, no other."""

    def __init__(self, watcher: Watcher, follower: Follower) -> None:
        self._watcher = watcher
        self._follower = follower

    async def publish(self, event: ServerEvent) -> None:
        """Do nothing: changes are read from the store."""

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Let the listener be told, and return what ends that."""

        def tell(uris: Collection[str]) -> None:
            for uri in uris:
                listener(ResourceUpdated(uri=uri))

        self._follower.tell = tell
        if self._follower.list_changed is not None:
            self._follower.list_changed = lambda: listener(ResourcesListChanged())
        return lambda: self._watcher.remove(self._follower)


class SubscriptionHandlers:
    """The handlers of subscriptions of one server."""

    def __init__(self, calls: Calls, resources: Resources) -> None:
        self._calls = calls
        self._resources = resources
        self._watcher = Watcher(calls)
        self._sessions: dict[int, SessionFollower] = {}

    async def subscribe(
        self, ctx: RequestContext, params: types.SubscribeRequestParams
    ) -> types.EmptyResult:
        """Follow a resource on the session's stream until it is left or the session ends.

        Raises:
            MCPError: it does not exist, cannot be followed, or the caller follows too many.
        """
        uri = str(params.uri)
        try:
            async with self._calls.limited(ctx, FOLLOW):
                followed = await self._follow(ctx, uri)
                follower = await self._of_session(ctx)
                self._require_room(follower, [uri])
        except Failure as failure:
            raise error_of(ctx, failure, uri) from failure
        follower.uris[uri] = followed
        return types.EmptyResult()

    async def unsubscribe(
        self, ctx: RequestContext, params: types.UnsubscribeRequestParams
    ) -> types.EmptyResult:
        """Follow a resource no longer; nothing happens if it was not followed."""
        follower = self._sessions.get(id(_connection(ctx)))
        if follower is not None:
            follower.uris.pop(str(params.uri), None)
        return types.EmptyResult()

    async def listen(
        self, ctx: RequestContext, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """Stream the changes that the caller asks for and may be told; others are not acknowledged.

        Raises:
            MCPError: the caller follows too much, or holds as many threads as it may.
        """
        caller, wanted = caller_of(ctx), params.notifications
        follower = Follower(caller.actor, lambda _uris: None)
        # Others that come and go are not for a caller that is restricted to some environments.
        lists = bool(wanted.resources_list_changed) and caller.actor.environments is None
        follower.list_changed = (lambda: None) if lists else None
        uris = list(dict.fromkeys(map(str, wanted.resource_subscriptions or ())))
        try:
            async with self._calls.limited(ctx, FOLLOW):
                self._require_room(follower, uris)
                for uri in uris:
                    if (followed := await self._followed_or_none(ctx, uri)) is not None:
                        follower.uris[uri] = followed
            if not caller.permit.take():
                await self._calls.record(ctx, "no_free_stream", Kind.BUSY)
                raise RateLimited(
                    "Too many streams of this team are open already.",
                    "Close one, or read the resources again from time to time.",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            await self._watcher.add(follower)
        except Failure as failure:
            raise error_of(ctx, failure) from failure
        honoured = types.SubscriptionFilter(
            resource_subscriptions=list(follower.uris) or None,
            resources_list_changed=lists or None,
        )
        streamed = ListenHandler(ListenBus(self._watcher, follower))
        try:
            return await streamed(ctx, params.model_copy(update={"notifications": honoured}))
        finally:
            self._watcher.remove(follower)

    def _require_room(self, follower: Follower, uris: list[str]) -> None:
        if len(follower.uris.keys() | set(uris)) > MAX_OF_A_FOLLOWER:
            raise QuotaReached(
                f"A client may follow {MAX_OF_A_FOLLOWER} resources, and no more.",
                "Follow a list instead, such as oduflow://environments.",
            )
        if self._watcher.of_actor(follower.actor) + len(uris) > MAX_OF_AN_ACTOR:
            raise QuotaReached(
                f"The clients of a caller may follow {MAX_OF_AN_ACTOR} resources, and no more.",
                "End a session, or follow a list instead, such as oduflow://environments.",
            )
        if self._watcher.of_team(follower.actor.team) + len(uris) > MAX_OF_A_TEAM:
            raise QuotaReached(
                f"The callers of this team follow {MAX_OF_A_TEAM} resources, and no more may be.",
                "Follow a list instead, such as oduflow://environments.",
            )

    async def _followed_or_none(self, ctx: RequestContext, uri: str) -> Followed | None:
        try:
            return await self._follow(ctx, uri)
        except (Failure, MCPError):
            return None

    async def _follow(self, ctx: RequestContext, uri: str) -> Followed:
        """Check that the caller may read a resource, and that its changes are announced."""
        found = self._resources.locate(uri)
        if found is None:
            raise unknown_resource(ctx, uri)
        address, raw = found
        operation: Operation = address.operation
        if operation.unannounced:
            raise Invalid(
                f"No change of {uri} is announced.",
                "Read it again from time to time.",
            )
        actor = caller_of(ctx).actor
        check = self._calls.runner.check
        args = await self._calls.work(lambda: check(operation.name, raw, actor))
        # As it was validated: a URI may write the name otherwise.
        name = str(getattr(args, address.variables[0])) if address.variables else None
        return Followed(operation, raw, address.segments[0], name)

    async def _of_session(self, ctx: RequestContext) -> SessionFollower:
        connection = _connection(ctx)
        key = id(connection)
        if key not in self._sessions:
            follower = self._sessions[key] = SessionFollower(ctx)

            def end() -> None:
                self._watcher.remove(follower)
                follower.close()
                self._sessions.pop(key, None)

            connection.exit_stack.callback(end)
            try:
                await self._watcher.add(follower)
            except Failure:
                del self._sessions[key]
                raise
        return self._sessions[key]


def _connection(ctx: RequestContext) -> Connection:
    """Return the session's connection, which ends with the session."""
    return ctx.session._connection  # noqa: SLF001 - the SDK has no other way from a handler to it
