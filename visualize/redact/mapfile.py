"""The map that stays with the owner: key, pins and every name, as JSON; with it a redacted text is turned back."""

import json
import os
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from snapshot.raw import SnapshotError
from visualize.redact.redactor import Redactor
from visualize.redact.tree import Address, AddressMap
from visualize.redact.words import Kind, Words

SCHEMA = "packetpath-map/1"


def to_json(redactor: Redactor, addresses: set[Address]) -> str:
    """The map of a redaction; `addresses` are those that occurred, for people to look up."""
    tree = redactor.addresses
    return json.dumps({
        "schema": SCHEMA, "warning": "this turns a redacted snapshot back: keep it to yourself", "key": tree.key.hex(),
        "networks": [str(network) for network in tree.networks], "ranges": [[str(first), str(last)] for first, last in tree.ranges],
        "names": [[kind.name, old, new] for (kind, old), new in redactor.words.taken.items()], "identifiers": redactor.identifiers,
        "endings": sorted(tree.low24.items()),
        "addresses": {str(tree.map(address)): str(address) for address in sorted(addresses, key=lambda a: (a.version, int(a)))}}, indent=1) + "\n"


def write(path: str, text: str) -> None:
    """Write the map, readable by its owner alone."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.chmod(path, 0o600)
        file.write(text)


def read(path: str) -> dict[str, Any]:
    """A map file. Raises SnapshotError where it is none."""
    try:
        told = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise SnapshotError(f"{path}: can't be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SnapshotError(f"{path}: not a map of `packetpath redact`: {error}") from None
    if not isinstance(told, dict) or told.get("schema") != SCHEMA:
        raise SnapshotError(f"{path}: not a map of `packetpath redact` (its schema is not {SCHEMA})")
    return told


def words_of(told: dict[str, Any]) -> Words:
    """The names of a map."""
    words = Words()
    for kind, old, new in told["names"]:
        words.keep(Kind[kind], old, new)
    return words


def backwards(told: dict[str, Any]) -> Redactor:
    """The redactor that turns texts back. Raises SnapshotError for a damaged map."""
    try:
        tree = AddressMap(bytes.fromhex(told["key"]), map(ip_network, told["networks"]),
                          [(ip_address(first), ip_address(last)) for first, last in told["ranges"]])
        tree.low24 = {int(old): int(new) for old, new in told["endings"]}
        redactor = Redactor(tree, words_of(told), back=True)
        redactor.identifiers = dict(told["identifiers"])
        redactor.identifiers |= {new[:12]: old[:12] for new, old in told["identifiers"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise SnapshotError(f"the map is damaged: {error}") from None
    return redactor


def turn_back(text: str, redactor: Redactor) -> str:
    """A text with every address and name in it put back."""
    return redactor.words.back(redactor.text(text))
