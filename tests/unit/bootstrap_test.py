from dataclasses import replace
from typing import Any

import pytest

from oduflow import bootstrap
from oduflow.domain.access import Actor, ActorKind
from oduflow.domain.audit.view import ReadAudit
from oduflow.domain.container import LOG_BYTES
from oduflow.domain.errors import Failure
from oduflow.domain.oauth import Login
from oduflow.domain.plan import Naming
from oduflow.services.access.github import GithubAuthenticator
from oduflow.services.server.recover import ServerRecovery
from oduflow.settings import load, parse
from tests.support.empty_store import place_empty_store
from tests.support.programs import finished, running
from tests.support.store_rows import environment, template

COUNT = """
import sys
from pathlib import Path
from oduflow import bootstrap
from oduflow.domain.access import Actor, ActorKind
from oduflow.settings import load
from tests.support.store_rows import audit_row
services = bootstrap.serve_alone(bootstrap.build(load(Path(sys.argv[1]))))
stranger = Actor("1", ActorKind.ANONYMOUS, "anonymous", frozenset())
for _ in range(3):
    services.audit.count(audit_row(operation="sign_in", actor=stranger, outcome="forbidden"))
"""

SIGNING_IN = """\
oauth_client_id = "app"
oauth_client_secret = "app-secret"
oauth_base_url = "https://o.example"
"""


def test_building_connects_to_no_server_and_touches_no_disk(tmp_path):
    services = build(tmp_path, "oduflow")  # sockets are off in this folder

    assert services.deps.naming == Naming("oduflow", tmp_path / "data")
    assert list(tmp_path.iterdir()) == []


def test_the_room_of_pools_is_known_before_there_is_a_store_and_counts_what_is_in_it(tmp_path):
    """`oduflow storage setup` may be the first command of a data folder."""
    services = build(tmp_path, "oduflow")
    limits = services.deps.infrastructure.pools.limits
    (tmp_path / "data").mkdir()

    before = limits.keeps()
    assert list((tmp_path / "data").iterdir()) == []
    services.store.path.touch()  # never migrated
    assert limits.keeps() == before
    services.store.close()
    services.store.path.unlink()

    place_empty_store(services.store.path)
    services.deps.store.templates.add(template())
    services.deps.store.environments.add(environment(team="gone"))
    assert limits.keeps() == before + 3 * LOG_BYTES


def test_everything_works_on_the_same_configuration(tmp_path):
    services = build(tmp_path, "oduflow")

    assert services.settings is services.deps.settings
    assert services.runner.jobs is services.deps.work.jobs
    assert services.registry is services.runner.registry


def test_a_team_that_is_no_longer_configured_is_no_longer_valid(tmp_path):
    services = build(tmp_path, "oduflow", SIGNING_IN)
    place_empty_store(services.store.path)
    services.oauth.logins.bind(Login("octocat", "7"))
    person = Actor("1", ActorKind.OAUTH, "octocat", subject_id="7")
    program = Actor("1", ActorKind.TOKEN, "auth_token")

    def stand(live: Any) -> list[bool]:
        oauth = services.oauth
        ids = services.runner.environment_id
        people = GithubAuthenticator(live.current, oauth.tokens, oauth.logins, ids)
        now_so = replace(services, live=live, people=people)
        return [now_so.still_valid(person), now_so.still_valid(program)]

    assert stand(services.live) == [True, True]
    signing_in = f"[server]\n{SIGNING_IN}\n"
    assert stand(parse(f'{signing_in}[team.1]\ngithub_users = ["dev1"]\n')) == [False, True]
    assert stand(parse(f"{signing_in}[team.2]\n")) == [False, False]
    assert stand(parse("[team.1]\n")) == [False, True]


def test_the_doctor_waits_for_the_engine_for_seconds_only(tmp_path):
    services = build(tmp_path, "oduflow")
    doctor = services.probe
    engines = {
        doctor.engine,
        doctor.images._engine,
        doctor.infrastructure.networks._engine,
        doctor.infrastructure.databases.containers._engine,
        doctor.infrastructure.databases.volumes._engine,
        *(
            part._engine
            for server in doctor.infrastructure.databases.servers.values()
            for part in (server.containers, server.images, server.networks, server.volumes)
        ),
        *(
            noun.containers._engine
            for noun in doctor.recoverables
            if isinstance(noun, ServerRecovery)
        ),
    }

    (quick,) = engines
    assert quick is not services.engine
    assert quick._timeout <= 5


@pytest.mark.parametrize(
    ("instance", "enabled"), [("test-1", True), ("oduflow", False), ("contest-1", False)]
)
def test_only_instances_of_tests_can_be_held_at_a_failpoint(tmp_path, instance, enabled):
    assert build(tmp_path, instance).deps.work.failpoints.enabled is enabled


@pytest.mark.parametrize("sample", [True, False])
def test_the_samples_git_server_is_allowed_only_where_it_is_served(tmp_path, sample):
    services = build(tmp_path, "oduflow", f"sample = {str(sample).lower()}")
    url = "http://127.0.0.1:8770/addons.git"

    if sample:
        assert services.deps.git.repositories.clean_url(url) == url
    else:
        with pytest.raises(Failure):
            services.deps.git.repositories.clean_url(url)


def test_what_was_counted_is_written_when_the_servers_process_ends(tmp_path):
    config = tmp_path / "oduflow.toml"
    config.write_text(f'[server]\ndata_dir = "{tmp_path}/data"\n[team.1]\n')
    with running(COUNT, config) as process:
        finished(process)

    services = bootstrap.build(load(config))
    (found,) = services.deps.store.audit.find("1", ReadAudit())
    services.store.close()

    assert (found.row.operation, found.row.count) == ("sign_in", 3)


def build(folder, instance, more=""):
    return bootstrap.build(
        parse(f'[server]\ninstance = "{instance}"\ndata_dir = "{folder}/data"\n{more}\n[team.1]\n')
    )
