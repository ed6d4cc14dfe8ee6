"""One Docker host (samples/user-networks) as every kind of bundle that people send of it."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from snapshot.archive import open_snapshot
from snapshot.raw import RawFile, RawSnapshot

SAMPLE = Path(__file__).parent.parent.parent.parent / "samples" / "user-networks" / "snapshot.tar.gz"
LISTED = Path(__file__).parent / "listed"  # the sample's rules, loaded by iptables-nft 1.8.9 and listed

# our file -> the command that printed it
COMMANDS = {
    "ip-link.txt": "ip -s -d link",
    "ip-addr.txt": "ip -d address",
    "ip-4-route.txt": "ip -4 route show table all",
    "ip-6-route.txt": "ip -6 route show table all",
    "ip-4-rule.txt": "ip -4 rule list",
    "ip-6-rule.txt": "ip -6 rule list",
    "ip-neigh.txt": "ip -s -s neigh show",
    "bridge-link.txt": "bridge -s -s -d link show",
    "bridge-fdb.txt": "bridge -s -s -d -t fdb show",
    "bridge-vlan.txt": "bridge -d vlan show",
    "iptables-nft-save.txt": "iptables-save",
    "ip6tables-nft-save.txt": "ip6tables-save",
    "conntrack-4.txt": "conntrack -L -o extended",
    "sysctl.txt": "sysctl -a",
    "ss.txt": "ss -peaonmi",
}


@cache
def ours() -> Mapping[str, bytes]:
    """The sample's files."""
    return {path: file.data for path, file in open_snapshot(SAMPLE).files.items()}


def of(name: str) -> dict[str, bytes]:
    """Command -> its output in a namespace of the sample."""
    return {command: ours()[f"netns/{name}/{leaf}"] for leaf, command in COMMANDS.items() if f"netns/{name}/{leaf}" in ours()}


def raw(source: str, files: Mapping[str, bytes]) -> RawSnapshot:
    """Files as a snapshot."""
    return RawSnapshot(source, {path: RawFile(path, data) for path, data in files.items()})


def mangled(command: str) -> str:
    """A command as sos names its file (`/` to `.`, every other odd character to `_`)."""
    return "".join(c if c.isalnum() or c in "-.+" else "." if c == "/" else "_" for c in command)


def sosreport(with_manifest: bool = True, old_names: bool = False) -> RawSnapshot:
    """sos 4 with a manifest, or only its names; `old_names` as sos 3 had them for namespaces and containers."""
    files: dict[str, bytes] = {
        "hostname": b"dockerhost\n",
        "uname": b"Linux dockerhost 6.18.0 #1 SMP x86_64 GNU/Linux\n",
        "etc/hosts": b"127.0.0.1 localhost\n",
        "sos_commands/networking/ip_netns": b"web (id: 2)\napi (id: 3)\n",
    }
    commands: list[dict[str, object]] = []

    def put(folder: str, command: str, data: bytes, shown: str | None = None) -> None:
        path = f"sos_commands/{folder}/{mangled(shown or command)}"
        files[path] = data
        commands.append(
            {
                "command": command.split()[0],
                "parameters": command.split()[1:],
                "exec": f"/usr/sbin/{command}",
                "filepath": path,
                "truncated": False,
                "return_code": 0,
                "tags": [],
            }
        )

    for command, data in of("host").items():
        if not command.startswith("ip") or not command.endswith("-save"):
            put({"sysctl": "kernel", "conntrack": "conntrack"}.get(command.split()[0], "networking"), command, data)
    for path in sorted(LISTED.iterdir()):
        put("firewall_tables", path.name.replace("_", " "), path.read_bytes())
    for name in ("web", "api", "db", "safe"):
        for command, data in of(name).items():
            put("networking" if old_names else f"networking/namespaces/{name}", f"ip netns exec {name} {command}", data)
    for item in json.loads(ours()["once/docker-inspect.json"]):
        put("docker" if old_names else "docker/containers", f"docker inspect {item['Id'][:12]}", json.dumps([item]).encode())
    for item in json.loads(ours()["once/docker-network-inspect.json"]):
        put("docker", f"docker network inspect {item['Name']}", json.dumps([item]).encode())
    put(
        "docker" if old_names else "docker/images",
        "docker inspect busybox:latest",
        b'[{"Id": "sha256:1", "RepoTags": ["busybox:latest"], "Architecture": "amd64"}]',
    )
    if with_manifest:
        report = {"plugins": {"networking": {"name": "networking", "commands": commands, "files": []}}}
        files["sos_reports/manifest.json"] = json.dumps({"version": "4.8.2", "components": {"report": report}}).encode()
    return raw("sosreport-dockerhost.tar.xz", files)


def supportconfig() -> RawSnapshot:
    """SUSE's: texts with headings."""

    def part(command: str, data: bytes, kind: str = "Command") -> bytes:
        return f"#==[ {kind} ]{'=' * 38}#\n# /usr/sbin/{command}\n".encode() + data + b"\n"

    network = b"".join(part(command, data) for command, data in of("host").items() if not command.startswith(("sysctl", "conntrack")))
    docker = b"".join(part(f"docker inspect {n}", data) for n, data in enumerate((ours()["once/docker-inspect.json"],)))
    docker += part("docker network inspect bridge", ours()["once/docker-network-inspect.json"]) + part(
        "docker image inspect x", b'[{"Id": "sha256:1"}]'
    )
    return raw(
        "scc_dockerhost_241124_1010.txz",
        {
            "basic-environment.txt": part("date", b"Tue Nov 24 10:00:00 UTC 2026")
            + part("uname -a", b"Linux dockerhost 6.18.0 #1 SMP x86_64 GNU/Linux"),
            "network.txt": part("/etc/hosts", b"127.0.0.1 localhost", "Configuration File")
            + network
            + part("brctl show", b"bash: brctl: command not found"),
            "env.txt": part("sysctl -a", of("host")["sysctl -a"]),
            "proc.txt": part("conntrack -L", of("host")["conntrack -L -o extended"]),
            "docker.txt": docker,
        },
    )


def insights() -> RawSnapshot:
    """Red Hat's: files named after commands, and JSON that names the commands."""
    files: dict[str, bytes] = {
        "data/insights_commands/hostname": b"dockerhost\n",
        "data/insights_commands/uname_-a": b"Linux dockerhost 6.18.0 #1 SMP x86_64\n",
    }
    for command, data in of("host").items():
        path = f"insights_commands/{mangled(command)}"
        files["data/" + path] = data
        spec = {
            "name": "x",
            "results": {
                "type": "insights.core.spec_factory.CommandOutputProvider",
                "object": {"cmd": f"/sbin/{command}", "rc": None, "relative_path": path},
            },
        }
        files[f"meta_data/insights.specs.Specs.{mangled(command)}.json"] = json.dumps(spec).encode()
    return raw("insights-dockerhost.tar.gz", files)


def folder() -> RawSnapshot:
    """Files that somebody named by hand, some of them not after their command."""
    names = {
        "ip -d address": "addresses.txt",
        "ip -4 route show table all": "routes v4.log",
        "sysctl -a": "kernel/settings.out",
        "iptables-save": "firewall.conf",
    }
    return raw(
        "folder",
        {names.get(command, f"{mangled(command)}.txt"): data for command, data in of("host").items()}
        | {"containers.json": ours()["once/docker-inspect.json"], "nets.json": ours()["once/docker-network-inspect.json"]},
    )


def transcript(prompt: str = "root@dockerhost:~# ", colours: bool = False, ends: str = "\n", prefix: str = "") -> RawSnapshot:
    """A terminal's log: each command behind a prompt, its output below."""
    shown = f"\x1b[01;32m{prompt}\x1b[0m" if colours else prompt
    text = "".join(f"{shown}{command}\n{data.decode()}" + ("" if data.endswith(b"\n") else "\n") for command, data in of("host").items())
    text += f"{shown}docker inspect $(docker ps -aq)\n{ours()['once/docker-inspect.json'].decode()}\n{shown}docker network inspect bridge\n"
    text += f"{ours()['once/docker-network-inspect.json'].decode()}\n{shown}exit\n"
    lines = [prefix + line for line in text.split("\n")]
    return raw("paste.txt", {"paste.txt": ends.join(lines).encode()})


KINDS: dict[str, Callable[[], RawSnapshot]] = {
    "sosreport": sosreport,
    "sosreport without manifest": lambda: sosreport(with_manifest=False),
    "sosreport of sos 3": lambda: sosreport(False, True),
    "supportconfig": supportconfig,
    "insights": insights,
    "folder": folder,
    "transcript": transcript,
    "transcript, [user@host dir]$": lambda: transcript("[root@dockerhost ~]# "),
    "transcript, $": lambda: transcript("$ sudo "),
    "transcript with colours": lambda: transcript(colours=True),
    "transcript with CRLF": lambda: transcript(ends="\r\n"),
    "transcript quoted in a mail": lambda: transcript(prefix="> "),
}
