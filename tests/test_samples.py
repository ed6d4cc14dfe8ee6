"""Every sample, replayed, agrees with what the kernel itself recorded: rules in order, counters, rewrites, verdicts."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from visualize.load import load, replay, sources
from visualize.path import PolicyApplied, Rewritten, RuleMatched, Tracked
from visualize.replay import Replayed

SAMPLES = Path(__file__).parent.parent / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/expected.json"))
Walk = tuple[Any, ...]


@cache
def expected(name: str) -> dict[str, Any]:
    """What the kernel recorded."""
    result: dict[str, Any] = json.loads((SAMPLES / name / "expected.json").read_text())
    return result


@cache
def replayed(name: str) -> tuple[Replayed, ...]:
    """The sample's packets, replayed."""
    loaded = load(str(SAMPLES / name / "snapshot.tar.gz"))
    captures, findings = sources(loaded, ())
    assert not findings
    return tuple(replay(loaded, captures, {}))


def key(netns: str, table: str, chain: str, src: str, dst: str, sport: int | None, dport: int | None, identification: int | None,
        length: int | None) -> Walk:
    """What names a walk: where, and which packet in which form."""
    return (netns, table, chain, src, dst, sport, dport, identification, length)


def our_walks(packets: tuple[Replayed, ...]) -> Counter[Walk]:
    """One record for each base chain that a packet entered, with the rules that fired, from our own paths."""
    found: Counter[Walk] = Counter()
    for one in packets:
        current: tuple[Walk, list[list[Any]]] | None = None
        for step in one.path.steps:
            if not isinstance(step, RuleMatched | PolicyApplied) or step.family != "ip":
                if current is not None and not isinstance(step, Tracked | Rewritten):
                    found[(*current[0], json.dumps(current[1]))] += 1
                    current = None
                continue
            p = step.packet
            name = key(step.netns, step.table, step.hook, str(p.src), str(p.dst), p.sport, p.dport, p.identification, p.length)
            if current is not None and current[0] != name:
                found[(*current[0], json.dumps(current[1]))] += 1
                current = None
            if current is None:
                current = (name, [])
            if isinstance(step, RuleMatched):
                current[1].append([step.chain, step.rule])
        if current is not None:
            found[(*current[0], json.dumps(current[1]))] += 1
    return found


def kernel_walks(name: str) -> Counter[Walk]:
    """The same from the kernel's trace."""
    return Counter((*key(w["netns"], w["table"], w["chain"], w["src"], w["dst"], w["sport"], w["dport"], w["id"], w["length"]),
                    json.dumps(w["rules"])) for w in expected(name)["walks"])


def chosen(walks: Counter[Walk], name: str) -> Counter[Walk]:
    """Only the sample's own flows: noise (multicast of link-up) is in a capture and a trace at different moments."""
    return Counter({walk: count for walk, count in walks.items() if not walk[4].startswith(("224.", "239.", "255."))})


@pytest.mark.parametrize("name", [n for n in NAMES if expected(n)["walks"]])
def test_every_walk_of_the_kernel_is_ours(name: str) -> None:
    """Each base chain that the kernel's trace saw a packet enter is entered by us, in the same form, with the same rules in order."""
    kernel, ours = chosen(kernel_walks(name), name), chosen(our_walks(replayed(name)), name)
    assert kernel - ours == Counter()
    assert ours - kernel == Counter()
    assert sum(kernel.values()) > 10


@pytest.mark.parametrize("name", NAMES)
def test_rule_counters_are_the_kernels(name: str) -> None:
    """Summed over the capture, each IPv4 rule fired as often as the host's own counters moved."""
    ours: Counter[tuple[str, str, int]] = Counter()
    for one in replayed(name):
        for step in one.path.steps:
            if isinstance(step, RuleMatched) and step.netns == "host" and step.family == "ip":
                ours[(step.table, step.chain, step.rule)] += 1
    kernel = Counter({(table, chain, rule): count for family, table, chain, rule, count in expected(name)["counters"]
                      if family == "ip"})
    assert ours == kernel


@pytest.mark.parametrize("name", NAMES)
def test_paths_are_certain_and_nothing_contradicts_them(name: str) -> None:
    """No packet's path contradicts a later sighting, and hardly any needs a doubt on a whole snapshot."""
    contradicted = [(one.number, s.interface, s.why) for one in replayed(name) for s in one.sightings if s.state.value == "contradicted"]
    assert contradicted == []
    four = [one for one in replayed(name) if one.path.start.family == 4 and not one.path.start.dst.is_multicast]
    doubtful = [one for one in four if one.path.certainty.value != "certain"]
    assert doubtful == []


@pytest.mark.parametrize(("name", "flow"), [(n, f["name"]) for n in NAMES for f in expected(n)["flows"] if f["key"] is not None])
def test_what_the_programs_saw_is_what_we_predict(name: str, flow: str) -> None:
    """The far end printed which address it saw its peer as: that is our packet after NAT; a timeout is a drop, and so on."""
    told = next(f for f in expected(name)["flows"] if f["name"] == flow)
    first = next((one for one in replayed(name) if told["key"] in (one.path.start.sport, one.path.start.icmp_id)
                  and one.role == "original"), None)
    if "unreachable" in told["output"]:
        assert first is None
        return
    assert first is not None
    if "result=timeout" in told["output"]:
        assert first.path.verdict.value == "dropped"
    elif "result=ok" in told["output"]:
        assert first.path.verdict.value in ("forwarded", "delivered")
    if "saw-peer=" in told["output"] and "docker-proxy" not in first.path.end.why:
        peer = told["output"].split("saw-peer=")[1].split()[0]
        final = first.path.end.packet
        assert f"{final.src}:{final.sport}" == peer
        assert f"{final.dst}:{final.dport}" == told["output"].split("at-local=")[1].split()[0]
