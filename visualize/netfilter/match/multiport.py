"""`-m multiport`: lists of ports and port ranges (multiport_mt in xt_multiport.c).

    -A INPUT -p tcp -m multiport ! --dports 22,80,8000:8099 -j DROP
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no, yes
from visualize.netfilter.headers import cut_header, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, port_range, words
from visualize.packet.packet import Packet, Protocol

WITH_PORTS = (Protocol.TCP, Protocol.UDP, Protocol.UDPLITE, Protocol.SCTP, Protocol.DCCP)


def _header(packet: Packet, here: Here) -> Answer:
    if packet.protocol not in WITH_PORTS:
        return unwalked(packet) or no(f"{packet.protocol_name} has no ports")
    if packet.fragment_offset > 0:
        return no("a later fragment has no ports")
    return yes()


def _ports_check(option: Option, source: bool, destination: bool) -> Check:
    ranges = [port_range(part) for part in words(option)]

    def check(packet: Packet, here: Here) -> Answer:
        ports = [port for port, used in ((packet.sport, source), (packet.dport, destination)) if used]
        known = [port for port in ports if port is not None]
        if len(known) != len(ports):
            return cut_header(packet, option.negated, needed=4)
        found = any(first <= port <= last for port in known for first, last in ranges)
        side = "ports are" if source and destination else "source port is" if source else "destination port is"
        return decide(found, f"{side} {' and '.join(map(str, known))}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m multiport`."""
    checks: list[Check] = [_header]
    for option in clause.options:
        match option.name:
            case "--sports" | "--source-ports":
                checks.append(_ports_check(option, True, False))
            case "--dports" | "--destination-ports":
                checks.append(_ports_check(option, False, True))
            case "--ports":
                checks.append(_ports_check(option, True, True))
            case _:
                raise not_known(option)
    return All(checks)
