"""`-m icmp6`: the type and code of an ICMPv6 message (icmp6_match in ip6_tables.c; xt_icmp.c in newer kernels).

    -A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT
"""

from collections.abc import Mapping

from snapshot.host.firewall import Clause
from visualize.netfilter.match.icmp import icmp_header_check, icmp_type_check
from visualize.netfilter.options import All, not_known
from visualize.packet.packet import Protocol

NAMES: Mapping[str, int | tuple[int, int]] = {
    "destination-unreachable": 1, "no-route": (1, 0), "communication-prohibited": (1, 1), "beyond-scope": (1, 2),
    "address-unreachable": (1, 3), "port-unreachable": (1, 4), "failed-policy": (1, 5), "reject-route": (1, 6),
    "packet-too-big": 2, "time-exceeded": 3, "ttl-exceeded": 3, "ttl-zero-during-transit": (3, 0),
    "ttl-zero-during-reassembly": (3, 1), "parameter-problem": 4, "bad-header": (4, 0), "unknown-header-type": (4, 1),
    "unknown-option": (4, 2), "echo-request": 128, "ping": 128, "echo-reply": 129, "pong": 129, "mld-listener-query": 130,
    "mld-listener-report": 131, "mld-listener-done": 132, "mld-listener-reduction": 132, "router-solicitation": 133,
    "router-advertisement": 134, "neighbour-solicitation": 135, "neighbor-solicitation": 135, "neighbour-advertisement": 136,
    "neighbor-advertisement": 136, "redirect": 137,
}


def bind(clause: Clause, family: str) -> All:
    """Bind `-m icmp6`."""
    checks = [icmp_header_check(Protocol.ICMPV6)]
    for option in clause.options:
        if option.name != "--icmpv6-type":
            raise not_known(option)
        checks.append(icmp_type_check(option, NAMES, None))
    return All(checks)
