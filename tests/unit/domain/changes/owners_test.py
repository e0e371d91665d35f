"""What is done where data no longer set a record of another module, or a part of it."""

import pytest

from oduflow.domain.changes.classify import classify
from oduflow.domain.changes.facts import RepositoryFacts
from oduflow.domain.changes.needs import ChangedFile
from oduflow.domain.changes.plan import ApplyPlan

MANIFEST = b'{"name": "Own", "data": ["a.xml", "a.csv"]}'
RECORD = '<record id="{}" model="res.groups"><field name="name">x</field>{}</record>'
FIELD = '<field name="implied_ids" eval="[]"/>'


def planned(path: str, old: str, new: str) -> ApplyPlan:
    """Return the plan for a file of `own`; the repository has `other`, the image `base`."""
    modules = {"own": "own", "other": "other"}
    facts = RepositoryFacts(
        modules,
        modules,
        {"own/__manifest__.py": MANIFEST},
        installed=frozenset({"base", "other", "own"}),
    )
    return ApplyPlan.of(classify([ChangedFile(path, old.encode(), new.encode())], facts))


def dropped(id_: str, kind: str) -> ApplyPlan:
    if kind == "line":
        return planned("own/a.csv", f"id,name\n{id_},x\n", "id,name\n")
    full, less = RECORD.format(id_, FIELD), RECORD.format(id_, "")
    after = less if kind == "field" else ""
    return planned("own/a.xml", f"<odoo>{full}</odoo>", f"<odoo>{after}</odoo>")


@pytest.mark.parametrize("kind", ["field", "record", "line"])
def test_a_module_of_the_repository_is_upgraded_which_sets_the_record_again(kind: str) -> None:
    assert "other" in dropped("other.group", kind).upgrade


@pytest.mark.parametrize("kind", ["field", "record", "line"])
def test_a_module_of_odoo_is_not_upgraded_because_users_may_have_changed_its_records(
    kind: str,
) -> None:
    plan = dropped("base.group_user", kind)

    assert "base" not in plan.upgrade
    assert any("upgrade base to reset it" in each for each in plan.warnings)
