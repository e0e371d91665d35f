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
from oduflow.settings.lines import KeyPath
from oduflow.settings.notation import MASK, shown_value
from oduflow.settings.problems import BadSettings, Report, bad_file
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
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError as cause:
        # The parser's message names keys and single characters, never a value.
        raise bad_file(f"This is not TOML: {cause.msg}", source, cause.lineno) from cause
    except (RecursionError, ValueError) as cause:
        message = "This is nested too deeply, or a number in it is too long"
        raise bad_file(message, source) from cause
    reader = _Reader(Report(text), source.parent if source else Path.cwd())
    settings = replace(reader.settings(document), source=source)
    check_rules(settings, reader.report)
    if problems := reader.report.problems():
        raise BadSettings(problems, source)
    return replace(settings, warnings=tuple(reader.report.warnings))


class _Reader:
    """Reads the tables; defaults replace wrong values, so that the rules can be checked as well.

    Args:
        report: collects the problems.
        base: where relative paths start.
    """

    def __init__(self, report: Report, base: Path) -> None:
        self.report = report
        self.base = base

    def settings(self, document: dict[str, Any]) -> Settings:
        tables = [*SECTIONS, "team"]
        for name in [each for each in document if each not in tables]:
            value = "" if isinstance(document[name], dict) else MASK
            hint = suggest(name, tables, "The tables are")
            self.report.refuse((name,), _UNKNOWN, hint, value=value)
        found: dict[str, Any] = {
            name: self.section(section, document.get(name, {}), (name,))
            for name, section in SECTIONS.items()
        }
        if "ports" not in found["firewall"].model_fields_set:
            ports = (found["server"].port,)
            found["firewall"] = found["firewall"].model_copy(update={"ports": ports})
        return Settings(**found, teams=MappingProxyType(self.teams(document.get("team", {}))))

    def teams(self, table: object) -> dict[str, TeamSettings]:
        if not isinstance(table, dict):
            message = "must contain one table a team"
            self.report.refuse(("team",), message, _BELOW_TEAM, value=MASK)
            return {}
        if not table:
            self.report.warn(IMPLICIT_TEAM)
            return {_FIRST_TEAM: TeamSettings(id=_FIRST_TEAM)}
        teams = {}
        for team_id, raw in table.items():
            path = ("team", team_id)
            if not isinstance(raw, dict):
                self.report.refuse(path, "is not a table", _BELOW_TEAM, value=MASK)
                continue
            if not TEAM_ID.fullmatch(team_id):
                self.report.refuse(path, f"is not a valid team id: it must be {TEAM_ID_WORDS}")
            teams[team_id] = self.section(TeamSettings, raw, path, id=team_id)
        return teams

    def section(self, section: type[S], table: object, path: KeyPath, **given: str) -> S:
        """Validate one table; `given` are the values of fields that are not keys of the file."""
        if not isinstance(table, dict):
            hint = f"Write [{path[0]}] and its keys below."
            self.report.refuse(path, "must be a table", hint, value=MASK)
            table = {}
        keys = keys_of(section)
        for name in [each for each in table if each not in keys]:
            # The value stays hidden: a misspelt secret is a secret.
            hint = suggest(name, keys, "The keys here are")
            self.report.refuse((*path, name), _UNKNOWN, hint, value=MASK)
        values = {name: table[name] for name in table.keys() & keys.keys()} | given
        try:
            return section.model_validate(values, context=self.base)
        except ValidationError as found:
            errors = found.errors(include_url=False)
        for error in errors:
            name = str(error["loc"][0])
            values.pop(name, None)
            # A default that derives from other keys is not made when one of them is wrong.
            if error["type"] != "default_factory_not_called":
                self.refuse(error, keys[name], (*path, *error["loc"]))
        return section.model_validate(values, context=self.base)

    def refuse(self, error: ErrorDetails, field: FieldInfo, path: KeyPath) -> None:
        raw = error["input"]
        value = MASK if not field.repr and raw != "" else shown_value(raw)
        single = element_of(field) or field
        message, hint = f"must be {allowed_text(single)}", ""
        if error["type"] == "tuple_type":
            message, hint = "must be a list", f"Write [{value}]."
        elif isinstance(invalid := error.get("ctx", {}).get("error"), InvalidValue):
            message, hint = f"{message}: {invalid}" if str(invalid) else message, invalid.hint
        elif single.annotation in {bool, int, float} and isinstance(raw, str):
            hint = "Write it without quotes."
        self.report.refuse(path, message, hint, value=value)
