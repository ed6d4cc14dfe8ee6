"""`-j MASQUERADE`: SNAT to the address of the outgoing interface (masquerade_tg in xt_MASQUERADE.c, nf_nat_masquerade_ipv4).

    -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
"""

from snapshot.host.firewall import Clause
from visualize.netfilter.options import not_known, port_range, word
from visualize.netfilter.outcome import NatRequest
from visualize.netfilter.target.DNAT import Nat


def bind_ports(clause: Clause, kind: str, source: bool) -> Nat:
    """A target whose address the datapath finds, with --to-ports and flags."""
    ports, names = None, {option.name for option in clause.options}
    for option in clause.options:
        if option.name in ("--to-ports", "--to-port"):  # the short form is getopt's, and people write it
            ports = port_range(word(option), "-")
        elif option.name not in ("--random", "--random-fully"):
            raise not_known(option)
    return Nat(NatRequest(kind, source, ports=ports, random="--random" in names, random_fully="--random-fully" in names))


def bind(clause: Clause, family: str) -> Nat:
    """Bind `-j MASQUERADE`."""
    return bind_ports(clause, "MASQUERADE", True)
