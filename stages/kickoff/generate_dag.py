"""Plan a kickoff text: its goal and its tasks, in parallel where nothing orders them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict, cast

if TYPE_CHECKING:
    from stages.world import Dag, Json, Task, Unused

NAME = "generate_sprint_dag"

ID = re.compile(r"[a-z0-9_-]{1,64}")
TITLE_LENGTH = 140
LONGEST_TEXT = 64_000
MOST_TASKS = 200

# Headings (or lines like "Tasks:") that mean something; every other one is only text.
SECTIONS = {
    "goal": """
        goal, goals, sprint goal, objective, objectives, brief, summary, what, description, proposal,
        feature description, feature request, describe the feature, proposed solution, solution,
        what would you like to be added, beschreibung, descripción, descrição, description du besoin,
        describe the solution you'd like, ziel, ziele, objetivo, objetivos, objectif, objectifs, 目標,
        目的, ゴール, الهدف""",
    "tasks": """
        tasks, task, task list, plan, todo, to do, to-do, todos, work, work items, deliverables,
        features, in scope, user stories, aufgaben, tareas, tâches, タスク, 作業, やること, المهام""",
    "acceptance": """
        acceptance, acceptance criteria, ac, acs, acceptance tests, definition of done, dod, done when,
        success criteria, success metrics, exit criteria, expected outcome, expected outcomes, testing,
        test plan, how to test, verification, validation, qa,
        akzeptanzkriterien, abnahme, fertig wenn, criterios de aceptación, critères d'acceptation,
        受け入れ条件, 完了条件, معايير القبول""",
    "constraints": """
        constraints, constraint, conventions, limits, limitations, requirements,
        non-functional requirements, rahmenbedingungen, einschränkungen, anforderungen, restricciones,
        requisitos, contraintes, 制約, 制約条件, القيود""",
    "out_of_scope": """
        out of scope, non-goals, non goals, not in scope, won't do, later, future, future work,
        nice to have, stretch goals, not now, nicht im umfang, nicht ziele, abgrenzung,
        fuera de alcance, hors périmètre, 対象外, スコープ外, خارج النطاق""",
    "options": "options, option, pipeline, agents, budget",
    "background": """
        background, context, motivation, why, problem, problem statement, the problem, current state,
        current situation, status quo, overview, introduction, design, architecture, approach,
        rationale, users, personas, stakeholders, assumptions, risks, decisions, glossary, example,
        examples, impact, history, is your feature request related to a problem? please describe,
        is your feature request related to a problem, describe alternatives you've considered,
        alternatives, alternatives considered, hintergrund, kontext, contexto, antecedentes, contexte,
        背景, 概要, الخلفية""",
    "notes": """
        notes, note, links, references, see also, related, related issues, resources, questions,
        open questions, faq, timeline, schedule, dates, environment, system info, version, versions,
        screenshots, screenshot, logs, additional context, additional information, anything else,
        hinweise, anmerkungen, notizen, umgebung, notas, enlaces, entorno, remarques, 備考, メモ, 参考,
        環境, ملاحظات""",
    "fault": """
        steps to reproduce, how to reproduce, to reproduce, reproduction, reproduction steps, reproduce,
        repro, expected behavior, expected behaviour, expected result, expected results, expected,
        actual behavior, actual behaviour, actual result, actual results, actual, current behavior,
        current behaviour, describe the bug, bug description, what happened, what did you expect,
        what did you expect to happen, what did you do, schritte zum reproduzieren, schritte,
        erwartetes verhalten, tatsächliches verhalten, erwartet, tatsächlich, pasos para reproducir,
        comportamiento esperado, comportamiento actual, resultado esperado, resultado actual,
        étapes pour reproduire, comportement attendu, comportement actuel, 再現手順, 期待する動作,
        期待される動作, 実際の動作, 不具合の内容, خطوات إعادة الإنتاج, السلوك المتوقع, السلوك الحالي""",
    "checklist": """
        checklist, release checklist, quality checklist, review checklist, pr checklist""",
    "form": """
        before submitting, before you submit, prerequisites, preflight checklist, pre-flight checklist,
        submission checklist, issue checklist, pull request checklist, code of conduct, agreement, terms,
        confirmation, type of change, types of changes, kind of change, what type of pr is this,
        what kind of change does this pr introduce, is there an existing issue for this,
        are you willing to submit a pr, would you like to work on this""",
}
SECTION_OF = {
    " ".join(word.split()): name
    for name, words in SECTIONS.items()
    for word in words.split(",")
    if word.strip()
}
# What a brief says of a section by itself; any other heading is kept as its first line.
PLAIN_HEADINGS = {
    "goal", "tasks", "task", "task list", "acceptance", "acceptance criteria", "definition of done",
    "done when", "constraints", "out of scope", "non-goals", "background", "context", "notes",
}  # fmt: skip
REPRODUCES = re.compile(r"repro|schritte|pasos para|étapes|再現|إعادة", re.I)
NO_ANSWER = {"_no response_", "*no response*", "no response", "n/a", "none"}

# What is said for politeness, and asks for nothing.
WHOM = (
    r"(?:[\s,]+(?:@[\w/.-]+|all|team|everyone|everybody|folks|there|guys|friends|maintainers|again|and|zusammen"
    r"|alle|a todos|todos|equipo|tous|tout le monde|みなさん|皆さん|皆様|(?-i:[A-Z][a-zà-ž]+)(?=\W*$)))*"
)
COURTESY = {
    "a greeting": re.compile(
        r"(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening|day)|hallo|moin|servus"
        r"|guten (?:tag|morgen|abend)|liebe[rs]?|hola|buen[oa]s (?:d[ií]as|tardes|noches)|bonjour|salut"
        r"|ciao|olá|привет|здравствуйте|こんにちは|お疲れ様です|お世話になっております|你好|大家好|您好|안녕하세요|مرحب[اً]+"
        r"|السلام عليكم)" + WHOM + r"(?: (?:بالجميع|جميعا))?\W*",
        re.I,
    ),
    "thanks": re.compile(
        r"(?:(?:many |a lot of )?thanks|thank you|thx|ty|cheers|(?:vielen |besten |herzlichen )?dank(?:e)?"
        r"|(?:muchas |mil )?gracias|merci(?: beaucoup)?|grazie|obrigad[oa]|спасибо"
        r"|ありがとうございます|ありがとう"
        r"|(?:どうぞ)?よろしくお願い(?:いた)?します|谢谢|多谢|감사합니다"
        r"|شكر[اً]+(?: جزيل[اً]+)?)"
        r"(?:[\s,]+(?:so much|very much|a lot|a bunch|in advance|again|(?:for|für|por|pour) [^.!?]{1,60}"
        r"|(?:schon mal |schonmal )?im voraus|de antemano|por adelantado|d'avance))*" + WHOM + r"\W*",
        re.I,
    ),
    "a call": re.compile(
        r"(?:/?cc|fyi|ping|cc'ing)?:?(?:[\s,;&]+|and |^|(?<=:))(?:@[\w/.-]+(?:[\s,;&]+|and )*)+[.!]?"
        r"|/cc[\s:].{1,80}",
        re.I,
    ),
    "courtesy": re.compile(
        r"(?:please |just |feel free to )?(?:let me know|ping me|reach out)"
        r"(?: (?:if|when|whether|what|in case) [^.!?]{1,90})?[.!?]*"
        r"|any (?:help|feedback|thoughts?) (?:is|are|would be)[^.!?]{1,40}[.!?]*"
        r"|(?:i )?hope (?:this|that) (?:helps|is (?:clear|ok(?:ay)?))[^.!?]{0,30}[.!?]*"
        r"|sorry for (?:the |this )?[^.!?]{1,40}[.!?]*|have a (?:nice|great|good) [^.!?]{1,30}[.!?]*"
        r"|bei fragen [^.!?]{1,60}[.!?]*|sent from my \w+(?: \w+)?\W*",
        re.I,
    ),
    "a closing": re.compile(
        r"(?:(?:best|kind|warm) )?(?:regards|wishes)|best|sincerely|yours(?: (?:truly|sincerely))?|cheers"
        r"|(?:viele|liebe|beste|schöne) grüße|mit freundlichen grüßen|[lv]g|mfg|(?:un )?saludos?|cordialement"
        r"|bien à vous|以上",
        re.I,
    ),
}
ENDING = re.compile(r"\W*(?:,?\s+(?-i:[A-ZÀ-Ž][\w.-]*)){0,3}\W*")
SIGNATURE = re.compile(r"(?:[—–-]{1,2}\s*)?[A-ZÀ-Ž][\w.'-]*(?:\s+[A-ZÀ-Ž][\w.'-]*){0,2}")
# What somebody says by ticking a box of a form: "I have searched", "I can reproduce it".
STATED = """
    accept acknowledge added agree agreed asked attest aware certify checked commented confirm confirmed
    considered contribute contributed discussed filled followed follow found happy help included interested
    looked made opened performed provided read reproduce reproduced reviewed ran run searched signed submit
    submitted tested tried understand understood updated verified willing
"""
AGREES = re.compile(
    r"(?:yes,? )?(?:i|we)(?:['’](?:ve|m|d|ll)| have| am| would| will| can| could| did|)"
    r"(?: (?:also|already|not|have|be|been|carefully|fully|hereby|to|still))*"
    rf" (?:{'|'.join(STATED.split())})\b|by (?:submitting|opening)\b"
    r"|my (?:code|changes?|pr|pull request|issue)\b|new and existing (?:unit )?tests\b"
    r"|(?:this|it) is not a duplicate\b|there (?:is|are) no (?:existing|similar|open|other)\b"
    r"|ich (?:habe|stimme|bin)\b|he (?:leído|buscado)\b|acepto\b|j['’](?:ai|accepte)\b",
    re.I,
)
REFERENCE = re.compile(
    r"(?:(?:see(?: also)?|refs?|related(?: to)?|relates to|cf|part of|follow-?up (?:to|of)|depends on"
    r"|blocked by|source|links?|docs?|siehe(?: auch)?|vgl|véase|voir)\b[.:]?\s*)?"
    r"(?:(?:[\w./-]*#\d+|https?://\S+|PR #?\d+|and|und|y|et|&|,|\x01[^\x02]*\x02)\s*)+[.!]?",
    re.I,
)
QUESTION = re.compile(
    r"(?:what|which|who|when|where|why|how|is|are|do|does|did|has|have|should|shall)\b[^?]*\?", re.I
)

# With these words a command begins ("Add a page").
COMMANDS = """
    abort accept adapt add adjust align allow analyse analyze announce apply ask assert assign attach
    authenticate authorise authorize automate avoid bring bundle calculate cancel choose clarify collect
    combine compare compile compress compute configure confirm connect consolidate convert create
    debounce decide declare decouple deduplicate define delete deliver deprecate derive describe detect
    determine develop disable discard divide eliminate embed emit enable encode encourage encrypt
    enforce enhance ensure escape establish evaluate examine exclude execute expand explain explore
    expose extend extract feed fetch find finish fix forbid generate get give handle harden hide
    highlight identify ignore implement improve include inform ingest inject inline inspect install
    instrument integrate introduce invalidate investigate invite keep kill lay let localise localize
    lower make migrate minimise minimize modernise modernize modify mount normalise normalize notify
    obtain omit optimise optimize organise organize paginate parse pause persist populate precompute
    prefer prepare preserve prevent produce prohibit promote propose protect prove provide prune publish
    put rebase rebuild recommend reconcile redeem redirect redo reduce refactor refine refuse register
    reimplement reject reload remember remove rename render reorder reorganise reorganize repair replace
    replicate reproduce require reserve resolve respect respond restore restrict restructure resume
    retire retrieve reuse revert revise rewrite rotate sanitise sanitize save say seed select sell send
    separate serialise serialize serve show simplify skip solve specify standardise standardize start
    stop streamline strengthen suggest swap synchronise synchronize teach tell throttle throw tidy
    transform translate treat trim tune turn unify uninstall unlock validate verify visualise visualize
    warn write
"""
# So it does with these, but they are names as well ("Search is slow", "Test plan").
COMMANDS_AND_NAMES = """
    access archive audit backport batch benchmark block branch break build bump cache call capture catch
    change chart check clean clear close commit copy correct count cover cut default demo deploy design
    diff display document download draft draw drop estimate exit experiment export fail filter flag fold
    fork form format group guard guide help hold host import increase index join label launch limit link
    lint list listen load lock log map mark match measure merge mock model monitor move name notice
    offer open order package pair patch pilot pin plan polish port post present preview print process
    profile pull push query queue raise rank rate read record refresh release repeat report request
    research reset retry return review rework roll round run sample scan schedule scope score search
    secure set setup share ship sign sketch sort speed split store stream strip structure study style
    submit support switch sync tag test trace track train transfer trigger try update upgrade upload use
    view visit wait wire wrap
"""
# With these a sentence begins that explains.
EXPLAINING = """
    a about above across after against all along already also although always among and another any are
    around as at back because before behind being below beneath beside besides between beyond both but
    by can could currently customer customers despite did do does don't down during e.g each either else
    even every everybody everyone except few for from given had half has have he her here his how
    however i i'm i've i.e if in including inside instead into is it it's its just least less like many
    may maybe might more most much must my near neither no nobody none nor not note nothing now of off
    often on once only onto or other otherwise our out outside over own people per perhaps plus quite
    rather right same several shall she should since so some somebody someone sometimes soon still such
    than that that's the their them then there there's these they they're this those though through
    throughout thus till to today together tomorrow too toward towards twice under unlike until up upon
    user users using usually very was we we're we've were what when where whereas wherever whether which
    while who whole whose why will with within without would yes yesterday yet you your
"""
NAMES = frozenset(COMMANDS_AND_NAMES.split())
VERBS = NAMES | frozenset(COMMANDS.split())
OPENERS = frozenset(EXPLAINING.split())
WORD = re.compile(r"[*_]{0,2}([A-Za-z]+(?:[.'’-][A-Za-z]+)*)")
DETERMINED = re.compile(
    r"[*_]{0,2}[\w-]+(?: (?:up|out|off|over|back|down))? (?:a|an|the|all|any|each|every|both|it|its|them|our"
    r"|their|your|my|this|that|these|those|only|one|what|how|when|whether|which|who)\b",
    re.I,
)
STATE = (
    r"(?:is|are|was|were|has|have|had|does|do|did|can|cannot|could|will|would|may|might"
    r"|fails?|failed (?:on|in|to|with)|takes?|took|needs?|works?|[a-z]+n['’]t)\b"
)
STATES = re.compile(rf"\b{STATE}", re.I)
SUBJECT = re.compile(rf"\S+ (?:(?!(?:that|wh\w+|how|if)\b)[^\s,]+ ){{0,4}}?{STATE}", re.I)
OBLIGES = re.compile(
    r"^(?:as an? [^,]{1,40},? )?(?:we|i)(?: would|['’]d)?(?: really)? (?:need|want|like)\b"
    r"|\bwould be (?:nice|great|good|useful|helpful)\b"
    r"|\b(?:should|must|shall|needs? to)\b(?! not\b| never\b)",
    re.I,
)
REFERS = re.compile(r"(?:it|this|that|they|these|those|he|she)\b", re.I)
JOINING = re.compile(r"(?:(?:and|also|but),? )+", re.I)
ASKING = re.compile(
    r"(?:and |also,? |please,? |finally,? |(?:we|i|you|the bot|it)(?:['’]d| would)? (?:also )?"
    r"(?:need to|want to|like to|have to|should|must) |let['’]s |let us |(?:need|want) to "
    r"|(?:can|could|would|will) (?:you|we|someone|somebody) "
    r"|(?:it )?would be \w+ (?:to |if (?:we|you|it) could ))+",
    re.I,
)
DONE = r"(?:done|ready|works|merged|finished)"
ORDERED = re.compile(
    r"(?:and |but |only )?(?:then|after (?:that|this|which)|afterwards?|next(?=[,:])|finally|lastly|at last"
    r"|at the end|in the end"
    rf"|(?:once|when|after) (?:that|this|it|all|everything|both)[^,]{{0,40}}?{DONE}"
    rf"|(?:once|after) [^,]{{1,60}}?\b{DONE}(?=,))\b[,:]?\s+",
    re.I,
)
CONDITION = re.compile(
    r"(?:(?:^|\b(?:that|and|but|so|or) )(?:if|when|whenever|unless|in case|as soon as)"
    r"|^(?:after|once|before|until|while))\b",
    re.I,
)
CLAUSE = re.compile(r"(,\s+|(?<!\band|\bnow)(?<!\bsince|\buntil)\s+(?=(?:and )?then\s))")
FIRST = re.compile(r"^(?:first(?:ly)?|first of all|to begin with|second(?:ly)?|third(?:ly)?)\b[,:]?\s+", re.I)
ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|cf|approx|no|nr|mr|mrs|ms|dr|resp|incl|[a-z])\.$", re.I
)

# A text may be written to be slow to read: no pattern below goes over the same signs again and again.
BLANK_LINE = re.compile(r"\n\s*\n")
STOP = re.compile(r"(?<![.!?;])[.!?;]+[\"')\]]*(?:\s+|$)")
TAG = re.compile(
    r"</?(?:details|summary|p|br|div|span|a|b|i|em|strong|sub|sup|kbd|img|picture|source|font|center|h[1-6]|hr)\b"
    r"[^<>]*>",
    re.I,
)
IMAGE_TAG = re.compile(r"<img\b[^<>]*?\bsrc\s*=\s*[\"']?([^\s\"'<>]+)[^<>]*>", re.I)
FENCE = re.compile(r"\s*(?:[-*+]\s+)?(`{3,}|~{3,})")
ITEM = re.compile(r"(\s*)(?:(?:[-*+•‣◦▪●]|\d{1,9}[.)])[ \t]+|・\s*)(?:\[([ xX])\][ \t]+)?(.*)")
COMMAND = re.compile(r"\s*/[A-Za-z][\w-]*(?:[.,!?:])?(?:\s|$)")
HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)$")
LABEL = re.compile(r"[*_]{0,2}([^\W\d_][^:：*|<>]{1,48}?)[*_]{0,2}[:：][*_]{0,2}\s*(.*)$")
MILESTONE = re.compile(
    r"milestone(?:[ \t]*[:：][ \t]*|[ \t]+[–—-][ \t]+)(?P<name>\S.*)"
    r"|milestone[ \t]+(?P<nth>(?:\d{1,3}|[a-z](?![ \t]+[a-z]))(?:(?:[:：–—]|\.(?!\d)|[ \t]).*)?)"
    r"|(?P<numbered>M\d{1,2}(?:(?:[ \t]*(?:[:：–—]|\.(?!\d))|[ \t]+-[ \t]).*)?)"
    r"|(?P<spaced>(?-i:M)\d{1,2}[ \t]+\S.*)",
    re.I,
)
"""`Milestone: Login`, `Milestone 1 Login`, `M1: Login`, `M1 Login`."""
NO_MILESTONE = re.compile(  # chips, screws, sockets, and what is said of them
    r"M\d+[ \t]+(?:apple|arm|chips?|cpus?|gpus?|socs?|cores?|silicon|processors?|macs?|macbooks?|imacs?|mini"
    r"|pro|max|ultra|laptops?|machines?|devices?|hardware|boards?|sockets?|slots?|ssds?|keys?|screws?|bolts?|nuts?"
    r"|threads?|holes?|inserts?|standoffs?|spacers?|washers?|rods?|cables?|connectors?|plugs?|mounts?|lens(?:es)?"
    r"|motors?|series|and|or|vs|versus|is|are|was|were|has|have|had|can|cannot|does|fails?|crash(?:es)?)\b(?!-)"
    r"|M\d+[ \t]+(?:[&+/,]|M\d).*",
    re.I,
)
LONGEST_MILESTONE = 60
BOLD = re.compile(r"(?:\*\*|__)([^*_]{2,90})(?:\*\*|__)[:：]?\s*$")
BELOW_HEADINGS = 7  # the depth of a label and of a bold line: no heading is as deep
NUMBERED = re.compile(r"(?:(?:task|step|story|part|phase)\s*)?\d+\s*[.):–-]*\s*", re.I)
OWN_ID = re.compile(r"[`*_]{0,2}([A-Za-z0-9][A-Za-z0-9_-]{0,63})[`*_]{0,2}:[`*_]{0,2}\s+(\S.*)")
AFTER = re.compile(r"(?<!\s)\s*\((?:after|depends on|needs)\b:?([^()]*)\)", re.I)
ASIDE = re.compile(
    r"(?<!\s)\s*\(((?:scope|files|accept|acceptance|model|framework|complexity|skills)\s*:[^()]*)\)", re.I
)
FIELD = re.compile(r"[*_`]{0,2}([A-Za-z][A-Za-z ]{1,20}?)[*_`]{0,2}:[*_`]{0,2}\s*(.*)")
RULED = re.compile(r"\s*(?:[-*_=]\s*){3,}")
KINDS = ("build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "style", "test", "tests")
LISTS: dict[str, Literal["scope", "acceptance", "after", "skills"]] = {
    "scope": "scope",
    "files": "scope",
    "accept": "acceptance",
    "acceptance": "acceptance",
    "after": "after",
    "depends on": "after",
    "skills": "skills",
}
WORDS: dict[str, Literal["complexity", "agent_id", "reviewer_id", "model", "framework"]] = {
    "complexity": "complexity",
    "agent": "agent_id",
    "reviewer": "reviewer_id",
    "model": "model",
    "framework": "framework",
}
FRAMEWORKS = (
    "claude-code", "cursor-cli", "gemini-cli", "codex-cli", "open-code", "aider", "anthropic", "stub",
)  # fmt: skip
POINTS: tuple[Literal["constraints", "acceptance", "out_of_scope"], ...] = (
    "constraints",
    "acceptance",
    "out_of_scope",
)
LONGEST_COURTESY = 120


class Input(TypedDict):
    brief: str
    title: NotRequired[str | None]
    repo_context: NotRequired[Json]  # whatever the caller knows of it; the rules do not read it
    num_agents: NotRequired[float | None]
    sprint_id: NotRequired[str | None]
    lenient: NotRequired[bool | None]
    answered: NotRequired[Json]  # the model's answer, checked before it is used
    notes: NotRequired[list[str] | None]


class Output(TypedDict):
    dag: Dag
    errors: NotRequired[list[str] | None]
    notes: NotRequired[list[str] | None]


class Line(TypedDict):
    """A line that people see."""

    text: str
    code: bool  # it stands in a fence, and nothing in it is read
    level: NotRequired[int]  # the depth of the heading that this item was


class Heading(TypedDict):
    """A heading, a label or a bold line, with what stands below it."""

    at: int  # the number of its line
    end: int  # the line before which the next heading of its depth, or above it, stands
    level: int
    text: str
    section: str | None  # what it means
    within: Heading | None  # the nearest one above that means something
    listed: bool  # whether a list stands right below it
    parts: list[Heading]  # the headings below it that mean something


class Part(TypedDict):
    """What stands under one heading that means something, or before and between them."""

    section: str
    heading: str
    lines: list[Line]
    milestone: NotRequired[str]  # the one that its tasks belong to


class Item(TypedDict):
    """An item of a list in the text, with what stands beneath it."""

    text: str
    boxed: bool
    ticked: bool
    under: str  # the heading that it stands under
    lines: list[Line]


class Split(TypedDict):
    """The outermost items of some lines, and the text around them."""

    items: list[Item]
    above: list[Line]
    below: list[Line]


class WishFields(TypedDict):
    """What the text says of something that it asks for."""

    text: str
    after: list[str]
    details: list[str]
    ordered: bool
    done: NotRequired[bool]
    scope: NotRequired[list[str]]
    acceptance: NotRequired[list[str]]
    skills: NotRequired[list[str]]
    complexity: NotRequired[str]
    agent_id: NotRequired[str]
    reviewer_id: NotRequired[str]
    model: NotRequired[str]
    framework: NotRequired[str]
    milestone: NotRequired[str]


class Reading(TypedDict):
    """What a text says: the parts of the sprint's brief, what it asks for, and what is of no use."""

    goal: list[str]
    background: list[str]
    notes: list[str]
    points: dict[str, list[str]]
    wishes: list[Wish]
    itemized: bool  # whether their words stand nowhere else: they are items of a list, or one report
    done: list[str]
    unused: list[Unused]
    hidden: int


class Wish(WishFields):
    """What the text asks for, with the id that it gives, if any."""

    id: str | None


class NamedWish(WishFields):
    """A wish with an id of its own and the title that people will read."""

    id: str
    title: str


def execute(input: Input) -> Output:
    """With `lenient` what is wrong with the text comes back in words, beside an empty plan.

    With `answered`, the model's, its tasks make the plan if they hold; else the text's do, with a note.
    """
    answered, notes, asked = input.get("answered"), list(input.get("notes") or []), None
    if answered is not None:
        try:
            asked = wishes_answered(answered)
        except ValueError as fault:
            notes.append(f"Planned by rules instead of the model: {fault}")
    try:
        output: Output = {"dag": plan_of(input, asked)}
    except ValueError as error:
        if not input.get("lenient"):
            raise
        output = {"dag": {"goal": "", "tasks": {}}, "errors": [str(error)]}
    return {**output, "notes": notes} if notes else output


def plan_of(input: Input, asked: list[NamedWish] | None) -> Dag:
    title = seen(input.get("title") or "").strip()
    agents = input.get("num_agents")
    if agents is not None and agents < 1:
        raise ValueError(f"num_agents must be at least 1, not {agents:g}")
    check_length(input["brief"], title)
    text = read_text(seen(input["brief"]), title)
    wishes = worded(text["wishes"]) or worded(sentences(paragraphs([title])))
    check_wishes(wishes, asked)
    named = asked or name_wishes(wishes)
    goal = "\n\n".join(text["goal"])
    dag: Dag = {
        "sprint_id": input.get("sprint_id") or sprint_id_of(title or goal or input["brief"]),
        "goal": goal or title or named[0]["title"],
        "tasks": {},
    }
    add_parts(dag, text, as_written(wishes) if asked and text["itemized"] else [])
    edges = edges_of(named)
    done = {wish["id"] for wish in named if wish.get("done")}
    todo = [wish for wish in named if not wish.get("done")]
    for position, wish in enumerate(todo):
        agent = f"agent-{position % int(agents or len(named)) + 1}"
        needs = [name for name in edges[wish["id"]] if name not in done]
        dag["tasks"][wish["id"]] = task_of(wish, needs, agent)
    return cast("Dag", addressed(dag))


def check_wishes(wishes: list[Wish], asked: list[NamedWish] | None) -> None:
    if not wishes:
        raise ValueError("Nothing to plan: write a sentence or a list of tasks")
    if all(wish.get("done") for wish in wishes):
        raise ValueError("Nothing is left to plan: every box of this text is ticked")
    if not asked and len(wishes) > MOST_TASKS:
        raise ValueError(
            f"This text has {len(wishes)} tasks, but a sprint can have at most {MOST_TASKS}: "
            "split it into several sprints, each with its own issue"
        )


def add_parts(dag: Dag, text: Reading, written: list[str]) -> None:
    """The parts of the brief that the text has; where the model planned, also the tasks as written."""
    for section in POINTS:
        if points := text["points"].get(section):
            dag[section] = points
    if background := text["background"] + written:
        dag["background"] = background
    if text["notes"]:
        dag["notes"] = text["notes"]
    if text["done"]:
        dag["done"] = text["done"]
    if text["unused"]:
        dag["unused"] = text["unused"]
    if text["hidden"]:
        dag["hidden"] = text["hidden"]


def as_written(wishes: list[Wish]) -> list[str]:
    """The items of the text with all that they say, since the model's tasks may say less."""
    rows = [row for wish in wishes for row in written(wish)]
    return ["\n".join(["As written:", *rows])]


def written(wish: Wish) -> list[str]:
    """A wish as a row of a list, its fields and its description beneath."""
    title = f"{wish['id']}: {wish['text']}" if wish["id"] else wish["text"]
    title = f"then {title}" if wish["ordered"] else title
    lists = {"after": wish["after"], "scope": wish.get("scope", []), "skills": wish.get("skills", [])}
    fields = [f"{label}: {', '.join(values)}" for label, values in lists.items() if values]
    fields += [f"accept: {point}" for point in wish.get("acceptance", [])]
    fields += [f"{label}: {value}" for label, field in WORDS.items() if (value := wish.get(field))]
    beneath = [*fields, *(line for text in wish["details"] for line in text.split("\n"))]
    return [f"- {title}", *(f"  {line}" for line in beneath)]


def addressed(value: Json) -> Json:
    """With the addresses of links and images in parentheses behind their words."""
    if isinstance(value, str):
        return re.sub(r"(?<=\S)\x01", " (", value).replace("\x01", "(").replace("\x02", ")")
    if isinstance(value, list):
        return [addressed(one) for one in value]
    if isinstance(value, dict):
        return {name: addressed(one) for name, one in value.items()}
    return value


def check_length(brief: str, title: str) -> None:
    if (signs := len(brief) + len(title)) > LONGEST_TEXT:
        raise ValueError(
            f"This text has {signs} characters, but I read at most {LONGEST_TEXT}: "
            "shorten it, or split it into several sprints, each with its own issue"
        )


# -- what the model said -------------------------------------------------------------------------------------


def wishes_answered(answered: Json) -> list[NamedWish]:
    """The model's tasks in the form of wishes that were read and named, if each can be started some day."""
    named: dict[str, NamedWish] = {}
    tasks = answer_field(answer_field(answered, "dag", dict), "tasks", list)
    if len(tasks) > MOST_TASKS:
        raise ValueError(f"the model's answer has {len(tasks)} tasks, more than {MOST_TASKS}")
    for one in tasks:
        name, title = answer_field(one, "id", str), title_of(seen(answer_field(one, "title", str)))
        if not ID.fullmatch(name) or name in named:
            raise ValueError(
                f"the model's answer has the task id '{name}', which is not allowed or not unique"
            )
        lists = {field: texts(one.get(field)) for field in ("depends_on", "scope", "acceptance")}
        if late := [need for need in lists["depends_on"] if need not in named]:
            raise ValueError(f"in the model's answer '{name}' depends on '{late[0]}', which is not above it")
        named[name] = {
            "id": name,
            "title": title,
            "text": seen(one["title"]),
            "details": texts([one.get("description")]),
            "after": lists["depends_on"],
            "scope": lists["scope"],
            "acceptance": lists["acceptance"],
            "ordered": False,
        }
    return list(named.values())


def answer_field(answered: Json, field: str, kind: type) -> Json:
    """What the model said there; where there is nothing, ValueError says why."""
    fields = answered if isinstance(answered, dict) else {}
    if isinstance(why := fields.get("notes"), list) and why:
        raise ValueError(str(why[0]))
    value = fields.get(field)
    if not isinstance(value, kind) or not value or not str(value).strip():
        raise ValueError(f"the model's answer has no '{field}'")
    return value


def texts(given: Json) -> list[str]:
    listed = [seen(one).strip() for one in given if isinstance(one, str)] if isinstance(given, list) else []
    return [one for one in listed if one]


# -- the text ------------------------------------------------------------------------------------------------


def seen(text: str) -> str:
    """Without the signs that nobody sees; a row of joiners is one."""
    return re.sub("([\u200c\u200d])[\u200c\u200d]+", r"\1", UNSEEN.sub("", TERMINAL.sub("", text)))


def visible(text: str) -> tuple[list[Line], int]:
    """The lines that a page shows, and how many pieces of the text it hides."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    shown, hidden = as_source(text.expandtabs(4))
    lines: list[Line] = [
        {"text": line.rstrip() if code else without_markup(line), "code": code}
        for line, code in with_fences(shown.split("\n"))
    ]
    return underlined(lines), hidden


def without_markup(line: str) -> str:
    """With the addresses of its links and images, and without tags."""
    line = IMAGE_TAG.sub(lambda found: f"\x01image: {found[1]}\x02", line)
    line = IMAGE.sub(lambda found: f"\x01image: {address_of(found[1])}\x02", TAG.sub("", line))
    return LINK.sub(lambda found: linked(found[1], address_of(found[2])), line).rstrip()


def linked(words: str, address: str) -> str:
    return words if address in ("", words) else f"{words}\x01{address}\x02"


def underlined(lines: list[Line]) -> list[Line]:
    """A line that is underlined with `===` or `---` is a heading."""
    for above, line in pairwise(lines):
        text = above["text"]
        if (
            above["code"]
            or line["code"]
            or not text.strip()
            or re.match(r"\s{4}|[>|#]", text)
            or ITEM.match(text)
        ):
            continue
        if found := re.fullmatch(r" {0,3}(={2,}|-{2,})", line["text"]):
            above["text"], line["text"] = ("# " if found[1][0] == "=" else "## ") + text.strip(), ""
    return lines


def with_fences(lines: list[str]) -> list[tuple[str, bool]]:
    """Each line, and whether it belongs to a fence; a line that opens one in an item opens the item, too."""
    kept: list[tuple[str, bool]] = []
    fence = ""
    for line in lines:
        mark = FENCE.match(line)
        if fence:
            kept.append((line, True))
            closing = line.strip()
            if closing.startswith(fence) and not closing.strip(fence[0]):
                fence = ""
        elif mark and "`" not in line[mark.end() :]:
            fence = mark[1]
            kept.append((line, True))
        else:
            kept.append((line, False))
    return kept


def without_courtesy(lines: list[Line]) -> tuple[list[Line], list[Unused]]:
    """Without greetings, thanks, calls, commands, a form's boxes; these are named with the reason."""
    kept: list[Line] = []
    unused: list[Unused] = []
    closed = False
    boxes = form_boxes(lines)
    for n, line in enumerate(lines):
        why = "a form's box" if n in boxes else None if line["code"] else idle(line["text"], closed)
        if why:
            unused.append({"line": line["text"].strip(), "why": why})
            kept.append({"text": "", "code": False})
        elif line["code"] or not RULED.fullmatch(line["text"]):
            kept.append(line)
        if line["text"].strip():
            closed = why in ("a closing", "thanks")
    return kept, unused


def form_boxes(lines: list[Line]) -> set[int]:
    """Which lines are boxes that a template made rather than the writer."""
    found: set[int] = set()
    row: dict[int, str] = {}
    for n, line in enumerate([*lines, Line(text=".", code=False)]):
        item = None if line["code"] else ITEM.fullmatch(line["text"])
        if item and item[2]:
            row[n] = item[3].strip()
        elif line["text"].strip():
            found |= boxes_of_form(row)
            row = {}
    return found


def boxes_of_form(row: dict[int, str]) -> set[int]:
    """Boxes of one list by which somebody agrees; where most are such, also those that ask for nothing."""
    agreed = {n for n, text in row.items() if AGREES.match(text)}
    mostly = 2 * len(agreed) >= len(row)
    return {n for n, text in row.items() if n in agreed or (mostly and not asks(text))}


def idle(line: str, closed: bool) -> str | None:
    """Why a line asks for nothing and tells nothing; None where it does."""
    text, item = line.strip(), ITEM.fullmatch(line)
    if not text:
        return None
    if COMMAND.match(line):
        return "a command"
    if item:
        text = item[3].strip()
    if len(text) > LONGEST_COURTESY:
        return None
    if closed and not item and SIGNATURE.fullmatch(text):
        return "a signature"
    for why, pattern in COURTESY.items():
        found = pattern.match(text) if why == "a closing" else pattern.fullmatch(text)
        if found and (not item or fits_an_item(why, text)):
            if why == "a closing" and not ENDING.fullmatch(text, found.end()):
                continue
            return why
    return None


def fits_an_item(why: str, text: str) -> bool:
    """In a list a greeting ends like one, and nothing closes."""
    return why != "a closing" and (why != "a greeting" or text[-1] in ",!.،")


def read_parts(lines: list[Line]) -> list[Part]:
    """The text by the headings that mean something; "body" is what stands under none of them."""
    parts: list[Part] = [{"section": "body", "heading": "", "lines": []}]
    outer: list[Part] = []  # where a label of one paragraph stands in
    depth = below = 0  # of the last heading that means something, and of the milestone's
    milestone = ""
    for line in lines:
        heading, rest, level = heading_of(line)
        known = known_section(heading) if heading is not None else None
        if heading is not None and (known or level <= depth):
            if known == "milestone" or level <= below:
                milestone, below = milestone_of(heading), level
            here: Part = {"section": known or "body", "heading": heading if known else "", "lines": []}
            if milestone and here["section"] in ("body", "milestone", "tasks"):
                here = {"section": "tasks", "heading": "", "lines": [], "milestone": milestone}
            outer = [parts[-1]] if rest else []
            parts.append(here)
            if not rest:
                depth = level
            line = {"text": rest, "code": False} if known else line
        elif outer and (not line["text"].strip() or ITEM.match(line["text"])):
            parts.append({**outer.pop(), "heading": "", "lines": []})
        if line["code"] or line["text"].strip().lower() not in NO_ANSWER:
            parts[-1]["lines"].append(line)
    return parts


def is_option(part: Part, unused: list[Unused]) -> bool:
    """Options are said with `/plan`, so what a text says of them is named."""
    if part["section"] != "options":
        return False
    rows = [line["text"].strip() for line in part["lines"] if line["text"].strip()]
    unused += [{"line": row, "why": "an option: say it with `/plan`"} for row in rows]
    return True


def heading_of(line: Line) -> tuple[str | None, str, int]:
    """A heading, what follows it on its line, and its depth; a line like "Tasks:" is the deepest."""
    text = line["text"]
    if line["code"]:
        return None, text, 0
    if "level" in line:
        return text, "", line["level"]
    if found := HEADING.match(text):
        return found[2].rstrip().rstrip("#").rstrip(), "", len(found[1])
    label = LABEL.match(text)
    if label and known_section(label[1]) not in (None, "milestone"):
        return label[1], label[2], BELOW_HEADINGS
    bold = BOLD.match(text)
    if bold and known_section(bold[1]):
        return bold[1], "", BELOW_HEADINGS
    return None, text, 0


def known_section(heading: str) -> str | None:
    if milestone_of(heading):
        return "milestone"
    plain = re.sub(r"\([^()]*\)|[*_`]", "", heading.replace("’", "'"))
    plain = re.sub(r"^[\W\d]+|[\s:：.?!]+$", "", plain).lower()
    return SECTION_OF.get(plain)


def milestone_of(heading: str) -> str:
    """The name of a milestone, where the heading is one: `Milestone: Login`, `M1 Login`."""
    found = MILESTONE.fullmatch(re.sub(r"[*_`]", "", heading).strip(" :："))
    if not found or NO_MILESTONE.match(found["spaced"] or ""):
        return ""
    nth = f"Milestone {found['nth']}" if found["nth"] else ""
    name = nth or found["numbered"] or found["spaced"] or found["name"]
    return one_line(f"Milestone {name}" if name[0].isdecimal() else name, LONGEST_MILESTONE)


# -- titles: headings and bold lines that name a task --------------------------------------------------------


def with_titles(lines: list[Line]) -> list[Line]:
    """Headings and bold lines that ask for something as items, with what stands below them beneath."""
    titles = {title["at"]: title for title in titles_of(headings_of(lines), lines)}
    shaped: list[Line] = []
    end = 0
    for n, line in enumerate(lines):
        if title := titles.get(n):
            text = title["text"] if ITEM.fullmatch(title["text"]) else f"- {title['text']}"
            shaped += [{"text": text, "code": False, "level": title["level"]}, {"text": "", "code": False}]
            end = title["end"]
        elif n < end and line["text"].strip():
            shaped.append({**line, "text": f"    {line['text']}"})
        else:
            shaped.append(line)
    return shaped


def headings_of(lines: list[Line]) -> list[Heading]:
    found: list[Heading] = []
    outer: list[Heading] = []
    for n, line in enumerate(lines):
        text, _, level = heading_of(line)
        if text is None and not line["code"] and (bold := BOLD.match(line["text"])):
            text, level = bold[1], BELOW_HEADINGS
        if text is None:
            continue
        while outer and outer[-1]["level"] >= level:
            outer.pop()["end"] = n
        within = next((above for above in reversed(outer) if above["section"]), None)
        heading: Heading = {
            "at": n, "end": len(lines), "level": level, "text": text.strip(" :："),
            "section": known_section(text), "within": within, "listed": False, "parts": [],
        }  # fmt: skip
        for above in outer if heading["section"] else []:
            above["parts"].append(heading)
        found.append(heading)
        outer.append(heading)
    ends = [*(one["at"] for one in found[1:]), len(lines)]
    for heading, end in zip(found, ends, strict=False):
        heading["listed"] = bool(read_items(lines[heading["at"] + 1 : end])["items"])
    return found


def titles_of(headings: list[Heading], lines: list[Line]) -> list[Heading]:
    """The headings that name tasks: below "Tasks" each, if no list is there, elsewhere those that ask.

    One that stands above several that do, or above a list of tasks, names what these are part of.
    """
    asking = [one for one in headings if names_task(one, strict=False) and not lists_tasks(one, lines)]
    sure = {one["level"] for one in asking if names_task(one, strict=True)}
    asking = [one for one in asking if one["level"] in sure]
    titles: list[Heading] = []
    for n, one in enumerate(asking):
        above_several = any(other["at"] < one["end"] for other in asking[n + 2 : n + 3])
        if not above_several and not (titles and one["at"] < titles[-1]["end"]):
            titles.append(one)
    return [title for one in titles if (title := bounded(one, len(titles) > 1))]


def names_task(heading: Heading, strict: bool) -> bool:
    within = heading["within"]
    if heading["section"] or (within and within["section"] != "tasks"):
        return False
    title = unnumbered(heading["text"])
    several_words = len(title.split()) > (1 if strict else 2)  # "Release notes" are not released
    return (within is not None and not within["listed"]) or (several_words and commands(title, strict))


def unnumbered(title: str) -> str:
    found = NUMBERED.match(title)
    return title[found.end() :] if found else title


def lists_tasks(heading: Heading, lines: list[Line]) -> bool:
    """Whether the tasks are the items below it, rather than that they describe it."""
    items = read_items(lines[heading["at"] + 1 : heading["end"]])["items"]
    if not commands(unnumbered(heading["text"])):
        return bool(items)
    return any(item["boxed"] or (asks(item["text"]) and not field_of(item["text"])) for item in items)


def bounded(title: Heading, several: bool) -> Heading | None:
    """Up to where its own text goes: the one title of a text leaves the parts of the brief to the sprint."""
    parts = title["parts"]
    if any(part["section"] in ("goal", "tasks") for part in parts):
        return None
    return title if several or not parts else {**title, "end": parts[0]["at"]}


# -- what it says --------------------------------------------------------------------------------------------


def read_text(brief: str, title: str) -> Reading:
    lines, hidden = visible(brief)
    lines, unused = without_courtesy(without_title(lines, title))
    parts = read_parts(lines)
    if not reports_a_fault(parts):
        parts = read_parts(with_titles(lines))
    parts = [part for part in parts if not is_option(part, unused)]
    reading: Reading = {
        "goal": [], "background": [], "notes": [], "points": {}, "wishes": [], "itemized": False, "done": [],
        "unused": unused, "hidden": hidden,
    }  # fmt: skip
    asked = [item for part in of(parts, "tasks") for item in read_items(part["lines"])["items"]]
    parts = with_checklists(parts, bool(asked))
    for part in of(parts, "form"):
        read_form(reading, part)
    for part in of(parts, *POINTS):
        points = reading["points"].setdefault(part["section"], [])
        points += headed(part, points_of(part["lines"]))
    if not asked and reports_a_fault(parts):
        read_fault(reading, [part for part in parts if part["section"] not in ("form", *POINTS)], title)
    else:
        read_request(reading, parts, bool(asked), title)
    return reading


def without_title(lines: list[Line], title: str) -> list[Line]:
    """Without a first heading that only repeats the title."""
    first = next((n for n, line in enumerate(lines) if line["text"].strip()), None)
    if first is None or lines[first]["code"] or not HEADING.match(lines[first]["text"]):
        return lines
    repeats = heading_text(lines[first]["text"]).casefold() == title.casefold()
    return [*lines[:first], *lines[first + 1 :]] if repeats else lines


def of(parts: list[Part], *sections: str) -> list[Part]:
    return [part for part in parts if part["section"] in sections]


def with_checklists(parts: list[Part], asked: bool) -> list[Part]:
    """Beside a goal, or text that asks for something, a checklist says when all is done; else it is work."""
    otherwise = asked or any(map(has_text, of(parts, "goal"))) or any(map(has_work, of(parts, "body")))
    section = "acceptance" if otherwise else "tasks"
    return [{**part, "section": section} if part["section"] == "checklist" else part for part in parts]


def has_text(part: Part) -> bool:
    return any(line["text"].strip() for line in part["lines"])


def has_work(part: Part) -> bool:
    said = [one for text in paragraphs(prose(part["lines"])) for one in split_sentences(text)]
    return any(map(asks, said)) or any(map(is_work, read_items(part["lines"])["items"]))


def read_form(reading: Reading, part: Part) -> None:
    """What was chosen and written in a template's part is a note; what was not chosen is named."""
    split = read_items(part["lines"])
    chosen: list[str] = []
    for item in split["items"]:
        if item["boxed"] and not item["ticked"]:
            reading["unused"].append({"line": f"- [ ] {point_of(item)}", "why": "a form's box"})
        else:
            chosen.append(placed_point({**item, "ticked": False}))
    reading["notes"] += headed(part, [*blocks(split["above"]), *chosen, *blocks(split["below"])])


def headed(part: Part, texts: list[str]) -> list[str]:
    """With the heading as it was written, where a brief would not say it by itself."""
    heading = re.sub(r"[*_`]", "", part["heading"]).strip().rstrip(":：")
    if not texts or not heading or heading.lower() in PLAIN_HEADINGS:
        return texts
    return [f"{heading}:", *texts]


def reports_a_fault(parts: list[Part]) -> bool:
    headings = [part["heading"] for part in of(parts, "fault")]
    return len(headings) > 1 or any(REPRODUCES.search(heading) for heading in headings)


def read_fault(reading: Reading, parts: list[Part], title: str) -> None:
    """One task, described by all that is said."""
    details: list[str] = []
    for part in parts:
        if texts := blocks(part["lines"]):
            details += [f"### {part['heading']}"] if part["heading"] else []
            details += ["\n\n".join(texts)]
    name = title or next((first_sentence(text) for text in details if not text.startswith("###")), "")
    reading["goal"] = [name] if name else []
    fault: Wish = {"text": name, "id": None, "after": [], "details": ["\n\n".join(details)], "ordered": False}
    reading["wishes"], reading["itemized"] = ([fault] if name else []), bool(details)


def read_request(reading: Reading, parts: list[Part], asked: bool, title: str) -> None:
    """The wishes of the tasks section, else of the lists, else of the sentences."""
    free = of(parts, "body", "goal")
    aimed = any(blocks(part["lines"]) for part in of(parts, "goal"))
    listed = not asked and any(is_work(item) for part in free for item in read_items(part["lines"])["items"])
    for part in of(parts, "body", "goal", "tasks"):
        if part["section"] == "tasks" or listed:
            read_list(reading, part, asked or aimed)
        else:
            add_text(reading, part, part["lines"], asked or aimed)
    for part in of(parts, "background", "fault"):
        reading["background"] += headed(part, blocks(part["lines"]))
    for part in of(parts, "notes"):
        reading["notes"] += headed(part, blocks(part["lines"]))
    reading["itemized"] = bool(reading["wishes"])
    if not reading["itemized"]:
        tasks = [part for part in of(parts, "tasks") if blocks(part["lines"])]
        read_sentences(reading, tasks or (of(parts, "goal") if aimed else free), title)


def read_list(reading: Reading, part: Part, aimed: bool) -> None:
    split = read_items(part["lines"])
    if part["section"] == "tasks":
        reading["background"] += blocks(split["above"])
    else:
        add_text(reading, part, split["above"], aimed)
    for item in split["items"]:
        take_item(reading, item, part.get("milestone"))
    reading["background"] += blocks(split["below"])


def add_text(reading: Reading, part: Part, lines: list[Line], aimed: bool) -> None:
    """The goal, or what explains it: text below tasks, and under a heading of its own beside a goal."""
    if part["section"] == "goal" or not (aimed or reading["wishes"]):
        reading["goal"] += [heading_text(text) if HEADING.fullmatch(text) else text for text in blocks(lines)]
        return
    for chunk in chunked(lines):
        if texts := blocks(chunk):
            begins = not reading["goal"] and not reading["wishes"]
            (reading["goal"] if begins else reading["background"]).extend(texts)


def chunked(lines: list[Line]) -> list[list[Line]]:
    """The lines, parted before each heading."""
    chunks: list[list[Line]] = [[]]
    for line in lines:
        if (
            not line["code"]
            and HEADING.match(line["text"])
            and any(one["text"].strip() for one in chunks[-1])
        ):
            chunks.append([])
        chunks[-1].append(line)
    return chunks


def is_work(item: Item) -> bool:
    return not (REFERENCE.fullmatch(item["text"]) or QUESTION.fullmatch(item["text"]))


def take_item(reading: Reading, item: Item, milestone: str | None) -> None:
    if not is_work(item):
        reading["notes"].append(placed_point(item))
        return
    wish = wish_of(item)
    if milestone:
        wish["milestone"] = milestone
    if item["ticked"]:
        wish["done"] = True
        reading["done"].append(placed_point({**item, "ticked": False}))
    reading["wishes"].append(wish)


def read_sentences(reading: Reading, parts: list[Part], title: str) -> None:
    """What the sentences ask for; where none asks, the title does, and they explain it."""
    texts = [text for part in parts for text in paragraphs(prose(part["lines"]))]
    lines = [line["text"] for part in parts for line in part["lines"]]
    headline = len(texts) > 1 and is_headline(texts[0], lines) and not asks(texts[0])
    said = [one for text in texts[headline:] for one in split_sentences(text)]
    wishes = sentences(said)
    if any(map(asks, said)):
        reading["wishes"] = wishes
    elif title and (len(said) > 1 or asks(title) or any(map(tells, said))):
        reading["wishes"] = sentences([title])[:1]
    else:
        reading["wishes"] = wishes[: 1 if len(said) > 1 else None]


def is_meant(text: str) -> bool:
    return not REFERENCE.fullmatch(text) and not idle(text, False)


def prose(lines: list[Line]) -> list[str]:
    """The lines that sentences are read from: no code, tables, quotes, lists or headings."""
    return [line["text"] if is_prose(line) and not ITEM.match(line["text"]) else "" for line in lines]


def is_prose(line: Line) -> bool:
    return not line["code"] and not re.match(r"\s*[>|]", line["text"]) and not HEADING.match(line["text"])


def first_sentence(text: str) -> str:
    return (split_sentences(" ".join(text.split())) or [""])[0]


def points_of(lines: list[Line]) -> list[str]:
    """The points of a section: its list, and the paragraphs around it."""
    split = read_items(lines)
    points, under = blocks(split["above"]), ""
    for item in split["items"]:
        if item["under"] != under:
            under = item["under"]
            points += [f"{under}:"] if under else []
        points.append(point_of(item))
    return points + blocks(split["below"])


def placed_point(item: Item) -> str:
    """A point that stands away from its list, with the heading that it stood under."""
    return f"{item['under']}: {point_of(item)}" if item["under"] else point_of(item)


def point_of(item: Item) -> str:
    lines = dedented(item["lines"])
    text = ("[x] " if item["ticked"] else "") + item["text"]
    while lines and not lines[0]["code"] and goes_on(lines[0]["text"]):
        text += " " + lines.pop(0)["text"].strip()
    return "\n".join([text, *(line["text"] for line in lines)]).rstrip()


def goes_on(line: str) -> bool:
    """Whether this only goes on with the line above."""
    return bool(line.strip()) and not ITEM.match(line) and not re.match(r"\s*[>|#]", line)


def blocks(lines: list[Line]) -> list[str]:
    """The paragraphs, tables, lists and code as they were written."""
    found: list[list[str]] = [[]]
    for line in lines:
        if not line["code"] and not line["text"].strip():
            found.append([])
        else:
            found[-1].append(line["text"])
    return ["\n".join(undented(part)) for part in found if any(re.search(r"\S", text) for text in part)]


def undented(texts: list[str]) -> list[str]:
    """Without the blanks that all of them begin with."""
    margin = min((len(text) - len(text.lstrip()) for text in texts if text.strip()), default=0)
    return [text[margin:] for text in texts]


def dedented(lines: list[Line]) -> list[Line]:
    texts = undented([line["text"] for line in lines])
    return [{"text": text, "code": line["code"]} for text, line in zip(texts, lines, strict=True)]


def paragraphs(lines: list[str]) -> list[str]:
    """The paragraphs, each on one line; where several lines of one ask for something, each line."""
    found: list[str] = []
    for part in BLANK_LINE.split("\n".join(lines)):
        rows = [" ".join(row.split()) for row in part.split("\n") if row.strip()]
        apart = all(row[0].isupper() for row in rows) and sum(map(asks, rows)) > 1
        found += rows if apart else [" ".join(rows)] if rows else []
    return found


# -- wishes: what the text asks for, not yet a task ----------------------------------------------------------


def worded(wishes: list[Wish]) -> list[Wish]:
    """Without those that say nothing beside what they come after."""
    return [wish for wish in wishes if re.search(r"\w", wish["text"])]


def is_headline(text: str, lines: list[str]) -> bool:
    """A first line of its own, without a full stop, names what follows."""
    first = next(line for line in lines if line.strip())
    return " ".join(first.split()) == text and text[-1] not in ".!?;,"


def read_items(lines: list[Line]) -> Split:
    """The outermost list items with what stands beneath them, and the text above the first and below."""
    reader = ItemReader()
    for line in lines:
        reader.take(line)
    reader.keep_heading()
    items = [item for item in reader.items if re.search(r"\w", item["text"]) or item["lines"]]
    return {"items": items, "above": reader.above, "below": reader.below}


class ItemReader:
    """Reads a list line by line."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.above: list[Line] = []
        self.below: list[Line] = []
        self.inside = self.blank = self.in_code = False
        self.margin = 0
        self.under, self.depth = "", 0  # a heading that items stand below, and its depth
        self.heading: list[Line] = []  # a heading, or a label, and the blank lines behind it

    def take(self, line: Line) -> None:
        text = line["text"]
        indent = len(text) - len(text.lstrip())
        if line["code"]:
            self.take_code(line, indent)
            return
        self.in_code = False
        if "level" in line:
            self.end_groups(line["level"])
        item = ITEM.fullmatch(text)
        if not text.strip():
            self.take_blank(line)
        elif item and (not self.inside or indent < self.margin + 2):
            self.take_item(item, indent)
        elif self.inside and not HEADING.match(text) and (item or indent > self.margin or not self.blank):
            self.items[-1]["lines"].append(line)
        else:
            self.take_text(line)
        self.blank = not text.strip()

    def take_code(self, line: Line, indent: int) -> None:
        """A fence belongs as a whole to where it begins."""
        if not self.in_code:
            if (item := ITEM.fullmatch(line["text"])) and (not self.inside or indent < self.margin + 2):
                self.take_item(item, indent)
                line = {"text": " " * (indent + 2) + self.items[-1]["text"], "code": True}
                self.items[-1]["text"] = ""
            self.inside = self.inside and (indent > self.margin or not self.blank)
        self.in_code, self.blank = True, False
        if self.inside:
            self.items[-1]["lines"].append(line)
        else:
            self.text().append(line)

    def take_blank(self, line: Line) -> None:
        if self.inside:
            self.items[-1]["lines"].append(line)
        else:
            (self.heading or self.text()).append(line)

    def take_item(self, item: re.Match[str], indent: int) -> None:
        text = item[3].strip()
        field = FIELD.fullmatch(text)
        names = ("scope", "accept", "acceptance", "after", "depends on")
        if self.inside and field and not item[2] and field[1].lower() in names:  # it lost its indentation
            self.items[-1]["lines"].append({"text": " " * (self.margin + 2) + text, "code": False})
            return
        if self.heading:
            self.under, self.depth = heading_text(self.heading[0]["text"]), depth_of(self.heading[0])
            self.heading = []
        self.margin, self.inside = indent, True
        ticked = (item[2] or "").lower() == "x"
        boxed = item[2] is not None
        self.items.append({"text": text, "boxed": boxed, "ticked": ticked, "under": self.under, "lines": []})

    def take_text(self, line: Line) -> None:
        self.inside = False
        self.keep_heading()
        short = line["text"].strip().endswith((":", "：")) and len(line["text"].split()) <= 4 and self.items
        if HEADING.match(line["text"]):
            self.under = ""
        if HEADING.match(line["text"]) or short:
            self.heading = [line]
        else:
            self.text().append(line)

    def end_groups(self, level: int) -> None:
        """A title ends what stands below a heading of its depth, or a deeper one."""
        if self.heading and depth_of(self.heading[0]) >= level:
            self.keep_heading()
        if self.depth >= level:
            self.under = ""

    def keep_heading(self) -> None:
        """A heading with no list right below it is text."""
        self.text().extend(self.heading)
        self.heading = []

    def text(self) -> list[Line]:
        return self.below if self.items else self.above


def depth_of(heading: Line) -> int:
    return heading_of(heading)[2] or BELOW_HEADINGS


def heading_text(line: str) -> str:
    found = HEADING.match(line)
    return re.sub(r"[*_`]", "", found[2].rstrip("# ") if found else line).strip().rstrip(":：")


def wish_of(item: Item) -> Wish:
    text, lines = item["text"], dedented(item["lines"])
    while lines and not lines[0]["code"] and continues(text, lines[0]["text"]):
        text += " " + lines.pop(0)["text"].strip()
    own = OWN_ID.fullmatch(text)
    wish: Wish = {"text": text, "id": None, "after": [], "details": [], "ordered": False}
    if own and looks_like_id(own[1]):
        wish["id"], wish["text"] = own[1].lower(), own[2]
    for aside in ASIDE.findall(wish["text"]):
        for part in aside.split(";"):
            add_detail(wish, part.strip())
    for after in AFTER.findall(wish["text"]):
        wish["after"] += words(after)
    wish["text"] = AFTER.sub("", ASIDE.sub("", wish["text"])).strip() or wish["id"] or ""
    ordered = ORDERED.match(wish["text"])
    wish["ordered"] = bool(ordered) and not wish["after"]
    if ordered:
        wish["text"] = wish["text"][ordered.end() :]
    add_details(wish, lines)
    if item["under"]:
        wish["details"] = ["\n\n".join([f"Part of: {item['under']}", *wish["details"]])]
    return wish


def continues(text: str, line: str) -> bool:
    """Whether this line goes on with a title above it."""
    if not goes_on(line) or field_of(line) or idle(line, False):
        return False
    return line.strip()[0].islower() or text.rstrip()[-1:] in (",", "(", "–", "—")


def add_details(wish: Wish, lines: list[Line]) -> None:
    """The fields among the lines beneath a title; every other line describes it, as it was written."""
    open_list = ""  # a field whose values are a list of their own
    depth = 0
    for line in lines:
        text = line["text"]
        indent = len(text) - len(text.lstrip())
        item = None if line["code"] else ITEM.fullmatch(text)
        if open_list and item and indent > depth:
            add_detail(wish, f"{open_list}: {item[3]}")
            continue
        if text.strip():
            open_list = ""
        field = None if line["code"] else field_of(item[3] if item else text.strip())
        if field and not field[1].strip() and field[0] in LISTS:
            open_list, depth = field[0], indent
        elif field:
            add_detail(wish, f"{field[0]}: {field[1]}")
        else:
            wish["details"].append(text)
    described = "\n".join(wish["details"]).strip("\n")
    wish["details"] = [described] if described else []


def field_of(line: str) -> tuple[str, str] | None:
    """The field that a line sets, with its value."""
    found = FIELD.fullmatch(line.strip())
    if not found:
        return None
    name, value = found[1].lower(), found[2]
    plain = value.strip("`* ")
    if name in LISTS:
        return name, value
    if name == "framework":
        return (name, plain) if plain.lower() in FRAMEWORKS else None
    if name in ("agent", "reviewer"):
        return (name, plain) if ID.fullmatch(plain.lower()) else None
    return (name, plain) if name in WORDS and re.fullmatch(r"\S+", plain) else None


def looks_like_id(word: str) -> bool:
    """`api`, `T1` and `user-login` are ids; `Note` and `Fix` begin a sentence."""
    return word == word.lower() or any(sign.isdigit() or sign in "-_" for sign in word)


def add_detail(wish: Wish, detail: str) -> None:
    name, value = field_of(detail) or ("", "")
    if listed := LISTS.get(name):
        parts = [value.strip()] if listed == "acceptance" else words(value)
        wish.setdefault(listed, []).extend(part for part in parts if part)
    elif word := WORDS.get(name):
        wish[word] = value if word == "model" else value.lower()
    else:
        wish["details"].append(detail)


def words(text: str) -> list[str]:
    cleaned = (
        word.strip("`*_# \"'") if "/" not in word else word.strip("` ")
        for word in re.split(r"[,;]| and ", text)
    )
    return [word for word in cleaned if word]


# -- free sentences ------------------------------------------------------------------------------------------


def sentences(texts: list[str]) -> list[Wish]:
    """A wish for each thing asked; a sentence that asks for nothing stays with the one before it."""
    said = [one for text in texts for one in split_sentences(text) if is_meant(one)]
    asked = [asks(one) for one in said]
    some = any(asked)
    wishes: list[Wish] = []
    for n, sentence in enumerate(said):
        refers = bool(wishes) and REFERS.match(sentence) is not None
        announces = sentence.endswith((":", "：")) and any(asked[n + 1 : n + 2])
        if not some or (asked[n] and not refers and not announces):
            wishes += [clause_of(clause) for clause in split_clauses(sentence)]
        elif wishes:
            wishes[-1]["details"].append(sentence)
    return wishes


def split_sentences(text: str) -> list[str]:
    found, start = [], 0
    for stop in STOP.finditer(text):
        follows = text[stop.end() : stop.end() + 1]
        if follows and not follows.isupper() and shortens(text[max(start, stop.start() - 9) : stop.end()]):
            continue
        found.append(text[start : stop.end()].strip())
        start = stop.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if re.search(r"\w", sentence)]


def shortens(ending: str) -> bool:
    """Whether the full stop only shortens the word before it; none of these words has nine letters."""
    return ABBREVIATED.search(ending.strip()) is not None


def split_clauses(sentence: str) -> list[str]:
    """Parts at commas and at "then", where each part asks for something of its own."""
    pieces = CLAUSE.split(sentence.rstrip(".!?;:： "))
    names_only = not commands(pieces[0]) and all(map(names_a_thing, pieces[::2]))
    parts = [pieces[0]]
    conditional, opens = sets_condition(pieces[0]), only_opens(pieces[0])
    for between, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        conditional = conditional or sets_condition(piece)
        begins = names_only or follows(piece) or commands(FIRST.sub("", piece, count=1), strict=True)
        if conditional or opens or not begins:
            parts[-1] += between + piece
            opens = opens and not begins
        else:
            parts.append(piece)
            opens = only_opens(piece)
    return parts


def sets_condition(piece: str) -> bool:
    """Whether this and what comes behind it only holds in some case: "If the file is missing"."""
    return CONDITION.search(piece) is not None and not ORDERED.fullmatch(piece + ", ")


def follows(piece: str) -> bool:
    """Whether this is to be done after what stands before it, rather than what happens then."""
    ordered = ORDERED.match(piece + " ")
    return ordered is not None and not explains(piece[ordered.end() :])


def only_opens(piece: str) -> bool:
    """Whether it belongs to what stands behind it: "After that", and what only explains."""
    return ORDERED.fullmatch(piece + ", ") is not None or (explains(piece) and not asks(piece))


def clause_of(text: str) -> Wish:
    text = FIRST.sub("", text.strip(), count=1)
    ordered = ORDERED.match(text)
    text = text[ordered.end() :] if ordered else text
    after = [word for found in AFTER.findall(text) for word in words(found)]
    text = AFTER.sub("", text).strip()
    builds_on = re.match(r"(?:and )?\w+ (?:it|them)\b", text, re.I)
    asking = ASKING.match(text)
    if asking and commands(text[asking.end() :]):
        text = text[asking.end() :]
    text = text[:1].upper() + text[1:]
    return {"text": text, "id": None, "after": after, "details": [], "ordered": bool(ordered or builds_on)}


def asks(sentence: str) -> bool:
    """Whether a sentence asks for something: "Add a page", "The page should be fast"."""
    if QUESTION.fullmatch(sentence):
        return False
    first, *others = CLAUSE.split(FIRST.sub("", sentence, count=1))[::2]
    return (
        OBLIGES.search(sentence) is not None
        or commands(first)
        or any(commands(other, strict=True) for other in others)
        or (not explains(first) and any(map(follows, others)))
    )


def commands(clause: str, strict: bool = False) -> bool:
    """Whether it begins with a command; `strict` where a name could begin in the same way."""
    joined = clause[found.end() :] if (found := JOINING.match(clause)) else clause
    bare = without_openings(joined)
    first = first_word(bare)
    if DETERMINED.match(bare):
        return first in VERBS or not (strict or explains(bare))
    if first not in NAMES:
        return first in VERBS
    opened = bare != joined
    return (opened or not (strict or " " not in bare)) and not SUBJECT.match(bare)


def without_openings(clause: str) -> str:
    for opening in (ORDERED, ASKING):
        if found := opening.match(clause):
            clause = clause[found.end() :]
    return clause


def explains(clause: str) -> bool:
    """Whether a clause begins as one that tells how something is."""
    first = first_word(clause)
    return first in OPENERS or first.endswith(("ly", "ing"))


def tells(sentence: str) -> bool:
    return explains(sentence) or STATES.search(sentence) is not None


def first_word(text: str) -> str:
    found = WORD.match(text)
    return found[1].lower().replace("’", "'") if found else ""


def names_a_thing(text: str) -> bool:
    """A few words that neither ask nor explain: one of "login page, sign-up page, password reset"."""
    bare = re.sub(r"^(?:a|an|the)\s+", "", text, flags=re.I)
    return not (commands(bare, strict=True) or tells(bare)) and len(text.split()) <= 6


# -- tasks ---------------------------------------------------------------------------------------------------


def name_wishes(wishes: list[Wish]) -> list[NamedWish]:
    """Each wish with an id of its own and the title that people will read."""
    called = Counter(wish["id"] for wish in wishes)
    kinds = {name for name in KINDS if called[name] > 1}
    wishes = [kind_as_text(wish) if wish["id"] in kinds else wish for wish in wishes]
    own = [wish["id"] for wish in wishes if wish["id"]]
    for name in own:
        if called[name] > 1:
            raise ValueError(f"Two tasks have the id '{name}'; give each its own")
    ids = [wish["id"] or free_id(f"task-{position}", own) for position, wish in enumerate(wishes, 1)]
    return [
        {**wish, "id": name, "title": title_of(wish["text"])} for name, wish in zip(ids, wishes, strict=True)
    ]


def kind_as_text(wish: Wish) -> Wish:
    """The "fix:" of many lines is a kind of change, not an id."""
    return {**wish, "id": None, "text": f"{wish['id']}: {wish['text']}"}


def free_id(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "-b"
    return name


def title_of(text: str) -> str:
    text = re.sub(r"\*\*([^*]+)\*\*", r"\1", re.sub("\x01[^\x02]*\x02", "", text))
    text = " ".join(text.split()).strip(" .;,:：")
    if len(text) <= TITLE_LENGTH:
        return text
    return text[: TITLE_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;") + "…"


def task_of(wish: NamedWish, depends_on: list[str], agent: str) -> Task:
    task: Task = {
        "id": wish["id"],
        "title": wish["title"],
        "status": "Pending",
        "depends_on": depends_on,
        "agent_id": wish.get("agent_id") or agent,
        "reviewer_id": wish.get("reviewer_id") or "reviewer-1",
        "issue_number": None,
        "pr_number": None,
        "started_at": None,
        "completed_at": None,
        "intervention_count": 0,
        "scope": wish.get("scope") or [],
        "acceptance": wish.get("acceptance") or [],
    }
    described = [wish["text"]] if wish["title"].endswith("…") or "\x01" in wish["text"] else []
    if wish["details"] or described:
        task["description"] = "\n".join([*described, *wish["details"]])
    if skills := wish.get("skills"):
        task["skills"] = skills
    if complexity := wish.get("complexity"):
        task["complexity"] = complexity
    if model := wish.get("model"):
        task["model"] = model
    if framework := wish.get("framework"):
        task["framework"] = framework
    if milestone := wish.get("milestone"):
        task["milestone"] = milestone
    return task


def edges_of(named: list[NamedWish]) -> dict[str, list[str]]:
    """What must be done first: what the text names, or for "then" all above that nothing follows yet."""
    edges: dict[str, list[str]] = {}
    followed: set[str] = set()
    ids = ids_by_name(named)
    for wish in named:
        meant = [resolve(name, ids) for name in wish["after"]]
        open_ends = [name for name in edges if name not in followed]
        edges[wish["id"]] = open_ends if wish["ordered"] else list(dict.fromkeys(meant))
        followed.update(edges[wish["id"]])
    return edges


def ids_by_name(named: list[NamedWish]) -> dict[str, str]:
    """Each id by itself, by its number and by its title; where two are alike, the first of these wins."""
    titles = {wish["title"].lower(): wish["id"] for wish in reversed(named)}
    numbers = {str(position): wish["id"] for position, wish in enumerate(named, 1)}
    return titles | numbers | {wish["id"]: wish["id"] for wish in named}


def resolve(name: str, ids: dict[str, str]) -> str:
    """The id that is meant by an id, a number or a title; an unknown one stays, for the check to tell."""
    plain = name.strip().lower()
    number = plain.lstrip("0") if plain.isdigit() else plain
    return ids.get(plain) or ids.get(number, plain)


def sprint_id_of(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:32].strip("-") or "sprint"
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"


# -- what a page hides: these lines are the same in every stage that takes it out ----------------------------

REMARK = re.compile(r"<!--|<\?|<!\[CDATA\[|<!(?=[A-Za-z])")
REMARK_ENDS = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>", "<!": ">"}
ANY_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)((?:[\s/][^<>]*)?)>")
HIDES = re.compile(r"(?:^|\s)hidden(?:$|[\s=/])|display\s*:\s*none|visibility\s*:\s*hidden", re.I)
UNREAD = ("script", "style", "template", "noscript", "iframe")
DEFINITION = re.compile(r"^ {0,3}\[(?!\^)([^\[\]\n]+)\]:[ \t]*([^\n]*)$", re.M)
ADDRESS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
IMAGE = re.compile(r"!\[[^\[\]]*\](" + ADDRESS + r"|\[[^\[\]]*\])")
LINK = re.compile(r"\[([^\[\]]+)\](" + ADDRESS + r"|\[[^\[\]]*\])")
AT_MARGIN = re.compile(r"(`{3,})[^`\n]*$|(~{3,})")
BEHIND_FENCE = re.compile(r"^([\s>*+\-\d.)]*`{3,})([^`\n]+)$|^([\s>*+\-\d.)]*~{3,})(.+)$")
FENCE_LIKE = re.compile(r"[\s>*+\-\d.)]*(?:`{3}|~{3})")
HTML_LINE = re.compile(r"[\s>*+\-\d.)]*<[A-Za-z/!?]")
LASTING_HTML = re.compile(
    r"<(?:pre|script|style|textarea)\b|<\?|<![A-Za-z\[]", re.I
)  # goes on over blank lines
HELD = re.compile("\x00(\\d+)\x00")
LANGUAGE = re.compile(r"[\w+#.-]{1,20}")
LONGEST_NAME = 20


def as_page(text: str) -> str:
    """A text as its readers see it: nothing hidden, and no words in the titles of links, images and tags."""
    shown, held = with_code_held(text)
    shown = IMAGE.sub(lambda found: f"![]({address_of(found[1])})", without_unseen(shown)[0])
    shown = LINK.sub(lambda found: f"[{found[1]}]({address_of(found[2])})", shown)
    return with_code(ANY_TAG.sub(lambda tag: f"<{tag[1]}{tag[2][:LONGEST_NAME]}>", shown), held)


def as_source(text: str) -> tuple[str, int]:
    """A text without what its page does not show, and how many pieces that were; links stay as they are."""
    shown, held = with_code_held(text)
    shown, removed = without_unseen(shown)
    return with_code(shown, held), removed


def with_code_held(text: str) -> tuple[str, list[str]]:
    """A number in place of what is code beyond doubt, and that code: what stands in it is shown.

    Where it is in doubt the text is read as if it were none, so that nobody hides words behind it.
    """
    held: list[str] = []

    def hold(code: str) -> str:
        held.append(code)
        return f"\x00{len(held) - 1}\x00"

    lines = text.replace("\x00", "").split("\n")
    if LASTING_HTML.search(text):
        return "\n".join(BEHIND_FENCE.sub(only_language, line) for line in lines), held
    kept: list[str] = []
    paragraph: list[str] = []
    for line, is_code in [*fenced_at_margin(lines), ("", False)]:
        if line.strip() and not is_code:
            paragraph.append(line)
            continue
        kept += with_spans_held(paragraph, hold)
        paragraph = []
        kept.append(hold(line) if is_code else line)
    return "\n".join(kept[:-1]), held


def with_code(text: str, held: list[str]) -> str:
    return HELD.sub(lambda found: held[int(found[1])], text)


def fenced_at_margin(lines: list[str]) -> list[tuple[str, bool]]:
    """Each line, and whether it belongs to a fence at the margin; none does behind one that may be none."""
    found: list[tuple[str, bool]] = []
    fence, html, doubt = "", False, False
    for line in lines:
        if fence:
            found.append((line, True))
            wide = line.expandtabs(4)
            near = len(wide) - len(wide.lstrip()) < 4
            if near and wide.strip().startswith(fence) and not wide.strip().strip(fence[0]):
                fence = ""
            continue
        html = bool(line.strip()) and (html or bool(HTML_LINE.match(line)))
        opens = AT_MARGIN.match(line)
        doubt = doubt or (bool(FENCE_LIKE.match(line)) and (html or not opens))
        fence = (opens[1] or opens[2]) if opens and not doubt else ""
        found.append((BEHIND_FENCE.sub(only_language, line), bool(fence)))
    return found


def only_language(fence: re.Match[str]) -> str:
    """Words behind a fence are not shown; one that can be a language's name stays."""
    word = ((fence[2] or fence[4]).split() or [""])[0]
    return (fence[1] or fence[3]) + (word if LANGUAGE.fullmatch(word) else "")


def with_spans_held(paragraph: list[str], hold: Callable[[str], str]) -> list[str]:
    """The lines of a paragraph with their code held, where each line alone tells what of it is code."""
    spans = [spans_of(line) for line in paragraph]
    outside = "\n".join(
        HELD.sub("", spanned(line, found or [], lambda _: ""))
        for line, found in zip(paragraph, spans, strict=True)
    )
    if None in spans or "\\" in outside or re.search(r"<[A-Za-z/!?]", outside):
        return paragraph
    return [spanned(line, found or [], hold) for line, found in zip(paragraph, spans, strict=True)]


def spans_of(line: str) -> list[tuple[int, int]] | None:
    """Where code stands in a line; None where a backtick lacks its other one."""
    runs = [found.span() for found in re.finditer("`+", line)]
    next_like: dict[int, int] = {}
    partner: dict[int, int | None] = {}
    for at in reversed(range(len(runs))):
        length = runs[at][1] - runs[at][0]
        partner[at], next_like[length] = next_like.get(length), at
    found, at = [], 0
    while at < len(runs):
        other = partner[at]
        if other is None:
            return None
        found.append((runs[at][0], runs[other][1]))
        at = other + 1
    return found


def spanned(line: str, spans: list[tuple[int, int]], put: Callable[[str], str]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [line[at:start], put(line[start:end])]
        at = end
    return "".join([*parts, line[at:]])


def without_remarks(text: str) -> tuple[str, int]:
    """Without comments and their like, and how many those were; a comment that never ends hides the rest."""
    kept, at, removed = [], 0, 0
    endless: set[str] = set()
    for found in REMARK.finditer(text):
        mark = REMARK_ENDS[found[0]]
        if found.start() < at or (mark in endless and mark != "-->"):
            continue
        end = text.find(mark, found.end())
        if end < 0 and mark != "-->":
            endless.add(mark)
            continue
        kept.append(text[at : found.start()])
        at, removed = len(text) if end < 0 else end + len(mark), removed + 1
    return "".join([*kept, text[at:]]), removed


def without_hidden(text: str) -> str:
    """Without the elements that a page does not show; one that never ends hides nothing."""
    kept, start, name, depth, begun = [], 0, "", 0, 0
    tags = [*ANY_TAG.finditer(text)]
    last = {tag[2].lower(): tag.start() for tag in tags if tag[1]}
    for tag in tags:
        ends, called = tag[1], tag[2].lower()
        if not name and not ends and (called in UNREAD or HIDES.search(tag[3])):
            if last.get(called, -1) > tag.start():
                name, depth, begun = called, 1, tag.start()
        elif name and called == name:
            depth += -1 if ends else 1
            if not depth or tag.start() == last[name]:
                kept.append(text[start:begun])
                name, start = "", tag.end()
    return "".join([*kept, text[start:]])


def without_unseen(text: str) -> tuple[str, int]:
    """Without what a page does not show, and how many pieces that were."""
    text, removed = without_remarks(text)
    shown = without_hidden(text)
    removed += shown != text
    defined = dict(DEFINITION.findall(shown))
    if defined:
        used = {m[2].strip("[]") or m[1] for m in LINK.finditer(shown) if m[2].startswith("[")}
        removed += len(set(defined) - used)
        shown = LINK.sub(lambda m: referred(m, defined), DEFINITION.sub("", shown))
    return shown, removed


def referred(link: re.Match[str], defined: dict[str, str]) -> str:
    """A link that names its address elsewhere gets it."""
    if not link[2].startswith("["):
        return link[0]
    address = defined.get(link[2].strip("[]") or link[1])
    return f"[{link[1]}]({address})" if address else link[0]


def address_of(target: str) -> str:
    """The address alone: a title beside it is seen by nobody."""
    return (target[1:-1].split() or [""])[0].strip("<>")


# -- end of what a page hides --------------------------------------------------------------------------------


# -- others' words: these lines are the same in every stage that repeats them --------------------------------

JOINER = "\N{WORD JOINER}"  # nobody sees it, and no forge links across it
TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
SURROGATE = re.compile("[\ud800-\udfff]")
UNSEEN = re.compile(  # the joiners of emoji, Persian and Indic texts stay: between two that are not ASCII
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e"
    "\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
LIVE = re.compile(  # mentions, addresses, references, `[skip ci]`, `[[wiki]]`, links, hidden markers, drafts
    r"(?<=[@#\[])|(?<=!)(?=\d)|(?<=GH-|gh-|Gh-|gH-)(?=\d)|(?<=[A-Z]-)(?=\d)|(?<=:)(?=//)"
    r"|(?<=[Ww][Ww][Ww])(?=\.)|(?<=<)(?=!--)|(?<=^[Ww][Ii][Pp])(?=:)"
)
COMMIT = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{7,64}(?![0-9A-Za-z])")
MARKUP = re.compile(r"([\\`*_~\[\]<>|&$])")
START = re.compile(r"^(\d*)([-+=:/.)])")  # a list, a heading's underline, a command


def as_text(text: object, longest: int = 2000) -> str:
    """Others' words as one line of Markdown, without any mention, link, markup or command in it."""
    return START.sub(r"\1\\\2", escaped(as_title(text, longest)))


def as_title(text: object, longest: int = 200) -> str:
    """Others' words where no Markdown is read: a title, and the subject of the commit that a merge makes."""
    return without_links(one_line(text, longest))


def as_code(text: object, longest: int = 200) -> str:
    """Others' words as code, which they cannot end; empty where nothing is left to show."""
    line = one_line(str(text).replace("`", "'"), longest).replace("<!--", f"<{JOINER}!--")
    return f"`{line}`" if line else ""


def escaped(line: str) -> str:
    return MARKUP.sub(r"\\\1", line)


def without_links(line: str) -> str:
    parted = COMMIT.sub(lambda found: JOINER.join(re.findall(".{1,6}", found[0])), line)
    return LIVE.sub(JOINER, parted)


def one_line(text: object, longest: int) -> str:
    """What a reader sees of it, with single blanks; an ellipsis for what is not seen, or too long."""
    shown = SURROGATE.sub("\N{REPLACEMENT CHARACTER}", str(text)[: 9 * longest])
    line = " ".join(UNSEEN.sub("", TERMINAL.sub("", shown)).split()) or ("…" if shown.strip() else "")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


# -- end of others' words ------------------------------------------------------------------------------------


if __name__ == "__main__":  # by hand: echo '{…}' | python3 this_file.py
    import datetime, json, sys
    try:
        with open(0) as text:
            given = {"now": datetime.datetime.now(datetime.UTC).isoformat()} | json.load(text)
        print(json.dumps(execute(given)))
    except KeyError as error:
        sys.exit(f"the input has no `{error.args[0]}`")
    except Exception as error:
        sys.exit(str(error))
