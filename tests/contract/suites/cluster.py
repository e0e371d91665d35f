"""What every PostgreSQL cluster does for tenants.

Needs `cluster`, `tenants`, which makes roles and databases, and `odoo`, a sealed template that
holds Odoo's `base` as installed and knows `crm`.
"""

import pytest

from oduflow.adapters.postgres.errors import WrongPassword
from oduflow.adapters.postgres.statements import StatementFailed
from oduflow.domain.anonymisation import FieldRule, Invented
from oduflow.domain.comparison.kinds import DiffSection
from oduflow.domain.comparison.records import Key
from oduflow.domain.errors import Cancelled, Conflict, Failure, Internal, NotFound
from oduflow.domain.neutralised import SqlScript


def clone(cluster, source, made):
    cluster.create_role(made.name, made.password, connection_limit=3)
    cluster.clone_database(source.name, made.name, made.name, strategy="wal_log")
    cluster.hand_over(made.name, from_role=source.name, to_role=made.name, password=made.password)


class ClusterContract:
    """The administrator's side."""

    def test_it_answers_and_is_known_by_a_number(self, cluster):
        cluster.ready()
        cluster.prepare()
        cluster.reload()

        assert cluster.system_identifier() == cluster.system_identifier() != ""
        assert cluster.last_crash() == cluster.last_crash() != ""

    def test_only_tenants_are_listed(self, cluster, tenants):
        environment, template = tenants.empty(), tenants.template()

        assert {environment.name, template.name} <= cluster.databases()
        assert {environment.name, template.name} <= cluster.roles()
        assert template.name in cluster.sealed()
        assert environment.name not in cluster.sealed()

    @pytest.mark.parametrize("name", ["oduflow", "postgres", "oduflow_admin"])
    def test_our_own_parts_cannot_be_dropped(self, cluster, name):
        with pytest.raises(Internal):
            cluster.drop_database(name)
        with pytest.raises(Internal):
            cluster.drop_role(name)
        with pytest.raises(Internal):
            cluster.drop_tenant(name)

    def test_making_and_dropping_may_be_repeated(self, cluster, tenants):
        source, copy = tenants.template(), tenants.new("env")

        clone(cluster, source, copy)
        clone(cluster, source, copy)
        assert copy.name in cluster.databases() & cluster.roles()

        for _ in range(2):
            cluster.drop_database(copy.name)
        for _ in range(2):
            cluster.drop_role(copy.name)
        assert copy.name not in cluster.databases() | cluster.roles()

    def test_a_role_made_again_has_the_new_password(self, cluster, tenants):
        made = tenants.empty()
        old = tenants.tenant(made)

        cluster.create_role(made.name, "another", connection_limit=3)

        with pytest.raises(WrongPassword):
            old.prepare_empty()

    def test_sealing_may_be_repeated_and_is_not_undone_by_making(self, cluster, tenants):
        template = tenants.template()

        cluster.seal_template(template.name, template.name)

        with pytest.raises(Conflict, match="sealed template"):
            cluster.create_database(template.name, template.name)

    def test_a_sealed_template_is_dropped_like_any_database(self, cluster, tenants):
        template = tenants.template()

        for _ in range(2):
            cluster.drop_tenant(template.name)

        assert template.name not in cluster.databases() | cluster.roles()

    def test_a_role_whose_database_is_there_stays(self, cluster, tenants):
        made = tenants.empty()

        with pytest.raises(Conflict, match="still has its database"):
            cluster.drop_role(made.name)

        assert made.name in cluster.roles()

    def test_a_database_has_a_size(self, cluster, tenants):
        assert cluster.database_size(tenants.empty().name) > 1 << 20
        with pytest.raises(NotFound):
            cluster.database_size("env_none")

    def test_a_copy_is_entered_with_its_own_password_and_holds_what_the_template_does(
        self, cluster, tenants, odoo
    ):
        copy = tenants.new("env")
        clone(cluster, odoo, copy)
        tenant = tenants.tenant(copy)

        assert tenant.module_states(["base", "crm", "no_such_module"]) == {
            "base": "installed",
            "crm": "uninstalled",
        }
        assert tenant.module_states([]) == {}
        records = tenant.module_records()
        assert (records["base"].state, records["crm"].state) == ("installed", "uninstalled")
        assert (records["base"].version != "", records["crm"].version) == (True, "")
        assert tenant.installed_dependents(["absent"]) == frozenset()
        assert tenant.reset_module_states() == ()
        assert tenant.make_own("a-hash", {"report.url": "http://127.0.0.1:8069"}) == "admin"
        tenant.prepare_empty()

    def test_a_copy_is_read_by_a_role_that_owns_nothing_in_it_until_the_role_is_dropped(
        self, cluster, tenants, odoo
    ):
        copy = tenants.new("env")
        cluster.create_role(copy.name, copy.password, connection_limit=3)
        cluster.clone_database(odoo.name, copy.name, copy.name, strategy="wal_log")
        tenant, modules = tenants.tenant(copy), [DiffSection.MODULES]

        with tenant.reading() as reader:
            refused = reader.index(modules)
        for _ in range(2):
            cluster.let_read(copy.name, odoo.name)
        with tenant.reading() as reader, reader.unchanging():
            found = reader.index(modules)
            base = Key("ir.module.module", "base")
            content = reader.contents({base: found.entries[base]})

        assert "denied" in refused.problems["ir.module.module"]
        assert not refused.entries
        assert Key("ir.module.module", "crm") not in found.entries
        assert content[base]["state"].text == "installed"

    def test_a_snapshot_keeps_what_was_there_and_a_rollback_can_be_undone(
        self, cluster, tenants, odoo
    ):
        made, one, new, old = (tenants.new(kind) for kind in ("env", "snap", "new", "snap"))
        clone(cluster, odoo, made)
        tenant = tenants.tenant(made)
        tenant.make_own("a-hash", {})

        cluster.take_snapshot(made.name, one.name, strategy="wal_log")
        cluster.take_snapshot(made.name, one.name, strategy="file_copy")
        assert one.name in cluster.sealed()
        assert cluster.busy_sessions(made.name) == 0
        cluster.flush()
        for _ in range(2):
            cluster.prepare_rollback(one.name, new.name, made.name, strategy="wal_log")
        assert cluster.has_database(new.name)
        cluster.exchange_database(made.name, new.name, old.name)

        assert not cluster.has_database(new.name)
        assert {one.name, old.name} <= cluster.sealed()
        assert cluster.is_copy(made.name, one.name)
        assert not cluster.is_copy(old.name, one.name)
        for _ in range(2):
            cluster.admit(made.name)
        assert tenant.module_states(["base"]) == {"base": "installed"}
        tenant.prepare_empty()
        for each in (one, old, new, made):
            cluster.drop_database(each.name)
        cluster.drop_role(made.name)
        assert made.name not in cluster.roles()

    @pytest.mark.parametrize("strategy", ["wal_log", "file_copy"])
    def test_a_copy_of_a_snapshot_admits_no_session_until_it_is_proven(
        self, cluster, tenants, odoo, strategy
    ):
        made, one, new, old = (tenants.new(kind) for kind in ("env", "snap", "new", "snap"))
        clone(cluster, odoo, made)
        cluster.take_snapshot(made.name, one.name, strategy=strategy)
        cluster.prepare_rollback(one.name, new.name, made.name, strategy=strategy)
        cluster.exchange_database(made.name, new.name, old.name)

        with pytest.raises(Failure):
            tenants.tenant(made).module_states(["base"])
        assert cluster.is_copy(made.name, one.name)
        assert not cluster.is_copy(made.name, one.name + "x")
        with pytest.raises(Conflict, match="Not every part"):
            cluster.take_snapshot(made.name, tenants.new("snap").name, strategy=strategy)

        cluster.admit(made.name)
        assert tenants.tenant(made).module_states(["base"]) == {"base": "installed"}
        assert cluster.is_copy(made.name, one.name), "it was proven before it was opened"

    def test_a_snapshot_becomes_the_database_of_another_role(self, cluster, tenants, odoo):
        made, one, copy = (tenants.new(kind) for kind in ("env", "snap", "env"))
        clone(cluster, odoo, made)
        cluster.take_snapshot(made.name, one.name, strategy="wal_log")
        cluster.create_role(copy.name, copy.password, connection_limit=3)

        for _ in range(2):
            cluster.adopt_snapshot(one.name, copy.name)
            cluster.hand_over(
                copy.name, from_role=made.name, to_role=copy.name, password=copy.password
            )

        assert not cluster.has_database(one.name)
        assert copy.name not in cluster.sealed()
        cluster.drop_tenant(made.name)
        tenant = tenants.tenant(copy)
        assert tenant.module_states(["base"]) == {"base": "installed"}
        tenant.make_own("a-hash", {})
        with pytest.raises(NotFound):
            cluster.adopt_snapshot(one.name, made.name)

    def test_a_rollback_to_what_is_not_there_changes_nothing(self, cluster, tenants, odoo):
        made, one, new = (tenants.new(kind) for kind in ("env", "snap", "new"))
        clone(cluster, odoo, made)
        cluster.take_snapshot(made.name, one.name, strategy="wal_log")

        with pytest.raises(NotFound):
            cluster.prepare_rollback("snap_none", new.name, made.name, strategy="wal_log")

        assert not cluster.has_database(new.name)
        for each in (one, new, made):
            cluster.drop_database(each.name)
        cluster.drop_role(made.name)

    def test_a_copy_is_neutralised_anonymised_and_read_back(self, cluster, tenants, odoo):
        copy = tenants.new("env")
        clone(cluster, odoo, copy)
        tenant = tenants.tenant(copy)
        flag = {"database.is_neutralized": "true"}
        rules = [FieldRule("res.partner", "name", Invented.NAME)]

        assert "system parameters" in {each.rule for each in tenant.read_back(flag).remaining}
        assert "system parameters" in {each.rule for each in tenant.neutralise(flag)}
        tenant.run_scripts([SqlScript("own.sql", "SELECT 1;")])
        assert "res.partner.name" in {each.rule for each in tenant.anonymise(rules, "key")}
        reading = tenant.read_back(flag)
        assert reading.remaining == ()
        assert "system parameters" in reading.proven

    def test_a_database_without_odoo_says_so(self, tenants):
        tenant = tenants.tenant(tenants.empty())

        with pytest.raises(Conflict, match="holds no Odoo"):
            tenant.module_states(["base"])
        for look in (tenant.module_records, tenant.reset_module_states):
            with pytest.raises(Conflict, match="holds no Odoo"):
                look()
        with pytest.raises(Conflict, match="holds no Odoo"):
            tenant.installed_dependents(["base"])
        with pytest.raises(Conflict, match="holds no Odoo"):
            tenant.make_own("a-hash", {})

    def test_rows_are_read_in_pages_and_nothing_is_written_by_a_read(self, tenants):
        sql = tenants.agent_sql(tenants.empty())
        statement = "select generate_series(1, 5) as n"

        first = sql.read(statement, limit=2)
        last = sql.read(statement, limit=2, offset=4)

        assert (first.columns, first.rows, first.more) == (("n",), ((1,), (2,)), True)
        assert (last.rows, last.more) == (((5,),), False)
        assert sql.read(statement, limit=9, explain=True).columns == ("QUERY PLAN",)
        with pytest.raises(StatementFailed) as refused:
            sql.read("create table t (n int)", limit=1)
        assert refused.value.sqlstate == "25006"
        with pytest.raises(StatementFailed):
            sql.read("selec 1", limit=1)

    def test_a_statement_that_writes_says_how_many_rows_and_one_that_reads_that_it_wrote_none(
        self, tenants
    ):
        made = tenants.empty()
        sql = tenants.agent_sql(made)

        created = sql.write("create table t as select generate_series(1, 3) as n")
        updated = sql.write("update t set n = n where n = 1")
        read = sql.write("select generate_series(1, 2) as n")

        assert created.wrote
        assert (updated.tag, updated.affected, updated.wrote) == ("UPDATE 1", 1, True)
        assert (read.affected, read.wrote, read.returned.rows) == (2, False, ((1,), (2,)))
        with pytest.raises(Cancelled):
            sql.write("drop table t", cancelled=lambda: True)

    def test_ordinary_sessions_are_not_excessive_and_transaction_ids_are_young(self, cluster):
        assert cluster.end_excessive() == ()
        assert 0 <= cluster.oldest_id().age < 1_000_000
