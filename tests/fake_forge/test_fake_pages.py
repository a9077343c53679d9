"""The plain pages show what was written, and nothing of it acts."""

import pytest

from bot.fake_forge.markdown import rendered


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**a** <b>", "<p><b>a</b> &lt;b&gt;</p>"),
        ("## Board", "<h3>Board</h3>"),
        ("see #12, a#3", '<p>see <a href="/i/12">#12</a>, a#3</p>'),
        ("`#1 **x**`", "<p><code>#1 **x**</code></p>"),
        ("[x](https://a.test/?a=1&b=2)", '<p><a href="https://a.test/?a=1&amp;b=2">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("<details><summary>S</summary>", "<details><summary>S</summary>"),
        ("<details onclick=x>", "<p>&lt;details onclick=x&gt;</p>"),
        ("```\n<x>\n```", "<pre class=code>&lt;x&gt;</pre>"),
        ("| a |\n|---|\n| b |", "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>"),
        ("<!-- caloron:board key=1\n-->", "<p class=dim>—</p>"),
    ],
)
def test_it_is_shown_so(text: str, shown: str) -> None:
    assert rendered(text, "/i") == shown


def test_a_list_shows_its_ticks() -> None:
    page = rendered("- [x] one\n- [ ] two\n- three", "/i")
    assert [mark for mark in "☑☐•" if mark in page] == ["☑", "☐", "•"]
