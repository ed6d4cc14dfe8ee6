"""`ip netns`, `ip netns list-id`: which id of a namespace (`link-netnsid 9`) stands for which name.

    qrouter-984c22fd-64b3-4fa1-8ddd-87090f401ce5 (id: 10)
    nsid 0 (iproute2 netns name: web)
"""

import re
import zlib

from snapshot.finding import Finding

_NAMED = re.compile(r"^(\S+) \(id: (\d+)\)\s*$", re.M)
_NUMBERED = re.compile(r"^nsid (\d+) .*\(iproute2 netns name: (\S+)\)\s*$", re.M)


def number_of(name: str) -> int:
    """The number below zero that stands for a namespace that `ip link` prints by name (`link-netns web`) instead of by id."""
    return -1 - zlib.crc32(name.encode("utf-8", "surrogateescape"))


def parse(text: str, file: str = "") -> tuple[dict[int, str], tuple[Finding, ...]]:
    """Id -> name, for the namespaces that have both."""
    found = {int(number): name for name, number in _NAMED.findall(text)}
    return found | {int(number): name for number, name in _NUMBERED.findall(text)}, ()
