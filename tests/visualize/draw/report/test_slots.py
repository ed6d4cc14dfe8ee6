"""Templates lose nothing: filled with their own packet's values they are the text again."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from visualize.draw.report.slots import Slots, Template
from visualize.packet.packet import Packet

FIRST = Packet(ip_address("10.0.0.1"), ip_address("192.0.2.80"), 6, sport=40000, dport=80)
FORMS = [FIRST, replace(FIRST, dst=ip_address("172.17.0.2"), dport=8080)]


def filled(made: Template, forms: list[Packet]) -> str:
    """The template as the page fills it."""
    return made if isinstance(made, str) else "".join(part if isinstance(part, str) else Slots(forms).values[part] or "" for part in made)


def template(text: str, forms: list[Packet]) -> Template:
    """The text's template for these forms of a packet."""
    return Slots(forms).template(text)


@pytest.mark.parametrize("text", ["", "leaves by eth0", "no route to 192.0.2.80", "10.0.0.1:40000 > 192.0.2.80:80", "10.0.0.1:400000", "10.0.0.11", "to 172.17.0.2:8080 (was 192.0.2.80:80)",
                                  "192.0.2.80192.0.2.80", ":80", "{2} [2] %s"])
def test_filling_gives_the_text_again(text: str) -> None:
    """For any text, whatever it holds."""
    assert filled(template(text, FORMS), FORMS) == text


def test_addresses_and_their_ports_become_slots() -> None:
    """So two flows' sentences are one template; a port alone, or another number that begins alike, stays text."""
    other = [replace(FIRST, src=ip_address("10.0.0.9"), sport=5), *FORMS[1:]]
    assert template("from 10.0.0.1:40000 by eth0", FORMS) == template("from 10.0.0.9:5 by eth0", other) == ["from ", 0, ":", 1, " by eth0"]
    assert template("port 80", FORMS) == "port 80"
    assert template("192.0.2.80:8080", FORMS) == [2, ":8080"]


def test_ipv6_in_brackets() -> None:
    """`[address]:port` is an address and a port."""
    six = [Packet(ip_address("2001:db8::1"), ip_address("2001:db8::2"), 17, sport=53, dport=5353)]
    assert template("[2001:db8::2]:5353 was closed", six) == ["[", 2, "]:", 3, " was closed"]
