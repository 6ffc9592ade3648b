"""What an audit found: the verdict, the region of the bias, and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from pgsym.auditing.controls import Best
from pgsym.auditing.diagnose import Diagnosis
from pgsym.auditing.problem_arrays import Floats
from pgsym.auditing.sequential import Region
from pgsym.auditing.targets import AuditTarget
from pgsym.display.figure import new_figure
from pgsym.display.result import TableResult, data_frame, finite
from pgsym.expression.complaint import listed
from pgsym.model.mdp import Action, State
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


ROUNDING_ACROSS = 1e-12
"""A relative component that is rounding of the subtraction."""
ROWS = 24
"""Parameters that a table or a picture shows; those of the largest deviation where there are more."""


class BiasVerdict(StrEnum):
    """What an audit can say."""

    UNBIASED = "unbiased"
    BELOW_DELTA = "biased, below delta"
    BIASED = "biased"
    UNDECIDED = "undecided"


@dataclass(frozen=True, repr=False)
class AuditResult(TableResult):
    """The answer to: is this estimator's mean the true gradient?

    ``unbiased`` says that the confidence region of the bias holds 0 and lies within delta of it; ``biased, below
    delta`` that it lies within delta and does not hold 0; ``biased`` that 0 lies outside it.  Each statement is wrong
    with probability at most alpha, whenever the audit stopped.

    See Also
    --------
    pgsym.audit : Makes it.
    pgsym.assert_unbiased : The same as a test.
    """

    verdict: BiasVerdict
    target: AuditTarget
    also: tuple[AuditTarget, ...]
    """Other targets whose exact value is the same here."""
    params: tuple[str, ...]
    truth: Floats
    """[k] the exact target."""
    bias: Floats
    """[k] exact, or its estimate."""
    standard_error: Floats
    """[k] of `bias`; 0 in exact mode."""
    intervals: Floats
    """[k, 2] of the bias, all valid jointly."""
    bound: float
    """Upper bound of the norm of the bias, relative to `scale`; exact in exact mode."""
    scale: float
    """What delta is relative to: the norm of the truth."""
    delta: float
    alpha: float
    power: float
    detectable: float | None
    """The smallest relative bias in the gradient's direction that this sample finds with probability `power`."""
    needed: int | None
    """Of an undecided audit: episodes after which it would have decided for certain; None if rounding prevents it."""
    n: int
    """Episodes sampled (exact mode: enumerated batches)."""
    batch_size: int
    horizon: int
    layout: str
    mode: str
    """``sample`` or ``exact``."""
    seed: int | None
    seconds: float
    covariance: Floats
    """[k, k] of one batch's estimate: exact, or of the sample."""
    best: Best
    """The correct estimators that its spread is compared with."""
    up_to_scale: bool
    factor: float
    """The observed mean's component along the truth, relative to it: 1 for an unbiased estimator."""
    region: Region | None
    """Of the bias, in sample mode."""
    diagnosis: Diagnosis | None
    """Of a biased estimator."""
    multisets: bool = False
    """Of the batches that differ only in their order one was enumerated, since the estimator does not depend on it."""
    doubt: str = ""
    """Why a bias that the sample shows is not believed yet."""
    interrupted: bool = False
    """Stopped by Ctrl-C or `max_seconds`: the answer is that of the last look."""
    own: str = ""
    """The expression of the claim language that is the target, in place of `target`."""
    unseen: tuple[tuple[State, Action], ...] = ()
    """What the policy does and the data never hold."""
    assumption: str = ""

    @property
    def unbiased(self) -> bool:
        """Whether no bias was found, and none above delta is left."""
        return self.verdict is BiasVerdict.UNBIASED

    @property
    def tolerated(self) -> bool:
        """Whether the bias lies within delta, found or not."""
        return self.verdict in (BiasVerdict.UNBIASED, BiasVerdict.BELOW_DELTA)

    @property
    def trace(self) -> float:
        """Of `covariance`."""
        return float(np.trace(self.covariance))

    @property
    def across(self) -> float:
        """Norm of the mean's component across the truth, relative to `scale`: 0 where only the length is wrong."""
        found = float(np.linalg.norm(self.mean - self.factor * self.truth)) / self.scale
        return found if found > ROUNDING_ACROSS else 0.0

    @property
    def mean(self) -> Floats:
        """[k] the estimator's mean, exact or estimated (with control variates)."""
        return self.truth + self.bias

    @property
    def relative_bias(self) -> float:
        """Norm of the bias relative to `scale`; across the truth only, if judged up to scale."""
        judged = self.bias
        if self.up_to_scale:
            judged = judged - (judged @ self.truth) / (self.truth @ self.truth) * self.truth
        return float(np.linalg.norm(judged)) / self.scale

    @property
    def cosine(self) -> float | None:
        """Of the angle between the mean and the truth; None if one of them is 0."""
        norm = float(np.linalg.norm(self.mean) * np.linalg.norm(self.truth))
        return float(self.mean @ self.truth) / norm if norm else None

    @property
    def variance_ratio(self) -> float | None:
        """Trace of the covariance, relative to that of the best correct estimator (`best`): exact, or sampled too."""
        spread = self.best.spread
        return self.trace / spread.trace if spread is not None and spread.trace else None

    def rows(self) -> list[tuple[str, float, float, float, float | None]]:
        """(parameter, exact, observed, standard error, predicted by the diagnosis)."""
        predicted = self.diagnosis.predicted if self.diagnosis else None
        shown = [None] * len(self.params) if predicted is None else predicted.tolist()
        columns = (self.truth.tolist(), self.mean.tolist(), self.standard_error.tolist(), shown)
        return list(zip(self.params, *columns, strict=True))

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        meant = (self.own or f"grad {_TARGETS[self.target]}") + (
            ", up to a positive factor" if self.up_to_scale else ""
        )
        answer = "biased estimator"
        if self.verdict is BiasVerdict.BELOW_DELTA:
            answer = f"biased, below delta = {self.delta:g}, as an estimator"
        if self.verdict is BiasVerdict.UNBIASED:
            answer = "unbiased estimator" if self.delta == 0 else f"unbiased within {self.delta:g} as an estimator"
        if self.mode == "exact":
            batches = f"{self.n} batches of {self.batch_size} enumerated"
            if self.multisets:
                batches += " whatever their order, on which the estimate did not depend in a few"
            return f"{answer} of {meant}: relative bias {self.relative_bias:.3g}, exactly ({batches})"
        size = f"relative bias {self.relative_bias:.2g}, at most {self.bound:.2g}"
        if self.verdict is not BiasVerdict.UNDECIDED:
            return f"{answer} of {meant}: {size} ({self.n} episodes, error rate {self.alpha:g})"
        remedy = "rounding hides a bias this small: use float64, or a larger delta"
        if self.doubt:
            remedy = f"{self.doubt}. Give more samples, or a shorter horizon"
        elif self.needed:
            remedy = f"{self.needed} episodes would decide"
        return f"undecided for {meant}: {size}; {remedy}"

    @property
    def silent(self) -> bool:
        """Whether every estimate was 0, to rounding."""
        spread = np.sqrt(np.abs(np.diag(self.covariance)))
        return bool(max(np.abs(self.mean).max(), spread.max()) <= ROUNDING_ACROSS * self.scale)

    @property
    def details(self) -> list[str]:
        """Cosine, variance, power, other targets."""
        out = []
        if self.silent:
            out.append(
                "every estimate was 0: nothing is learned from it. An advantage over a group of one episode is 0: give "
                "group_size, such as 4"
            )
        elif self.cosine is not None:
            out.append(
                f"scale: along the true gradient its mean is {self.factor:.5g} times as long; direction: "
                f"{self.across:.3g} of the true length stands across it (cosine {self.cosine:.5g})"
            )
        spread = self.best.spread
        if self.variance_ratio is not None and spread is not None:
            best = f"{spread.name} ({'by its exact law' if spread.exact else 'on the same batches'})"
            out.append(f"variance {self.variance_ratio:.3g} times that of {best}, the best correct one")
        if self.detectable is not None:
            out.append(f"a relative bias of {self.detectable:.2g} is found with probability {self.power:g}")
        if self.unseen:
            shown = listed(f"{a!r} in {s!r}" for s, a in self.unseen)
            out.append(f"the data never hold {shown}, which the policy does: no weight of what is there repairs that")
        if self.interrupted:
            out.append("stopped early: the answer is that of the last look")
        if self.also:
            out.append(f"the targets {', '.join((self.target, *self.also))} are the same gradient here")
        return out

    @property
    def trust(self) -> Trust:
        """A statistical test; in exact mode, floating-point arithmetic over all batches."""
        return Trust(Level.FLOAT) if self.mode == "exact" else Trust(Level.SAMPLED, false_alarm=self.alpha)

    LEFT = (0,)

    def cells(self) -> list[tuple[str, ...]]:
        """Exact beside observed, and beside what the diagnosis predicts; of many, those of the largest deviation."""
        rows = sorted(self.rows(), key=lambda row: -abs(row[2] - row[1])) if len(self.params) > ROWS else self.rows()
        shown = [
            (name, f"{exact:.6g}", f"{seen:.6g}", f"{se:.1e}", "" if guess is None else f"{guess:.6g}")
            for name, exact, seen, se, guess in rows[:ROWS]
        ]
        if len(rows) > ROWS:
            shown.append((f"... {len(rows) - ROWS} more, all closer", "", "", "", ""))
        wide = 5 if self.diagnosis is not None and self.diagnosis.predicted is not None else 4
        return [row[:wide] for row in (("parameter", "exact", "observed", "s.e.", "predicted"), *shown)]

    @property
    def above(self) -> list[str]:
        return [self.headline]

    @property
    def below(self) -> list[str]:
        """What else is known, and the diagnosis."""
        return [*self.details, *([] if self.diagnosis is None else [str(self.diagnosis)])]

    def frame(self) -> Any:
        return data_frame(["parameter", "exact", "observed", "standard_error", "predicted"], self.rows())

    def plot(self) -> Figure:
        """Left, the joint interval of each coordinate's bias; right, for two coordinates, the ellipse they come from.

        Everything is relative to the norm of the true gradient, as delta is.  The biases that are tolerated lie in the
        grey disc, whose shadow on each axis is the grey band.
        """
        flat = len(self.params) == 2 and self.region is not None
        shown = np.sort(np.argsort(-np.abs(self.bias), kind="stable")[:ROWS])
        figure = new_figure(9.0 if flat else 7.0, max(1.8 + 0.3 * len(shown), 3.6 if flat else 0.0))
        axes = figure.subplots(1, 2 if flat else 1, squeeze=False)[0]
        _intervals(axes[0], self, shown)
        if flat and self.region is not None:
            _ellipse(axes[1], self, self.region)
        figure.suptitle(self.headline, fontsize="small", wrap=True)
        return figure

    def to_json(self) -> dict[str, Any]:
        found, spread = self.diagnosis, self.best.spread
        return finite({
            "verdict": self.verdict.value,
            "target": self.own or self.target.value,
            "same_as": [t.value for t in self.also],
            "relative_bias_bound": self.bound,
            "detectable_relative_bias": self.detectable,
            "episodes_needed": self.needed,
            "trust": self.trust.to_json(),
            "variance_trace": self.trace,
            **{name: getattr(self, name) for name in _PLAIN},
            "variance_compared_with": None if spread is None else {"estimator": spread.name, "exact": spread.exact},
            "diagnosis": None
            if found is None
            else {
                "mistakes": [m.key for m in found.mistakes],
                "base": found.base,
                "reproduced": found.reproduced,
                "others": list(found.others),
                "text": str(found),
            },
            "grad": {
                name: {"exact": exact, "observed": seen, "standard_error": se, "interval": interval, "predicted": guess}
                for (name, exact, seen, se, guess), interval in zip(self.rows(), self.intervals.tolist(), strict=True)
            },
        })  # fmt: skip


_PLAIN = (
    "relative_bias", "delta", "alpha", "power", "n", "mode", "batch_size", "horizon", "layout", "seed", "cosine",
    "factor", "across", "up_to_scale", "variance_ratio", "multisets",
)  # fmt: skip
"""What plain data has under the names of the fields."""

_TARGETS = {AuditTarget.TRUNCATED: "J_T", AuditTarget.BOOTSTRAP: "(J_T + gamma^T V(s_T))", AuditTarget.OBJECTIVE: "J"}


CORNERS = 200
"""Points of an ellipse."""


def _intervals(axes: Any, result: AuditResult, shown: Any) -> None:
    rows, bias = np.arange(len(shown)), result.bias[shown] / result.scale
    reach = np.abs(result.intervals[shown].T / result.scale - bias)
    axes.axvspan(-result.delta, result.delta, color="0.9", label=f"tolerated, delta = {result.delta:g}")
    axes.axvline(0, color="0.5", linewidth=0.8)
    axes.errorbar(bias, rows, xerr=reach, fmt="o", markersize=4, capsize=3, label="bias, joint intervals")
    if result.diagnosis is not None and result.diagnosis.predicted is not None:
        predicted = (result.diagnosis.predicted - result.truth)[shown] / result.scale
        axes.plot(predicted, rows, "D", fillstyle="none", color="C3", label=result.diagnosis.key)
    axes.set_yticks(rows, [result.params[i] for i in shown])
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("bias relative to |gradient|")
    axes.legend(fontsize="small")


def _ellipse(axes: Any, result: AuditResult, region: Region) -> None:
    spread, directions = region.axes
    turn = np.linspace(0, 2 * np.pi, CORNERS)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    edge = region.centre[:, None] + directions @ (np.sqrt(region.squared_radius * spread)[:, None] * circle)
    axes.fill(*(result.delta * circle), color="0.9")
    axes.plot(*(edge / result.scale))
    axes.plot(*(region.centre / result.scale), "o", color="C0", markersize=4)
    axes.plot(0, 0, "+", color="0.3", markersize=10)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"bias of {result.params[0]}")
    axes.set_ylabel(f"bias of {result.params[1]}")
