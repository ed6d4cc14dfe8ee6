"""Text for the terminal: it fits the window, says what must be said, and the same rows come out as CSV."""

import csv
import io
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from visualize.cli import main
from visualize.flows import gather
from visualize.load import load, replay, sources
from visualize.rows import Block, FlowTable, row_of
from visualize.terminal.flow_table import print_flows
from visualize.terminal.overview import print_overview
from visualize.terminal.phases import path_rows, print_trace

ROOT = Path(__file__).parent.parent.parent.parent
SAMPLE = ROOT / "samples" / "docker-user" / "snapshot.tar.gz"


def run(*arguments: object) -> Result:
    """Run a command as a user would."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_window_and_nothing_is_cut(width: int) -> None:
    """Flows, a trace and the overview: every line fits, no ellipsis, and the words are all there."""
    loaded = load(str(SAMPLE))
    flows = gather(replay(loaded, sources(loaded, ())[0], {}))
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, emoji=False, markup=False)
    print_flows(FlowTable.of(row_of(loaded.built.host, flow) for flow in flows), console)
    print_trace(console, loaded.built.host, next(f for f in flows if f.first.start.dport == 8081).first)
    print_overview(console, loaded, (), loaded.built.findings)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    together = "".join(text.split())
    for wanted in ("203.0.113.50:40002>203.0.113.10:8081", "filterDOCKER-USER", "--reject-withtcp-reset", "result:REJECTED(certain)",
                   "203.0.113.11/24"):
        assert wanted in together, wanted


def test_a_table_of_no_flow_and_one_in_many_blocks() -> None:
    """Columns are as wide as their widest cell in any block, whether its cells were kept or made again; no flow leaves the headings."""
    loaded = load(str(SAMPLE))
    rows = [row_of(loaded.built.host, flow) for flow in gather(replay(loaded, sources(loaded, ())[0], {}))]
    texts = []
    for blocks in ([Block.of(rows)], [Block.of([row]) for row in rows], []):
        out = io.StringIO()
        print_flows(FlowTable(partial(iter, blocks)), Console(file=out, width=300))
        texts.append(out.getvalue())
    assert texts[0] == texts[1]
    assert texts[2].splitlines()[0].split()[:3] == ["flow", "from", "proto"]
    assert texts[2].splitlines()[1:] == ["0 flows, 0 packets: none"]
    nothing = run("flows", SAMPLE, "--where", "flow 1000000")
    assert nothing.stdout == texts[2]


def test_a_trace_ends_with_what_became_of_the_packet() -> None:
    """Phases are numbered, each with its hook; the last line is the verdict with its reason."""
    done = run("trace", SAMPLE, "--in", "eth0", "--src", "203.0.113.50:40002", "--dst", "203.0.113.10:8083")
    lines = done.stdout.splitlines()
    assert lines[-1] == "result: DROPPED (certain): dropped by filter DOCKER-USER 3"
    assert any(line.split()[:5] == ["2", "PREROUTING", "conntrack", "NEW"] for line in lines)
    assert not any(line.endswith(" ") for line in lines)


def test_machines_get_the_same_as_csv() -> None:
    """flows, show and trace: a header, a row each, nothing lost to commas or quotes."""
    question = ("trace", SAMPLE, "--in", "eth0", "--src", "203.0.113.50:40002", "--dst", "203.0.113.10:8081", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(run(*question).stdout)))
    assert [row["phase"] for row in rows] == [str(n) for n in range(1, len(rows) + 1)]
    assert rows[-1]["result"] == "REJECTED"
    assert any(row["text"].endswith("--reject-with tcp-reset") and row["line"].isdigit() for row in rows)
    shown = list(csv.DictReader(io.StringIO(run("show", SAMPLE, "--format", "csv").stdout)))
    assert {"interface", "rules", "container", "capture"} <= {row["what"] for row in shown}
    listed = list(csv.DictReader(io.StringIO(run("flows", SAMPLE, "--format", "csv").stdout)))
    assert any(row["verdict"] == "rejected" and row["dport"] == "8081" for row in listed)


def test_rows_and_phases_are_the_same_steps() -> None:
    """Each phase of a path is a row; the end is the last."""
    loaded = load(str(SAMPLE))
    path = gather(replay(loaded, sources(loaded, ())[0], {}))[4].first
    rows = list(path_rows(path))
    assert rows[-1]["hook"] == "end"
    assert len(rows) == len(path.steps)


@pytest.mark.parametrize(("form", "begins"), [("svg", b"<?xml"), ("dot", b"digraph"), ("mermaid", b"%%"), ("markdown", b"###"), ("boxes", b"TCP"),
                                              ("png", b"\x89PNG"), ("drawio", b"<mxfile")])
def test_a_trace_is_drawn_in_every_format(form: str, begins: bytes, tmp_path: Path) -> None:
    """To standard output, or into a file."""
    question = ("trace", SAMPLE, "--from", "app", "--dst", "198.51.100.80:80", "--format", form)
    assert run(*question).stdout_bytes.startswith(begins)
    assert run(*question, "-o", tmp_path / "picture").exit_code == 0
    assert (tmp_path / "picture").read_bytes().startswith(begins)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    """The shell's own script, which asks packetpath."""
    done = run("completion", shell)
    assert done.exit_code == 0
    assert "_PACKETPATH_COMPLETE" in done.stdout


def test_completion_knows_commands_and_options() -> None:
    """What the scripts ask for is answered."""
    from click.shell_completion import ShellComplete
    complete = ShellComplete(main, {}, "packetpath", "_PACKETPATH_COMPLETE")
    assert {"flows", "trace", "draw"} <= {item.value for item in complete.get_completions([], "")}
    assert {item.value for item in complete.get_completions(["trace", str(SAMPLE), "--from"], "w")} == {"web"}
    assert {item.value for item in complete.get_completions(["trace", str(SAMPLE), "--in"], "eth")} == {"eth0", "eth1"}
    assert "--highlight" in {item.value for item in complete.get_completions(["draw"], "--")}
