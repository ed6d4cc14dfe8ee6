"""Where addresses stand in running text: each is found whole, and nothing else is taken for one."""

import pytest

from visualize.redact.patterns import TOKEN


@pytest.mark.parametrize(("text", "found"), [
    ("src=10.0.0.1 dst=10.0.0.2/24", ["10.0.0.1", "10.0.0.2/24"]), ("10.0.0.0/255.0.0.0", ["10.0.0.0/255.0.0.0"]), ("to:10.0.0.1:80.", ["10.0.0.1"]),
    ("10.0.0.1-10.0.0.9", ["10.0.0.1", "10.0.0.9"]), ("end 10.0.0.1.", ["10.0.0.1"]), ("mark10.0.0.1x", ["10.0.0.1"]), ("1.2.3 and 1.2.3.4.5", []),
    ("[2001:db8::1]:80", ["2001:db8::1"]), ("no route to 2001:db8::1: told", ["2001:db8::1"]), ("2001:db8::7:33000 > x", ["2001:db8::7"]),
    ("fe80::1%eth0", ["fe80::1"]), ("2001:db8::/32,::1", ["2001:db8::/32", "::1"]), ("::ffff:10.0.0.1", ["::ffff:10.0.0.1"]), ("via fe80:: dev", ["fe80::"]),
    ("2001:0db8:0000:0000:0000:0000:0000:0001", ["2001:0db8:0000:0000:0000:0000:0000:0001"]), ("12:34:56 x", ["12:34:56"]), ("[::]:22 *:*", ["::"]),
    ("link/ether 52:54:00:aa:bb:cc brd", ["52:54:00:aa:bb:cc"]), ("bridge_id 8000.2:42:c0:bd:5b:f0", ["2:42:c0:bd:5b:f0"]),
    ("br0 8000.0242c0bd5bf0 no", ["8000.0242c0bd5bf0"]), ("enx525400aabbcc: up", ["enx525400aabbcc"]), ("br-4f66aabbccdd", ["4f66aabbccdd"]),
    ("a" * 64, ["a" * 64]), ("a" * 63, [])])
def test_what_is_found(text: str, found: list[str]) -> None:
    """Addresses with their lengths, MAC addresses, identifiers; a time of day looks like one and is no address."""
    assert [match[0] for match in TOKEN.finditer(text)] == found
