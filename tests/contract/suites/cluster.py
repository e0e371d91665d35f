"""What every PostgreSQL cluster does for tenants.

Needs `cluster`, `tenants`, which makes roles and databases, and `odoo`, a sealed template that
holds Odoo's `base` as installed and knows `crm`.
"""

import pytest

from oduflow.adapters.postgres.errors import WrongPassword
from oduflow.domain.errors import Conflict, Internal, NotFound


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

        cluster.drop_database(template.name)
        cluster.drop_role(template.name)

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
        assert tenant.make_own("a-hash", {"report.url": "http://127.0.0.1:8069"}) == "admin"
        tenant.prepare_empty()

    def test_a_database_without_odoo_says_so(self, tenants):
        tenant = tenants.tenant(tenants.empty())

        with pytest.raises(Conflict, match="holds no Odoo"):
            tenant.module_states(["base"])
        with pytest.raises(Conflict, match="holds no Odoo"):
            tenant.make_own("a-hash", {})

    def test_ordinary_sessions_are_not_excessive_and_transaction_ids_are_young(self, cluster):
        assert cluster.end_excessive() == ()
        assert 0 <= cluster.oldest_id().age < 1_000_000
