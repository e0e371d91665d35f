"""The project runs on any machine: nothing in it names the one it was written on."""

import re

import pytest

from tests.support.tree import ROOT, name_of, project_files

# Written with a class of one letter where this file would find itself.
FOREIGN = {
    "a folder of one machine": re.compile(r"(?<![\w.-])/[w]ork/|file:[/]//(?:opt|srv|mnt|home)"),
    "a home folder": re.compile(r"(?<![\w.])/(?:[r]oot|[h]ome/(?!you/)\w+)/"),
    "a package index of one network": re.compile(
        r"(?:index[-_]url|find[-_]links|registry|trusted[-_]host)[ =\"]+https?://(?:[^/@\s]+@)?+"
        r"(?!127\.|localhost|(?:[\w-]+\.)*(?:example|lan|test)\b|(?:[\w-]+\.)*example\.\w+|pypi\.org)"
    ),
}
SAMPLES = {
    "a folder of one machine": 'ROOT = Path("/{}/main")'.format("work"),
    "a home folder": "cd /{}/ada/src".format("home"),
    "a package index of one network": "pip_index_url = {}://mirror.acme.internal".format("https"),
}
BINARY = {".gif", ".ico", ".png", ".woff", ".woff2"}


@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_names(what: str):
    found = {
        name_of(path): match[0]
        for path in project_files()
        if path.suffix not in BINARY
        if (match := FOREIGN[what].search(path.read_text("utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize("what", FOREIGN)
def test_the_rule_would_find(what: str):
    assert FOREIGN[what].search(SAMPLES[what])


def test_no_secret_or_store_is_kept():
    names = {path.name for path in project_files()}

    assert not names & {"oduflow.toml", "oduflow.db", ".git-credentials", ".env"}


def test_links_in_the_tree_stay_in_it():
    links = [path for path in project_files() if path.is_symlink()]

    assert all(path.resolve().is_relative_to(ROOT) for path in links)
