# ruff: noqa: E501
"""Places of formulas, audited notes, and texts that are no notes at all: bounded time, no file opened, nothing executed."""

import contextlib
import html.parser
import json
import random
import re
import time

import docutils.core
import docutils.nodes
import nbformat
import pytest
from paper import compiled
from skips import NEEDS_TEX

from pgsym.errors import ClaimError, NotReadError
from pgsym.expression.notation import document
from pgsym.limits import NOTE_CHARACTERS, NOTE_DEPTH, NOTE_FORMULA
from pgsym.notes import AuditedNote, NoteDocument, audit_note
from pgsym.notes.names import Names
from pgsym.notes.note import read
from pgsym.notes.paper import PACKAGES
from pgsym.notes.tokens import tokens

BELLMAN = r"V(s) = \sum_a \pi(a|s) Q(s,a)"


def found(text: str, name: str = "note.md") -> list[tuple[str, str]]:
    document = NoteDocument.of(text, name)
    return [(document.place(f.at), f.latex.strip()) for f in document.formulas]


@pytest.mark.parametrize(
    ("text", "places"),
    {
        "$$x$$ and $y$": [("note.md:1:3", "x"), ("note.md:1:12", "y")],
        "\\\\(x\\\\) and \\[y\\]": [("note.md:1:4", "x"), ("note.md:1:15", "y")],
        "```\n$$x$$\n```\n`$y$` $z$": [("note.md:4:8", "z")],
        "> $$\n> x\n> $$": [("note.md:2:3", "x")],
        "It costs $5 and $ 6.\n\n$$x$$": [("note.md:3:3", "x")],
        "---\ntitle: $x$\n---\n$y$": [("note.md:4:2", "y")],
        "\\begin{align}\nx\n\\end{align}": [("note.md:1:1", "\\begin{align}\nx\n\\end{align}")],
    }.items(),
)
def test_formulas_of_markdown_have_their_places(text, places):
    assert found(text) == places


def test_formulas_of_latex_have_their_places():
    text = "% $x$\n\\begin{verbatim}\n$y$\n\\end{verbatim}\n\\begin{equation}z\\end{equation}\n"
    assert found(text, "note.tex") == [("note.tex:5:1", "\\begin{equation}z\\end{equation}")]


def test_formulas_of_restructuredtext_have_their_places():
    text = (
        "Title\n=====\n\n``:math:`no```, :math:`x` and\n:math:`y\n= 1`.\n\n.. math::\n   :label: one\n\n   x = 1 \\\\\n     = 2\n\n"
        "   y\n\n.. code:: python\n\n   :math:`x` .. math:: y\n\n- .. math:: z\n\n.. include:: /etc/passwd\n"
    )
    assert found(text, "note.rst") == [
        ("note.rst:4:24", "x"), ("note.rst:5:8", "y\n= 1"), ("note.rst:11:4", "x = 1 \\\\\n     = 2"),
        ("note.rst:14:4", "y"), ("note.rst:20:13", "z"),
    ]  # fmt: skip


def test_formulas_of_html_have_their_places():
    text = (
        "<html><head><title>\\(no\\)</title><script>\\(no\\)</script></head>\n<body class='\\(no\\)'><!-- \\(no\\) --><code>\\(no\\)</code>\n"
        "<p>AT&T, $5 and \\(x &lt; <b>y</b>\\) cost $6</p>\\[a&amp;=&nbsp;&#98;\\]$$z$$</body></html>"
    )
    assert found(text, "note.html") == [
        ("note.html:3:19", "x <       y"), ("note.html:3:50", "a&    =      b"), ("note.html:3:72", "z")
    ]  # fmt: skip
    told = "<script>MathJax = {tex: {inlineMath: [['$', '$']]}}</script>$q$"
    assert found(told, "note.html") == [("note.html:1:62", "q")]


RST = f"""Title
=====

Let :math:`{BELLMAN}` be,
and more.

.. math::

   {BELLMAN}

   {BELLMAN.replace("Q", "A")}

- item :math:`{BELLMAN}`

  .. math:: {BELLMAN}

End.
"""


def test_audited_restructuredtext_is_the_note_with_admonitions():
    written = audit_note(NoteDocument.of(RST, "note.rst"), "two-state").markdown()
    kept = re.sub(r"(?m)^( *)\.\. admonition:: pgsym\n((\1 +.*)?\n)+", "", written)
    assert [line for line in kept.splitlines() if line] == [line for line in RST.splitlines() if line]
    tree = docutils.core.publish_doctree(written, settings_overrides={"report_level": 5})
    notes = [node.astext() for node in tree.findall(docutils.nodes.admonition)]
    assert [text.split("\n\n")[1].partition(",")[0] for text in notes[1:]] == [
        "✓ line 4: proved", "✓ line 9: proved", "✓ line 13: proved"
    ]  # fmt: skip
    assert "✗ line 11: refuted, read as V(s) = sum[a] pi(a|s) * A(s,a)" in notes[2]
    assert len(list(tree.findall(docutils.nodes.math_block))) == 4  # those of the note, and what is true
    assert not list(tree.findall(docutils.nodes.system_message))


def test_audited_html_is_the_note_with_quotations():
    text = f"<!doctype html><html><body>\n<p>Let \\({BELLMAN}\\) be.</p><ul><li>\\[{BELLMAN.replace('Q', 'A')}\\]</li></ul></body></html>"
    written = audit_note(NoteDocument.of(text, "note.html"), "two-state").markdown()
    assert re.sub(r'\n<blockquote class="pgsym">.*?</blockquote>\n', "", written, flags=re.DOTALL) == text
    top, first, second = re.findall(r'<blockquote class="pgsym">(.*?)</blockquote>', written, re.DOTALL)
    assert "<strong>Checked on two-state</strong>: 2 relations: 1 proved, 1 refuted" in top
    assert "✓ line 2: <strong>proved</strong>" in first
    assert "<details><summary>why, on two-state</summary><pre>refuted" in second
    assert [f.at for f in NoteDocument.of(written, "note.html").formulas if f.latex.startswith("V(s) = \\sum_a")]


def notebook() -> str:
    cells = [nbformat.v4.new_markdown_cell("# Values"), nbformat.v4.new_code_cell("x = '$y$'"),
             nbformat.v4.new_markdown_cell(f"Now\n\n$${BELLMAN}$$\n\nand $${BELLMAN.replace('Q', 'A')}$$")]  # fmt: skip
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def test_notebook_is_read_and_written_cell_by_cell():
    audit = audit_note(NoteDocument.of(notebook(), "note.ipynb"), "two-state")
    assert [(r.place, r.status) for r in audit.relations] == [
        ("note.ipynb:cell 2:3:8", "proved"), ("note.ipynb:cell 2:5:12", "refuted")
    ]  # fmt: skip
    written = nbformat.reads(audit.markdown(), as_version=4)
    assert [c.cell_type for c in written.cells] == ["markdown", "code", "markdown"]
    assert written.cells[1].source == "x = '$y$'"
    assert "> ✓ line 5" in written.cells[2].source
    assert "> ✗ line 7" in written.cells[2].source


def test_audited_note_keeps_every_line_of_the_note():
    text = f"# Title\n\n$${BELLMAN}$$\n\n- item $${BELLMAN.replace('Q', 'A')}$$\n  more\n\nEnd."
    written = audit_note(NoteDocument.of(text, "note.md"), "two-state").markdown()
    assert [line for line in written.splitlines() if line and not line.lstrip().startswith(">")] == text.replace(
        "\n\n", "\n"
    ).splitlines()


def test_audited_latex_differs_by_comments_only():
    text = f"\\begin{{document}}\nText.\n\\[{BELLMAN.replace('Q', 'A')}\\]\n\\end{{document}}\n"
    written = audit_note(NoteDocument.of(text, "note.tex"), "two-state").markdown()
    assert [line for line in written.splitlines() if not line.startswith("%")] == text.splitlines()
    assert "% pgsym: ✗ line 3: refuted" in written


LIMITS = {
    "long": (
        "x" * (NOTE_FORMULA + 1),
        f"found {NOTE_FORMULA + 1} characters in one formula; at most {NOTE_FORMULA} are read",
    ),
    "deep": ("{" * (NOTE_DEPTH + 1), f"found brackets nested more than {NOTE_DEPTH} deep"),
}


@pytest.mark.parametrize(("latex", "message"), LIMITS.values(), ids=LIMITS)
def test_formula_beyond_the_limits_is_refused(latex, message):
    with pytest.raises(NotReadError, match=message):
        tokens(latex)


def test_note_beyond_the_limits_is_refused():
    with pytest.raises(ClaimError, match=f"found {NOTE_CHARACTERS + 1} characters; at most {NOTE_CHARACTERS} are read"):
        NoteDocument.of("x" * (NOTE_CHARACTERS + 1), "note.md")


# -- texts that are no notes -----------------------------------------------------------------------------------

WORDS = (
    r"\sum_{t=0}^{T} \sum_a \int_s \nabla_\theta \mathbb{E}_\pi [ ] ( ) { } \left( \right) \frac \log \pi(a|s) Q(s,a) V(s) r_t "
    r"\gamma^{t'-t} s_{t+1} = & \\ | , ; + - * / ^ _ ' \tau P(\tau) R(\tau) d\mu(s) \sim s' a a_t 0 1 2/3 := \propto \text{x} "
    r"\input{/etc/passwd} \write18{touch\ canary} \def\x{\x\x}\x \newcommand{\y}{\y} \begin{align} \end{align} \begin{x} $ $$ \( \) "
    r"\max_a \max_\pi \min_{s,a} \le \ge < > V^*(s) Q^{\pi^*}(s,a) J^* P_\pi^2(s\to s') P^k(s_0\to s) \sum_{k=0}^\infty ^{(i)} \tau^{(i)} "
    r"\sum_{s',r} p(s',r|s,a) \sum_{t'=t}^T \mathbb{E}_\pi[r_{t'}|s_t] (s_t,a_t)\sim \rho_0(s_0) \prod_t \eta(s|s_0) r "
    "\\ % #1 \0 \u202e é ∇ ``` ~ \\verb| [^1] <!--"
)
PARTS = [*WORDS.split(" "), "> ", "---", "\n\n", "\n"]
NOTES = [
    f"# x\n\n$${BELLMAN}$$\n",
    r"$$|V^\pi(s)| \le \max_{s,a} |r(s,a)| \quad V^*(s) = \max_a \sum_{s',r} p(s',r|s,a) [r + \gamma V^*(s')]$$",
    r"$$\eta(s|s_0) = \sum_{k=0}^\infty \gamma^k P_\pi^k(s_0 \to s)$$ $$V(s_t) = \sum_{t'=t}^T \mathbb{E}_\pi[r_{t'}|s_t]$$",
    r"$$\nabla J = \mathbb{E}_\pi\left[\sum_{t=0}^T \gamma^t \nabla\log\pi(a_t|s_t) G_t\right]$$",
]


def mutants(count: int, seed: int):
    rng = random.Random(seed)
    for _ in range(count):
        text = rng.choice(NOTES)
        for _ in range(rng.randrange(1, 12)):
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(["", "", *PARTS]) + text[at + rng.choice([0, 0, 1, 5]) :]
        yield text if rng.random() < 0.7 else " ".join(rng.choices(PARTS, k=rng.randrange(1, 40)))


def survive(count: int, seed: int, monkeypatch, tmp_path) -> None:
    """Every text is read, or refused, within a second; no file is opened."""
    import builtins

    monkeypatch.chdir(tmp_path)
    read(NoteDocument.of(NOTES[0], "note.md"), Names())  # the grammar of claims is read from a file, once
    monkeypatch.setattr(builtins, "open", lambda *a, **k: pytest.fail(f"opened {a}"))
    for text in mutants(count, seed):
        begin = time.process_time()
        for name in ("note.md", "note.tex", "note.html"):
            for relation in read(NoteDocument.of(text, name), Names()):
                assert relation.claim is not None or relation.reason or relation.defines, text
        assert time.process_time() - begin < 2, text
    assert not list(tmp_path.iterdir())


def test_mutated_texts_are_read_or_refused(monkeypatch, tmp_path):
    survive(1_000, 1, monkeypatch, tmp_path)


@pytest.mark.slow
def test_many_mutated_texts_are_read_or_refused(monkeypatch, tmp_path):
    survive(50_000, 2, monkeypatch, tmp_path)


def bodies(count: int, seed: int):
    """Mutated notes on paper, without verdicts."""
    for text in mutants(count, seed):
        for name in ("note.md", "note.tex", "note.html", "note.rst"):
            try:
                found = AuditedNote(NoteDocument.of(text, name), (), (), ("none",)).paper()
            except NotReadError:  # braces of a LaTeX note that do not match
                continue
            yield found.partition(r"\maketitle")[2].rpartition(r"\end{document}")[0]


@NEEDS_TEX
@pytest.mark.parametrize(("count", "seed"), [(200, 5), pytest.param(4_000, 6, marks=pytest.mark.slow)])
def test_whatever_reaches_tex_compiles(count, seed, tmp_path):
    found = list(bodies(count, seed))
    assert len(found) > count
    compiled(document("\n\n".join(found), "mutants", PACKAGES), tmp_path)


@pytest.mark.parametrize("piece", ["$$", "\\[", "\\begin{align}", "$x", "{", "\\(", "```\n", "> ", "`"])
def test_time_does_not_grow_with_the_square_of_the_text(piece):
    begin = time.process_time()
    document = NoteDocument.of((piece + " ") * (150_000 // len(piece)), "note.md")
    with contextlib.suppress(ClaimError):  # too many formulas
        assert document.formulas is not None
    assert time.process_time() - begin < 10


def test_pages_of_mutated_notes_load_and_run_nothing():
    for text in mutants(60, 7):
        for name in ("note.md", "note.tex", "note.html", "note.rst"):
            with contextlib.suppress(NotReadError):  # braces of a LaTeX note that do not match
                require_harmless(AuditedNote(NoteDocument.of(text, name), (), (), ("none",)).html())


def test_json_of_the_audit_is_plain():
    json.dumps(audit_note(NoteDocument.of(notebook(), "note.ipynb")).to_json(), allow_nan=False)


class Tags(html.parser.HTMLParser):
    """The elements of a page, with their attributes, outside of its own style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


PLAIN = (
    "html|head|meta|title|style|body|p|h[1-6]|[uo]l|li|pre|code|em|strong|a|sub|sup|small|br|hr|table|thead|tbody|tr|td|th|d[ltd]|"
    "blockquote|div|details|summary|math|m[a-z]+"
)


def page_of(text: str, name: str) -> str:
    """The page; it loads nothing and runs nothing."""
    page = audit_note(NoteDocument.of(text, name), "two-state").html()
    require_harmless(page)
    assert "PGSYM" not in page
    return page.partition("<hr>")[2]


def require_harmless(page: str) -> None:
    for tag, given in Tags(page).found:
        assert re.fullmatch(PLAIN, tag), tag
        assert set(given) <= {"class", "href", "lang", "charset", "name", "content"} or tag.startswith("m"), given
        assert not {"class", "href"} & set(given) or not tag.startswith("m"), given
        assert not any(key.startswith("on") or key in ("src", "style", "http-equiv") for key in given), given
        assert given.get("href", "https://").startswith(("https://", "http://", "mailto:")), given


def test_page_is_the_note_with_its_verdicts_and_nothing_else():
    """HTML and TeX of the note are text; formulas that MathML cannot show stay as they are written."""
    note = (
        "---\ntitle: x\n---\n# A *title*\n\n<script>alert(1)</script> ![a](http://b/c.png) where $\\pi$ acts:\n\n"
        "$$\\begin{align*} V(s) &= \\sum_a \\pi(a|s) Q(s,a) \\\\ &= 2 V(s) \\end{align*}$$\n\n$\\text{<b>} \\left($ end.\n"
    )
    page = page_of(note, "note.md")
    assert "<h1>A <em>title</em></h1>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>" not in page
    assert page.count("<mtd") >= 4
    assert re.findall(r'<strong class="(\w+)">(\w+)</strong>', page) == [("proved", "proved"), ("refuted", "refuted")]
    assert page.index("proved</strong>") < page.index("end.")


SAME = {
    "note.md": "# A *title*\n\n- Let ${}$ be; see [b](https://c).\n\n> $$\n> {}\n> $$\n\n| a |\n|---|\n| ${}$ |\n\n`x  y` end.\n",
    "note.tex": "\\section{A \\emph{title}}\\begin{itemize}\\item Let ${}$ be; see b.\\end{itemize}\n\\begin{quote}\\[{}\\]\\end{quote}\n\n"
    "${}$ \\verb|x  y| end.\n",
    "note.rst": "A *title*\n=========\n\n- Let :math:`{}` be; see `b <https://c>`_.\n\n..\n\n  .. math:: {}\n\n+{}+\n|:math:`{}`|\n+{}+\n\n``x  y`` end.\n",
    "note.html": "<h1>A <i>title</i></h1><ul><li>Let \\({}\\) be; see <a href='https://c'>b</a>.</ul><blockquote>\\[{}\\]</blockquote>"
    "<table><tr><td>\\({}\\)</table><tt>x  y</tt> end.",
}


@pytest.mark.parametrize("name", SAME)
def test_page_and_paper_are_the_note_in_every_format(name):
    """Words, formulas and verdicts in the note's order; a verdict stands behind its paragraph or table."""
    width, text = "-" * (len(BELLMAN) + 8), SAME[name]
    given = [BELLMAN, BELLMAN.replace("Q", "A"), BELLMAN]
    given = [given[0], given[1], width, given[2], width] if name == "note.rst" else given
    for one in given:
        text = text.replace("{}", one, 1)
    page = page_of(text, name)
    assert re.search(r"<h1>A <em>title</em></h1>\s*<ul>\s*<li>(<p>)?\s*Let <math", page)
    assert re.findall(r'<strong class="(\w+)">', page) == ["proved", "refuted", "proved"]
    marks = [
        "Let ",
        "be; see",
        "proved</strong>",
        "<blockquote>",
        'class="display"',
        "refuted</strong>",
        "</blockquote>",
        "end.",
    ]
    assert sorted(marks, key=page.index) == marks
    assert ('<a href="https://c">b</a>' in page) is (name != "note.tex")
    assert "<code>x  y</code>" in page
    if "<table>" in page:
        assert page.index("</table>") < page.rindex("proved</strong>") < page.index("end.")
    paper = audit_note(NoteDocument.of(text, name), "two-state").paper().partition(r"\maketitle")[2]
    marks = [r"\section*{A \emph{title}}", r"\begin{itemize}", "Let $V", "be; see", r"good}proved", r"\begin{quote}", r"\[\fitted{V",
             "bad}refuted", r"\end{quote}", r"\texttt{x\ \ y}", "end."]  # fmt: skip
    assert sorted(marks, key=paper.index) == marks


HOSTILE = {
    "note.html": (
        "<SCRIPT src=//x>alert(1)</SCRIPT><scr<script>ipt>alert(1)</script>", "<p onclick=alert(1) style='background:url(//x)'>y</p>",
        "<a href='javascript:alert(1)'>y</a><a href='java&#115;cript:x'>y</a><a href=' data:text/html,x'>y</a><a href='//x'>y</a>",
        "<img src=x onerror=alert(1)><svg onload=x><title>\\(x\\)</title></svg><iframe src=x>y</iframe><object data=x>y</object>",
        "<meta http-equiv=refresh content='0;url=x'><base href=x><link rel=stylesheet href=x><style>@import 'x';</style>",
        "<a href='https://x\" onclick=\"y'>z</a><b title='><script>x</script>'>y</b>", "<!-- --!><script>x</script> --><![CDATA[<script>]]>",
        "<![^1]-^T \\(x\\)> y", "<math><mtext></mtext><script>x</script></math>", "\\(\\text{<script>x</script>}\\) \\(<img src=x>\\)", "<p>PGSYM0SHOWN \\(x\\)</p><a href='https://PGSYM0SHOWN'>x",
        "<form action=x><input onfocus=x autofocus><button formaction=x>y</button></form><textarea></textarea><script>x</script>",
        "<div>" * 500 + "<ul><li>" * 500 + "x",
    ),
    "note.md": (
        "[x](javascript:alert(1)) [y](https://$a$) [z](https://a 'b\" onclick=\"c') <https://d\"e>", "<script>x</script>\n\n<img src=x onerror=y>",
        "![x](https://y)", "`<script>x</script>` $\\text{<script>x</script>}$ $$<script>$$", "PGSYM0SHOWN $x$",
        "$\\href{javascript:alert(1)}{x}$ $\\style{background:url(//x)}{x}$ $\\class{found}{x}$ $\\color{red\" onclick=\"x}{y}$",
        "".join(f"$$\\newcommand{{\\{a}}}{{{f'{chr(92)}{b}' * 10}}}" for a, b in ("ab", "bc", "cd", "de", "ef", "fg", "gh", "hi")) + "\\a$$",
        "$\\def\\x{\\x\\x}\\x$ $" + "{" * 500 + "x" + "}" * 500 + "$ $$" + "\\frac" * 1500 + "$$",
    ),
    "note.rst": (
        ".. raw:: html\n\n   <script>x</script>\n\n.. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n\n.. literalinclude:: {secret}",
        ".. role:: x(raw)\n   :format: html\n\n:x:`<script>y</script>`", "`x <javascript:alert(1)>`_ .. _y: javascript:z\n\ny_",
        ".. image:: {secret}\n   :target: javascript:x\n   :loading: embed\n\n|a|\n\n.. |a| image:: x.svg\n   :alt: <script>",
        ".. math::\n   :class: x\" onclick=\"y\n\n   \\text{<script>x</script>}", ".. class:: x\" onclick=\"y\n\n.. container:: <script>\n\n   z",
        ".. stylesheet:: x\n.. meta::\n   :http-equiv=refresh: 0;url=x", ".. figure:: {secret}\n   :figwidth: image\n\n   x",
    ),
    "note.tex": ("<script>x</script> \\texttt{<b>} \\url{javascript:x} \\href{javascript:x}{y}", "\\verb|<script>|\\begin{verbatim}<script>\\end{verbatim}"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in HOSTILE.items() for text in texts])
def test_page_of_a_hostile_note_loads_and_runs_nothing(name, text, tmp_path, monkeypatch):
    secret = tmp_path / "secret.csv"
    secret.write_text("canary", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    page = page_of(text.replace("{secret}", "secret.csv") + "\n\nEnd.", name)
    assert "canary" not in page
    assert "End." in page or "<textarea" in text or "<svg" in text
