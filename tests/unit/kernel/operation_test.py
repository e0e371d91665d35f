from typing import Annotated, Any

import pytest
from pydantic import Field

from oduflow.domain.access import Permission, Scope
from oduflow.domain.environment import Environment
from oduflow.domain.job import Subject
from oduflow.domain.outcome import Model, Nothing, Outcome
from oduflow.kernel.call import Call
from oduflow.kernel.locks import LockKey
from oduflow.kernel.operation import BadDeclaration, Effect, Operation, declared_in, operation
from tests.support import things
from tests.support.store_rows import environment, holding
from tests.support.things import ThingName


class Undescribed(Model):
    name: str


class Coloured(ThingName):
    colour: Annotated[str, Field(description="Its colour.")] = "red"

    @property
    def stock(self) -> str:
        return self.colour.removeprefix("upload:") if ":" in self.colour else ""


def paint_thing(deps: Any, call: Call, args: Coloured) -> Outcome[Nothing]:
    """Paint a thing.

    It dries within the hour.
    """
    return Outcome(Nothing(), f"{args.name} is {args.colour}.")


def move_thing(deps: Any, call: Call, args: Coloured, environment: Environment) -> Outcome[Nothing]:
    """Move a thing into an environment."""
    return Outcome(Nothing(), f"{args.name} is in {environment.name}.")


def test_a_declaration_says_everything_about_the_operation():
    painted = declare(paint_thing, audit=("name", "colour"), rest="POST /things/{name}/paint")

    assert painted == Operation(
        name="paint_thing",
        noun=__name__.rpartition(".")[0].rpartition(".")[2],
        title="Paint a thing",
        description="Paint a thing.\n\nIt dries within the hour.",
        permission=Permission.ENVIRONMENT_WRITE,
        effect=Effect.WRITE,
        scope=Scope.TEMPLATE,
        locks={},
        slow=False,
        cancellable=True,
        idempotent=True,
        open_world=False,
        audit=("name", "colour"),
        check=None,
        exists=None,
        shows_secret=False,
        unannounced=False,
        files=True,
        undo=None,
        profiles=frozenset(),
        method="POST",
        path="/things/{name}/paint",
        arguments=Coloured,
        result=Nothing,
        handler=paint_thing,
    )


def test_the_handler_stays_a_function_that_can_be_called():
    declare(paint_thing)

    assert paint_thing(None, None, Coloured(name="box")).summary == "box is red."  # type: ignore[arg-type]


def test_the_noun_is_the_folder_of_the_handlers_file():
    paint_thing.__module__ = "oduflow.operations.boxes.paint"

    assert declare(paint_thing).noun == "boxes"


@pytest.mark.parametrize(
    ("scope", "key"),
    [
        (Scope.ENVIRONMENT, LockKey.environment("1", "box")),
        (Scope.NEW_ENVIRONMENT, LockKey.environment("1", "box")),
        (Scope.TEMPLATE, LockKey.template("1", "box")),
        (Scope.EXTRA_REPO, LockKey.extra_repo("1", "box")),
        (Scope.GRANT, LockKey.named("grant", "1", "box")),
    ],
)
def test_a_lock_follows_from_the_scope_and_not_from_the_folder(scope, key):
    handler = move_thing if scope is Scope.ENVIRONMENT else paint_thing
    handler.__module__ = "oduflow.operations.odoo.paint"
    declared = declare(handler, scope=scope)

    assert declared.lock_keys("1", Coloured(name="box")) == (key,)
    assert declared.target(Coloured(name="box")) == "box"


def test_an_operation_that_touches_two_things_holds_both():
    declared = declare(paint_thing, locks={"colour": Scope.ENVIRONMENT})

    keys = declared.lock_keys("1", Coloured(name="box", colour="blue"))

    assert keys == (LockKey.template("1", "box"), LockKey.environment("1", "blue"))


def test_a_job_is_about_the_thing_of_the_scope_and_knows_all_that_it_holds():
    args = Coloured(name="box", colour="blue")
    moved = declare(move_thing, scope=Scope.ENVIRONMENT)
    created = declare(paint_thing, scope=Scope.NEW_ENVIRONMENT)
    saved = declare(paint_thing, locks={"colour": Scope.ENVIRONMENT})
    copied = declare(move_thing, scope=Scope.ENVIRONMENT, locks={"colour": Scope.NEW_ENVIRONMENT})

    box, blue = holding(environment="box"), holding(environment="blue")
    assert moved.subject(args, environment(id="e1")) == Subject("environment", "box", box, "e1")
    assert created.subject(args, None) == Subject("environment", "box", box, "")
    assert saved.subject(args, None) == Subject("template", "box", holding(template="box") + blue)
    assert copied.subject(args, None) == Subject("environment", "box", box + blue)


def test_a_property_of_the_arguments_names_a_lock_and_an_empty_one_names_none():
    declared = declare(paint_thing, locks={"stock": Scope.UPLOAD})

    for colour, held in (("new", ()), ("upload:blue", (LockKey.upload("1", "blue"),))):
        keys = declared.lock_keys("1", Coloured(name="box", colour=colour))
        assert keys == (LockKey.template("1", "box"), *held)


def test_a_read_holds_nothing():
    reading = {"effect": Effect.READ, "permission": Permission.ENVIRONMENT_READ}

    declared = declare(paint_thing, scope=Scope.TEMPLATE, **reading)

    assert declared.lock_keys("1", Coloured(name="box")) == ()


def test_an_operation_about_nothing_in_particular_has_no_target():
    def list_boxes(deps: Any, call: Call, args: Nothing) -> Outcome[Nothing]:
        """List boxes."""
        return Outcome(Nothing(), "")

    reading = {"effect": Effect.READ, "permission": Permission.ENVIRONMENT_READ}
    listed = declare(list_boxes, scope=Scope.TEAM, rest="GET /boxes", **reading)

    assert listed.target(Nothing()) == ""
    assert listed.lock_keys("1", Nothing()) == ()


def test_the_answer_is_an_envelope_around_the_view():
    schema = declare(paint_thing).envelope.model_json_schema()

    assert set(schema["required"]) == {"status", "summary"}
    assert "Nothing" in schema["$defs"]


def list_things_of_team(deps: Any, call: Call, args: Nothing) -> Outcome[Nothing]:
    """Do something for the whole team."""
    return Outcome(Nothing(), "")


def nameless(deps: Any, call: Call, args: ThingName) -> Outcome[Nothing]:
    """Do something."""
    return Outcome(Nothing(), "")


def undocumented_thing(deps: Any, call: Call, args: ThingName) -> Outcome[Nothing]:
    return Outcome(Nothing(), "")


def undescribed_thing(deps: Any, call: Call, args: Undescribed) -> Outcome[Nothing]:
    """Take a field without a description."""
    return Outcome(Nothing(), "")


def misordered_thing(call: Call, deps: Any, args: ThingName) -> Outcome[Nothing]:
    """Take the arguments in another order."""
    return Outcome(Nothing(), "")


def mute_thing(deps: Any, call: Call, args: ThingName) -> None:
    """Answer nothing."""


def bare_thing(deps: Any, call: Call, args: ThingName) -> Nothing:
    """Answer without a summary."""
    return Nothing()


def untyped_thing(deps, call, args) -> Outcome[Nothing]:
    """Take anything."""
    return Outcome(Nothing(), "")


def loose_thing(deps: Any, call: Call, args: dict[str, str]) -> Outcome[Nothing]:
    """Take a dictionary."""
    return Outcome(Nothing(), "")


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (nameless, "its name is not verb_noun"),
        (undocumented_thing, "it has no docstring"),
        (undescribed_thing, r"fields without a description: \['name'\]"),
        (misordered_thing, r"takes \['call', 'deps', 'args'\], not \(deps, call, args\)"),
        (mute_thing, r"answers <class 'NoneType'>, not Outcome\[View\]"),
        (bare_thing, r"answers .*Nothing'>, not Outcome\[View\]"),
        (untyped_thing, "takes args of None, which is no model"),
        (loose_thing, "takes args of dict.*, which is no model"),
    ],
)
def test_a_handler_that_says_too_little_is_refused_at_import(handler, reason):
    with pytest.raises(BadDeclaration, match=reason):
        declare(handler)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"rest": "PUT /things"}, "'PUT /things' is not “METHOD /path”"),
        ({"rest": "/things"}, "is not “METHOD /path”"),
        ({"rest": "POST /things?x=1"}, "is not “METHOD /path”"),
        ({"cancellable": False}, "it is no job, which alone can be cancelled"),
        ({"scope": Scope.TEAM}, "it writes without a lock"),
        ({"locks": {"box": Scope.TEMPLATE}}, "it holds what it does not take"),
        ({"locks": {"colour": Scope.GRANT}}, "it locks what only its handler could check"),
        ({"locks": {"colour": Scope.OWN}}, "it holds what it does not take"),
        ({"rest": "GET /things"}, "it writes on a GET"),
        ({"permission": Permission.ENVIRONMENT_READ}, "it writes through a reading permission"),
        ({"effect": Effect.READ}, "it reads through a writing permission and shows no secret"),
        (
            {"effect": Effect.READ, "rest": "GET /things"},
            "it reads through a writing permission and shows no secret",
        ),
        (
            {"effect": Effect.READ, "permission": Permission.AUDIT_ADMIN},
            "it reads on a POST through an administrator's permission",
        ),
        (
            {
                "effect": Effect.READ,
                "permission": Permission.ENVIRONMENT_READ,
                "shows_secret": True,
            },
            "it shows a secret to every reader",
        ),
        ({"shows_secret": True}, "it shows a secret to every reader"),
        ({"audit": ("name", "password")}, "it audits what it does not take"),
        ({"rest": "POST /things/{id}"}, "its path takes what it does not"),
        (
            {"rest": "POST /environments/{name}/paint", "scope": None},
            "about an environment and has no scope",
        ),
        ({"scope": Scope.JOB}, "its scope is job, and it does not ask which"),
        ({"scope": Scope.OUTPUT}, "its scope is output, and it does not ask which"),
        ({"scope": Scope.ENVIRONMENT}, r"not \(deps, call, args, environment\)"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused_at_import(given, reason):
    with pytest.raises(BadDeclaration, match=reason):
        declare(paint_thing, **given)


def test_every_problem_of_a_declaration_is_told_at_once():
    with pytest.raises(BadDeclaration) as refused:
        declare(undescribed_thing, scope=Scope.TEAM, audit=("colour",))

    assert str(refused.value).count(";") == 2


def test_an_operation_that_does_not_say_its_scope_is_the_teams():
    assert declare(list_things_of_team, scope=None).scope is Scope.TEAM
    assert declare(move_thing, scope=Scope.ENVIRONMENT).scope is Scope.ENVIRONMENT


def test_a_permission_cannot_be_forgotten():
    with pytest.raises(TypeError, match="permission"):
        operation(effect=Effect.READ, rest="GET /things")  # type: ignore[call-arg]


def test_a_module_declares_only_what_is_written_in_it():
    found = {declared.name for declared in declared_in(things)}

    assert {"create_thing", "bake_thing"} <= found
    assert declared_in(type("Importer", (), {"__name__": "elsewhere", "x": things.get_thing})) == []


def declare(handler, **given: Any) -> Operation:
    values: dict[str, Any] = {
        "permission": Permission.ENVIRONMENT_WRITE,
        "effect": Effect.WRITE,
        "rest": "POST /things",
        "scope": Scope.TEMPLATE,
    }
    found = operation(**values | given)(handler).__operation__
    assert isinstance(found, Operation)
    return found


@pytest.fixture(autouse=True)
def _module_of_the_handler():
    before = paint_thing.__module__
    yield
    paint_thing.__module__ = move_thing.__module__ = before
