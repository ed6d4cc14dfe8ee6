"""Link types that our own reader does not know (PPP, 802.11, radiotap, ...): scapy dissects them, and the IP packets inside go on.

Slow, and loaded only for such captures.
"""

from collections.abc import Iterator
from io import BytesIO
from struct import unpack_from

from visualize.packet.pcap import Frame

_ORDERS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
_RAW = 101


def frames(data: bytes) -> Iterator[Frame] | None:
    """The IP packets of a classic capture as raw frames; None where scapy does not know its link type either."""
    order = _ORDERS.get(data[:4])
    if order is None or len(data) < 24:
        return None
    from scapy.config import conf
    from scapy.layers import all as _layers  # noqa: F401  (registers the link types)
    layer = conf.l2types.num2layer.get(unpack_from(order + "I", data, 20)[0] & 0x0FFFFFFF)
    return _dissected(data, layer) if layer is not None else None


def _dissected(data: bytes, layer: type) -> Iterator[Frame]:
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.utils import RawPcapReader
    with RawPcapReader(BytesIO(data)) as reader:  # type: ignore[arg-type]
        scale = 1 if getattr(reader, "nano", False) else 1000
        for number, (raw, about) in enumerate(reader, 1):
            try:
                packet = layer(raw)
            except Exception:  # scapy's dissectors raise anything on damaged frames; such a frame holds no packet for us
                continue
            inside = packet.getlayer(IP) or packet.getlayer(IPv6)
            if inside is not None:
                payload = bytes(inside.original)
                yield Frame(number, about.sec * 1_000_000_000 + about.usec * scale, _RAW, payload, about.wirelen - len(raw) + len(payload))
