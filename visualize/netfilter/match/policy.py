"""`-m policy`: whether IPsec handled, or will handle, the packet (policy_mt in xt_policy.c).

    -A POSTROUTING -m policy --dir out --pol none -j MASQUERADE

Where `ip xfrm policy` shows no policy, every packet is a plain one. Policies themselves are not modelled.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, unanswerable
from visualize.packet.packet import Packet

OPTIONS = "--dir --pol --strict --next --reqid --spi --proto --mode --tunnel-src --tunnel-dst"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m policy`: certain where there is no policy, else UNKNOWN, and no IPsec."""
    policy = clause.option("--pol")
    plain = policy is not None and policy.values[:1] == ("none",)
    details = Clause(clause.name, tuple(option for option in clause.options if option.name in ("--dir", "--pol") or not plain))
    doubtful = unanswerable(details, OPTIONS, "whether IPsec handles this packet is not modelled; assumed to be without IPsec", plain,
                            "capture `ip xfrm policy`", weak=False)
    negated = any(option.negated for option in details.options)
    return All([_check(plain != negated, doubtful.checks[0])])


def _check(plain: bool, doubtful: Check) -> Check:
    def check(packet: Packet, here: Here) -> Answer:
        return decide(plain, "there is no IPsec policy") if here.world.ipsec is False else doubtful(packet, here)

    return check
