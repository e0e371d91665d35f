"""The comparison of a `filter` table with the rules it must have, and its correction.

The current table is the output of `iptables -S`, a line a rule. The correction is the input of
`iptables-restore --noflush`, which the kernel applies as a whole or not at all: no packet ever
meets a chain half filled.
"""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from oduflow.adapters.firewall.plan import ChainNames
from oduflow.adapters.firewall.rules import Rule, Ruleset
from oduflow.domain.errors import Internal


@dataclass(frozen=True, slots=True)
class CurrentTable:
    """The chains of a `filter` table, and their rules in order."""

    rules: dict[str, list[Rule]]

    @classmethod
    def read(cls, output: str) -> "CurrentTable":
        """Read the output of `iptables -S`."""
        rules: dict[str, list[Rule]] = {}
        for line in output.splitlines():
            match shlex.split(line):
                case ["-P" | "-N", chain, *_]:
                    rules.setdefault(chain, [])
                case ["-A", chain, *rule]:
                    rules.setdefault(chain, []).append(tuple(rule))
        return cls(rules)

    def marked(self, names: ChainNames) -> list[tuple[str, Rule]]:
        """Return the instance's rules in the host's chains."""
        return [
            (chain, rule)
            for chain, rules in self.rules.items()
            for rule in rules
            if comment_of(rule) == names.comment
        ]

    def own_chains(self, names: ChainNames) -> list[str]:
        """Return the instance's own chains."""
        return [each for each in self.rules if names.own(each)]


def comment_of(rule: Rule) -> str:
    """Return a rule's comment, empty when it has none."""
    return rule[rule.index("--comment") + 1] if "--comment" in rule else ""


def difference(wanted: Ruleset, current: CurrentTable) -> str:
    """Return the difference between table and ruleset as one sentence, empty when they agree.

    iptables prints rules in a form that varies between versions, so rules are not compared word
    for word: a fingerprint in a comment tells which ruleset was written, and the number of rules
    tells whether all of it is still there.
    """
    for chain, target in wanted.required_jumps:
        if ("-j", target) not in [rule[-2:] for rule in current.rules.get(chain, ())]:
            return f"no rule in {chain} leads to {target}: has Docker set up its own rules?"
    for chain, rules in wanted.host_rules.items():
        if reason := _host_rule_fault(chain, len(rules), wanted.names, current):
            return reason
    for chain, rules in _sealed(wanted).items():
        found = current.rules.get(chain, [])
        if len(found) != len(rules):
            return f"the chain {chain} is not complete"
        if comment_of(found[0]) != comment_of(rules[0]):
            return f"the chain {chain} is out of date"
    return ""


def _host_rule_fault(chain: str, number: int, names: ChainNames, current: CurrentTable) -> str:
    if chain not in current.rules:
        return f"the chain {chain} does not exist"
    comments = [comment_of(rule) for rule in current.rules[chain]]
    if comments.count(names.comment) != number:
        return f"rules of ours are missing in {chain}"
    # Rules of another instance may come first: no two instances have rules for one bridge.
    foreign = [at for at, each in enumerate(comments) if not each.startswith(ChainNames.PREFIX)]
    if foreign and names.comment in comments[foreign[0] :]:
        return f"another rule comes before ours in {chain}"
    return ""


def correction(wanted: Ruleset, current: CurrentTable) -> str:
    """Write the transaction after which the table holds exactly the ruleset.

    Rules for a host's chain that does not exist are left out; `difference` reports them.
    """
    chains = _sealed(wanted)
    stale = [each for each in current.own_chains(wanted.names) if each not in chains]
    host_rules = [
        _line("-I", chain, str(position), *rule)
        for chain, rules in wanted.host_rules.items()
        if chain in current.rules
        for position, rule in enumerate(rules, start=1)
    ]
    fillings = [_line("-A", chain, *rule) for chain, rules in chains.items() for rule in rules]
    return _transaction(
        # Declaring a chain also empties it, inside the transaction.
        [f":{chain} - [0:0]" for chain in (*chains, *stale)],
        [_line("-D", chain, *rule) for chain, rule in current.marked(wanted.names)],
        fillings,
        host_rules,
        [_line("-X", chain) for chain in stale],
    )


def removal(names: ChainNames, current: CurrentTable) -> str:
    """Write the transaction that removes the instance's rules and chains; empty when none exist."""
    chains = current.own_chains(names)
    marked = current.marked(names)
    if not chains and not marked:
        return ""
    return _transaction(
        [f":{chain} - [0:0]" for chain in chains],
        [_line("-D", chain, *rule) for chain, rule in marked],
        [_line("-X", chain) for chain in chains],
    )


def _sealed(wanted: Ruleset) -> dict[str, tuple[Rule, ...]]:
    """Put a first rule into each chain whose only purpose is to carry the fingerprint."""
    comment = f"{wanted.names.comment}:{wanted.digest}"
    seal = ("-m", "comment", "--comment", comment)
    return {chain: (seal, *rules) for chain, rules in wanted.chains.items()}


def _transaction(*parts: Iterable[str]) -> str:
    return "\n".join(["*filter", *(line for part in parts for line in part), "COMMIT", ""])


def _line(*words: str) -> str:
    if not all(re.fullmatch(r"[\w.:,/+-]+", word) for word in words):
        raise Internal("A firewall rule holds a word that iptables-restore could misread.")
    return " ".join(words)
