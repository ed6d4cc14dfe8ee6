"""`-m mh`: the type of a Mobility Header (mh_mt6 in ip6t_mh.c).

    -A INPUT -p ipv6-mh -m mh --mh-type 5:6 -j ACCEPT
"""

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Answer, decide, no, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.headers import hotdrop, needed_bytes, unwalked
from visualize.netfilter.here import Here
from visualize.netfilter.options import All, Check, integer, not_known, word
from visualize.packet.packet import Packet

MOBILITY = 135
NAMES = {"brr": 0, "binding-refresh-request": 0, "hoti": 1, "home-test-init": 1, "coti": 2, "careof-test-init": 2, "hot": 3,
         "home-test": 3, "cot": 4, "careof-test": 4, "bu": 5, "binding-update": 5, "ba": 6, "binding-acknowledgement": 6, "be": 7,
         "binding-error": 7}


def _header(packet: Packet, here: Here) -> Answer:
    if packet.protocol != MOBILITY or packet.fragment_offset > 0:
        return unwalked(packet) or no("not a mobility header")
    header = needed_bytes(packet, 0, 6)
    if isinstance(header, Answer):
        return header
    return hotdrop("something follows the mobility header; the kernel drops the packet") if header[0] != 59 else yes()


def _type(text: str) -> int:
    if text.lower() not in NAMES and not text.isdigit():
        raise BindError(f"mobility type {text!r} is not known")
    return NAMES[text.lower()] if text.lower() in NAMES else integer(text, 255)


def _check(option: Option) -> Check:
    if option.name != "--mh-type":
        raise not_known(option)
    low, colon, high = word(option).partition(":")
    first, last = _type(low or "0"), _type(high or "255") if colon else _type(low)

    def check(packet: Packet, here: Here) -> Answer:
        header = needed_bytes(packet, 0, 6, option.negated)
        if isinstance(header, Answer):
            return header
        return decide(first <= header[2] <= last, f"mobility type is {header[2]}", option.negated)

    return check


def bind(clause: Clause, family: str) -> All:
    """Bind `-m mh`."""
    return All([_header, *(_check(option) for option in clause.options)])
