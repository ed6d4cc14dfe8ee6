"""`-m tcpmss`: the MSS option of a TCP header (tcpmss_mt in xt_tcpmss.c).

    -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -m tcpmss --mss 1400:65535 -j TCPMSS --clamp-mss-to-pmtu
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import TCPOPT_MSS, tcp_option_bytes, tcp_options, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, not_known, number_range, word
from visualize.packet.packet import Packet, Protocol


def mss_of(packet: Packet) -> int | None:
    """The MSS that the packet announces, None without the option."""
    return next((int.from_bytes(data, "big") for kind, data in tcp_options(packet.tcp_options)
                 if kind == TCPOPT_MSS and len(data) == 2), None)


def _check(option: Option) -> Check:
    if option.name != "--mss":
        raise not_known(option)
    first, last = number_range(word(option), 65535)

    def check(packet: Packet, here: Here) -> Answer:
        if packet.protocol != Protocol.TCP:
            return unwalked(packet) or no(f"protocol is {packet.protocol_name}")
        options = tcp_option_bytes(packet, option.negated)
        mss = mss_of(packet)
        if isinstance(options, Answer) and (options.hotdrop or mss is None):
            return options
        return decide(mss is not None and first <= mss <= last, f"MSS is {mss or 'not announced'}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m tcpmss`."""
    return All([_check(option) for option in clause.options])
