"""Room is asked for in one module, which gives up warm slots before it refuses."""

import ast

from oduflow.services import room
from tests.support.tree import PRODUCT, code_files, name_of, nodes_of

SERVICES = PRODUCT / "services"
ROOM = SERVICES / "room.py"
CHECKS = {("disk", "require"), ("pool", "require"), ("infrastructure", "require")} | {
    ("space", "make"),
    ("space", "most"),
}
# What may ask by itself, and why.
ALONE = {
    "oduflow/services/isolation/canaries.py": "a check that runs by itself takes no one's slot",
    "oduflow/services/server/database.py": "a start without room ends what fills the team's disk",
    "oduflow/services/server/doctor.py": "it tells how much is free, and makes nothing",
    "oduflow/services/server/infrastructure.py": "it is what `room.require_infrastructure` calls",
}


def test_no_service_asks_for_room_without_giving_up_slots():
    asking = {
        name_of(path)
        for path in code_files()
        if SERVICES in path.parents and path != ROOM and any(map(asks, nodes_of(path)))
    }

    assert asking == set(ALONE)


def test_every_check_of_the_module_gives_up_slots():
    module = ast.parse(ROOM.read_text())
    checks = {
        each.name: ast.unparse(each)
        for each in module.body
        if isinstance(each, ast.FunctionDef) and each.name.startswith(("require_", "room_"))
    }

    assert set(checks) <= set(vars(room))
    assert len(checks) > 5
    direct = {name for name, text in checks.items() if "relieved(" in text}
    others = {name: text for name, text in checks.items() if name not in direct}
    silent = [name for name, text in others.items() if not any(f"{one}(" in text for one in direct)]
    assert silent == []


def test_only_that_module_gives_up_slots_for_work():
    calling = {
        name_of(path)
        for path in code_files()
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and node.attr == "give_up_slots"
    }

    assert calling == {name_of(ROOM)}


def asks(node: ast.AST) -> bool:
    """Whether a node is one of the checks, such as `deps.infrastructure.disk.require`."""
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    owner = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
    return (owner, node.attr) in CHECKS
