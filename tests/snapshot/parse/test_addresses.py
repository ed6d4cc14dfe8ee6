"""Addresses told fast are those that the ipaddress module tells, and so is what is none."""

from ipaddress import ip_address, ip_network

import pytest

from snapshot.parse.addresses import address, network

TEXTS = ["10.0.0.1", "255.255.255.255", "0.0.0.0", "256.0.0.1", "01.2.3.4", "1.2.3", "1.2.3.4.5", "", "::1", "fe80::1%eth0", "1.2.3.4/8", "١.2.3.4", " 1.2.3.4"]
LENGTHS = ["", "/0", "/8", "/24", "/32", "/33", "/08", "/", "/255.255.0.0", "/0.0.0.255", "/64", "/-1"]


def answer(tell: object, *given: object, **named: object) -> object:
    """What it returns, or the error's words."""
    try:
        return tell(*given, **named)  # type: ignore[operator]
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("text", TEXTS)
def test_an_address_is_what_ipaddress_says(text: str) -> None:
    """The same object or the same complaint."""
    assert answer(address, text) == answer(ip_address, text)


@pytest.mark.parametrize("text", [text + length for text in TEXTS for length in LENGTHS])
def test_a_network_is_what_ipaddress_says(text: str) -> None:
    """With host bits or without; the same complaint where it is none."""
    assert answer(network, text) == answer(ip_network, text, strict=False)
