"""The plain pages show what was written, and nothing of it acts."""

import pytest

from bot.fake_forge.markdown import rendered


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**a** <b>", "<p><strong>a</strong> &lt;b&gt;</p>"),
        ("## Board", "<h2>Board</h2>"),
        ("see #12, a#3", '<p>see <a href="/i/12">#12</a>, a#3</p>'),
        ("`#1 **x**`", "<p><code>#1 **x**</code></p>"),
        ("[x](https://a.test/?a=1&b=2)", '<p><a href="https://a.test/?a=1&amp;b=2">x</a></p>'),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("<details><summary>S</summary>", "<details><summary>S</summary>"),
        ("<details onclick=x>", "&lt;details onclick=x&gt;"),
        ("<sub>small</sub><sub id=x>", "<p><sub>small</sub>&lt;sub id=x&gt;</p>"),
        ("a <input onfocus=x>", "<p>a &lt;input onfocus=x&gt;</p>"),
        ("![x](https://a.test/y.png)", '<p>!<a href="https://a.test/y.png">x</a></p>'),
        ("[a #3](https://a.test)", '<p><a href="https://a.test">a #3</a></p>'),
        ("```\n<x>\n```", "<pre><code>&lt;x&gt;\n</code></pre>"),
        ("<!-- caloron:board key=1\n-->", "<p class=dim>—</p>"),
    ],
)
def test_it_is_shown_so(text: str, shown: str) -> None:
    assert rendered(text, "/i").rstrip() == shown


def test_a_list_shows_its_ticks() -> None:
    page = rendered("- [x] one\n- [ ] two\n- three", "/i")
    assert page.count("<li") == 3 and page.count("checkbox") == 4 and page.count("checked") == 1


def test_a_table_is_a_table() -> None:
    page = rendered("| a |\n|---|\n| b #4 |", "/i")
    assert "<th>a</th>" in page and '<td>b <a href="/i/4">#4</a></td>' in page
