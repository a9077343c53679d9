"""Plain web pages for people: the repositories, a repository's issues, one issue."""

from __future__ import annotations

import html
import time

from flask import Blueprint, Response, abort

from bot.fake_forge.call import current_world
from bot.fake_forge.markdown import rendered
from bot.fake_forge.state import Comment, Issue, Label, Moment, Reaction, Repository

blueprint = Blueprint("pages", __name__)
FACES = {
    "+1": "👍",
    "-1": "👎",
    "laugh": "😄",
    "confused": "😕",
    "heart": "❤️",
    "hooray": "🎉",
    "rocket": "🚀",
    "eyes": "👀",
}
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328 }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
a { color: #0a58ca; text-decoration: none } a:hover { text-decoration: underline }
h1 { font-size: 1.5rem; margin: .5rem 0 } .dim { color: #656d76 } ul.list { list-style: none; padding: 0 }
ul.list li { padding: .45rem 0; border-bottom: 1px solid #e5e7eb }
article { border: 1px solid #d0d7de; border-radius: 8px; margin: 1rem 0; overflow: hidden }
article header { background: #f6f8fa; padding: .45rem .8rem; border-bottom: 1px solid #d0d7de }
article .text { padding: .2rem .8rem .6rem; overflow-wrap: break-word }
.text p { margin: .5rem 0 } .text ul, .text ol { margin: .4rem 0; padding-left: 1.4rem }
.text h1, .text h2, .text h3 { margin: .9rem 0 .3rem; font-size: 1.1rem }
.text .contains-task-list { list-style: none; padding-left: .3rem }
.text blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #d0d7de; color: #656d76 }
.text table { border-collapse: collapse; margin: .6rem 0 }
th { white-space: nowrap } td, th { border: 1px solid #d0d7de; padding: .2rem .6rem }
pre { background: #f6f8fa; border-radius: 6px; padding: .6rem; overflow-x: auto; font-size: .85rem }
code { background: #eff1f3; border-radius: 4px; padding: .05rem .3rem }
pre code { background: none; padding: 0 }
article footer { padding: 0 .8rem .6rem } .line { margin: .4rem .8rem; color: #656d76 }
.label { border-radius: 1em; padding: .05rem .6rem; margin-right: .25rem; font-size: .85rem; color: #111 }
.state { border-radius: 1em; padding: .1rem .7rem; color: #fff; font-size: .9rem }
.open { background: #1a7f37 } .closed { background: #57606a } .merged { background: #8250df }
"""


def page(title: str, body: str) -> Response:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>"
    return Response(f"{head}<style>{STYLE}</style>{body}</html>", content_type="text/html; charset=utf-8")


@blueprint.get("/")
def repositories() -> Response:
    rows = "".join(
        f'<li><a href="/{html.escape(name)}">{html.escape(name)}</a></li>'
        for name in sorted(repo.full_name for repo in list(current_world().state.repositories.values()))
    )
    return page("Repositories", f"<h1>Repositories</h1><ul class=list>{rows or '<li>none yet</li>'}</ul>")


@blueprint.get("/<owner>/<name>")
@blueprint.get("/<owner>/<name>/<any(issues, pulls):kind>")
def issues(owner: str, name: str, kind: str = "") -> Response:
    repo = _repository(owner, name)
    with repo.lock:
        rows = [
            _row(issue)
            for issue in reversed(repo.issues.values())
            if not kind or bool(issue.pull) == (kind == "pulls")
        ]
    title = html.escape(repo.full_name)
    heading = f'<p class=dim><a href="/">Repositories</a></p><h1>{title}</h1>'
    listed = "".join(rows) or "<li class=dim>Nothing here yet.</li>"
    return page(repo.full_name, f"{heading}<ul class=list>{listed}</ul>")


@blueprint.get("/<owner>/<name>/<any(issues, pulls, pull):kind>/<int:number>")
def issue(owner: str, name: str, kind: str, number: int) -> Response:
    repo = _repository(owner, name)
    with repo.lock:
        found = repo.issues.get(number)
        if found is None:
            abort(404)
        return page(f"{found.title} #{number}", _issue(found))


def _repository(owner: str, name: str) -> Repository:
    found = current_world().state.repository(owner, name)
    if found is None:
        abort(404)
    return found


def _state(one: Issue) -> str:
    word = "merged" if one.pull and one.pull.merged else one.state
    return f'<span class="state {word}">{word}</span>'


def _label(label: Label) -> str:
    return (
        f'<span class=label style="background:#{html.escape(label.color)}66">{html.escape(label.name)}</span>'
    )


def _row(one: Issue) -> str:
    href = f"/{one.repository.full_name}/{'pulls' if one.pull else 'issues'}/{one.number}"
    labels = "".join(map(_label, one.labels))
    kind = "pull request " if one.pull else ""
    title = f'<a href="{html.escape(href)}">{html.escape(one.title)}</a>'
    return f"<li>{_state(one)} {title} {labels} <span class=dim>{kind}#{one.number}</span></li>"


def _issue(one: Issue) -> str:
    name = html.escape(one.repository.full_name)
    parts = [
        f'<p class=dim><a href="/{name}">{name}</a></p>',
        f"<h1>{html.escape(one.title)} <span class=dim>#{one.number}</span></h1>",
        f"<p>{_state(one)} {''.join(map(_label, one.labels))} {_pull(one)}</p>",
        _article(one.repository, one.author.login, one.created, one.body, one.reactions),
    ]
    return "".join(parts + [_moment(one, moment) for moment in one.history])


def _pull(one: Issue) -> str:
    if one.pull is None:
        return ""
    where = f"{one.pull.head} → {one.pull.base} at {one.pull.head_sha[:10]}"
    return f"<span class=dim>{html.escape(where)}</span>"


def _moment(one: Issue, moment: Moment) -> str:
    if isinstance(moment.comment, Comment):
        comment = moment.comment
        return _article(
            one.repository, comment.author.login, comment.created, comment.body, comment.reactions
        )
    if moment.review:
        review = moment.review
        text = review.body or review.state.replace("_", " ")
        title = f"{review.author.login} — {review.state.replace('_', ' ')}"
        return _article(one.repository, title, review.submitted, text, [])
    person = html.escape(moment.person.login if moment.person else "")
    phrase = {
        "label": f"added {_label(moment.label) if moment.label else ''}",
        "unlabel": f"removed {_label(moment.label) if moment.label else ''}",
        "close": "closed this",
        "reopen": "reopened this",
        "merge": f"merged this as {html.escape(moment.text[:10])}",
        "pull_push": "pushed to the branch",
        "assign": f"assigned {person}",
        "review_request": f"requested a review from {person}",
    }.get(moment.kind, html.escape(moment.kind))
    return f"<p class=line>{html.escape(moment.actor.login)} {phrase}</p>"


def _article(repo: Repository, who: str, when: float, body: str, reactions: list[Reaction]) -> str:
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(when))
    faces = " ".join(f"{FACES.get(r.content, r.content)} {html.escape(r.user.login)}" for r in reactions)
    footer = f"<footer>{faces}</footer>" if faces else ""
    header = f"<header><b>{html.escape(who)}</b> <span class=dim>{clock}</span></header>"
    text = rendered(body, f"/{repo.full_name}/issues")
    return f"<article>{header}<div class=text>{text}</div>{footer}</article>"
