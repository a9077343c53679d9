"""What the page of a text does not show reaches nobody who reads the text; what it shows stays."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shell.hidden_parts import as_page, as_source

ORDER = "an-order-that-nobody-who-reads-the-page-sees"
HIDDEN = {
    "a comment": "<!-- {} -->",
    "a comment that never ends": "<!-- {}",
    "a comment behind half of a code": "a ` b <!-- {} -->",
    "a comment behind a backtick that is none": "a \\` <!-- {} --> ` b",
    "a comment between codes of two lines": "a ` b\nc ` <!-- {} --> ` d",
    "a comment beside a fence that is none": "    ```\n<!-- {} -->\n    ```",
    "a comment behind a fence that ends later": "```\n    ```\n```\n<!-- {} -->\n",
    "a comment within HTML": "<div>` <!-- {} --> `</div>",
    "a comment below a fence within HTML": "<div>\n```\n<!-- {} -->\n```\n</div>",
    "an instruction": "<? {} ?>",
    "a declaration": "<!doctype {}>",
    "raw data": "<![CDATA[ {} ]]>",
    "a definition": "[//]: # ({})",
    "a definition that nothing uses": "[x]: https://d.example '{}'",
    "a hidden element": "<span hidden>{}</span>",
    "a hidden element behind another that never ends": "<b hidden> <span hidden>{}</span>",
    "an element without display": '<div style="display:none">{}</div>',
    "a template": "<template>{}</template>",
    "a script": "<script>{}</script>",
    "a link's title": '[docs](https://d.example "{}")',
    "an image's words": "![{}](x.png)",
    "a tag's words": '<b title="{}">x</b>',
    "a tag of words": "<{}>",
    "what stands behind a fence": "```{} {}\nx\n```",
    "what stands behind a fence in an item": "- a\n  ~~~ x {}\n  b\n  ~~~",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_is_taken_out(name: str) -> None:
    text = f"Before.\n\n{HIDDEN[name].replace('{}', ORDER)}\n"
    shown = as_page(text)
    assert ORDER not in shown and shown.startswith("Before.")


@pytest.mark.parametrize(
    "text",
    [
        "# A heading\n\n- a list\n  - in it\n\n1. one\n\n> a quote\n",
        "Say `<!-- x -->` or `` `<b hidden>` ``, not `[a](b 'c')`.",
        "```html\n<!-- x -->\n<b title='x' hidden>y</b>\n[x]: y\n```\n\n~~~\n![a](b)\n~~~\n",
        "See [here](https://d.example/a_(b)) and ![](x.png).",
        "if a < b && c > d: List<int> x = {1}",
        "| a | b |\n|---|---|\n| c | d |\n",
        "<details><summary>More</summary>\n\nof it\n\n</details>",
        "C'est à dire: 5 > 3? “Yes”, 12:30, a/b-c.py, 50 %. 👩‍💻 می‌خواهم",
    ],
)
def test_what_is_shown_stays_as_it_is(text: str) -> None:
    assert as_page(text) == text and as_source(text) == (text, 0)


def test_a_link_by_reference_gets_its_address() -> None:
    assert as_page("See [docs][d].\n\n[d]: https://d.example 'x'\n") == "See [docs](https://d.example).\n\n\n"


def test_what_is_taken_out_is_counted() -> None:
    shown, removed = as_source("a <!-- b --> c\n\n[//]: # (d)\n\n<i hidden>e</i>")
    assert (shown, removed) == ("a  c\n\n\n\n", 3)


class Page(HTMLParser):
    """The words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words = ""
        self.feed(MarkdownIt("commonmark").render(text))
        self.close()

    def handle_data(self, data: str) -> None:
        self.words += data


BITS = st.sampled_from(
    ["`", "``", "```", "~~~", "\n", "\n\n", "    ", "  ", "- ", "> ", "1. ", "<!--", "-->", "<div>", "</div>",
     "<b>", "</b>", '<b title="x">', "<pre>", "</pre>", "<details>", "[x]: y", "\n[//]: # (", ")", "[a](b)",
     "![](x)", "\\", "# ", "a", "\t", "---", "\n```\n", "\n~~~\n", "\n    ```\n"]
)  # fmt: skip
FORMS = st.sampled_from(
    [" {} ", "<!-- {} -->", "\n\n<!--\n{}\n-->\n\n", "\n\n[//]: # ({})\n\n", '[a](b "{}")', "![{}](b)",
     '<b title="{}">', "<? {} ?>", "\n``` {}\n"]
)  # fmt: skip
ORDERS = st.builds(lambda form, n: form.format(f"{ORDER}-{n}"), FORMS, st.integers(0, 9))


@given(st.lists(BITS | ORDERS, max_size=14).map("".join))
def test_no_word_is_read_that_the_page_does_not_show(text: str) -> None:
    page = Page(text).words
    assert not [one for one in re.findall(rf"{ORDER}-\d", as_page(text)) if one not in page], as_page(text)


@pytest.mark.parametrize(
    "piece",
    ["<", "<!--", "<?", "<![CDATA[", "`", "``` ", "```\n", "[", "[a](", "![", "(", '<a "', "<b hidden>",
     "\\`", "[a]: b\n", "- ", " ", "\n", "~~~\n<", "x`y\n\n"],
)  # fmt: skip
def test_it_takes_no_long_time(piece: str) -> None:
    begun = time.process_time()
    as_page(piece * (64_000 // len(piece)))
    assert time.process_time() - begun < 2.0  # measured: 0.3 at most
