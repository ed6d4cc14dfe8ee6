"""`-j DNPT`: rewrites an IPv6 prefix of the destination without any connection (ip6t_dnpt_tg in ip6t_NPT.c, RFC 6296).

    -A PREROUTING -d 2001:db8:1::/48 -j DNPT --src-pfx 2001:db8:1::/48 --dst-pfx fd00:1::/48
"""

from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network

from snapshot.host.firewall import Clause
from visualize.netfilter.extension import BindError
from visualize.netfilter.here import Here
from visualize.netfilter.options import network, not_known, word
from visualize.netfilter.outcome import Outcome, RuleVerdict
from visualize.packet.packet import Packet


def _sum(words: list[int]) -> int:
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def _words(address: IPv6Address) -> list[int]:
    return [int.from_bytes(address.packed[at:at + 2], "big") for at in range(0, 16, 2)]


class Npt:
    """The bound target of SNPT and DNPT: `old` and `new` are prefixes of one length."""

    def __init__(self, kind: str, old: IPv6Network, new: IPv6Network) -> None:
        self.kind, self.old, self.new = kind, old, new
        self.length = max(old.prefixlen, new.prefixlen)
        self.adjustment = _sum([*_words(old.network_address), *(~one & 0xFFFF for one in _words(new.network_address))])

    def act(self, packet: Packet, here: Here) -> Outcome:
        """CONTINUE with the new address; DROP where the checksum can't be kept the same (ip6t_npt_map_pfx)."""
        source = self.kind == "SNPT"
        mapped = self._mapped(packet.src if source else packet.dst)
        if mapped is None:
            return Outcome(RuleVerdict.DROP, note="the prefix can't be mapped without changing the checksum")
        return Outcome(packet=replace(packet, src=mapped) if source else replace(packet, dst=mapped), kind=self.kind)

    def _mapped(self, address: object) -> IPv6Address | None:
        if not isinstance(address, IPv6Address):
            return None
        keep = (1 << 128 - self.length) - 1
        words = _words(IPv6Address(int(self.new.network_address) & ~keep | int(address) & keep))
        at = 3 if self.length <= 48 else next((i for i in range(4, 8) if words[i] != 0xFFFF), None)
        if at is None:
            return None
        words[at] = _sum([words[at], self.adjustment])
        words[at] = 0 if words[at] == 0xFFFF else words[at]
        return IPv6Address(b"".join(one.to_bytes(2, "big") for one in words))


def bind_npt(clause: Clause, kind: str) -> Npt:
    """Bind --src-pfx (what the address has) and --dst-pfx (what it gets)."""
    prefixes: dict[str, IPv6Network] = {}
    for option in clause.options:
        if option.name not in ("--src-pfx", "--dst-pfx"):
            raise not_known(option)
        prefix = network(word(option))
        if not isinstance(prefix, IPv6Network) or prefix.prefixlen > 64:
            raise BindError(f"{option.name} {prefix} is not an IPv6 prefix of at most 64 bits")
        prefixes[option.name] = prefix
    if len(prefixes) != 2:
        raise BindError("--src-pfx and --dst-pfx are both needed")
    return Npt(kind, prefixes["--src-pfx"], prefixes["--dst-pfx"])


def bind(clause: Clause, family: str) -> Npt:
    """Bind `-j DNPT`."""
    return bind_npt(clause, "DNPT")
