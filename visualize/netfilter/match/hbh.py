"""`-m hbh`: the IPv6 hop-by-hop options header (hbh_mt6 in ip6t_hbh.c).

    -A INPUT -m hbh --hbh-len 8 --hbh-opts 5:2 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no
from visualize.netfilter.headers import extension_header, not_captured
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word, words
from visualize.packet.packet import Packet


def _options(header: bytes) -> list[tuple[int, int]]:
    """(type, length) of each option; a Pad1 has length 0."""
    found, at = [], 2
    while at < len(header):
        if header[at] == 0:
            found.append((0, 0))
            at += 1
        elif at + 1 < len(header):
            found.append((header[at], header[at + 1]))
            at += header[at + 1] + 2
        else:
            break
    return found


def _wanted(text: str) -> tuple[int, int | None]:
    kind, colon, size = text.partition(":")
    return integer(kind, 255), integer(size, 255) if colon else None


def header_check(option: Option, number: int, name: str) -> Check:
    """The check of --hbh-len and --hbh-opts, or --dst-len and --dst-opts: length, and the first options in this order."""
    length = integer(word(option), 0xFFFF) if option.name == f"--{name}-len" else None
    wanted = [_wanted(part) for part in words(option)] if option.name == f"--{name}-opts" else []
    if length is None and not wanted:
        raise not_known(option)

    def check(packet: Packet, here: Here) -> Answer:
        if number not in packet.extension_headers:
            return no(f"there is no {name} header")
        header = extension_header(packet, number)
        size = (header[1] + 1) * 8 if header and len(header) > 1 else 0
        if header is None or len(header) < size or not size:
            return not_captured(f"the {name} header").negate(option.negated)
        if length is not None:
            return decide(size == length, f"{name} header is {size} bytes long", option.negated)
        found = _options(header[:size])
        held = len(found) >= len(wanted) and all(
            kind == has[0] and (want is None or want == has[1]) for (kind, want), has in zip(wanted, found, strict=False))
        return decide(held, f"{name} options are {found}", option.negated)

    return check


def there_check(number: int, name: str) -> Check:
    """The header is in the packet."""
    return lambda packet, here: decide(number in packet.extension_headers, f"there is no {name} header")


def bind(clause: Clause, family: str) -> All:
    """Bind `-m hbh`."""
    return All([there_check(0, "hbh"), *(header_check(option, 0, "hbh") for option in clause.options)])
