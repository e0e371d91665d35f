from typing import Any

import pytest

from oduflow.adapters.postgres.neutralisation.apply import REQUIRED, known_tables
from oduflow.domain.neutralised import NotNeutralised


class Catalog:
    """Answers as a session whose database has Odoo's tables in `public`."""

    def __init__(self, hiding=()):
        self.hiding = hiding

    def run(self, query, *_values):
        if "current_user" in query:
            return [(name,) for name in self.hiding]
        return [(name, "r", "id", "int4", "N", True, -1) for name in REQUIRED]


def test_a_table_in_a_schema_that_odoo_looks_into_first_is_refused():
    plain: Any = Catalog()
    hiding: Any = Catalog(hiding=["ir_cron"])
    assert sorted(known_tables(plain)) == sorted(REQUIRED)

    with pytest.raises(NotNeutralised, match="named like its role has ir_cron, "):
        known_tables(hiding)
