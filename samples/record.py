#!/usr/bin/env python3
"""Record the samples on a real Docker engine, with the kernel's own trace and counters as proof.

    sudo LAB=/path/to/docker-lab python3 samples/record.py [SCENARIO...]

LAB is a folder with `docker-lab.sh` (up, down, docker, sh), which runs a real dockerd in network namespaces of its own:

    203.0.113.50 client --- eth0 203.0.113.10, .11 [ docker host ] eth1 198.51.100.10 --- internet 198.51.100.1, .80, .53

For each scenario: containers are started; our collector runs in the host's namespace with `--pcap`; once it captures, a table of
its own turns tracing on (it is not in the saved rules), and every flow is sent once. What the kernel said becomes expected.json:
`walks` (one for each base chain that a packet entered: the rules that fired, in order) and `counters` (rule counters, after minus
before, both saved by the collector itself).
"""

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLLECT = HERE.parent / "snapshot" / "collect.sh"
LAB = os.environ.get("LAB", "")
BASE = os.environ.get("LAB_BASE", os.path.join(os.environ.get("TMPDIR", "/tmp"), "packetpath-docker-lab"))
HOST, FAR, INET, INET_GW, CLIENT = "203.0.113.10", "203.0.113.11", "198.51.100.80", "198.51.100.1", "203.0.113.50"

# name -> (title, back-end, dockerd options, containers and networks, rules, flows, namespaces traced besides host)
# a flow: (name, where from, command, what it shows); commands: tcp|udp|ping|sh
SCENARIOS = {
    "default-bridge": (
        "The default bridge docker0: out by MASQUERADE, in by a published port, between containers, host and container",
        "nft", "",
        ["run -d --name web --hostname web -p 8080:80 lab/tiny:1 serve web tcp:80 udp:9000",
         "run -d --name app --hostname app lab/tiny:1 serve app tcp:80 udp:9000"], [],
        [("out-tcp", "web", f"tcp {INET} 80", "out: routed, MASQUERADE"),
         ("out-udp", "app", f"udp {INET} 9000 -n 2", "out by UDP: ESTABLISHED after the answer"),
         ("out-ping", "web", f"ping {INET} -n 1", "out by ICMP"),
         ("out-refused", "app", f"tcp {INET} 81", "out, refused by a RST from outside"),
         ("in-published", "client", f"tcp {HOST} 8080", "in by the published port: DNAT"),
         ("in-unpublished", "client", "tcp 172.17.0.3 80 -w 600", "in to a port that is not published: the policy of FORWARD drops"),
         ("in-closed", "client", f"tcp {HOST} 8099", "to a port of the host where nobody listens: refused"),
         ("container-container", "app", "tcp 172.17.0.2 80", "bridged from port to port; br_netfilter shows it to FORWARD"),
         ("container-container-ping", "app", "ping 172.17.0.2 -n 1", "the same by ICMP"),
         ("container-host", "web", "tcp 172.17.0.1 2222", "container to the bridge's own address: INPUT"),
         ("host-container", "host", "tcp 172.17.0.3 80", "host to container: OUTPUT"),
         ("host-container-udp", "host", "udp 172.17.0.3 9000 -n 1", "the same by UDP"),
         ("ttl", "web", "sh ping -c 1 -W 1 -t 1 198.51.100.80", "TTL 1: the host answers, FORWARD never sees it")], []),
    "default-bridge-legacy": (
        "The default bridge with iptables-legacy as back-end", "legacy", "",
        ["run -d --name web --hostname web -p 8080:80 lab/tiny:1 serve web tcp:80 udp:9000",
         "run -d --name app --hostname app lab/tiny:1 serve app tcp:80 udp:9000"], [],
        [("out-tcp", "web", f"tcp {INET} 80", "out: MASQUERADE"), ("in-published", "client", f"tcp {HOST} 8080", "in: DNAT"),
         ("in-unpublished", "client", "tcp 172.17.0.3 80 -w 600", "dropped by the policy"),
         ("container-container", "app", "tcp 172.17.0.2 80", "bridged"), ("host-container", "host", "ping 172.17.0.3 -n 1", "OUTPUT")],
        []),
    "user-networks": (
        "Two user-defined networks with isolation between them, an internal network, embedded DNS", "nft", "",
        ["network create --subnet 172.21.0.0/24 front", "network create --subnet 172.22.0.0/24 back",
         "network create --internal --subnet 172.23.0.0/24 vault",
         "run -d --name web --hostname web --network front --ip 172.21.0.11 -p 8080:80 lab/tiny:1 serve web tcp:80",
         "run -d --name api --hostname api --network front --ip 172.21.0.12 lab/tiny:1 serve api tcp:80",
         "run -d --name db --hostname db --network back --ip 172.22.0.11 lab/tiny:1 serve db tcp:80",
         "run -d --name safe --hostname safe --network vault --ip 172.23.0.11 lab/tiny:1 serve safe tcp:80"], [],
        [("same-network", "web", "tcp 172.21.0.12 80", "two containers on one network"),
         ("isolated", "web", "tcp 172.22.0.11 80 -w 600", "to another network: DOCKER-ISOLATION-STAGE-2 drops"),
         ("other-gateway", "web", "tcp 172.22.0.1 2222", "the other bridge's own address is reached (INPUT)"),
         ("out", "web", f"tcp {INET} 80", "out by the network's own MASQUERADE rule"),
         ("in", "client", f"tcp {HOST} 8080", "in by the published port"),
         ("internal-out", "safe", f"tcp {INET} 80 -w 600", "an internal network: dropped by DOCKER-ISOLATION-STAGE-1"),
         ("internal-in", "host", "tcp 172.23.0.11 80", "the host itself reaches the internal network"),
         ("dns-name", "web", "sh nslookup -type=a api 127.0.0.11", "embedded DNS: DNATed in the container's own namespace"),
         ("dns-outside", "web", "sh nslookup -type=a www.example.test 127.0.0.11", "a name outside: asked upstream by dockerd")],
        ["web"]),
    "modes": (
        "The modes host, none and container", "nft", "",
        ["run -d --name web --hostname web -p 8080:80 lab/tiny:1 serve web tcp:80",
         "run -d --name hosted --network host lab/tiny:1 serve hosted tcp:7000",
         "run -d --name alone --hostname alone --network none lab/tiny:1 serve alone tcp:80",
         "run -d --name sidecar --network container:web lab/tiny:1 serve sidecar tcp:81"], [],
        [("to-hosted", "client", f"tcp {HOST} 7000", "host mode: plain INPUT, no NAT"),
         ("hosted-out", "hosted", f"tcp {INET} 80", "host mode, out: OUTPUT, no NAT"),
         ("none-out", "alone", f"tcp {INET} 80", "none: no route at all"),
         ("none-self", "alone", "tcp 127.0.0.1 80", "none: only lo"),
         ("sidecar-out", "sidecar", f"tcp {INET} 80", "container mode: leaves as the other container does"),
         ("to-sidecar", "host", "tcp 172.17.0.2 81", "container mode: reached at the other container's address"),
         ("sidecar-web", "sidecar", "tcp 127.0.0.1 80", "over the shared lo"),
         ("in", "client", f"tcp {HOST} 8080", "the other container's published port")], ["alone", "web"]),
    "publish": (
        "A published UDP port, a port range, one address only", "nft", "",
        [f"run -d --name srv --hostname srv -p 5353:9000/udp -p {FAR}:8090:80 -p 7000-7002:7000-7002 -p 127.0.0.1:8091:80 "
         "-p 5400:9100/udp lab/tiny:1 serve srv tcp:80 tcp:7000 tcp:7001 udp:9000"], [],
        [("udp", "client", f"udp {HOST} 5353 -n 2", "published UDP port"),
         ("udp-closed", "client", f"udp {HOST} 5400 -n 1", "published, nobody listens: the ICMP error comes back rewritten"),
         ("range-first", "client", f"tcp {HOST} 7000", "first port of the range"),
         ("range-closed", "client", f"tcp {HOST} 7002", "in the range, nobody listens: RST from the container"),
         ("range-past", "client", f"tcp {HOST} 7003", "past the range: refused by the host"),
         ("one-address", "client", f"tcp {FAR} 8090", "published on one address"),
         ("other-address", "client", f"tcp {HOST} 8090", "the other address: refused"),
         ("localhost-only", "client", f"tcp {HOST} 8091", "published on 127.0.0.1 only: refused from outside"),
         ("localhost", "host", "tcp 127.0.0.1 8091", "by docker-proxy over lo"),
         ("udp-from-host", "host", f"udp {HOST} 5353 -n 1", "nat OUTPUT DNATs the host's own packet")], []),
    "hairpin": (
        "The published port from the host itself and from containers, with docker-proxy", "nft", "",
        ["run -d --name web --hostname web -p 8080:80 lab/tiny:1 serve web tcp:80",
         "run -d --name app --hostname app lab/tiny:1 serve app tcp:80"], [],
        [("host-localhost", "host", "tcp 127.0.0.1 8080", "nat OUTPUT leaves 127/8 alone: docker-proxy"),
         ("host-address", "host", f"tcp {HOST} 8080", "nat OUTPUT: DNAT, routed again"),
         ("app-published", "app", f"tcp {HOST} 8080", "from docker0: RETURN, INPUT, docker-proxy"),
         ("web-itself", "web", f"tcp {HOST} 8080", "a container to its own published port"),
         ("app-gateway", "app", "tcp 172.17.0.1 8080", "by the bridge's address")], []),
    "hairpin-noproxy": (
        "The same without docker-proxy (--userland-proxy=false): DNAT for everyone, hairpin mode on the ports", "nft",
        "--userland-proxy=false",
        ["run -d --name web --hostname web -p 8080:80 lab/tiny:1 serve web tcp:80",
         "run -d --name app --hostname app lab/tiny:1 serve app tcp:80"], [],
        [("host-localhost", "host", "tcp 127.0.0.1 8080", "DNAT in OUTPUT and MASQUERADE, by route_localnet"),
         ("host-address", "host", f"tcp {HOST} 8080", "DNAT in OUTPUT"),
         ("app-published", "app", f"tcp {HOST} 8080", "DNAT in the bridge: bridged from port to port"),
         ("web-itself", "web", f"tcp {HOST} 8080", "MASQUERADE and back by the same port (hairpin mode)"),
         ("client", "client", f"tcp {HOST} 8080", "from outside")], []),
    "docker-user": (
        "Rules of the host's owner in DOCKER-USER", "nft", "",
        ["run -d --name web --hostname web -p 8080:80 -p 8081:81 -p 8082:82 -p 8083:83 lab/tiny:1 serve web tcp:80 tcp:81 tcp:82 tcp:83",
         "run -d --name app --hostname app lab/tiny:1 serve app tcp:80"],
        ["ipset create blocked hash:net", "ipset add blocked 198.51.100.0/28",
         "iptables -I DOCKER-USER -m set --match-set blocked src -j DROP",
         "iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8081 --ctdir ORIGINAL -j REJECT --reject-with tcp-reset",
         "iptables -I DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 8082 --ctdir ORIGINAL -j REJECT",
         "iptables -I DOCKER-USER -i eth0 -p tcp -m multiport --dports 83,84 -j DROP",
         "iptables -I DOCKER-USER -s 172.17.0.3/32 ! -d 172.17.0.0/16 -p icmp -m comment --comment \"no ping out\" -j DROP",
         "iptables -t mangle -A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x42/0xff",
         "iptables -I DOCKER-USER -m mark --mark 0x42/0xff -j LOG --log-prefix \"marked \""],
        [("allowed", "client", f"tcp {HOST} 8080", "marked, logged, accepted"),
         ("reset", "client", f"tcp {HOST} 8081", "REJECT with a RST, by its original destination port"),
         ("rejected", "client", f"tcp {HOST} 8082", "REJECT with an ICMP port unreachable"),
         ("dropped", "client", f"tcp {HOST} 8083 -w 600", "DROP by multiport, after DNAT"),
         ("set", "internet", "tcp 198.51.100.10 8080 -w 600", "DROP by an ipset that holds the source"),
         ("ping-out", "app", f"ping {INET} -n 1 -w 600", "DROP with a comment"),
         ("app-out", "app", f"tcp {INET} 80", "not hit by any of these")], []),
}


def sh(command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


def lab(*arguments, timeout=180):
    return sh(["bash", f"{LAB}/docker-lab.sh", *arguments], timeout=timeout)


def inside(where, command):
    return lab("sh", where, "sh", "-c", command)


def flow_command(number, where, text):
    """(argv, source port or ICMP id) for a flow."""
    kind, rest = text.split(None, 1)
    if kind == "sh":
        argv = ["docker", "exec", where, "sh", "-c", rest] if where not in ("host", "client", "internet") else [
            "sh", where, "sh", "-c", rest]
        return argv, None
    words = shlex.split(rest)
    options, positional, position = [], [], 0
    while position < len(words):
        if re.fullmatch(r"-[wnpl]", words[position]):
            options += words[position:position + 2]
            position += 2
        else:
            positional.append(words[position])
            position += 1
    mark = ["-i", str(4096 + number)] if kind == "ping" else ["-s", str(40000 + number)]
    tool = [kind, *mark, *options, *positional]
    if where in ("host", "client", "internet"):
        return ["sh", where, f"{BASE}/docker/lt", *tool], (4096 if kind == "ping" else 40000) + number
    return ["docker", "exec", where, "lt", *tool], (4096 if kind == "ping" else 40000) + number


TRACE = """add table inet pp_trace
add chain inet pp_trace pre { type filter hook prerouting priority -350; }
add chain inet pp_trace out { type filter hook output priority -350; }
add rule inet pp_trace pre meta nftrace set 1
add rule inet pp_trace out meta nftrace set 1
"""


def handles(ruleset):
    """(family, table, chain) -> handles in order, from `nft -a list ruleset`."""
    found, family, table, chain = {}, "", "", ""
    for line in ruleset.splitlines():
        if match := re.match(r"table (\S+) (\S+) \{", line):
            family, table = match.groups()
        elif match := re.match(r"\tchain (\S+) \{", line):
            chain = match[1]
            found[family, table, chain] = []
        elif match := re.match(r"\t\t.* # handle (\d+)$", line):
            found[family, table, chain].append(int(match[1]))
    return found


def walks(text, where, numbers):
    """The kernel's trace as one record for each base chain that a packet entered."""
    done, open_walks = [], {}
    for line in text.splitlines():
        match = re.match(r"trace id (\w+) (\w+) (\S+) (\S+) (packet:|rule|policy|verdict)\s?(.*)", line)
        if not match:
            continue
        identifier, family, table, chain, what, rest = match.groups()
        if table == "pp_trace":
            continue
        if what == "packet:":
            def get(pattern, rest=rest):
                return (re.search(pattern, rest) or [None, None])[1]
            walk = {"netns": where, "family": family, "table": table, "chain": chain, "in": get(r'iif "([^"]+)"'),
                    "out": get(r'oif "([^"]+)"'), "src": get(r"ip6? saddr (\S+)"), "dst": get(r"ip6? daddr (\S+)"),
                    "sport": get(r"(?:tcp|udp) sport (\S+)"), "dport": get(r"(?:tcp|udp) dport (\S+)"),
                    "id": get(r"ip id (\S+)"), "length": get(r"ip length (\S+)"), "ttl": get(r"ip ttl (\S+)"), "rules": []}
            for key in ("sport", "dport", "id", "length", "ttl"):
                walk[key] = int(walk[key]) if walk[key] and walk[key].isdigit() else None
            done.append(walk)
            open_walks[identifier] = walk
        elif what == "rule" and identifier in open_walks:
            handle = int((re.search(r"# handle (\d+)", rest) or [0, 0])[1])
            order = numbers.get((family, table, chain), [])
            open_walks[identifier]["rules"].append([chain, order.index(handle) + 1 if handle in order else 0])
    return [walk for walk in done if walk["family"] == "ip"]


def counters(tarball, netns="host"):
    """Rule counters, after minus before, as the collector saved them: [family, table, chain, rule, packets]."""
    def read(archive, name):
        found, table, seen = {}, "", Counter()
        member = next((m for m in archive.getmembers() if m.name.endswith(f"/netns/{netns}/{name}")), None)
        for line in archive.extractfile(member).read().decode().splitlines() if member else ():
            if line.startswith("*"):
                table, seen = line[1:], Counter()
            elif match := re.match(r"\[(\d+):\d+\] -A (\S+)", line):
                seen[match[2]] += 1
                found[table, match[2], seen[match[2]]] = int(match[1])
        return found
    result = []
    with tarfile.open(tarball) as archive:
        for tool, family in (("iptables-nft", "ip"), ("iptables-legacy", "ip"), ("ip6tables-nft", "ip6")):
            before, after = read(archive, f"{tool}-save.txt"), read(archive, f"after-{tool}-save.txt")
            result += [[family, *key, after[key] - before.get(key, 0)] for key in after if after[key] != before.get(key, 0)]
    return result


def record(name):
    title, backend, options, setup, rules, flows, traced = SCENARIOS[name]
    target = HERE / name
    target.mkdir(exist_ok=True)
    lab("down")
    up = lab("up", backend, *options.split())
    if up.returncode:
        raise SystemExit(up.stderr)
    try:
        for line in setup:
            done = lab("docker", *shlex.split(line))
            if done.returncode:
                raise SystemExit(f"docker {line}: {done.stderr}")
        for line in rules:
            done = inside("host", line)
            if done.returncode:
                raise SystemExit(f"{line}: {done.stderr}")
        time.sleep(2.5)  # duplicate address detection, first announcements
        inside("host", "conntrack -F")
        seconds = 4 + int(len(flows) * 0.75)
        tarball = target / "snapshot.tar.gz"
        extra = [word for where in traced for word in ("--pcap-in", where)]
        # the lab's own surroundings (its client, its internet, the machine below) are no part of the host
        outer = f"ns-{os.stat('/proc/self/ns/net').st_ino}"
        extra += [word for where in ("dkclient", "dkinternet", outer) for word in ("--skip", where)]
        collect = shlex.join(["sh", str(COLLECT), "--pcap", str(seconds), *extra, "-o", str(tarball)])
        collector = subprocess.Popen(["bash", f"{LAB}/docker-lab.sh", "sh", "host", "unshare", "--uts", "sh", "-c",
                                      f"hostname dockerhost; exec {collect}"], stderr=subprocess.PIPE, text=True)
        assert collector.stderr is not None
        for line in collector.stderr:
            if "capturing" in line:
                break
        monitors = []
        for where in ["host", *traced] if backend == "nft" else []:
            numbers = handles(inside(where, "nft -a list ruleset").stdout)
            inside(where, f"printf '%s' {shlex.quote(TRACE)} | nft -f -")
            file = open(target / f".trace-{where}", "w")
            process = subprocess.Popen(["bash", f"{LAB}/docker-lab.sh", "sh", where, "nft", "-a", "monitor", "trace"], stdout=file,
                                       stderr=subprocess.DEVNULL)
            monitors.append((where, numbers, process, file))
        time.sleep(0.5)
        told = []
        for number, (flow, where, command, shows) in enumerate(flows, 1):
            argv, key = flow_command(number, where, command)
            done = lab(*argv)
            output = (done.stdout + done.stderr).strip().splitlines()
            told.append({"name": flow, "from": where, "command": command, "shows": shows, "key": key,
                         "output": output[-1] if output else ""})
            print(f"{name:22s} {flow:26s} {told[-1]['output']}", flush=True)
            time.sleep(0.15)
        collector.wait(timeout=seconds + 120)
        found, raw = [], []
        for where, numbers, process, file in monitors:
            process.terminate()
            process.wait()
            file.close()
            text = Path(file.name).read_text()
            raw.append(f"# {where}: nft -a monitor trace\n{text}")
            found += walks(text, where, numbers)
            os.unlink(file.name)
        expected = {"schema": "packetpath-sample/1", "title": title, "backend": backend, "dockerd": options, "flows": told,
                    "walks": found, "counters": counters(tarball), "namespaces": [where for where, *_ in monitors]}
        (target / "expected.json").write_text("\n".join(_lines(expected)) + "\n")
        if raw:
            with open(target / "kernel-trace.txt.gz", "wb") as packed, gzip.GzipFile("", "wb", 9, packed, 0) as zipped:
                zipped.write("".join(raw).encode())
        (target / "README.md").write_text(readme(name, title, backend, options, setup, rules, told))
    finally:
        lab("down")


def _lines(expected):
    """JSON with one record a line, so that a change reads well in a diff."""
    yield "{"
    for index, (key, value) in enumerate(expected.items()):
        comma = "" if index == len(expected) - 1 else ","
        if isinstance(value, list) and value and not isinstance(value[0], str):
            yield f' "{key}": ['
            yield ",\n".join("  " + json.dumps(item) for item in value)
            yield f" ]{comma}"
        else:
            yield f' "{key}": {json.dumps(value)}{comma}'
    yield "}"


def readme(name, title, backend, options, setup, rules, told):
    lines = [f"# {name}", "", f"{title}.", "",
             f"Recorded on a real Docker engine (dockerd 20.10.24, iptables 1.8.9, kernel 6.18; back-end {backend}"
             f"{', dockerd ' + options if options else ''}) by `samples/record.py`, which runs `snapshot/collect.sh --pcap` on the host.",
             "`expected.json` is what the kernel itself said: its trace (one record for each base chain that a packet entered) and the",
             "rule counters after minus before. `kernel-trace.txt.gz` is the trace as printed.", "", "| flow | from | command | shows |",
             "| --- | --- | --- | --- |"]
    lines += [f"| {f['name']} | {f['from']} | `{f['command']}` | {f['shows']} |" for f in told]
    lines += ["", "Set up by:", "", *(f"    docker {line}" for line in setup), *(f"    {line}" for line in rules)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if not LAB:
        raise SystemExit("set LAB to the folder that holds docker-lab.sh")
    for scenario in sys.argv[1:] or SCENARIOS:
        record(scenario)
