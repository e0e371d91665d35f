from dataclasses import replace
from ipaddress import IPv4Network

import pytest

from oduflow.adapters.firewall.plan import FirewallPlan, Marks, TeamNet
from oduflow.adapters.firewall.rules import Ruleset, ipv4_rules
from oduflow.adapters.firewall.table import Standing, correction, difference, removal
from oduflow.domain.errors import Internal

PLAN = FirewallPlan(
    "test", "br-net", (8000,), (TeamNet("br-blue", IPv4Network("10.213.1.0/24")),), "br-pip"
)
MARKS = Marks("test")
EMPTY = """-P INPUT ACCEPT
-P FORWARD DROP
-N DOCKER-USER
-A INPUT -i lo -j ACCEPT
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
"""


def test_an_empty_table_lacks_our_rules() -> None:
    assert "missing in INPUT" in difference(ipv4_rules(PLAN), Standing.read(EMPTY))


def test_after_the_correction_nothing_differs() -> None:
    assert difference(ipv4_rules(PLAN), corrected()) == ""


def test_correcting_twice_is_correcting_once() -> None:
    once = corrected()
    assert apply(correction(ipv4_rules(PLAN), once), once) == once


def test_our_rules_stand_at_the_top() -> None:
    rules = corrected().rules
    assert rules["DOCKER-USER"][0][-1] == MARKS.chain("FWD")
    assert rules["INPUT"][0][-1] == MARKS.chain("IN")
    assert rules["INPUT"][-1] == ("-i", "lo", "-j", "ACCEPT")


def test_a_rule_put_above_ours_is_seen_and_overtaken() -> None:
    standing = corrected()
    standing.rules["INPUT"].insert(0, ("-p", "udp", "-j", "ACCEPT"))
    assert difference(ipv4_rules(PLAN), standing) == "another rule stands above ours in INPUT"
    again = apply(correction(ipv4_rules(PLAN), standing), standing)
    assert difference(ipv4_rules(PLAN), again) == ""
    assert ("-p", "udp", "-j", "ACCEPT") in again.rules["INPUT"]


def test_two_instances_do_not_fight_for_the_first_place() -> None:
    other = ipv4_rules(replace(PLAN, instance="other"))
    both = corrected(other, corrected())
    assert difference(ipv4_rules(PLAN), both) == ""
    assert difference(other, both) == ""


@pytest.mark.parametrize("purpose", ["IN", "FWD", "TEAM", "PIP"])
def test_a_chain_that_somebody_flushed_is_not_complete(purpose: str) -> None:
    standing = corrected()
    standing.rules[MARKS.chain(purpose)].clear()
    assert "not complete" in difference(ipv4_rules(PLAN), standing)


def test_a_flushed_docker_user_chain_is_seen() -> None:
    standing = corrected()
    standing.rules["DOCKER-USER"].clear()
    assert "missing in DOCKER-USER" in difference(ipv4_rules(PLAN), standing)


def test_a_changed_plan_is_out_of_date_until_corrected() -> None:
    other = ipv4_rules(replace(PLAN, net_ports=(9000,)))
    standing = corrected()
    assert "out of date" in difference(other, standing)
    again = apply(correction(other, standing), standing)
    assert difference(other, again) == ""
    assert not any("8000" in rule for rule in again.rules["INPUT"])


def test_without_dockers_chain_the_rest_is_still_put_up_and_the_reason_told() -> None:
    bare = Standing.read("-P INPUT ACCEPT\n-P FORWARD ACCEPT\n")
    after = apply(correction(ipv4_rules(PLAN), bare), bare)
    assert after.rules["INPUT"][0][-1] == MARKS.chain("IN")
    assert "leads to DOCKER-USER" in difference(ipv4_rules(PLAN), after)


def test_a_docker_user_chain_that_nothing_leads_to_is_told() -> None:
    standing = corrected()
    standing.rules["FORWARD"].clear()
    assert "leads to DOCKER-USER" in difference(ipv4_rules(PLAN), standing)


def test_removal_leaves_what_was_there_before() -> None:
    standing = corrected()
    assert apply(removal(MARKS, standing), standing) == Standing.read(EMPTY)


def test_removal_leaves_another_instance_alone() -> None:
    other = ipv4_rules(replace(PLAN, instance="other"))
    both = corrected(other, corrected())
    after = apply(removal(MARKS, both), both)
    assert difference(other, after) == ""
    assert after.own_chains(MARKS) == []


def test_where_nothing_of_ours_stands_there_is_nothing_to_remove() -> None:
    assert removal(MARKS, Standing.read(EMPTY)) == ""


def test_an_operators_rule_that_only_mentions_us_stays() -> None:
    told = EMPTY + '-A INPUT -m comment --comment "see oduflow:test" -j ACCEPT\n'
    assert Standing.read(told).marked(MARKS) == []


@pytest.mark.parametrize("word", ["a b", 'a"b', "a\nCOMMIT"])
def test_a_word_that_would_be_misread_is_never_written(word: str) -> None:
    with pytest.raises(Internal):
        correction(ipv4_rules(replace(PLAN, net_bridge="x", build_net=word)), corrected())


def corrected(wanted: Ruleset | None = None, standing: Standing | None = None) -> Standing:
    before = standing or Standing.read(EMPTY)
    return apply(correction(wanted or ipv4_rules(PLAN), before), before)


def apply(transaction: str, standing: Standing) -> Standing:
    """Do what `iptables-restore --noflush` does."""
    rules = {chain: list(each) for chain, each in standing.rules.items()}
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
    return Standing(rules)
