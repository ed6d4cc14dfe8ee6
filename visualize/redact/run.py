"""A redaction from beginning to end: gather, choose a key, rewrite, prove, and only then write."""

import gzip
import io
import os
import secrets
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from snapshot.bundle.bundle import BundleKind
from snapshot.raw import SnapshotError
from visualize.load import Loaded, load
from visualize.redact import mapfile
from visualize.redact.captures import rewrite
from visualize.redact.files import Files
from visualize.redact.gather import Gathered, gather
from visualize.redact.packets import Packets
from visualize.redact.proof import Proof, nothing_left, reload, same_answers
from visualize.redact.redactor import Redactor
from visualize.redact.tree import AddressMap
from visualize.redact.words import Kind, Words

_KINDS = (BundleKind.SNAPSHOT, BundleKind.FOLDER, BundleKind.LONE)
_TRIES = 48
_CLASSES = frozenset({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fd00::/8", "2000::/3",
                      "2002::/16", "fec0::/10", "3ffe::/16", "2001::/32"})  # map onto themselves, or everyone has them (ip addrlabel)


_HINT = ("(what reads the payload, which is removed, answers differently without it: -m string, the helpers of ftp, sip and the like; so does what "
         "counts on an address's own value: -m u32, -m bpf, -m cluster, HMARK, NETMAP, NPT, and NAT to a range, which picks by a hash of addresses)")


class NotProved(Exception):
    """The redacted snapshot is not written: the sentences say why."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What was done. `kept` are addresses whose image is an address of the snapshot, where its small class left no other."""

    proof: Proof
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    kept: int
    names: int
    addresses: int


def redact(source: str, target: str, map_path: str | None, key: bytes | None = None) -> Redacted:
    """Redact a snapshot into a tarball. Raises SnapshotError for what can't be read, NotProved where the proof fails."""
    original = load(source)
    if original.built.kind not in _KINDS:
        raise SnapshotError(f"{source}: {original.built.kind.value} can't be redacted here, only snapshots of packetpath's own collector "
                            "and folders of commands' outputs (for a sosreport: `sos clean`)")
    gathered = gather(original.raw, original.built)
    _from_captures(original, gathered)
    told = mapfile.read(map_path) if map_path is not None and Path(map_path).exists() else None
    before = mapfile.backwards(told) if told is not None else None
    if before is not None:
        key = before.addresses.key
        gathered.networks |= set(before.addresses.networks)
        gathered.ranges |= set(before.addresses.ranges)
    tree, kept = _tree(gathered, key)
    redactor = _redactor(tree, gathered, before.words if before is not None else Words())
    moved = sum(before.addresses.map(a) != tree.map(a) for a in gathered.addresses) if before is not None else 0
    if moved:
        redactor.notes.append(f"{moved} addresses are mapped otherwise than with this map before: networks or ranges came to light that must "
                              "stay such")
    files = Files(original.raw, original.built, redactor)
    new = files.all()
    data = _tarball(new)
    proof = Proof()
    nothing_left(new, gathered, redactor, files.packets, proof)
    text = mapfile.to_json(redactor, gathered.addresses)
    if not proof.wrong:
        back = mapfile.backwards(_loads(text))
        back._interfaces = None
        same_answers(original, reload(data), back, gathered.addresses, proof)
        if proof.wrong:
            proof.wrong.append(_HINT)
    if proof.wrong:
        raise NotProved("\n".join(proof.wrong))
    _write(target, data)
    if map_path is not None:
        mapfile.write(map_path, text)
    return Redacted(proof, tuple(files.left_out), tuple(dict.fromkeys(redactor.notes)), kept, len(redactor.words.taken), len(gathered.addresses))


def _loads(text: str) -> dict[str, object]:
    import json
    found: dict[str, object] = json.loads(text)
    return found


def _from_captures(original: Loaded, gathered: Gathered) -> None:
    """The addresses that stand in frames."""
    reader = Packets(AddressMap(b"reading only"))
    for capture in original.built.captures:
        with suppress(SnapshotError):
            rewrite(capture.raw.data, reader, str, capture.path)
    gathered.addresses |= reader.seen
    gathered.macs |= reader.macs


def _tree(gathered: Gathered, key: bytes | None) -> tuple[AddressMap, int]:
    """A map under which as few addresses as can be become one that the snapshot holds; and how many do."""
    best: tuple[int, AddressMap] | None = None
    for _ in range(_TRIES if key is None else 1):
        tree = AddressMap(key or secrets.token_bytes(16), gathered.networks, gathered.ranges)
        tree.learn(gathered.addresses)
        blocks = {block for block in gathered.blocks if not _special(block.network_address) and str(block) not in _CLASSES}
        moved = {a for a in gathered.addresses if not _special(a)}
        clashes = sum(tree.map(a) in moved for a in moved) + sum(tree.network(block) in blocks for block in blocks)
        macs = {mac for mac in gathered.macs if not AddressMap.is_special(mac)}
        clashes += sum(tree.mac(mac) in macs for mac in macs)
        if best is None or clashes < best[0]:
            best = clashes, tree
        if clashes == 0:
            break
    assert best is not None
    return best[1], best[0]


def _special(address: object) -> bool:
    return bool(getattr(address, "is_loopback", False) or getattr(address, "is_multicast", False) or getattr(address, "is_unspecified", False)
                or getattr(address, "is_link_local", False) or getattr(address, "is_reserved", False))


def _redactor(tree: AddressMap, gathered: Gathered, words: Words) -> Redactor:
    words.avoid = frozenset(gathered.look_alikes)
    words.give(Kind.HOST, {gathered.hostname} - {""})
    for name in sorted(gathered.workloads):
        words(Kind.EARLY if name < "host" else Kind.LATE, name)
    words.give(Kind.NETWORK, gathered.networks_named)
    words.give(Kind.IMAGE, gathered.images)
    words.give(Kind.CHAIN, gathered.chains)
    words.give(Kind.SET, gathered.sets)
    return Redactor(tree, words, gathered.identifiers, gathered.interfaces, gathered.wildcards)


def _tarball(files: Mapping[str, bytes]) -> bytes:
    """A gzip-compressed tarball whose bytes depend on nothing but the files."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in sorted(files.items()):
            info = tarfile.TarInfo(f"snapshot/{path}")
            info.size, info.mode = len(data), 0o600
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _write(target: str, data: bytes) -> None:
    part = f"{target}.partial"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        os.replace(part, target)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
