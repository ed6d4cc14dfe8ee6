"""The collector: one sh file for every shell and any host; it leaves no mark, keeps secrets where they are, and never half a tarball."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.snapshot.collecting import SCRIPT, altered, bare, collect, entry, fakes, manifest_of

SHELLS = [shell for shell in (["dash"], ["bash"], ["busybox", "sh"], ["ksh93"], ["mksh"]) if shutil.which(shell[0])]
LOGGING = 'echo "$0 $*" >>"$LOG"'


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: str(shell[0]))
def test_it_runs_under_every_shell(shell: list[str], tmp_path: Path) -> None:
    """A tarball, readable by its owner alone, whose manifest lists each file with its true size and sum."""
    out = tmp_path / "s.tar.gz"
    manifest, files = collect(out, shell=shell)
    assert out.stat().st_mode & 0o777 == 0o600
    assert manifest["schema"] == "packetpath-snapshot/1"
    assert manifest["clock"]["start"] <= manifest["clock"]["end"]
    for command in manifest["commands"]:
        data = files[command["file"]]
        assert command["bytes"] == len(data), command
        assert command["sha256"] in ("", hashlib.sha256(data).hexdigest()), command
    listed = {command["file"] for command in manifest["commands"]}
    assert listed | {"manifest.json"} == set(files)


def test_a_hanging_command_is_ended_and_told(tmp_path: Path) -> None:
    """`bridge` that never ends costs its time limit, and only itself."""
    environment = fakes(tmp_path / "bin", brctl="exec sleep 100")
    started = time.monotonic()
    manifest, files = collect(tmp_path / "s.tar.gz", "--timeout", "1", env=environment)
    assert time.monotonic() - started < 60
    assert "longer than 1 seconds" in entry(manifest, "netns/host/brctl-show.txt", "missing")["why"]
    assert "netns/host/sysctl.txt" in files


def test_without_timeout_a_hanging_command_is_ended_all_the_same(tmp_path: Path) -> None:
    """A host without timeout(1)."""
    environment = bare(tmp_path / "bin", ["ip"], bridge="exec sleep 100")
    (tmp_path / "bin" / "timeout").unlink()
    manifest, _ = collect(tmp_path / "s.tar.gz", "--timeout", "1", env=environment, script=altered(tmp_path))
    assert "longer than 1 seconds" in entry(manifest, "netns/host/bridge-fdb.txt", "missing")["why"]


def test_a_failing_command_is_told_with_its_words(tmp_path: Path) -> None:
    """Status and stderr stand in the manifest, whatever bytes they hold."""
    environment = fakes(tmp_path / "bin", bridge='printf "no \\"bridge\\"\\\\ \\001 here\\377\\n" >&2; exit 7')
    manifest, _ = collect(tmp_path / "s.tar.gz", env=environment)
    record = entry(manifest, "netns/host/bridge-fdb.txt")
    assert record["status"] == 7
    assert record["stderr"] == 'no "bridge"\\ \x01 here'


def test_endless_output_is_cut_and_told(tmp_path: Path) -> None:
    """A command that prints without end stops at --max-file."""
    environment = fakes(tmp_path / "bin", bridge="exec yes")
    manifest, files = collect(tmp_path / "s.tar.gz", "--max-file", "1", env=environment)
    assert len(files["netns/host/bridge-fdb.txt"]) == 1 << 20
    assert "cut off" in entry(manifest, "netns/host/bridge-fdb.txt", "missing")["why"]


def test_the_whole_has_a_limit(tmp_path: Path) -> None:
    """Once --max-total is used up the rest is left out, and told."""
    environment = fakes(tmp_path / "bin", bridge="exec yes")
    manifest, files = collect(tmp_path / "s.tar.gz", "--max-file", "1", "--max-total", "3", env=environment)
    assert sum(map(len, files.values())) < 6 << 20
    assert "--max-total" in entry(manifest, "netns/host/nft-ruleset.txt", "missing")["why"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_leaves_nothing_behind(number: int, tmp_path: Path) -> None:
    """A signal to the script alone: it ends at once; no tarball, no partial file, no temporary folder."""
    out, temporary = tmp_path / "s.tar.gz", tmp_path / "tmp"
    temporary.mkdir()
    environment = {**fakes(tmp_path / "bin", bridge="exec sleep 15"), "TMPDIR": str(temporary)}
    process = subprocess.Popen(["sh", str(SCRIPT), "--netns", "this", "-o", str(out)], env=environment, stderr=subprocess.DEVNULL,
                               start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    time.sleep(1.5)
    began = time.monotonic()
    os.kill(process.pid, number)
    assert process.wait(timeout=30) == 130
    assert time.monotonic() - began < 5
    assert not out.exists()
    assert list(tmp_path.glob("*.partial*")) == []
    assert list(temporary.iterdir()) == []


def test_a_tarball_that_can_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    """gzip or tar that fails: exit code 1, nothing under the final name, the old file untouched."""
    for tool in ("gzip", "tar"):
        out = tmp_path / f"{tool}.tar.gz"
        out.write_text("old")
        environment = fakes(tmp_path / f"bin-{tool}", **{tool: "head -c 100; exit 1"})
        done = subprocess.run(["sh", str(SCRIPT), "--netns", "this", "-o", str(out)], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stderr
        assert "nothing was left behind" in done.stderr
        assert out.read_text() == "old"
        assert list(tmp_path.glob("*.partial*")) == []


def test_usage_errors_are_one_line(tmp_path: Path) -> None:
    """An unknown option and a missing folder end with status 2."""
    for arguments in (["--what"], ["--pcap", "soon"], ["--pcap"], ["--snaplen", "20"], ["-o", str(tmp_path / "nowhere" / "s.tar.gz")]):
        done = subprocess.run(["sh", str(SCRIPT), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "collect.sh:" in done.stderr


def test_dry_run_runs_nothing_and_writes_nothing(tmp_path: Path) -> None:
    """Each command is printed; of the tools only look-ups ran, none of which reads what is to be saved."""
    log = tmp_path / "log"
    tools = ("bridge", "iptables-nft-save", "ipset", "conntrack", "ss", "tc", "ethtool", "wg", "tcpdump", "brctl", "nstat", "bpftool")
    environment = {**fakes(tmp_path / "bin", **dict.fromkeys(tools, LOGGING)), "LOG": str(log)}
    done = subprocess.run(["sh", str(SCRIPT), "--dry-run", "--netns", "this", "--pcap", "5"], env=environment, capture_output=True, text=True,
                          check=True, cwd=tmp_path)
    assert not log.exists()
    assert "run\tnetns/host/ip-link.json\tip -d -j link\n" in done.stdout
    assert "bridge fdb" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin"]


# ---- no mark ---------------------------------------------------------------------------------------------------------------


def modular(folder: Path, modules: str) -> tuple[Path, dict[str, str]]:
    """A host whose kernel can load modules, has these, and whose tools tell when they are run."""
    (folder / "modules").write_text("".join(f"{name} 16384 0 - Live 0x0\n" for name in modules.split()))
    (folder / "lib").mkdir()
    (folder / "lib" / "modules.builtin").write_text("kernel/net/packet/af_packet.ko\nkernel/net/ipv6/ipv6.ko\n")
    (folder / "sys").mkdir()
    tools = ("iptables-legacy-save", "ip6tables-legacy-save", "iptables-nft-save", "ipset", "conntrack", "wg", "brctl", "ebtables-legacy-save")
    environment = bare(folder / "bin", ["ip"], **dict.fromkeys(tools, LOGGING), ss=f'echo "PROC_ROOT=${{PROC_ROOT:-}}"; {LOGGING}',
                       nft=LOGGING)
    script = altered(folder, **{"/proc/modules": str(folder / "modules"), "/sys/module": str(folder / "sys"),
                                '"/lib/modules/$(uname -r)/modules.builtin"': f'"{folder}/lib/modules.builtin"',
                                "/proc/sys/net/netfilter/nf_conntrack_max": str(folder / "conntrack"),
                                "/proc/sys/kernel/modules_disabled": str(folder / "disabled"),
                                "/proc/net/$4": f"{folder}/tables-$4"})
    return script, {**environment, "LOG": str(folder / "log")}


def test_no_command_runs_that_would_load_a_module(tmp_path: Path) -> None:
    """Where the modules are not loaded, none of these tools is run: what is not loaded has nothing to show, and that is said."""
    script, environment = modular(tmp_path, "veth")
    manifest, files = collect(tmp_path / "s.tar.gz", env=environment, script=script)
    ran = [line.rsplit("/", 1)[-1] for line in (tmp_path / "log").read_text().splitlines()]
    assert [line for line in ran if not line.endswith(("--version", "-V")) or "ipset" in line] == ["ss -tulpn"]
    assert "PROC_ROOT=/proc" in files["netns/host/ss.txt"].decode()
    for name in ("iptables-legacy-save", "iptables-nft-save", "nft-ruleset", "ipset-save", "conntrack-4", "wg-show", "brctl-show"):
        record = entry(manifest, f"netns/host/{name}.txt")
        assert record["note"].startswith("not run: "), record
        assert files[f"netns/host/{name}.txt"] == b""


def test_what_is_loaded_is_asked(tmp_path: Path) -> None:
    """The same host with the modules: the tools run."""
    (tmp_path / "tables-ip_tables_names").write_text("filter\n")
    (tmp_path / "conntrack").write_text("1")
    script, environment = modular(tmp_path, "nf_tables ip_set nf_conntrack nf_conntrack_netlink tcp_diag udp_diag bridge")
    collect(tmp_path / "s.tar.gz", env=environment, script=script)
    ran = {line.rsplit("/", 1)[-1] for line in (tmp_path / "log").read_text().splitlines()}
    assert {"iptables-legacy-save -c", "nft -a list ruleset", "ipset save", "conntrack -L -f ipv4 -o extended", "brctl show"} <= ran
    assert "ip6tables-legacy-save -c" not in ran  # its list of tables is empty
    assert not any(line.startswith("iptables-nft-save") for line in ran)  # nft lists no table of its names


def test_where_nothing_tells_what_is_built_in_the_option_is_named(tmp_path: Path) -> None:
    """Without modules.builtin a missing module may be built in: skipped, with the option that would allow it; and with it, it runs."""
    script, environment = modular(tmp_path, "veth")
    (tmp_path / "lib" / "modules.builtin").unlink()
    manifest, _ = collect(tmp_path / "s.tar.gz", env=environment, script=script)
    assert entry(manifest, "netns/host/nft-ruleset.txt", "missing")["allow"] == "--allow-modules"
    assert entry(manifest, "netns/host/ipset-save.txt", "missing")["allow"] == "--allow-modules"
    collect(tmp_path / "s.tar.gz", "--allow-modules", env=environment, script=script)
    assert "ipset save" in (tmp_path / "log").read_text()


# ---- other hosts -------------------------------------------------------------------------------------------------------------


def test_an_ip_without_json(tmp_path: Path) -> None:
    """iproute2 before 4.13 knows no -j: the text is saved, and no JSON file is left to mislead."""
    real = shutil.which("ip")
    environment = fakes(tmp_path / "bin", ip=f'for a in "$@"; do [ "$a" != -j ] || {{ echo "Option \\"-j\\" is unknown" >&2; exit 255; }}; done; exec {real} "$@"')
    manifest, files = collect(tmp_path / "s.tar.gz", env=environment)
    assert b"lo:" in files["netns/host/ip-link.txt"]
    assert not [path for path in files if path.startswith("netns/host/ip-") and path.endswith(".json")]
    assert "no -j" in entry(manifest, "netns/*/*.json", "absent")["why"]


def test_an_ip_whose_json_is_text(tmp_path: Path) -> None:
    """iproute2 4.13 to 4.16 takes -j and prints text for some objects: that is no JSON file."""
    real = shutil.which("ip")
    environment = fakes(tmp_path / "bin", ip=f'case "$*" in *rule*) exec {real} rule;; esac; exec {real} "$@"')
    _, files = collect(tmp_path / "s.tar.gz", env=environment)
    assert "netns/host/ip-4-rule.json" not in files
    assert files["netns/host/ip-4-rule.txt"]
    assert json.loads(files["netns/host/ip-link.json"])


def test_only_net_tools(tmp_path: Path) -> None:
    """A host with neither ip nor bridge, docker, nft nor conntrack: what there is is saved, the rest told."""
    environment = bare(tmp_path / "bin", ifconfig="echo eth0", route="echo Kernel", arp="echo Address")
    manifest, files = collect(tmp_path / "s.tar.gz", env=environment, script=altered(tmp_path))
    assert files["netns/host/ifconfig.txt"] == b"eth0\n"
    assert files["netns/host/route.txt"] == b"Kernel\n"
    assert files["netns/host/sysctl.txt"]
    assert files["netns/host/proc-net-tcp.txt"]
    assert entry(manifest, "netns/host/ip-link.txt", "missing")["why"] == "ip is not installed"


def test_busybox_ip(tmp_path: Path) -> None:
    """busybox' ip knows neither -d nor -j."""
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("busybox is not installed")
    environment = bare(tmp_path / "bin", ip=f'exec {busybox} ip "$@"')
    _, files = collect(tmp_path / "s.tar.gz", env=environment, script=altered(tmp_path))
    assert b"lo:" in files["netns/host/ip-link.txt"]
    assert files["netns/host/ip-4-rule.txt"]


# ---- containers --------------------------------------------------------------------------------------------------------------

INSPECTED = """[
    {
        "Id": "4f66",
        "Name": "/web",
        "Path": "serve",
        "Args": [
            "--password=hunter1"
        ],
        "State": {
            "Pid": 0,
            "Status": "running"
        },
        "Config": {
            "Hostname": "web",
            "Env": [
                "SECRET=hunter2",
                "PATH=/bin"
            ],
            "Image": "nginx",
            "Labels": {
                "auth": "hunter3"
            }
        },
        "NetworkSettings": {
            "Networks": {
                "bridge": {
                    "IPAddress": "172.17.0.2",
                    "DriverOpts": null
                }
            }
        }
    }
]"""
DOCKER = f"""case "$*" in
"ps -q") ;; "ps -aq --no-trunc") echo 4f66;; "network ls -q") echo n1;;
"inspect 4f66") cat <<'X'
{INSPECTED}
X
;; "network inspect n1") printf '[\\n    {{\\n        "Name": "bridge",\\n        "Labels": {{\\n            "x": "hunter4"\\n        }}\\n    }}\\n]\\n';;
"inspect -f"*) echo '0 /web bridge';; info) printf ' Server Version: 1\\n HTTP Proxy: http://u:hunter5@p\\n Labels:\\n  hunter6\\n';;
"ps -a"*) echo web;; esac"""


@pytest.mark.parametrize("engine", ["docker", "nerdctl"])
def test_secrets_of_containers_stay_on_the_host(engine: str, tmp_path: Path) -> None:
    """Environment, labels, command lines and proxies are left out of what is saved, and that is said; the rest is still JSON."""
    environment = bare(tmp_path / "bin", ["ip"], **{engine: DOCKER})
    script = altered(tmp_path, **{"/var/lib/nerdctl": str(tmp_path)})
    out = tmp_path / "s.tar.gz"
    manifest, files = collect(out, env=environment, script=script)
    assert not [path for path, data in files.items() if b"hunter" in data]
    inspected = json.loads(files["once/docker-inspect.json"])[0]
    assert inspected["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] == "172.17.0.2"
    assert inspected["Config"] == {"Hostname": "web", "Image": "nginx"}
    assert json.loads(files["once/docker-network-inspect.json"]) == [{"Name": "bridge"}]
    assert "left out" in entry(manifest, "once/docker-inspect.json")["note"]
    assert manifest["containers"][0]["name"] == "web"
    _, whole = collect(out, "--docker-full", env=environment, script=script)
    assert b"hunter2" in whole["once/docker-inspect.json"]


def test_podman_beside_docker_has_its_own_files(tmp_path: Path) -> None:
    """Two engines: the second one's files bear its name; podman is not asked where it was never used (its first use makes folders)."""
    environment = bare(tmp_path / "bin", ["ip"], docker=DOCKER, podman=DOCKER)
    used = {"/run/containers": str(tmp_path), "/var/lib/containers/storage": str(tmp_path / "no"), "/.local/share/containers": "/no"}
    _, files = collect(tmp_path / "s.tar.gz", env=environment, script=altered(tmp_path, **used))
    assert "once/podman-inspect.json" in files
    unused = {**used, "/run/containers": str(tmp_path / "no")}
    _, files = collect(tmp_path / "s.tar.gz", env=environment, script=altered(tmp_path, **unused))
    assert "once/podman-inspect.json" not in files


def test_pods_of_a_kubernetes_node(tmp_path: Path) -> None:
    """crictl: pods by their namespace and name, without annotations (they quote whole manifests)."""
    pod = {"status": {"id": "p1", "metadata": {"attempt": 0, "name": "coredns", "namespace": "kube-system"}, "network": {"ip": "10.244.0.2"},
                      "annotations": {"last": "hunter1"}}, "info": {"pid": os.getpid(), "config": {"envs": ["hunter2"]}}}
    (tmp_path / "pod.json").write_text(json.dumps(pod, indent=2) + "\n")
    crictl = f"""case "$*" in "pods -q") echo p1;; "pods -o json"|"ps -a -o json") echo '{{'; echo '}}';;
"inspectp -o json p1") cat {tmp_path}/pod.json;; esac"""
    environment = bare(tmp_path / "bin", ["ip"], crictl=crictl)
    manifest, files = collect(tmp_path / "s.tar.gz", env=environment, script=altered(tmp_path))
    assert manifest["containers"][0]["name"] == "kube-system.coredns"
    assert manifest["netns"][0]["containers"] == ["kube-system.coredns"]
    assert json.loads(files["once/crictl-inspectp.json"]) == [{"status": {"id": "p1", "metadata": {"attempt": 0, "name": "coredns",
                                                              "namespace": "kube-system"}, "network": {"ip": "10.244.0.2"}}, "info": {"pid": os.getpid()}}]


def test_a_rare_kernel_secret_is_not_saved(tmp_path: Path) -> None:
    """Keys among the sysctls (stable_secret, tcp_fastopen_key, netdev_rss_key) are not read into the tarball."""
    _, files = collect(tmp_path / "s.tar.gz")
    text = files["netns/host/sysctl.txt"].decode()
    assert "net.ipv4.ip_forward = " in text
    assert not [line for line in text.splitlines() if "stable_secret" in line or "fastopen_key" in line or "rss_key" in line]


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing() -> None:
    """shellcheck, style and above."""
    done = subprocess.run(["shellcheck", "-s", "sh", "-S", "style", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to give it up")
def test_rootless(tmp_path: Path) -> None:
    """Without root it saves what it can, and says what needs root."""
    folder = tmp_path / "open"
    folder.mkdir()
    for path in (tmp_path, folder, *tmp_path.parents):
        if path.stat().st_uid == os.geteuid() and str(path).startswith(os.environ.get("TMPDIR", "/tmp")) and path != Path(os.environ.get("TMPDIR", "/tmp")):
            path.chmod(0o777)
    script = folder / "collect.sh"
    shutil.copy(SCRIPT, script)
    out = folder / "s.tar.gz"
    subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", str(script), "-o", str(out)], check=True,
                   capture_output=True, cwd=folder, env={**os.environ, "HOME": "/nonexistent"})
    manifest, files = manifest_of(out)
    assert manifest["uid"] == 65534
    assert files["netns/host/ip-link.txt"]
    assert any("root" in item["why"] or "ermi" in item["why"] for item in manifest["missing"])
