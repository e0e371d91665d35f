"""Check every part that creating an environment needs; report what is missing and its remedy."""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from oduflow.adapters.docker.engine import Engine
from oduflow.adapters.docker.images import Images
from oduflow.adapters.git.repository import GitRepositories
from oduflow.adapters.pool.report import state_of_all
from oduflow.adapters.store import Environments, Facts, Store
from oduflow.domain.errors import Failure, Forbidden, UpstreamFailed
from oduflow.domain.proxies import FACT, ProxyCount
from oduflow.domain.status import HealthFinding
from oduflow.domain.storage import CloneState
from oduflow.services.recoverable import Recoverable, find_leftovers
from oduflow.services.server.infrastructure import Infrastructure
from oduflow.settings import Settings


@dataclass(frozen=True, slots=True)
class Doctor:
    """Checks the health of each part, for `oduflow doctor` and `/readyz`.

    Attributes:
        settings: returns the current configuration.
        limited: says whether the kernel keeps the limit of a team's disk.
        clone: says how environments are cloned, and what is outside the pool.
        engine, images, infrastructure, recoverables: use their own connection to the engine, with
            a time limit of a few seconds.
    """

    settings: Callable[[], Settings]
    clone: Callable[[], CloneState]
    limited: Callable[[str], bool]
    engine: Engine
    images: Images
    infrastructure: Infrastructure
    recoverables: tuple[Recoverable, ...]
    git: GitRepositories
    rows: Environments
    store: Store
    facts: Facts

    def findings(self) -> tuple[HealthFinding, ...]:
        """Check every part now; each check has its own time limit."""
        docker = _finding("docker", self._docker)
        without_docker: dict[str, Callable[[], str]] = {
            "user": _user,
            "git": self._git,
            "store": self._store,
            "disk": self._disk,
        }
        with_docker: dict[str, Callable[[], str]] = {
            "images": self._images,
            "isolation": self._isolation,
        }
        return (
            docker,
            self._clone(),
            self._disk_limits() if docker.ok else _finding("disk limits", _not_checked),
            *(_finding(part, check) for part, check in without_docker.items()),
            *(
                _finding(part, check if docker.ok else _not_checked)
                for part, check in with_docker.items()
            ),
            self._postgres() if docker.ok else _finding("postgres", _not_checked),
        )

    def databases(self) -> tuple[HealthFinding, ...]:
        """Check the PostgreSQL of each team now; the findings name the teams."""
        try:
            found = self.infrastructure.databases.examine()
            removed = tuple(self.infrastructure.databases.of_removed_teams())
        except Failure:
            return ()  # Docker does not answer, which is a finding already
        return (
            *(_database_finding(team, seen) for team, seen in found.items()),
            *(
                HealthFinding(
                    f"database of {team}",
                    ok=True,
                    message="Its team is not configured; the data are kept.",
                    hint="Configure the team again, or remove its databases for good: "
                    f"`docker rm -f {container}; docker volume rm {volume}`.",
                )
                for team, container, volume in removed
            ),
        )

    def environments(self) -> Counter[str]:
        """Count the environments of all teams by state."""
        return Counter(str(row.state) for row in self.rows.all())

    def proxies(self) -> HealthFinding:
        """Report a wrong `trusted_proxies`, as requests showed it; it does not affect readiness."""
        return _finding("proxies", self._proxies)

    def leftovers(self) -> tuple[HealthFinding, ...]:
        """Report objects with the instance's label that belong to no row.

        Those of another server are none: their rows are in its store, and a remedy would remove
        its environments.
        """
        try:
            self.infrastructure.refuse_other_server()
            found = tuple(find_leftovers(self.recoverables))
        except Failure:
            return ()  # the failed part is already among the findings
        return tuple(
            HealthFinding(
                "leftover",
                ok=False,
                message=f"{each.kind} {each.name} belongs to no row of the store.",
                hint=each.hint,
            )
            for each in found
        )

    def _docker(self) -> str:
        self.engine.ping()
        return f"Docker {self.engine.version()} answers."

    def _git(self) -> str:
        return f"{self.git.check_git()} is installed."

    def _store(self) -> str:
        self.store.check()
        return "The store can be written."

    def _proxies(self) -> str:
        trusted = self.settings().server.trusted_proxies
        seen = ProxyCount.load(self.facts.get(FACT))
        if seen is not None and seen.trusted == trusted:
            raise UpstreamFailed(seen.message, seen.hint)
        return f"trusted_proxies = {trusted} matches the requests seen so far."

    def _disk(self) -> str:
        disk = self.infrastructure.disk
        disk.require()
        return f"{disk.free() / (1 << 30):.0f} GiB are free."

    def _clone(self) -> HealthFinding:
        try:
            state = self.clone()
        except Failure:  # Docker does not answer, which is a finding already
            state = state_of_all(self.infrastructure.pools)
        return HealthFinding("clone", ok=state.ok, message=state.text, hint=state.hint)

    def _disk_limits(self) -> HealthFinding:
        teams = sorted(self.settings().teams)
        try:
            beyond = [team for team in teams if not self.limited(team)]
        except Failure as failure:
            return HealthFinding(
                "disk limits", ok=False, message=failure.message, hint=failure.hint
            )
        if not beyond:
            told, hint = "Each team has a file system of its own, which ends at its limit.", ""
        else:
            told = f"The kernel does not keep the limit of {', '.join(beyond)}: what runs may "
            told += "write beyond disk_gb."
            hint = "`oduflow storage setup`, then `oduflow storage move`, give each team a file "
            hint += "system of its own. One that is larger than a lowered disk_gb does not shrink. "
            hint += "Containers of an earlier version write elsewhere until stopped and started."
        return HealthFinding("disk limits", ok=True, message=told, hint=hint)

    def _images(self) -> str:
        image = self.settings().images.postgres
        self.images.facts(image)
        return f"The image {image} is available."

    def _postgres(self) -> HealthFinding:
        """Summarise the teams' databases: not ok only when no team can use its own."""
        try:
            self.infrastructure.refuse_other_server()
            found = self.infrastructure.databases.examine()
        except Failure as failure:
            return HealthFinding("postgres", ok=False, message=failure.message, hint=failure.hint)
        broken = [seen for seen in found.values() if isinstance(seen, Failure)]
        if not broken:
            return HealthFinding("postgres", ok=True, message="The teams' PostgreSQL is healthy.")
        several = len(found) > 1
        return HealthFinding(
            "postgres",
            ok=len(broken) < len(found),
            message=f"The PostgreSQL of {len(broken)} of {len(found)} teams cannot be used."
            if several
            else broken[0].message,
            hint="Run `oduflow doctor` on the server: it says why and what to do.",
            degraded=True,
        )

    def _isolation(self) -> str:
        state = self.infrastructure.check_firewall()
        if state.ok:
            return "Environments are isolated."
        several = len(self.settings().teams) > 1
        if several and not self.settings().firewall.allow_unisolated:
            raise UpstreamFailed(
                f"Environments are not isolated: {state.reason}",
                "Install iptables and run the server as root, or set "
                "[firewall] allow_unisolated = true.",
            )
        return f"Isolation is reduced: {state.reason}"


def _database_finding(team: str, seen: str | Failure) -> HealthFinding:
    part = f"database of {team}"
    if isinstance(seen, Failure):
        return HealthFinding(part, ok=False, message=seen.message, hint=seen.hint)
    return HealthFinding(part, ok=True, message=seen)


def _user() -> str:
    if os.geteuid() != 0:
        raise Forbidden(
            "The server must run as root: it hands files to Odoo's and PostgreSQL's users.",
            "Run it as root, for example as a service of the system.",
        )
    return "The server runs as root."


def _not_checked() -> str:
    raise UpstreamFailed("Not checked: Docker does not answer.", "Start Docker first.")


def _finding(part: str, check: Callable[[], str]) -> HealthFinding:
    try:
        return HealthFinding(part, ok=True, message=check())
    except Failure as failure:
        return HealthFinding(part, ok=False, message=failure.message, hint=failure.hint)
    except OSError as cause:
        reason = cause.strerror or type(cause).__name__
        return HealthFinding(part, ok=False, message=f"It cannot be checked: {reason}.")
