"""JSON and plain text of the same command give the same records, on every namespace of every sample."""

import dataclasses
import importlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from snapshot.archive import open_snapshot
from snapshot.raw import RawSnapshot

SAMPLES = Path(__file__).parent.parent.parent.parent / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/snapshot.tar.gz"))
PAIRS = [("ip_link", "ip-link", 0), ("ip_addr", "ip-addr", 0), ("ip_route", "ip-4-route", 4), ("ip_route", "ip-6-route", 6),
         ("ip_rule", "ip-4-rule", 4), ("ip_rule", "ip-6-rule", 6), ("ip_neigh", "ip-neigh", 0), ("bridge_link", "bridge-link", 0),
         ("bridge_fdb", "bridge-fdb", 0), ("bridge_vlan", "bridge-vlan", 0)]


@cache
def opened(name: str) -> RawSnapshot:
    """The sample's files."""
    return open_snapshot(SAMPLES / name / "snapshot.tar.gz")


def plain(records: Any) -> list[Any]:
    """Records without what only says where they stood.

    `ip -d link` prints `link-netns NAME` where the JSON has `link_netnsid`: the number is then only in the JSON.
    """
    return [dataclasses.replace(r, **{k: type(getattr(r, k))() for k in ("text", "line", "file") if hasattr(r, k)},
                                **({"peer_netnsid": None} if hasattr(r, "peer_netnsid") else {})) for r in records]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("module", "stem", "family"), PAIRS)
def test_json_equals_text(name: str, module: str, stem: str, family: int) -> None:
    """The same records, whichever form is read; no findings."""
    parse = importlib.import_module(f"snapshot.parse.{module}").parse
    files = opened(name).files
    compared = 0
    for path, file in files.items():
        if not path.endswith(f"/{stem}.json"):
            continue
        other = files[path[:-5] + ".txt"]
        arguments = (family,) if family else ()
        (a, problems_a), (b, problems_b) = parse(file.text, path, *arguments), parse(other.text, path, *arguments)
        assert not problems_a
        assert not problems_b
        left, right = plain(a), plain(b)
        if module == "ip_neigh":  # the two were taken a moment apart: entries age
            left, right = [dataclasses.replace(n, state="") for n in left], [dataclasses.replace(n, state="") for n in right]
        assert left == right
        compared += 1
    assert compared > 0
