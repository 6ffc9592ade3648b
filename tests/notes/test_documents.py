# ruff: noqa: E501
"""Places of formulas, audited notes, and texts that are no notes at all: bounded time, no file opened, nothing executed."""

import contextlib
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
        for name in ("note.md", "note.tex"):
            try:
                found = AuditedNote(NoteDocument.of(text, name), (), (), ("none",)).paper()
            except NotReadError:  # braces of a LaTeX note that do not match
                continue
            yield found.partition(r"\maketitle")[2].rpartition(r"\end{document}")[0]


@NEEDS_TEX
@pytest.mark.parametrize(("count", "seed"), [(400, 5), pytest.param(4_000, 6, marks=pytest.mark.slow)])
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


def test_json_of_the_audit_is_plain():
    json.dumps(audit_note(NoteDocument.of(notebook(), "note.ipynb")).to_json(), allow_nan=False)


def test_page_is_the_note_with_its_verdicts_and_nothing_else():
    """HTML and TeX of the note are text; formulas that MathML cannot show stay as they are written."""
    note = (
        "---\ntitle: x\n---\n# A *title*\n\n<script>alert(1)</script> ![a](http://b/c.png) where $\\pi$ acts:\n\n"
        "$$\\begin{align*} V(s) &= \\sum_a \\pi(a|s) Q(s,a) \\\\ &= 2 V(s) \\end{align*}$$\n\n$\\text{<b>} \\left($ end.\n"
    )
    page = audit_note(NoteDocument.of(note, "note.md"), "two-state").html()
    assert "<h1>A <em>title</em></h1>" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"<script|<img|<b>|src=|PGSYM", page)
    assert page.count("<mtd") >= 4
    assert re.findall(r'<strong class="(\w+)">(\w+)</strong>', page) == [("proved", "proved"), ("refuted", "refuted")]
    assert page.index("proved</strong>") < page.index("end.")
