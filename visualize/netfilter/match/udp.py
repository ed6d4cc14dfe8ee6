"""`-m udp`: ports of the UDP header (udp_mt in xt_tcpudp.c).

    -A INPUT -p udp -m udp --dport 53 -j ACCEPT
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.match.tcp import port_check, whole_header
from visualize.netfilter.options import All, Check, not_known
from visualize.packet.packet import Protocol


def ports_of(clause: Clause, protocol: Protocol) -> All:
    """The checks of a protocol that has ports and nothing else to ask for."""
    native = protocol == Protocol.UDP and bool(clause.options)
    checks: list[Check] = [whole_header(protocol, native)]
    for option in clause.options:
        if option.name not in ("--sport", "--source-port", "--dport", "--destination-port"):
            raise not_known(option)
        checks.append(port_check(option, option.name in ("--sport", "--source-port"), native))
    return All(checks)


def bind(clause: Clause, family: str) -> All:
    """Bind `-m udp`."""
    return ports_of(clause, Protocol.UDP)
