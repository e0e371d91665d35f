"""Declare operations: a typed handler with its permission, effect, scope, route and audit."""

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

from oduflow.domain.access import NAMED, Permission, Scope, Tier
from oduflow.domain.environment import Environment
from oduflow.domain.job import Resource, Subject
from oduflow.domain.outcome import WHOLE_TEXT, Envelope, Outcome
from oduflow.kernel.locks import LockKey
from oduflow.kernel.undo import KeepBefore

Handler = Callable[..., Outcome[Any]]
Check = Callable[[Any, Any], None]
Exists = Callable[[Any, str, Any], None]
H = TypeVar("H", bound=Handler)

_REST = re.compile(r"(GET|POST|DELETE|PATCH) (/[a-z{}/_-]*)")
_NAME = re.compile(r"[a-z]+(_[a-z]+)+")
_BELOW_AN_ENVIRONMENT = "/environments/{name}"
NOUN_OF = {scope: str(scope) for scope in NAMED} | {Scope.NEW_ENVIRONMENT: "environment"}
_TARGET = dict.fromkeys(NAMED, "name") | {Scope.JOB: "job", Scope.OUTPUT: "handle"}
_ATTRIBUTE = "__operation__"


class Effect(StrEnum):
    """What a call does to its target."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"


class Profile(StrEnum):
    """A shorter list of tools for one kind of MCP client; it allows and forbids nothing."""

    CODING = "coding"


class BadDeclaration(TypeError):
    """An incomplete or contradictory declaration of an operation; raised at import."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as every face sees it.

    Attributes:
        name: the handler's name, used as MCP tool name and command line argument.
        noun: the folder that holds the handler.
        title: the docstring's first line without its full stop.
        description: the docstring, one line a paragraph.
        scope: what a call is about: the lock of a write, and which actors may call.
        locks: further locks: arguments that name a resource, or properties of the arguments, each
            with that resource's scope; an empty or absent value locks nothing.
        slow: whether calls run as jobs.
        cancellable: whether its jobs can be cancelled; a begun deletion cannot.
        idempotent: whether repeating a call has no further effect.
        open_world: whether it sends requests to other servers.
        audit: the arguments, or properties of the arguments, that audit rows contain; an address
            needs `AUDITED_ADDRESS` at its field.
        check: checks `(deps, args)` during admission, so that an invalid argument is refused
            before there is a job; sends no requests and changes nothing.
        exists: raises NotFound for `(deps, team, args)` about a thing that does not exist; called
            under the call's lock, so that such a call is no job.
        unannounced: whether what a read returns changes without a call, as a log does, so that
            no change of it can be announced.
        shows_secret: whether a read returns a secret, and so needs more than the read tier.
        files: whether a call changes the team's files; it is refused while they are in a file
            system that is not there. None does that only reads.
        undo: keeps the state of the environment before a call, so that the answer can suggest the
            call that undoes it; runs after the call was admitted, in its job.
        profiles: the shorter lists of tools that it is part of.
        method, path: the REST route below `/api`.
        arguments, result: the pydantic models of the arguments and of the view.
    """

    name: str
    noun: str
    title: str
    description: str
    permission: Permission
    effect: Effect
    scope: Scope
    locks: Mapping[str, Scope]
    slow: bool
    cancellable: bool
    idempotent: bool
    open_world: bool
    audit: tuple[str, ...]
    check: Check | None
    exists: Exists | None
    shows_secret: bool
    unannounced: bool
    files: bool
    undo: KeepBefore | None
    profiles: frozenset[Profile]
    method: str
    path: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    handler: Handler

    @property
    def envelope(self) -> type[Envelope[Any]]:
        """The envelope model with this operation's view."""
        return _envelope_of(self.result)

    @property
    def holds(self) -> Mapping[str, Scope]:
        """The arguments that name locked resources, with their scopes; a read locks nothing."""
        if self.effect is Effect.READ:
            return {}
        own = {"name": self.scope} if self.scope in NAMED else {}
        return own | dict(self.locks)

    @property
    def waits(self) -> bool:
        """Whether a call may ask to wait some `seconds`, and so hold a thread."""
        return "seconds" in self.arguments.model_fields

    @property
    def whole_text(self) -> str:
        """The field of the view that is a text of its own, such as a log; empty without one."""
        fields = self.result.model_fields.items()
        return next((name for name, field in fields if WHOLE_TEXT in field.metadata), "")

    @property
    def held_nouns(self) -> frozenset[str]:
        """The nouns of what its calls lock."""
        return frozenset(NOUN_OF[scope] for scope in self.holds.values())

    @property
    def scopes(self) -> frozenset[Scope]:
        """What a call is about, and what else it locks: all of it has to be the actor's."""
        return frozenset({self.scope, *self.locks.values()})

    def lock_keys(self, team: str, args: BaseModel) -> tuple[LockKey, ...]:
        """Return the keys of the locks that one call holds until it ends."""
        return tuple(LockKey.named(each.noun, team, each.name) for each in self.held_by(args))

    def held_by(self, args: BaseModel) -> tuple[Resource, ...]:
        """Return what one call locks, first what it is about."""
        named = ((scope, getattr(args, field)) for field, scope in self.holds.items())
        held = (Resource(noun=NOUN_OF[scope], name=str(name)) for scope, name in named if name)
        return tuple(dict.fromkeys(held))

    def subject(self, args: BaseModel, environment: Environment | None) -> Subject:
        """Return what the job of one call is about, and everything that it locks."""
        noun = NOUN_OF.get(self.scope, self.noun.removesuffix("s"))
        id_ = "" if environment is None else environment.id
        return Subject(noun, self.target(args), self.held_by(args), id_)

    def target(self, args: BaseModel) -> str:
        """Return the name of what a call is about, as a list of jobs shows it."""
        return str(getattr(args, "name", ""))


@cache
def _envelope_of(view: type[BaseModel]) -> type[Envelope[Any]]:
    # Cached here, because pydantic forgets a class that is not in use and builds it again in 10 ms.
    return Envelope[view]  # type: ignore[valid-type]


def operation(  # noqa: PLR0913 - one declaration holds every property of an operation
    *,
    permission: Permission,
    effect: Effect,
    rest: str,
    scope: Scope | None = None,
    audit: tuple[str, ...] = (),
    locks: Mapping[str, Scope] | None = None,
    slow: bool = False,
    cancellable: bool = True,
    idempotent: bool = True,
    open_world: bool = False,
    check: Check | None = None,
    exists: Exists | None = None,
    shows_secret: bool = False,
    unannounced: bool = False,
    files: bool = True,
    undo: KeepBefore | None = None,
    profiles: tuple[Profile, ...] = (),
) -> Callable[[H], H]:
    """Declare a handler `(deps, call, args) -> Outcome[View]` as an operation.

    The default scope is the team, which refuses restricted actors. A handler whose scope is an
    environment takes its row as a fourth argument, `environment`. A route below
    `/environments/{name}` needs an explicit scope.

    Raises:
        BadDeclaration: at import, when the declaration is incomplete or contradictory.
    """

    def declare(handler: H) -> H:
        arguments, result = _types(handler, takes_environment=scope is Scope.ENVIRONMENT)
        summary, _, _ = (inspect.getdoc(handler) or "").partition("\n")
        matched = _REST.fullmatch(rest)
        if matched is None:
            raise BadDeclaration(f"{handler.__name__}: {rest!r} is not “METHOD /path”")
        declared = Operation(
            name=handler.__name__,
            noun=handler.__module__.rpartition(".")[0].rpartition(".")[2],
            title=summary.rstrip("."),
            description=_unwrapped(inspect.getdoc(handler) or ""),
            permission=permission,
            effect=effect,
            scope=scope or Scope.TEAM,
            locks=locks or {},
            slow=slow,
            cancellable=cancellable,
            idempotent=idempotent,
            open_world=open_world,
            audit=audit,
            check=check,
            exists=exists,
            shows_secret=shows_secret,
            unannounced=unannounced,
            files=files and effect is not Effect.READ,
            undo=undo,
            profiles=frozenset(profiles),
            method=matched[1],
            path=matched[2],
            arguments=arguments,
            result=result,
            handler=handler,
        )
        if scope is None and declared.path.startswith(_BELOW_AN_ENVIRONMENT):
            raise BadDeclaration(f"{declared.name}: it is about an environment and has no scope")
        _check(declared)
        setattr(handler, _ATTRIBUTE, declared)
        return handler

    return declare


def _unwrapped(docstring: str) -> str:
    """Return a docstring without line breaks inside its paragraphs."""
    return "\n\n".join(" ".join(part.split()) for part in docstring.split("\n\n"))


def declared_in(module: Any) -> list[Operation]:
    """Return the operations that one module declares."""
    return [
        value.__operation__
        for value in vars(module).values()
        if hasattr(value, _ATTRIBUTE) and value.__module__ == module.__name__
    ]


def _types(handler: Handler, *, takes_environment: bool) -> tuple[type[BaseModel], type[BaseModel]]:
    hints = typing.get_type_hints(handler)
    names = list(inspect.signature(handler).parameters)
    wanted = ["deps", "call", "args", *(["environment"] if takes_environment else [])]
    if names != wanted:
        raise BadDeclaration(f"{handler.__name__} takes {names}, not ({', '.join(wanted)})")
    answer = hints.get("return")
    if typing.get_origin(answer) is not Outcome:
        raise BadDeclaration(f"{handler.__name__} answers {answer}, not Outcome[View]")
    taken = hints.get("args")
    if not (isinstance(taken, type) and issubclass(taken, BaseModel)):
        raise BadDeclaration(f"{handler.__name__} takes args of {taken}, which is no model")
    return taken, typing.get_args(answer)[0]


def _properties(model: type[BaseModel]) -> set[str]:
    return {name for name, value in vars(model).items() if isinstance(value, property)}


def _check(declared: Operation) -> None:
    fields = declared.arguments.model_fields
    undescribed = [name for name, field in fields.items() if not field.description]
    changes = declared.effect is not Effect.READ
    target = fields.get(_TARGET.get(declared.scope, ""))
    problems = {
        "its name is not verb_noun": not _NAME.fullmatch(declared.name),
        "it has no docstring": not declared.title,
        f"fields without a description: {undescribed}": bool(undescribed),
        "it writes without a lock": changes and not declared.holds and "name" in fields,
        f"it holds what it does not take: {dict(declared.locks)}": not (
            set(declared.locks) <= set(fields) | _properties(declared.arguments)
            and set(declared.locks.values()) <= NAMED
        ),
        "it locks what only its handler could check": Scope.GRANT in declared.locks.values(),
        "it writes through a reading permission": changes and declared.permission.tier is Tier.READ,
        "it writes on a GET": changes and declared.method == "GET",
        "it is no job, which alone can be cancelled": not (declared.cancellable or declared.slow),
        "it reads through a writing permission and shows no secret": not changes
        and declared.permission.tier in {Tier.WRITE, Tier.DESTROY}
        and not declared.shows_secret,
        "it reads on a POST through an administrator's permission": not changes
        and declared.method != "GET"
        and declared.permission.tier is Tier.ADMIN,
        "it keeps a state before and is no slow write of an environment": declared.undo is not None
        and not (changes and declared.slow and declared.scope is Scope.ENVIRONMENT),
        "it shows a secret to every reader": declared.shows_secret
        and (changes or declared.permission.tier is Tier.READ),
        f"its scope is {declared.scope}, and it does not ask which": declared.scope in _TARGET
        and (target is None or not target.is_required()),
        "it audits what it does not take": not set(declared.audit)
        <= set(fields) | _properties(declared.arguments),
        "its path takes what it does not": not set(re.findall(r"{(\w+)}", declared.path))
        <= set(fields),
    }
    wrong = [problem for problem, is_wrong in problems.items() if is_wrong]
    if wrong:
        raise BadDeclaration(f"{declared.name}: {'; '.join(wrong)}")
