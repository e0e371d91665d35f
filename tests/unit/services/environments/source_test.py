import pytest

from oduflow.domain.errors import Conflict
from oduflow.domain.template import TemplateState
from oduflow.services.environments.source import TemplateSource


@pytest.mark.parametrize("state", [TemplateState.READY, TemplateState.RETIRED])
def test_a_template_that_is_replaced_meanwhile_is_cloned(process, state):
    rows, source = process.deps.store.templates, source_of(process)
    rows.update(source.template.id, state=state)

    source.refuse_if_deleted(process.deps.store)


def test_a_template_that_is_deleted_meanwhile_is_refused_also_half_deleted(process):
    rows, source = process.deps.store.templates, source_of(process)
    rows.update(source.template.id, state=TemplateState.DELETING)

    with pytest.raises(Conflict, match="Template base was deleted meanwhile"):
        source.refuse_if_deleted(process.deps.store)
    rows.remove(source.template.id)
    with pytest.raises(Conflict, match="Template base was deleted meanwhile"):
        source.refuse_if_deleted(process.deps.store)


def source_of(process):
    [template] = process.deps.store.templates.list("1")
    return TemplateSource(process.deps.naming, template)
