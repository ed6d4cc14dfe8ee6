"""`-m ipv6header`: which IPv6 extension headers a packet has (ipv6header_mt6 in ip6t_ipv6header.c).

    -A INPUT -m ipv6header --header hop-by-hop,protocol --soft -j ACCEPT

Without --soft the packet has these and no others.
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, words
from visualize.packet.packet import Packet

HEADERS = {"hop": 0, "hop-by-hop": 0, "route": 43, "ipv6-route": 43, "frag": 44, "ipv6-frag": 44, "auth": 51, "ah": 51,
           "esp": 50, "none": 59, "ipv6-nonxt": 59, "dst": 60, "ipv6-opts": 60, "ipv6-dst": 60, "prot": 255, "protocol": 255}
EXTENSIONS = (0, 43, 44, 50, 51, 59, 60)
PAYLOAD = 255


def _present(packet: Packet) -> set[int]:
    present = {number for number in (*packet.extension_headers, packet.protocol) if number in EXTENSIONS}
    return present if present & {50, 59} else present | {PAYLOAD}


def _check(option: Option, soft: bool) -> Check:
    if option.name != "--header":
        raise not_known(option)
    names = [name.lower() for name in words(option)]
    if any(name not in HEADERS and name not in map(str, EXTENSIONS) for name in names):
        raise BindError(f"header {','.join(names)} is not known")
    wanted = {HEADERS[name] if name in HEADERS else int(name) for name in names}

    def check(packet: Packet, here: Here) -> Answer:
        present = _present(packet)
        if soft:
            held = not wanted & present if option.negated else wanted <= present
            return decide(held, f"headers are {sorted(present)}")
        return decide(present == wanted, f"headers are {sorted(present)}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m ipv6header`."""
    soft = clause.option("--soft") is not None
    return All([_check(option, soft) for option in clause.options if option.name != "--soft"])
