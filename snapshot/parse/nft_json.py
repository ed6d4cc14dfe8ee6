"""`nft -j list ruleset`: tables, chains, rules and sets of nftables.

    {"nftables": [{"metainfo": {...}}, {"table": {"family": "inet", "name": "fw", "handle": 1}},
                  {"chain": {"family": "inet", "table": "fw", "name": "input", "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
                  {"rule": {"family": "inet", "table": "fw", "chain": "input", "handle": 16, "expr": [{"match": {...}}, {"accept": null}]}}]}
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.nft import NftChain, NftRule, NftSet, NftTable

Key = tuple[str, str]
Growing = tuple[NftChain, list[NftRule]]  # a chain, and its rules so far
_HEAD = re.compile(r"^\s*(table|chain)\s+(?:(\w+)\s+)?(\S+)\s*\{")
_HANDLE = re.compile(r"^(.*?)\s*# handle (\d+)$")
_COUNTER = re.compile(r"counter packets \d+ bytes \d+")


def parse(text: str, file: str = "") -> tuple[tuple[NftTable, ...], tuple[Finding, ...]]:
    """All tables. Objects that can't be read are findings."""
    try:
        data = json.loads(text) if text.strip() else {"nftables": []}
        objects = data["nftables"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return (), (Finding(Kind.SYNTAX, file, getattr(error, "lineno", 0), "", f"not what `nft -j list ruleset` prints: {error}"),)
    tables: dict[Key, NftTable] = {}
    chains: dict[Key, dict[str, Growing]] = {}
    sets: dict[Key, dict[str, NftSet]] = {}
    findings: list[Finding] = []
    for item in objects if isinstance(objects, list) else ():
        try:
            _take(item, file, tables, chains, sets)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            findings.append(Finding(Kind.SYNTAX, file, 0, str(item)[:120], f"an object of nftables can't be read: {error}"))
    return tuple(replace(table, chains={name: replace(chain, rules=tuple(rules)) for name, (chain, rules) in chains.get(key, {}).items()},
                         sets=sets.get(key, {})) for key, table in tables.items()), tuple(findings)


def _take(item: dict[str, Any], file: str, tables: dict[Key, NftTable], chains: dict[Key, dict[str, Growing]],
          sets: dict[Key, dict[str, NftSet]]) -> None:
    """Raises KeyError, TypeError, ValueError, AttributeError."""
    kind, body = next(iter(item.items()))
    if kind == "table":
        tables[(body["family"], body["name"])] = NftTable(body["family"], body["name"])
        return
    if kind == "ct helper":
        table = tables[(body["family"], body["table"])]
        tables[(table.family, table.name)] = replace(table, helpers={**table.helpers, body["name"]: body["type"]})
    if kind not in ("chain", "rule", "set", "map"):
        return
    key = (body["family"], body["table"])
    held = chains.setdefault(key, {})
    if kind == "chain":
        chain = NftChain(body["name"], (), body.get("type", ""), body.get("hook"), int(body.get("prio", 0)), body.get("policy"))
        held[body["name"]] = chain, []
    elif kind == "rule":
        chain, rules = held[body["chain"]]
        expressions = tuple(body.get("expr") or ())
        rules.append(NftRule(chain.name, len(rules) + 1, int(body.get("handle", 0)), expressions, json.dumps(body.get("expr") or []), file))
    else:
        flags = body.get("flags") or []
        moving = "dynamic" in flags or "timeout" in flags
        sets.setdefault(key, {})[body["name"]] = NftSet(body["name"], tuple(body.get("elem") or ()), moving)


def with_text(tables: tuple[NftTable, ...], listing: str, file: str) -> tuple[NftTable, ...]:
    """Give each rule the line and the words of `nft -a list ruleset`, told by its handle."""
    lines = _lines(listing)
    return tuple(replace(table, chains={name: replace(chain, rules=tuple(_told(rule, lines.get((table.family, table.name, name, rule.handle)), file)
                                                                         for rule in chain.rules))
                                        for name, chain in table.chains.items()}) for table in tables)


def _told(rule: NftRule, found: tuple[int, str] | None, file: str) -> NftRule:
    return rule if found is None else replace(rule, line=found[0], text=found[1], file=file)


def _lines(listing: str) -> Mapping[tuple[str, str, str, int], tuple[int, str]]:
    found: dict[tuple[str, str, str, int], tuple[int, str]] = {}
    family = table = chain = ""
    for number, line in enumerate(listing.splitlines(), 1):
        head = _HEAD.match(line)
        if head is not None:
            if head[1] == "table":
                family, table, chain = head[2] or "ip", head[3], ""
            else:
                chain = head[3]
            continue
        told = _HANDLE.match(line)
        if told is not None and chain:
            found[(family, table, chain, int(told[2]))] = (number, _COUNTER.sub("counter", told[1].strip()))
    return found
