"""`-m policy`: whether IPsec handled, or will handle, the packet (policy_mt in xt_policy.c).

    -A POSTROUTING -m policy --dir out --pol none -j MASQUERADE

A snapshot does not hold IPsec policies; the packet is assumed to be a plain one.
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import All, unanswerable

OPTIONS = "--dir --pol --strict --next --reqid --spi --proto --mode --tunnel-src --tunnel-dst"


def bind(clause: Clause, family: str) -> All:
    """Bind `-m policy`: UNKNOWN, and no IPsec."""
    policy = clause.option("--pol")
    plain = policy is not None and policy.values[:1] == ("none",)
    details = Clause(clause.name, tuple(option for option in clause.options if option.name in ("--dir", "--pol") or not plain))
    return unanswerable(details, OPTIONS, "IPsec policies are not in a snapshot; assumed to be without IPsec", plain,
                        "capture `ip xfrm policy`", weak=False)
