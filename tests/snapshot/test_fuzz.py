"""Outputs of real hosts, damaged at random: a finding, a model, never an exception but SnapshotError."""

from contextlib import suppress
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from snapshot.archive import open_snapshot
from snapshot.build import build
from snapshot.raw import RawFile, RawSnapshot, SnapshotError
from tests.snapshot.bundle import layouts
from tests.snapshot.corpus_files import alone, corpus
from visualize.trace import Question, ask

NAMES = sorted(name for name, data in corpus().items() if len(data) < 30_000)
RUNS = settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def damaged(data: bytes, rng: Random, other: bytes) -> bytes:
    """One to three kinds of damage: cut off, bytes changed, lines shuffled, doubled or lost, another output mixed in, another encoding."""
    for _ in range(rng.randint(1, 3)):
        lines = data.split(b"\n")
        match rng.randrange(9):
            case 0:
                data = data[:rng.randrange(len(data) + 1)]
            case 1:
                changed = bytearray(data)
                for _ in range(rng.randint(1, 8)):
                    if changed:
                        changed[rng.randrange(len(changed))] = rng.choice((0, 9, 10, 13, 27, 32, 34, 45, 47, 58, 255, rng.randrange(256)))
                data = bytes(changed)
            case 2:
                rng.shuffle(lines)
                data = b"\n".join(lines)
            case 3:
                data = b"\n".join(line for line in lines if rng.random() < 0.8 for _ in range(rng.choice((1, 1, 2))))
            case 4:
                at = rng.randrange(len(data) + 1)
                data = data[:at] + other[:rng.randrange(len(other) + 1)] + data[at:]
            case 5:
                words = data.split(b" ")
                rng.shuffle(words)
                data = b" ".join(words)
            case 6:
                data = b"\n".join(line[:rng.randrange(len(line) + 1)] if rng.random() < 0.2 else line for line in lines)
            case 7:
                data = data.decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-16-be", "utf-8-sig")))
            case _:
                data = data.replace(rng.choice((b" ", b"/", b":", b",", b".")), rng.choice((b"", b"  ", b"\r\n", b"\0", b"\xff", b"9" * 30)))
    return data


@RUNS
@seed(1)
@given(st.integers(0, 2**32))
def test_a_damaged_file_never_crashes(number: int) -> None:
    """By itself, under its own name and under one that says nothing."""
    rng = Random(number)
    name = rng.choice(NAMES)
    data = damaged(corpus()[name], rng, corpus()[rng.choice(NAMES)])
    build(alone(name, data))
    build(alone("notes.txt", data))


@RUNS
@seed(2)
@given(st.integers(0, 2**32))
def test_a_bad_file_among_good_ones_costs_only_itself(number: int) -> None:
    """What the other files tell is the same with it and without it."""
    rng = Random(number)
    good = {"netns/host/ip-addr.txt": corpus()["ip-addr/canonical-hotsos/kubernetes__ip_-d_address"],
            "netns/host/ip-4-route.txt": corpus()["ip-route/chef-ohai/ohai.ip_route"]}
    bad = {f"netns/host/{leaf}": damaged(corpus()[rng.choice(NAMES)], rng, b"") for leaf in ("iptables-save.txt", "bridge-fdb.txt", "sysctl.txt", "conntrack-4.txt",
                                                                                           "ip-neigh.json", "ss.txt", "ipset-save.txt", "nft-ruleset.txt")}
    bad["once/docker-inspect.json"] = damaged(corpus()[rng.choice([n for n in NAMES if n.startswith("docker/")])], rng, b"")
    alone_ = build(RawSnapshot("x", {path: RawFile(path, data) for path, data in good.items()})).host.namespaces["host"]
    mixed = build(RawSnapshot("x", {path: RawFile(path, data) for path, data in (good | bad).items()})).host.namespaces["host"]
    assert mixed.routes4 == alone_.routes4
    assert {name: one.addresses for name, one in alone_.interfaces.items()}.items() <= {name: one.addresses for name, one in mixed.interfaces.items()}.items()


@RUNS
@seed(3)
@given(st.binary(max_size=300), st.sampled_from(["manifest.json", "sos_reports/manifest.json", "meta_data/insights.specs.Specs.ip_addr.json", "network.txt"]))
def test_a_bundle_s_own_files_may_hold_anything(data: bytes, path: str) -> None:
    """Also what says which file is which."""
    files = {path: data, "netns/host/ip-addr.txt": b"", "sos_commands/networking/ip_-o_addr": b"1: lo inet x", "insights_commands/ip_addr": b"\xff"}
    for left in ("netns/", "sos_commands/", "insights_commands/", ""):
        build(RawSnapshot("x", {p: RawFile(p, d) for p, d in files.items() if p == path or p.startswith(left)}))


WHOLE = {name: make() for name, make in layouts.KINDS.items()}
QUESTION = Question("tcp", "203.0.113.50:4000", "172.18.0.2:80", "eth0", None)


@RUNS
@seed(4)
@given(st.integers(0, 2**32))
def test_a_damaged_bundle_still_answers(number: int) -> None:
    """Several files of a sosreport, supportconfig, transcript, ... damaged and lost: a host, and an answer, or a sentence why not."""
    rng = Random(number)
    raw = WHOLE[rng.choice(sorted(WHOLE))]
    files = dict(raw.files)
    for path in rng.sample(sorted(files), min(len(files), rng.randint(1, 6))):
        if len(files[path].data) < 30_000:
            files[path] = RawFile(path, damaged(files[path].data, rng, b"x y z"))
    for path in rng.sample(sorted(files), min(len(files) - 1, rng.randint(0, 2))):
        del files[path]
    host = build(RawSnapshot(raw.source, files)).host
    if host.namespaces:
        with suppress(ValueError):
            ask(host, QUESTION, {})


def test_an_archive_cut_off_anywhere_never_crashes(tmp_path: Path) -> None:
    """A sosreport ends in a model of what came before, or is refused."""
    data = corpus()["sos/canonical-hotsos/sosreport-ceph-mon.tar.xz"]
    rng = Random(4)
    for number in range(25):
        changed = bytearray(data[:rng.randrange(len(data))])
        for _ in range(rng.randint(0, 4)):
            changed[rng.randrange(len(changed) or 1):][:1] = b"\xa5"
        path = tmp_path / f"{number}.tar.xz"
        path.write_bytes(bytes(changed) or b"x")
        with suppress(SnapshotError):
            build(open_snapshot(path))
