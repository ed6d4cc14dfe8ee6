"""The report's record: hits are the kernel's, ways are written once, rows are filled right, strangers' text can't leave the data block."""

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from snapshot.host import Host
from visualize.draw.quoting import data_block
from visualize.draw.report.book import Origin, book
from visualize.draw.report.slots import FIELDS
from visualize.flow import Flow
from visualize.flows import gather
from visualize.load import load, replay, sources
from visualize.path import RuleMatched

SAMPLES = Path(__file__).parents[4] / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/expected.json"))
NOWHERE = Origin("s.tar.gz", "packetpath report s.tar.gz -o r.html", (), (), ())


@cache
def sample(name: str) -> tuple[Host, list[Flow], dict[str, Any]]:
    """A sample's host, its flows and their record."""
    loaded = load(str(SAMPLES / name / "snapshot.tar.gz"))
    flows = gather(replay(loaded, sources(loaded, ())[0], {}))
    return loaded.built.host, flows, book(loaded.built.host, flows, {}, loaded.built.findings, NOWHERE)


def slots(record: dict[str, Any], row: list[Any], use: dict[str, Any]) -> list[str | None]:
    """The values of a use's slots, as the page finds them."""
    return [None if row[7][index] is None else record["words"][row[7][index]] for index in use["slots"]]


@pytest.mark.parametrize("name", NAMES)
def test_hits_are_what_the_kernel_counted(name: str) -> None:
    """Each rule's hits in the report are the host's own counters over the capture, as the sample's expectations hold them."""
    record = sample(name)[2]
    kernel = {(table, chain, rule): count for family, table, chain, rule, count in json.loads((SAMPLES / name / "expected.json").read_text())["counters"]
              if family == "ip"}
    ours = {(chain["table"], chain["name"], rule["number"]): rule["hits"] for chain in record["chains"] for rule in chain["rules"]
            if chain["netns"] == "host" and chain["family"] == "ip" and rule["hits"]}
    assert ours == kernel


@pytest.mark.parametrize("name", NAMES)
def test_every_flow_is_filled_with_its_own_values(name: str) -> None:
    """Way by way: each form of the packet, in order, has the flow's own addresses, ports and TTL; the rules are its own."""
    _, flows, record = sample(name)
    places = [f"{rule['file']}:{rule['line']}" for chain in record["chains"] for rule in chain["rules"]]
    for flow, row in zip(flows, record["flows"], strict=True):
        uses = record["kinds"][row[1]]["uses"]
        for use, told in zip((*flow.original, *flow.reply), uses, strict=True):
            values, way = slots(record, row, told), record["ways"][told["way"]]
            start, end = use.path.start, use.path.end.packet
            assert values[:4] == [str(start.src), _text(start.sport), str(start.dst), _text(start.dport)]
            last = way["last"] * len(FIELDS)
            assert values[last:last + 6] == [str(end.src), _text(end.sport), str(end.dst), _text(end.dport), _text(end.icmp_id), str(end.ttl)]
            assert [places[step["rule"]] for step in (record["steps"][index] for index in way["steps"]) if step["step"] == "rule"] == [
                f"{step.file}:{step.line}" for step in use.path.steps if isinstance(step, RuleMatched)]
            assert _filled(way["why"], values) == use.path.end.why


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _filled(made: Any, values: list[str | None]) -> str:
    return made if isinstance(made, str) else "".join(part if isinstance(part, str) else values[part] or "" for part in made)


def test_flows_that_went_the_same_way_share_it() -> None:
    """A thousand clients of one published port add rows, but no way and no kind."""
    host, flows, _ = sample("default-bridge")
    one = next(flow for flow in flows if flow.first.start.dport == 8080)
    many = [replace(one, number=number, original=tuple(replace(use, path=_from(use.path, number)) for use in one.original), reply=()) for number in range(1, 1001)]
    grown = book(host, many, {}, (), NOWHERE)
    assert len(grown["ways"]) == len(one.original)
    assert len(grown["kinds"]) == 1
    assert {slots(grown, row, grown["kinds"][0]["uses"][0])[1] for row in grown["flows"]} == {str(20000 + number) for number in range(1, 1001)}


def _from(path: Any, number: int) -> Any:
    """The same path of another client."""
    def changed(packet: Any) -> Any:
        return replace(packet, src=ip_address("198.18.0.0") + number, sport=20000 + number)
    return replace(path, start=changed(path.start), steps=tuple(replace(step, packet=changed(step.packet)) for step in path.steps))


def test_the_same_input_gives_the_same_bytes() -> None:
    """Nothing of the run is in the record."""
    host, flows, record = sample("publish")
    again = book(host, flows, {}, load(str(SAMPLES / "publish" / "snapshot.tar.gz")).built.findings, NOWHERE)
    assert data_block(again) == data_block(record)


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "]]>", "a\u2028b", "\x00\x1b[31m", "\u202egnp.exe", "\udcff", "&lt;"])
def test_a_data_block_ends_where_we_end_it(text: str) -> None:
    """No `<`, `>` or `&` is left, no control or direction character is shown as itself, and what is read back is the visible text."""
    block = data_block({"name": [text]})
    assert not set("<>&\u2028\x00\x1b\u202e") & set(block)
    assert block.isascii()
    read = json.loads(block)["name"][0]
    assert read.isprintable()
    assert read == text or "\\" in read


def test_native_rules_stand_beside_iptables() -> None:
    """Rules of `nft` that are no iptables' are listed with their place, and their hits are those of the steps that name them."""
    world = SAMPLES.parent / "tests" / "kernel" / "recorded" / "native"
    loaded = load(str(world / "snapshot.tar.gz"))
    flows = gather(replay(loaded, sources(loaded, (str(world / "any.pcap"),))[0], {}))
    record = book(loaded.built.host, flows, {}, (), NOWHERE)
    hits = {(chain["table"], chain["name"], rule["number"]): rule["hits"] for chain in record["chains"] for rule in chain["rules"] if chain["family"] == "inet"}
    uses = [use for flow in flows for use in (*flow.original, *flow.reply)]
    expected = Counter((step.table, step.chain, step.rule) for use in uses for step in use.path.steps if isinstance(step, RuleMatched)
                       and step.family == "inet" for _ in use.packets)
    assert {key: count for key, count in hits.items() if count} == dict(expected)
    assert expected
    assert all(step["rule"] is not None for step in record["steps"] if step["step"] == "rule")
