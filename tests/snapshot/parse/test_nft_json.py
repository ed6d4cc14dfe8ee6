"""`nft -j list ruleset`: tables with their chains, rules and sets; lines and words from the plain listing."""

from snapshot.parse import nft_json

RULESET = """{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}},
{"table": {"family": "inet", "name": "fw", "handle": 1}},
{"set": {"family": "inet", "name": "good", "table": "fw", "type": "ipv4_addr", "handle": 7, "flags": ["interval"],
         "elem": [{"prefix": {"addr": "10.0.0.0", "len": 24}}, "10.1.0.5"]}},
{"set": {"family": "inet", "name": "seen", "table": "fw", "type": "ipv4_addr", "handle": 8, "flags": ["dynamic", "timeout"]}},
{"chain": {"family": "inet", "table": "fw", "name": "input", "handle": 2, "type": "filter", "hook": "input", "prio": -5, "policy": "drop"}},
{"rule": {"family": "inet", "table": "fw", "chain": "input", "handle": 13, "expr": [{"counter": {"packets": 3, "bytes": 180}}, {"accept": null}]}}]}"""
LISTING = """table inet fw { # handle 1
\tset good { # handle 7
\t\ttype ipv4_addr
\t}

\tchain input { # handle 2
\t\ttype filter hook input priority -5; policy drop;
\t\tcounter packets 3 bytes 180 accept # handle 13
\t}
}
"""


def test_tables() -> None:
    """A base chain with hook, priority and policy; a rule with its number; sets, and which of them packets change."""
    (table,), problems = nft_json.parse(RULESET, "x.json")
    chain = table.chains["input"]
    assert not problems
    assert (table.family, table.name, chain.hook, chain.priority, chain.policy, len(chain.rules)) == ("inet", "fw", "input", -5, "drop", 1)
    assert [(one.name, len(one.elements), one.dynamic) for one in table.sets.values()] == [("good", 2, False), ("seen", 0, True)]


def test_lines_and_words() -> None:
    """By handle; counters left out of the words, as they are of iptables' rules."""
    (table,) = nft_json.with_text(nft_json.parse(RULESET, "x.json")[0], LISTING, "x.txt")
    rule = table.chains["input"].rules[0]
    assert (rule.number, rule.file, rule.line, rule.text) == (1, "x.txt", 8, "counter accept")


def test_damage_is_a_finding() -> None:
    """Of the whole file, or of one object."""
    assert nft_json.parse("{", "x.json")[1][0].file == "x.json"
    assert len(nft_json.parse('{"nftables": [{"rule": {"family": "ip", "table": "t", "chain": "gone"}}]}')[1]) == 1
