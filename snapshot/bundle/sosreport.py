"""A sosreport (sos 3.x to 4.x): `sos_reports/manifest.json` tells which file holds which command; without it the names do.

sos_commands/networking/ip_-4_rule_list              `/` is written `.`, every other odd character `_`
sos_commands/networking/namespaces/NS/ip_netns_exec_NS_ip_route_show_table_all        since 4.0
sos_commands/networking/ip_netns_exec_NS_ip_route_show_table_all                      before
sos_commands/docker/containers/docker_inspect_ID     since 4.0; before, containers and images in one folder
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from snapshot.bundle.bundle import Bundle, BundleKind
from snapshot.bundle.common import by_command, first_line, kernel_of, load, settings
from snapshot.finding import Finding, Kind
from snapshot.host import HOST
from snapshot.naming import Place, place
from snapshot.raw import RawFile, RawSnapshot

_MANIFEST = "sos_reports/manifest.json"
_COMMANDS = "sos_commands/"
_NAMESPACE = re.compile(r"/namespaces/([^/]+)/")
_OLD_NAMESPACE = re.compile(
    r"/ip_netns_exec_(.+?)_(?:\.\w+\.)*(?:ip|ip6?tables-save|ip6?tables|conntrack|sysctl|ss|netstat|nft|route|ethtool|nstat|ipset|arp)(?:_|$)"
)
_PROC = re.compile(r"^proc/(?:\d+/)?net/\w+$")  # /proc/net is a link to the collecting process's own
_LEFT_OUT = re.compile(r"/(?:images|volumes|pods)/")
# `sos clean`: MAC addresses under "SOS" (53:4f:53), hosts and domains by number, users by number
_CLEANED_MAC = re.compile(rb"\b53:4f:53:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}\b", re.I)
_CLEANED = re.compile(r"\bhost\d+\.domain\d+\.|\bobfuscated(?:user|domain|word)\d+\b")
_CLEAN_DOUBT = (
    "the report went through `sos clean`: addresses, MAC addresses and names are replaced, and an address that stood without its "
    "network need not lie in the network that it was in"
)


def recognise(raw: RawSnapshot) -> Bundle | None:
    """A bundle with sos' folders."""
    if not any(path.startswith((_COMMANDS, "sos_reports/")) for path in raw.files):
        return None
    findings: list[Finding] = []
    manifest = load(raw.files[_MANIFEST], findings) if _MANIFEST in raw.files else None
    commands = list(_commands(manifest))
    index = {path: line for path, line, _ in commands}
    files = [file for path, file in raw.files.items() if path.startswith(_COMMANDS) and not _LEFT_OUT.search(path)]
    placed = by_command(files, index, _netns)
    placed = [(held, file) for held, file in placed if held.fact != "docker-inspect" or b'"NetworkSettings"' in file.data or b'"status"' in file.data]
    placed += [(replace(held, netns=HOST), file) for path, file in raw.files.items() if _PROC.match(path) and (held := place(path)) is not None]
    placed += settings(raw)
    findings += [
        Finding(Kind.TRUNCATED, path, 0, line, "sos cut this output off at its size limit (--log-size)")
        for path, line, truncated in commands
        if truncated and path in raw.files
    ]
    doubts = _cleaned(raw, placed, manifest)
    if doubts:
        findings.append(Finding(Kind.AMBIGUOUS, raw.source, 0, "", f"{doubts[0]}; no answer is called certain"))
    if not any(place.fact in ("iptables", "iptables-list", "nft") for place, _ in placed):
        findings.append(
            Finding(
                Kind.MISSING,
                _COMMANDS + "firewall_tables",
                0,
                "",
                "sos collects iptables and nftables only where their kernel modules are loaded: either there are no rules, or the plugin was off",
            )
        )
    return Bundle(
        BundleKind.SOSREPORT,
        tuple(placed),
        tuple(findings),
        doubts,
        first_line(raw, "hostname", "sos_commands/host/hostname", "etc/hostname"),
        kernel_of(first_line(raw, "uname", "sos_commands/kernel/uname_-a")),
        first_line(raw, "sos_commands/date/date_--utc", "date", "sos_commands/date/date"),
    )


def _commands(manifest: Any) -> Iterator[tuple[str, str, bool]]:
    """(path, command line, cut off) of each command in the manifest; whatever has another shape is passed over."""
    plugins = _inside(manifest, "components", "report", "plugins")
    for plugin in plugins.values() if isinstance(plugins, dict) else ():
        held = plugin.get("commands") if isinstance(plugin, dict) else None
        for item in held if isinstance(held, list) else ():
            if isinstance(item, dict) and isinstance(item.get("filepath"), str):
                line = item.get("exec") or f"{item.get('command', '')} {item.get('parameters', '')}"
                yield item["filepath"].lstrip("/"), str(line), item.get("truncated") is True


def _inside(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _netns(path: str, held: Place) -> str:
    """The namespace: the folder, the old names' own words, or what the command said."""
    found = _NAMESPACE.search(path) or _OLD_NAMESPACE.search(path)
    if found is not None:
        return found[1]
    return held.netns


def _cleaned(raw: RawSnapshot, placed: list[tuple[Place, RawFile]], manifest: Any) -> tuple[str, ...]:
    """Whether `sos clean` went over it: its name, its manifest, or the marks that it leaves in the text."""
    told = "obfuscated" in raw.source.rpartition("/")[2] or bool(_inside(manifest, "components", "cleaner"))
    marks = any(_CLEANED_MAC.search(file.data) for place, file in placed if place.fact in ("ip-link", "ip-addr", "ip-neigh", "bridge-fdb"))
    names = any(
        _CLEANED.search(raw.files[path].text[:4096])
        for path in ("hostname", "etc/hostname", "etc/hosts", "sos_commands/host/hostname")
        if path in raw.files
    )
    return (_CLEAN_DOUBT,) if told or marks or names else ()
