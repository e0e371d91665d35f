"""Compile a route once a process, for all applications of the tests.

Werkzeug makes two functions of each route by compiling a syntax tree: some 60 ms for the routes of
one application, and thousands of tests make an application of their own. The functions depend on
the route's text and defaults alone; they take the route as their first argument.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing.rules import Rule

Builder = Callable[..., tuple[str, str]]


def share_compiled_routes() -> None:
    """Let routes of one text share the functions that build their addresses."""
    compile_builder: Callable[..., Builder] = Rule._compile_builder
    compiled: dict[tuple[Any, ...], Builder] = {}

    def shared(rule: Rule, *append_unknown: bool) -> Builder:
        key = (rule.rule, str(rule._trace), str(rule.defaults), *append_unknown)
        builder = compiled.get(key)
        if builder is None:
            builder = compiled[key] = compile_builder(rule, *append_unknown)
        return builder

    Rule._compile_builder = shared  # type: ignore[assignment,method-assign]
