"""Finds where a mail's tail begins: its signature, or the message that it answers or forwards.

Mail programs write the heads of quoted messages in the language of their user. The tables below have the
forms of Outlook, Gmail, Apple Mail and Thunderbird; who answers below a `>`-quoted message is read on.
"""

import re
from collections.abc import Callable

_BLANK = "[ \t\u00a0\u202f]"
_SIGNATURE = re.compile(r"--[ \u00a0]")
_LONGEST_HEAD = 1000
"""Signs of a line, beyond which it is no head: no pattern is tried on a longer one."""

_WROTE = re.compile(rf" {{0,3}}On\b.*\bwrote:{_BLANK}*")
_BEGINS = re.compile(
    r" {0,3}(?:On|Am|Le|El|Em|Il|Op|Den|På|W dniu|Dne|Dňa|Pe|Στις|\w+\.?,? \d{1,2}\.)(?= )", re.IGNORECASE
)
"""How the line begins that names who wrote when, where it may be broken into several."""
_VERBS = re.compile(
    r"\b(?:wrote|schrieb|a écrit|escribió|va escriure|escreveu|ha scritto|schreef|skrev|kirjoitti|kirjutas"
    r"|napisał(?:a|\(a\))?|napsala?|napsal\(a\)|napísala?|írta|a scris|пишет|пише|написала?|написал\(а\)"
    r"|έγραψε)"
    r"(?!\w)|yazdı|写道|寫道|のメッセージ|님이 작성",
    re.IGNORECASE,
)
_ENDS = re.compile(rf".*[:：]{_BLANK}*")
_ADDRESS_ENDS = re.compile(rf".*<[^<>\s]+@[^<>\s]+>{_BLANK}*[:：]{_BLANK}*")

_SEPARATORS = (
    "original message|original appointment|forwarded message|ursprüngliche nachricht|originalnachricht"
    "|original-nachricht|weitergeleitete nachricht|message d'origine|message original|message transféré"
    "|mensaje original|mensaje reenviado|mensagem original|mensagem encaminhada|mensagem reencaminhada"
    "|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht"
    "|oprindelig meddelelse|original meddelelse|videresendt besked|videresendt meddelelse|opprinnelig melding"
    "|videresendt melding|ursprungligt meddelande|originalmeddelande|vidarebefordrat meddelande"
    "|alkuperäinen viesti|välitetty viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana"
    "|treść przekazanej wiadomości|původní zpráva|přeposlaná zpráva|исходное сообщение"
    "|пересылаемое сообщение|orijinal mesaj|iletilen mesaj|原始邮件|转发的邮件|元のメッセージ|원본 메시지"
)
_SEPARATOR = re.compile(
    rf"{_BLANK}*[-_]{{3,}}{_BLANK}*(?:{_SEPARATORS}){_BLANK}*[-_]{{3,}}{_BLANK}*", re.IGNORECASE
)
_FORWARDED = re.compile(
    rf" {{0,3}}(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié"
    rf"|début du message transféré|inicio del mensaje reenviado|início da mensagem re(?:en)?caminhada"
    rf"|inizio messaggio inoltrato"
    rf"|begin doorgestuurd bericht|start på videresendt besked|vidarebefordrat brev){_BLANK}*:{_BLANK}*",
    re.IGNORECASE,
)

_FROM_WORDS = (
    "from|von|de|da|van|fra|från|frå|od|от|от кого|від|lähettäjä|saatja|feladó|kimden|gönderen|expéditeur"
    "|remitente|remetente|mittente|afzender|expeditor|από|发件人|寄件者|差出人|보낸 사람"
)
_SENT_WORDS = (
    "sent|date|gesendet|datum|envoyé|envoyé le|enviado|enviado el|enviado em|enviada em|fecha|data|inviato"
    "|verzonden|sendt|dato|skickat|datum och tid|lähetetty|päiväys|päivämäärä|saadetud|elküldve|dátum|wysłano"
    "|odesláno|odoslané|отправлено|дата|надіслано|gönderildi|tarih|trimis|ημερομηνία|发送时间|日期|寄件日期"
    "|送信日時|日付|보낸 날짜|날짜"
)
_FROM, _SENT = (
    re.compile(
        rf"[ \u00a0]{{0,3}}\*{{0,2}}(?:{words}){_BLANK}?\*{{0,2}}{_BLANK}?[:：]\*{{0,2}}.*", re.IGNORECASE
    )
    for words in (_FROM_WORDS, _SENT_WORDS)
)
_QUOTE = re.compile(r" {0,3}>")


def is_signature(line: str) -> bool:
    """Whether the line is the one that stands before a signature."""
    return _SIGNATURE.fullmatch(line) is not None


def may_have_tail(lines: list[str]) -> bool:
    """Whether it is worth looking closer."""
    return any(_heads_at(lines, number) is not None for number in range(len(lines)))


def tail_start(lines: list[str], is_code: Callable[[int], bool]) -> int:
    """The number of the line with which the tail begins; the number of lines if there is none."""
    number = 0
    while number < len(lines):
        head_end = _heads_at(lines, number)
        if head_end is None or is_code(number):
            number += 1
        elif is_signature(lines[number]) or not _quote_follows(lines, head_end):
            return number
        else:
            number = head_end
    return len(lines)


def _heads_at(lines: list[str], number: int) -> int | None:
    """The line behind the head of a tail that begins at this one; None where none begins."""
    line = lines[number]
    if not line or len(line) > _LONGEST_HEAD:
        return None
    if is_signature(line) or _attributes(line):
        return number + 1
    if _SEPARATOR.fullmatch(line) or _FORWARDED.fullmatch(line):
        return _paragraph_end(lines, number + 1)
    near = lines[number + 1 : number + 4]
    if _is_block_of_heads(line, _until_blank(near)):
        return _paragraph_end(lines, number)
    return _wrapped_attribution(lines, number, near)


def _attributes(line: str) -> bool:
    """Whether it says who wrote when, as mail programs say it; those always give the time or the address."""
    if _WROTE.fullmatch(line):
        return True
    if not _ENDS.fullmatch(line) or not re.search(r"[0-9]", line):
        return False
    if _ADDRESS_ENDS.fullmatch(line):
        return True
    verb = _VERBS.search(line)
    return verb is not None and (verb[0].lower() != "wrote" or _BEGINS.match(line) is not None)


def _is_block_of_heads(line: str, near: list[str]) -> bool:
    """Whether the sender and the time stand together, with this line first."""
    near = [one for one in near if len(one) <= _LONGEST_HEAD]
    if _FROM.fullmatch(line):
        return any(map(_SENT.fullmatch, near))
    return _SENT.fullmatch(line) is not None and any(map(_FROM.fullmatch, near))


def _wrapped_attribution(lines: list[str], number: int, near: list[str]) -> int | None:
    """The line that says who wrote when, broken by a mail program into two or three."""
    if not _BEGINS.match(lines[number]):
        return None
    head = lines[number]
    for extra, line in enumerate(_until_blank(near[:2]), 1):
        head += " " + line
        if line.lstrip().startswith(("/", ">", "- ", "```")) or len(head) > _LONGEST_HEAD:
            return None
        if _ENDS.fullmatch(line):
            wrote = _attributes(head) and re.search(r"[0-9@]", head)
            return number + extra + 1 if wrote else None
    return None


def _until_blank(lines: list[str]) -> list[str]:
    for count, line in enumerate(lines):
        if not line.strip():
            return lines[:count]
    return lines


def _paragraph_end(lines: list[str], number: int) -> int:
    while number < len(lines) and lines[number].strip():
        if _QUOTE.match(lines[number]):
            return number
        number += 1
    return number


def _quote_follows(lines: list[str], number: int) -> bool:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number < len(lines) and _QUOTE.match(lines[number]) is not None
