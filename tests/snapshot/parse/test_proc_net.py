"""Files of /proc/net tell what `ip` would."""

from snapshot.parse import proc_net

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def test_routes_of_a_little_endian_host() -> None:
    """Addresses are the host's numbers: 0200090A is 10.9.0.2; RTF_REJECT is unreachable."""
    text = HEAD + "v0\t00000000\t0200090A\t0003\t0\t0\t5\t00000000\t0\t0\t0\n*\t0000070A\t00000000\t0201\t0\t0\t0\t0000FFFF\t0\t0\t0\nv0\t0000090A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0\n"
    routes, findings = proc_net.route(text, "x")
    assert not findings
    assert [route.text for route in routes] == ["default via 10.9.0.2 dev v0 metric 5", "unreachable 10.7.0.0/16", "10.9.0.0/20 dev v0"]


def test_routes_of_a_big_endian_host() -> None:
    """s390x writes the same addresses the other way round; the masks tell."""
    text = HEAD + "v0\t00000000\t0A090002\t0003\t0\t0\t0\t00000000\t0\t0\t0\nv0\t0A090000\t00000000\t0001\t0\t0\t0\tFFFFFF00\t0\t0\t0\n"
    assert [route.text for route in proc_net.route(text, "x")[0]] == ["default via 10.9.0.2 dev v0", "10.9.0.0/24 dev v0"]


def test_ipv6() -> None:
    """Addresses with scope and flags; routes of all tables, but for the kernel's own last entry."""
    interfaces, _ = proc_net.if_inet6("fd000000000000000000000000000001 03 40 00 80       v0\nfe8000000000000088b149fffe764df0 03 40 20 80       v0\n")
    assert [(str(a.local), a.prefix_length, a.scope) for a in interfaces[0].addresses] == [("fd00::1", 64, "global"), ("fe80::88b1:49ff:fe76:4df0", 64, "link")]
    zero = "0" * 32
    text = (f"fd000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000002 00000000 00000001       v0\n"
            f"fd000000000000000000000000000001 80 {zero} 00 {zero} 00000000 00000002 00000000 80200001       v0\n"
            f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n")
    assert [route.text for route in proc_net.ipv6_route(text)[0]] == ["fd00::/64 dev v0 metric 256", "local fd00::1 dev v0 table local"]


def test_fib_trie_tells_local_addresses() -> None:
    """Each once, though the trie is printed for two tables."""
    text = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.9.0.1\n        /32 host LOCAL\n     |-- 10.9.0.255\n        /32 link BROADCAST\nLocal:\n     |-- 10.9.0.1\n        /32 host LOCAL\n"
    assert [route.text for route in proc_net.fib_trie(text)[0]] == ["local 10.9.0.1 table local", "broadcast 10.9.0.255 table local"]


def test_arp() -> None:
    """Flags 0x2 complete, 0x4 permanent, 0x0 neither."""
    text = "IP address  HW type  Flags  HW address  Mask  Device\n10.9.0.2 0x1 0x2 02:00:00:00:00:01 * v0\n10.9.0.3 0x1 0x6 02:00:00:00:00:02 * v0\n10.9.0.4 0x1 0x0 00:00:00:00:00:00 * v0\n"
    assert [(one.mac, one.state) for one in proc_net.arp(text)[0]] == [("02:00:00:00:00:01", "REACHABLE"), ("02:00:00:00:00:02", "PERMANENT"), (None, "INCOMPLETE")]


def test_damage_is_found_with_its_line() -> None:
    """A row that can't be read costs only itself."""
    for parse in (proc_net.route, proc_net.ipv6_route, proc_net.if_inet6, proc_net.arp):
        records, findings = parse("zz zz zz\n", "x")  # type: ignore[operator]
        assert (len(records), [finding.line for finding in findings]) == (0, [1])


def test_sockets() -> None:
    """TCP in LISTEN, UDP without a peer; an IPv6 address is four words of the host's."""
    head = "  sl  local_address rem_address   st tx_queue\n"
    tcp, _ = proc_net.sockets(head + "   0: 00000000:07E8 00000000:0000 0A 0\n   1: 0100007F:B0E3 0100007F:BC4A 06 0\n   2: 0100007F:0035 00000000:0000 0A 0\n", "x", "tcp")
    assert [(one.protocol, one.port, str(one.address), one.family) for one in tcp] == [("tcp", 2024, "None", 4), ("tcp", 53, "127.0.0.1", 4)]
    six, _ = proc_net.sockets(head + "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0\n"
                              "   1: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 0A 0\n", "x", "tcp6")
    assert [(one.port, str(one.address), one.family) for one in six] == [(8080, "None", None), (53, "::1", 6)]
    udp, findings = proc_net.sockets(head + "   0: 3500007F:0035 00000000:0000 07 0\nrubbish\n", "x", "udp")
    assert [(one.protocol, one.state, str(one.address)) for one in udp] == [("udp", "UNCONN", "127.0.0.53")]
    assert [finding.line for finding in findings] == [3]
