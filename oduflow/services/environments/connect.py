"""Make a session of a user of an environment's Odoo, without a password."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from oduflow.adapters.odoo.sessions import (
    SessionReport,
    SessionRequest,
    open_session,
    session_report,
    user_of_session,
)
from oduflow.domain.clock import now, rfc3339
from oduflow.domain.command import last_lines
from oduflow.domain.container import ExecResult, ExecSpec
from oduflow.domain.environment import Environment
from oduflow.domain.errors import Conflict, Failure, NotFound, OdooFailed, UpstreamFailed
from oduflow.domain.masking import redact
from oduflow.domain.next_call import Next
from oduflow.domain.odoo_session import (
    LINK_PATH,
    LINK_SECONDS,
    SESSION_SECONDS,
    OdooSession,
    SessionLink,
    SessionView,
    cookie_name,
)
from oduflow.domain.outcome import Outcome
from oduflow.kernel.call import Call
from oduflow.services.deps import Deps
from oduflow.services.environments.command import (
    LineProgress,
    killed_reason,
    require_address,
    run_inside,
)
from oduflow.services.environments.view import base_url
from oduflow.settings.team_url import team_url

MAKING_SECONDS = 60
_NO_LINK = "There is no link: no browser sends a cookie of {server} to {environment} as well."


def connect(deps: Deps, call: Call, row: Environment, login: str) -> Outcome[SessionView]:
    """Make a session for a caller, and a link with which a browser takes it over.

    Raises:
        Conflict: the user is archived, or the environment cannot end a session.
        NotFound: there is no such user.
        UpstreamFailed: Odoo made no session, or does not accept it.
    """
    url = base_url(deps.settings, row) or ""
    session = make_session(deps, call, row, login, SESSION_SECONDS)
    view = SessionView(
        login=session.login,
        user=session.user,
        url=url,
        cookie=cookie_name(row.port),
        value=session.value,
        expires_at=rfc3339(session.expires_at),
    )
    summary = f"A client that sends the cookie is {session.login} in {row.name} for an hour."
    server = team_url(deps.settings, deps.settings.teams[row.team])
    if not shares_cookies(server, url):
        said = _NO_LINK.format(server=server, environment=url)
        return Outcome(view, summary, warnings=(said,))
    try:
        token = deps.work.links.add(_link(call, row, session, url))
    except Failure as failure:
        return Outcome(view, summary, warnings=(f"There is no link: {failure.message}",))
    link = f"{server.rstrip('/')}{LINK_PATH}{token}"
    return Outcome(view.model_copy(update={"link": link}), summary)


def shares_cookies(server: str, environment: str) -> bool:
    """Whether a browser sends a cookie that one address has set to the other one as well.

    Cookies ignore ports (RFC 6265, 8.5). A host that is reached over https tells browsers to use
    nothing else, and environments have no https.
    """
    one, other = urlsplit(server), urlsplit(environment)
    return bool(one.hostname) and (one.scheme, one.hostname) == (other.scheme, other.hostname)


def _link(call: Call, row: Environment, session: OdooSession, url: str) -> SessionLink:
    return SessionLink(
        team=row.team,
        environment=row.id,
        name=row.name,
        login=session.login,
        cookie=cookie_name(row.port),
        value=session.value,
        url=f"{url}web",
        created_by=str(call.actor),
        opens_until=now() + timedelta(seconds=LINK_SECONDS),
        expires_at=session.expires_at,
    )


def make_session(deps: Deps, call: Call, row: Environment, login: str, seconds: int) -> OdooSession:
    """Make a session that ends by itself, and prove that the serving Odoo accepts it.

    Raises:
        Conflict: the user is archived, the environment does not run, or it cannot end a session.
        NotFound: there is no such user.
        OdooFailed: Odoo did not load the database.
        UpstreamFailed: it made no session, or does not accept it.
    """
    address = require_address(deps.naming, deps.engine.containers, row)
    # The serving Odoo needs the rest: a container at its limit would kill either of them.
    request = SessionRequest.of(login, seconds, deps.limits(row.team).memory * 3 // 4)
    command = open_session()
    spec = ExecSpec((*command.entrypoint, *command.arguments), MAKING_SECONDS, request.stdin)
    silent = LineProgress(call, lambda _line: False)  # the session is among the lines
    with call.boot_slot():
        result = run_inside(deps.naming, deps.engine.containers, row, spec, silent)
    report = session_report(result.output, request.mark)
    if report is None:
        raise _failed(row, result, request.mark)
    if report.refused:
        raise _refused(row, login, report)
    cookie = f"{cookie_name(row.port)}={report.value}"
    if not report.uid or user_of_session(address, cookie) != report.uid:
        raise UpstreamFailed(
            f"Odoo of {row.name} does not accept the session that was made for {login}.",
            "Its log may say why.",
            Next.of("get_environment_logs", "shows its log", name=row.name),
        )
    ends = datetime.fromtimestamp(report.ends, UTC)
    return OdooSession(login=login, user=report.user, value=report.value, expires_at=ends)


def _refused(row: Environment, login: str, report: SessionReport) -> Failure:
    if report.refused == "unknown":
        known = ", ".join(redact(each) for each in report.logins)
        return NotFound(f"{row.name} has no user “{login}”.", f"Some of its users: {known}.")
    if report.refused == "archived":
        return Conflict(
            f"The user {login} of {row.name} is archived and cannot sign in.",
            "Name another user, or unarchive this one.",
        )
    rebuild = Next.of("rebuild_environment", "makes it anew and keeps the data", name=row.name)
    return Conflict(
        f"The container of {row.name} is of an earlier version, which ends no session in time.",
        "",
        rebuild,
    )


def _failed(row: Environment, result: ExecResult, mark: str) -> UpstreamFailed:
    lines = [line for line in result.output.splitlines() if not line.startswith(mark)]
    reason = killed_reason(result, MAKING_SECONDS) or "ended without a session"
    return OdooFailed(
        f"Odoo of {row.name} {reason}.",
        "The output says why.",
        output=last_lines(redact("\n".join(lines))),
    )
