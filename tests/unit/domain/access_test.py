from dataclasses import replace

import pytest

from oduflow.domain.access import Actor, ActorKind, Permission, Scope, Tier


def test_permissions_are_alphabetical_and_each_has_a_tier():
    assert list(Permission) == sorted(Permission)
    assert {permission.tier for permission in Permission} <= set(Tier)


def test_an_actor_may_do_everything_unless_narrowed():
    assert all(Actor("1", ActorKind.BASIC, "admin").may(permission) for permission in Permission)


@pytest.mark.parametrize("tier", Tier)
def test_a_tier_gives_exactly_its_own_permissions(tier):
    narrow = Actor("1", ActorKind.GRANT, "night", frozenset({tier}))

    allowed = {permission for permission in Permission if narrow.may(permission)}

    assert allowed == {permission for permission in Permission if permission.endswith(f":{tier}")}


def test_an_actor_reaches_the_whole_team_unless_kept_to_some_environments():
    whole = Actor("1", ActorKind.TOKEN, "auth_token")
    narrow = replace(whole, environments=frozenset({"a", "b"}))

    assert all(whole.can_access(each) for each in ("a", "c", ""))
    assert [each for each in ("a", "b", "c", "") if narrow.can_access(each)] == ["a", "b"]
    assert all(whole.allows_scopes({scope}) for scope in Scope)
    assert [scope for scope in Scope if not narrow.allows_scopes({scope})] == [
        Scope.EXTRA_REPO,
        Scope.NEW_ENVIRONMENT,
        Scope.TEAM,
        Scope.TEMPLATE,
        Scope.UPLOAD,
    ]


def test_narrowing_only_ever_narrows():
    whole = Actor("1", ActorKind.TOKEN, "auth_token")
    narrow = replace(whole, environments=frozenset({"a", "b"}))

    assert whole.restricted_to("a").environments == frozenset({"a"})
    assert narrow.restricted_to("a").environments == frozenset({"a"})
    assert narrow.restricted_to("c").environments == frozenset()


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (Actor("1", ActorKind.OAUTH, "octocat"), "octocat"),
        (Actor("1", ActorKind.CLI, "ada"), "cli:ada"),
        (Actor("1", ActorKind.GRANT, "night"), "grant:night"),
        (Actor("1", ActorKind.BASIC, "octocat"), "basic:octocat"),
    ],
)
def test_an_actors_name_tells_who_a_person_is_from_what_a_machine_is(actor, name):
    assert str(actor) == name
