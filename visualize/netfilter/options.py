"""How extensions read their options: numbers, ranges, ports, `V/M` pairs; and the AND of their checks.

What belongs here is text to values, shared by many extensions. Everything that can't be read raises BindError, which names it.
"""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from snapshot.host.firewall import Clause, Option
from snapshot.host.link import IPAddress, IPNetwork
from visualize.netfilter.answer import Answer, every, unknown, yes
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.outcome import CONTINUE, Outcome
from visualize.packet.packet import Packet

Check = Callable[[Packet, Here], Answer]
FULL_MARK = 0xFFFFFFFF

# The names that people write in rules; iptables-save itself prints numbers only.
SERVICES = {
    "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "bootps": 67, "bootpc": 68, "tftp": 69,
    "finger": 79, "http": 80, "www": 80, "kerberos": 88, "pop3": 110, "sunrpc": 111, "auth": 113, "ident": 113, "nntp": 119,
    "ntp": 123, "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "imap2": 143, "imap": 143, "snmp": 161,
    "snmp-trap": 162, "bgp": 179, "irc": 194, "ldap": 389, "https": 443, "microsoft-ds": 445, "submissions": 465, "isakmp": 500,
    "syslog": 514, "printer": 515, "dhcpv6-client": 546, "dhcpv6-server": 547, "rtsp": 554, "submission": 587, "ipp": 631,
    "ldaps": 636, "domain-s": 853, "rsync": 873, "imaps": 993, "pop3s": 995, "socks": 1080, "openvpn": 1194, "ms-sql-s": 1433,
    "radius": 1812, "nfs": 2049, "mysql": 3306, "rdp": 3389, "ms-wbt-server": 3389, "ipsec-nat-t": 4500, "sip": 5060,
    "sip-tls": 5061, "xmpp-client": 5222, "mdns": 5353, "postgresql": 5432, "x11": 6000, "http-alt": 8080,
}


class All:
    """A bound match made of checks, tested in order: the first NO decides, as in the kernel's functions."""

    def __init__(self, checks: list[Check]) -> None:
        self.checks = checks

    def test(self, packet: Packet, here: Here) -> Answer:
        """AND over the checks; NO (or a hotdrop) at the first that fails."""
        unsettled = []
        for check in self.checks:
            answer = check(packet, here)
            if answer.truth == 0 or answer.hotdrop:
                return answer
            if answer.truth == 1:
                unsettled.append(answer)
        return every(unsettled) if unsettled else yes()


class Passive:
    """A target that changes nothing a rule or route could see (LOG, NFLOG, TRACE, ...): XT_CONTINUE."""

    steady = True

    def __init__(self, note: str = "") -> None:
        self.outcome = Outcome(note=note) if note else CONTINUE

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE, always."""
        return self.outcome


def not_known(option: Option) -> BindError:
    """The error for an option that an extension has never heard of."""
    return BindError(f"option {option.name} is not known")


def word(option: Option) -> str:
    """The one value of an option."""
    if not option.values:
        raise BindError(f"{option.name} needs a value")
    return option.values[0]


def words(option: Option) -> list[str]:
    """The parts of a comma-separated value."""
    return [part for part in word(option).split(",") if part]


def integer(text: str, largest: int = 0xFFFFFFFF) -> int:
    """A number as strtoul reads it: 16, 0x10, 020."""
    digits = text.strip()
    try:
        octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError as error:
        raise BindError(f"{text!r} is not a number") from error
    if not 0 <= value <= largest:
        raise BindError(f"{text!r} is not between 0 and {largest}")
    return value


def number_range(text: str, largest: int, separator: str = ":") -> tuple[int, int]:
    """`5`, `5:9`, `5:`, `:9` as (first, last)."""
    first, colon, last = text.partition(separator)
    if not colon:
        return integer(first, largest), integer(first, largest)
    return integer(first, largest) if first else 0, integer(last, largest) if last else largest


def value_and_mask(text: str, full: int = FULL_MARK) -> tuple[int, int]:
    """`V/M` or `V` (all bits)."""
    value, slash, mask = text.partition("/")
    return integer(value, full), integer(mask, full) if slash else full


def port(text: str) -> int:
    """A port number or a service's name."""
    return SERVICES[text] if text in SERVICES else integer(text, 65535)


def port_range(text: str, separator: str = ":") -> tuple[int, int]:
    """`80`, `80:90`, `80:` (to 65535), `:90` (from 0), with names where people write them."""
    if text in SERVICES:
        return SERVICES[text], SERVICES[text]
    first, colon, last = text.partition(separator)
    low = port(first) if first else 0
    if not colon:
        return low, low
    return low, port(last) if last else 65535


def address(text: str) -> IPAddress:
    """An address of either family."""
    try:
        return ip_address(text)
    except ValueError as error:
        raise BindError(f"{text!r} is not an address") from error


def network(text: str) -> IPNetwork:
    """A network, with a prefix length or an IPv4 mask; a bare address is a network of one."""
    base, slash, mask = text.partition("/")
    try:
        if slash and ":" in mask:
            bits = f"{int(ip_address(mask)):0128b}"
            if "01" in bits:
                raise ValueError("a mask with holes")
            mask = str(bits.count("1"))
        return ip_network(f"{base}/{mask}" if slash else base, strict=False)
    except ValueError as error:
        raise BindError(f"{text!r} is not an address or network") from error


def address_range(text: str) -> tuple[IPAddress, IPAddress]:
    """`A-B`, or `A` for a range of one."""
    first, dash, last = text.partition("-")
    return address(first), address(last if dash else first)


def unanswerable(clause: Clause, options: str, why: str, default: bool = False, settle: str = "", weak: bool = True) -> All:
    """A match whose answer no snapshot holds: UNKNOWN with its reason; `default` is turned where an option is negated.

    `options` are the names that it knows, separated by blanks.
    """
    known = options.split()
    for option in clause.options:
        if option.name not in known:
            raise not_known(option)
    negated = any(option.negated for option in clause.options)
    answer = unknown(f"-m {clause.name}: {why}", default, settle, weak).negate(negated)
    return All([lambda packet, here: answer])


def passive(clause: Clause, options: str) -> Passive:
    """A target that only looks on; `options` are the names that it knows, separated by blanks."""
    for option in clause.options:
        if option.name not in options.split():
            raise not_known(option)
    return Passive()
