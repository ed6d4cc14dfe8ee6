"""Folders and lone files: what a name does not say the text does, and an empty file is not always nothing."""

import pytest

from snapshot.build import build
from snapshot.bundle.bundle import BundleKind
from snapshot.finding import Kind
from visualize.trace import Question, ask

from .layouts import of, ours, raw


@pytest.mark.parametrize(("name", "command", "fact"), [
    ("notes.txt", "ip -d address", "interfaces"), ("fw.cfg", "iptables-save", "tables4"), ("iptables.txt", "iptables-save", "tables4"), ("x", "ip -4 rule list", "rules4"),
    ("route.txt", "ip -4 route show table all", "routes4"), ("out.log", "sysctl -a", "sysctls"), ("a.b.c", "bridge -s -s -d -t fdb show", "fdb"),
    ("sockets", "ss -peaonmi", "listeners")])
def test_the_text_tells_what_a_name_does_not(name: str, command: str, fact: str) -> None:
    """Each output is known by its own look, also under another tool's name."""
    built = build(raw(name, {name: of("host")[command]}))
    assert built.kind is BundleKind.LONE
    host = built.host.namespaces.get("host") or build(raw("x", {name: of("host")[command], "ip_addr": of("host")["ip -d address"]})).host.namespaces["host"]
    assert getattr(host, fact)


def test_a_folder_with_interfaces_is_a_namespace() -> None:
    """What lies in other folders is the host's."""
    files = {"web/ip_addr.txt": of("web")["ip -d address"], "ip_addr.txt": of("host")["ip -d address"], "firewall/iptables-save.txt": of("host")["iptables-save"]}
    built = build(raw("x", files))
    assert sorted(built.host.namespaces) == ["host", "web"]
    assert built.host.namespaces["host"].tables4


def test_a_folder_of_one_host_may_sort_its_files() -> None:
    """One place with interfaces is the host, whatever it is called."""
    built = build(raw("x", {"network/ip_addr.txt": of("host")["ip -d address"], "firewall/iptables-save.txt": of("host")["iptables-save"]}))
    assert list(built.host.namespaces) == ["host"]
    assert built.host.namespaces["host"].tables4


def test_an_empty_file_of_rules_is_no_empty_ruleset() -> None:
    """`iptables-save` by a user prints nothing; an empty conntrack is what it says."""
    built = build(raw("x", {"ip_addr.txt": of("host")["ip -d address"], "iptables-save.txt": b"", "conntrack.txt": b"\n"}))
    host = built.host.namespaces["host"]
    assert host.tables4 is None
    assert host.unseen4
    assert host.conntrack == ()
    assert any(one.kind is Kind.AMBIGUOUS and "not run by root" in one.why for one in built.findings)


@pytest.mark.parametrize("data", [b"\0\0\0", b"hello\n", b"bash: ip: command not found\n", b"\x7fELF\0\0", b"\x89PNG\r\n\x1a\n"])
def test_what_is_nothing_gives_no_host(data: bytes) -> None:
    """And no crash."""
    held = build(raw("x", {"ip_addr.txt": data, "b": data})).host.namespaces.get("host")
    assert held is None or not held.interfaces


def test_a_table_s_name_may_stand_in_the_file_s() -> None:
    """A listing does not name its table; `nat.txt` does."""
    text = b"Chain PREROUTING (policy ACCEPT)\ntarget prot opt source destination\n\nChain OUTPUT (policy ACCEPT)\ntarget prot opt source destination\n"
    assert [table.name for table in build(raw("x", {"nat.txt": text})).host.namespaces["host"].tables4 or ()] == ["nat"]
    assert [table.name for table in build(raw("x", {"a.txt": text})).host.namespaces["host"].tables4 or ()] == ["raw"]


@pytest.mark.parametrize("error", [b"bash: iptables-save: command not found\n", b"iptables-save v1.8.7 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n",
                                   b"/bin/sh: 1: not found\n"])
def test_an_error_message_is_no_empty_output(error: bytes) -> None:
    """What a command that failed printed tells nothing: no rules, no routes, no addresses are known, and answers say so."""
    names = ("ip_addr.txt", "ip_route_show_table_all", "iptables-save.txt", "ip_rule.txt", "sysctl_-a", "bridge_fdb", "conntrack_-L", "ip_neigh")
    host = build(raw("x", dict.fromkeys(names, error) | {"ip_link": of("host")["ip -s -d link"]})).host.namespaces["host"]
    assert (host.tables4, host.routes4, host.rules4, host.sysctls, host.fdb, host.conntrack, host.neighbours) == (None,) * 7
    assert host.unseen4
    assert host.invented


def test_some_sysctls_are_not_all() -> None:
    """`sysctl net.ipv4.ip_forward` alone leaves rp_filter and its like to the kernel's defaults: a doubt."""
    files = {"ip_addr.txt": of("host")["ip -d address"], "sysctl.txt": b"net.ipv4.ip_forward = 1\n"}
    host = build(raw("x", files)).host.namespaces["host"]
    assert any("rp_filter" in why for _, why in host.gaps)
    assert not build(raw("x", files | {"sysctl.txt": of("host")["sysctl -a"]})).host.namespaces["host"].gaps


def test_policy_rules_without_their_tables_are_a_doubt() -> None:
    """`ip rule` looks table 100 up, `ip route` shows main only; where `ip rule` itself is missing, there may be others."""
    files = {"ip_addr.txt": of("host")["ip -d address"], "ip_route.txt": b"default via 203.0.113.1 dev eth0\n"}
    assert any("ip rule" in why for _, why in build(raw("x", files)).host.namespaces["host"].gaps)
    some = build(raw("x", files | {"ip_rule.txt": b"0: from all lookup local\n100: from 10.0.0.0/8 lookup 100\n32766: from all lookup main\n"}))
    assert [why for _, why in some.host.namespaces["host"].gaps] == ["routes of table 100, which policy rules look up, were not captured"]
    path = ask(some.host, Question("tcp", "203.0.113.50:4000", "198.51.100.7:80", "eth0", None), {})
    assert any("table 100" in doubt.why for doubt in path.doubts)
    default = build(raw("x", files | {"ip_rule.txt": b"0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n"}))
    assert not default.host.namespaces["host"].gaps


def test_without_conntrack_a_packet_in_mid_stream_is_a_doubt() -> None:
    """A SYN opens a connection for certain; any other packet may belong to one that was open, and was not captured."""
    leaves = {"ip-addr.txt", "ip-4-route.txt", "ip-4-rule.txt", "iptables-nft-save.txt", "iptables-legacy-save.txt", "sysctl.txt", "nft-ruleset.txt"}
    files = {path: data for path, data in ours().items() if path.startswith("netns/host/") and path.rpartition("/")[2] in leaves}
    host = build(raw("x", files)).host

    def why(flags: int) -> list[str]:
        return [doubt.at for doubt in ask(host, Question("tcp", "203.0.113.50:4000", "203.0.113.10:22", "eth0", None, tcp_flags=flags), {}).doubts]
    assert "conntrack" not in why(0x02)
    assert "conntrack" in why(0x10)
