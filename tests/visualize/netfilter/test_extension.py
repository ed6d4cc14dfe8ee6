"""The registry of extensions: names from a ruleset are looked up in it, and what is not there is UNKNOWN."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from snapshot.host.firewall import Clause, Option
from visualize.netfilter.answer import Truth
from visualize.netfilter.extension import bind_match, bind_target

from .case import World, here_of, packet_of

FOLDERS = {"match": "visualize.netfilter.match", "target": "visualize.netfilter.target"}
ALL = [(kind, module.name) for kind, package in FOLDERS.items() for module in iter_modules(import_module(package).__path__)
       if module.name != "builtin"]


@pytest.mark.parametrize(("kind", "name"), ALL, ids=[f"{kind}/{name}" for kind, name in ALL])
def test_each_has_its_test_and_its_rule(kind: str, name: str) -> None:
    """Every extension has a `bind`, a docstring with a rule line, and a test file of its own."""
    module = import_module(f"{FOLDERS[kind]}.{name}")
    assert callable(module.bind)
    assert "\n\n    -A " in (module.__doc__ or "")
    assert (Path(__file__).parent / kind / f"test_{name}.py").exists()


@pytest.mark.parametrize("clause", [Clause("nosuch"), Clause("../../etc"), Clause("os.path"), Clause("tcp", (Option("--x"),)),
                                    Clause("__init__"), Clause("")])
def test_what_is_not_known_is_unknown(clause: Clause) -> None:
    """A match without a file, or with an option that its file does not know, answers UNKNOWN with its name."""
    packet, _ = packet_of("tcp 10.0.0.1:1 > 10.0.0.2:80")
    answer = bind_match(clause, "ip").test(packet, here_of(packet, {}, World()))
    assert answer.truth is Truth.UNKNOWN
    assert f"-m {clause.name}" in answer.why
    outcome = bind_target(clause, "ip").act(packet, here_of(packet, {}, World()))
    assert outcome.doubt is not None
    assert f"-j {clause.name}" in outcome.doubt.why
