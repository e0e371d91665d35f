import threading
import time

import pytest

from oduflow.adapters.postgres.errors import InUse
from oduflow.domain.errors import Conflict, Internal, NotFound, UpstreamFailed


def test_a_second_initdb_leaves_the_cluster_alone(postgres, cluster) -> None:
    before = cluster.system_identifier()
    assert postgres.initdb() == 17
    assert cluster.system_identifier() == before


def test_preparing_again_changes_nothing(cluster, tenants) -> None:
    query = "SELECT datname, datacl::text FROM pg_database ORDER BY 1"
    before = tenants.look(query)
    cluster.prepare()
    assert tenants.look(query) == before


def test_a_broken_access_rule_is_refused_and_named(postgres, cluster) -> None:
    good = postgres.hba.read_text()
    postgres.hba.write_text(good + "host all all 10.0.0.0/99 scram-sha-256\n")
    try:
        with pytest.raises(UpstreamFailed, match="access rules") as seen:
            cluster.reload()
        assert "10.0.0.0/99" in seen.value.output
    finally:
        postgres.hba.write_text(good)
        cluster.reload()


def test_a_reload_finds_no_error_in_the_configuration(postgres, cluster) -> None:
    before = postgres.logs().count("reloading configuration files")
    cluster.reload()
    while postgres.logs().count("reloading configuration files") == before:
        time.sleep(0.05)
    cluster.system_identifier()
    assert "cannot be changed without restarting" not in postgres.logs()
    assert '/postgresql.conf" contains errors' not in postgres.logs()


def test_only_tenants_roles_and_databases_are_listed(cluster, tenants) -> None:
    environment, template = tenants.empty(), tenants.template()
    assert {environment.name, template.name} <= cluster.databases()
    assert {environment.name, template.name} <= cluster.roles()
    listed = cluster.databases() | cluster.roles()
    assert not {"postgres", "oduflow", "template1", "oduflow_admin", "oduflow_bus"} & listed


@pytest.mark.parametrize("name", ["oduflow", "postgres", "template1", "oduflow_admin"])
def test_our_own_parts_cannot_be_dropped(cluster, name) -> None:
    with pytest.raises(Internal):
        cluster.drop_database(name)
    with pytest.raises(Internal):
        cluster.drop_role(name)


def test_making_and_dropping_may_be_repeated(cluster, tenants) -> None:
    source, copy = tenants.template("CREATE TABLE t (a int)"), tenants.new("env")
    for _ in range(2):
        cluster.create_role(copy.name, copy.password, connection_limit=3)
        cluster.clone_database(source.name, copy.name, copy.name, strategy="file_copy")
        cluster.hand_over(
            copy.name, from_role=source.name, to_role=copy.name, password=copy.password
        )
    tenants.run(copy, "INSERT INTO t VALUES (1)")
    for _ in range(2):
        cluster.drop_database(copy.name)
    for _ in range(2):
        cluster.drop_role(copy.name)
    assert copy.name not in cluster.databases() | cluster.roles()


def test_a_role_made_again_has_the_new_password(cluster, tenants) -> None:
    made = tenants.empty()
    cluster.create_role(made.name, "another", connection_limit=3)
    with pytest.raises(Exception, match="password authentication failed"):
        tenants.ask(made, "SELECT 1")


def test_a_sealed_template_is_dropped_like_any_database(cluster, tenants) -> None:
    template = tenants.template()
    cluster.drop_database(template.name)
    cluster.drop_role(template.name)
    assert template.name not in cluster.databases() | cluster.roles()


def test_sealing_may_be_repeated_and_is_not_undone_by_making(cluster, tenants) -> None:
    template = tenants.template()
    cluster.seal_template(template.name, template.name)
    with pytest.raises(Conflict, match="sealed template"):
        cluster.create_database(template.name, template.name)


def test_only_what_was_sealed_is_listed_as_sealed(cluster, tenants) -> None:
    template, unsealed = tenants.template(), tenants.empty("tpl")
    assert template.name in cluster.sealed()
    assert unsealed.name not in cluster.sealed()


def test_sealing_ends_the_builders_sessions_and_its_login(cluster, tenants) -> None:
    made = tenants.empty("tpl")
    with tenants.connected(made) as connection:
        cluster.seal_template(made.name, made.name)
        with pytest.raises(Exception, match="terminating connection"):
            connection.execute("SELECT 1")
    with pytest.raises(Exception, match="password authentication failed"):
        tenants.ask(made, "SELECT 1")


def test_a_database_in_use_is_dropped_all_the_same(cluster, tenants) -> None:
    made = tenants.empty()
    with tenants.connected(made):
        cluster.drop_database(made.name)
    assert made.name not in cluster.databases()


def test_a_role_whose_database_is_there_stays(cluster, tenants) -> None:
    made = tenants.empty()
    with pytest.raises(Conflict, match="still has its database"):
        cluster.drop_role(made.name)
    assert made.name in cluster.roles()


def test_dropping_a_role_ends_its_session_on_the_bus(cluster, tenants) -> None:
    made = tenants.role()
    with tenants.connected(made, "postgres") as bus:
        bus.execute("LISTEN imbus")
        cluster.drop_role(made.name)
        with pytest.raises(Exception, match="terminating connection"):
            bus.execute("SELECT 1")


def test_a_copy_of_a_database_in_use_waits_for_it_to_be_left(cluster, tenants) -> None:
    source, copy = tenants.empty(), tenants.role("tpl")
    with tenants.connected(source) as guest:
        leaving = threading.Timer(1.0, guest.close)
        leaving.start()
        cluster.clone_database(source.name, copy.name, copy.name, strategy="wal_log")
        leaving.join()
    assert copy.name in cluster.databases()


def test_a_copy_of_a_database_that_stays_in_use_is_refused_by_name(cluster, tenants) -> None:
    source, copy = tenants.empty(), tenants.role("tpl")
    with tenants.connected(source), pytest.raises(InUse, match="has open connections"):
        cluster.clone_database(source.name, copy.name, copy.name, strategy="wal_log")
    assert copy.name not in cluster.databases()


def test_a_copy_left_running_by_a_killed_process_cannot_appear_after_the_drop(
    cluster, tenants
) -> None:
    source, copy = tenants.empty(), tenants.role("tpl")
    ended: list[Exception] = []

    def orphan() -> None:
        try:
            cluster.clone_database(source.name, copy.name, copy.name, strategy="wal_log")
        except UpstreamFailed as failure:
            ended.append(failure)

    with tenants.connected(source):
        thread = threading.Thread(target=orphan)
        thread.start()
        while not tenants.look("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE DATA%'"):
            time.sleep(0.05)
        cluster.drop_database(copy.name)
        thread.join()
    assert len(ended) == 1
    assert copy.name not in cluster.databases()


def test_the_size_of_a_database_is_in_bytes(cluster, tenants) -> None:
    assert 5_000_000 < cluster.database_size(tenants.empty().name) < 50_000_000
    with pytest.raises(NotFound):
        cluster.database_size("env_none")


def test_no_password_reaches_the_server_or_its_log(postgres, cluster, tenants) -> None:
    made = tenants.empty()
    cluster.create_role(made.name, made.password, connection_limit=3)
    with pytest.raises(UpstreamFailed):
        cluster.create_role(made.name, made.password, connection_limit=-7)
    assert made.password not in postgres.logs()
    assert postgres.password not in postgres.logs()
    ((stored,),) = tenants.look("SELECT rolpassword FROM pg_authid WHERE rolname = %s", made.name)
    assert stored.startswith("SCRAM-SHA-256$")
