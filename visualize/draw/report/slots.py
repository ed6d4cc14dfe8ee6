"""Slots: what differs between two flows that took the same way is left open in its text, and filled in for each flow.

A template is a text, or a list of texts and slot numbers. Making one loses nothing: filled with the values of the packets it was made
from, it is the text again. So ways with equal templates are one way, and no flow is ever shown another's addresses.
"""

from collections.abc import Sequence

from visualize.packet.packet import Packet

Template = str | list[str | int]
FIELDS = ("src", "sport", "dst", "dport", "icmp_id", "ttl")  # the slots of each form of a packet, in this order
NAMES = {name: index for index, name in enumerate(FIELDS)}


def slot(form: int, name: str) -> int:
    """The slot of a field of the packet's form number `form`."""
    return form * len(FIELDS) + NAMES[name]


def values(forms: Sequence[Packet]) -> list[str | None]:
    """The values of all slots."""
    found: list[str | None] = []
    for packet in forms:
        found += [str(packet.src), _text(packet.sport), str(packet.dst), _text(packet.dport), _text(packet.icmp_id), str(packet.ttl)]
    return found


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def template(text: str, forms: Sequence[Packet]) -> Template:
    """The text with the forms' addresses (and a port behind one) as slots; the text itself where it holds none."""
    parts: list[str | int] = [text]
    done: set[str] = set()
    for form, packet in enumerate(forms):
        for name, port in (("src", "sport"), ("dst", "dport")):
            address = str(getattr(packet, name))
            if address in done or address not in text:
                continue
            done.add(address)
            parts = _opened(parts, address, slot(form, name), getattr(packet, port), slot(form, port))
    return text if len(parts) == 1 else parts


def _opened(parts: list[str | int], address: str, at: int, port: int | None, port_at: int) -> list[str | int]:
    found: list[str | int] = []
    for part in parts:
        if isinstance(part, int):
            found.append(part)
            continue
        first, *rest = part.split(address)
        found.append(first)
        for tail in rest:
            found.append(at)
            found += _port(tail, port, port_at)
    return [part for part in found if part != ""]


def _port(tail: str, port: int | None, at: int) -> list[str | int]:
    """What stands behind an address: its port as a slot, where that is what follows."""
    for joint in (":", "]:"):
        head = f"{joint}{port}"
        if port is not None and tail.startswith(head) and not tail[len(head):len(head) + 1].isdigit():
            return [joint, at, tail[len(head):]]
    return [tail]
