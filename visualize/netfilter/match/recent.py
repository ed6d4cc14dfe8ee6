"""`-m recent`: lists of addresses seen lately (recent_mt in xt_recent.c).

    -A INPUT -p tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 --name SSH --rsource -j DROP

--set always matches, and is certain. What the lists held before the capture is not in a snapshot: the other answers are
those of a list that was empty when the capture began, and said to be assumed.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from snapshot.host.firewall import Clause
from snapshot.host.link import IPAddress
from visualize.netfilter.answer import Answer, decide, unknown
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import address, integer, not_known, word
from visualize.packet.packet import Packet

KEPT = 20  # ip_pkt_list_tot: time stamps kept for an address
ACTIONS = ("--set", "--rcheck", "--update", "--remove")


@dataclass(slots=True)
class Recent:
    """The bound match. `mask` is None for all bits."""

    action: str = ""
    negated: bool = False
    name: str = "DEFAULT"
    seconds: int = 0
    hits: int = 0
    destination: bool = False
    mask: IPAddress | None = None

    def _stamps(self, packet: Packet, here: Here) -> tuple[dict[IPAddress, tuple[int, ...]], IPAddress]:
        """The list of this name in this namespace, and the address that this packet stands for in it."""
        key = f"recent {here.world.netns} {here.family} {self.name}"
        held = here.memory.setdefault(key, {})
        assert isinstance(held, dict)
        one = packet.dst if self.destination else packet.src
        if self.mask is not None and self.mask.version == one.version:
            one = ip_address((int(one) & int(self.mask)).to_bytes(len(one.packed), "big"))
        return held, one

    def test(self, packet: Packet, here: Here) -> Answer:
        """Reads and keeps the list as the kernel does."""
        held, one = self._stamps(packet, here)
        now = here.time_ns or 0
        if self.action == "--set":
            held[one] = (*held.get(one, ()), now)[-KEPT:]
            return decide(True, f"{one} is put on the list", self.negated)
        found = self._found(held.get(one, ()), now)
        if self.action == "--remove":
            held.pop(one, None)
        if self.action == "--update" and found != self.negated and one in held:
            held[one] = (*held[one], now)[-KEPT:]
        return unknown(f"-m recent {self.action}: what the list {self.name} held of {one} before the capture is not in a snapshot",
                       found, weak=False).negate(self.negated)

    def _found(self, stamps: tuple[int, ...], now: int) -> bool:
        fresh = [stamp for stamp in stamps if not self.seconds or now - stamp <= self.seconds * 1_000_000_000]
        return len(fresh) >= max(self.hits, 1)


def bind(clause: Clause, family: str) -> Recent:
    """Bind `-m recent`."""
    bound = Recent()
    for option in clause.options:
        match option.name:
            case "--set" | "--rcheck" | "--update" | "--remove":
                bound.action, bound.negated = option.name, option.negated
            case "--name":
                bound.name = word(option)
            case "--seconds":
                bound.seconds = integer(word(option))
            case "--hitcount":
                bound.hits = integer(word(option))
            case "--rsource" | "--rdest":
                bound.destination = option.name == "--rdest"
            case "--mask":
                bound.mask = address(word(option))
            case "--rttl" | "--reap":
                pass  # they narrow or tidy an answer that is assumed anyway
            case _:
                raise not_known(option)
    if bound.action not in ACTIONS:
        raise BindError("one of --set, --rcheck, --update, --remove is missing")
    return bound
