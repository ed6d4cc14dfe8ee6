"""One host, sent in every kind of bundle: the same host is read, and the same packet takes the same way."""

import re
from dataclasses import replace

import pytest

from snapshot.build import Built, build
from snapshot.bundle.bundle import BundleKind
from snapshot.finding import Kind
from snapshot.host.routing import Route
from snapshot.raw import RawFile, RawSnapshot
from visualize.path import Certainty, RuleMatched
from visualize.trace import Question, ask

from . import layouts

BUILT = {name: build(make()) for name, make in layouts.KINDS.items()}
OURS = build(layouts.open_snapshot(layouts.SAMPLE))

LOOPBACK = (b"1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n"
            b"    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n")


def plain(routes: tuple[Route, ...] | None) -> set[str]:
    """Routes as text, wherever they stood."""
    return {" ".join(route.text.split()) for route in routes or ()}


@pytest.mark.parametrize("name", BUILT)
def test_it_says_what_it_is(name: str) -> None:
    """The kind of bundle is recognised."""
    kinds = {
        "sosreport": BundleKind.SOSREPORT,
        "supportconfig": BundleKind.SUPPORTCONFIG,
        "insights": BundleKind.INSIGHTS,
        "folder": BundleKind.FOLDER,
        "transcript": BundleKind.TRANSCRIPT,
    }
    assert BUILT[name].kind is kinds[name.split()[0].strip(",")]


@pytest.mark.parametrize("name", BUILT)
def test_the_host_is_read_alike(name: str) -> None:
    """Interfaces with addresses and masters, routes, policy rules, sysctls, neighbours and connections are those of our own snapshot."""
    own = build(layouts.raw("own", {path: data for path, data in layouts.ours().items() if path.endswith(".txt") or path.startswith("once/")}))
    want, got = own.host.namespaces["host"], BUILT[name].host.namespaces["host"]
    real = {key: one for key, one in got.interfaces.items() if not one.invented}
    assert {key: (one.kind, one.mac, one.master, one.addresses, one.flags) for key, one in real.items()} == {
        key: (one.kind, one.mac, one.master, one.addresses, one.flags) for key, one in want.interfaces.items()
    }
    assert plain(got.routes4) == plain(want.routes4)
    assert plain(got.routes6) == plain(want.routes6)
    assert [replace(rule, file="", line=0) for rule in got.rules4 or ()] == [replace(rule, file="", line=0) for rule in want.rules4 or ()]
    assert got.sysctls == want.sysctls
    assert got.neighbours == want.neighbours
    assert [entry.text for entry in got.conntrack or ()] == [entry.text for entry in want.conntrack or () if entry.family == 4]


@pytest.mark.parametrize("name", BUILT)
def test_no_line_is_lost_or_misread(name: str) -> None:
    """No output of a good bundle is a finding, but for a tool that was not there and an image that is no container."""
    odd = [
        str(one)
        for one in BUILT[name].findings
        if one.kind in (Kind.SYNTAX, Kind.TRUNCATED) and "brctl" not in str(one) and "no container" not in one.why
    ]
    assert not odd


@pytest.mark.parametrize("name", BUILT)
def test_rules_keep_their_file_and_line(name: str) -> None:
    """Where a rule is said to stand, it stands; also in a listing, in a part of a text and behind a mail's quotes."""
    files = layouts.KINDS[name]().files
    tables = BUILT[name].host.namespaces["host"].tables4 or ()
    rules = [rule for table in tables for chain in table.chains.values() for rule in chain.rules]
    assert len(rules) > 20
    for rule in rules:
        line = RawFile("", files[rule.file].data).text.split("\n")[rule.line - 1]
        assert rule.text in " ".join(line.split())


def way(built: Built, question: Question) -> tuple[object, ...]:
    """How a packet ends, by which rules."""
    path = ask(built.host, question, {})
    return path.end.verdict, path.end.netns, tuple((s.table, s.chain, s.rule) for s in path.steps if isinstance(s, RuleMatched))


QUESTIONS = {
    "a container to the world": Question("tcp", None, "198.51.100.80:80", None, "web"),
    "the world to the host": Question("tcp", "203.0.113.50:4000", "203.0.113.10:22", "eth0", None),
    "the world to a container": Question("tcp", "203.0.113.50:4000", "172.18.0.2:80", "eth0", None),
}


ASKED = [(name, question) for name in BUILT for question in QUESTIONS if name != "insights" or "container" not in question]  # it holds no docker inspect


@pytest.mark.parametrize(("name", "question"), ASKED)
def test_packets_take_the_same_way(name: str, question: str) -> None:
    """The same rules by their numbers, the same end; where containers are inferred it is an assumed one."""
    asked = QUESTIONS[question]
    assert way(BUILT[name], asked) == way(OURS, asked)
    certainty = ask(BUILT[name].host, asked, {}).certainty
    if not name.startswith("sosreport") and question == "a container to the world":
        assert certainty is not Certainty.CERTAIN


def test_a_cleaned_sosreport_is_never_certain() -> None:
    """`sos clean` leaves MAC addresses under 53:4f:53; every answer from such a report is assumed, and says why."""
    files = dict(layouts.sosreport().files)
    path = "sos_commands/networking/ip_-d_address"
    assert not BUILT["sosreport"].host.doubts
    files[path] = RawFile(path, re.sub(rb"link/ether [0-9a-f:]{17}", b"link/ether 53:4f:53:00:00:01", files[path].data, count=1))
    built = build(replace(layouts.sosreport(), files=files))
    assert any("sos clean" in why for why in built.host.doubts)
    path_ = ask(built.host, QUESTIONS["the world to the host"], {})
    assert path_.certainty is not Certainty.CERTAIN
    assert any("sos clean" in doubt.why for doubt in path_.doubts)


def test_a_cleaned_sosreport_is_told_by_its_name() -> None:
    """sos names its archive -obfuscated."""
    built = build(replace(layouts.sosreport(), source="/home/me/sosreport-host0-2026-11-24-abc-obfuscated.tar.xz"))
    assert built.host.doubts


def test_a_truncated_output_is_said_to_be() -> None:
    """The manifest of sos tells which outputs it cut off."""
    files = dict(layouts.sosreport().files)
    path = "sos_reports/manifest.json"
    files[path] = RawFile(path, files[path].data.replace(b'"truncated": false', b'"truncated": true', 1))
    assert any(one.kind is Kind.TRUNCATED and "size limit" in one.why for one in build(replace(layouts.sosreport(), files=files)).findings)


def test_a_table_that_was_not_captured_is_a_doubt() -> None:
    """With the filter table's listing alone, a forwarded packet may have met nat rules: the answer is assumed, and says so."""
    files = {path: file for path, file in layouts.sosreport(with_manifest=False).files.items() if "-t_" not in path}
    built = build(replace(layouts.sosreport(), files=files))
    assert ("nat", "the nat table was not captured") in built.host.namespaces["host"].unseen4
    path = ask(built.host, QUESTIONS["the world to the host"], {})
    assert path.certainty is Certainty.ASSUMED
    assert any("nat table was not captured" in doubt.why for doubt in path.doubts)


def test_a_bundle_deeper_in_a_folder_is_found() -> None:
    """Unpacked beside other things; its files keep the names that they were sent under."""
    raw = layouts.sosreport()
    deeper = replace(raw, files={f"ticket/unpacked/host1/{path}": replace(file, path=f"ticket/unpacked/host1/{path}") for path, file in raw.files.items()})
    built = build(replace(deeper, files={**deeper.files, "ticket/mail.txt": RawFile("ticket/mail.txt", b"Hello")}))
    assert built.kind is BundleKind.SOSREPORT
    assert next(iter(built.host.namespaces["host"].tables4 or ())).file.startswith("ticket/unpacked/host1/")


def test_of_several_hosts_the_first_is_read_and_said_to_be() -> None:
    """Never two hosts as one."""
    raw = layouts.sosreport()
    both = {f"{host}/{path}": replace(file, path=f"{host}/{path}") for host in ("hostB", "hostA") for path, file in raw.files.items()}
    built = build(replace(raw, files=both))
    assert sorted(built.host.namespaces) == sorted(BUILT["sosreport"].host.namespaces)
    assert any("several hosts" in finding.why and "hostB" in finding.why and finding.text == "hostA" for finding in built.findings)


def test_an_archive_within_is_named() -> None:
    """`sos collect` packs reports into a report."""
    built = build(layouts.raw("x", {"sosreport-host1.tar.xz": b"\xfd7zXZ\0rest", "a.txt": b"hello"}))
    assert any(finding.file == "sosreport-host1.tar.xz" and "unpack it" in finding.why for finding in built.findings)


def test_the_listing_of_one_chain_is_not_the_table() -> None:
    """`iptables -L DOCKER` shows no base chain: what else the table holds is a doubt."""
    text = "Chain DOCKER (1 references)\n pkts bytes target     prot opt in     out     source               destination\n"
    built = build(layouts.raw("x", {"ip_addr.txt": layouts.of("host")["ip -d address"], "iptables_-L_DOCKER_-nv": text.encode()}))
    assert "filter" in {table for table, _ in built.host.namespaces["host"].unseen4}


def test_legacy_tables_that_a_warning_tells_of_are_a_doubt() -> None:
    """iptables-nft says when it is not the only one; without iptables-legacy-save nobody knows what those hold."""
    text = b"# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n" + layouts.of("host")["iptables-save"]
    built = build(layouts.raw("x", {"ip_addr.txt": layouts.of("host")["ip -d address"], "iptables-save.txt": text}))
    assert any("legacy" in why for _, why in built.host.namespaces["host"].unseen4)
    path = ask(built.host, QUESTIONS["the world to the host"], {})
    assert any("legacy" in doubt.why for doubt in path.doubts)


@pytest.mark.parametrize(("extra", "known"), [
    ({"web/ip-addr.txt": LOOPBACK}, True),
    ({}, False),
    ({"web/ip-addr.txt": LOOPBACK, "host/iptables-save.txt.err": b"Permission denied"}, False),
])
def test_an_empty_file_is_no_rules_only_where_root_saved_it(extra: dict[str, bytes], known: bool) -> None:
    """Who entered other namespaces was root: nothing printed means that nothing is there. Else it may mean that it was not permitted."""
    files = {"host/ip-addr.txt": LOOPBACK, "host/ip-route.txt": b"default via 10.0.0.1 dev eth0\n", "host/iptables-save.txt": b"", **extra}
    built = build(RawSnapshot("folder", {path: RawFile(path, data) for path, data in sorted(files.items())}))
    assert (built.host.namespaces["host"].unseen4 == ()) is known
