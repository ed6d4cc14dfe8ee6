"""`nft -j list ruleset` tells the same base chains as the text; an error message tells none."""

import json

from snapshot.build import build
from snapshot.finding import Kind
from snapshot.parse import nft_ruleset
from snapshot.raw import RawFile, RawSnapshot

TEXT = """table inet fw {
	chain in {
		type filter hook input priority -5; policy drop;
		tcp dport 22 accept
		counter packets 0 bytes 0
	}
	chain other {
		accept
	}
}
"""
CHAINS = [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "inet", "name": "fw"}},
          {"chain": {"family": "inet", "table": "fw", "name": "in", "type": "filter", "hook": "input", "prio": -5, "policy": "drop"}},
          {"chain": {"family": "inet", "table": "fw", "name": "other"}}, *[{"rule": {"family": "inet", "table": "fw", "chain": "in", "expr": []}} for _ in range(2)],
          {"rule": {"family": "inet", "table": "fw", "chain": "other", "expr": []}}]


def test_json_and_text_tell_the_same() -> None:
    """Base chains with hook, priority, policy and the number of their rules."""
    def plain(text: str) -> list[tuple[object, ...]]:
        return [(c.family, c.table, c.name, c.type, c.hook, c.priority, c.policy, c.rules) for c in nft_ruleset.parse(text)[0]]
    assert plain(TEXT) == plain(json.dumps({"nftables": CHAINS})) == [("inet", "fw", "in", "filter", "input", "-5", "drop", 2)]


def test_json_alone_makes_native_chains_known() -> None:
    """An insights archive has the JSON only."""
    files = {"insights_commands/nft_-j_list_ruleset": json.dumps({"nftables": CHAINS}).encode(), "insights_commands/ip_addr": b"1: lo: <LOOPBACK,UP> mtu 65536\n"}
    host = build(RawSnapshot("x", {path: RawFile(path, data) for path, data in files.items()})).host.namespaces["host"]
    assert [chain.name for chain in host.nft_chains or ()] == ["in"]


def test_an_error_message_is_no_empty_ruleset() -> None:
    """Without the tool, or the right, nothing is known of native chains."""
    for text in ("bash: nft: command not found\n", "Operation not permitted (you must be root)\n", '{"nftables": 5}', "{"):
        chains, findings = nft_ruleset.parse(text, "x")
        assert not chains
        assert findings or text == '{"nftables": 5}'
    files = {"netns/host/nft-ruleset.txt": b"bash: nft: command not found\n", "netns/host/ip-addr.txt": b"1: lo: <LOOPBACK,UP> mtu 65536\n"}
    built = build(RawSnapshot("x", {path: RawFile(path, data) for path, data in files.items()}))
    assert built.host.namespaces["host"].nft_chains is None
    assert any(one.kind is Kind.SYNTAX for one in built.findings)
