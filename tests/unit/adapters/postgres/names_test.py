import pytest

from oduflow.adapters.postgres.names import tenant_name
from oduflow.domain.errors import Internal
from oduflow.domain.names import new_id


@pytest.mark.parametrize("prefix", ["env_", "tpl_"])
def test_what_the_product_names_is_a_tenants_name(prefix) -> None:
    name = prefix + new_id()
    assert tenant_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "postgres", "oduflow", "oduflow_admin", "oduflow_bus", "template1", "pg_monitor"),
        *("env_", "ENV_a", "env_A", 'env_a"', "env_a; DROP", "env_a\n", "env_ä", "gone_env_a"),
        "env_" + "a" * 51,
    ],
)
def test_no_other_name_passes(name) -> None:
    with pytest.raises(Internal):
        tenant_name(name)
