"""The catalogue: every entry decided on every small model, hypotheses, and routes that do not use pgsym's algebra."""

import itertools
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pgsym.claims.catalogue import Theorem, catalogue, theorem, theorem_names
from pgsym.claims.verdict import Status
from pgsym.errors import SchemaError
from pgsym.model import MDP, Objective, Problem, direct_policy, softmax_policy, tabular
from pgsym.model.zoo import zoo
from pgsym.model.zoo.constructed import generic_problem

ENTRIES = catalogue()
TRUE = [t for t in ENTRIES if t.holds]
FALSE = [t for t in ENTRIES if not t.holds]

MODELS = {
    "baxter-bartlett": lambda: zoo("baxter-bartlett"),
    "garnet": lambda: zoo("garnet", states=3),
    "generic": lambda: zoo("generic"),
    "generic-ending": lambda: generic_problem("2x2+end"),
    "kakade": lambda: zoo("kakade"),
    "machine-replacement": lambda: zoo("machine-replacement", n=2),
    "nota-thomas": lambda: zoo("nota-thomas"),
    "parallel-outcomes": lambda: zoo("parallel-outcomes"),
    "random-walk": lambda: zoo("random-walk", n=3),
    "random-walk-discounted": lambda: zoo("random-walk", n=3, gamma="1/2"),
    "recycling-robot": lambda: zoo("recycling-robot"),
    "short-corridor": lambda: zoo("short-corridor"),
    "sign-flip": lambda: zoo("sign-flip"),
    "student": lambda: zoo("student"),
    "two-classes": lambda: zoo("two-classes"),
    "two-state": lambda: zoo("two-state"),
    "two-state-any-discount": lambda: zoo("two-state", gamma="gamma"),
}


def by_name(entries):
    return pytest.mark.parametrize("entry", entries, ids=lambda t: t.name)


# -- the entries -----------------------------------------------------------------------------------------


def test_catalogue_has_the_promised_entries():
    assert len(TRUE) >= 25
    assert len(set(theorem_names())) == len(ENTRIES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in theorem_names())
    assert {
        "note-line-2", "note-line-5", "note-line-6", "discounted-q-average-reward", "no-discount-weight",
        "no-discount-weight-jacobian", "action-baseline", "missing-normalisation", "semi-gradient",
        "multichain-average-reward", "entropy-without-log",
    } <= {t.name for t in FALSE}  # fmt: skip


@by_name(ENTRIES)
def test_entry_is_complete(entry: Theorem):
    assert entry.claims
    assert entry.title
    assert len(entry.about) > 60
    assert re.search(r"\b(19|20)\d\d\b|compare|product rule|differentiation|lecture notes", entry.reference)
    assert bool(entry.defects) != entry.holds
    assert all(step.reason for step in replace(entry, statement=entry.derivation).claims)
    assert entry.latex().count(r"\begin{aligned}") == len(entry.statement.split("\n\n")) - len(
        [part for part in entry.statement.split("\n\n") if part.rstrip()[-1] in ";:"]
    )


@by_name(TRUE)
def test_theorem_is_proved_on_its_model(entry: Theorem):
    found = entry.decide(entry.example())
    assert found.status is Status.PROVED, str(found)


@by_name([t for t in TRUE if t.derivation])
def test_derivation_holds_step_by_step(entry: Theorem):
    steps = replace(entry, statement=entry.derivation)
    found = steps.decide(entry.example())
    assert found.status is Status.PROVED, str(found)


@by_name(FALSE)
def test_false_statement_is_refuted_on_its_model_and_its_defect_proved(entry: Theorem):
    found, missing = entry.decide(entry.example()), entry.decide_defect(entry.example())
    assert found.status is Status.REFUTED, str(found)
    assert missing.status is Status.PROVED, str(missing)
    assert not found.contradicts
    assert not missing.contradicts


MUTANTS = [
    ("reinforce", "grad log P(tau)", "2 * grad log P(tau)"),
    ("reward-to-go-baseline", "(G_t - b(s_t))", "(G_t - b(s_{t+1}))"),
    ("truncation-bias", "t<=u<3", "t<=u<4"),
    ("truncation-bootstrap", "gamma^3 * V(s_3)", "gamma^2 * V(s_3)"),
    ("one-step-actor-critic-bias", "- V(s_{t+1})", "- V(s_t)"),
    ("n-step-bias", "v(s_{t+3}) - V(s_{t+3})", "v(s_{t+2}) - V(s_{t+2})"),
    ("gae-bias", "(1 - lambda)", "(1 + lambda)"),
    ("gae-exact-critic", "gamma * V(s_{t+1})", "V(s_{t+1})"),
    ("trajectory-fisher", "-E[tau]", "E[tau]"),
    ("return-variance", "gamma^2", "gamma"),
    ("return-second-moment", "2 * gamma", "gamma"),
    ("return-variance-td", "(gamma^t * delta(t))^2", "gamma^t * delta(t)^2"),
    ("total-variance", "A(s,a)^2", "Q(s,a)^2"),
    ("control-variate", "(gamma^t * b(s_t))^2", "gamma^t * b(s_t)^2"),
    ("optimal-constant-baseline", "(E[tau] dot(z, z) * G) / (E[tau] dot(z, z))", "J"),
    ("optimal-constant-baseline-to-go", "trace Cov[tau](X, Y)", "2 * trace Cov[tau](X, Y)"),
    ("per-decision-sampling", "u<=t", "u<t"),
    ("per-decision-gradient", "* Q(s_t,a_t)", "* V(s_t)"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), MUTANTS, ids=[name for name, *_ in MUTANTS])
def test_mutant_of_a_statement_about_runs_is_refuted(name, right, wrong):
    entry = theorem(name)
    assert right in entry.statement
    found = replace(entry, statement=entry.statement.replace(right, wrong)).decide(entry.example())
    assert found.status is Status.REFUTED, str(found)


ACCIDENTS = {
    # Q = 1 for both actions: J and V do not depend on theta.
    "parallel-outcomes": {
        "missing-length", "surrogate-difference", "bandit-gradient", "hessian-no-cross-terms", "q-baseline",
        "mean-over-steps",
    },
    # Every step costs 1, whatever is done, and no run ends before the third.
    "short-corridor": {"reward-after-next", "variance-no-cross-term", "mean-over-own-steps"},
    # The choices that matter are in s0 and s1, both visited exactly once under every policy.
    "nota-thomas": {"surrogate-difference", "hessian-no-cross-terms"},
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_no_verdict_is_against_the_catalogue(name):
    problem = MODELS[name]()
    accidents = set()
    for entry in ENTRIES:
        found = entry.decide(problem)
        assert not found.contradicts, f"{name}: {found}"
        if found.by_accident:
            accidents.add(entry.name)
        if entry.defect:
            missing = entry.decide_defect(problem)
            assert not missing.contradicts, f"{name}: {missing}"
    assert accidents == ACCIDENTS.get(name, set())


AGREE = ("policy-gradient", "gae-bias", "return-variance", "per-decision-gradient", "policy-hessian", "schweitzer")


@by_name([theorem(name) for name in AGREE])
def test_methods_agree(entry: Theorem):
    closed = entry.decide(entry.example(), method="normal form")
    tested = entry.decide(entry.example(), method="identity test", error_bits=60)
    assert closed.status is tested.status is Status.PROVED
    assert closed.trust.error_bits is None
    assert tested.trust.error_bits >= 60


def test_own_number_gives_way_to_a_symbol_of_the_model():
    """recycling-robot has a symbol beta, and the theorem speaks of every beta."""
    robot = zoo("recycling-robot")
    found = theorem("baxter-bartlett-any-discount").decide(robot)
    assert found.status is Status.PROVED
    assert "V[gamma=beta_1](s)" in str(found)


# -- hypotheses ------------------------------------------------------------------------------------------


def coin(policy, gamma="1/2"):
    """One state, two actions, for ever."""
    mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], start="s", gamma=gamma)
    return mdp, policy(mdp)


DIRECT = coin(lambda mdp: direct_policy(mdp, {"s": {"go": "p", "no": "1 - p"}}, ["p"]))
DOUBLE = coin(lambda mdp: softmax_policy(mdp, {"s": {"go": "2*t"}}))
TABULAR = coin(tabular)
FIXED = coin(lambda mdp: softmax_policy(mdp, {}, [], default="uniform"))


@pytest.mark.parametrize(
    ("name", "problem", "message"),
    [
        ("policy-gradient-normalised", "short-corridor",
         "gamma: found 1; the statement is about gamma < 1. Set a discount factor"),
        ("policy-gradient-episodic", "nota-thomas",
         "gamma: found 1/2; the statement is about gamma = 1. Set gamma to 1, if every run ends"),
        ("reinforce", "two-state",
         "end: runs can stay for ever in a class of 2 states, among them 'x'; every run must end with probability 1. "
         "Mark an end as terminal, or make the discount a random termination"),
        ("policy-gradient-normalised", "nota-thomas",
         "terminal states: found 1, the first is 'T'; the statement is about runs without end. "
         "Let the last states return to the start"),
        ("softmax-gauge", DIRECT,
         "policy: found a Direct policy; the statement is about logits. Use a softmax policy"),
        ("softmax-gradient", DOUBLE,
         "('s', 'go'): found the logit Linear(2*t); every logit must be a parameter of its own. Use tabular()"),
        ("natural-gradient-sigmoid", "short-corridor",
         "logit: 3 differences of logits depend on 1 combinations of parameters; they must be independent, so that the "
         "score functions can reproduce any Q up to a function of the state. Give each state parameters of its own"),
        ("multichain-average-reward", "two-state",
         "recurrent classes: found 1; the statement is about two or more. Ask for policy-gradient-average-reward"),
        ("stationary-update-jacobian", "sign-flip",
         "parameters: found 1; a Jacobian of one entry is symmetric, so two are required. "
         "Use a policy with more parameters"),
        ("second-moment-of-means", "two-state",
         "rewards: found one for every (s, a, s'); the statement is about outcomes that share them and differ in "
         "reward. Give one step two outcomes"),
        ("bandit-gradient", FIXED,
         "parameters: found none; there is no gradient to speak of. Use a policy with parameters"),
        ("policy-gradient-average-reward", "two-classes",
         "mu: 2 recurrent classes ('safe'; 'on', 'off'); the stationary distribution is unique only with one. "
         "Connect them, or study each class as a model of its own"),
        ("policy-gradient", "kakade",
         "start: the model has no start distribution; J = sum mu0(s) V(s) needs one. Give start=STATE, "
         "or start=1 to that node of a graph"),
    ],
)  # fmt: skip
def test_failed_hypothesis_is_named(name, problem, message):
    if isinstance(problem, str):
        found = zoo(problem)
        problem = found.mdp, found.policy
    verdict = theorem(name).decide(Problem(*problem))
    assert verdict.status is Status.INAPPLICABLE
    assert verdict.reason == message
    assert all(v.status is Status.INAPPLICABLE for v in verdict.verdicts)


def test_singular_fisher_matrix_is_a_failed_hypothesis():
    found = theorem("compatible-features").decide(Problem(*TABULAR))
    assert found.status is Status.INAPPLICABLE
    assert "F is singular" in found.reason


def test_unknown_name_raises_with_the_nearest():
    with pytest.raises(SchemaError) as error:
        theorem("baxter-barlett")
    assert str(error.value) == (
        "theorems: none is called 'baxter-barlett'; the nearest is 'baxter-bartlett'. Check the name"
    )


def test_findings_as_data():
    entry = theorem("missing-normalisation")
    data = entry.decide(entry.example()).to_json()
    assert (data["status"], data["holds"], data["contradicts"]) == ("refuted", False, False)
    assert data["verdicts"][0]["factor"] == "1 / (1 - gamma)"
    assert entry.to_json()["hypotheses"] == [
        "gamma < 1", "no terminal states", "the objective is defined", "a policy with parameters",
    ]  # fmt: skip


def test_objective_is_the_theorems_own():
    assert theorem("baxter-bartlett").objective is Objective.STATIONARY_VALUE
    two = zoo("two-state")
    assert two.objective is Objective.START_STATE
    assert theorem("baxter-bartlett").decide(two).status is Status.PROVED


# -- other routes to the same numbers --------------------------------------------------------------------


def softmax(x):
    return 1 / (1 + np.exp(-x))


def central(f, x, h=1e-5):
    """The gradient of a vector-valued f by central differences: error about h^2 = 1e-10 times third derivatives."""
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


DIFFERENCES = 1e-8


class TwoState:
    """The zoo's two-state model in NumPy, written down by hand from its docstring."""

    gamma = 0.9
    P = np.array([[[3 / 4, 1 / 4], [1 / 4, 3 / 4]], [[1 / 2, 1 / 2], [1 / 5, 4 / 5]]])
    r = np.array([[1.0, 0.0], [2.0, -1.0]])

    @staticmethod
    def pi(x):
        return np.stack([softmax(x), 1 - softmax(x)], axis=1)

    def chain(self, x):
        return np.einsum("sa,sat->st", self.pi(x), self.P), (self.pi(x) * self.r).sum(1)

    def V(self, x):
        P, r = self.chain(x)
        return np.linalg.solve(np.eye(2) - self.gamma * P, r)

    def Q(self, x):
        return self.r + self.gamma * self.P @ self.V(x)

    def mu(self, x):
        P, _ = self.chain(x)
        return np.array([P[1, 0], P[0, 1]]) / (P[1, 0] + P[0, 1])

    def eta(self, x):
        P, _ = self.chain(x)
        return np.linalg.solve(np.eye(2) - self.gamma * P.T, np.array([1.0, 0.0]))

    def dpi(self, x):
        """d pi(a|s) / d theta_i, shape (2 parameters, S, A)."""
        return central(self.pi, x)


POINT = np.array([np.log(2), -np.log(3)])


def test_note_line_2_by_finite_differences():
    """Left and right of the witness: DESIGN's numbers, found without any algebra."""
    model, entry = TwoState(), theorem("note-line-2")
    left = central(lambda x: model.mu(x) @ model.V(x), POINT)
    right = np.einsum("s,isa,sa->i", model.mu(POINT), model.dpi(POINT), model.Q(POINT))
    problem = zoo("two-state")
    witness = entry.decide(problem).verdicts[0].witness
    np.testing.assert_allclose(left, [float(e) for e in witness.left.values()], atol=DIFFERENCES)
    np.testing.assert_allclose(right, [float(e) for e in witness.right.values()], atol=DIFFERENCES)
    missing = central(model.mu, POINT) @ model.V(POINT) + model.gamma * central(model.V, POINT) @ model.mu(POINT)
    np.testing.assert_allclose(left - right, missing, atol=DIFFERENCES)


def test_gae_bias_by_a_series():
    """GAE's mean as a truncated sum of (gamma lambda)^k delta over the powers of P, an arbitrary critic."""
    model, lam, v = TwoState(), 0.7, np.array([3.0, -2.0])
    gamma, (P, _) = model.gamma, model.chain(POINT)
    delta = model.r + gamma * model.P @ v - v[:, None]
    later, power = np.zeros(2), np.eye(2)
    # (gamma lambda)^120 < 1e-24: below rounding.
    for k in range(120):
        later += (gamma * lam) ** k * power @ (model.pi(POINT) * delta).sum(1)
        power = power @ P
    estimate = delta + gamma * lam * model.P @ later
    grad = central(lambda x: model.V(x)[0], POINT)
    bias = np.einsum("s,isa,sa->i", model.eta(POINT), model.dpi(POINT), estimate) - grad
    error = np.linalg.solve(np.eye(2) - gamma * lam * P, v - model.V(POINT))
    claimed = gamma * (1 - lam) * np.einsum("s,isa,sat,t->i", model.eta(POINT), model.dpi(POINT), model.P, error)
    np.testing.assert_allclose(bias, claimed, atol=DIFFERENCES)
    assert np.abs(bias).max() > 0.1
    assert theorem("gae-bias").decide(theorem("gae-bias").example()).status is Status.PROVED
    assert theorem("gae-no-bias").decide(theorem("gae-no-bias").example()).status is Status.REFUTED


def test_reinforce_mean_by_enumeration():
    """All runs of three steps of the two-state model, with exact fractions: REINFORCE and reward-to-go agree."""
    problem, T, gamma = zoo("two-state"), 3, Fraction(9, 10)
    unrolled = problem.mdp.unroll(T)
    policy = problem.policy.pullback(unrolled, lambda state: state[0])
    for name in ("reinforce", "past-rewards", "reward-to-go"):
        found = theorem(name).decide(Problem(unrolled, policy, theta=problem.theta))
        assert found.status is Status.PROVED

    P = {("x", "a"): Fraction(3, 4), ("x", "b"): Fraction(1, 4), ("y", "a"): Fraction(1, 2), ("y", "b"): Fraction(1, 5)}
    r = {("x", "a"): 1, ("x", "b"): 0, ("y", "a"): 2, ("y", "b"): -1}
    pi = {
        ("x", "a"): Fraction(2, 3),
        ("x", "b"): Fraction(1, 3),
        ("y", "a"): Fraction(1, 4),
        ("y", "b"): Fraction(3, 4),
    }
    whole, to_go, mass = [Fraction(0)] * 2, [Fraction(0)] * 2, Fraction(0)
    for actions in itertools.product("ab", repeat=T):
        for rest in itertools.product("xy", repeat=T):
            states, p = ("x", *rest), Fraction(1)
            rewards, scores = [], []
            for t, a in enumerate(actions):
                s = states[t]
                p *= pi[s, a] * (P[s, a] if states[t + 1] == "x" else 1 - P[s, a])
                rewards.append(gamma**t * r[s, a])
                scores.append(((a == "a") - pi[s, "a"], "xy".index(s)))
            mass += p
            for t, (score, i) in enumerate(scores):
                whole[i] += p * score * sum(rewards)
                to_go[i] += p * score * sum(rewards[t:])
    assert mass == 1
    assert whole == to_go
    exact = theorem("policy-gradient").decide(Problem(unrolled, policy))
    assert exact.status is Status.PROVED
    model = TwoState()

    def finite(x):
        P_pi, r_pi = model.chain(x)
        return sum(0.9**t * np.linalg.matrix_power(P_pi, t)[0] @ r_pi for t in range(T))

    np.testing.assert_allclose(central(finite, POINT), [float(e) for e in to_go], atol=DIFFERENCES)


def test_variance_of_the_return_by_enumeration():
    """Runs of three steps of the two-state model, one by one: Sobel's equation, and the cross term that it needs."""
    P, r, pi, gamma = TwoState.P, TwoState.r, TwoState.pi(POINT), TwoState.gamma

    def law(s, steps, earned=0.0, weight=1.0, p=1.0):
        """Probability and return of every run of that many steps."""
        if not steps:
            yield p, earned
            return
        for a, after in itertools.product((0, 1), (0, 1)):
            q = p * pi[s, a] * P[s, a, after]
            yield from law(after, steps - 1, earned + weight * r[s, a], weight * gamma, q)

    def mean(s, steps):
        return sum(p * g for p, g in law(s, steps))

    def variance(s, steps):
        return sum(p * g**2 for p, g in law(s, steps)) - mean(s, steps) ** 2

    for s in (0, 1):
        step = [(pi[s, a] * P[s, a, after], r[s, a], after) for a in (0, 1) for after in (0, 1)]
        p, reward = np.array([q for q, _, _ in step]), np.array([x for _, x, _ in step])
        value = np.array([mean(after, 2) for *_, after in step])
        later = gamma**2 * sum(q * variance(after, 2) for q, _, after in step)
        together = reward + gamma * value
        np.testing.assert_allclose(variance(s, 3), p @ together**2 - (p @ together) ** 2 + later)
        apart = p @ reward**2 - (p @ reward) ** 2 + gamma**2 * (p @ value**2 - (p @ value) ** 2) + later
        crossing = 2 * gamma * (p @ (reward * value) - (p @ reward) * (p @ value))
        np.testing.assert_allclose(variance(s, 3) - apart, crossing)
        assert abs(crossing) > 0.01

    for name, status in (("return-variance", "proved"), ("variance-no-cross-term", "refuted")):
        problem = zoo("two-state")
        unrolled = problem.mdp.unroll(3)
        policy = problem.policy.pullback(unrolled, lambda state: state[0])
        assert theorem(name).decide(Problem(unrolled, policy)).status == status


def test_multichain_gradient_by_matrix_powers():
    """The limit of P^n by repeated squaring, differentiated numerically; the usual sum misses the transient choice."""

    def chain(x):
        p, w = softmax(x[0]), softmax(x[1])  # settle at the start, work when on
        P = np.array([[(1 - p) / 2, p, (1 - p) / 2, 0], [0, 1, 0, 0], [0, 0, w, 1 - w], [0, 0, 1, 0]])
        return P, np.array([0, 1, 2 * w, 0])

    def gain(x):
        P, r = chain(x)
        return (np.linalg.matrix_power(P, 2**14) @ r)[0]

    x = np.array([0.3, -0.4])
    P, r = chain(x)
    limit = np.linalg.matrix_power(P, 2**14)
    H = np.linalg.solve(np.eye(4) - P + limit, r - limit @ r)
    g = limit @ r
    dP = central(lambda y: chain(y)[0], x)
    dr = central(lambda y: chain(y)[1], x)
    recurrent = (dr + dP @ H) @ limit[0]
    transient = np.array([d[0] @ g for d in dP]) / (1 - P[0, 0])
    slope = central(gain, x)
    np.testing.assert_allclose(slope, recurrent + transient, atol=DIFFERENCES)
    assert np.abs(slope - recurrent).max() > 0.01
    for name, status in (("policy-gradient-multichain", "proved"), ("multichain-average-reward", "refuted")):
        assert theorem(name).decide(theorem(name).example()).status == status
