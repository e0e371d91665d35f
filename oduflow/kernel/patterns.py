"""Say in words what form a text must have, with the nearest valid text as the example.

A regular expression is no answer for a person: each pattern of an argument has its words here.
"""

import locale
import re
import zoneinfo
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from oduflow.domain.addons import MODULE_NAME
from oduflow.domain.comparison.view import MODEL
from oduflow.domain.masking import redact
from oduflow.domain.oauth import GITHUB_LOGIN
from oduflow.domain.output import HANDLE, RANGE
from oduflow.domain.template import COUNTRY, LANGUAGE
from oduflow.domain.upload import SHA256

_LONGEST = 60  # of a text that an example is made of
_SECRETIVE = re.compile(r"[@?&=]")  # what URLs with a secret hold
_NO_COUNTRIES = {"AA", "EN"}  # `locale` has them where it knows a language only
_GITHUB = re.compile(r"(?:https://)?github\.com/|@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Form:
    """What a pattern means.

    Attributes:
        words: complete “must be …”.
        example: a valid text.
        nearest: makes a valid text of a refused one, or any other text.
    """

    words: str
    example: str
    nearest: Callable[[str], str] = str.strip


def form_rule(pattern: str, refused: object) -> str:
    """Return the rule of a pattern as words that complete a field's name."""
    form = _FORMS.get(pattern)
    if form is None:
        return "has not the right form"
    return f"must be {form.words}, such as {_nearest(pattern, form, refused) or form.example}"


def _nearest(pattern: str, form: _Form, refused: object) -> str:
    if not isinstance(refused, str) or len(refused) > _LONGEST:
        return ""
    text = _GITHUB.sub("", refused.strip(), count=1)
    made = form.nearest(text) if not _SECRETIVE.search(text) else ""
    return made if re.fullmatch(pattern, made) and redact(made) == made else ""


def _module(text: str) -> str:
    return re.sub(r"[ ./-]+", "_", text).strip("_")


def _model(text: str) -> str:
    return re.sub(r"[ /-]+", ".", text).strip(".").lower()


def _lines(text: str) -> str:
    found = re.findall(r"\d+", text)
    return f"{found[0]}-{found[-1]}" if found else ""


def _login(text: str) -> str:
    return re.sub(r"[ ._/-]+", "-", text).strip("-")


def _language(text: str) -> str:
    """Return the code of a language's English or own name, or of a tag such as `fr-FR`."""
    code = locale.normalize(text.replace("-", "_").lower()).partition(".")[0]
    return "" if code.partition("_")[2] in {"", *_NO_COUNTRIES} else code


def _country(text: str) -> str:
    """Return the code of a country's English name, where the machine has ISO 3166's list."""
    codes = {name.casefold(): code for code, name in _countries()}
    close = get_close_matches(text.casefold(), codes, n=1, cutoff=0.75)
    return codes[close[0]] if close else ""


def _countries() -> list[tuple[str, str]]:
    for folder in zoneinfo.TZPATH:
        with suppress(OSError, ValueError):
            lines = (Path(folder) / "iso3166.tab").read_text("utf-8").splitlines()
            return [(line[:2], line[3:]) for line in lines if line[2:3] == "\t"]
    return []


_FORMS = {
    COUNTRY: _Form("a country's code of two letters", "BE", _country),
    GITHUB_LOGIN: _Form("a GitHub login, of letters, digits and hyphens", "octocat", _login),
    HANDLE: _Form(
        "the handle that an answer gave, of 12 letters and digits", "ghwk4poer46i", str.lower
    ),
    LANGUAGE: _Form("the code of a language and a country", "fr_FR", _language),
    MODULE_NAME.pattern: _Form(
        "a module's name, of letters, digits and underscores", "sale_management", _module
    ),
    MODEL: _Form("a model's name, of letters, digits, dots and underscores", "res.partner", _model),
    RANGE: _Form("two line numbers", "101-200", _lines),
    SHA256: _Form("the 64 hex digits that sha256sum prints", "0123456789abcdef" * 4),
}
