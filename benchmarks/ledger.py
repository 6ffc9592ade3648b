"""The ledger: claims of papers and issue threads about gradient estimators of language models, and what is true.

    python benchmarks/ledger.py           print docs/ledger.md (some two minutes)
    python benchmarks/ledger.py --write   write it
    python benchmarks/ledger.py --only 4 9   these claims alone

Each claim has cases: a line of code whose value has to stand in a relation to a number.  The line is printed, and the
same line is run, among the names of this file; means of estimators are exact, over all batches.  A claim is confirmed
if each case holds, refuted if none does, and conditional otherwise.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import sympy as sp

from pgsym.auditing import (
    GROUP_ESTIMATORS,
    AuditResult,
    Case,
    Rollouts,
    TokenLoss,
    audit,
    binary_scale,
    standard_suite,
    token_suite,
)
from pgsym.auditing.recipes import Recipe
from pgsym.estimators.groups import P
from pgsym.estimators.token_losses import compare_returns
from pgsym.model import Problem, token_tree

PAGE = Path(__file__).parent.parent / "docs" / "ledger.md"
CASES = {case.name: case for case in (*token_suite(), *standard_suite())}
ROUNDING = 1e-9
"""Of sums in float64 over at most 50,000 batches."""
HALF = sp.Rational(1, 2)

# -- the names that the lines use --------------------------------------------------------------------------------------

BY_BATCH = Recipe(whole_return=True, compared="leave-one-out", average="steps")
BY_GROUP = Recipe(whole_return=True, compared="leave-one-out", average="group's steps")
BY_LENGTH = Recipe(whole_return=True, compared="leave-one-out", average="own steps")
DIVIDED = Recipe(whole_return=True, compared="mean", average="slots")
NO_END = Recipe(whole_return=True, compared="leave-one-out", drop_last=True)
OTHERS_OF_THE_BATCH = Recipe(whole_return=True, compared="leave-one-out", among="batch")
NORMALISED = Recipe(centre="mean-std")
OLD = 2
"""Data of the policy at this temperature."""
TOP = ("top-k", 2)
OF_TOKENS = TokenLoss(compared="leave-one-out", ratio="token")
OF_MEANS = TokenLoss(compared="leave-one-out", ratio="sequence mean")
EARLIER = replace(GROUP_ESTIMATORS["tis-of-sequences"].loss, high=0.2)
"""Truncated at 1.2."""
TOKEN_RATIO = TokenLoss(ratio="token")
UNCLIPPED = replace(GROUP_ESTIMATORS["grpo"].loss, clip="none")
ONE_TOKEN = {"theta_q_a": "log(6)", "theta_q_b": "log(3)"}
CASES["one-token"] = Case("one-token", token_tree("q", "abc", 1, {"q a"}).at(theta=ONE_TOKEN), {}, 1)


@cache
def exact(
    estimator: Any, model: str = "end-of-sequence", G: int = 4, groups: int = 1, times: int = 1, data: Any = None
) -> AuditResult:
    """The exact law of an estimator; `times` multiplies the rewards, `data` is what collected."""
    case = CASES[model]
    problem = case.problem
    if times != 1:
        mdp = problem.mdp.from_transitions(
            [(s, a, t, p, times * r) for s, a, t, p, r in problem.mdp.rows],
            start=problem.mdp.start,
            terminal=problem.mdp.terminal,
        )
        problem = Problem(mdp, problem.policy, theta=problem.theta)
    options = {"horizon": min(case.horizon, 3), "group_size": G, "batch_size": G * groups}
    return audit(problem, estimator, mode="exact", explain=False, behaviour=_data(data), **options)


def _data(data: Any) -> Any:
    return {"temperature": data} if isinstance(data, int) else dict([data]) if data else None


def elsewhere(estimator: Any, model: str, data: Any = OLD, G: int = 2) -> AuditResult:
    """The same for data of another policy."""
    return exact(estimator, model, G, data=data)


def gap(one: Any, other: Any, *where: Any) -> float:
    """Distance of two exact means, relative to the true gradient."""
    x, y = exact(one, *where), exact(other, *where)
    return float(np.linalg.norm(x.mean - y.mean)) / x.scale


def gap_of_scales(estimator: Any, model: str, times: int) -> float:
    """The same for the rewards and so many times the rewards."""
    x, y = exact(estimator, model), exact(estimator, model, times=times)
    return float(np.linalg.norm(x.mean - y.mean)) / x.scale


def scale(name: str, G: int, p: Any) -> float:
    return float(binary_scale(name, G).subs(P, p))


def advantage(how: Any, G: int, ones: int, own: int) -> float:
    """Of a sequence with that reward among G."""
    rewards = np.array([[1.0] * ones + [0.0] * (G - ones)])
    return float(compare_returns(rewards, how)[0, 0 if own else -1])


def rewards(batch: Any) -> Any:
    return batch.sequence_rewards.reshape(-1, batch.group_size)


def sums(batch: Any) -> Any:
    """[episodes, k] the scores of each sequence."""
    return (batch.mask[..., None] * batch.scores).sum(1)


def largest_loss(per_sequence: bool) -> float:
    """The loss of GRPO at ratio 1, of 64 batches the largest."""
    case, found = CASES["end-of-sequence"], []
    rollouts = Rollouts(case.problem, horizon=2, batch_size=8, group_size=4)
    for seed in range(64):
        batch = rollouts.batch(seed=seed)
        A = compare_returns(rewards(batch), "std", 1e-8).reshape(-1, 1) * batch.mask
        found.append((A.sum(1) / batch.mask.sum(1)).mean() if per_sequence else A.sum() / batch.mask.sum())
    return float(np.abs(found).max())


def micro_batches_of_tokens(theta: Any, batch: Any) -> Any:
    """Leave-one-out in micro-batches of one group, whose means over tokens are averaged."""
    parts = compare_returns(rewards(batch), "leave-one-out")[..., None] * sums(batch).reshape(
        -1, batch.group_size, len(theta)
    )
    return (parts.sum(1) / batch.mask.sum(1).reshape(-1, batch.group_size).sum(1)[:, None]).mean(0)


def micro_batches_of_sequences(theta: Any, batch: Any) -> Any:
    """The same with means over each sequence."""
    own = (sums(batch) / batch.mask.sum(1)[:, None]).reshape(-1, batch.group_size, len(theta))
    return (compare_returns(rewards(batch), "leave-one-out")[..., None] * own).mean(1).mean(0)


def summed_over_sequences(theta: Any, batch: Any) -> Any:
    A = compare_returns(rewards(batch), "mean").reshape(-1, 1)
    return (A * sums(batch)).sum(0) / batch.horizon


def others_deviation(theta: Any, batch: Any) -> Any:
    """Leave-one-out over the deviation of the others, where that is not 0."""
    R = rewards(batch)
    G = R.shape[1]
    keep = ~np.eye(G, dtype=bool)
    others = np.stack([R[:, keep[i]] for i in range(G)], axis=1)
    spread = others.std(2)
    A = (R - others.mean(2)) / np.where(spread > 0, spread, 1.0)
    return (A.reshape(-1, 1) * sums(batch)).mean(0)


def _filtered(batch: Any, kept_only: bool) -> Any:
    R = rewards(batch)
    keep = R.std(1) > 0
    A = compare_returns(R, "std", 1e-8) * keep[:, None]
    total = (A.reshape(-1, 1) * sums(batch)).sum(0) / batch.group_size
    return total / max(int(keep.sum()), 1) if kept_only else total / len(R)


def filtered(theta: Any, batch: Any) -> Any:
    """Groups of equal rewards dropped, divided by all groups."""
    return _filtered(batch, False)


def filtered_mean(theta: Any, batch: Any) -> Any:
    """The same divided by the groups that are left."""
    return _filtered(batch, True)


# -- Kullback-Leibler terms --------------------------------------------------------------------------------------------

UNIFORM = {"temperature": 10**9}
THETA = {"theta_q_a": "log(2)", "theta_q_x": "-log(3)", "theta_q_a_a": "-log(2)"}


@cache
def law(loss: Any, length: int = 2, data: Any = None) -> AuditResult:
    """Exactly, on answers of so many tokens, with the divergence from a uniform policy beside the rewards."""
    theta = {name: x for name, x in THETA.items() if len(name) < 11 or length > 1}
    problem = token_tree("q", "abx", length, {"q x"}, eos="x").at(theta=theta)
    options = {"horizon": length, "batch_size": 1, "explain": False, "kl_to": UNIFORM, "beta": 1}
    return audit(problem, loss, mode="exact", behaviour=_data(data), **options)


def _slope(length: int) -> Any:
    """The gradient of the divergence of sequences."""
    return law("reinforce", length).mean - law("reinforce", length).truth


def relative(x: Any, length: int) -> float:
    return float(np.linalg.norm(x) / np.linalg.norm(_slope(length)))


def kl_bias(loss: Any, length: int = 2, data: Any = None) -> float:
    """Distance of the mean of a term's gradient from that of the divergence, relative to it."""
    found = law(loss, length, data)
    return relative(found.mean - law("reinforce", length, data).mean + _slope(length), length)


def kl_gap(one: Any, other: Any, length: int = 2) -> float:
    return relative(law(one, length).mean - law(other, length).mean, length)


def forward_gap(loss: Any, length: int = 2) -> float:
    """The same as `kl_bias` for the divergence of the uniform policy from this one."""
    forward = law(minus_scores, length, 10**9).mean
    return relative(law(loss, length).mean - law("reinforce", length).mean + forward, length)


def entropy_bias(loss: Any, length: int) -> float:
    """The same as `kl_bias` for a bonus of entropy, relative to its gradient."""
    problem = token_tree("q", "abx", length, {"q x"}, eos="x").at(
        theta={name: x for name, x in THETA.items() if len(name) < 11 or length > 1}
    )
    options = {"horizon": length, "batch_size": 1, "explain": False, "entropy": 1}
    found, plain = (audit(problem, x, mode="exact", **options) for x in (loss, "reinforce"))
    return float(np.linalg.norm(found.bias) / np.linalg.norm(plain.bias))


def minus_scores(theta: Any, batch: Any) -> Any:
    return -sums(batch).mean(0)


def kl_value(k: str, length: int = 2) -> float:
    """Mean of the estimates themselves, relative to the divergence of sequences."""

    def estimate(theta: Any, batch: Any) -> Any:
        d = (batch.log_probs - batch.reference_log_probs) * batch.mask
        return np.full(len(theta), {"k1": d, "k2": d**2 / 2, "k3": np.exp(-d) + d - 1}[k].sum())

    def divergence(theta: Any, batch: Any) -> Any:
        return np.full(len(theta), ((batch.log_probs - batch.reference_log_probs) * batch.mask).sum())

    return float(law(estimate, length).mean[0] / law(divergence, length).mean[0])


def kept_mass() -> float:
    """What top-k of 2 keeps of the probability of one token."""
    problem = CASES["one-token"].problem
    return float(sum(sorted(map(float, problem.policy.at(dict(problem.point))["q"].values()))[-2:]))


def mean_ratio(length: str, model: str, data: Any = OLD) -> float:
    """Mean over sequences of exp of the sum or the mean of their log-ratios."""

    def estimate(theta: Any, batch: Any) -> Any:
        logs = np.where(batch.mask, batch.log_probs - np.log(batch.behaviour_probs), 0.0).sum(1)
        own = batch.mask.sum(1)
        return np.full(len(theta), np.exp(logs / own if length == "mean" else logs).mean())

    return float(elsewhere(estimate, model, data, 1).mean[0])


# -- the claims --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of code and what its value has to be."""

    model: str
    line: str
    relation: str
    bound: float

    def judge(self) -> tuple[float, bool]:
        """(the value, whether it is as required)."""
        value = float(eval(self.line, globals()))
        if not math.isfinite(value):
            raise ValueError(f"{self.line} is {value}; a number is required. Mend the line")
        close = abs(value - self.bound) <= ROUNDING * max(1.0, abs(self.bound))
        holds = {"=": close, "<": value < self.bound and not close, ">": value > self.bound and not close}
        return value, holds[self.relation]


@dataclass(frozen=True)
class Claim:
    """A statement, who made it, and what decides it."""

    text: str
    source: str
    cases: tuple[Line, ...]
    remark: str = ""


def on(models: str, line: str, relation: str, bound: float) -> tuple[Line, ...]:
    """The same line on several models, whose name it has as MODEL."""
    return tuple(Line(m, line.replace("MODEL", repr(m)), relation, bound) for m in models.split())


def at(model: str, line: str, relation: str, bound: float) -> Line:
    return Line(model, line, relation, bound)


TOKENS = "equal-lengths end-of-sequence two-prompts token-rewards"
DR_GRPO = "Liu et al. 2025, arXiv 2503.20783"

CLAIMS = (
    Claim(
        "RLOO is unbiased",
        "Ahmadian et al. 2024, arXiv 2402.14740",
        on(TOKENS, "exact('rloo', MODEL).relative_bias", "=", 0),
    ),
    Claim(
        "Leave-one-out over all sequences of a batch, other prompts included, is unbiased too",
        "asked in OpenRLHF issue 843",
        on(TOKENS, "exact(OTHERS_OF_THE_BATCH, MODEL, 2, 2).relative_bias", "=", 0),
    ),
    Claim(
        "The mean reward of the group is an unbiased baseline",
        "understand-r1-zero issue 26",
        on(TOKENS, "exact('dr-grpo', MODEL).relative_bias", "=", 0),
        "The own reward is in the mean: the factor is 1 - 1/G. The direction is right.",
    ),
    Claim(
        "Centering by the group's mean multiplies the gradient by (G - 1)/G",
        "tinker-cookbook pull request 135",
        (
            at("any, rewards 0 and 1", "scale('dr-grpo', 2, HALF)", "=", 1 / 2),
            at("any, rewards 0 and 1", "scale('dr-grpo', 8, HALF)", "=", 7 / 8),
            *on("two-prompts token-rewards", "exact('dr-grpo', MODEL).factor", "=", 3 / 4),
            *on("two-prompts token-rewards", "exact('dr-grpo', MODEL).across", "=", 0),
        ),
    ),
    Claim(
        "Dr. GRPO has the direction of the true gradient",
        DR_GRPO,
        on(TOKENS, "exact('dr-grpo', MODEL).across", "=", 0),
    ),
    Claim(
        "Dividing by the own length, 1/|o|, turns the gradient",
        DR_GRPO + "; trl pull request 3138",
        on(TOKENS, "exact('grpo-no-std', MODEL).across", ">", 0),
        "Not where all sequences are equally long.",
    ),
    Claim(
        "1/|o| mitigates a length bias rather than causing one",
        "understand-r1-zero issue 25",
        on("end-of-sequence two-prompts", "exact('rloo', MODEL).across - exact(BY_LENGTH, MODEL).across", ">", 0),
        "The sum over tokens has no bias that could be mitigated.",
    ),
    Claim(
        "Without 1/|o|, GRPO has the direction of the true gradient",
        "trl pull request 4988",
        on(TOKENS, "exact('grpo-sum', MODEL).across", "=", 0),
        "The standard deviation is left: with one prompt and rewards 0 and 1 it is a scale only.",
    ),
    Claim(
        "Dividing by the standard deviation gives easy and hard questions larger gradients",
        DR_GRPO + "; tinker-cookbook issue 579",
        tuple(
            at("any, rewards 0 and 1", f"scale('grpo-sum', {G}, 0.01) / scale('grpo-sum', {G}, HALF)", ">", 1)
            for G in (2, 3, 4, 8, 16)
        ),
        "Not for groups of 2 and 3, where the scale does not depend on p.",
    ),
    Claim(
        "With rewards 0 and 1, the weight of a question under GRPO grows without bound as its success becomes rare",
        "tinker-cookbook issue 579",
        tuple(at("any, rewards 0 and 1", f"scale('grpo-sum', {G}, 0)", ">", math.sqrt(G - 1)) for G in (2, 4, 8)),
        "It is a polynomial in p, whose value at 0 is sqrt(G - 1).",
    ),
    Claim(
        "The objective of GRPO for rewards 0 and 1 is 2 arcsin sqrt p, with the slope 1/sqrt(p (1 - p))",
        "Davis, Recht 2025, arXiv 2510.13651",
        (
            *(at("any, p = 1/2", f"scale('grpo-sum', {G}, HALF)", "=", 2) for G in (2, 4, 8)),
            at("any, p = 1/2", "scale('grpo-sum', 64, HALF)", ">", 1.98),
            at("any, p = 1/100", "scale('grpo-sum', 64, 0.01) * (0.01 * 0.99) ** 0.5", ">", 0.98),
        ),
        "Only in the limit of large groups, which a rare success makes slow.",
    ),
    Claim(
        "With the standard deviation of ddof 1, GRPO's gradient is sqrt(1 - 1/G) times that with ddof 0",
        "torch.std in trl, np.std in other code",
        on(TOKENS, "abs(exact('grpo-sample-std', MODEL).factor / exact('grpo', MODEL).factor - 0.75**0.5)", "<", 1e-6),
    ),
    Claim(
        "A global scale of the rewards cancels",
        "UniRL pull request 146",
        tuple(
            at("token-rewards", f"gap_of_scales('{name}', 'token-rewards', 15)", "<", 1e-6)
            for name in ("grpo", "reinforce++", "dr-grpo", "rloo")
        ),
        "Where returns are divided by their deviation.",
    ),
    Claim(
        "With beta = 0 and one iteration the loss of GRPO is exactly 0",
        "trl issue 2995",
        (
            at("end-of-sequence", "largest_loss(per_sequence=True)", "=", 0),
            at("end-of-sequence", "largest_loss(per_sequence=False)", "=", 0),
        ),
        "With a mean over the tokens of the batch it is not.",
    ),
    Claim(
        "Where that loss is 0 the gradient is not",
        "trl issue 3452",
        on(TOKENS, "np.linalg.norm(exact('grpo', MODEL).mean)", ">", 0),
    ),
    Claim(
        "In the first epoch the clip does nothing to the gradient; in later ones it does",
        "Schulman et al. 2017, arXiv 1707.06347; trl issues 3120, 3757",
        (
            *on("end-of-sequence two-prompts", "gap('grpo', UNCLIPPED, MODEL, 2)", "=", 0),
            *on("end-of-sequence two-prompts", "gap('grpo', UNCLIPPED, MODEL, 2, 1, 1, OLD)", ">", 0),
        ),
    ),
    Claim(
        "A mean over all tokens is another gradient than the paper's mean over each completion",
        "trl issue 3187",
        on(TOKENS, "gap('dapo', 'grpo', MODEL)", ">", 0),
    ),
    Claim(
        "The mean over all tokens is not the loss of Dr. GRPO, not even up to scale",
        "trl issue 3178",
        on(TOKENS, "exact(BY_BATCH, MODEL).across", ">", 0),
    ),
    Claim(
        "A mean over the tokens of each group is not that over the tokens of the batch",
        "verl issue 2776",
        on("equal-lengths end-of-sequence two-prompts", "gap(BY_GROUP, BY_BATCH, MODEL, 2, 2)", ">", 0),
    ),
    Claim(
        "Averaging the means of micro-batches is right for losses per sequence, and wrong for means over tokens",
        "verl pull request 906, verl issue 5625",
        (
            at("end-of-sequence", "gap(micro_batches_of_sequences, BY_LENGTH, 'end-of-sequence', 2, 2)", "=", 0),
            at("end-of-sequence", "gap(micro_batches_of_tokens, BY_BATCH, 'end-of-sequence', 2, 2)", ">", 0),
        ),
    ),
    Claim(
        "A sum over sequences where Dr. GRPO has a mean multiplies the gradient by the batch size",
        "verl issue 3741",
        (
            *on("two-prompts", "exact(summed_over_sequences, MODEL).factor / exact(DIVIDED, MODEL).factor", "=", 4),
            *on("two-prompts", "exact(summed_over_sequences, MODEL).across", "=", 0),
        ),
    ),
    Claim(
        "Leave-one-out and a normalisation by the deviation of the others are compatible: the direction is kept",
        "NeMo-RL issue 1518, pull request 1519",
        on("equal-lengths end-of-sequence two-prompts token-rewards", "exact(others_deviation, MODEL).across", "=", 0),
        "The own sample is not in the factor, so that for one prompt it is a scale whatever the rewards are.",
    ),
    Claim(
        "Normalising returns over the whole batch keeps the direction",
        "the normalisation of REINFORCE++, arXiv 2501.03262",
        on(TOKENS, "exact('reinforce++', MODEL, 2, 2).across", "=", 0),
    ),
    Claim(
        "Normalising advantages over the batch is no more than a change of scale",
        "asked in stable-baselines3 issue 485",
        on("terminal discounted random-rewards", "exact(NORMALISED, MODEL, 1, 2).across", "=", 0),
    ),
    Claim(
        "Groups of equal rewards give no gradient, so that dropping them changes nothing",
        "DAPO, arXiv 2503.14476",
        (
            *on("two-prompts", "gap(filtered, 'grpo-sum', MODEL, 2, 2)", "<", 1e-6),
            *on("two-prompts", "gap(filtered_mean, 'grpo-sum', MODEL, 2, 2)", "<", 1e-6),
        ),
        "Not where the sum is divided by the groups that are left.",
    ),
    Claim(
        "Advantages of 3 right among 8: 1.2076 and -0.7246 for GRPO, 0.7143 and -0.4286 for RLOO",
        "Relax issue 174",
        (
            at("8 rewards", "round(advantage('sample-std', 8, 3, own=1), 4)", "=", 1.2076),
            at("8 rewards", "round(advantage('sample-std', 8, 3, own=0), 4)", "=", -0.7246),
            at("8 rewards", "round(advantage('leave-one-out', 8, 3, own=1), 4)", "=", 0.7143),
            at("8 rewards", "round(advantage('leave-one-out', 8, 3, own=0), 4)", "=", -0.4286),
        ),
    ),
    Claim(
        "RLOO has less variance than REINFORCE",
        "Ahmadian et al. 2024, arXiv 2402.14740",
        (
            *on(TOKENS, "exact('rloo', MODEL).trace / exact('reinforce', MODEL).trace", "<", 1),
            *on(TOKENS, "exact('rloo', MODEL, 2).trace / exact('reinforce', MODEL, 2).trace", "<", 1),
        ),
    ),
    Claim(
        "With the own sample in the baseline the variance is less than that of RLOO",
        "CoursIA pull request 10269",
        (
            *on("two-prompts", "exact('dr-grpo', MODEL).trace / exact('rloo', MODEL).trace", "<", 1),
            *on("two-prompts", "exact('dr-grpo', MODEL).trace / exact('dr-grpo', MODEL).factor**2 / exact('rloo', "
                "MODEL).trace", "<", 1),
        ),
        "Only as a shorter step would: at the same length the two are one estimator.",
    ),
    Claim(
        "Masking the end-of-sequence token leaves the gradient right",
        "practice",
        on("end-of-sequence two-prompts", "exact(NO_END, MODEL).relative_bias", "=", 0),
    ),
    Claim(
        "k1 in the loss pushes nowhere: its gradient has mean 0",
        "open-instruct issue 534",
        (at("two tokens", "kl_gap('k1-in-loss', 'reinforce')", "=", 0),),
    ),
    Claim(
        "k3 is unbiased",
        "trl pull requests 423 and 3240",
        (
            at("two tokens", "kl_value('k3')", "=", 1),
            at("two tokens, its gradient", "kl_bias('k3-in-loss')", "=", 0),
            at("one token, its gradient", "kl_bias('k3-in-loss', 1)", "=", 0),
        ),
        "Its value is, its gradient in the loss is not.",
    ),
    Claim(
        "k3 in the loss has a biased gradient, k1 in the reward an unbiased one",
        "trl issue 4967; arXiv 2512.21852",
        (
            at("one token", "kl_bias('k3-in-loss', 1)", ">", 0),
            at("two tokens", "kl_bias('k3-in-loss')", ">", 0),
            at("one token", "kl_bias('k1-in-reward', 1)", "=", 0),
            at("two tokens", "kl_bias('k1-in-reward')", "=", 0),
        ),
    ),
    Claim(
        "k3 in the loss has the gradient of the divergence the other way round",
        "OpenRLHF pull request 1309",
        (
            at("one token", "forward_gap('k3-in-loss', 1)", "=", 0),
            at("two tokens, of sequences", "forward_gap('k3-in-loss-of-sequences')", "=", 0),
            at("two tokens", "forward_gap('k3-in-loss')", "=", 0),
        ),
        "Of tokens, the states are those of the policy, where that divergence has those of the reference.",
    ),
    Claim(
        "k2 in the loss is unbiased for data of the policy itself; elsewhere it is not, and a ratio repairs it",
        "OpenRLHF pull request 1309",
        (
            at("one token", "kl_bias('k2-in-loss', 1)", "=", 0),
            at("two tokens, of sequences", "kl_bias('k2-in-loss-of-sequences')", "=", 0),
            at("two tokens", "kl_bias('k2-in-loss')", "=", 0),
            at("one token, elsewhere", "kl_bias('k2-in-loss', 1, OLD)", ">", 0),
            at("one token, elsewhere", "kl_bias('k1-in-loss-times-ratio', 1, OLD)", "=", 0),
            at("two tokens, of sequences", "kl_bias('k1-in-loss-times-ratio-of-sequences', 2, OLD)", "=", 0),
            at("two tokens", "kl_bias('k1-in-loss-times-ratio', 2, OLD)", "=", 0),
        ),
        "Per token, what a token does to later ones is left out.",
    ),
    Claim(
        "k3 times the ratio has the gradient of the divergence as its mean",
        "DeepSeek-V3.2; trl issue 4637, pull request 6503; slime pull request 1004",
        (
            at("one token", "kl_bias('k3-in-loss-times-ratio', 1)", "=", 0),
            at("two tokens", "kl_bias('k3-in-loss-times-ratio')", "=", 0),
        ),
        "Per token; what a token does to later ones is left out.",
    ),
    Claim(
        "For data of the policy itself that ratio is 1, so that it changes nothing",
        "trl pull request 6503, withdrawn there",
        (at("one token", "kl_gap('k3-in-loss-times-ratio', 'k3-in-loss', 1)", "=", 0),),
        "Its value is 1, its gradient is not 0.",
    ),
    Claim(
        "k2, k1 times the ratio and k3 times the ratio, per token, have one mean gradient",
        "pgsym",
        (
            at("two tokens", "kl_gap('k2-in-loss', 'k1-in-loss-times-ratio')", "=", 0),
            at("two tokens", "kl_gap('k2-in-loss', 'k3-in-loss-times-ratio')", "=", 0),
        ),
    ),
    Claim(
        "k2 in the loss has the gradient of the divergence of sequences",
        "tried in open-instruct issue 534; polgrad 0.2.1, reverse_kl_grad_surrogate; verl 0.9.1, k3+",
        (
            at("two tokens, of sequences", "kl_bias('k2-in-loss-of-sequences')", "=", 0),
            at("two tokens", "kl_bias('k2-in-loss')", "=", 0),
        ),
        "Of whole sequences; not per token.",
    ),
    Claim(
        "k1 in the reward, without a gradient of its own, is right",
        "Ziegler et al. 2019, arXiv 1909.08593",
        (at("two tokens", "kl_bias('k1-in-reward')", "=", 0),),
    ),
    Claim(
        "In the reward k3 may stand for k1: it estimates the same divergence with less variance",
        "trl issue 5889",
        (
            at("one token", "kl_bias('k3-in-reward', 1)", "=", 0),
            at("two tokens", "kl_bias('k3-in-reward')", "=", 0),
        ),
        "As a number in the reward, its own gradient is missing.",
    ),
    Claim(
        "Per token and per sequence, k1 in the reward is the same",
        "trl issue 2562",
        (
            at("two tokens", "kl_gap('k1-in-reward', 'k1-in-reward-of-sequences')", "=", 0),
            at("two tokens", "law('k1-in-reward-of-sequences').trace / law('k1-in-reward').trace", "=", 1),
        ),
        "The mean is. Charged to the tokens up to it alone, a token's penalty has less variance.",
    ),
    Claim(
        "A bonus of entropy in the loss has the gradient of the objective with that entropy",
        "Mnih et al. 2016, arXiv 1602.01783",
        (
            at("one token", "entropy_bias('entropy-in-loss', 1)", "=", 0),
            at("two tokens", "entropy_bias('entropy-in-loss', 2)", "=", 0),
        ),
        "What a token does to the entropy of later ones is left out.",
    ),
    Claim(
        "Ratios of tokens leave a bias that the ratio of the sequence repairs",
        "trl issue 4493",
        (
            *on("end-of-sequence two-prompts", "elsewhere(OF_TOKENS, MODEL).relative_bias", ">", 0),
            *on("end-of-sequence two-prompts", "elsewhere('rloo-ratio', MODEL).relative_bias", "=", 0),
        ),
    ),
    Claim(
        "The ratio of a sequence is exp of the mean of its log-ratios, as in GSPO; the sum is a mistake",
        "trl issue 5814, pull request 5815; GSPO, arXiv 2507.18071",
        (
            *on("end-of-sequence two-prompts", "elsewhere(OF_MEANS, MODEL).relative_bias", "=", 0),
            *on("end-of-sequence two-prompts", "mean_ratio('mean', MODEL)", "=", 1),
            at("one-token", "elsewhere(OF_MEANS, 'one-token').relative_bias", "=", 0),
        ),
        "Only where a sequence is one token. The sum is right, and its ratio has the mean 1.",
    ),
    Claim(
        "Truncated ratios repair data of another policy",
        "verl pull request 2953; trl issue 4493",
        (
            *on("end-of-sequence two-prompts", "elsewhere('tis', MODEL).relative_bias", "=", 0),
            *on("end-of-sequence two-prompts", "elsewhere('tis-of-sequences', MODEL).relative_bias", "=", 0),
            *on("end-of-sequence two-prompts", "elsewhere(EARLIER, MODEL).relative_bias", "=", 0),
            *on("end-of-sequence two-prompts", "elsewhere('tis', MODEL).relative_bias / elsewhere('rloo', "
                "MODEL).relative_bias", "<", 1),
        ),
        "Of sequences, where no ratio reaches the cap: 2 is not reached here, 1.2 is. Otherwise they lessen the bias.",
    ),
    Claim(
        "Under top-k, the ratio to what the sampler reports is the kept mass, whatever the token",
        "trl issue 6789",
        (
            at("one-token", "elsewhere(TOKEN_RATIO, 'one-token', TOP).factor / elsewhere('reinforce', 'one-token', "
               "TOP).factor - kept_mass()", "=", 0),
            at("one-token", "elsewhere('reinforce', 'one-token', TOP).across", "=", 0),
        ),
        "Without a ratio the mean is longer by it, where what is never sampled pays nothing.",
    ),
)  # fmt: skip


def verdict(judged: list[tuple[float, bool]]) -> str:
    held = [holds for _, holds in judged]
    return "confirmed" if all(held) else "conditional" if any(held) else "refuted"


HEAD = """# The ledger

Claims from papers and issue threads about gradient estimators of language models, and what they are worth. Each claim
has lines of code and what their value has to be; `python benchmarks/ledger.py --write` runs the lines and writes this
page, so that what is printed is what was run.

**Confirmed**: it holds in every case that was tried, which is no proof. **Refuted**: in none. **Conditional**: in
some; the table says in which. Means, covariances and divergences are sums over all batches in float64 (values below
1e-9 are 0, and 1e-8 is added to deviations); scales in p are closed forms; losses are the largest of 64 batches. The
models are those of the [token suite](audit.md#groups-and-tokens), with one group of 4 unless the line says `model, G,
groups`; `terminal`, `discounted` and `random-rewards` are of the standard suite. `factor` is the length of the mean
along the true gradient, `across` what stands across it, both relative to the gradient's length. Data from
`elsewhere` are of the policy at temperature 2 (`OLD`), in groups of 2; terms of a divergence or an entropy are looked
at on answers of one or two tokens, against a uniform policy.
"""


def page(only: list[int]) -> str:
    """The page, or the sections of these claims."""
    parts, verdicts = [], []
    for number, claim in enumerate(CLAIMS, 1):
        if only and number not in only:
            continue
        judged = [case.judge() for case in claim.cases]
        verdicts.append(verdict(judged))
        remark = f" {claim.remark}" if claim.remark else ""
        lines = [
            f"## {number}. {claim.text}",
            "",
            f"{claim.source}. **{verdicts[-1].capitalize()}.**{remark}",
            "",
            "| model | line | value | required | |",
            "|---|---|---|---|---|",
        ]
        for case, (value, holds) in zip(claim.cases, judged, strict=True):
            shown = 0.0 if abs(value) <= ROUNDING else value
            cells = (case.model, f"`{case.line}`", f"{shown:.5g}", f"{case.relation} {case.bound:.5g}")
            lines.append(f"| {' | '.join(cells)} | {'holds' if holds else 'fails'} |")
        parts.append("\n".join(lines))
    count = ", ".join(f"{verdicts.count(word)} {word}" for word in ("confirmed", "refuted", "conditional"))
    return "\n\n".join([*([] if only else [f"{HEAD}\nOf {len(CLAIMS)} claims: {count}."]), *parts]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", type=int, nargs="+", default=[], metavar="NUMBER")
    given = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    text = page(given.only)
    if given.write and not given.only:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
