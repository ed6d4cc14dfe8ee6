"""Network namespaces of the lab's own: made, entered, left and always removed.  The root namespace is never changed."""

import ctypes
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
PREFIX = os.environ.get("PACKETPATH_LAB", "ppk")  # of every namespace that the lab makes; the maker's pid and `-` follow it
TOOLS = ("ip", "bridge", "nsenter", "sysctl", "conntrack", "ipset", "iptables-legacy-restore", "iptables-nft-restore",
         "ip6tables-legacy-restore", "ip6tables-nft-restore", "nft")
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The lab itself failed: a command, a tool that is missing. Never a disagreement."""


def run(command: Sequence[str], *, stdin: str | None = None, check: bool = True) -> str:
    """Run a command in the namespace that the caller stands in; its output. Raises LabError with its stderr."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
    if check and done.returncode:
        raise LabError(f"{' '.join(command)}: {done.returncode}: {done.stderr.strip()}\n{stdin or ''}")
    return done.stdout


class Namespace:
    """One namespace, by name. `with ns.inside():` stands in it: sockets, files of /proc/sys/net and commands are its own."""

    def __init__(self, name: str) -> None:
        """Make it."""
        self.name = name
        run(["ip", "netns", "add", name])
        self.fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Stand in the namespace (the calling thread only)."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(self.fd)
            yield
        finally:
            _setns(home)
            os.close(home)

    def run(self, *command: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command inside."""
        with self.inside():
            return run(command, stdin=stdin, check=check)

    def batch(self, lines: Sequence[str], *options: str) -> None:
        """Run `ip -batch` inside."""
        self.run("ip", *options, "-batch", "-", stdin="\n".join(lines) + "\n")

    def sysctl(self, values: dict[str, str | int]) -> None:
        """Write values; a key is written with slashes or dots, `net.` left out."""
        with self.inside():
            for key, value in values.items():
                with open("/proc/sys/net/" + (key if "/" in key else key.replace(".", "/")), "w") as file:
                    file.write(str(value))

    def remove(self) -> None:
        """End it, with everything in it."""
        os.close(self.fd)
        run(["ip", "netns", "del", self.name], check=False)


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET):
        raise LabError(f"setns: {os.strerror(ctypes.get_errno())}")


def sweep() -> None:
    """Remove namespaces of labs whose process has ended without taking them down."""
    for line in run(["ip", "netns", "list"], check=False).splitlines():
        name = line.split()[0]
        found = re.fullmatch(f"{re.escape(PREFIX)}([0-9a-f]+)-.*", name)
        if found and not os.path.exists(f"/proc/{int(found[1], 16)}"):
            run(["ip", "netns", "del", name], check=False)


def missing() -> list[str]:
    """What this machine lacks for the lab: tools and root. Empty: the lab can run."""
    lacks = [tool for tool in TOOLS if not any(os.access(os.path.join(folder, tool), os.X_OK)
                                               for folder in [*os.environ["PATH"].split(":"), "/usr/sbin", "/sbin"])]
    return lacks + (["root"] if os.geteuid() else [])
