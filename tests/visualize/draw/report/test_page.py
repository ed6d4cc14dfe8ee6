"""The page's file: one policy that names its own script and style, nothing from elsewhere, the topology reduced to a drawing."""

import hashlib
import re
from base64 import b64encode
from functools import cache
from pathlib import Path

from tests.visualize.draw.report import reports
from visualize.draw.report.svg import cleaned


@cache
def text() -> str:
    """The default-bridge report."""
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        return reports.sample("default-bridge", Path(folder)).read_text(encoding="utf-8")


def test_the_policy_names_exactly_this_script_and_style() -> None:
    """By SHA-256; nothing inline or from elsewhere besides."""
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', text())
    assert found
    policy = found[1]
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        body = re.findall(rf"<{tag}>(.*?)</{tag}>", text(), re.S)
        assert len(body) == 1
        digest = b64encode(hashlib.sha256(body[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_it_names_no_other_place() -> None:
    """No address of anything to load; the only URLs are names of XML."""
    assert set(re.findall(r"https?://[\w./-]+", text())) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b|new Function", text())


def test_a_drawing_keeps_shapes_and_text_only() -> None:
    """Scripts, handlers, styles, links and foreign content are gone; text stays text."""
    drawn = cleaned('<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" width="9pt" onload="alert(1)">'
                    '<script>alert(2)</script><style>a{}</style><foreignObject><p>x</p></foreignObject><a xlink:href="javascript:alert(3)"><title>t&lt;b&gt;</title>'
                    '<text x="1" style="fill:url(http://192.0.2.1/)" fill="url(#a);x">&lt;img src=x&gt;</text></a><image href="http://192.0.2.1/"/></svg>')
    assert drawn == '<svg viewBox="0 0 9 9"><a><title>t&lt;b&gt;</title><text x="1">&lt;img src=x&gt;</text></a></svg>'
    assert cleaned("") == ""
