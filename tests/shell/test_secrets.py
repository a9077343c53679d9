"""Secrets are masked in every form, whole and in pieces, and other words stay as they are."""

import base64
import json
import random
import time
from urllib.parse import quote

import pytest

from shell.secrets import MASK, MaskedStream, Masker, masked_start, stands_in

TOKEN = "ghs_9Kx2Lm4Pq7Rt1Vw8Yz3Ab5Cd6Ef0Gh"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(
    base64.b64encode(random.Random(n).randbytes(48)).decode() for n in range(6)
)


@pytest.fixture
def masker() -> Masker:
    made = Masker()
    made.know(TOKEN, "a secret of several words", PEM, "short")
    return made


def forms(secret: str) -> dict[str, str]:
    raw = secret.encode()
    found = {
        "clear": secret,
        "split": secret[:7] + "\n" + secret[7:],
        "split with a return": secret[:7] + "\r\n" + secret[7:],
        "quoted": f"> {secret[:7]}\n> {secret[7:]}",
        "a list": f"- {secret[:7]}\n- {secret[7:]}",
        "continued": secret[:7] + "\\\n" + secret[7:],
        "coloured": secret[:7] + "\x1b[31m" + secret[7:],
        "with an invisible character": secret[:7] + "\u200b" + secret[7:],
        "letter by letter": "\n".join(secret),
        "percent": "".join(f"%{byte:02X}" for byte in raw),
        "percent, partly": quote(secret, safe="").replace("K", "%4b").replace("m", "%6D"),
        "percent twice": "".join(f"%25{byte:02x}" for byte in raw),
        "JSON": "".join(f"\\u{ord(letter):04x}" for letter in secret),
        "JSON in JSON": json.dumps("".join(f"\\u{ord(letter):04x}" for letter in secret)),
        "backslash x": "".join(f"\\x{byte:02x}" for byte in raw),
        "HTML": "".join(f"&#{ord(letter)};" for letter in secret),
        "HTML, hexadecimal": "".join(f"&#x{ord(letter):x};" for letter in secret),
        "hexadecimal": raw.hex(),
        "HEXADECIMAL": raw.hex().upper(),
        "hexadecimal, spaced": raw.hex(" "),
    }
    for before in range(3):
        for name, encode in (("base64", base64.b64encode), ("URL-safe", base64.urlsafe_b64encode)):
            found[f"{name} {before}"] = encode(b"~" * before + raw + b"~~").decode()
        found[f"MIME {before}"] = base64.encodebytes(b"~" * (before + 57) + raw).decode()
    return found


def rest_of(masked: str) -> int:
    """Letters beside the mask."""
    return len("".join(masked.replace(MASK, "").split()))


@pytest.mark.parametrize("name", forms(TOKEN))
def test_each_form_is_masked(masker: Masker, name: str) -> None:
    form = forms(TOKEN)[name]
    for text in (form, f"before {form} after", f"{form}\n{form}"):
        masked = masker.mask(text)
        assert MASK in masked and not masker.holds(masked)
        assert rest_of(masked) <= text.count(form) * 90 * ("MIME" in name) + 20 + 2 * len("before after")


@pytest.mark.parametrize("name", forms(TOKEN))
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_each_form_is_masked_in_pieces(masker: Masker, name: str, size: int) -> None:
    text = f"one line\nbefore {forms(TOKEN)[name]} after\nlast".encode()
    stream = MaskedStream(masker)
    out = "".join(stream.feed(text[at : at + size]) for at in range(0, len(text), size)) + stream.end()
    assert MASK in out and not masker.holds(out)
    assert out.startswith("one line\nbefore ") and out.endswith("after\nlast")


def test_other_words_stay_as_they_are_and_come_at_once(masker: Masker) -> None:
    text = "100 % of it\n> quoted \\n é 漢字 a%20b &amp; short ghs_ and a secret of another kind\n"
    assert masker.mask(text) == text
    stream = MaskedStream(masker)
    assert stream.feed(text.encode()) == text and stream.end() == ""
    value = {"a": [1, None, {"b": text}]}
    assert masker.mask_value(value) is value


def test_a_beginning_waits_and_is_shown_when_it_was_none(masker: Masker) -> None:
    stream = MaskedStream(masker)
    assert stream.feed(f"see {TOKEN[:9]}".encode()) == "see "
    assert stream.feed(b"\nno, another\n") == f"{TOKEN[:9]}\nno, another\n"


def test_a_beginning_waits_behind_a_long_text_too(masker: Masker) -> None:
    stream = MaskedStream(masker)
    said = stream.feed(b"x" * 70_000 + TOKEN[:20].encode()) + stream.feed(TOKEN[20:].encode()) + stream.end()
    assert said == "x" * 70_000 + MASK


@pytest.mark.parametrize("shown", range(4, len(TOKEN)))
def test_a_cut_leaves_no_half_of_a_secret(masker: Masker, shown: int) -> None:
    text = "x" * 90 + TOKEN
    assert masked_start(text, 90 + shown, masker=masker) == "x" * 90 + MASK
    assert masked_start(text[: 90 + shown], 300, goes_on=True, masker=masker) == "x" * 90
    assert masked_start(" " * (2**16 - shown) + TOKEN, 2**20, masker=masker).strip() == ""


def test_what_is_cut_is_whole_otherwise(masker: Masker) -> None:
    assert masked_start("a text", 300, masker=masker) == "a text"
    assert masked_start(TOKEN[:12], 300, masker=masker) == TOKEN[:12]


def test_values_are_masked_with_their_names(masker: Masker) -> None:
    found = masker.mask_value({TOKEN: [f"x {TOKEN}", 3], "b": {"c": PEM}})
    assert found == {MASK: [f"x {MASK}", 3], "b": {"c": MASK}}
    one_line = masker.mask(PEM.replace("\n", "\\n"))
    assert not any(line in one_line for line in PEM.splitlines()[1:])


def test_a_line_of_a_key_file_is_masked_too(masker: Masker) -> None:
    for line in PEM.splitlines()[1:]:
        assert masker.mask(f"got {line}!") == f"got {MASK}!"


def test_an_old_token_is_forgotten_and_a_setting_is_not() -> None:
    masker = Masker()
    masker.know(TOKEN, stays=True)
    masker.know(*(f"token-number-{number:04}" for number in range(300)))
    assert masker.holds(TOKEN) and masker.holds("token-number-0299")
    assert not masker.holds("token-number-0001")


def test_bytes_are_searched_piece_by_piece(masker: Masker) -> None:
    filler = bytes(range(256)) * 64
    for form in forms(TOKEN).values():
        whole = filler + form.encode() + filler
        pieces = [whole[at : at + 1000] for at in range(0, len(whole), 1000)]
        assert stands_in(pieces, masker), form
    assert stands_in([TOKEN.encode("utf-16")], masker)
    assert not stands_in([filler] * 20, masker)


def test_it_is_fast(masker: Masker) -> None:
    masker.know(*(random.Random(n).randbytes(20).hex() for n in range(20)))
    words = [random.Random(n).randbytes(3).hex() for n in range(400)]
    text = " ".join(random.Random(1).choices(words, k=20_000))[: 64 * 1024]
    begun = time.process_time()
    for _ in range(10):
        assert not masker.holds(text)
    assert (time.process_time() - begun) / 10 < 0.03  # measured: 0.002
