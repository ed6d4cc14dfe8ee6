"""Which file is rewritten how, and under which path; what nothing can rewrite, or nothing reads, is left out."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from snapshot.build import Built
from snapshot.bundle.recognise import recognise
from snapshot.commands import COMMANDS
from snapshot.naming import Place, place
from snapshot.raw import RawSnapshot, SnapshotError
from snapshot.text import readable as decode
from visualize.redact import docker, formats
from visualize.redact.captures import rewrite
from visualize.redact.gather import as_json
from visualize.redact.nft_json import nft_json
from visualize.redact.packets import Packets
from visualize.redact.redactor import Redactor
from visualize.redact.words import Kind

_CAPTURE_ENDS = (".pcap", ".pcapng", ".cap")
_OWN = frozenset(command.file for command in COMMANDS)
_PLAIN: formats.Rewriter = lambda text, redactor: redactor.text(text)  # noqa: E731
_FACTS: dict[str, formats.Rewriter] = {
    "iptables": formats.iptables, "ip6tables": formats.iptables, "nft": formats.nft, "ipset": formats.ipset, "ss": formats.sockets,
    "iptables-list": formats.listing, "ip6tables-list": formats.listing, "ipset-list": formats.ipset_list,
    "netstat-l": _PLAIN, "route": formats.route_n, "netstat-r": formats.route_n, "conntrack": _PLAIN,
    "sysctl": _PLAIN, "ifconfig": _PLAIN, "arp": _PLAIN,
    "docker-inspect": docker.docker_inspect, "docker-network-inspect": docker.docker_network_inspect, "brctl-show": _PLAIN, "brctl-macs": _PLAIN,
    **dict.fromkeys(("ip-link", "ip-addr", "ip-route", "ip-rule", "ip-neigh", "bridge-link", "bridge-fdb", "bridge-vlan"), formats.iproute)}
_LEAVES: dict[str, formats.Rewriter] = {
    **dict.fromkeys(("arptables-nft-save.txt", "arptables-legacy-save.txt", "ebtables-nft-save.txt", "ebtables-legacy-save.txt"), formats.iptables),
    **dict.fromkeys(("ip-nexthop.txt", "ip-maddr.txt", "ip-netconf.txt", "ip-addrlabel.txt", "ip-4-mroute.txt", "ip-6-mroute.txt", "bridge-mdb.txt",
                     "netns-list-id.txt", "ip-s-link.txt"), formats.iproute),
    **dict.fromkeys(("conntrack-expect.txt", "proc-nf_conntrack_expect.txt", "nstat.txt", "conntrack-stats.txt", "tc-qdisc.txt", "ethtool-k.txt",
                     "ip-xfrm-policy.txt", "ipvsadm-save.txt", "date.txt", "modules.txt", "os-release.txt"), _PLAIN),
    **dict.fromkeys(("proc-net-tcp.txt", "proc-net-tcp6.txt", "proc-net-udp.txt", "proc-net-udp6.txt"), formats.hex_addresses),
    **dict.fromkeys(("proc-xt_recent.txt", "proc-ipt_hashlimit.txt", "proc-ip6t_hashlimit.txt"), formats.lists),
    "nft-hooks.txt": formats.nft, "proc-ip_vs.txt": formats.hex_big_endian}
_DAMAGED = b'{"left out": "the original was damaged"\n'
_JSON = frozenset({"ip-nexthop.json", "ip-maddr.json", "ip-netconf.json", "ip-addrlabel.json", "bridge-mdb.json"})


def rewriter(path: str, told: Place | None = None) -> formats.Rewriter | None:
    """How a file is rewritten; None for one that is left out. `told` is what the bundle knows of it, where its name says nothing."""
    folder, _, leaf = path.rpartition("/")
    leaf = re.sub(r"^(?:before|after)-", "", leaf)
    if leaf in _JSON:
        return formats.as_json
    if leaf in _LEAVES:
        return _LEAVES[leaf]
    where = place(f"{folder}/{leaf}" if folder else leaf) or told
    if where is None or where.fact not in _FACTS:
        return None
    if where.fact == "nft" and where.json:
        return nft_json
    return formats.as_json if where.json and where.fact.startswith(("ip-", "bridge-")) else _FACTS[where.fact]


class Files:
    """Rewrites the files of a snapshot. `left_out` names those that were not kept."""

    def __init__(self, raw: RawSnapshot, built: Built, redactor: Redactor) -> None:
        self._raw, self._redactor = raw, redactor
        self._netns = {capture.path: capture.netns for capture in built.captures}
        self._placed = {file.path: where for where, file in recognise(raw)}
        self.packets = Packets(redactor.addresses)
        self.left_out: list[str] = []

    def all(self) -> dict[str, bytes]:
        """The new files by their new paths, the manifest last."""
        found: dict[str, bytes] = {}
        for path, file in self._raw.files.items():
            if path == "manifest.json":
                continue
            data = self._one(path, file.data)
            if data is None:
                self.left_out.append(path)
            else:
                found[self.path(path)] = data
        manifest = self._raw.files.get("manifest.json")
        if manifest is not None:
            told = as_json(manifest.text)
            found["manifest.json"] = self._manifest(told if isinstance(told, dict) else {}, found)
        return found

    def _one(self, path: str, data: bytes) -> bytes | None:
        if path.endswith(_CAPTURE_ENDS):
            try:
                return rewrite(data, self.packets, self._redactor.text, path)
            except SnapshotError:  # no capture, whatever its name says: nothing reads it
                return None
        change = rewriter(path, self._placed.get(path))
        if change is None:
            return None
        text = decode(data).text
        if not text.strip():
            return data
        try:
            return change(text, self._redactor).encode("utf-8", "surrogateescape")
        except (ValueError, RecursionError, AttributeError, TypeError):  # damaged JSON: nothing of it can be shown, but that it was there
            self.left_out.append(path)
            return _DAMAGED

    # -- paths ---------------------------------------------------------------------------------------------------------------

    def path(self, path: str) -> str:
        """The new path: a namespace's folder and a capture's name bear names."""
        parts = path.split("/")
        if parts[0] == "netns" and len(parts) > 1:
            return "/".join(["netns", self._redactor.workload(parts[1]), *map(self._redactor.prose, parts[2:])])
        netns = self._netns.get(path, "")
        if netns and parts[-1].startswith(f"{netns}-"):
            parts[-1] = self._redactor.workload(netns) + self._redactor.text(parts[-1][len(netns):])
            return "/".join(parts)
        return "/".join(map(self._redactor.prose, parts))

    # -- the manifest -----------------------------------------------------------------------------------------------------------

    def _manifest(self, told: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
        """The collector's list: names replaced, what tools said on stderr left out, sizes and sums of the new files."""
        redactor = self._redactor
        new = {key: told[key] for key in ("schema", "collector", "kernel", "started", "ended", "uid", "clock") if key in told}
        new["hostname"] = redactor.words(Kind.HOST, str(told.get("hostname", "")))
        new["redacted"] = {"by": "packetpath redact", "left_out": self._told_left_out()}
        new["netns"] = [{**self._only(item, "inode"), "name": redactor.workload(str(item.get("name", ""))),
                         "dir": f"netns/{redactor.workload(str(item.get('name', '')))}",
                         "containers": [redactor.workload(str(name)) for name in item.get("containers") or ()]} for item in _records(told, "netns")]
        new["containers"] = [{**self._only(item, "pid"), "name": redactor.workload(str(item.get("name", ""))),
                              "id": redactor.text(str(item.get("id", ""))), "netns": redactor.workload(str(item.get("netns", ""))),
                              "mode": docker.mode(str(item.get("mode", "")), redactor), "shares": redactor.workload(str(item.get("shares", "")))}
                             for item in _records(told, "containers")]
        new["captures"] = [{**self._only(item, "linktype", "seconds", "started", "dropped", "snaplen", "ended", "ring", "payload"),
                            "file": self.path(str(item.get("file", ""))), "netns": redactor.workload(str(item.get("netns", ""))),
                            "interface": redactor.text(str(item.get("interface", ""))), "filter": redactor.prose(str(item.get("filter", "")))}
                           for item in _records(told, "captures")]
        new["commands"] = [self._command(item, files) for item in _records(told, "commands") if self.path(str(item.get("file", ""))) in files]
        for key in ("missing", "absent"):
            new[key] = [{**self._only(item, "allow"), **{name: redactor.prose(str(item.get(name, ""))) for name in ("command", "why")},
                         "file": self.path(str(item.get("file", ""))), "netns": redactor.workload(str(item.get("netns", "")))}
                        for item in _records(told, key)]
        return (json.dumps(new, indent=1) + "\n").encode()

    def _told_left_out(self) -> list[str]:
        """Files that were left out; those that are not the collector's own have names that nobody needs to see."""
        own = [self.path(path) for path in self.left_out if path.rpartition("/")[2] in _OWN]
        others = len(self.left_out) - len(own)
        return sorted(own) + ([f"{others} others"] if others else [])

    def _command(self, item: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
        path = self.path(str(item.get("file", "")))
        return {**self._only(item, "status", "seconds"), "file": path, "netns": self._redactor.workload(str(item.get("netns", ""))),
                "command": self._redactor.prose(str(item.get("command", ""))), "stderr": "", "bytes": len(files[path]),
                "sha256": hashlib.sha256(files[path]).hexdigest()}

    @staticmethod
    def _only(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        return {key: item[key] for key in keys if key in item}


def _records(told: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    items = told.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


