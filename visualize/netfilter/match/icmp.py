"""`-m icmp`: the type and code of an ICMP message (icmp_match in ip_tables.c; xt_icmp.c in newer kernels).

    -A INPUT -p icmp -m icmp --icmp-type 3/4 -j ACCEPT
"""

from collections.abc import Mapping

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import cut_header, no_transport
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word
from visualize.packet.packet import Packet, Protocol

ANY_TYPE = 255  # the kernel's "any type", whatever the code

# name -> type, or (type, code)
NAMES: Mapping[str, int | tuple[int, int]] = {
    "any": ANY_TYPE, "echo-reply": 0, "pong": 0, "destination-unreachable": 3, "network-unreachable": (3, 0),
    "host-unreachable": (3, 1), "protocol-unreachable": (3, 2), "port-unreachable": (3, 3), "fragmentation-needed": (3, 4),
    "source-route-failed": (3, 5), "network-unknown": (3, 6), "host-unknown": (3, 7), "network-prohibited": (3, 9),
    "host-prohibited": (3, 10), "TOS-network-unreachable": (3, 11), "TOS-host-unreachable": (3, 12),
    "communication-prohibited": (3, 13), "host-precedence-violation": (3, 14), "precedence-cutoff": (3, 15),
    "source-quench": 4, "redirect": 5, "network-redirect": (5, 0), "host-redirect": (5, 1), "TOS-network-redirect": (5, 2),
    "TOS-host-redirect": (5, 3), "echo-request": 8, "ping": 8, "router-advertisement": 9, "router-solicitation": 10,
    "time-exceeded": 11, "ttl-exceeded": 11, "ttl-zero-during-transit": (11, 0), "ttl-zero-during-reassembly": (11, 1),
    "parameter-problem": 12, "ip-header-bad": (12, 0), "required-option-missing": (12, 1), "timestamp-request": 13,
    "timestamp-reply": 14, "address-mask-request": 17, "address-mask-reply": 18,
}


def type_and_codes(text: str, names: Mapping[str, int | tuple[int, int]]) -> tuple[int, int, int]:
    """(type, first code, last code) of `echo-request`, `8`, `3/4` or `3/0-5`; names may be cut short, as iptables lets them be."""
    lowered = {name.lower(): value for name, value in names.items()}
    found = [value for name, value in lowered.items() if name == text.lower()]
    found = found or [value for name, value in lowered.items() if name.startswith(text.lower())]
    if found and not text[:1].isdigit():
        value = found[0]
        return (value[0], value[1], value[1]) if isinstance(value, tuple) else (value, 0, 255)
    kind, slash, codes = text.partition("/")
    if not kind.isdigit():
        raise BindError(f"ICMP type {text!r} is not known")
    first, dash, last = codes.partition("-")
    low = integer(first, 255) if slash else 0
    return integer(kind, 255), low, (integer(last, 255) if dash else low) if slash else 255


def icmp_type_check(option: Option, names: Mapping[str, int | tuple[int, int]], any_type: int | None) -> Check:
    """The check of --icmp-type and --icmpv6-type (icmp_type_code_match, icmp6_type_code_match)."""
    kind, low, high = type_and_codes(word(option), names)

    def check(packet: Packet, here: Here) -> Answer:
        if kind == any_type:
            return decide(True, "any type is excluded", option.negated)
        if packet.icmp_type is None or packet.icmp_code is None:
            return cut_header(packet, option.negated)
        return decide(packet.icmp_type == kind and low <= packet.icmp_code <= high,
                      f"ICMP type is {packet.icmp_type}/{packet.icmp_code}", option.negated)

    return check


def icmp_header_check(protocol: Protocol) -> Check:
    """An ICMP message whose header is there, not a later fragment."""
    def check(packet: Packet, here: Here) -> Answer:
        missing = no_transport(packet, protocol)
        if missing is None and (packet.icmp_type is None or packet.lacks(8)):
            missing = cut_header(packet, False)
        return missing or yes()

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m icmp`."""
    checks = [icmp_header_check(Protocol.ICMP)]
    for option in clause.options:
        if option.name != "--icmp-type":
            raise not_known(option)
        checks.append(icmp_type_check(option, NAMES, ANY_TYPE))
    return All(checks)
