r"""What TeX writes in several ways, and commands by what they do to a formula.

>>> print(SAME["\\leqslant"], SAME["\\dfrac"])
\le \frac
"""

from __future__ import annotations

from pgsym.claims.language.characters import TEX


def split_words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SIZES = " ".join("\\" + size + side for size in ("big", "Big", "bigg", "Bigg") for side in ("", "l", "r", "m"))
LOOKS = split_words(
    r"\left \right \middle \limits \nolimits \displaystyle \textstyle \nonumber \notag \hfill \noindent \, \; \: \! \> "
    r"\mathstrut \scriptstyle \scriptscriptstyle \scriptsize \footnotesize \small \tiny " + SIZES
) | {"\\ "}
LOOKS_OF_ONE = split_words(r"\label \tag \color \vspace \hspace \phantom \eqref \textcolor")
WRAPS = split_words(r"\cancel \mathop \boxed \mathrm \mathbf \boldsymbol \bm \mathit \operatorname \mathsf \rm \bf")
FONTS = split_words(r"\mathbb \mathcal \mathscr \mathfrak \hat \widehat \tilde \widetilde \bar \overline \vec \dot")
WORDS = split_words(r"\text \textrm \textit \textbf \mbox \hbox \intertext \texttt \textsf")
_ONE_OF = (
    r"\| \Vert \lVert \rVert \parallel", r"| \vert \mid \lvert \rvert", r"\log \ln", r"* \cdot \times \ast \star",
    r"\{ \lbrace", r"\} \rbrace", r"[ \lbrack", r"] \rbrack",
    r"\le \leq <= \leqslant \leqq \preceq \preccurlyeq", r"\ge \geq >= \geqslant \geqq \succeq \succcurlyeq",
    r"' \prime", r"\frac \dfrac \tfrac", r"\int \iint", r"\rightarrow \to", r"\max \sup", r"\min \inf", r"< \lt \prec",
    r"> \gt \succ", r"\neq \ne", r":= \coloneqq \triangleq \doteq \equiv \defeq", r"\phi \varphi",
    r"\epsilon \varepsilon", r"\approx \simeq \cong \asymp \lesssim \gtrsim", r"\dots \dotsc \cdots \ldots",
    r"gap \quad \qquad", r"\Rightarrow \implies \Longrightarrow \therefore",
    r"\iff \Leftrightarrow \Longleftrightarrow",
)  # fmt: skip
SAME = {other: one for one, *others in map(str.split, _ONE_OF) for other in others} | TEX
"""Other spellings of one symbol."""
NAMES = ("log", "ln", "exp", "max", "min", "argmax", "arg", "Pr", "lim", "sg", "Var", "Cov")
"""Names of functions and operators, as words."""
ROWS = split_words(
    "align aligned equation gather gathered split multline eqnarray alignat displaymath math flalign dmath"
)
"""Environments of rows; what they hold stands for itself."""
GREEK = split_words(
    r"\alpha \beta \gamma \delta \epsilon \zeta \eta \theta \iota \kappa \lambda \mu \nu \xi \pi \rho \sigma \tau \phi "
    r"\chi \psi \omega \Gamma \Delta \Theta \Lambda \Xi \Pi \Sigma \Phi \Psi \Omega \ell \vartheta \varrho"
)
"""Letters that are commands."""
OPERATORS = split_words(
    r"* | ' < > := [ ] \{ \} \le \ge \neq \propto \approx \sim \in \rightarrow \leftarrow \Rightarrow \forall \simeq - "
    r"\| \Vert \cong \gets \Leftarrow \lVert \rVert \ll \gg"
)
"""What stands between symbols."""
