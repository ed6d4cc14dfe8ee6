"""A world: a host in a network namespace, its peers in namespaces of their own, all silent but for the packets that a case sends."""

import itertools
import mmap
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from . import nflog, wire
from .case import Case
from .netns import PREFIX, LabError, Namespace, run

ETH_P_ALL = 3
SOL_PACKET, PACKET_VERSION, PACKET_RX_RING, TPACKET_V2 = 263, 10, 5, 1
IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_FLOWINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 49, 50, 11, 51, 52
GROUP_TRACE, GROUP_LOCAL = 0, 7
COLLECTOR = Path(__file__).parents[2] / "snapshot" / "collect.sh"
_counter = itertools.count()


@dataclass
class Leg:
    """One interface of the host and what is behind it. `hosts` are the addresses that the peer speaks for."""

    interface: str
    addresses: list[str] = field(default_factory=list)  # with prefix length
    hosts: list[str] = field(default_factory=list)
    gateway: str = ""  # the default route goes here
    bridge: str = ""  # a port of this bridge
    mac: str = ""  # the host's
    peer_mac: str = ""


def legs_of(case: Case) -> list[Leg]:
    """The interfaces of each kind of world."""
    if case.world == "legs":
        return [Leg(**leg) for leg in case.legs]
    if case.family == 4:
        inner = [Leg("eth0", ["10.1.0.1/24"], ["10.1.0.2", "10.1.0.3", "10.1.0.4"]),
                 Leg("eth1", ["10.2.0.1/24", "10.2.0.9/24"], ["10.2.0.2", "10.2.0.3", "10.2.0.4"])]
        outer = ["198.51.100.10/24"], ["198.51.100.1", "198.51.100.2", "198.51.100.80"], "198.51.100.1"
        ports = [Leg(f"veth{n}", [], [f"172.17.0.{n + 1}"], bridge="docker0") for n in (1, 2, 3)]
    else:
        inner = [Leg("eth0", ["2001:db8:1::1/64"], ["2001:db8:1::2", "2001:db8:1::3", "2001:db8:1::4"]),
                 Leg("eth1", ["2001:db8:2::1/64", "2001:db8:2::9/64"], ["2001:db8:2::2", "2001:db8:2::3", "2001:db8:2::4"])]
        outer = ["2001:db8:64::10/64"], ["2001:db8:64::1", "2001:db8:64::2", "2001:db8:64::80"], "2001:db8:64::1"
        ports = [Leg(f"veth{n}", [], [f"fd00:17::{n + 1}"], bridge="docker0") for n in (1, 2, 3)]
    if case.world == "bridge":
        return [Leg("eth0", *outer), *ports]
    if case.world in ("router", "local"):
        return [*inner, Leg("eth2", *outer)]
    raise LabError(f"no such world: {case.world}")


BRIDGE_ADDRESS = {4: "172.17.0.1/16", 6: "fd00:17::1/64"}
BRIDGE_MAC = "02:42:00:00:00:01"
QUIET: dict[str, str | int] = {
    "ipv4.conf.all.forwarding": 1, "ipv4.icmp_ratemask": 0, "ipv4.conf.all.rp_filter": 0, "ipv4.conf.default.rp_filter": 0,
    "ipv4.conf.all.send_redirects": 0, "ipv4.conf.default.send_redirects": 0, "ipv6.icmp.ratelimit": 0, "ipv6.auto_flowlabels": 0,
    "ipv6.conf.all.forwarding": 1, "ipv6.conf.default.accept_dad": 0, "ipv6.conf.default.accept_ra": 0,
    "ipv6.conf.default.router_solicitations": 0, "ipv6.conf.default.addr_gen_mode": 1,
    "ipv6.conf.default.mldv2_unsolicited_report_interval": 1}


class Ring:
    """A packet socket on every interface with a ring (TPACKET_V2), as libpcap's: the bytes are copied the moment they are seen.

    (A plain packet socket queues clones, whose headers the kernel goes on to rewrite where it need not copy: fragments.)
    """

    FRAME, COUNT = 1 << 15, 1 << 9

    def __init__(self) -> None:
        """In the namespace that the caller stands in."""
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        self.sock.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("=IIII", self.FRAME, self.COUNT, self.FRAME, self.COUNT))
        self.memory = mmap.mmap(self.sock.fileno(), self.FRAME * self.COUNT)
        self.next = 0

    def waiting(self) -> "Iterator[tuple[int, int, int, int, int, bytes, bytes]]":
        """Time, protocol, interface index, hardware type, packet type, address, bytes: for each frame since the last call."""
        while True:
            at = self.next * self.FRAME
            status, _, length, _, net, seconds, nanoseconds = struct.unpack_from("=IIIHHII", self.memory, at)
            if not status & 1:  # TP_STATUS_USER
                return
            _, protocol, index, hardware, kind, halen = struct.unpack_from("=H2sIHBB", self.memory, at + 32)
            address = self.memory[at + 44:at + 44 + min(halen, 8)]
            yield (seconds * 10**9 + nanoseconds, int.from_bytes(protocol, "big"), index, hardware, kind, address,
                   self.memory[at + net:at + net + length])
            struct.pack_into("=I", self.memory, at, 0)  # TP_STATUS_KERNEL
            self.next = (self.next + 1) % self.COUNT

    def close(self) -> None:
        """Let the kernel have it back."""
        self.memory.close()
        self.sock.close()


class World:
    """`with World(case) as world:` brings it up with rules loaded; `world.send(...)` sends; `world.drain()` says what was seen."""

    def __init__(self, case: Case) -> None:
        """Nothing is made yet."""
        self.case = case
        self.legs = legs_of(case)
        self.prefix = f"{PREFIX}{os.getpid():x}-{next(_counter)}"
        self.names: dict[int, str] = {}
        self.logs: list[socket.socket] = []  # until `instrument`
        self._stack = ExitStack()

    def __enter__(self) -> "World":
        """Bring it up; all or nothing."""
        try:
            self._bring_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Take it down."""
        self._stack.close()

    def _namespace(self, name: str) -> Namespace:
        made = Namespace(f"{self.prefix}{name}")
        self._stack.callback(made.remove)
        return made

    def _bring_up(self) -> None:
        self.host = self._namespace("h")
        self.peers = {leg.interface: self._namespace(leg.interface) for leg in self.legs}
        self.host.sysctl(QUIET)
        if self.case.family == 4:
            self.host.sysctl({"ipv6.conf.all.disable_ipv6": 1, "ipv6.conf.default.disable_ipv6": 1})
        for peer in self.peers.values():
            peer.sysctl({"ipv6.conf.all.disable_ipv6": 1, "ipv6.conf.default.disable_ipv6": 1})
        self._links()
        self._addresses()
        for command in self.case.setup:
            self.host.run(*command.split())
        self.host.sysctl(self.case.sysctl)
        if self.case.family == 6:
            time.sleep(0.3)  # multicast listener reports of the new addresses
        self._rules()
        self._eyes()

    def _links(self) -> None:
        lines = ["link set lo up"]
        if self.case.world == "bridge":
            lines += [f"link add docker0 address {BRIDGE_MAC} type bridge stp_state 0 mcast_snooping 0 forward_delay 0",
                      "link set docker0 up"]
        for number, leg in enumerate(self.legs):
            leg.mac, leg.peer_mac = f"02:00:00:00:{number:02x}:01", f"02:00:00:00:{number:02x}:02"
            peer = self.peers[leg.interface].name
            lines += [f"link add {leg.interface} address {leg.mac} type veth peer name eth0 address {leg.peer_mac} netns {peer}",
                      f"link set {leg.interface} up" if not leg.bridge else f"link set {leg.interface} master {leg.bridge} up"]
        self.host.batch(lines)
        for peer_space in self.peers.values():
            peer_space.batch(["link set lo up", "link set eth0 up"])
        if self.case.world == "bridge":
            self.host.sysctl({"bridge/bridge-nf-call-iptables": int(self.case.nf_call),
                              "bridge/bridge-nf-call-ip6tables": int(self.case.nf_call)})

    def _addresses(self) -> None:
        lines = []
        if self.case.world == "bridge":
            lines.append(f"addr add {BRIDGE_ADDRESS[self.case.family]} dev docker0")
        for leg in self.legs:
            lines += [f"addr add {address} dev {leg.interface}" for address in leg.addresses]
        for leg in self.legs:
            device = leg.bridge or leg.interface
            lines += [f"neigh replace {host} lladdr {leg.peer_mac} dev {device} nud permanent" for host in leg.hosts]
            if leg.gateway:
                lines.append(f"route add default via {leg.gateway} dev {device}")
        self.host.batch(lines, f"-{self.case.family}")
        for leg in self.legs:
            if leg.bridge:
                self.host.run("bridge", "fdb", "replace", leg.peer_mac, "dev", leg.interface, "master", "static")

    def _rules(self) -> None:
        if self.case.ipset:
            self.host.run("ipset", "restore", stdin=self.case.ipset)
        for backend, text in self.case.rules.items():
            self.host.run(f"{self.tool}-{backend}-restore", stdin=text)
        if self.case.native:
            self.host.run("nft", "-f", "-", stdin=self.case.native)

    @property
    def tool(self) -> str:
        """iptables or ip6tables."""
        return "iptables" if self.case.family == 4 else "ip6tables"

    @property
    def backends(self) -> tuple[str, ...]:
        """Those that the case loads; the first is the one that carries the lab's own rules."""
        return tuple(self.case.rules) or ("legacy",)

    def _eyes(self) -> None:
        """Sockets that watch: every interface, and what the host's own stack takes."""
        with self.host.inside():
            self.any = Ring()
            self._stack.callback(self.any.close)
            self.names = dict(socket.if_nameindex())
            self.taken = [self._raw(number) for number in self._protocols()]
        self.senders = {}
        for leg in self.legs:
            with self.peers[leg.interface].inside():
                sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
                sender.bind(("eth0", 0))
                self._stack.callback(sender.close)
                self.senders[leg.interface] = sender

    def _protocols(self) -> list[int]:
        return [wire.TCP, wire.UDP, wire.ICMP if self.case.family == 4 else wire.ICMPV6, *(wire.PROTOCOLS[name] for name in self.case.protocols)]

    def _raw(self, protocol: int) -> socket.socket:
        family = socket.AF_INET if self.case.family == 4 else socket.AF_INET6
        sock = socket.socket(family, socket.SOCK_RAW, protocol)
        sock.setblocking(False)
        if self.case.family == 6:
            for option in (IPV6_RECVPKTINFO, IPV6_FLOWINFO, IPV6_RECVHOPLIMIT):
                sock.setsockopt(socket.IPPROTO_IPV6, option, 1)
        self._stack.callback(sock.close)
        return sock

    def snapshot(self, output: Path) -> None:
        """Run the project's collector in the host's namespace."""
        if not COLLECTOR.exists():
            raise LabError("no collector: snapshot/collect.sh")
        run(["nsenter", f"--net=/run/netns/{self.host.name}", "sh", str(COLLECTOR), "--netns", "this", "-o", str(output)])

    def instrument(self) -> None:
        """After the snapshot: trace every packet, and log what the host's own processes send. One rule more in raw PREROUTING, two in OUTPUT."""
        family = socket.AF_INET if self.case.family == 4 else socket.AF_INET6
        self.host.sysctl({f"netfilter/nf_log/{family.value}": "nfnetlink_log"})
        with self.host.inside():
            self.logs = [nflog.log_socket(GROUP_TRACE), nflog.log_socket(GROUP_LOCAL)]
            self.traces = nflog.trace_socket()
        for sock in (*self.logs, self.traces):
            self._stack.callback(sock.close)
        for backend in self.backends:
            command = f"{self.tool}-{backend}"
            self.host.run(command, "-t", "raw", "-I", "PREROUTING", "1", "-j", "TRACE")
            self.host.run(command, "-t", "raw", "-I", "OUTPUT", "1", "-j", "TRACE")
        self.host.run(f"{self.tool}-{self.backends[0]}", "-t", "raw", "-I", "OUTPUT", "1", "-j", "NFLOG", "--nflog-group", str(GROUP_LOCAL))

    def lab_rules(self, backend: str, table: str, chain: str) -> int:
        """How many rules `instrument` put on top of a chain."""
        if not self.logs or table != "raw" or chain not in ("PREROUTING", "OUTPUT"):
            return 0
        return 1 + (chain == "OUTPUT" and backend == self.backends[0])

    def way(self, at: str, dst: str) -> str:
        """The MAC address that a peer behind `at` sends to: a neighbour on the same bridge, or the host."""
        here = next(leg for leg in self.legs if leg.interface == at)
        for leg in self.legs:
            if here.bridge and leg.bridge == here.bridge and dst in leg.hosts:
                return leg.peer_mac
        return BRIDGE_MAC if here.bridge else here.mac

    def send(self, at: str, packet: bytes, mac: str = "") -> str:
        """Send one packet from the peer behind `at`, or from the host itself. The error's name where the kernel refused it."""
        head = wire.take_apart(packet)
        if at == "local":
            return self._send_local(packet, head)
        leg = next(leg for leg in self.legs if leg.interface == at)
        frame = bytes.fromhex((mac or self.way(at, head.dst)).replace(":", "") + leg.peer_mac.replace(":", ""))
        self.senders[at].send(frame + struct.pack("!H", wire.ethertype(head.family)) + packet)
        return ""

    def _send_local(self, packet: bytes, head: wire.Header) -> str:
        with self.host.inside(), socket.socket(socket.AF_INET if head.family == 4 else socket.AF_INET6, socket.SOCK_RAW,
                                               socket.IPPROTO_RAW) as sock:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sock.bind((head.src, 0))
                sock.sendto(packet, (head.dst, 0))
            except OSError as error:
                return os.strerror(error.errno or 0)
        return ""

    def frames(self) -> list[wire.Frame]:
        """What an `any` capture of the host has seen since the last call. Frames leaving by lo are left out, as libpcap does."""
        seen = []
        for time_ns, protocol, index, hardware, kind, address, data in self.any.waiting():
            name = self.names.get(index, str(index))
            if not (kind == wire.PACKET_OUTGOING and name == "lo") and protocol in (0x0800, 0x86DD):
                seen.append(wire.Frame(time_ns, index, name, kind, hardware, address, protocol, data))
        return seen

    def delivered(self) -> list[bytes]:
        """The packets that the host's own stack took since the last call (IPv6 headers are put together again)."""
        taken = []
        for sock in self.taken:
            for data, control, _, origin in _waiting(sock):
                taken.append(data if self.case.family == 4 else _rebuilt(data, {c[1]: c[2] for c in control}, str(origin[0]),
                                                                        sock.proto))
        return taken


def _waiting(sock: socket.socket) -> "list[tuple[bytes, list[tuple[int, int, bytes]], int, tuple]]":  # type: ignore[type-arg]
    found = []
    while True:
        try:
            found.append(sock.recvmsg(1 << 17, 1024))
        except BlockingIOError:
            return found


def _rebuilt(body: bytes, control: dict[int, bytes], src: str, protocol: int) -> bytes:
    dst = socket.inet_ntop(socket.AF_INET6, control[IPV6_PKTINFO][:16])
    label = struct.unpack("!I", control[IPV6_FLOWINFO])[0] if IPV6_FLOWINFO in control else 0
    ttl = struct.unpack("=i", control[IPV6_HOPLIMIT])[0]
    return wire.ip(src, dst, protocol, body, ttl=ttl, ident=label & 0xFFFFF, tos=label >> 20 & 0xFF)


def settle(look: Callable[[], bool], limit: float = 0.05) -> None:
    """Wait a moment, longer while `look` says that something still happens."""
    end = time.monotonic() + limit
    time.sleep(0.002)
    while look() and time.monotonic() < end:
        time.sleep(0.002)
