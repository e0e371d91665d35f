"""What every firewall does; needs `firewall` and `plan`, whose instance has no rules yet."""

from dataclasses import replace


class FirewallContract:
    """The rules of one instance."""

    def test_rules_are_set_once_and_then_found(self, firewall, plan):
        before = firewall.check(plan)
        assert (before.ok, bool(before.reason)) == (False, True)

        assert firewall.apply(plan).ok
        assert firewall.apply(plan).ok

        assert firewall.check(plan).ok

    def test_the_rules_of_another_plan_are_missing_until_it_is_applied(self, firewall, plan):
        assert firewall.apply(plan).ok
        other = replace(plan, allowed_host_ports=(65000,))

        assert not firewall.check(other).ok
        assert firewall.apply(other).ok

        assert firewall.check(other).ok
        assert not firewall.check(plan).ok

    def test_a_removal_takes_the_rules_of_one_instance_and_may_be_repeated(self, firewall, plan):
        other = replace(plan, instance=f"{plan.instance}-other")
        assert firewall.apply(plan).ok
        assert firewall.apply(other).ok
        try:
            for _ in range(2):
                assert firewall.remove(plan.instance).ok

            assert not firewall.check(plan).ok
            assert firewall.check(other).ok
        finally:
            firewall.remove(other.instance)
