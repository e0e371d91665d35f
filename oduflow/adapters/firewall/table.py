"""What stands in a `filter` table, against what must: compared, and corrected in one transaction.

What stands is the output of `iptables -S`, a line a rule; what corrects it is the input of
`iptables-restore --noflush`, which the kernel takes as a whole or not at all. So a running
container never sees a chain half filled.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from oduflow.adapters.firewall.plan import Marks
from oduflow.adapters.firewall.rules import Rule, Ruleset
from oduflow.domain.errors import Internal


@dataclass(frozen=True, slots=True)
class Standing:
    """The chains of a `filter` table, and their rules in order."""

    rules: dict[str, list[Rule]]

    @classmethod
    def read(cls, told: str) -> "Standing":
        """Read the output of `iptables -S`."""
        rules: dict[str, list[Rule]] = {}
        for line in told.splitlines():
            match shlex.split(line):
                case ["-P" | "-N", chain, *_]:
                    rules.setdefault(chain, [])
                case ["-A", chain, *rule]:
                    rules.setdefault(chain, []).append(tuple(rule))
        return cls(rules)

    def marked(self, marks: Marks) -> list[tuple[str, Rule]]:
        """Find the instance's rules in chains that are not its own."""
        return [
            (chain, rule)
            for chain, rules in self.rules.items()
            for rule in rules
            if comment_of(rule) == marks.comment
        ]

    def own_chains(self, marks: Marks) -> list[str]:
        """Find the instance's own chains."""
        return [each for each in self.rules if marks.own(each)]


def comment_of(rule: Rule) -> str:
    """Return a rule's comment, empty when it has none."""
    return rule[rule.index("--comment") + 1] if "--comment" in rule else ""


def difference(wanted: Ruleset, standing: Standing) -> str:
    """Say what is wrong with the table as it stands; empty when it is as it must be.

    iptables prints rules in a form of its own that varies between versions. So rules are not
    compared word for word: a fingerprint says which ruleset was written, and counts that all of
    it still stands.
    """
    for chain, target in wanted.jumps:
        if ("-j", target) not in [rule[-2:] for rule in standing.rules.get(chain, ())]:
            return f"no rule in {chain} leads to {target}: has Docker set up its own rules?"
    for chain, rules in wanted.hooks.items():
        if reason := _hook_fault(chain, len(rules), wanted.marks, standing):
            return reason
    for chain, rules in _sealed(wanted).items():
        found = standing.rules.get(chain, [])
        if len(found) != len(rules):
            return f"the chain {chain} is not complete"
        if comment_of(found[0]) != comment_of(rules[0]):
            return f"the chain {chain} is out of date"
    return ""


def _hook_fault(chain: str, number: int, marks: Marks, standing: Standing) -> str:
    if chain not in standing.rules:
        return f"the chain {chain} does not exist"
    comments = [comment_of(rule) for rule in standing.rules[chain]]
    if comments.count(marks.comment) != number:
        return f"rules of ours are missing in {chain}"
    # Those of another instance may stand above: no two instances speak of the same bridge.
    foreign = [at for at, each in enumerate(comments) if not each.startswith(Marks.PREFIX)]
    if foreign and marks.comment in comments[foreign[0] :]:
        return f"another rule stands above ours in {chain}"
    return ""


def correction(wanted: Ruleset, standing: Standing) -> str:
    """Write the transaction after which the table holds exactly the ruleset.

    Hooks in a chain that does not exist are left out; `difference` reports them.
    """
    chains = _sealed(wanted)
    stale = [each for each in standing.own_chains(wanted.marks) if each not in chains]
    hooks = [
        _line("-I", chain, str(position), *rule)
        for chain, rules in wanted.hooks.items()
        if chain in standing.rules
        for position, rule in enumerate(rules, start=1)
    ]
    fillings = [_line("-A", chain, *rule) for chain, rules in chains.items() for rule in rules]
    return _transaction(
        # Declaring a chain empties it, inside the transaction.
        [f":{chain} - [0:0]" for chain in (*chains, *stale)],
        [_line("-D", chain, *rule) for chain, rule in standing.marked(wanted.marks)],
        fillings,
        hooks,
        [_line("-X", chain) for chain in stale],
    )


def removal(marks: Marks, standing: Standing) -> str:
    """Write the transaction that takes everything of the instance away; empty when nothing is."""
    chains = standing.own_chains(marks)
    marked = standing.marked(marks)
    if not chains and not marked:
        return ""
    return _transaction(
        [f":{chain} - [0:0]" for chain in chains],
        [_line("-D", chain, *rule) for chain, rule in marked],
        [_line("-X", chain) for chain in chains],
    )


def _sealed(wanted: Ruleset) -> dict[str, tuple[Rule, ...]]:
    """Put a first rule into each chain that does nothing but carry the fingerprint."""
    comment = f"{wanted.marks.comment}:{wanted.digest}"
    seal = ("-m", "comment", "--comment", comment)
    return {chain: (seal, *rules) for chain, rules in wanted.chains.items()}


def _transaction(*parts: Iterable[str]) -> str:
    return "\n".join(["*filter", *(line for part in parts for line in part), "COMMIT", ""])


def _line(*words: str) -> str:
    if not all(re.fullmatch(r"[\w.:,/+-]+", word) for word in words):
        raise Internal("A firewall rule holds a word that iptables-restore could misread.")
    return " ".join(words)
