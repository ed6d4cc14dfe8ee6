"""The redactor: texts in, texts out, with addresses, identifiers, interface names and (where a format tells) names replaced."""

import hashlib
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from visualize.redact import patterns
from visualize.redact.tree import Address, AddressMap, Network
from visualize.redact.words import Kind, Words

# names that tell nothing of their owner: they stay
VOCABULARY = frozenset({"host", "none", "bridge", "default", "null", "ingress", "docker_gwbridge", "podman", "lo", "self", "all", "any", "docker0"})
_USUAL = re.compile(
    r"(?:lo|eth|en[ops]\d\w*|wlan|wl[ops]\d\w*|ww[ops]\d\w*|(?:en|wl|ww)x[0-9a-f]{12}|docker|docker_gwbridge|br|br-[0-9a-f]{12}|"
    r"veth[0-9a-f]*|bond|team|vlan|tun|tap|wg|"
    r"virbr|vnet|cali[0-9a-f]+|flannel\.?|cni|cni-podman|podman|lxc[0-9a-f]*|lxdbr|cbr|kube-ipvs|nodelocaldns|weave|vethwe-[\w]+|tunl|sit|gre|gretap|erspan|"
    r"ip6tnl|ip6gre|ip_vti|ip6_vti|dummy|ifb|macvtap|macvlan|ipvlan|vxlan[.-]?|geneve|genev_sys_|ppp|usb|ib|vrf|p\d+p|em|nflog|v|h|g|any|all|default|"
    r"ovs-system|ovsbr|cilium_\w+|antrea-\w+|host|nlmon|peer|mgmt|bridge|virbr\d+-nic)\d*(?:[.v]\d+|-nic)?")
_STEM = re.compile(r"^(.*?)(\d*)(?:\.\d+)?$")
_PROCESS = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=')
_EVERYONES = """docker-proxy dockerd containerd sshd systemd systemd-resolve systemd-resolved systemd-network systemd-timesyn chronyd ntpd dnsmasq
rpcbind named nginx apache2 httpd haproxy envoy kubelet kube-proxy coredns etcd rootlessport slirp4netns pasta conmon init"""
_PROCESSES = frozenset(_EVERYONES.split())


class Redactor:
    """Holds the maps; every method gives the replaced form and changes nothing else."""

    def __init__(self, addresses: AddressMap, words: Words, identifiers: Iterable[str] = (), interfaces: Iterable[str] = (),
                 wildcards: Iterable[str] = (), back: bool = False) -> None:
        """`back` turns every method round: from the replaced form to the original.

        `identifiers`: the first twelve digits of every identifier; `interfaces`: their names; `wildcards`: `-i abc+` without the +.
        """
        self.addresses, self.words, self.back = addresses, words, back
        self.identifiers: dict[str, str] = {}  # image -> identifier
        self._known = set(identifiers)
        self.notes: list[str] = []
        self._stems = _stems(interfaces, set(wildcards))
        words.give(Kind.INTERFACE, self._stems)
        ordered = sorted(self._stems, key=len, reverse=True)
        self._interfaces = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ordered))})(?=\d*(?![A-Za-z_-]))") if ordered else None

    # -- single things ------------------------------------------------------------------------------------------------------

    def identifier(self, text: str) -> str:
        """A container's, network's or image's identifier: 64 or 12 hex digits; the 12 are the beginning of the 64."""
        if self.back:
            return self.identifiers.get(text, text)

        def digits(part: str, count: int) -> str:
            return hashlib.blake2b(part.encode(), key=self.addresses.key, person=b"id", digest_size=32).hexdigest()[:count]

        image = digits(text[:12], 12) + (digits(text, len(text) - 12) if len(text) > 12 else "")
        self.identifiers[image] = text
        return image

    def address(self, text: str) -> str:
        """One address as text, in the form that it has."""
        found = patterns.four(text) or patterns.six(text)
        return text if found is None else _like(text, self.addresses.map(found, self.back))

    def workload(self, name: str) -> str:
        """The stand-in of a container or namespace."""
        if name in VOCABULARY or re.fullmatch(r"ns-\d+", name):
            return name
        return self.words(Kind.EARLY if name < "host" else Kind.LATE, name)

    # -- running text ----------------------------------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Addresses, MAC addresses, identifiers and interfaces' own names replaced wherever they stand."""
        text = patterns.TOKEN.sub(self._token, text)
        return self._interfaces.sub(lambda match: self.words(Kind.INTERFACE, match[0]), text) if self._interfaces is not None else text

    def prose(self, text: str) -> str:
        """The same, and names of containers, namespaces and the host too: for sentences and paths, not for files of the kernel's words."""
        text = self.text(text)
        names = {name: new for (kind, name), new in self.words.taken.items() if kind in (Kind.EARLY, Kind.LATE, Kind.HOST, Kind.NETWORK, Kind.IMAGE)}
        if not names:
            return text
        pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        return re.sub(rf"(?<![\w.-])(?:{pattern})(?![\w-])", lambda match: names[match[0]], text)

    def _token(self, match: "re.Match[str]") -> str:
        if match["id64"]:
            return self.identifier(match[0])
        if match["id12"]:
            return self.identifier(match[0]) if match[0] in self._known or self.back else match[0]
        if match["enx"]:
            return match[0][:3] + self.addresses.mac(bytes.fromhex(match[0][3:]), self.back).hex()
        if match["bridge"]:
            return match[0][:5] + self.addresses.mac(bytes.fromhex(match[0][5:]), self.back).hex()
        if match["long"]:
            return hashlib.blake2b(match[0].encode(), key=self.addresses.key, digest_size=20).digest().hex(":")
        if match["mac"]:
            return patterns.mac_like(match[0], self.addresses.mac(patterns.mac(match[0]), self.back))
        return self._four(match) if match["four"] else self._six(match)

    def _four(self, match: "re.Match[str]") -> str:
        address, length = patterns.four(match["four"]), match["len4"]
        if address is None:
            return match[0]
        if length is None:
            return str(self.addresses.map(address, self.back))
        try:
            network = IPv4Network(f"{address}/{length}", strict=False)
        except ValueError:
            self.notes.append(f"{match[0]}: a mask with gaps can't be kept by a map that keeps prefixes")
            return f"{self.addresses.map(address, self.back)}/{length}"
        return f"{self._inside(address, network)}/{length}"

    def _six(self, match: "re.Match[str]") -> str:
        address, length = patterns.six(match["six"]), match["len6"]
        if address is None:
            return match[0]
        if length is None:
            return _like(match["six"], self.addresses.map(address, self.back))
        if int(length) > 128:
            return match[0]
        network = IPv6Network((address, int(length)), strict=False)
        return f"{_like(match['six'], self._inside(address, network))}/{length}"

    def _inside(self, address: Address, network: Network) -> Address:
        """The image of an address that was written with a length: without host bits if it had none."""
        if network.network_address == address:
            return self.addresses.network(network, self.back).network_address
        return self.addresses.map(address, self.back)

    def process_names(self, text: str) -> str:
        """`users:(("name",pid=1,fd=3))` of ss: programs of the owner's own."""
        return _PROCESS.sub(lambda m: f'("{m[1] if m[1] in _PROCESSES else self.words(Kind.PROCESS, m[1])}",pid=', text)


def _like(model: str, address: IPv4Address | IPv6Address) -> str:
    """An address as long or short as the model is written."""
    if isinstance(address, IPv4Address):
        return str(address)
    if "." in model:
        four = IPv4Address(int(address) & 0xFFFFFFFF)
        return str(IPv6Address(int(address) & ~0xFFFFFFFF | 0x00010001)).removesuffix("1:1") + str(four)
    return address.exploded if len(model) == 39 else str(address)


def _stems(interfaces: Iterable[str], wildcards: set[str]) -> set[str]:
    """Names without their number, of interfaces that are not called as everyone's are; a wildcard must go on meaning the same ones."""
    found = set()
    for name in {*interfaces, *wildcards}:
        match = _STEM.match(name)
        if name and not _USUAL.fullmatch(name) and match is not None and len(match[1]) > 1:
            found.add(match[1])
    wild = {_STEM.match(name)[1] for name in wildcards}  # type: ignore[index]
    shorter = {stem for stem in found if any(stem.startswith(w) and stem != w for w in wild)}
    longer = {stem for stem in found if stem in wild and any(s != stem and s.startswith(stem) for s in found)}
    return found - shorter - longer
