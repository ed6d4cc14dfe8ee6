"""`-m tcp`: ports, flags and options of the TCP header (tcp_mt in xt_tcpudp.c).

    -A INPUT -p tcp -m tcp --dport 8000:8099 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import SIZES, cut_header, native_bytes, no_transport, tcp_option_bytes, tcp_options
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, port_range, word
from visualize.packet.packet import Packet, Protocol

FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128, "ALL": 63, "NONE": 0}


def port_check(option: Option, source: bool, native: bool = False) -> Check:
    """One of --sport and --dport: the port lies in the range. `native`: iptables-nft makes an nft expression of it."""
    first, last = port_range(word(option))
    side = "source" if source else "destination"

    def check(packet: Packet, here: Here) -> Answer:
        port = packet.sport if source else packet.dport
        if port is None:
            if native and here.backend == "nft":
                found = native_bytes(packet, 0 if source else 2, 2, option.negated)
                return found if isinstance(found, Answer) else decide(
                    first <= int.from_bytes(found, "big") <= last, f"its bytes there are {found.hex()}", option.negated)
            return cut_header(packet, option.negated)
        return decide(first <= port <= last, f"{side} port is {port}", option.negated)

    return check


def whole_header(protocol: Protocol, native: bool = False) -> Check:
    """The packet has a header of `protocol`, not a later fragment, and whole: a cut one is dropped, whatever the options ask.

    `native`: iptables-nft makes an nft expression of it, which asks for none of that.
    """
    def check(packet: Packet, here: Here) -> Answer:
        if native and here.backend == "nft":
            return decide(packet.protocol == protocol, f"protocol is {packet.protocol_name}")
        missing = no_transport(packet, protocol)
        if missing is not None:
            return missing
        if packet.lacks(SIZES[protocol]) or packet.dport is None:
            cut = cut_header(packet, False)
            return cut if cut.hotdrop else yes()
        return yes()

    return check


def _flags(text: str) -> int:
    bits = 0
    for name in text.split(","):
        if name.upper() not in FLAGS:
            raise BindError(f"TCP flag {name!r} is not known")
        bits |= FLAGS[name.upper()]
    return bits


def _flags_check(mask: int, wanted: int, negated: bool, native: bool) -> Check:
    def check(packet: Packet, here: Here) -> Answer:
        flags = packet.tcp_flags
        if flags is None:
            if not native or here.backend != "nft":
                return cut_header(packet, negated)
            found = native_bytes(packet, 13, 1, negated)
            if isinstance(found, Answer):
                return found
            flags = found[0]
        names = [name for name, bit in FLAGS.items() if name != "ALL" and flags & bit]
        return decide(flags & mask == wanted, f"TCP flags are {','.join(names) or 'none'}", negated)

    return check


def _option_check(option: Option) -> Check:
    number = integer(word(option), 255)

    def check(packet: Packet, here: Here) -> Answer:
        options = tcp_option_bytes(packet, option.negated)
        found = any(kind == number for kind, _ in tcp_options(packet.tcp_options))
        if isinstance(options, Answer) and (options.hotdrop or not found):
            return options
        return decide(found, f"TCP option {number} is {'there' if found else 'not there'}", option.negated)

    return check


def _check(option: Option, native: bool) -> Check:
    match option.name:
        case "--sport" | "--source-port":
            return port_check(option, True, native)
        case "--dport" | "--destination-port":
            return port_check(option, False, native)
        case "--tcp-flags":
            if len(option.values) != 2:
                raise BindError("--tcp-flags needs a mask and a value")
            return _flags_check(_flags(option.values[0]), _flags(option.values[1]), option.negated, native)
        case "--syn":
            return _flags_check(_flags("SYN,RST,ACK,FIN"), _flags("SYN"), option.negated, native)
        case "--tcp-option":
            return _option_check(option)
        case _:
            raise not_known(option)


def bind(clause: Clause, family: str) -> All:
    """Bind `-m tcp`."""
    native = bool(clause.options) and clause.option("--tcp-option") is None  # else iptables-nft keeps the xt match
    return All([whole_header(Protocol.TCP, native), *(_check(option, native) for option in clause.options)])
