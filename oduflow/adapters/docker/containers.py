"""Containers: created hardened, started, inspected, run to their end, removed."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from docker.errors import APIError
from docker.errors import NotFound as EngineHasNone

from oduflow.adapters.docker.connections import established
from oduflow.adapters.docker.control_groups import ControlGroups
from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.errors import FOREIGN, translated
from oduflow.adapters.docker.exec import kill_marked, run_inside
from oduflow.adapters.docker.facts import from_inspect, from_list, label_filter
from oduflow.adapters.docker.one_off import run_to_end
from oduflow.adapters.docker.output import read_log
from oduflow.adapters.docker.payload import create_request
from oduflow.domain.container import (
    ContainerFacts,
    ContainerSpec,
    ExecResult,
    ExecSpec,
    RunResult,
)
from oduflow.domain.errors import UpstreamFailed
from oduflow.domain.progress_monitor import UNWATCHED, ProgressMonitor

_REMOVAL_SECONDS = 30
_PAUSE_SECONDS = 5.0
_PAUSE_POLL_SECONDS = 0.01


class Containers:
    """The engine's containers, addressed by name.

    Args:
        engine: the connection.
        groups: the teams' control groups; without them each container has one of its own only.
    """

    def __init__(self, engine: Engine, groups: ControlGroups | None = None) -> None:
        self._engine = engine
        self._groups = groups

    def create(self, spec: ContainerSpec) -> str:
        """Create a container in all its networks without starting it, and return its id.

        Raises:
            ImageMissing: its image is not on this machine.
            NotFound: one of its networks or volumes does not exist.
            NameTaken: a container of that name exists.
            Failure: any other error; the container is removed again.
        """
        api = self._engine.api
        with translated(f"create container “{spec.name}”"):
            # The engine itself reports a missing network only when the container starts.
            for each in spec.networks:
                api.inspect_network(each.network)
            # The engine would make an empty volume of a name that it does not know.
            for mount in spec.mounts:
                if mount.kind == "volume":
                    api.inspect_volume(mount.source)
            image = self._engine.describe_image(spec.image)
            body = create_request(
                spec,
                image["Config"].get("Volumes") or (),
                self._groups.of(spec.labels) if self._groups else "",
            )
            container = self._engine.create_container(spec.name, body)
            try:
                # Engines before 25 accept one network at creation; the others are joined here.
                for each in spec.networks[1:]:
                    api.connect_container_to_network(
                        container, each.network, ipv4_address=each.address or None
                    )
            except BaseException:
                with suppress(*FOREIGN):
                    api.remove_container(container, force=True, v=True)
                raise
        return container

    def start(self, name: str) -> None:
        """Start a container; a running one stays as it is.

        Raises:
            PortTaken: a port it publishes is in use; the container stays, not started.
            NotFound: there is no such container.
        """
        with translated(f"start container “{name}”"):
            self._engine.api.start(name)

    def stop(self, name: str, timeout: int = 30) -> None:
        """Ask a container to stop and kill it after `timeout` seconds.

        Raises:
            NotFound: there is no such container.
        """
        with translated(f"stop container “{name}”"):
            self._engine.api.stop(name, timeout=timeout)

    def kill(self, name: str) -> None:
        """Kill a running or paused container; one that does not run is no error.

        Raises:
            NotFound: there is no such container.
        """
        with translated(f"kill container “{name}”"):
            try:
                self._engine.api.kill(name)
            except APIError as cause:
                if "is not running" not in str(cause.explanation):
                    raise

    def hang_up(self, name: str) -> bool:
        """Send SIGHUP to a container's process; return whether it runs.

        Raises:
            NotFound: there is no such container.
        """
        with translated(f"send a signal to container “{name}”"):
            try:
                self._engine.api.kill(name, "SIGHUP")
            except APIError as cause:
                if "is not running" not in str(cause.explanation):
                    raise
                return False
        return True

    def pause(self, name: str) -> None:
        """Freeze every process of a running container; a paused one stays as it is.

        Raises:
            NotFound: there is no such container.
        """
        deadline = time.monotonic() + _PAUSE_SECONDS
        with translated(f"pause container “{name}”"):
            while True:
                try:
                    return self._engine.api.pause(name)
                except APIError as cause:
                    if "already paused" in str(cause.explanation):
                        return None
                    # runc gives up when a process has just started another one.
                    if "freeze" not in str(cause.explanation) or time.monotonic() > deadline:
                        raise
                time.sleep(_PAUSE_POLL_SECONDS)

    def unpause(self, name: str) -> None:
        """Let a paused container go on; one that is not paused, or is gone, is no error."""
        with translated(f"let container “{name}” go on"):
            try:
                self._engine.api.unpause(name)
            except EngineHasNone:
                return
            except APIError as cause:
                if "is not paused" not in str(cause.explanation):
                    raise

    def connections(self, name: str, port: int) -> frozenset[str]:
        """Return the other ends of the TCP connections that are open at a container's port.

        There are none in one that does not run or is gone.
        """
        with translated(f"look at the connections of container “{name}”"):
            try:
                process = self._engine.api.inspect_container(name)["State"]["Pid"]
            except EngineHasNone:
                return frozenset()
        return established(process, port) if process else frozenset()

    def rename(self, name: str, new_name: str) -> None:
        """Give a container another name; it may run or be paused.

        Raises:
            NameTaken: another container has it.
            NotFound: there is no such container.
        """
        with translated(f"rename container “{name}”"):
            self._engine.api.rename(name, new_name)

    def remove(self, name: str) -> None:
        """Kill and remove a container with its anonymous volumes; a missing one is no error."""
        api = self._engine.api
        with translated(f"remove container “{name}”"):
            try:
                api.remove_container(name, force=True, v=True)
            except EngineHasNone:
                return
            except APIError as cause:
                if "already in progress" not in str(cause.explanation):
                    raise
        self._await_removal(name)

    def remove_empty_groups(self) -> None:
        """Remove the control groups of teams that have no containers."""
        if self._groups:
            self._groups.remove()

    def facts(self, name: str) -> ContainerFacts | None:
        """Return the facts of a container by its full name or id, None when there is none."""
        with translated(f"look up container “{name}”"):
            try:
                found = self._engine.api.inspect_container(name)
            except EngineHasNone:
                return None
        # The engine also accepts the first characters of an id as a name.
        return from_inspect(found) if name in (found["Id"], found["Name"].lstrip("/")) else None

    def logs(self, name: str, *, tail: int = 200, since: datetime | None = None) -> str:
        """Return the last `tail` lines a container printed, both streams together.

        Of very long lines only the end is returned.

        Raises:
            NotFound: there is no such container.
        """
        start = None if since is None else since.timestamp()
        with translated(f"read the log of container “{name}”"):
            output = read_log(self._engine.api, name, tail=tail, since=start)
        return output.decode(errors="replace")

    def run_one_off(
        self,
        spec: ContainerSpec,
        *,
        timeout: float,
        monitor: ProgressMonitor = UNWATCHED,
    ) -> RunResult:
        """Run a container to its end, and remove it also after an error.

        Args:
            spec: the container; its name must be free.
            timeout: seconds it may run.
            monitor: gets each line, on the caller's thread, and is asked several times a second
                whether to stop.

        Raises:
            Cancelled: the monitor's `cancelled` returned true; `output` has the last lines.
            UpstreamFailed: it ran too long; `output` has the last lines.
            Failure: it could not be made or started.
        """
        container = self.create(spec)
        try:
            with translated(f"run container “{spec.name}”"):
                return run_to_end(self._engine.api, container, timeout, monitor)
        finally:
            self.remove(container)

    def run_inside(
        self, name: str, spec: ExecSpec, *, monitor: ProgressMonitor = UNWATCHED
    ) -> ExecResult:
        """Run a command in a running container to its end; nothing that it started stays.

        Args:
            name: the container.
            spec: the command.
            monitor: gets each line, on the caller's thread, and is asked several times a second
                whether to stop.

        Raises:
            Cancelled: the monitor's `cancelled` returned true; `output` is what was printed.
            Conflict: the container does not run, or is paused.
            NotFound: there is no such container.
        """
        with translated(f"run a command in container “{name}”"):
            return run_inside(self._engine.api, name, spec, monitor)

    def end_inside(self, name: str, mark: str) -> None:
        """Kill what a command with that mark has left in a container; it may be gone or stopped."""
        kill_marked(self._engine.api, name, mark)

    def list(self, labels: Mapping[str, str]) -> tuple[ContainerFacts, ...]:
        """Return every container that carries all these labels, in one call to the engine.

        An empty value matches any value of the label. `started_at` is empty here.
        """
        with translated("list the containers"):
            found = self._engine.api.containers(all=True, filters=label_filter(labels))
        return tuple(from_list(each) for each in found)

    def _await_removal(self, name: str) -> None:
        """Wait until a removal, by this or another caller, has freed the name."""
        deadline = time.monotonic() + _REMOVAL_SECONDS
        while self.facts(name) is not None:
            if time.monotonic() > deadline:
                raise UpstreamFailed(
                    f"Docker still has container “{name}” {_REMOVAL_SECONDS} s after its removal.",
                    "Look at the engine's own log (`journalctl -u docker`).",
                )
            time.sleep(0.1)
