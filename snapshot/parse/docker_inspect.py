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
from snapshot.parse.json_objects import objects


def _address(text: Any) -> IPAddress | None:
    try:
        return ip_address(text) if text else None
    except ValueError:
        return None


def _ports(item: dict[str, Any]) -> tuple[PublishedPort, ...]:
    found: list[PublishedPort] = []
    for key, bindings in _dict(_dict(item.get("NetworkSettings")).get("Ports")).items():
        port, _, protocol = str(key).partition("/")
        for binding in bindings if isinstance(bindings, list) else ():
            if port.isdigit() and str(binding.get("HostPort", "")).isdigit():
                address = _address(binding.get("HostIp"))
                wildcard = address is not None and int(address) == 0
                published = PublishedPort(protocol or "tcp", int(port), int(binding["HostPort"]), None if wildcard else address)
                if published not in found:
                    found.append(published)
    return tuple(found)


def _endpoint(name: str, net: dict[str, Any]) -> Endpoint:
    aliases = net.get("Aliases")
    return Endpoint(name, _address(net.get("IPAddress")), net.get("IPPrefixLen") or None, _address(net.get("Gateway")),
                    _address(net.get("GlobalIPv6Address")), str(net.get("MacAddress") or "").lower() or None,
                    tuple(map(str, aliases)) if isinstance(aliases, list) else ())


def _endpoints(item: dict[str, Any], mode: str) -> tuple[Endpoint, ...]:
    """Docker before 1.9 (API 1.21), and podman for its default network, tell one endpoint beside the networks."""
    settings = _dict(item.get("NetworkSettings"))
    found = tuple(_endpoint(str(name), net) for name, net in _dict(settings.get("Networks")).items() if isinstance(net, dict))
    if any(one.address is not None or one.address6 is not None for one in found) or not settings.get("IPAddress"):
        return found
    name = found[0].network if len(found) == 1 else mode if mode not in ("", "default") else "bridge"
    return (_endpoint(name, settings),)


def _dict(held: Any) -> dict[str, Any]:
    return held if isinstance(held, dict) else {}


def _state(state: dict[str, Any]) -> str:
    """Docker before 1.10 has no Status, only flags."""
    if state.get("Status"):
        return str(state["Status"])
    flags = (("Paused", "paused"), ("Restarting", "restarting"), ("Running", "running"))
    return next((name for flag, name in flags if state.get(flag) is True), "exited" if "Running" in state else "")


def _container(item: dict[str, Any]) -> Container:
    """Raises ValueError for an object that is no inspected container."""
    if isinstance(item.get("status"), dict):
        return _sandbox(item)
    if "NetworkSettings" not in item and "HostConfig" not in item:
        raise ValueError("this is no container (an image, or a list of containers without their settings)")
    if "Names" in item and "Config" not in item:
        raise ValueError("this is a list of containers, as the API's /containers/json gives; `docker inspect` tells their networks")
    state = _dict(item.get("State"))
    mode = str(_dict(item.get("HostConfig")).get("NetworkMode") or "")
    mode = "bridge" if mode == "default" else mode
    image = _dict(item.get("Config")).get("Image") or item.get("ImageName") or ""
    pid = state.get("Pid")
    return Container(str(item.get("Name") or "").lstrip("/") or str(item.get("Id") or "")[:12], str(item.get("Id") or ""), str(image),
                     _state(state), pid if isinstance(pid, int) and pid else None, mode, None,
                     mode.partition(":")[2] if mode.startswith("container:") else None, _endpoints(item, mode), _ports(item),
                     str(state.get("StartedAt") or ""))


def _sandbox(item: dict[str, Any]) -> Container:
    """A pod of `crictl inspectp`: its address is told, the networks behind it are CNI's."""
    status, info = item["status"], _dict(item.get("info"))
    meta, network = _dict(status.get("metadata")), _dict(status.get("network"))
    if "network" not in status:
        raise ValueError("this is a container of a pod; `crictl inspectp` tells the pod's address")
    name = "/".join(str(part) for part in (meta.get("namespace"), meta.get("name")) if part) or str(status.get("id", ""))[:12]
    options = _dict(_dict(_dict(status.get("linux")).get("namespaces")).get("options"))
    host = options.get("network") == "NODE"
    more = [_address(_dict(one).get("ip")) for one in network.get("additionalIps") or ()]
    first = _address(network.get("ip"))
    endpoint = Endpoint("cni", first, address6=next((one for one in more if one is not None and one.version == 6), None))
    running = status.get("state") == "SANDBOX_READY"
    pid = info.get("pid")
    return Container(name, str(status.get("id", "")), "", "running" if running else "exited", pid if isinstance(pid, int) and pid else None,
                     "host" if host else "cni", None, None, (endpoint,) if first is not None and not host else ())


def parse(text: str, file: str = "") -> tuple[tuple[Container, ...], tuple[Finding, ...]]:
    """All containers; `shares_with` still holds what stood behind `container:`. What is no container is one finding a file."""
    if not text.strip():
        return (), ()
    items, findings = objects(text, file)
    found: list[Container] = []
    problems: dict[str, Finding] = {}
    for item in items:
        try:
            found.append(_container(item))
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            name = item.get("Name") or item.get("Id") or ""
            problems.setdefault(str(error), Finding(Kind.SYNTAX, file, 0, str(name)[:120], f"a container can't be read: {error}"))
    return tuple(found), (*findings, *problems.values())
