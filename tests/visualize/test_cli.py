"""The command line as a user meets it: exit codes, one-line errors, nothing outside the output folder, stable bytes."""

import json
import tarfile
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from visualize.cli import main

ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "samples" / "default-bridge" / "snapshot.tar.gz"


def run(*arguments: object) -> Result:
    """Run a command as a user would."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def pcap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's capture as a file of its own."""
    path = tmp_path_factory.mktemp("pcap") / "any.pcap"
    with tarfile.open(SAMPLE) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("host-any.pcap"))
        path.write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]
    return path


def test_every_replay_line_obeys_the_schema() -> None:
    """docs/replay-line.schema.json holds for every line; packets come in the order of the capture."""
    schema = json.loads((ROOT / "docs" / "replay-line.schema.json").read_text())
    lines = [json.loads(line) for line in run("replay", SAMPLE, "--format", "ndjson").stdout.splitlines()]
    assert len(lines) > 50
    for line in lines:
        jsonschema.validate(line, schema)
    assert [line["packet"] for line in lines] == sorted(line["packet"] for line in lines)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Replay lines, and DOT."""
    assert run("replay", SAMPLE).stdout == run("replay", SAMPLE).stdout
    for folder in ("a", "b"):
        run("draw", SAMPLE, "-o", tmp_path / folder, "--format", "dot")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_capture_named_is_replayed_as_the_one_inside(pcap: Path) -> None:
    """`--pcap FILE` gives what the capture in the snapshot gives."""
    inside = [json.loads(line) for line in run("replay", SAMPLE).stdout.splitlines()]
    named = [json.loads(line) for line in run("replay", SAMPLE, "--pcap", pcap).stdout.splitlines()]
    for line in (*inside, *named):
        del line["capture"]
    assert inside == named


def test_a_cut_capture_gives_what_stands_before_the_cut(pcap: Path, tmp_path: Path) -> None:
    """The frames before the damage are replayed; one line names the file, the frame and the byte."""
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(pcap.read_bytes()[:5000])
    done = run("flows", SAMPLE, "--pcap", cut, "--format", "json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)
    assert f"{cut}" in done.stderr
    assert "byte" in done.stderr


@pytest.mark.parametrize(("data", "says"), [(b"", "empty"), (b"hello, this is no capture", "not a pcap"), (
    b"\xd4\xc3\xb2\xa1\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\4\0\x93\0\0\0", "147")])
def test_a_wrong_capture_is_one_line_and_exit_code_3(tmp_path: Path, data: bytes, says: str) -> None:
    """An empty file, another file, an unknown link type."""
    path = tmp_path / "x.pcap"
    path.write_bytes(data)
    done = run("flows", SAMPLE, "--pcap", path)
    assert done.exit_code == 3
    assert says in done.stderr
    assert str(path) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["show", "flows", "replay"])
def test_a_wrong_snapshot_is_one_line_and_exit_code_3(tmp_path: Path, command: str) -> None:
    """No traceback, the file's name, exit code 3."""
    path = tmp_path / "wrong.tar.gz"
    path.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0 this is not gzip")
    done = run(command, path)
    assert done.exit_code == 3
    assert str(path) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(("arguments", "says"), [
    (["--dst", "198.51.100.80:80"], "--in IFACE or --from"), (["--from", "nobody", "--dst", "1.2.3.4:5"], "nobody"),
    (["--from", "web", "--dst", "hello"], "hello"), (["--in", "eth9", "--src", "1.2.3.4", "--dst", "1.2.3.4:5"], "eth9"),
    (["--from", "web", "--dst", "1.2.3.4"], "needs a port")])
def test_a_wrong_question_says_what_to_write(arguments: list[str], says: str) -> None:
    """Usage errors: exit code 2, and the word that is wrong."""
    done = run("trace", SAMPLE, *arguments)
    assert done.exit_code == 2
    assert says in done.stderr


def test_trace_answers_for_a_packet_that_is_in_no_capture() -> None:
    """Out by MASQUERADE, in by DNAT, dropped by the policy; --expect decides the exit code."""
    out = run("trace", SAMPLE, "--from", "web", "--dst", "198.51.100.80:80", "--format", "json")
    assert json.loads(out.stdout)["out"]["src"] == "198.51.100.10"
    inward = run("trace", SAMPLE, "--in", "eth0", "--src", "203.0.113.50:999", "--dst", "203.0.113.10:8080", "--format", "json")
    assert json.loads(inward.stdout)["out"]["dst"] == "172.17.0.2"
    dropped = run("trace", SAMPLE, "--in", "eth0", "--src", "203.0.113.50:999", "--dst", "172.17.0.3:80", "--expect", "delivered")
    assert dropped.exit_code == 1
    assert "DROPPED (certain): dropped by filter FORWARD policy" in dropped.stdout


def test_assume_settles_a_doubt(tmp_path: Path) -> None:
    """An unknown match is a doubt with a key; --assume KEY=yes turns the path."""
    rules = tmp_path / "rules"
    rules.write_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m mystery --foo 1 -j DROP\nCOMMIT\n")
    question = ("trace", rules, "--in", "eth0", "--src", "10.0.0.1:1", "--dst", "10.0.0.2:2")
    doubtful = json.loads(run(*question, "--format", "json").stdout)
    if doubtful["doubts"] and any(d["at"] == "filter INPUT 1" for d in doubtful["doubts"]):
        settled = json.loads(run(*question, "--assume", "filter.INPUT.1=yes", "--format", "json").stdout)
        assert settled["verdict"] == "dropped"
    assert doubtful["certainty"] != "certain"


def test_hostile_names_are_shown_as_text(tmp_path: Path) -> None:
    """Markup and escape sequences in a comment reach neither the terminal nor the picture as such."""
    rules = tmp_path / "rules"
    rules.write_text('*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m comment --comment "<script>\x1b[31m</script>" -j DROP\nCOMMIT\n')
    done = run("trace", rules, "--in", "eth0", "--src", "10.0.0.1:1", "--dst", "10.0.0.2:2")
    assert "\x1b" not in done.stdout
    picture = run("trace", rules, "--in", "eth0", "--src", "10.0.0.1:1", "--dst", "10.0.0.2:2", "--format", "dot")
    assert "<script>" not in picture.stdout


def test_draw_writes_only_into_its_folder(tmp_path: Path) -> None:
    """One file per flow, the topology and the rules, nothing else anywhere."""
    done = run("draw", SAMPLE, "-o", tmp_path / "out", "--flow", "5", "--format", "svg")
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["flow-005.svg", "rules.svg", "topology.svg"]
    assert (tmp_path / "out" / "flow-005.svg").read_bytes().startswith(b"<?xml")
    assert run("draw", SAMPLE, "-o", tmp_path / "out", "--flow", "999").exit_code == 1


def test_without_a_capture_the_topology_is_drawn(tmp_path: Path) -> None:
    """And what was asked of flows can't be answered."""
    rules = tmp_path / "rules"
    rules.write_text("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    done = run("draw", rules, "-o", tmp_path / "out")
    assert done.exit_code == 0
    assert "only the topology is drawn" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["topology.svg"]
    assert run("draw", rules, "-o", tmp_path / "out", "--flow", "1").exit_code == 1


def test_where_keeps_some_flows() -> None:
    """`--where` reads a small language, and says where it can't."""
    dropped = json.loads(run("flows", SAMPLE, "--where", "verdict dropped and tcp", "--format", "json").stdout)
    assert [flow["dst"] for flow in dropped] == ["172.17.0.3"]
    wrong = run("flows", SAMPLE, "--where", "host banana")
    assert wrong.exit_code == 2
    assert "column 6" in wrong.stderr


def test_show_says_what_is_missing(tmp_path: Path) -> None:
    """A lone rules file: what it hides is said."""
    rules = tmp_path / "rules"
    rules.write_text("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    done = run("show", rules)
    assert done.exit_code == 0
    assert "hides by which interface packets leave" in done.stdout


def test_the_collector_comes_out_as_it_is(tmp_path: Path) -> None:
    """`collector -o` writes the very script."""
    run("collector", "-o", tmp_path / "collect.sh")
    assert (tmp_path / "collect.sh").read_bytes() == (ROOT / "snapshot" / "collect.sh").read_bytes()


def test_a_cut_off_tarball_without_a_host_says_that_it_is_cut_off(tmp_path: Path) -> None:
    """Nothing usable before the damage: the sentence names both."""
    (tmp_path / "cut.tgz").write_bytes((ROOT / "samples" / "hairpin" / "snapshot.tar.gz").read_bytes()[:3000])
    result = run("flows", str(tmp_path / "cut.tgz"))
    assert result.exit_code == 3
    assert "damaged or cut off" in result.output
