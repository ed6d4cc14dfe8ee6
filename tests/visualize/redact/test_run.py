"""A redaction from beginning to end: every sample and recorded world, a host full of names, and proofs that fail where they must."""

import gzip
import io
import json
import re
import shutil
import struct
import tarfile
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import PcapNgWriter, PcapWriter

from visualize.cli import main
from visualize.redact import files as redact_files
from visualize.redact import formats, packets, run

ROOT = Path(__file__).parent.parent.parent.parent
SAMPLES = sorted((ROOT / "samples").glob("*/snapshot.tar.gz"))
WORLDS = sorted(path.parent for path in (ROOT / "tests/kernel/recorded").glob("*/expected.ndjson"))
# what no map of addresses and no removal of payload can keep: helpers, hashes of addresses (NAT to a range), arithmetic on them
DEPENDS = re.compile(r"--helper |--to-(?:source|destination) \S+-\S+|NETMAP|[SD]NPT|HMARK|-m (?:u32|bpf|cluster|string)|dport (?:21|69|5060)\b")
KEY = b"a key for tests!"


def contents(path: Path) -> dict[str, bytes]:
    """The files of a tarball."""
    with tarfile.open(path) as archive:
        return {m.name.partition("/")[2]: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]


def cli(*arguments: str, **options: str) -> Result:
    """What a user would type."""
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.parent.name))
def test_every_sample(sample: Path, tmp_path: Path) -> None:
    """Proved, readable by its owner alone; and no address of the original is in it, looked for with other means than the proof's own."""
    out = tmp_path / "public.tar.gz"
    done = run.redact(str(sample), str(out), None, bytes([3] * 16))  # with some keys 172.22.0.1 is the image of another one of these 16 networks
    assert done.proof.packets > 30
    assert out.stat().st_mode & 0o777 == 0o600
    before, after = contents(sample), contents(out)
    whole, captures = b"\n".join(after.values()), b"".join(data for path, data in after.items() if path.endswith(".pcap"))
    text = b"\n".join(data for path, data in before.items() if not path.endswith(".pcap")).decode()
    for four in {m for m in re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text) if all(int(part) < 256 for part in m.split("."))}:
        address = ip_address(four)
        if not (address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local or address.is_reserved):
            assert not re.search(rb"(?<![\d.])" + re.escape(four.encode()) + rb"(?![\d.])", whole), four
            assert address.packed not in captures
            assert address.packed.hex().encode() not in whole.lower()
    for mac in set(re.findall(r"(?<![0-9a-f:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])", text)):
        if not int(mac[:2], 16) & 1 and mac != "00:00:00:00:00:00":
            assert mac.encode() not in whole
            assert bytes.fromhex(mac.replace(":", "")) not in captures
    for identifier in set(re.findall(r'"Id": "([0-9a-f]{64})"', text)):
        assert identifier[:12].encode() not in whole


def test_a_captures_headers_are_the_same_but_for_addresses() -> None:
    """Times, lengths, ports, flags and sequence numbers: frame by frame."""
    from visualize.packet.decode import decode
    from visualize.packet.pcap import read_frames
    data = contents(SAMPLES[0])["captures/host-any.pcap"]
    from visualize.redact.captures import rewrite
    from visualize.redact.tree import AddressMap
    after = rewrite(data, packets.Packets(AddressMap(KEY)), str, "c")
    pairs = list(zip(read_frames(data, "a"), read_frames(after, "b"), strict=True))
    assert pairs
    for old, new in pairs:
        assert (old.time_ns, len(old.data), old.original_length) == (new.time_ns, len(new.data), new.original_length)
        first, second = decode(old), decode(new)
        assert (first is None) == (second is None)
        if first is not None and second is not None:
            for field in ("protocol", "sport", "dport", "tcp_flags", "seq", "ack", "ttl", "length", "icmp_type", "icmp_id", "tcp_options", "transport_length"):
                assert getattr(first.packet, field) == getattr(second.packet, field)


@pytest.mark.parametrize("world", WORLDS, ids=lambda path: str(path.name))
def test_recorded_worlds(world: Path, tmp_path: Path) -> None:
    """Worlds of the kernel lab, random ones among them, with their capture put beside them."""
    root = tmp_path / "world"
    with tarfile.open(world / "snapshot.tar.gz") as archive:
        archive.extractall(root, filter="data")
    inner = next(path.parent for path in root.rglob("netns"))
    (inner / "captures").mkdir(exist_ok=True)
    shutil.copy(world / "any.pcap", inner / "captures" / "host-any.pcap")
    rules = "".join(path.read_text() for path in inner.rglob("ip*tables*save.txt"))
    done, refusal = None, ""
    try:
        done = run.redact(str(inner), str(tmp_path / "public.tar.gz"), None)
    except run.NotProved as problem:
        refusal = str(problem)
    if done is None:
        assert "helpers of ftp" in refusal  # the reason is named
        assert DEPENDS.search(rules), refusal
        assert not (tmp_path / "public.tar.gz").exists()
        return
    assert done.proof.packets > 0
    assert done.proof.probes > 0


# ---- a host full of names ------------------------------------------------------------------------------------------------------

SECRETS = ["acme", "zanzibar", "hunter", "alice", "payroll", "secret", "203.0.113.77", "192.168.44.7", "10.20.30.40", "2001:db8:beef::5", "52:54:00:aa:bb:cc",
           "5254:ff:feaa", "4f66aabbccdd", "oracle", "CUSTOMER"]
IDENTIFIER, NETWORK = "4f66aabbccdd" + "0123456789abcdef" * 3 + "0123", "9c1eaabbccdd" + "0123456789abcdef" * 3 + "4567"
RULES = """# a remark about zanzibar
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:CUSTOMER-IN - [0:0]
:DOCKER-USER - [0:0]
[1:40] -A INPUT -i acme0 -s 192.168.44.0/24 -j CUSTOMER-IN
[1:40] -A INPUT -i acme+ -p udp -m comment --comment "for zanzibar's \\"payroll\\"" -j ACCEPT
[1:40] -A INPUT -m set --match-set zanzibar-hosts src -j LOG --log-prefix "payroll drop: "
[1:40] -A INPUT -m recent --update --seconds 60 --name hunter --rsource -j DROP
[1:40] -A INPUT -m iprange --src-range 203.0.113.70-203.0.113.80 -j ACCEPT
[1:40] -A OUTPUT -m owner --uid-owner alice -j ACCEPT
[1:40] -A CUSTOMER-IN -p tcp -m tcp --dport 5432 -m string --string "secret.example.com" --algo bm -j DROP
[1:40] -A CUSTOMER-IN -m mac --mac-source 52:54:00:AA:BB:CC -j ACCEPT
[1:40] -A CUSTOMER-IN -g DOCKER-USER
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
[0:0] -A PREROUTING -d 203.0.113.77/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.44.7:8080
[0:0] -A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.77
COMMIT
"""
LINKS = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 52:54:00:aa:bb:cc brd ff:ff:ff:ff:ff:ff
    alias uplink to zanzibar payroll
3: acme0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 52:54:00:aa:bb:cd brd ff:ff:ff:ff:ff:ff
"""
ADDRESSES = """2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 203.0.113.77/24 brd 203.0.113.255 scope global eth0
    inet6 2001:db8:beef::5/64 scope global
    inet6 fe80::5254:ff:feaa:bbcc/64 scope link
3: acme0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP
    inet 192.168.44.1/24 brd 192.168.44.255 scope global acme0
"""
FILES = {
    "netns/host/ip-link.txt": LINKS, "netns/host/ip-addr.txt": ADDRESSES,
    "netns/host/ip-4-route.json": json.dumps([{"dst": "default", "gateway": "203.0.113.1", "dev": "eth0"}, {"dst": "192.168.44.0/24", "dev": "acme0"},
                                              {"dst": "10.20.30.40", "dev": "acme0", "table": "payroll"}]),
    "netns/host/ip-4-rule.json": json.dumps([{"priority": 0, "src": "all", "table": "local"}, {"priority": 9, "src": "10.20.0.0", "srclen": 16, "table": "payroll"},
                                             {"priority": 32766, "src": "all", "table": "main"}]),
    "netns/host/iptables-legacy-save.txt": RULES,
    "netns/host/ipset-save.txt": 'create zanzibar-hosts hash:net family inet hashsize 1024 maxelem 65536 comment\nadd zanzibar-hosts 10.20.0.0/16 comment "zanzibar, 1"\n',
    "netns/host/sysctl.txt": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.acme0.forwarding = 1\n",
    "netns/host/ss.txt": 'tcp LISTEN 0 128 203.0.113.77:22 0.0.0.0:* users:(("acmed",pid=7,fd=3))\ntcp LISTEN 0 128 [::ffff:192.168.44.7]:80 *:*\n',
    "netns/host/proc-net-tcp.txt": "  sl  local_address rem_address   st\n   0: 4D7100CB:0016 00000000:0000 0A\n",
    "netns/host/nft-ruleset.txt": 'table inet acme { # handle 1\n\tset oracle {\n\t\ttype ipv4_addr\n\t}\n\tchain payroll {\n\t\tip saddr @oracle comment "secret" '
                                  'log prefix "alice" meta skuid "alice" jump payroll2\n\t}\n\tchain payroll2 {\n\t}\n}\n',
    "netns/host/nft-ruleset.json": json.dumps({"nftables": [
        {"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "acme", "handle": 1}},
        {"set": {"family": "inet", "table": "acme", "name": "oracle", "type": "ipv4_addr", "flags": ["interval"],
                 "elem": [{"prefix": {"addr": "10.20.0.0", "len": 16}}, {"range": ["203.0.113.70", "203.0.113.80"]}, "192.168.44.7"]}},
        {"counter": {"family": "inet", "table": "acme", "name": "zanzibar", "packets": 1, "bytes": 2}},
        {"chain": {"family": "inet", "table": "acme", "name": "payroll", "handle": 2}}, {"chain": {"family": "inet", "table": "acme", "name": "payroll2"}},
        {"rule": {"family": "inet", "table": "acme", "chain": "payroll", "comment": "secret", "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "@oracle"}},
            {"match": {"op": "==", "left": {"meta": {"key": "skuid"}}, "right": "alice"}}, {"counter": "zanzibar"},
            {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "acme0"}},
            {"log": {"prefix": "hunter"}}, {"jump": {"target": "payroll2"}}]}}]}),
    "netns/acme-payroll/ip-addr.txt": "2: eth0@if9: <UP> mtu 1500\n    inet 192.168.44.7/24 brd 192.168.44.255 scope global eth0\n",
    "netns/acme-payroll/ip-link.txt": "2: eth0@if9: <UP> mtu 1500\n    link/ether 02:42:c0:a8:2c:07 brd ff:ff:ff:ff:ff:ff link-netnsid 0\n",
    "once/docker-inspect.json": json.dumps([{
        "Id": IDENTIFIER, "Name": "/acme-payroll", "Args": ["--password=hunter2"], "State": {"Status": "running", "Pid": 9},
        "Config": {"Hostname": "zanzibar7", "Image": "registry.acme.example/payroll:1", "Env": ["PASSWORD=hunter2"], "Labels": {"owner": "alice"}},
        "HostConfig": {"NetworkMode": "acmenet", "Binds": ["/home/alice:/x"], "ExtraHosts": ["oracle:10.20.30.40"]},
        "NetworkSettings": {"Networks": {"acmenet": {"IPAddress": "192.168.44.7", "Aliases": ["payroll", IDENTIFIER[:12]], "NetworkID": NETWORK}}}}], indent=4),
    "once/docker-network-inspect.json": json.dumps([{"Name": "acmenet", "Id": NETWORK, "Driver": "bridge", "IPAM": {"Config": [{"Subnet": "192.168.44.0/24"}]},
                                                     "Labels": {"x": "hunter"}, "Options": {"secret": "hunter", "com.docker.network.bridge.name": "acme0"}}]),
    "once/docker-info.txt": "Name: zanzibar\n", "notes-from-alice.txt": "call zanzibar",
    "manifest.json": json.dumps({"schema": "packetpath-snapshot/1", "hostname": "zanzibar", "netns": [
        {"name": "host", "inode": 1, "dir": "netns/host", "containers": []},
        {"name": "acme-payroll", "inode": 2, "dir": "netns/acme-payroll", "containers": ["acme-payroll"]}],
        "containers": [{"name": "acme-payroll", "id": IDENTIFIER, "pid": 9, "netns": "acme-payroll", "mode": "acmenet", "shares": ""}],
        "captures": [{"file": "captures/host-eth0.pcap", "netns": "host", "interface": "eth0", "filter": "host 203.0.113.77"},
                     {"file": "captures/acme-payroll-eth0.pcapng", "netns": "acme-payroll", "interface": "eth0"}],
        "commands": [{"file": "netns/host/ip-link.txt", "netns": "host", "command": "nsenter --net=/run/netns/acme-payroll", "status": 0,
                      "stderr": "alice", "sha256": "0" * 64}],
        "missing": [{"file": "netns/acme-payroll", "netns": "acme-payroll", "command": "nsenter", "why": "/run/netns/acme-payroll: zanzibar"},
                    {"file": "netns/oracle-gone", "netns": "oracle-gone", "command": "nsenter --net=/run/netns/oracle-gone", "why": "it ended"}]})}


def world(folder: Path, **changed: str) -> Path:
    """The host on disk, with two captures."""
    for path, text in {**FILES, **changed}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "captures").mkdir(exist_ok=True)
    outer = Ether(src="52:54:00:00:00:99", dst="52:54:00:aa:bb:cc")
    with PcapWriter(str(folder / "captures/host-eth0.pcap"), sync=True) as writer:
        writer.write(outer / IP(src="203.0.113.9", dst="203.0.113.77", id=1) / TCP(sport=4000, dport=80, flags="S"))
        writer.write(outer / IP(src="10.20.1.1", dst="203.0.113.77", id=2) / UDP(sport=53, dport=53) / DNS(qd=DNSQR(qname="secret.zanzibar.example")))
        writer.write(outer / IP(src="203.0.113.75", dst="203.0.113.77", id=3) / TCP(sport=4001, dport=22, flags="S"))
    with PcapNgWriter(str(folder / "captures/acme-payroll-eth0.pcapng")) as writer:
        hello = Ether(src="02:42:c0:a8:2c:07", dst="52:54:00:aa:bb:cd") / IP(src="192.168.44.7", dst="10.20.30.40") / TCP(flags="PA") / Raw(b"\x16\x03\x01secret.acme")
        hello.comment = b"alice was here"
        writer.write(hello)
    return folder


def test_a_host_full_of_names(tmp_path: Path) -> None:
    """Aliases, chains, sets, comments, prefixes, lists, users, programs, tables, images, networks, labels, environment, payload, comments in a capture."""
    out, private = tmp_path / "public.tar.gz", tmp_path / "map.json"
    done = run.redact(str(world(tmp_path / "acme")), str(out), str(private))
    assert done.proof.packets == 4
    after = contents(out)
    whole = "\n".join(after).encode() + b"\n" + b"\n".join(after.values())
    for secret in SECRETS:
        assert secret.lower().encode() not in whole.lower(), secret
    for data in (bytes.fromhex("cb00714d"), bytes.fromhex("c0a82c07"), b"CB00714D", b"4D7100CB"):
        assert data not in whole
    assert set(done.left_out) == {"once/docker-info.txt", "notes-from-alice.txt"}
    assert private.stat().st_mode & 0o777 == 0o600


def test_what_everybody_has_is_kept(tmp_path: Path) -> None:
    """Built-in and Docker's own chains, usual interfaces, loopback, ports, masks; a wildcard still means its interface."""
    out = tmp_path / "public.tar.gz"
    run.redact(str(world(tmp_path / "acme")), str(out), None)
    rules = contents(out)["netns/host/iptables-legacy-save.txt"].decode()
    assert "-A INPUT -i nic1x0 -s 192.168." in rules
    assert "-A INPUT -i nic1x+ -p udp" in rules
    assert ":DOCKER-USER - [0:0]" in rules
    assert re.search(r"-A CHAIN-001 -p tcp -m tcp --dport 5432", rules)
    assert re.search(r"--to-destination 192\.168\.\d+\.\d+:8080", rules)
    assert "conf.nic1x0.forwarding" in contents(out)["netns/host/sysctl.txt"].decode()


def test_a_reply_is_turned_back(tmp_path: Path) -> None:
    """What support writes about the redacted snapshot becomes the original's words: the flows of both are the same text."""
    out, private = tmp_path / "public.tar.gz", tmp_path / "map.json"
    source = world(tmp_path / "acme")
    assert cli("redact", str(source), "-o", str(out), "--map", str(private)).exit_code == 0
    told = cli("flows", str(out), "--format", "json").stdout
    assert told != cli("flows", str(source), "--format", "json").stdout
    back = cli("unredact-text", "--map", str(private), input=told).stdout
    assert json.loads(back) == json.loads(cli("flows", str(source), "--format", "json").stdout)
    reply = tmp_path / "reply.txt"
    reply.write_text(f"Rule 2 of CHAIN-001 drops it ({next(iter(json.loads(private.read_text())['addresses']))})\n")
    assert "Rule 2 of CUSTOMER-IN drops it" in cli("unredact-text", str(reply), "--map", str(private)).stdout


def test_a_map_used_again_gives_the_same_names(tmp_path: Path) -> None:
    """A second snapshot of the same host: the same key, the same stand-ins."""
    source, private = world(tmp_path / "acme"), tmp_path / "map.json"
    run.redact(str(source), str(tmp_path / "1.tar.gz"), str(private))
    run.redact(str(source), str(tmp_path / "2.tar.gz"), str(private))
    assert contents(tmp_path / "1.tar.gz") == contents(tmp_path / "2.tar.gz")


def test_a_map_used_for_a_host_that_has_grown(tmp_path: Path) -> None:
    """Another interface's network: what is known goes on meaning the same, and what had to move is said."""
    private = tmp_path / "map.json"
    run.redact(str(world(tmp_path / "acme")), str(tmp_path / "1.tar.gz"), str(private))
    more = ADDRESSES + "    inet 10.20.30.41/24 brd 10.20.30.255 scope global secondary acme0\n"
    done = run.redact(str(world(tmp_path / "acme", **{"netns/host/ip-addr.txt": more})), str(tmp_path / "2.tar.gz"), str(private))
    told = json.loads(private.read_text())
    assert "10.20.30.0/24" in told["networks"]
    assert all("mapped otherwise" in note for note in done.notes)
    assert ":CHAIN-001" in contents(tmp_path / "2.tar.gz")["netns/host/iptables-legacy-save.txt"].decode()


def test_without_a_map_two_redactions_have_nothing_in_common(tmp_path: Path) -> None:
    """A new key each time."""
    source = world(tmp_path / "acme")
    for name in ("1", "2"):
        run.redact(str(source), str(tmp_path / f"{name}.tar.gz"), None)
    first, second = (contents(tmp_path / f"{name}.tar.gz")["netns/host/ip-addr.txt"] for name in "12")
    assert first != second


def test_a_redacted_snapshot_can_be_redacted_again(tmp_path: Path) -> None:
    """Stand-ins of the first time are names like any others the second time."""
    run.redact(str(world(tmp_path / "acme")), str(tmp_path / "1.tar.gz"), None)
    run.redact(str(tmp_path / "1.tar.gz"), str(tmp_path / "2.tar.gz"), None)
    first, second = (b"\n".join(contents(tmp_path / f"{n}.tar.gz").values()) for n in "12")
    assert b"CHAIN-001" in first
    assert b"CHAIN-001" not in second


def test_a_folder_of_listings(tmp_path: Path) -> None:
    """`iptables -nvL` in the place of iptables-save: names in the listing's own places."""
    listing = """Chain INPUT (policy DROP 0 packets, 0 bytes)
 pkts bytes target     prot opt in     out     source               destination
    1    40 CUSTOMER-IN  tcp  --  acme0  *       203.0.113.0/24       0.0.0.0/0            /* for zanzibar */
    0     0 LOG        all  --  *      *       0.0.0.0/0            0.0.0.0/0            match-set zanzibar-hosts src LOG flags 0 level 4 prefix "payroll: "

Chain CUSTOMER-IN (1 references)
 pkts bytes target     prot opt in     out     source               destination
    0     0 DROP       tcp  --  *      *       203.0.113.77         0.0.0.0/0            tcp dpt:80
"""
    folder = tmp_path / "sent"
    folder.mkdir()
    (folder / "iptables_-nvL.txt").write_text(listing)
    (folder / "ip_addr.txt").write_text(ADDRESSES)
    (folder / "ipset_list.txt").write_text('Name: zanzibar-hosts\nType: hash:net\nRevision: 7\nHeader: family inet hashsize 64 maxelem 9 comment\nSize in memory: 1\n'
                                           'References: 1\nNumber of entries: 1\nMembers:\n10.20.0.0/16 comment "zanzibar"\n')
    done = run.redact(str(folder), str(tmp_path / "public.tar.gz"), None)
    after = contents(tmp_path / "public.tar.gz")
    assert done.left_out == ()
    assert done.proof.probes > 0
    for secret in SECRETS:
        assert secret.lower().encode() not in b"".join(after.values()).lower(), secret
    assert b"Chain CHAIN-001 (1 references)" in next(data for path, data in after.items() if "iptables" in path)


# ---- the proof can fail -------------------------------------------------------------------------------------------------------------


def refused(tmp_path: Path, source: Path) -> str:
    """Redact, and be refused: nothing was written; the words say why."""
    out = tmp_path / "public.tar.gz"
    done = cli("redact", str(source), "-o", str(out), "--map", str(tmp_path / "map.json"))
    assert done.exit_code == 1, done.output
    assert not out.exists()
    assert not (tmp_path / "map.json").exists()
    assert list(tmp_path.glob("*.partial")) == []
    return done.stderr


@pytest.mark.parametrize(("fact", "left"), [("ss", "203.0.113.77"), ("conntrack", "198.51.100.3"), ("ip-link", "52:54:00:aa:bb:cc")])
def test_a_file_that_is_not_rewritten_is_found(fact: str, left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a format forgotten, its addresses would be found in the output."""
    monkeypatch.setitem(redact_files._FACTS, fact, lambda text, redactor: text)
    entry = "ipv4 2 tcp 6 5 ESTABLISHED src=198.51.100.3 dst=203.0.113.77 sport=1 dport=2 src=203.0.113.77 dst=198.51.100.3 sport=2 dport=1 mark=0 use=1\n"
    assert left in refused(tmp_path, world(tmp_path / "acme", **{"netns/host/conntrack-4.txt": entry}))


def test_a_name_that_is_left_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment that were kept where it stands a second time."""
    monkeypatch.setitem(redact_files._FACTS, "sysctl", lambda text, redactor: text)
    assert "still holds the name 'acme-payroll'" in refused(tmp_path, world(tmp_path / "acme", **{"netns/host/sysctl.txt": "a.acme-payroll.b = 1\n"}))


def test_a_capture_that_is_not_rewritten_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv4 addresses in frames kept as they are."""
    monkeypatch.setattr(packets.Packets, "_four", lambda self, data, at: self.seen.add(ip_address(bytes(data[at:at + 4]))))
    assert "still holds the address" in refused(tmp_path, world(tmp_path / "acme"))


def test_another_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that were changed beside the renaming: its packets take another path."""
    real = formats.iptables
    for fact in ("iptables", "ip6tables"):
        monkeypatch.setitem(redact_files._FACTS, fact, lambda text, redactor: real(text, redactor).replace("--dport 80 ", "--dport 81 "))
    assert "differs" in refused(tmp_path, world(tmp_path / "acme"))


def test_a_rule_that_reads_the_payload_and_matched_is_refused(tmp_path: Path) -> None:
    """-m string saw what is removed: the answer would be another one, so nothing is written."""
    rules = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p udp -m string --string zanzibar --algo bm -j DROP\nCOMMIT\n"
    assert "differs" in refused(tmp_path, world(tmp_path / "acme", **{"netns/host/iptables-legacy-save.txt": rules}))


def test_a_rule_on_absolute_values_that_matched_is_refused(tmp_path: Path) -> None:
    """-m u32 on a source address can't be kept by any map of addresses."""
    rules = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m u32 --u32 "0xc=0xcb007109" -j DROP\nCOMMIT\n'
    assert "still holds the address 203.0.113.9" in refused(tmp_path, world(tmp_path / "acme", **{"netns/host/iptables-legacy-save.txt": rules}))


# ---- other input ---------------------------------------------------------------------------------------------------------------------


def test_a_lone_ruleset(tmp_path: Path) -> None:
    """An iptables-save file alone: no capture, so other packets are asked about."""
    source = tmp_path / "rules.txt"
    source.write_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 203.0.113.77/32 -i eth0 -j DROP\nCOMMIT\n")
    run.redact(str(source), str(tmp_path / "public.tar.gz"), None)
    assert b"203.0.113.77" not in b"".join(contents(tmp_path / "public.tar.gz").values())


def test_damaged_files_cost_only_themselves(tmp_path: Path) -> None:
    """JSON that is none is left out; a capture that is cut off is cut there."""
    source = world(tmp_path / "acme", **{"netns/host/ip-4-route.json": '[{"dst": "10.20.30.40'})
    capture = source / "captures/host-eth0.pcap"
    capture.write_bytes(capture.read_bytes()[:-7])
    done = run.redact(str(source), str(tmp_path / "public.tar.gz"), None)
    assert "netns/host/ip-4-route.json" in done.left_out


def test_what_is_no_map_is_said(tmp_path: Path) -> None:
    """One line, exit code 3."""
    (tmp_path / "x.json").write_text("{}")
    done = cli("unredact-text", "--map", str(tmp_path / "x.json"), input="text")
    assert done.exit_code == 3
    assert "not a map" in done.stderr


def test_the_tarball_depends_on_nothing_but_its_files(tmp_path: Path) -> None:
    """Same map, same bytes: no time of writing, no user."""
    source, private = world(tmp_path / "acme"), tmp_path / "map.json"
    for name in ("1", "2", "3"):
        run.redact(str(source), str(tmp_path / f"{name}.tar.gz"), str(private))
    assert (tmp_path / "2.tar.gz").read_bytes() == (tmp_path / "3.tar.gz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress((tmp_path / "2.tar.gz").read_bytes()))) as archive:
        assert {(m.mtime, m.uid, m.uname, m.mode) for m in archive.getmembers()} == {(0, 0, "", 0o600)}
    assert struct.unpack_from("<I", (tmp_path / "2.tar.gz").read_bytes(), 4)[0] == 0
