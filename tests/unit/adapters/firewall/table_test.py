from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from oduflow.adapters.firewall.plan import ChainNames, FirewallPlan, TeamNet
from oduflow.adapters.firewall.rules import Ruleset, ipv4_rules
from oduflow.adapters.firewall.table import CurrentTable, correction, difference, removal
from oduflow.domain.errors import Internal

PLAN = FirewallPlan(
    "test", "br-net", (8000,), (TeamNet("br-blue", IPv4Network("10.213.1.0/24")),), "br-pip"
)
NAMES = ChainNames("test")
EMPTY = """-P INPUT ACCEPT
-P FORWARD DROP
-N DOCKER-USER
-A INPUT -i lo -j ACCEPT
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
"""


def test_an_empty_table_lacks_our_rules() -> None:
    assert "missing in INPUT" in difference(ipv4_rules(PLAN), CurrentTable.read(EMPTY))


def test_after_the_correction_nothing_differs() -> None:
    assert difference(ipv4_rules(PLAN), corrected()) == ""


def test_correcting_twice_is_correcting_once() -> None:
    once = corrected()
    assert apply(correction(ipv4_rules(PLAN), once), once) == once


def test_our_rules_stand_at_the_top() -> None:
    rules = corrected().rules
    assert rules["DOCKER-USER"][0][-1] == NAMES.chain("FWD")
    assert rules["INPUT"][0][-1] == NAMES.chain("IN")
    assert rules["INPUT"][-1] == ("-i", "lo", "-j", "ACCEPT")


def test_a_rule_put_above_ours_is_seen_and_overtaken() -> None:
    current = corrected()
    current.rules["INPUT"].insert(0, ("-p", "udp", "-j", "ACCEPT"))
    assert difference(ipv4_rules(PLAN), current) == "another rule comes before ours in INPUT"
    again = apply(correction(ipv4_rules(PLAN), current), current)
    assert difference(ipv4_rules(PLAN), again) == ""
    assert ("-p", "udp", "-j", "ACCEPT") in again.rules["INPUT"]


def test_two_instances_do_not_fight_for_the_first_place() -> None:
    other = ipv4_rules(replace(PLAN, instance="other"))
    both = corrected(other, corrected())
    assert difference(ipv4_rules(PLAN), both) == ""
    assert difference(other, both) == ""


@pytest.mark.parametrize("purpose", ["IN", "FWD", "TEAM", "PIP"])
def test_a_flushed_chain_is_reported_as_incomplete(purpose: str) -> None:
    current = corrected()
    current.rules[NAMES.chain(purpose)].clear()
    assert "not complete" in difference(ipv4_rules(PLAN), current)


def test_a_flushed_docker_user_chain_is_seen() -> None:
    current = corrected()
    current.rules["DOCKER-USER"].clear()
    assert "missing in DOCKER-USER" in difference(ipv4_rules(PLAN), current)


def test_a_changed_plan_is_out_of_date_until_corrected() -> None:
    other = ipv4_rules(replace(PLAN, net_ports=(9000,)))
    current = corrected()
    assert "out of date" in difference(other, current)
    again = apply(correction(other, current), current)
    assert difference(other, again) == ""
    assert not any("8000" in rule for rule in again.rules["INPUT"])


def test_without_dockers_chain_the_rest_is_still_put_up_and_the_reason_told() -> None:
    bare = CurrentTable.read("-P INPUT ACCEPT\n-P FORWARD ACCEPT\n")
    after = apply(correction(ipv4_rules(PLAN), bare), bare)
    assert after.rules["INPUT"][0][-1] == NAMES.chain("IN")
    assert "leads to DOCKER-USER" in difference(ipv4_rules(PLAN), after)


def test_a_docker_user_chain_that_nothing_leads_to_is_told() -> None:
    current = corrected()
    current.rules["FORWARD"].clear()
    assert "leads to DOCKER-USER" in difference(ipv4_rules(PLAN), current)


def test_removal_leaves_what_was_there_before() -> None:
    current = corrected()
    assert apply(removal(NAMES, current), current) == CurrentTable.read(EMPTY)


def test_removal_leaves_another_instance_alone() -> None:
    other = ipv4_rules(replace(PLAN, instance="other"))
    both = corrected(other, corrected())
    after = apply(removal(NAMES, both), both)
    assert difference(other, after) == ""
    assert after.own_chains(NAMES) == []


def test_removal_is_empty_without_rules_of_the_instance() -> None:
    assert removal(NAMES, CurrentTable.read(EMPTY)) == ""


def test_an_operators_rule_that_only_mentions_us_stays() -> None:
    told = EMPTY + '-A INPUT -m comment --comment "see oduflow:test" -j ACCEPT\n'
    assert CurrentTable.read(told).marked(NAMES) == []


@pytest.mark.parametrize("word", ["a b", 'a"b', "a\nCOMMIT"])
def test_a_word_that_would_be_misread_is_never_written(word: str) -> None:
    with pytest.raises(Internal):
        correction(ipv4_rules(replace(PLAN, net_bridge="x", build_net=word)), corrected())


def corrected(wanted: Ruleset | None = None, current: CurrentTable | None = None) -> CurrentTable:
    before = current or CurrentTable.read(EMPTY)
    return apply(correction(wanted or ipv4_rules(PLAN), before), before)


def apply(transaction: str, current: CurrentTable) -> CurrentTable:
    """Do what `iptables-restore --noflush` does."""
    rules = {chain: list(each) for chain, each in current.rules.items()}
    first, *lines, last, end = transaction.split("\n")
    assert (first, last, end) == ("*filter", "COMMIT", "")
    for line in lines:
        match line.split(" "):
            case ["-A", chain, *rule]:
                rules[chain].append(tuple(rule))
            case ["-I", chain, position, *rule]:
                rules[chain].insert(int(position) - 1, tuple(rule))
            case ["-D", chain, *rule]:
                rules[chain].remove(tuple(rule))
            case ["-X", chain]:
                assert not rules.pop(chain)
            case [chain, "-", "[0:0]"]:
                rules[chain.removeprefix(":")] = []
            case unknown:
                pytest.fail(f"unknown line {unknown}")
    return CurrentTable(rules)
