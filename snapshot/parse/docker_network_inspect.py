"""`docker network inspect NETWORK...`: a JSON array of networks.

    [{"Name": "bridge", "Id": "9c1e...", "Driver": "bridge", "Internal": false, "IPAM": {"Config": [{"Subnet": "172.17.0.0/16",
      "Gateway": "172.17.0.1"}]}, "Options": {"com.docker.network.bridge.name": "docker0", ...}}]
"""

from ipaddress import ip_network
from typing import Any

from snapshot.finding import Finding, Kind
from snapshot.host.container import DockerNetwork
from snapshot.host.link import IPNetwork
from snapshot.parse.json_objects import objects

_OPTION = "com.docker.network.bridge."


def _network(item: dict[str, Any]) -> DockerNetwork:
    """Raises ValueError for a subnet that is none, or an object that is no network."""
    if "subnets" in item or "network_interface" in item:
        return _netavark(item)
    if "Driver" not in item:
        raise ValueError("this is no network")
    options = item.get("Options") or {}
    driver, identifier = str(item.get("Driver", "")), str(item.get("Id", ""))
    configs = (item.get("IPAM") or {}).get("Config") or ()
    subnets: tuple[IPNetwork, ...] = tuple(ip_network(c["Subnet"], strict=False) for c in configs if c.get("Subnet"))
    bridge = options.get(_OPTION + "name") or (f"br-{identifier[:12]}" if driver == "bridge" and identifier else None)
    return DockerNetwork(str(item.get("Name", "")), identifier, driver, bridge if driver == "bridge" else None,
                         bool(item.get("Internal")), subnets, str(options.get(_OPTION + "enable_icc", "true")) != "false")


def _netavark(item: dict[str, Any]) -> DockerNetwork:
    """podman 4's form. Raises ValueError."""
    subnets = [one for one in item.get("subnets") or () if isinstance(one, dict)]
    driver, options = str(item.get("driver", "")), item.get("options") or {}
    return DockerNetwork(str(item.get("name", "")), str(item.get("id", "")), driver, item.get("network_interface") if driver == "bridge" else None,
                         bool(item.get("internal")), tuple(ip_network(one["subnet"], strict=False) for one in subnets if one.get("subnet")),
                         str(options.get("isolate", "false")) == "false")


def parse(text: str, file: str = "") -> tuple[tuple[DockerNetwork, ...], tuple[Finding, ...]]:
    """All networks."""
    if not text.strip():
        return (), ()
    items, findings = objects(text, file)
    found: list[DockerNetwork] = []
    for item in items:
        try:
            found.append(_network(item))
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            findings.append(Finding(Kind.SYNTAX, file, 0, str(item.get("Name", ""))[:120], f"a network can't be read: {error}"))
    return tuple(found), tuple(findings)
