"""`docker inspect CONTAINER...`: a JSON array of containers (podman prints nearly the same).

    [{"Id": "4f66...", "Name": "/web", "State": {"Status": "running", "Pid": 4242},
      "HostConfig": {"NetworkMode": "bridge"}, "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]},
      "Networks": {"bridge": {"IPAddress": "172.17.0.2", "IPPrefixLen": 16, "Gateway": "172.17.0.1", ...}}}}]
"""

from ipaddress import ip_address
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.container import Container, Endpoint, PublishedPort
from snapshot.host.link import IPAddress
from snapshot.parse.ip_link import load_json


def _address(text: Any) -> IPAddress | None:
    try:
        return ip_address(text) if text else None
    except ValueError:
        return None


def _ports(item: dict[str, Any]) -> tuple[PublishedPort, ...]:
    found: list[PublishedPort] = []
    for key, bindings in ((item.get("NetworkSettings") or {}).get("Ports") or {}).items():
        port, _, protocol = str(key).partition("/")
        for binding in bindings or ():
            if port.isdigit() and str(binding.get("HostPort", "")).isdigit():
                address = _address(binding.get("HostIp"))
                wildcard = address is not None and int(address) == 0
                published = PublishedPort(protocol or "tcp", int(port), int(binding["HostPort"]), None if wildcard else address)
                if published not in found:
                    found.append(published)
    return tuple(found)


def _endpoints(item: dict[str, Any]) -> tuple[Endpoint, ...]:
    networks = (item.get("NetworkSettings") or {}).get("Networks") or {}
    return tuple(Endpoint(str(name), _address(net.get("IPAddress")), net.get("IPPrefixLen") or None, _address(net.get("Gateway")),
                          _address(net.get("GlobalIPv6Address")), (net.get("MacAddress") or "").lower() or None,
                          tuple(map(str, net.get("Aliases") or ()))) for name, net in networks.items() if isinstance(net, dict))


def _container(item: dict[str, Any]) -> Container:
    state = item.get("State") or {}
    mode = str((item.get("HostConfig") or {}).get("NetworkMode", ""))
    image = (item.get("Config") or {}).get("Image") or item.get("ImageName") or ""
    return Container(str(item.get("Name", "")).lstrip("/") or str(item.get("Id", ""))[:12], str(item.get("Id", "")), str(image),
                     str(state.get("Status", "")), state.get("Pid") or None, mode, None,
                     mode.partition(":")[2] if mode.startswith("container:") else None, _endpoints(item), _ports(item))


def parse(text: str, file: str = "") -> tuple[tuple[Container, ...], tuple[Finding, ...]]:
    """All containers; `shares_with` still holds what stood behind `container:`."""
    if not text.strip():
        return (), ()
    items, findings = load_json(text, file)
    found: list[Container] = []
    for item in items:
        try:
            found.append(_container(item))
        except (AttributeError, TypeError, ValueError) as error:
            findings.append(Finding(Kind.SYNTAX, file, 0, str(item.get("Name", ""))[:120], f"a container can't be read: {error}"))
    return tuple(found), tuple(findings)
