"""`-j DNAT`: asks conntrack to give the connection another destination (xt_dnat_target_v2 in xt_nat.c).

    -A DOCKER ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
"""

from ipaddress import IPv4Address

from snapshot.host.firewall import Clause
from visualize.netfilter.answer import Answer, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import address_range, not_known, port_range, word
from visualize.netfilter.outcome import NatRequest, Outcome, RuleVerdict
from visualize.packet.packet import Packet


class Nat:
    """A NAT target: it accepts, and the datapath (or conntrack) does the rest."""

    def __init__(self, request: NatRequest, doubt: Answer | None = None) -> None:
        self.request, self.doubt = request, doubt

    def act(self, packet: Packet, here: Here) -> Outcome:
        """ACCEPT with the request."""
        return Outcome(RuleVerdict.ACCEPT, nat=self.request, doubt=self.doubt)


def _ports(text: str) -> tuple[tuple[int, int], int | None]:
    """`80`, `80-90`, `80-90/8000`, `80/8000`: the ports, and the port that stands for the first one."""
    ports, slash, base = text.partition("/")
    return port_range(ports, "-"), port_range(base)[0] if slash else None


def nat_range(kind: str, source: bool, text: str, flags: frozenset[str]) -> NatRequest:
    """`10.0.0.1-10.0.0.9:80-90`, `[2001:db8::1]:80`, `:80`, `2001:db8::1` (parse_to in libxt_NAT.c)."""
    host, ports = text, ""
    if text.startswith("["):
        host, _, ports = text[1:].partition("]")
        ports = ports.removeprefix(":")
    elif text.count(":") == 1:
        host, _, ports = text.partition(":")
    host = host.replace("[", "").replace("]", "")
    addresses = address_range(host) if host else None
    span, base = _ports(ports) if ports else (None, None)
    if addresses is None and span is None:
        raise BindError("there is neither an address nor a port")
    return NatRequest(kind, source, addresses, span, base, "--random" in flags, "--random-fully" in flags,
                      "--persistent" in flags)


def bind_nat(clause: Clause, kind: str, source: bool, to: str) -> Nat:
    """A target with --to-destination or --to-source, and flags."""
    ranges = []
    flags = frozenset(option.name for option in clause.options if option.name != to)
    for option in clause.options:
        if option.name == to:
            ranges.append(word(option))
        elif option.name not in ("--random", "--random-fully", "--persistent"):
            raise not_known(option)
    if not ranges:
        raise BindError(f"{to} is missing")
    doubt = unknown(f"several {to}: old kernels choose one of them by chance; the first is taken") if len(ranges) > 1 else None
    return Nat(nat_range(kind, source, ranges[0], flags), doubt)


def same_family(request: NatRequest, family: str) -> None:
    """An IPv4 rule holds IPv4 addresses. Raises BindError for another one."""
    if request.addresses is not None and isinstance(request.addresses[0], IPv4Address) != (family == "ip"):
        raise BindError(f"{request.addresses[0]} is of the other family")


def bind(clause: Clause, family: str) -> Nat:
    """Bind `-j DNAT`."""
    bound = bind_nat(clause, "DNAT", False, "--to-destination")
    same_family(bound.request, family)
    return bound
