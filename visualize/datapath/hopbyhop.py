"""The IPv6 hop-by-hop header as the kernel checks it before any hook (ipv6_parse_hopopts, ip6_parse_tlv in exthdrs.c)."""

from visualize.packet.packet import Packet

PAD1, PADN, ROUTER_ALERT = 0, 1, 5
KNOWN = {ROUTER_ALERT, 0x07, 0x31, 0xC2}  # CALIPSO, IOAM and jumbo payload are taken as right
LARGEST_PADDING = 7  # bytes


def refused(packet: Packet, most: int) -> str | None:
    """Why the packet is dropped for its hop-by-hop header; None where it is not. `most`: net.ipv6.max_hbh_opts_number."""
    raw = packet.raw
    if packet.family != 6 or len(raw) < 42 or raw[6] != 0:
        return None
    end = 40 + (raw[41] + 1) * 8
    if end > packet.length:
        return "its hop-by-hop header is longer than the packet"
    return _options(raw[42:end], packet, most) if len(raw) >= end else None


def _options(data: bytes, packet: Packet, most: int) -> str | None:
    at = padding = count = 0
    while at < len(data):
        kind = data[at]
        size = 1 if kind == PAD1 else data[at + 1] + 2 if at + 1 < len(data) else len(data) + 1
        if at + size > len(data):
            return "a hop-by-hop option is cut"
        if kind in (PAD1, PADN):
            padding += size
            if padding > LARGEST_PADDING or any(data[at + 2:at + size]):
                return "its hop-by-hop header holds more padding than a header needs"
        else:
            padding, count = 0, count + 1
            why = _option(kind, size, count, most)
            if why is not None:
                return why
        at += size
    return None


def _option(kind: int, size: int, count: int, most: int) -> str | None:
    if count > abs(most):
        return f"it has more than {abs(most)} hop-by-hop options (net.ipv6.max_hbh_opts_number)"
    if kind == ROUTER_ALERT and size != 4:
        return "its router alert option has a wrong length"
    if kind not in KNOWN and (kind >> 6 or most < 0):
        return f"its hop-by-hop option {kind} is not known to the kernel, and asks to be dropped then"
    return None
