"""Answers by mail: what mail programs quote is never a command, in any language of their users."""

import pytest

from handlers.read import read_commands

WHO = "Alice <alice@example.test>"
ATTRIBUTIONS = {
    "Gmail, English": f"On Mon, Nov 30, 2026 at 9:12 AM {WHO} wrote:",
    "Gmail, English, broken": f"On Mon, Nov 30, 2026 at 9:12 AM {WHO}\nwrote:",
    "Apple Mail, English": "On 30 Nov 2026, at 09:12, Alice <notifications@example.test> wrote:",
    "Gmail, German": f"Am Mo., 30. Nov. 2026 um 09:12 Uhr schrieb {WHO}:",
    "Gmail, German, broken": "Am Mo., 30. Nov. 2026 um 09:12 Uhr schrieb Alice <\nalice@example.test>:",
    "Apple Mail, German": f"Am 30.11.2026 um 09:12 schrieb {WHO}:",
    "Thunderbird, German": "Am 30.11.26 um 09:12 schrieb Alice:",
    "Gmail, French": f"Le lun. 30 nov. 2026 à 09:12, {WHO} a écrit :",
    "Apple Mail, French": f"Le 30 nov. 2026 à 09:12, {WHO} a écrit\u00a0:",
    "Gmail, Spanish": "El lun, 30 nov 2026 a las 9:12, Alice (<alice@example.test>) escribió:",
    "Gmail, Portuguese": f"Em seg., 30 de nov. de 2026 às 09:12, {WHO} escreveu:",
    "Thunderbird, Portuguese": "Em 30/11/2026 09:12, Alice escreveu:",
    "Gmail, Italian": f"Il giorno lun 30 nov 2026 alle ore 09:12 {WHO} ha scritto:",
    "Gmail, Dutch": f"Op ma 30 nov 2026 om 09:12 schreef {WHO}:",
    "Gmail, Danish": f"Den man. 30. nov. 2026 kl. 09.12 skrev {WHO}:",
    "Gmail, Norwegian": f"man. 30. nov. 2026 kl. 09:12 skrev {WHO}:",
    "Gmail, Swedish": f"Den mån 30 nov. 2026 kl 09:12 skrev {WHO}:",
    "Gmail, Finnish": "ma 30.11.2026 klo 9.12 Alice (alice@example.test) kirjoitti:",
    "Gmail, Polish": f"pon., 30 lis 2026 o 09:12 {WHO} napisał(a):",
    "Gmail, Czech": f"po 30. 11. 2026 v 9:12 odesílatel {WHO} napsal:",
    "Gmail, Russian": f"пн, 30 нояб. 2026 г. в 09:12, {WHO}:",
    "Thunderbird, Russian": "30.11.2026 09:12, Alice пишет:",
    "Gmail, Turkish": f"{WHO}, 30 Kas 2026 Pzt, 09:12 tarihinde şunu yazdı:",
    "Gmail, Chinese": f"{WHO} 于2026年11月30日周一 09:12写道：",
    "Gmail, Japanese": f"2026年11月30日(月) 9:12 {WHO}:",
}
BLOCKS = {
    "Outlook, English": "From: Alice\nSent: Monday, November 30, 2026 9:12 AM\nTo: Bob\nSubject: Sprint",
    "Outlook, bold": "**From:** Alice\n**Sent:** Monday\n**To:** Bob\n**Subject:** Sprint",
    "Apple Mail, English": "From: Alice\nSubject: Sprint\nDate: 30 November 2026 at 09:12:00 CET\nTo: Bob",
    "Outlook, German": f"Von: {WHO}\nGesendet: Montag, 30. November 2026 09:12\nAn: Bob\nBetreff: Sprint",
    "Thunderbird, German": "Betreff: Sprint\nDatum: Mon, 30 Nov 2026 09:12:00 +0100\nVon: Alice\nAn: Bob",
    "Outlook, French": "De : Alice\nEnvoyé : lundi 30 novembre 2026 09:12\nÀ : Bob\nObjet : Sprint",
    "Outlook, Spanish": "De: Alice\nEnviado el: lunes, 30 de noviembre\nPara: Bob\nAsunto: Sprint",
    "Outlook, Portuguese": "De: Alice\nEnviada em: segunda-feira, 30 de novembro\nPara: Bob\nAssunto: Sprint",
    "Outlook, Italian": "Da: Alice\nInviato: lunedì 30 novembre 2026 09:12\nA: Bob\nOggetto: Sprint",
    "Outlook, Dutch": "Van: Alice\nVerzonden: maandag 30 november 2026 09:12\nAan: Bob\nOnderwerp: Sprint",
    "Outlook, Danish": "Fra: Alice\nSendt: 30. november 2026 09:12\nTil: Bob\nEmne: Sprint",
    "Outlook, Swedish": "Från: Alice\nSkickat: den 30 november 2026 09:12\nTill: Bob\nÄmne: Sprint",
    "Outlook, Finnish": "Lähettäjä: Alice\nLähetetty: maanantai 30. marraskuuta\nVastaanottaja: Bob",
    "Outlook, Polish": "Od: Alice\nWysłano: poniedziałek, 30 listopada 2026 09:12\nDo: Bob\nTemat: Sprint",
    "Outlook, Russian": "От: Alice\nОтправлено: 30 ноября 2026 г. 9:12\nКому: Bob\nТема: Sprint",
    "Outlook, Chinese": "发件人: Alice\n发送时间: 2026年11月30日 9:12\n收件人: Bob\n主题: Sprint",
    "Outlook, a line above": "________________________________\nVon: Alice\nGesendet: Montag\nAn: Bob",
    "Outlook, old": "-----Ursprüngliche Nachricht-----\nVon: Alice",
    "Outlook, old French": "-----Message d'origine-----\nDe : Alice",
    "Gmail, forwarded": "---------- Forwarded message ---------\nFrom: Alice\nDate: Mon, Nov 30, 2026",
    "Gmail, forwarded, Spanish": "---------- Mensaje reenviado ---------\nDe: Alice",
    "Thunderbird, forwarded": "-------- Weitergeleitete Nachricht --------\nBetreff: Sprint",
    "Apple Mail, forwarded": "Begin forwarded message:\n\nFrom: Alice\nSubject: Sprint",
    "Apple Mail, forwarded, German": "Anfang der weitergeleiteten Nachricht:\n\nVon: Alice",
}
NO_MAILS = {
    "a sentence that ends in a colon": "On this thread I say 3 things:",
    "who wrote something": "As Bob wrote in 2025:",
    "a list of fields": "From: Berlin\nTo: Paris",
    "a date by itself": "Date: 2026-11-30\nPlace: Berlin",
    "a heading with dashes": "--- Part 1 ---",
    "a German sentence": "Am Ende sind es 3 Punkte:",
}


def names(text: str) -> list[str]:
    return [str(one.get("name")) for one in read_commands(text)]


@pytest.mark.parametrize("head", [*ATTRIBUTIONS.values(), *BLOCKS.values()], ids=[*ATTRIBUTIONS, *BLOCKS])
def test_what_a_mail_quotes_is_no_command(head: str) -> None:
    assert names(f"/hold\n\n{head}\n\n/approve\n") == ["hold"]
    assert names(f"{head}\n/approve\n") == []


@pytest.mark.parametrize("head", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_who_answers_below_a_quoted_mail_is_heard(head: str) -> None:
    assert names(f"{head}\n> /approve\n> Please.\n\n/hold\n") == ["hold"]


@pytest.mark.parametrize("head", NO_MAILS.values(), ids=NO_MAILS)
def test_what_only_looks_like_a_mail_is_read_on(head: str) -> None:
    assert names(f"{head}\n\n/approve\n") == ["approve"]
