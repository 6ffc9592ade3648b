"""The HTML of the live part, complete but for the numbers, which the script fills in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from pgsym.claims.derivation.html import mathml
from pgsym.expression.naming import labels
from pgsym.expression.notation import derivative_latex, quantity_latex
from pgsym.expression.ordering import plain_symbol
from pgsym.model.drawing.picture import Picture
from pgsym.model.drawing.svg import write
from pgsym.model.objective import Objective
from pgsym.reports.live.controls import Control
from pgsym.reports.live.formulas import LiveFormulas, Outputs

MANY = 10
"""Parameters from which on a selection shows some of the sliders at a time."""
PAGE = 8
"""Sliders of such a selection."""
FEW = 3
"""Sliders that stay in sight on a phone."""
WIDE = 460
"""Pixels from which on a picture takes the whole width of the page."""


def markup(
    objective: Objective,
    controls: Sequence[Control],
    points: Sequence[str],
    formulas: LiveFormulas,
    outputs: Outputs,
    picture: Picture | None,
) -> str:
    """What stands inside the ``<div>``."""
    graph = _graph(picture, objective)
    wide = picture is not None and picture.box[2] > WIDE
    left = ["" if wide else graph, _theorem(formulas, outputs), _values(formulas, outputs, objective)]
    right = [_plots(controls, len(formulas.left), objective), _terms(formulas, outputs, objective)]
    parts = [
        _controls(controls, points),
        '<p class="outside" role="status"></p>',
        graph if wide else "",
        *(f'<div class="column">{"".join(column)}</div>' for column in (left, right)),
    ]
    return "\n".join(part for part in parts if part)


def _controls(controls: Sequence[Control], points: Sequence[str]) -> str:
    thetas = [c for c in controls if c.kind == "theta"]
    paged = len(thetas) > MANY
    rows, pages = [], []
    for k, control in enumerate(controls):
        page, first = divmod(k, PAGE)
        place = ""
        if paged and control.kind == "theta":
            place = f' data-page="{page}"' + (" hidden" if page else "")
            if first == 0:
                last = thetas[min(k + PAGE, len(thetas)) - 1]
                names = " to ".join(plain_symbol(c.symbol.name) for c in dict.fromkeys((control, last)))
                pages.append(f'<option value="{page}">{escape(names)}</option>')
        rows.append(_control(control, k, place))
    select = f'<label class="pages">shown <select>{"".join(pages)}</select></label>' if paged else ""
    kind = "controls few" if len(controls) <= FEW else "controls"
    buttons = "".join(f'<button type="button">{escape(name)}</button>' for name in points)
    return (
        f'<fieldset class="{kind}"><legend>Parameters</legend>{select}<div class="sliders">{"".join(rows)}</div>'
        f'<div class="points">{buttons}</div></fieldset>'
    )


def _control(control: Control, k: int, place: str) -> str:
    name = escape(plain_symbol(control.symbol.name))
    limits = f'min="{control.low:.10g}" max="{control.high:.10g}" value="{control.start:.10g}"'
    return (
        f'<div class="control"{place}><label for="live-{k}">{symbol(control.symbol.name)}</label>'
        f'<input type="range" id="live-{k}" {limits} step="{control.step:g}">'
        f'<input type="number" step="any" aria-label="{name}, typed" value="{control.start:.10g}"></div>'
    )


def _theorem(formulas: LiveFormulas, outputs: Outputs) -> str:
    trees = [side.tree for side in formulas.sides]
    titles = ["right"] if len(trees) == 1 else ["claimed", "true"]
    J = mathml("J")
    how = f"the derivative of the closed form of {J}"
    if not formulas.closed:
        how = f"{J} differentiated through the equations that give it"
    meanings = [
        f'<dt class="curve">left</dt><dd>{mathml(quantity_latex("grad"))}, {how}</dd>',
        *(
            f'<dt class="{"" if t == "true" else "sum"}">{t}</dt><dd>{mathml(tree.latex())}</dd>'
            for t, tree in zip(titles, trees, strict=True)
        ),
    ]
    head = "".join(f'<th scope="col" colspan="{2 if k else 1}">{t}</th>' for k, t in enumerate(["left", *titles]))
    rows = []
    for theta, left in formulas.left.items():
        cells = [_number(outputs.at(left))]
        terms = [outputs.at(term) for _, term in formulas.terms[theta].values()]
        for side in formulas.sides:
            sides = " ".join(map(str, [outputs.at(left), outputs.at(side.values[theta]), *terms]))
            cells += [f'<td class="is" data-sides="{sides}"></td>', _number(outputs.at(side.values[theta]))]
        rows.append(f'<tr><th scope="row">{mathml(derivative_latex("", theta))}</th>{"".join(cells)}</tr>')
    # read aloud whole, many numbers would drown the reader
    aloud = ' aria-live="polite"' if len(formulas.left) <= MANY else ""
    return (
        '<section class="theorem"><h3>Both sides of the theorem</h3>'
        f'<p class="J">{mathml("J")} = <output data-out="{outputs.at(formulas.J)}"></output></p>'
        f'<dl>{"".join(meanings)}</dl><div class="pane"{aloud} role="region" '
        'aria-label="Both sides of the theorem"><table>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _plots(controls: Sequence[Control], count: int, objective: Objective) -> str:
    total = "the claimed sum" if objective is Objective.STATIONARY_VALUE else "the theorem's sum"
    if count == 0:
        return ""
    thetas = [plain_symbol(c.symbol.name) for c in controls[:count]]
    if count == 1:
        text = (
            f"Above, J and the line through the current point whose slope is {total}. Below, dJ/d{thetas[0]} as a line "
            f"and {total} as dots."
        )
        inner = '<svg class="upper" role="img"></svg><svg class="lower" role="img"></svg>'
        return f'<figure class="plots">{inner}<figcaption>{escape(text)}</figcaption></figure>'
    selects = []
    for axis, at in (("across", 0), ("up", 1)):
        options = "".join(
            f'<option value="{k}"{" selected" if k == at else ""}>{escape(name)}</option>'
            for k, name in enumerate(thetas)
        )
        selects.append(f"<label>{axis} <select>{options}</select></label>")
    text = (
        f"Arrows show grad J, long where it is large; the shade shows J. At the current point {total} is drawn dashed "
        "over grad J. Point at the field to move there."
    )
    return (
        f'<figure class="plots"><div class="axes">{"".join(selects)}</div><svg role="img"></svg>'
        f"<figcaption>{escape(text)}</figcaption></figure>"
    )


def _graph(picture: Picture | None, objective: Objective) -> str:
    if picture is None:
        return ""
    share = mathml(quantity_latex(objective.definition.share, "s").replace(r"\mathrm{s}", "s"))
    natural = f"--natural: {picture.box[2]:.0f}px"
    caption = (
        f"A state is the bluer, the larger its share {share} of the visits; an arrow is the wider, the more probable "
        "the policy makes it."
    )
    return (
        f'<figure class="graph{" wide" if picture.box[2] > WIDE else ""}" style="{natural}">'
        f'<div class="pane" role="region" aria-label="Graph">{write(picture)}</div>'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _terms(formulas: LiveFormulas, outputs: Outputs, objective: Objective) -> str:
    thetas = list(formulas.left)
    if not thetas:
        return ""
    options = "".join(f'<option value="{k}">{escape(plain_symbol(t.name))}</option>' for k, t in enumerate(thetas))
    select = f"<label>for <select>{options}</select></label>" if len(thetas) > 1 else ""
    names = [
        _at(objective.definition.weight, "s"),
        r"\frac{\partial \pi(a \mid s)}{\partial \theta}",
        _at("Q", "s", "a"),
    ]
    head = _head("s", "a", *names)
    return (
        f'<section class="terms"><h3>The sum, term by term</h3>{select}'
        '<div class="pane" role="region" aria-label="The sum, term by term"><table>'
        f'<thead><tr>{head}<th scope="col">product</th></tr></thead><tbody></tbody>'
        '<tfoot><tr><th scope="row" colspan="5">sum</th><td class="total"></td></tr></tfoot>'
        "</table></div></section>"
    )


def _values(formulas: LiveFormulas, outputs: Outputs, objective: Objective) -> str:
    names = labels([*formulas.state_values, *(a for row in formulas.pi.values() for a in row)])
    quantities = [
        _at("h" if objective is Objective.AVERAGE_REWARD else "V", "s"),
        _at(objective.definition.weight, "s"),
    ]
    head = _head("s", *quantities, "a", _at("pi", "a", "s"), _at("Q", "s", "a"))
    rows = []
    for s in formulas.state_values:
        actions = [a for a in formulas.pi.get(s, ()) if (s, a) in formulas.action_values]
        span = f' rowspan="{len(actions)}"' if len(actions) > 1 else ""
        weight = _number(outputs.at(formulas.weights[s]), span) if s in formulas.weights else f"<td{span}></td>"
        value = _number(outputs.at(formulas.state_values[s]), span)
        state = f'<th scope="rowgroup"{span}>{escape(names[s])}</th>{value}{weight}'
        for k, a in enumerate(actions):
            numbers = [formulas.pi[s][a], formulas.action_values[s, a]]
            pair = f'<th scope="row">{escape(names[a])}</th>' + "".join(_number(outputs.at(n)) for n in numbers)
            rows.append(f"<tr>{pair}</tr>" if k else f'<tr class="first">{state}{pair}</tr>')
        if not actions:
            rows.append(f'<tr class="first">{state}<td></td><td></td><td></td></tr>')
    return (
        '<section class="values"><h3>Values</h3><div class="pane" role="region" aria-label="Values">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></section>"
    )


def _head(*names: str) -> str:
    """Cells of a head; the names of states and actions stand at the left of their columns."""
    return "".join(f'<th scope="col"{" class=name" if n in "sa" else ""}>{mathml(n)}</th>' for n in names)


def _number(place: int, attributes: str = "") -> str:
    return f'<td{attributes} data-out="{place}"></td>'


def _at(name: str, *places: str) -> str:
    """A quantity at s and a, which are variables here and not names."""
    return re.sub(r"\\mathrm\{(\w)\}", r"\1", quantity_latex(name, *places))


def symbol(name: str) -> str:
    """A symbol's name as HTML: a letter, and what follows it as an index.

    >>> symbol("theta_s1_R"), symbol("slip")
    ('<i>θ</i><sub>s1 R</sub>', '<i>slip</i>')
    """
    stem, *rest = re.split(r"_", plain_symbol(name), maxsplit=1)
    index = f"<sub>{escape(rest[0].replace('_', ' '))}</sub>" if rest and rest[0] else ""
    return f"<i>{escape(stem)}</i>{index}"
