"""Strangers' text stays text, in every format."""

import pytest

from visualize.draw.quoting import code, dot, file_name, html, markdown, mermaid, visible


@pytest.mark.parametrize("text", ["<b>x</b>", 'a"b', "a\\Nb", "a&amp;b", "a\x1b[31mb", "a\u202eb", "a\udcffb", "]]>", "a\nb"])
def test_no_name_becomes_markup(text: str) -> None:
    """Quoting for HTML, DOT and terminals leaves no character that means something there."""
    assert not set("<>\"\x1b\u202e\n") & set(html(text))
    assert dot(text).count('"') - dot(text).count('\\"') == 2
    assert visible(text).isprintable()
    assert file_name("../" + text) not in ("", ".", "..")
    assert "/" not in file_name("../" + text)


@pytest.mark.parametrize("text", ["<b>x</b>", "a`b", "a|b", "[x](y)", "a\nb", "~~x~~", "a\\|b", '"];end'])
def test_no_name_becomes_markdown_or_mermaid(text: str) -> None:
    """What has a meaning there is escaped; a code span is not left, a table's cell neither."""
    assert not set('"<>`;|[]') & set(mermaid(text).replace("#", "").replace(";", "", mermaid(text).count("#")))
    for found in (markdown(text), code(text)):
        assert "\n" not in found
        for number, character in enumerate(found):
            assert character != "|" or found[number - 1] == "\\"
    assert code(text).count("`") == 2
