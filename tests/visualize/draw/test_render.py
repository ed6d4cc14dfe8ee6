"""Graphviz by its wheel and by the system: the same text gives a picture either way."""

import shutil

import pytest

from visualize.draw.render import RenderError, program, render, render_all

TEXT = "digraph g { a -> b }"
LINKS = 'digraph g { n_1 [tooltip="t" label=<<TABLE><TR><TD HREF="#a">a</TD><TD HREF="#b">b</TD></TR></TABLE>>]; n_1 -> n_2 [tooltip="u"] }'
SYSTEM = shutil.which("dot")


@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_the_wheel_draws(kind: str, magic: bytes) -> None:
    """No system package is needed."""
    assert "graphviz-pure" in program()
    assert render(TEXT, kind).startswith(magic)


@pytest.mark.skipif(SYSTEM is None, reason="no system Graphviz here")
@pytest.mark.parametrize(("kind", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_system_draws(kind: str, magic: bytes) -> None:
    """Run by the graphviz package, PDF too."""
    assert render(TEXT, kind, SYSTEM).startswith(magic)


@pytest.mark.parametrize("command", [None, SYSTEM])
def test_what_graphviz_says_is_told(command: str | None) -> None:
    """A text that is no graph gives one sentence, no traceback."""
    with pytest.raises(RenderError, match=r"Graphviz failed: .*syntax error"):
        render("digraph {", "svg", command)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_many_pictures_are_those_that_each_alone_would_be(kind: str) -> None:
    """One process draws them all; links are counted from 0 in each."""
    texts = [LINKS, TEXT, LINKS.replace("#a", "#c"), LINKS]
    assert render_all(texts, kind) == [render(text, kind) for text in texts]


def test_one_bad_text_among_many_is_told() -> None:
    """As if it were alone."""
    with pytest.raises(RenderError, match=r"Graphviz failed: .*syntax error"):
        render_all([TEXT, "digraph {", TEXT], "svg")
