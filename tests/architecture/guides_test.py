"""The configuration, commands, operations, headings and messages that guides quote exist."""

import json
import re
import tomllib
from pathlib import Path
from textwrap import dedent

from oduflow.domain.proxies import ProxyCount
from oduflow.settings import CLAUDE_CALLBACKS, parse
from tests.architecture.documentation_test import DOCUMENTS
from tests.architecture.hints_test import ARGUMENTS, COMMAND, KEYS, OPERATIONS, exists, texts
from tests.support.tree import PRODUCT, ROOT, code_files, offenders

FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
ANCHORED = re.compile(r"\]\((?!https?:)([^)#]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MODULE = re.compile(r"[a-z_]+/(?:[a-z_0-9]+/)*(?:[a-z_0-9]+\.py)?")
VERBS = {name.partition("_")[0] for name in OPERATIONS}
CLIENTS, PROXIES = ROOT / "docs/clients.md", ROOT / "docs/proxies.md"
TROUBLESHOOTING = ROOT / "docs/troubleshooting.md"


def test_every_configuration_that_is_shown_can_be_used():
    for document in DOCUMENTS:
        for text in blocks(document, "toml"):
            assert parse(text).teams, (document, text)


def test_every_json_that_is_shown_is_json():
    for document in DOCUMENTS:
        for text in blocks(document, "json"):
            assert json.loads(text), (document, text)


def test_every_command_that_is_shown_exists():
    assert offenders(DOCUMENTS, missing_commands) == {}


def test_every_operation_that_is_named_exists():
    assert offenders(DOCUMENTS, missing_operations) == {}


def test_every_module_that_is_named_exists():
    assert offenders(DOCUMENTS, missing_modules) == {}


def test_every_path_of_the_mutation_tests_exists():
    with (ROOT / "pyproject.toml").open("rb") as file:
        mutmut = tomllib.load(file)["tool"]["mutmut"]
    paths = [*mutmut["only_mutate"], *mutmut["pytest_add_cli_args_test_selection"]]

    assert [path for path in paths if not list(ROOT.glob(path))] == []


def test_every_heading_that_is_linked_to_is_there():
    assert offenders(DOCUMENTS, missing_headings) == {}


def test_every_message_that_the_guide_explains_is_said_somewhere():
    said = [text for path in code_files() for text in texts(path)]
    for document in (CLIENTS, TROUBLESHOOTING):
        _, _, table = document.read_text("utf-8").partition("| You see |")
        seen = [line.split("|")[1] for line in table.splitlines()[2:] if line.startswith("| ")]
        quoted = [part for cell in seen for words in SPAN.findall(cell) for part in fixed(words)]

        assert len(quoted) > len(seen) / 2
        assert [words for words in quoted if not any(words in text for text in said)] == []


def test_the_warnings_that_the_guide_shows_are_the_servers():
    shown = " ".join(PROXIES.read_text("utf-8").split())

    for hops in (ProxyCount(trusted=0, seen=1), ProxyCount(trusted=2, seen=1)):
        assert f"WARNING {hops.message} " in shown


def test_a_list_of_redirects_that_replaces_the_default_keeps_claudes_two():
    lists = [parse(text).server.oauth_redirect_uris for text in blocks(CLIENTS, "toml")]

    assert lists
    assert all(set(CLAUDE_CALLBACKS) < set(uris) for uris in lists)


def test_what_is_not_there_would_be_noticed():
    text = "Run `oduflow repair`, then\n```\noduflow call repair_all\n```\nor `create_world`."

    assert commands(text) == [("repair", ""), ("call", "repair_all")]
    assert not any(exists(*shown) for shown in commands(text))
    assert named_operations(text) == {"create_world"}


def missing_commands(document: Path) -> list[str]:
    shown = commands(document.read_text("utf-8"))
    return [f"{command} {word}" for command, word in shown if not exists(command, word)]


def missing_operations(document: Path) -> set[str]:
    return named_operations(document.read_text("utf-8")) - OPERATIONS - ARGUMENTS - KEYS


def missing_modules(document: Path) -> set[str]:
    """Return the paths of modules that a document names and the tree lacks."""
    named = {
        words for words in SPAN.findall(document.read_text("utf-8")) if MODULE.fullmatch(words)
    }
    return {path for path in named if not any((root / path).exists() for root in (ROOT, PRODUCT))}


def missing_headings(document: Path) -> list[str]:
    return [
        f"{place}#{anchor}"
        for place, anchor in ANCHORED.findall(prose(document.read_text("utf-8")))
        if anchor not in anchors(document.parent / place if place else document)
    ]


def blocks(document: Path, language: str) -> list[str]:
    """Read the fenced blocks of a language, without the indent of a list."""
    found = FENCED.findall(document.read_text("utf-8"))
    return [dedent(text) for _, named, text in found if named == language]


def fixed(message: str) -> list[str]:
    """Return the fixed parts of a message; … is the part that differs."""
    return [part.strip() for part in message.split("…") if part.strip(" .")]


def prose(text: str) -> str:
    return FENCED.sub("", text)


def commands(text: str) -> list[tuple[str, str]]:
    """Read every `oduflow …` of a span or at the beginning of a line of a block."""
    lines = [line.strip() for *_, block in FENCED.findall(text) for line in block.splitlines()]
    shown = [line for line in SPAN.findall(prose(text)) + lines if line.startswith("oduflow ")]
    return [COMMAND.findall(line)[0] for line in shown]


def named_operations(text: str) -> set[str]:
    """Read every span that begins as an operation's name does."""
    words = {words for words in SPAN.findall(text) if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", words)}
    return {word for word in words if word.partition("_")[0] in VERBS}


def anchors(document: Path) -> set[str]:
    """Name a document's headings as a link does."""
    headings = HEADING.findall(prose(document.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
