"""A host's firewall in memory."""

from dataclasses import dataclass, field

from oduflow.adapters.firewall.iptables import FirewallState
from oduflow.adapters.firewall.plan import FirewallPlan


@dataclass
class MemoryFirewall:
    """Has the methods of `adapters.firewall.iptables.Firewall`.

    Attributes:
        broken: the reason for which no rule can be set.
        rules: the plan in force, by instance.
    """

    broken: str = ""
    rules: dict[str, FirewallPlan] = field(default_factory=dict)

    def apply(self, plan: FirewallPlan) -> FirewallState:
        if not self.broken:
            self.rules[plan.instance] = plan
        return self.check(plan)

    def check(self, plan: FirewallPlan) -> FirewallState:
        if self.broken:
            return FirewallState(ok=False, reason=self.broken)
        is_set = self.rules.get(plan.instance) == plan
        return FirewallState(ok=is_set, reason="" if is_set else "rules are missing")

    def remove(self, instance: str) -> FirewallState:
        if self.broken:
            return FirewallState(ok=False, reason=self.broken)
        self.rules.pop(instance, None)
        return FirewallState(ok=True)
