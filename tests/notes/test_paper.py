# ruff: noqa: E501
"""The audited note on paper: its words, its formulas and its verdicts; what a note says never runs in TeX."""

import re

import pytest
from paper import compiled
from skips import NEEDS_TEX
from typer.testing import CliRunner

from pgsym.cli.app import app
from pgsym.errors import NotReadError
from pgsym.notes import NoteDocument, audit_note
from pgsym.notes.safe import safe_formula, typeset_formula

BELLMAN = r"V(s) = \sum_a \pi(a|s) Q(s,a)"
FALSE = BELLMAN.replace("Q", "A")

NOTE = rf"""---
title: x
---
# A *title*

\newcommand{{\pol}}[1]{{\pi(#1|s)}}

Where **$\pi$** acts, 100% of `s_1`; see [Sutton & Barto](https://example.org/a_b?x=1#y), [no](ftp://x) and:

$$
\begin{{align*}} V(s) &= \sum_a \pol{{a}} Q(s,a) \\[2pt] &= 2 V(s) \end{{align*}}
$$

1. one
   - ${FALSE}$

> quoted <b>state</b> 状

| a | b |
|---|---|
| $x$ | y |

```
\input{{/etc/passwd}} \end{{document}}
```
***
"""

LATEX = r"""\documentclass{article}\usepackage{nothing}\title{Values}
\newcommand{\pol}[1]{\pi(#1|s)}
\begin{document}\maketitle
\section{Values \& more}\label{one} G\"odel \emph{says} % nothing
\[V(s) = \sum_a \pol{a} A(s,a)\]
\begin{itemize}\item one $ x $ \item\end{itemize} a_b \\ \unknown{x} \verb|a_b| \cite{key}
\begin{verbatim}
x_y  \input{z}
\end{verbatim}
\end{document}
"""

PAGE = rf"""<h1>A <b>b</b><br>\(x\)</h1><ul>loose<li><p>one<ul><li>two<ol><li>three<ul><li>four \[{FALSE}\]</ul></ol></ul></ul>
<table>loose<caption>c</caption><tr><td>a<td>\(x\)<tr><td><p>b<p>c<ul><li>d</ul><td><pre>e
  f</pre><td><table><tr><td>g</table></table><li>h<dl><dt>i<dd>j \({FALSE}\)</dl><p><br><br>x<sup>2</sup><sub>i</sub><hr><blockquote></blockquote>
<ul></ul><table></table><em><p>k<hr></em><a href="https://l.m/n_o?p=%20&amp;q#r">s&nbsp;t</a><pre></pre>\write18{{x}} \input{{/etc/passwd}} #1 ^ 状 ∇"""
RST = rf"""=====
Title
=====

A ``x  y`` *z* :math:`{FALSE}`, **b** [1]_ |c|

.. [1] footnote \input{{/etc/passwd}}
.. |c| image:: d.png
   :alt: e_f

.. note:: an admonition

   .. math::

      {FALSE}

      {BELLMAN}

:field: \write18{{x}}

1. one

   - two

term
  definition

.. list-table::
   :header-rows: 1

   * - a
     - b
   * - :math:`{FALSE}`
     - | c
       | d

.. raw:: latex

   \input{{/etc/passwd}}

.. nowhere:: x

----

end::

   code
"""


def paper(text: str, name: str = "note.md") -> str:
    return audit_note(NoteDocument.of(text, name), "two-state").paper()


def test_paper_is_the_note_with_its_verdicts():
    text = paper(NOTE)
    assert r"\section*{A \emph{title}}" in text
    assert r"\textbf{$\pi$} acts, 100\% of \texttt{s\_1}" in text
    assert r"\href{https://example.org/a\_b?x=1\#y}{Sutton \& Barto}, no and:" in text
    assert r"\begin{aligned}{} V(s) &= \sum _{a} \pi (a|s) Q(s,a) \\{} &= 2 V(s) \end{aligned}" in text
    text = text.partition(r"\maketitle")[2]
    assert text.index(r"\begin{enumerate}") < text.index(r"\begin{itemize}") < text.index(r"\begin{quote}")
    assert re.findall(r"line (\d+): \\textbf\{\\color\{(\w+)\}(\w+)\}", text) == [
        ("11", "good", "proved"), ("11", "bad", "refuted"), ("15", "bad", "refuted")
    ]  # fmt: skip
    assert text.index("Checked on two-state") < text.index("A \\emph{title}") < text.index("refuted}")
    assert text.count(r"\[\fitted{V(s) = \sum_{a} \pi(a \mid s) \, Q(s, a)}\]") == 1  # what is true
    assert r"\textbackslash{}input\{/etc/passwd\} \textbackslash{}end\{document\}" in text
    assert "PGSYM" not in text


def test_paper_of_latex_is_the_note_itself():
    text = paper(LATEX, "note.tex")
    assert r"\title{Values}" in text
    assert r"\section*{Values \& more}" in text
    assert r"Gödel \emph{says}" in text
    assert r"\[\fitted{V(s) = \sum _{a} \pi (a|s) A(s,a)}\]" in text
    assert "line 5: \\textbf{\\color{bad}refuted}" in text
    assert r"a\_b \leavevmode\newline  \texttt{\textbackslash{}unknown}x \texttt{a\_b} [key]" in text
    assert r"x\_y\ \ \textbackslash{}input\{z\}" in text


HOSTILE = {
    r"\input{/etc/passwd}": r"\input", r"\include{x}": r"\include", r"\write18{touch canary}": r"\write",
    r"\immediate\openout1=canary": r"\immediate", r"\openin1=x \read1 to\x": r"\openin", r"\catcode`\%=12": r"\catcode",
    r"\csname input\endcsname{x}": r"\csname", r"\def\x{\x\x}\x": r"\def", r"\let\x=\input\x x": r"\let",
    r"x^^5cinput{/etc/passwd}": "a command without its argument", r"\text{\input{x}}": r"\input", r"\special{x}": r"\special",
    r"\text{$\input{x}$}": r"\input", r"\sqrt[\input{x}]{2}": r"\input", r"\left\input x": r"\left",
    r"\begin{array}{@{\input{x}}c}a\end{array}": "the environment array", r"\begin{filecontents}{x}a\end{filecontents}": "the environment filecontents",
    r"\begin{align}\directlua{x}\end{align}": r"\directlua", r"\includegraphics{x}": r"\includegraphics", "a # b": "#",
    r"\loop\iftrue\repeat": r"\loop", r"\scantokens{x}": r"\scantokens", r"\usepackage{x}": r"\usepackage", r"\end{document}": None,
    r"x^2^3": "a second ^", r"\left( x": "\\left without", r"a & b \frac": "a command without", r"\tag{\input{x}}": r"\input",
    r"\label{\input{x}} \color{\input{x}} \vspace{\input{x}} y": "", r"$x$": "a formula in a formula", r"\frac\input x": r"\input",
}  # fmt: skip
"""Formulas, and what is refused; None: the tokenizer does; empty: it is left out."""


@pytest.mark.parametrize(("latex", "what"), HOSTILE.items())
def test_commands_that_are_not_listed_never_reach_tex(latex, what):
    if what == "":
        assert safe_formula(latex) == "y"
        assert safe_formula("y\\ ") == "y\\ "  # not a backslash before what follows
        return
    with pytest.raises(NotReadError, match=re.escape(f"found {what}") if what else "found LaTeX that does not close"):
        safe_formula(latex)
    shown = typeset_formula(latex)
    assert set(re.findall(r"\\[A-Za-z]+", shown)) <= {"\\texttt", "\\textbackslash", "\\textasciicircum"}


@pytest.mark.parametrize("macro", [r"\x x", r"\y\y", r"{"])
def test_commands_of_the_note_are_replaced_a_bounded_number_of_times(macro):
    with pytest.raises(NotReadError):
        safe_formula(r"\x", {"\\x": (0, macro), "\\y": (0, r"\x\x")})
    assert safe_formula(r"\E x_\n2", {"\\E": (1, r"\log#1"), "\\n": (0, r"\pi")}) == r"\log x_{\pi }2"


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, r"\newcommand{\pi}{\input{/etc/passwd}}", r"\def\item{\input{x}}\item", r"\emph{\input{x}}", r"\section{\write18{x}}"],
)  # fmt: skip
def test_hostile_notes_are_text(text):
    known = set(re.findall(r"\\[A-Za-z]+", paper("$x$", "note.tex"))) | {
        "\\leavevmode", "\\newline", "\\emph", "\\section", "\\textbackslash", "\\textasciicircum", "\\raggedright", "\\ttfamily",
        "\\footnotesize", "\\mbox", "\\item", "\\frac", "\\checkmark", "\\times", "\\pi", "\\color", "\\textbf", "\\texttt", "\\par",
        "\\fitted", "\\sqrt", "\\left", "\\begin", "\\end", "\\text",
    }  # fmt: skip
    forms = {"note.rst": ("a {} b", "a :math:`{}` b", ".. math:: {}\n\n.. raw:: latex\n\n   {}\n\n.. include:: {}"),
             "note.html": ("a {} b", "a \\({}\\) b", "<pre>{}</pre>\\[{}\\]")}  # fmt: skip
    for name in ("note.md", "note.tex", "note.rst", "note.html"):
        for form in forms.get(name, ("a {} b", "a ${} = 1$ b", "$${}$$")):
            written = form.replace("{}", text)
            try:
                found = paper(written, name)
            except NotReadError:
                assert name == "note.tex"  # its braces do not match: there is no document
                continue
            assert set(re.findall(r"\\[A-Za-z]+", found)) <= known
            assert "^^" not in found


@NEEDS_TEX
def test_papers_compile_without_a_complaint(tmp_path):
    for text, name in ((NOTE, "note.md"), (LATEX, "note.tex"), (PAGE, "note.html"), (RST, "note.rst")):
        assert compiled(paper(text, name), tmp_path).complaints == ()


@NEEDS_TEX
def test_command_writes_the_pdf_of_the_note(tmp_path):
    note, out = tmp_path / "note.md", tmp_path / "out.pdf"
    note.write_text(f"# Values\n\n$${BELLMAN}$$\n", encoding="utf-8")
    run = CliRunner().invoke(app, ["check", "two-state", str(note), "-o", str(out)])
    assert run.exit_code == 0, run.output
    assert out.read_bytes().startswith(b"%PDF")
    run = CliRunner().invoke(app, ["check", "two-state", str(note), "-o", str(out.with_suffix(".tex"))])
    assert r"\section*{Values}" in out.with_suffix(".tex").read_text(encoding="utf-8")
