"""Which command's output a file is: read from its name, or from a command line as it was typed.

`netns/web/ip-4-route.json` (ours), `ip_-4_route_show_table_all` (sosreport), `ip netns exec web ip -4 r` (typed) and `ip_r.txt` are
all IPv4 routes.  A name is only ever looked up in the tables here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from snapshot.host import HOST
from snapshot.tools import PROC, TOOLS, fact_of

_SUFFIXES = (".json", ".txt", ".out", ".log", ".gz", ".xz", ".conf", ".cfg", ".v4", ".v6", ".rules", ".md")


@dataclass(frozen=True, slots=True)
class Place:
    """What a file holds: the namespace, the fact, the IP family (0: both or none), whether it is JSON, the words of its name.

    `table` is the iptables table that a listing shows; `partial` marks output that shows a part of the fact only (`ip route` without
    `table all`, `iptables -L DOCKER`).
    """

    netns: str
    fact: str
    family: int
    json: bool
    words: tuple[str, ...]
    table: str = ""
    partial: bool = False


def command(line: str) -> Place | None:
    """What the output of a typed command line is; None for one that tells nothing of the model."""
    return _of_words(_typed(line))


def place(path: str) -> Place | None:
    """What a file holds, by its path; None for a file that tells nothing of the model."""
    parts = path.split("/")
    if parts[-1].endswith((".err", ".stderr")) or ("sys" in parts[:-1] and "proc" in parts[:-1]):
        return None
    stem, is_json = parts[-1], False
    while stem.lower().endswith(_SUFFIXES):
        stem, _, suffix = stem.rpartition(".")
        is_json = is_json or suffix == "json"
    found = _proc(parts) or _of_words(_named(stem)) or _whole(stem)
    if found is None:
        return None
    netns = found.netns if found.netns != HOST else _netns(parts)
    return Place(netns, found.fact, found.family, is_json or found.json, found.words, found.table, found.partial)


def _whole(stem: str) -> Place | None:
    """`ip-xfrm-policy`, `ip_xfrm_policy`, `ip_-s_xfrm_policy`: IPsec's policies."""
    words = tuple(word for word in re.split(r"[-_ .]+", stem) if word)
    return Place(HOST, "ip-xfrm-policy", 0, False, words) if words[:1] == ("ip",) and words[-2:] == ("xfrm", "policy") else None


def _typed(line: str) -> list[str]:
    """The words of a command line, up to a pipe or redirection."""
    words = re.split(r"\s*(?:[|;>&]|2>)", line.strip().strip("`\"'"), maxsplit=1)[0].split()
    return [word.strip("`\"'") for word in words]


def _named(stem: str) -> list[str]:
    """The words of a file's name: `_` and spaces part them, else `-`; sosreport writes `/` as `.`."""
    stem = stem.strip()
    proc = re.fullmatch(r"proc[-_.](?:net[-_.])?(\w+)", stem)
    if proc is not None:
        return ["cat", "/proc/net/" + proc[1]]
    if re.search(r"[_ ]", stem):
        words = [word for word in re.split(r"[_ ]+", stem) if word]
        if words[0].lower() in TOOLS or not any(len(w.split("-")) > 2 or ("-" in w and w[0] != "-" and w.split("-")[0] in TOOLS) for w in words):
            return words
    return [word for word in re.split(r"[-_ .]+", stem) if word]


def _of_words(words: Sequence[str]) -> Place | None:
    """The fact behind a command's words: what wraps the command is taken off first."""
    netns = HOST
    rest = [word for word in words if word]
    for _ in range(4):
        rest, inner = _unwrapped(rest)
        netns = inner or netns
    while rest and _tool(rest) is None and len(rest) > 1:
        if rest[0].lower() in ("after", "before", "err"):
            return None
        rest = rest[1:]  # `01-ip-addr`, `web-ip-addr`, `myhost_iptables-save`
    tool = _tool(rest)
    if tool is None:
        return None
    name, arguments = tool
    low = [word.lower() for word in arguments]
    found = fact_of(name, arguments, low)
    if found is None:
        return None
    fact, family, is_json, table, partial = found
    every = tuple(part for word in rest for part in re.split(r"[-_. ]+", word.lower()) if part)
    return Place(_namespace_option(name, arguments) or netns, fact, family, is_json, every, table, partial)


def _unwrapped(words: list[str]) -> tuple[list[str], str | None]:
    """Without `sudo`, `ip netns exec NS`, `nsenter ...`, `docker exec C`, `VAR=x`, a path before the tool."""
    low = [word.lower() for word in words]
    if low[:1] and low[0] in ("sudo", "time", "busybox", "doas", "command", "exec", "timeout"):
        skip = 2 if low[0] == "timeout" else 1
        while skip < len(words) and words[skip].startswith("-"):
            skip += 1
        return words[skip:], None
    if low[:3] == ["ip", "netns", "exec"] and len(words) > 4:
        end = next((i for i in range(5, len(words)) if words[i] in TOOLS), 4) if words[4] not in TOOLS else 4
        return words[end:], "_".join(words[3:end])
    if len(low) > 2 and low[0] in ("docker", "podman", "nerdctl", "crictl") and low[1] == "exec":
        rest = [word for word in words[2:] if not word.startswith("-")]
        return rest[1:], rest[0] if rest else None
    if low[:1] == ["nsenter"]:
        end = next((i for i in range(1, len(words)) if words[i].rpartition("/")[2] in TOOLS), len(words))
        return words[end:], "-".join(re.findall(r"\d+", " ".join(words[1:end])) and ["pid", *re.findall(r"\d+", " ".join(words[1:end]))[:1]])
    if words and re.match(r"^[A-Z_]+=", words[0]):
        return words[1:], None
    if words and "/" in words[0] and words[0].rpartition("/")[2] in TOOLS:
        return [words[0].rpartition("/")[2], *words[1:]], None
    return words, None


def _tool(words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The tool and its arguments; `iptables legacy save` (from a name parted at dashes) is put together again."""
    if not words:
        return None
    first = words[0].lower().rpartition("/")[2]
    if first not in TOOLS and first.rpartition(".")[2] in TOOLS:
        first = first.rpartition(".")[2]  # sosreport's `.usr.sbin.iptables`
    if first in ("iptables", "ip6tables"):
        taken = 1
        while taken < len(words) and words[taken].lower() in ("legacy", "nft", "save"):
            first += "-" + words[taken].lower()
            taken += 1
        return (first, list(words[taken:])) if first in TOOLS else None
    return (first, list(words[1:])) if first in TOOLS else None


def _namespace_option(name: str, words: Sequence[str]) -> str | None:
    """`ip -n NS` and `ip -netns NS`, `bridge -n NS`."""
    if name in ("ip", "bridge"):
        for option, value in pairwise(words):
            if option in ("-n", "-netns", "--netns"):
                return value
    return None


def _proc(parts: list[str]) -> Place | None:
    """`proc/net/route` in a bundle that copied /proc."""
    if len(parts) >= 3 and parts[-2] == "net" and "proc" in parts and parts[-1] in PROC:
        return Place(HOST, PROC[parts[-1]], 6 if "6" in parts[-1] else 4 if "conntrack" not in parts[-1] else 0, False, ("proc", parts[-1]))
    return None


def _netns(parts: list[str]) -> str:
    """The namespace that a file belongs to: the folder below `netns`, else its own folder; `once` and the top are the host's."""
    folders = parts[:-1]
    if "netns" in folders and folders.index("netns") + 1 < len(folders):
        return folders[folders.index("netns") + 1]
    if not folders or folders[-1] in ("once", "captures", "snap", "after", "before", "net"):
        return HOST
    return folders[-1]
