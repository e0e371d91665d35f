"""Every fake is held to what the real part does, by a suite of tests/contract."""

import ast
import re

from tests.support.tree import ROOT, nodes_of

FAKE = re.compile("(?:Fake|Memory|Scripted)[A-Z]")
# Fakes that no file of tests/contract names, and what holds them to the real part.
ELSEWHERE = {
    "FakeGitHub": "GitHub itself; tests/support/fake_github.py cites its documentation",
    "FakeHeld": "what FakeLocks returns; LocksContract releases it",
    "FakeProvider": "the APIs of git providers, with answers as they document them",
    "MemoryCanaries": "programs in a container; tests/integration/isolation runs the real ones",
    "MemoryCopy": "what MemoryGit returns; GitContract calls it",
    "MemoryOdoo": "programs in a container; tests/integration/environments runs the real ones",
    "MemoryReader": "what MemoryTenant returns; ClusterContract calls it",
    "MemoryRepository": "what MemoryGitServer keeps; GitContract reads it",
    "MemoryWorkTree": "what MemoryGit returns; GitContract calls it",
    "ScriptedGitHub": "GitHub itself, with answers of one account",
}


def test_every_fake_is_named_by_a_contract_or_says_what_holds_it_to_the_real_part():
    contracts = "\n".join(
        path.read_text("utf-8") for path in sorted((ROOT / "tests/contract").glob("*_test.py"))
    )
    fakes = {
        node.name
        for path in sorted((ROOT / "tests/support").rglob("*.py"))
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef) and FAKE.match(node.name)
    }
    unbound = {name for name in fakes if not re.search(rf"\b{name}\b", contracts)}

    assert len(fakes) > 20
    assert unbound == set(ELSEWHERE)


def test_every_suite_runs_against_a_fake_and_against_the_real_part():
    suites = {
        node.name: path.stem
        for path in sorted((ROOT / "tests/contract/suites").glob("*.py"))
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Contract")
    }
    runs: dict[str, int] = dict.fromkeys(suites, 0)
    for folder in ("tests/contract", "tests/integration"):
        for path in sorted((ROOT / folder).rglob("*_test.py")):
            for node in nodes_of(path):
                if isinstance(node, ast.ClassDef):
                    for base in map(ast.unparse, node.bases):
                        runs[base] = runs.get(base, 0) + 1

    assert {name for name in suites if runs[name] < 2} == set()
