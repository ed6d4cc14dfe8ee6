"""Containers and Docker networks, as `docker inspect` and `docker network inspect` tell."""

from dataclasses import dataclass

from snapshot.host.link import IPAddress, IPNetwork


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """`-p 203.0.113.11:8090:80`: host address None means all; protocol "tcp", "udp" or "sctp"."""

    protocol: str
    container_port: int
    host_port: int
    host_address: IPAddress | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place on one Docker network."""

    network: str
    address: IPAddress | None = None
    prefix_length: int | None = None
    gateway: IPAddress | None = None
    address6: IPAddress | None = None
    mac: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """One container. `netns` is the namespace's name in `Host.namespaces`, None when it was not captured.

    `network_mode` is Docker's: bridge, host, none, container:ID, or a network's name. `shares_with` names the container whose
    namespace is used (`--network container:x`).
    """

    name: str
    id: str = ""
    image: str = ""
    state: str = ""  # running, exited, ...
    pid: int | None = None
    network_mode: str = ""
    netns: str | None = None
    shares_with: str | None = None
    endpoints: tuple[Endpoint, ...] = ()
    ports: tuple[PublishedPort, ...] = ()
    started: str = ""  # when, as the engine tells (ISO 8601), or ""


@dataclass(frozen=True, slots=True)
class DockerNetwork:
    """One Docker network. `bridge` is the Linux bridge's name (`docker0`, `br-<id>`), None for other drivers."""

    name: str
    id: str = ""
    driver: str = ""
    bridge: str | None = None
    internal: bool = False
    subnets: tuple[IPNetwork, ...] = ()
    icc: bool = True
