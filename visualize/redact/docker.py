"""`docker inspect` and `docker network inspect`: only what concerns the network is kept, with its names replaced by what their keys mean."""

import json
import re
from typing import Any

from visualize.redact.redactor import VOCABULARY, Redactor
from visualize.redact.words import Kind

_CONTAINER: dict[str, Any] = {
    "Id": 1, "Created": 1, "Name": 1, "Image": 1, "ImageName": 1, "State": dict.fromkeys(("Status", "Running", "Paused", "Pid", "StartedAt"), 1),
    "Config": dict.fromkeys(("Hostname", "Domainname", "Image", "ExposedPorts"), 1),
    "HostConfig": dict.fromkeys(("NetworkMode", "PortBindings", "PublishAllPorts", "Dns", "DnsSearch", "ExtraHosts", "Links", "Privileged"), 1),
    "NetworkSettings": {**dict.fromkeys((
        "Bridge", "SandboxID", "SandboxKey", "HairpinMode", "Ports", "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress",
        "IPPrefixLen", "IPv6Gateway", "MacAddress", "LinkLocalIPv6Address", "LinkLocalIPv6PrefixLen",
        "SecondaryIPAddresses", "SecondaryIPv6Addresses"), 1),
        "Networks": {"*": dict.fromkeys((
            "Links", "Aliases", "DNSNames", "NetworkID", "EndpointID", "Gateway", "IPAddress", "IPPrefixLen", "IPv6Gateway", "GlobalIPv6Address",
            "GlobalIPv6PrefixLen", "MacAddress"), 1)}}}
_NETWORK: dict[str, Any] = {
    **dict.fromkeys(("Name", "Id", "Created", "Scope", "Driver", "EnableIPv6", "EnableIPv4", "Internal", "Attachable", "Ingress", "ConfigOnly"), 1),
    "IPAM": {"Driver": 1, "Config": {"Subnet": 1, "Gateway": 1, "IPRange": 1}},
    "Containers": {"*": dict.fromkeys(("Name", "EndpointID", "MacAddress", "IPv4Address", "IPv6Address"), 1)}, "Options": {"com.docker.network.": 1}}
_NAMED = {"Aliases": Kind.ALIAS, "DNSNames": Kind.ALIAS, "Links": Kind.ALIAS, "ExtraHosts": Kind.ALIAS, "DnsSearch": Kind.DOMAIN,
          "Domainname": Kind.DOMAIN, "Hostname": Kind.ALIAS}


def docker_inspect(text: str, redactor: Redactor) -> str:
    """Containers: only what concerns the network; environment, labels and command lines are left out."""
    return json.dumps([_docker(item, _CONTAINER, redactor, "container") for item in _items(text)], indent=4) + "\n"


def docker_network_inspect(text: str, redactor: Redactor) -> str:
    """Networks, without their labels."""
    return json.dumps([_docker(item, _NETWORK, redactor, "network") for item in _items(text)], indent=4) + "\n"


def _items(text: str) -> list[Any]:
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def _docker(value: Any, wanted: Any, redactor: Redactor, inside: str, key: str = "") -> Any:
    """Keep the wanted keys, and rename by what a key means."""
    if isinstance(value, list):
        return [_docker(one, wanted, redactor, inside, key) for one in value]
    if isinstance(value, dict):
        if wanted == 1:
            return {redactor.text(k): _docker(one, 1, redactor, inside, k) for k, one in value.items()}
        found = {}
        for name, one in value.items():
            begun = (below for start, below in wanted.items() if start.endswith(".") and name.startswith(start))
            below = wanted.get(name) or wanted.get("*") or next(begun, None)
            if below:
                new = _network_name(name, redactor) if key == "Networks" else redactor.text(name)
                found[new] = _docker(one, below, redactor, "endpoint" if key in ("Networks", "Containers") else inside, name)
        return found
    return _docker_text(value, redactor, inside, key) if isinstance(value, str) else value


def _docker_text(value: str, redactor: Redactor, inside: str, key: str) -> str:
    if not value:
        return value
    if key == "Name":
        bare = value.lstrip("/")
        return _network_name(value, redactor) if inside == "network" else value[:len(value) - len(bare)] + redactor.workload(bare)
    if key in ("Image", "ImageName"):
        return redactor.text(value) if value.startswith("sha256:") else redactor.words(Kind.IMAGE, value)
    if key == "NetworkMode":
        return mode(value, redactor)
    if key == "SandboxKey":
        return "netns/" + redactor.text(value.rpartition("/")[2])
    if key in _NAMED:
        return ",".join(_named(part, _NAMED[key], redactor) for part in value.split(","))
    return redactor.text(value)


def mode(value: str, redactor: Redactor) -> str:
    """A NetworkMode: `bridge`, `container:ID`, a network's name."""
    if value.startswith("container:"):
        rest = value.partition(":")[2]
        return "container:" + (redactor.text(rest) if re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{12}", rest) else redactor.workload(rest))
    return _network_name(value, redactor)


def _network_name(name: str, redactor: Redactor) -> str:
    return name if name in VOCABULARY or ":" in name or "/" in name or name == "pod" else redactor.words(Kind.NETWORK, name)


def _named(value: str, kind: Kind, redactor: Redactor) -> str:
    head, colon, tail = value.partition(":")
    new = redactor.text(head)
    if new == head:
        known = redactor.workload(head) if any((k, head) in redactor.words.taken for k in (Kind.EARLY, Kind.LATE)) else redactor.words(kind, head)
        new = known
    return new + colon + redactor.prose(tail)
