"""Turn the text of `oduflow.toml` into `Settings`, or into every problem it has."""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from oduflow.domain.masking import HIDDEN
from oduflow.settings.lines import KeyPath
from oduflow.settings.notation import shown_value
from oduflow.settings.problems import BadSettings, Report, bad_file
from oduflow.settings.rules import check_rules
from oduflow.settings.schema import InvalidValue, allowed_text, element_of, keys_of
from oduflow.settings.sections import SECTIONS, TABLES, Settings, TeamSettings

_UNKNOWN = "is not known"
IMPLICIT_TEAM = "No [team.<id>] is configured: there is one team, 1, without secrets."
_BELOW_TEAM = "Write a team's keys below its own table, such as [team.1]."


def parse(text: str, source: Path | None = None) -> Settings:
    """Read the text of a configuration.

    Args:
        text: TOML 1.1.
        source: the file it came from; relative paths start at its folder, else at the current one.

    Raises:
        BadSettings: with every problem at once, in the order of the file.
    """
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as cause:
        # The parser's message names keys and single characters, never a value.
        raise bad_file(f"This is not TOML: {cause.msg}", source, cause.lineno) from cause
    except (RecursionError, ValueError) as cause:
        message = "This is nested too deeply, or a number in it is too long"
        raise bad_file(message, source) from cause
    report = Report(text)
    if document.get("team", {}) == {}:
        report.warnings.append(IMPLICIT_TEAM)
        document["team"] = {"1": {}}
    settings = _validate(document, source.parent if source else Path.cwd(), report)
    check_rules(settings, report)
    if problems := report.problems():
        raise BadSettings(problems, source)
    return settings.model_copy(update={"source": source, "warnings": tuple(report.warnings)})


def _validate(document: dict[str, Any], base: Path, report: Report) -> Settings:
    """Report every wrong key, and take its default, so that the rules can be checked as well.

    Args:
        document: the parsed file.
        base: where relative paths start.
        report: collects the problems.
    """
    try:
        return Settings.model_validate(document, context=base)
    except ValidationError as found:
        errors = found.errors(include_url=False)
    for error in errors:
        path = error["loc"]
        # A default that derives from another key is not made when that one is wrong.
        if error["type"] != "default_factory_not_called":
            message, hint, value = _problem(error)
            report.refuse(path, message, hint, value=value)
        *tables, key = _without_index(path)
        table: Any = document
        for name in tables:
            table = table[name]
        table.pop(key, None)
    return Settings.model_validate(document, context=base)


def _without_index(path: KeyPath) -> KeyPath:
    """Return the path of the key that holds the value, or of the table."""
    return path[: 3 if path[0] == "team" else 2]


def _problem(error: ErrorDetails) -> tuple[str, str, str]:
    """Return the message, the hint and the value to show."""
    path, is_unknown = error["loc"], error["type"] == "extra_forbidden"
    match path:
        case [str(name)] if is_unknown:
            shown = "" if isinstance(error["input"], dict) else HIDDEN
            return (
                _UNKNOWN,
                _suggest(name, [*SECTIONS, "anonymise", "team"], "The tables are"),
                shown,
            )
        case ["team"]:
            return "must contain one table a team", _BELOW_TEAM, HIDDEN
        case ["team", _]:
            return "is not a table", _BELOW_TEAM, HIDDEN
        case [name]:
            return "must be a table", f"Write [{name}] and its keys below.", HIDDEN
    key, keys = str(_without_index(path)[-1]), keys_of(SECTIONS.get(str(path[0]), TeamSettings))
    if is_unknown:
        # The value stays hidden: a misspelt secret is a secret.
        return _UNKNOWN, _suggest(key, keys, "The keys here are"), HIDDEN
    return _value_problem(error, keys[key])


def _value_problem(error: ErrorDetails, field: FieldInfo) -> tuple[str, str, str]:
    raw = error["input"]
    value = HIDDEN if not field.repr and raw != "" else shown_value(raw)
    single = element_of(field) or field
    message, hint = f"must be {allowed_text(single)}", ""
    if error["type"] == "tuple_type":
        message, hint = "must be a list", f"Write [{value}]."
    elif isinstance(invalid := error.get("ctx", {}).get("error"), InvalidValue):
        message, hint = f"{message}: {invalid}" if str(invalid) else message, invalid.hint
    elif single.annotation in {bool, int, float} and isinstance(raw, str):
        hint = "Write it without quotes."
    return message, hint, value


def _suggest(name: str, known: Collection[str], otherwise: str) -> str:
    """Return the table that an unknown key belongs in, or the known name it resembles."""
    if headers := [f"[{header}]" for header, table in TABLES.items() if name in keys_of(table)]:
        return f"It belongs in {' or '.join(headers)}."
    matches = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f'Did you mean "{matches[0]}"?' if matches else f"{otherwise} {', '.join(known)}."
