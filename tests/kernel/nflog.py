"""The kernel's own trace, read from netlink: legacy TRACE and NFLOG by nfnetlink_log, nft traces by nf_tables."""

import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

NETLINK_NETFILTER = 12
SUBSYS_NFTABLES, SUBSYS_ULOG = 10, 4
MSG_TRACE, MSG_PACKET, MSG_CONFIG = 17, 0, 1
GROUP_NFTRACE = 9
NETLINK_ADD_MEMBERSHIP = 1
SOL_NETLINK = 270
HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
LEGACY = re.compile(r"TRACE: (\w+):(\S+):(rule|return|policy):(\d+) ?$")


@dataclass(frozen=True)
class Traced:
    """One line of a trace: the rule (by number, or by handle as nf_tables has it), the packet there, in order of happening."""

    backend: str  # legacy | nft
    family: str  # ip | ip6
    table: str
    chain: str
    kind: str  # rule | return | policy
    number: int  # rule number (legacy), handle (nft)
    packet: bytes  # from the IP header; nft shows it once per chain walk at least
    mark: int = 0


@dataclass(frozen=True)
class Logged:
    """What an NFLOG rule saw: hook, and the packet from its IP header."""

    hook: str
    packet: bytes


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Netlink attributes, nested ones not opened."""
    while len(data) >= 4:
        length, kind = struct.unpack("=HH", data[:4])
        if length < 4:
            return
        yield kind & 0x3FFF, data[4:length]
        data = data[length + 3 & ~3:]


def _attribute(kind: int, payload: bytes) -> bytes:
    return (struct.pack("=HH", 4 + len(payload), kind) + payload).ljust(4 + len(payload) + 3 & ~3, b"\0")


def _config(family: int, group: int, *options: bytes) -> bytes:
    body = struct.pack("=BBH", family, 0, socket.htons(group)) + b"".join(options)
    return struct.pack("=IHHII", 16 + len(body), SUBSYS_ULOG << 8 | MSG_CONFIG, 1, 0, 0) + body


def log_socket(group: int) -> socket.socket:
    """A socket that gets what nfnetlink_log sends to `group`, of the namespace that the caller stands in."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.bind((0, 0))
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE
    for family in (socket.AF_INET, socket.AF_INET6):
        sock.send(_config(family, 0, _attribute(1, b"\x03")))  # NFULNL_CFG_CMD_PF_BIND
    sock.send(_config(0, group, _attribute(1, b"\x01")))  # NFULNL_CFG_CMD_BIND
    sock.send(_config(0, group, _attribute(2, struct.pack("!IBB", 0xFFFF, 2, 0))))  # NFULNL_COPY_PACKET
    sock.send(_config(0, group, _attribute(5, struct.pack("!I", 1))))  # QTHRESH: each packet at once
    sock.setblocking(False)
    return sock


def trace_socket() -> socket.socket:
    """A socket that gets the nf_tables traces of the namespace that the caller stands in."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.bind((0, 0))
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)
    sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP_NFTRACE)
    sock.setblocking(False)
    return sock


def messages(sock: socket.socket) -> Iterator[tuple[int, bytes]]:
    """All waiting netlink messages: type, and the payload behind the netlink header."""
    while True:
        try:
            data = sock.recv(1 << 18)
        except BlockingIOError:
            return
        while len(data) >= 16:
            length, kind = struct.unpack("=IH", data[:6])
            yield kind, data[16:length]
            data = data[length + 3 & ~3:]


def drain_log(sock: socket.socket) -> Iterator[Logged | Traced]:
    """What nfnetlink_log sent: legacy trace lines, and packets of NFLOG rules."""
    for kind, body in messages(sock):
        if kind != SUBSYS_ULOG << 8 | MSG_PACKET:
            continue
        fields = dict(attributes(body[4:]))
        hook = HOOKS[fields[1][2]]
        prefix = fields.get(10, b"").rstrip(b"\0").decode()
        packet = fields.get(9, b"")
        mark = struct.unpack("!I", fields[2])[0] if 2 in fields else 0
        found = LEGACY.search(prefix)
        if found:
            family = "ip6" if body[0] == socket.AF_INET6 else "ip"
            yield Traced("legacy", family, found[1], found[2], found[3], int(found[4]), packet, mark)
        else:
            yield Logged(hook, packet)


def drain_trace(sock: socket.socket) -> Iterator[Traced]:
    """What nf_tables traced. The packet is known from the first message of a chain walk on."""
    kinds = {1: "policy", 2: "return", 3: "rule"}
    packets: dict[bytes, bytes] = {}
    for kind, body in messages(sock):
        if kind != SUBSYS_NFTABLES << 8 | MSG_TRACE:
            continue
        fields = dict(attributes(body[4:]))
        key = fields.get(6, b"")
        if 8 in fields:
            packets[key] = fields[8] + fields.get(9, b"")
        family = {2: "ip", 10: "ip6"}.get(body[0], str(body[0]))
        handle = struct.unpack("!Q", fields[3])[0] if 3 in fields else 0
        mark = struct.unpack("!I", fields[14])[0] if 14 in fields else 0
        line = Traced("nft", family, _text(fields.get(1, b"")), _text(fields.get(2, b"")),
                      kinds.get(struct.unpack("!I", fields[4])[0], "?"), handle, packets.get(key, b""))
        yield replace(line, mark=mark)


def _text(data: bytes) -> str:
    return data.rstrip(b"\0").decode()
