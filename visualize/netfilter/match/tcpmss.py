"""`-m tcpmss`: the MSS option of a TCP header (tcpmss_mt in xt_tcpmss.c).

    -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss --mss 1400:65535 -j TCPMSS --clamp-mss-to-pmtu
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.headers import TCPOPT_MSS, cut_header, no_transport, options_whole, tcp_options
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet, Protocol


def mss_of(packet: Packet) -> int | None:
    """The MSS that the packet announces, None without the option."""
    return next((int.from_bytes(data, "big") for kind, data in tcp_options(packet.tcp_options)
                 if kind == TCPOPT_MSS and len(data) == 2), None)


def _header(packet: Packet, here: Here) -> Answer:
    return no_transport(packet, Protocol.TCP) or yes()


def _check(option: Option) -> Check:
    if option.name != "--mss":
        raise not_known(option)
    first, last = number_range(word(option), 65535)

    def check(packet: Packet, here: Here) -> Answer:
        mss = mss_of(packet)
        if mss is None and not options_whole(packet):
            return cut_header(packet, option.negated)
        return decide(mss is not None and first <= mss <= last, f"MSS is {mss or 'not announced'}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m tcpmss`."""
    return All([_header, *(_check(option) for option in clause.options)])
