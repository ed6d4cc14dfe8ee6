"""Containers as Docker of every age, podman, nerdctl and crictl tell them."""

import json

import pytest

from snapshot.parse import docker_inspect, docker_network_inspect

NEW = {"Id": "4f66e1", "Name": "/web", "State": {"Status": "running", "Pid": 4242, "StartedAt": "2026-11-24T10:00:00Z"}, "Config": {"Image": "nginx"},
       "HostConfig": {"NetworkMode": "bridge"},
       "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}], "53/udp": None},
                           "Networks": {"bridge": {"IPAddress": "172.17.0.2", "IPPrefixLen": 16, "Gateway": "172.17.0.1", "MacAddress": "02:42:AC:11:00:02"}}}}
OLD = {"Id": "4f66e1", "Name": "/web", "State": {"Running": True, "Paused": False, "Pid": 4242}, "Config": {"Image": "nginx"},
       "HostConfig": {"NetworkMode": "default"},
       "NetworkSettings": {"IPAddress": "172.17.0.2", "IPPrefixLen": 16, "Gateway": "172.17.0.1", "MacAddress": "02:42:ac:11:00:02", "Bridge": "docker0",
                           "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}}}
PODMAN = {"Id": "4f66e1", "Name": "web", "ImageName": "docker.io/library/nginx", "State": {"Status": "running", "Pid": 4242}, "HostConfig": {"NetworkMode": "bridge"},
          "NetworkSettings": {"IPAddress": "", "Ports": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
                              "Networks": {"podman": {"IPAddress": "10.88.0.2", "IPPrefixLen": 16, "Gateway": "10.88.0.1", "MacAddress": "aa:bb:cc:dd:ee:ff"}}}}


@pytest.mark.parametrize(("item", "network", "address"), [(NEW, "bridge", "172.17.0.2"), (OLD, "bridge", "172.17.0.2"), (PODMAN, "podman", "10.88.0.2")],
                         ids=["docker", "docker before 1.9", "podman"])
def test_every_engine_and_age_tells_the_same(item: dict[str, object], network: str, address: str) -> None:
    """Name, state, pid, mode, endpoint and published port."""
    (one,), findings = docker_inspect.parse(json.dumps([item]))
    assert not findings
    assert (one.name, one.state, one.pid, one.network_mode) == ("web", "running", 4242, "bridge")
    assert [(end.network, str(end.address), end.prefix_length) for end in one.endpoints] == [(network, address, 16)]
    assert [(port.host_port, port.container_port, port.host_address) for port in one.ports] == [(8080, 80, None)]


def test_one_object_several_arrays_and_errors_between_are_read() -> None:
    """As the API gives it, and as a loop over containers prints it."""
    text = f"Error: No such object: gone\n{json.dumps([NEW])}\n[]\n{json.dumps(OLD | {'Name': '/old'})}\n"
    found, findings = docker_inspect.parse(text, "x")
    assert [one.name for one in found] == ["web", "old"]
    assert not findings


def test_what_is_no_container_is_one_finding() -> None:
    """Images, and lists of containers without their networks."""
    images = [{"Id": f"sha256:{n}", "RepoTags": ["x"], "Architecture": "amd64"} for n in range(3)]
    found, findings = docker_inspect.parse(json.dumps(images), "x")
    assert (found, len(findings)) == ((), 1)
    _, findings = docker_inspect.parse(json.dumps([{"Id": "1", "Names": ["/web"], "NetworkSettings": {}, "HostConfig": {"NetworkMode": "x"}}]), "x")
    assert "list of containers" in findings[0].why


@pytest.mark.parametrize("text", ['[{"Id": "1", "Name": "/web"', "[1, null, []]", '{"State": 5, "HostConfig": [], "NetworkSettings": {"Networks": [], "Ports": []}}',
                                  '[{"HostConfig": {"NetworkMode": null}, "NetworkSettings": {"Networks": {"a": null, "b": {"IPAddress": "x", "Aliases": 3}}}}]', "not json"])
def test_damage_never_crashes(text: str) -> None:
    """A finding, or a container with less in it."""
    found, findings = docker_inspect.parse(text, "x")
    assert found or findings or text.startswith("[1")


def test_a_pod_of_crictl() -> None:
    """`crictl inspectp` tells a sandbox's address; one on the host's network has none."""
    status = {"id": "8d3c", "metadata": {"name": "dns", "namespace": "kube-system"}, "state": "SANDBOX_READY", "network": {"ip": "10.244.0.3", "additionalIps": [{"ip": "fd00::3"}]}}
    (pod,), _ = docker_inspect.parse(json.dumps({"status": status, "info": {"pid": 77, "runtimeHandler": ""}}))
    assert (pod.name, pod.pid, pod.state, str(pod.endpoints[0].address), str(pod.endpoints[0].address6)) == ("kube-system/dns", 77, "running", "10.244.0.3", "fd00::3")
    status["linux"] = {"namespaces": {"options": {"network": "NODE"}}}
    assert docker_inspect.parse(json.dumps({"status": status}))[0][0].network_mode == "host"


def test_networks_of_docker_and_podman() -> None:
    """Docker's names its bridge by option or id; podman 4 (netavark) by itself."""
    docker = {"Name": "back", "Id": "0123456789abcdef", "Driver": "bridge", "Internal": True, "IPAM": {"Config": [{"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}]}, "Options": {}}
    podman = {"name": "podman", "id": "2f25", "driver": "bridge", "network_interface": "podman0", "subnets": [{"subnet": "10.88.0.0/16", "gateway": "10.88.0.1"}], "internal": False}
    found, findings = docker_network_inspect.parse(json.dumps([docker, podman]), "x")
    assert not findings
    assert [(one.name, one.bridge, one.internal, str(one.subnets[0])) for one in found] == [
        ("back", "br-0123456789ab", True, "172.18.0.0/16"), ("podman", "podman0", False, "10.88.0.0/16")]
