"""The documents agree with the code."""

import re
from collections import Counter
from pathlib import Path

from click.testing import CliRunner

from oduflow.cli.app import cli
from oduflow.cli.commands import COMMANDS, SHORTCUTS
from oduflow.web import MAX_BODY_BYTES
from tests.support.documents import GENERATORS, PART, generated
from tests.support.tree import ROOT, offenders

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_generated_parts_of_the_documents_follow_the_code() -> None:
    stale = [page.name for page in DOCUMENTS if generated(page) != page.read_text("utf-8")]
    used = {name for page in DOCUMENTS for _, name, _ in PART.findall(page.read_text("utf-8"))}

    assert stale == [], "run: make docs"
    assert used == set(GENERATORS)


def test_every_link_within_the_project_leads_somewhere() -> None:
    assert offenders(DOCUMENTS, broken_links) == {}


def broken_links(document: Path) -> list[str]:
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    return [link for link in links if not (document.parent / link).exists()]


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = Counter(path.name.split("-")[0] for path in (ROOT / "docs" / "adr").glob("0*.md"))
    assert numbers.most_common(1)[0][1] == 1


def test_every_command_the_readme_shows_exists() -> None:
    shown = set(
        re.findall(r"^oduflow (\w+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    )
    assert shown
    assert shown <= {*COMMANDS, *SHORTCUTS}


def test_every_command_explains_itself() -> None:
    for command in COMMANDS.keys() - {"completion"}:  # it needs no configuration
        told = CliRunner().invoke(cli, [command, "--help"])
        assert told.exit_code == 0, command
        assert "--config" in told.output or "Commands:" in told.output, command


def test_the_body_limit_that_the_documents_show_is_the_applications() -> None:
    shown = re.findall(
        r"--max-request-body-size=(\d+)", (ROOT / "docs/proxies.md").read_text("utf-8")
    )
    assert shown == [str(MAX_BODY_BYTES)]


def test_make_help_names_every_target_a_person_needs() -> None:
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {"setup", "run", "images", "check", "test", "bench", "clean", "help"} <= set(targets)
