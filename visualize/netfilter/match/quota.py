"""`-m quota`: a number of bytes that runs out (quota_mt in xt_quota.c).

    -A OUTPUT -m quota --quota 1000000 -j ACCEPT

iptables-save prints the whole quota, not what is left of it; what the rule has let through is in its byte counter.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.bucket import never_matched
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import integer, not_known, word
from visualize.packet.packet import Packet


class Quota:
    """The bound match. What is left is kept in here.memory, under the rule's key."""

    def __init__(self, quota: int, negated: bool) -> None:
        self.quota, self.negated = quota, negated

    def test(self, packet: Packet, here: Here) -> Answer:
        """YES while there is enough left; a packet that is too large ends the quota for good."""
        if packet.length == 0:
            return not_captured("the packet's length").negate(self.negated)
        key = f"quota {here.rule_key}"
        left = here.memory.get(key)
        known = here.fresh or (not self.negated and never_matched(here, "quota")) or self.quota == 0
        if left is None:
            used = here.rule.bytes or 0 if here.rule is not None and not self.negated else 0
            left = self.quota if known else max(0, self.quota - used)
        assert isinstance(left, int)
        enough = left >= packet.length
        here.memory[key] = left - packet.length if enough else 0
        if known:
            return decide(enough, "the quota is used up", self.negated)
        return unknown("-m quota: how much of it was left is not known; taken from the rule's byte counter", enough, weak=False).negate(self.negated)


def bind(clause: Clause, family: str) -> Quota:
    """Bind `-m quota`."""
    for option in clause.options:
        if option.name != "--quota":
            raise not_known(option)
        return Quota(integer(word(option), 2**64 - 1), option.negated)
    raise BindError("--quota is missing")
