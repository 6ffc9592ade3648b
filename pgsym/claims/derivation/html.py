"""Documents as HTML: native MathML, pictures inside, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from itertools import count, groupby

from pgsym.claims.blocks import (
    Block,
    Cell,
    Command,
    DataTable,
    Figure,
    Fold,
    Formulas,
    Heading,
    Note,
    Prose,
    Row,
    VerdictMark,
)
from pgsym.claims.derivation.layout import laid_out, parts
from pgsym.claims.language.statement import Binding
from pgsym.claims.verdict import Verdict
from pgsym.display.figure import colours
from pgsym.errors import MissingExtraError

COLOURS = colours(":root")

BLOCKS = """
math { font-family: 'pgsym math', 'STIX Two Math', 'Cambria Math', 'Latin Modern Math', math; font-size: 1.08em; }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; }
strong.proved, strong.refuted, strong.undecided, strong.inapplicable { padding: .05rem .5rem;
  border: 1.5px solid currentColor; border-radius: 1rem; font-size: .875rem; white-space: nowrap; }
.proved { color: var(--good); }
.refuted { color: var(--bad); }
.undecided, .inapplicable { color: var(--warn); }
.answer { padding-left: 1.2rem; }
.answer a, dd a { font-size: .875rem; }
.note { border-left: 3px solid var(--line); padding-left: .8rem; color: var(--soft); }
.line { white-space: nowrap; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; font-size: .875rem; margin: .4rem 0 1rem;
  padding: .5rem .8rem; border-radius: .3rem; background: color-mix(in srgb, var(--line) 30%, transparent); }
.chain { display: grid; grid-template-columns: max-content max-content 1fr; gap: .3rem .35rem; align-items: baseline;
  margin: .9rem 0; padding: .2rem 0 .5rem 1.2rem; }
.chain .left { text-align: right; white-space: nowrap; }
.chain .right { white-space: nowrap; }
.chain .own { grid-column: 1 / -1; white-space: nowrap; }
.chain .why { font-size: .84rem; color: var(--soft); padding-left: 1.6rem; text-align: right; min-width: 9rem; }
.chain .why math { font-size: 1em; }
.chain .why strong { color: var(--bad); }
.chain .first { padding-top: .45rem; }
.tables { display: flex; flex-wrap: wrap; gap: 0 4rem; }
figure.table { min-width: 0; max-width: 100%; }
figure.table figcaption { color: var(--ink); font-weight: 600; margin-bottom: .25rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: baseline; padding: .28rem 1.4rem .28rem 0; font-weight: normal; }
thead th { border-bottom: 1.5px solid var(--ink); font-size: .9rem; color: var(--soft); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
th.number, td.number { text-align: right; white-space: nowrap; }
tbody th { white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
figure { margin: 1.2rem 0; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; }
figure svg { display: block; }
"""
"""How blocks look; it uses the custom properties of `COLOURS`."""

STYLE = f"""{COLOURS}
body {{ font: 17px/1.5 Georgia, 'Times New Roman', serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); }}
{BLOCKS}"""

_POWER = re.compile(r"2\^-(\d+)")


def whole(title: str, content: str, style: str = STYLE) -> str:
    """A page with that content, and nothing from elsewhere."""
    head = f"<title>{escape(title)}</title>\n<style>{style}</style>"
    meta = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
    inner = f"<h1>{escape(title)}</h1>\n{content}"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{meta}\n{head}\n</head>\n<body>\n{inner}\n</body>\n</html>\n'


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()) -> str:
    """What stands between the head and the end of a page."""
    return "\n".join(HtmlWriter(bindings).lines(laid_out(blocks, verdicts)))


class HtmlWriter:
    """Writes blocks one after the other; tables are numbered, so that their captions can name them."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self.bindings = bindings  # names that prose and reasons may use
        self._numbers = count(1)

    def lines(self, blocks: Iterable[Block]) -> Iterator[str]:
        """The blocks; tables that follow one another stand side by side where there is room."""
        for tables, group in groupby(blocks, lambda block: isinstance(block, DataTable)):
            inner = [self.write(block) for block in group]
            yield from ['<div class="tables">', *inner, "</div>"] if tables else inner

    def write(self, block: Block) -> str:
        """One block."""
        match block:
            case Heading(text, level):
                return f"<h{level + 1}>{self.prose(text)}</h{level + 1}>"
            case Fold(Heading(text, level), folded):
                title = f"<h{level + 1}>{self.prose(text)}</h{level + 1}>"
                return "\n".join([f"<details>\n<summary>{title}</summary>", *self.lines(folded), "</details>"])
            case Prose(text):
                return f"<p>{self.prose(text)}</p>"
            case Note(text):
                return f'<p class="note">{self.prose(text)}</p>'
            case Command(text):
                return f"<pre><code>{escape(text)}</code></pre>"
            case Formulas(rows):
                inner = "\n".join(line for row in rows for line in self._row(row))
                return f'<div class="scroll chain">\n{inner}\n</div>'
            case DataTable():
                return self._table(block)
            case Figure(svg, _, caption, _, least):
                box = f'<div class="scroll"><div style="min-width:{least:.0f}px">{svg}</div></div>'
                return f"<figure>\n{box}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"
            case VerdictMark():
                return f'<p class="answer">{mark(block)}</p>'
        raise TypeError("chains are laid out first")

    def prose(self, text: str) -> str:
        """Words with formulas."""
        found = parts(text, self.bindings)
        text = "".join(escape(p) if isinstance(p, str) else inline(p.latex()) for p in found)
        return _UNBROKEN.sub(r'<span class="line">\g<0></span>', text)  # browsers break a line beside a formula

    def _row(self, row: Row) -> Iterator[str]:
        """Left side, relation with right side, reason: cells of a grid with three columns."""
        first = " first" if row.first else ""
        if row.own_line:
            yield from (f'<div class="own{first}">{mathml(left)}</div>' for left in row.left)
            first = ""
        head = mathml("".join(row.left)) if row.left and not row.own_line else ""
        note = self.prose(row.note)
        note = f"<strong>{note}</strong>" if row.note.startswith(("REFUTED", "UNDECIDED", "INAPPLICABLE")) else note
        for k, line in enumerate(row.right):
            shown = mathml(f"{row.relation} {line}" if k == 0 else rf"\quad {line.removeprefix('{} ')}")
            why = note if k == len(row.right) - 1 else ""
            yield f'<div class="left{first}">{head if k == 0 else ""}</div>'
            yield f'<div class="right{first}">{shown}</div>'
            yield f'<div class="why{first}">{why}</div>'
            first = ""

    def _table(self, table: DataTable) -> str:
        key = f"table-{next(self._numbers)}"
        kinds = [' class="number"' if k in table.numbers else "" for k in range(len(table.header))]
        head = "".join(f'<th scope="col"{k}>{cell(name)}</th>' for k, name in zip(kinds, table.header, strict=True))
        lines = []
        for first, *rest in table.rows:
            cells = "".join(f"<td{k}>{cell(content)}</td>" for k, content in zip(kinds[1:], rest, strict=True))
            lines.append(f'<tr><th scope="row">{cell(first)}</th>{cells}</tr>')
        return "\n".join([
            # A caption of the table itself would be as narrow as the table.
            f'<figure class="table">\n<figcaption id="{key}">{escape(table.caption)}</figcaption>',
            f'<div class="scroll"><table aria-labelledby="{key}">',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *lines,
            "</tbody>\n</table></div>\n</figure>",
        ])  # fmt: skip


def inline(latex: str) -> str:
    """A formula between words: sums and fractions are no higher than the line allows."""
    return mathml(latex).replace(' displaystyle="true"', "", 1)


def cell(content: str | Cell | VerdictMark) -> str:
    """What stands in a table."""
    if isinstance(content, VerdictMark):
        return mark(content)
    return mathml(content.latex) if isinstance(content, Cell) else escape(content)


def mark(found: VerdictMark) -> str:
    """A verdict with its trust, which leads to the section that explains it, and its reason."""
    trust = f' <a href="#reading">{_POWER.sub(_power, escape(str(found.trust)))}</a>' if found.trust else ""
    reason = f" <span>{escape(found.reason)}</span>" if found.reason else ""
    return f'<strong class="{found.status}">{found.status}</strong>{trust}{reason}'


def _power(match: re.Match[str]) -> str:
    return f"2<sup>−{match.group(1)}</sup>"


_UNBROKEN = re.compile("<math[^>]*>(?:(?!</math>).)*</math>\N{NO-BREAK SPACE}[^ <]*", re.DOTALL)
_LETTER = re.compile(r"\\mathrm\{([A-Za-z])\}")
_REFERENCE = re.compile(r"&#x0*([0-9A-Fa-f]+);")
_WORD = re.compile(r'(?:<mi mathvariant="normal">[^<&]</mi>){2,}')
_TALL = r"<mfrac|<munder|<mover|<msqrt|<mroot|<mtable|stretchy=\"true\""
_FENCED = re.compile(
    r'<mo stretchy="true" fence="true" form="prefix">\((</mo>'
    rf"(?:(?!{_TALL}).)*?"
    r'<mo )stretchy="true"( fence="true" form="postfix">\)</mo>)'
)
"""Parentheses around what is no higher than they are."""
_SIGN = re.compile(r"(<mo[^>]*>(?:[=≥≤≠≔≈(,]|&[lg]t;)</mo>(?:<mrow>)*)<mo>−</mo>")
"""A minus sign that has nothing before it to subtract from."""


@cache
def mathml(latex: str) -> str:
    """A formula as MathML in display style; MissingExtraError where latex2mathml is not installed.

    >>> print(mathml(r"\\mathrm{go} \\coloneqq 1/2").partition("<mrow>")[2].removesuffix("</mrow></math>"))
    <mrow><mi>go</mi></mrow><mo>≔</mo><mn>1</mn><mo lspace="0" rspace="0">/</mo><mn>2</mn>
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise MissingExtraError(
            "latex2mathml is not installed; HTML needs it. Install pgsym with the extra report: pgsym[report]",
            where="html",
        ) from None
    # One upright letter is a name as much as several are.
    found = str(convert(_LETTER.sub(r"\\text{\1}", latex.removeprefix("{} ")), display="block"))
    found = _REFERENCE.sub(_letter, found)
    found = _WORD.sub(lambda match: f"<mi>{re.sub('<[^>]*>', '', match.group())}</mi>", found)
    # A parenthesis that may stretch is shown too large, and with space around it, even where it need not.
    n = 1
    while n:
        found, n = _FENCED.subn(r'<mo stretchy="false" fence="true" form="prefix">(\1stretchy="false"\2', found)
    found = _SIGN.sub(r'\1<mo form="prefix">−</mo>', found)
    found = found.replace("<mi>~</mi>", "<mo>∼</mo>").replace("<mo>/</mo>", '<mo lspace="0" rspace="0">/</mo>')
    return found.replace('display="block"', 'display="inline" displaystyle="true"', 1)


def _letter(match: re.Match[str]) -> str:
    """The character of a numeric reference, unless it means something to HTML."""
    found = chr(int(match.group(1), 16))
    return match.group() if found in "<>&\"'" else found
