"""What iptables matches without `-m`: -s -d -i -o -p -f (ip_packet_match in ip_tables.c, ip6_packet_match in ip6_tables.c).

    -A FORWARD -s 172.17.0.0/16 ! -o docker0 -p tcp -j ACCEPT
"""

from collections.abc import Callable

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import hotdrop, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import network
from visualize.netfilter.protocols import protocol_number
from visualize.packet.packet import Packet

Check = Callable[[Packet, Here], Answer]


class Builtin:
    """All built-in options of one rule; the kernel tests source, destination, interfaces, protocol, fragment in this order."""

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks

    def test(self, packet: Packet, here: Here) -> Answer:
        """AND over the options; NO at the first that fails."""
        for check in self.checks:
            answer = check(packet, here)
            if answer is not _OK:
                return answer
        return _OK


_OK = yes()
AH = 51
EXTENSION_HEADERS = (0, 43, 44, AH, 60)
_ORDER = ("-s", "-d", "-i", "-o", "-p", "-f")


def interface_matches(pattern: str, name: str | None) -> bool:
    """`eth+` matches every name that begins with `eth`; a bare `+` all (ifname_compare)."""
    actual = name or ""
    return actual.startswith(pattern[:-1]) if pattern.endswith("+") else actual == pattern


def _address_check(option: Option, source: bool) -> Check:
    networks = [network(part) for value in option.values for part in value.split(",")]
    side = "source" if source else "destination"

    def check(packet: Packet, here: Here) -> Answer:
        address = packet.src if source else packet.dst
        return decide(any(address in one for one in networks), f"{side} is {address}", option.negated)

    return check


def _interface_check(option: Option, incoming: bool) -> Check:
    pattern = option.values[0] if option.values else "+"

    def check(packet: Packet, here: Here) -> Answer:
        name = here.in_interface if incoming else here.out_interface
        word = "in" if incoming else "out"
        return decide(interface_matches(pattern, name), f"{word}-interface is {name or 'none'}", option.negated)

    return check


def _protocol_check(option: Option) -> Check:
    number = protocol_number(option.values[0] if option.values else "all")
    if number is None:
        raise BindError(f"protocol {option.values[0]!r} is not known")

    def check(packet: Packet, here: Here) -> Answer:
        if packet.family == 6 and packet.protocol in EXTENSION_HEADERS:
            return _unwalked(packet, here)
        if AH in packet.extension_headers and here.backend == "nft":
            return decide(number in (0, AH), "nft takes AH for the protocol", option.negated)  # IP6_FH_F_AUTH
        return decide(number == 0 or packet.protocol == number, f"protocol is {packet.protocol_name}", option.negated)

    return check


def _unwalked(packet: Packet, here: Here) -> Answer:
    """The chain of extension headers ends before the protocol is told (ip6_packet_match: hotdrop; nft_set_pktinfo_ipv6: no match)."""
    if len(packet.raw) < packet.length:
        return not_captured("the IPv6 extension headers")
    return no("its extension headers are cut") if here.backend == "nft" else hotdrop("its extension headers are cut; the kernel drops the packet")


def _fragment_check(option: Option) -> Check:
    def check(packet: Packet, here: Here) -> Answer:
        return decide(packet.fragment_offset > 0, "not a later fragment", option.negated)

    return check


def bind(clause: Clause, family: str) -> Builtin:
    """Bind the nameless clause of a rule. Raises BindError for an address or protocol that can't be read."""
    checks: list[Check] = []
    for option in sorted(clause.options, key=lambda o: _ORDER.index(o.name) if o.name in _ORDER else 9):
        match option.name:
            case "-s" | "-d":
                checks.append(_address_check(option, option.name == "-s"))
            case "-i" | "-o":
                checks.append(_interface_check(option, option.name == "-i"))
            case "-p":
                checks.append(_protocol_check(option))
            case "-f":
                checks.append(_fragment_check(option))
            case "-4" | "-6":
                pass
            case _:
                raise BindError(f"option {option.name} is not known")
    return Builtin(checks)


