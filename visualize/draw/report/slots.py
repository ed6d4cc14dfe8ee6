"""Slots: what differs between two flows that took the same way is left open in its text, and filled in for each flow.

A template is a text, or a list of texts and slot numbers. Making one loses nothing: filled with the values of the packets it was made
from, it is the text again. So ways with equal templates are one way, and no flow is ever shown another's addresses.
"""

from collections.abc import Sequence

from visualize.packet.packet import Packet

Template = str | list[str | int]
FIELDS = ("src", "sport", "dst", "dport", "icmp_id", "ttl")  # the slots of each form of a packet, in this order
SORTS = ("address", "port", "address", "port", "icmp_id", "ttl")  # what a slot holds
NAMES = {name: index for index, name in enumerate(FIELDS)}


def slot(form: int, name: str) -> int:
    """The slot of a field of the packet's form number `form`."""
    return form * len(FIELDS) + NAMES[name]


class Slots:
    """The forms that a packet takes on its way, their values, and templates of texts that name them."""

    def __init__(self, forms: Sequence[Packet]) -> None:
        self.values: list[str | None] = []
        texts: dict[int, str] = {}  # by identity: forms share their addresses' objects, and writing an address takes long
        for packet in forms:
            for value in (packet.src, packet.sport, packet.dst, packet.dport, packet.icmp_id, packet.ttl):
                text = texts.get(id(value))
                if text is None and value is not None:
                    text = texts[id(value)] = str(value)
                self.values.append(text)
        self._addresses: dict[str, int] = {}
        for index, held in enumerate(self.values):
            if SORTS[index % len(FIELDS)] == "address" and held is not None:
                self._addresses.setdefault(held, index)

    def template(self, text: str) -> Template:
        """The text with the forms' addresses (and a port behind one) as slots; the text itself where it holds none."""
        if not text:
            return text
        parts: list[str | int] = [text]
        for address, at in self._addresses.items():
            if address in text:
                parts = self._opened(parts, address, at)
        return text if len(parts) == 1 and parts[0] == text else parts

    def key(self, text: str) -> object:
        """The same as a key of a mapping."""
        made = self.template(text)
        return made if isinstance(made, str) else tuple(made)

    def _opened(self, parts: list[str | int], address: str, at: int) -> list[str | int]:
        found: list[str | int] = []
        for part in parts:
            if isinstance(part, int):
                found.append(part)
                continue
            first, *rest = part.split(address)
            found.append(first)
            for tail in rest:
                found += [at, *self._port(tail, at + 1)]
        return [part for part in found if part != ""]

    def _port(self, tail: str, at: int) -> list[str | int]:
        """What stands behind an address: its port as a slot, where that is what follows."""
        port = self.values[at]
        for joint in (":", "]:"):
            head = f"{joint}{port}"
            if port is not None and tail.startswith(head) and not tail[len(head):len(head) + 1].isdigit():
                return [joint, at, tail[len(head):]]
        return [tail]
