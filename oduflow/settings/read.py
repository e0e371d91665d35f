"""Turn the text of `oduflow.toml` into `Settings`, or into every problem it has."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import tomli
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from oduflow.settings.describe import suggest
from oduflow.settings.lines import find_lines
from oduflow.settings.notation import MASK, shown_value
from oduflow.settings.problems import BadSettings, KeyPath, Report, bad_file
from oduflow.settings.rules import check_rules
from oduflow.settings.schema import InvalidValue, Section, allowed_text, element_of, keys_of
from oduflow.settings.sections import SECTIONS, TEAM_ID, TEAM_ID_WORDS, Settings, TeamSettings

S = TypeVar("S", bound=Section)

_UNKNOWN = "is not known"
_FIRST_TEAM = "1"
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
    document = _document(text, source)
    report = Report(find_lines(text))
    base = source.parent if source else Path.cwd()
    tables = [*SECTIONS, "team"]
    for name in [each for each in document if each not in tables]:
        value = "" if isinstance(document[name], dict) else MASK
        report.refuse((name,), _UNKNOWN, suggest(name, tables, "The tables are"), value=value)
    sections: dict[str, Any] = {
        name: read_section(section, document.get(name, {}), (name,), report, base)
        for name, section in SECTIONS.items()
    }
    if "ports" not in sections["firewall"].model_fields_set:
        ports = (sections["server"].port,)
        sections["firewall"] = sections["firewall"].model_copy(update={"ports": ports})
    teams = MappingProxyType(_teams(document.get("team", {}), report, base))
    settings = Settings(**sections, teams=teams, source=source)
    check_rules(settings, report)
    if problems := report.problems():
        raise BadSettings(problems, source)
    return replace(settings, warnings=tuple(report.warnings))


def _document(text: str, source: Path | None) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as cause:
        # The parser's message names keys and single characters, never a value.
        raise bad_file(f"This is not TOML: {cause.msg}", source, cause.lineno) from cause
    except (RecursionError, ValueError) as cause:
        message = "This is nested too deeply, or a number in it is too long"
        raise bad_file(message, source) from cause


def read_section(
    section: type[S], table: object, path: KeyPath, report: Report, base: Path, **given: str
) -> S:
    """Validate one table; defaults replace wrong values, so that the rules can be checked as well.

    Args:
        section: the table's model.
        table: what the file says.
        path: where the table is in the file.
        report: collects the problems.
        base: where relative paths start.
        **given: values of fields that are not keys of the file.
    """
    if not isinstance(table, dict):
        report.refuse(path, "must be a table", f"Write [{path[0]}] and its keys below.", value=MASK)
        table = {}
    keys = keys_of(section)
    for name in [each for each in table if each not in keys]:
        # The value stays hidden: a misspelt secret is a secret.
        hint = suggest(name, keys, "The keys here are")
        report.refuse((*path, name), _UNKNOWN, hint, value=MASK)
    values = {name: table[name] for name in table.keys() & keys.keys()} | given
    try:
        return section.model_validate(values, context=base)
    except ValidationError as found:
        errors = found.errors(include_url=False)
    for error in errors:
        name = str(error["loc"][0])
        values.pop(name, None)
        # A default that derives from other keys is not made when one of them is wrong.
        if error["type"] != "default_factory_not_called":
            _refuse(error, keys[name], path, report)
    return section.model_validate(values, context=base)


def _refuse(error: ErrorDetails, field: FieldInfo, path: KeyPath, report: Report) -> None:
    raw = error["input"]
    value = MASK if not field.repr and raw != "" else shown_value(raw)
    path = (*path, *error["loc"])
    if error["type"] == "tuple_type":
        report.refuse(path, "must be a list", f"Write [{value}].", value=value)
        return
    single = element_of(field) or field
    message, hint = f"must be {allowed_text(single)}", ""
    if isinstance(invalid := error.get("ctx", {}).get("error"), InvalidValue):
        message, hint = f"{message}: {invalid}" if str(invalid) else message, invalid.hint
    elif single.annotation in {bool, int, float} and isinstance(raw, str):
        hint = "Write it without quotes."
    report.refuse(path, message, hint, value=value)


def _teams(table: object, report: Report, base: Path) -> dict[str, TeamSettings]:
    if not isinstance(table, dict):
        report.refuse(("team",), "must contain one table a team", _BELOW_TEAM, value=MASK)
        return {}
    if not table:
        report.warn(IMPLICIT_TEAM)
        return {_FIRST_TEAM: TeamSettings(id=_FIRST_TEAM)}
    teams = {}
    for team_id, raw in table.items():
        path = ("team", team_id)
        if not isinstance(raw, dict):
            report.refuse(path, "is not a table", _BELOW_TEAM, value=MASK)
            continue
        if not TEAM_ID.fullmatch(team_id):
            report.refuse(path, f"is not a valid team id: it must be {TEAM_ID_WORDS}")
        teams[team_id] = read_section(TeamSettings, raw, path, report, base, id=team_id)
    return teams
