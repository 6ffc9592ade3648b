"""A plan as the arrays that the kernel reads, and the shape that fixes its program.

An *entry* of the step table says which outcome (s, a, s') happened and where the row of s' begins; it is drawn
by one 32-bit word.  Two entries belong to each column of the alias table (passed on, kept), and one more stands
for each state, to start from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from pgsym.errors import SamplingError
from pgsym.model.policy import Softmax
from pgsym.sampling.dynamics import start_or_uniform
from pgsym.sampling.moments import FULL
from pgsym.sampling.random import AliasTable, build_alias
from pgsym.sampling.sums import Paths, Plan
from pgsym.sampling.tables import Floats, Tables

BLOCK_BYTES = 2**25
"""Memory that one block of trajectories may take."""
SMALLEST_BLOCK, LARGEST_BLOCK = 64, 8192
GATHER_COST, SCATTER_COST = 8, 32
"""Multiplications in a matrix product that take as long as one value fetched, or added, at a computed place."""
LARGEST_MATRIX = 2**24
"""Most entries of a dense score matrix."""
RECORD_BITS = 32
"""Bits of a record beside the reward; a larger model has its pairs in a table of their own."""
COUNTED_ERROR = 2.0**-18
"""What a double that counts visits, too, may lose of a step's weight; else the weights are found from the last on."""


class Summation(Enum):
    """How a trajectory's scores are summed; what is cheapest depends on k, N and T."""

    DIRECT = "direct"
    """Each step adds the visited pair's whole row of Z: few parameters, or chosen directions."""
    PAIRS = "pairs"
    """Each step adds one weight to W[s, a]; g = Z^T W."""
    ROWS = "rows"
    """Each step adds the nonzero scores of its pair: many parameters, few for each pair."""
    TABULAR = "tabular"
    """Each step adds one weight to W[a, s], and g[a, s] = W[a, s] - pi(a|s) sum_b W[b, s]: many logits, one a pair."""


class KernelArrays(NamedTuple):
    """The model as device arrays; E = 2 R width entries of the step table, then one entry for each state."""

    threshold: Any
    """[(S+1) width] uint32"""
    step: Any
    """[E + S + 1] uint64: the first column of the next state's row, in the bits above it the pair (s, a), N when
    absorbed, and as the upper half r(s,a,s'), a float32."""
    pair: Any
    """[E + S + 1] the pair, or [0] where it fits into the record."""
    baseline: Any
    """[E + S + 1] b(s,a,s')."""
    gain: Any
    """[E + S + 1] u(s,a,s'), or [0] where it is the reward."""
    start_threshold: Any
    """[start width] uint32"""
    start_entry: Any
    """[2 start width] the entry that stands for the drawn start state."""
    unit: Any
    """What a visit adds to its pair's double: more than twice all that is earned on the way can add to it."""
    score: Any
    """[kinds N, k] scores, and what stands in their place, when summed by pairs; directly, [N + 1, k] with a row 0 for
    the absorbed pair; of tabular scores [A, S] -pi; by rows [0, 0]."""
    score_index: Any
    """[N + 1, m] the columns of every pair's scores; padding lies beyond k.  Of tabular scores [k] places in [A, S]."""
    score_value: Any
    """[N + 1, m] the scores; the last row, of the absorbed pair, is 0."""
    score_weight: Any
    """[T] w_t."""
    return_weight: Any
    """[T] v_t."""
    discount: Any
    """Of U."""
    centre: Any
    """Of U."""
    beyond: Any
    """discount**window: weight of the reward that leaves the window."""
    functions: Any
    """[K, E + S + 1] what stages are multiplied by, and the same again for a last step that is unlike the others."""
    powers: Any
    """[M] of stages."""
    constants: Any
    """Of each term of an estimator by stages."""


@dataclass(frozen=True)
class Shape:
    """Everything that fixes the compiled program."""

    T: int
    N: int
    """Pairs; of tabular scores A S places, of which each pair has one."""
    k: int
    width: int
    bits: int
    start_bits: int
    base_bits: int
    """Lowest bits of a record, which hold where the next state's row begins."""
    pair_bits: int
    """Highest bits of a record's lower half, which hold the pair; where only these bits can be set, a compiler knows
    that indices lie in their tables."""
    ends: bool
    """Whether a trajectory can be absorbed."""
    window: int | None
    whole_return: bool
    baseline: bool
    """Whether b is anywhere nonzero."""
    gain: bool
    """Whether u is not the reward."""
    summation: Summation
    forward: bool
    """Whether one pass over time is enough."""
    telescopes: bool
    """`Plan.telescopes`."""
    late: bool
    """Whether Z is multiplied into the moments of a block, not into every trajectory's W."""
    kinds: int
    """How many vectors are weighed: the score, and those that stand in its place."""
    block: int
    """Trajectories of a block."""
    paths: Paths | None
    """The stages that find the weights of scores; None where they are w_t (U_t - b_t)."""
    cut: bool
    """Whether stages have functions of their own at the last step."""

    @property
    def full(self) -> bool:
        """Whether the whole covariance is kept."""
        return self.k <= FULL


def prepare(tables: Tables, plan: Plan, n: int | None = None) -> tuple[KernelArrays, Shape]:
    """The device arrays and the shape of a plan; with `n`, no block is larger than n trajectories need."""
    staged = plan.staged
    vectors = None if staged is None else staged.vectors
    if vectors is not None:
        tables = tables.by_outcome()
    step, start = step_table(tables), build_alias([start_or_uniform(tables) if plan.start is None else plan.start])
    outcome = _entry_outcomes(tables, step)
    S, N = tables.S, tables.N
    absorbed = outcome < 0
    successor = np.append(np.where(absorbed, S, tables.outcome_next[outcome]), np.arange(S + 1))
    pair = np.append(np.where(absorbed, N, tables.outcome_pair[outcome]), np.full(S + 1, N))

    def by_entry(values: Floats) -> Floats:
        """[..., E + S + 1] of values [..., O]; 0 when absorbed."""
        found = np.where(absorbed, 0.0, values[..., outcome])
        return np.concatenate([found, np.zeros((*found.shape[:-1], S + 1))], axis=-1)

    gain = np.zeros(0) if plan.gain is None else by_entry(plan.gain)
    functions = np.zeros((0, 0))
    if staged is not None:
        tables_of = [staged.functions] if staged.cut is None else [staged.functions, staged.cut]
        functions = np.concatenate([by_entry(values) for values in tables_of], axis=-1)
    kinds = 1 if vectors is None else 1 + len(vectors)
    summation = Summation.PAIRS
    if vectors is None:
        summation = Summation.TABULAR if tables.k > FULL and _own_logits(tables) else _cheapest(tables, plan.T)
    if vectors is not None and kinds * N * tables.k > LARGEST_MATRIX:
        raise SamplingError(
            f"found {kinds} vectors of {N} outcomes and {tables.k} parameters; {LARGEST_MATRIX} numbers are kept. Look "
            "along directions",
            where="estimator",
        )
    forward = plan.window is None and staged is None
    if summation is not Summation.DIRECT:
        forward = summation is not Summation.ROWS and countable(tables, plan)
    late = summation is Summation.PAIRS and tables.k <= FULL and N * N <= tables.k * (N + tables.k) and kinds == 1
    score, score_value = np.zeros((0, 0)), np.zeros((0, 0))
    score_index: np.ndarray = np.zeros((0, 0))
    if summation is Summation.ROWS:
        score_index, score_value = _score_rows(tables)
    elif summation is Summation.TABULAR:
        rank = np.arange(N) - np.searchsorted(tables.pair_state, tables.pair_state)
        score_index, score = rank * S + tables.pair_state, np.zeros((int(rank.max()) + 1, S))
        score[rank, tables.pair_state] = -tables.pi
        N = score.size
        pair = np.append(score_index, N)[pair]
    else:
        below = [np.zeros((1, tables.k))] if summation is Summation.DIRECT else [] if vectors is None else list(vectors)
        score = np.vstack([tables.scores(), *below])
    base_bits, pair_bits = (S * step.width).bit_length(), N.bit_length()
    packed = base_bits + pair_bits <= RECORD_BITS
    base = successor * step.width
    f32, i32 = partial(np.asarray, dtype=np.float32), partial(np.asarray, dtype=np.int32)
    arrays = KernelArrays(
        threshold=step.threshold,
        step=_pack(base | pair << 32 - pair_bits if packed else base, by_entry(tables.outcome_reward)),
        pair=i32([] if packed else pair),
        baseline=f32(by_entry(plan.baseline)),
        gain=f32(gain),
        start_threshold=start.threshold,
        start_entry=i32(len(outcome) + start.outcome),
        unit=np.float64(_unit(tables, plan)),
        score=score if late else f32(score),
        score_index=i32(score_index),
        score_value=f32(score_value),
        score_weight=f32(plan.score_weight),
        return_weight=f32(plan.return_weight),
        discount=f32(plan.discount),
        centre=f32(plan.centre),
        beyond=f32(plan.discount**plan.window if plan.window is not None else 0.0),
        functions=f32(functions),
        powers=f32([] if staged is None else staged.powers),
        constants=f32([] if staged is None else staged.constants),
    )
    shape = Shape(
        T=plan.T,
        N=N,
        k=tables.k,
        width=step.width,
        bits=step.bits,
        start_bits=start.bits,
        base_bits=base_bits,
        pair_bits=pair_bits,
        ends=bool((tables.outcome_next == S).any() or tables.start[S]),
        window=plan.window,
        whole_return=plan.whole_return,
        baseline=bool(plan.baseline.any()),
        gain=plan.gain is not None,
        summation=summation,
        forward=forward,
        telescopes=plan.telescopes,
        late=late,
        kinds=kinds,
        block=_block(tables, plan, summation, n),
        paths=None if staged is None else staged.paths,
        cut=staged is not None and staged.cut is not None,
    )
    return arrays, shape


def _unit(tables: Tables, plan: Plan) -> float:
    """A power of two above twice the sum, over the visits of a pair, of what was earned before each."""
    largest = _largest_reward(tables) * float(np.abs(plan.return_weight).sum())
    largest += float(np.abs(plan.baseline).max()) * float(np.abs(plan.score_weight).max())
    return 4.0 * 2.0 ** math.ceil(math.log2(max(plan.T * largest, 1e-30)))


def _largest_reward(tables: Tables) -> float:
    return float(np.abs(tables.outcome_reward).max(initial=0.0))


def countable(tables: Tables, plan: Plan) -> bool:
    """Whether R_T - R_t, from a double that counts visits too, is w_t U_t up to `COUNTED_ERROR` at every step.

    In a discounted run what comes after a late step is far below R_T: a state that is seen only then would have a
    gradient of rounding errors.
    """
    lost = plan.T * _unit(tables, plan) * 2.0**-53
    return plan.telescopes and lost <= COUNTED_ERROR * plan.score_weight[-1] * _largest_reward(tables)


def _own_logits(tables: Tables) -> bool:
    """Whether every pair's logit is a parameter of its own, and scores are by parameters."""
    policy = tables.problem.policy
    if not isinstance(policy, Softmax) or tables.params != policy.params:
        return False
    return [form.coefficients for form in policy.forms()] == [((x, Fraction(1)),) for x in policy.params]


def _cheapest(tables: Tables, T: int) -> Summation:
    """The summation with the least work for each step."""
    N, k, m = tables.N, tables.k, tables.score_index.shape[1]
    cost = {Summation.DIRECT: GATHER_COST * k, Summation.ROWS: SCATTER_COST * m}
    if N * k <= LARGEST_MATRIX:
        # Besides the product, W has to be cleared and read.
        cost[Summation.PAIRS] = SCATTER_COST + N * (k + 8) // T
    return min(cost, key=cost.__getitem__)


def _pack(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """uint64 of an integer below 2**32 and a float32: one gather fetches both."""
    return low.astype(np.uint64) | high.astype(np.float32).view(np.uint32).astype(np.uint64) << np.uint64(32)


def step_table(tables: Tables) -> AliasTable:
    """One row a state over its outcomes, pi(a|s) P(s'|s,a); the absorbing row has a single outcome."""
    rows = np.split(tables.joint, _first_outcomes(tables)[1:-1])
    return build_alias([*rows, np.ones(1)])


def _first_outcomes(tables: Tables) -> np.ndarray:
    """[S+1] the first outcome of each state, and O at the end."""
    return np.searchsorted(tables.outcome_state, np.arange(tables.S + 1))


def _entry_outcomes(tables: Tables, step: AliasTable) -> np.ndarray:
    """For every entry its outcome's number; -1 when absorbed."""
    row = np.repeat(np.arange(tables.S + 1), 2 * step.width)
    return np.where(row == tables.S, -1, _first_outcomes(tables)[row] + step.outcome)


def _score_rows(tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """[N+1, m] parameters and scores of every pair; padding goes to columns of its own beyond k."""
    m = tables.score_index.shape[1]
    index = np.tile(tables.k + np.arange(m), (tables.N + 1, 1))
    value = np.zeros((tables.N + 1, m))
    used = tables.score_value != 0
    index[:-1][used], value[:-1][used] = tables.score_index[used], tables.score_value[used]
    return index, value


def _block(tables: Tables, plan: Plan, summation: Summation, n: int | None) -> int:
    """Trajectories of a block: a power of two, a function of the model, the horizon and n."""
    held = {
        Summation.DIRECT: 24 * tables.k,
        Summation.PAIRS: 24 * (tables.N + tables.k),
        Summation.ROWS: 8 * tables.k,
        Summation.TABULAR: 4 * tables.k,
    }
    kept = 8 if plan.staged is None else 8 + 4 * plan.staged.paths.before
    fitting = max(BLOCK_BYTES // (kept * (plan.T + 1) + held[summation]), 1)
    block = min(max(1 << (fitting.bit_length() - 1), SMALLEST_BLOCK), LARGEST_BLOCK)
    if n is not None:
        block = min(block, max(1 << (n - 1).bit_length(), SMALLEST_BLOCK))
    return block


def specifications(arrays: KernelArrays) -> KernelArrays:
    """Shapes and types of the arrays, hashable."""
    return KernelArrays(*(jax.ShapeDtypeStruct(np.shape(a), np.asarray(a).dtype) for a in arrays))
