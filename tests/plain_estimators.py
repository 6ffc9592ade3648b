"""Estimators on every trajectory of a small model, in plain Python fractions.

Probabilities are read off the model and scores are features minus their mean.  The named estimators are the sums of
their definitions in the literature, written out here; all others are read by `PlainText`.
"""

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import sympy as sp
from plain_texts import PlainText

UNDISCOUNTED = "-undiscounted"
CUT_OFF = object()
"""The state behind the last step of a run that is cut off, where nothing is taken into account."""


class Step(NamedTuple):
    s: object
    a: object
    r: Fraction
    t: object


def fraction(e):
    number = sp.Rational(e)
    return Fraction(int(number.p), int(number.q))


class Plain:
    """One model at one point, with odds exp(theta) that are rational."""

    def __init__(self, mdp, policy, theta):
        self.mdp, self.params = mdp, policy.params
        self.gamma = fraction(mdp.gamma)
        odds = {p: fraction(sp.exp(theta[p])) for p in policy.params}
        self.pi, self.z = {}, {}
        for s, forms in policy.logits.items():
            features = {a: {p: int(c) for p, c in form.coefficients} for a, form in forms.items()}
            weight = {}
            for a, phi in features.items():
                weight[a] = Fraction(1)
                for p, c in phi.items():
                    weight[a] *= odds[p] ** c
            total = sum(weight.values())
            self.pi[s] = {a: w / total for a, w in weight.items()}
            mean = [sum(self.pi[s][a] * phi.get(p, 0) for a, phi in features.items()) for p in self.params]
            for a, phi in features.items():
                scores = [Fraction(phi.get(p, 0)) - m for p, m in zip(self.params, mean, strict=True)]
                self.z[s, a] = np.array(scores, dtype=object)

    def trajectories(self, T=None, start=None):
        """(probability, steps, the state behind the last one) of every run, cut off after T steps."""
        found = []

        def extend(s, p, steps):
            if s in self.mdp.terminal or len(steps) == T:
                found.append((p, steps, s))
                return
            for a, chosen in self.pi[s].items():
                for t, chance, r in self.mdp.outcomes(s, a):
                    extend(t, p * chosen * fraction(chance), [*steps, Step(s, a, fraction(r), t)])

        for s, p in (self.mdp.start if start is None else start).items():
            extend(s, fraction(p), [])
        return found

    def stationary(self):
        """mu with mu P = mu, of a model with one recurrent class and no end."""
        states = self.mdp.states
        P = sp.zeros(len(states))
        for s, t in self.mdp.pairs:
            for after, chance, _ in self.mdp.outcomes(s, t):
                P[states.index(s), states.index(after)] += self.pi[s][t] * chance
        (mu,) = (P.T - sp.eye(len(states))).nullspace()
        return {s: e / sum(mu) for s, e in zip(states, mu, strict=True) if e}

    def values(self):
        """V by recursion; the model must be free of loops."""
        known = dict.fromkeys(self.mdp.terminal, Fraction(0))

        def V(s):
            if s not in known:
                known[s] = sum(p * Q(s, a) for a, p in self.pi[s].items())
            return known[s]

        def Q(s, a):
            return sum(fraction(p) * (fraction(r) + self.gamma * V(t)) for t, p, r in self.mdp.outcomes(s, a))

        return V, Q

    def function(self, given):
        """A baseline or critic as a Python function; 0 in terminal states and behind the cut-off."""
        if given == "V(s)":
            return lambda s: Fraction(0) if s is CUT_OFF else self.values()[0](s)

        def look_up(s):
            if s in self.mdp.terminal or s is CUT_OFF:
                return Fraction(0)
            return fraction(given.get(s, 0)) if isinstance(given, dict) else fraction(given)

        return look_up

    def text(self, estimator, steps, last):
        """g of one trajectory by the estimator's text."""
        V, Q = (self.function("V(s)"), self.values()[1])

        def z(a, s):
            return self.z[s, a]

        functions = {"T": lambda: Fraction(estimator.horizon)}
        for head, given in estimator.values.items():
            name, indexed, _ = head.partition("(")
            functions[name] = self.function(given) if indexed else partial(fraction, given)
        quantities = {"gamma": lambda: self.gamma, "V": V, "Q": Q, "z": z, "pi": lambda a, s: self.pi[s][a]}
        reader = PlainText(estimator, quantities, functions, Fraction)
        found = reader.sample([*(x.s for x in steps), last], [x.a for x in steps], [x.r for x in steps])
        return found + self.sum([], [])

    def sample(self, estimator, steps, last):
        """g of one trajectory: by the definition of that name, or by its text."""
        gamma, n, let = self.gamma, len(steps), estimator.let
        name = estimator.name.removesuffix(UNDISCOUNTED)
        weights = [Fraction(1) if name != estimator.name else gamma**t for t in range(n)]
        if name == "reinforce":
            b = self.function(let["b(s)"])
            R = sum(gamma**t * x.r for t, x in enumerate(steps))
            return self.sum(steps, [R - b(x.s) for x in steps])
        if name in ("reward-to-go", "advantage"):
            b = self.function(let["b(s)"])
            factors = [sum(gamma ** (i - t) * steps[i].r for i in range(t, n)) - b(steps[t].s) for t in range(n)]
        elif name == "eligibility-trace":
            beta, total = fraction(let["beta"]), self.sum([], [])
            trace = total
            for x in steps:
                trace = beta * trace + self.z[x.s, x.a]
                total = total + x.r * trace
            return total / estimator.horizon
        elif name == "all-knowing":
            b, Q = self.function(let["b(s)"]), self.values()[1]
            factors = [Q(x.s, x.a) - b(x.s) for x in steps]
        elif name in ("actor-critic", "gae", "n-step"):
            v = self.function(let["v(s)"])
            value = [v(s) for s in [*(x.s for x in steps), last]]
            delta = [x.r + gamma * after - now for x, (now, after) in zip(steps, pairwise(value), strict=True)]
            factors = delta
            if name == "gae":
                k = gamma * fraction(let["lambda"])
                factors = [sum(k ** (i - t) * delta[i] for i in range(t, n)) for t in range(n)]
            elif name == "n-step":
                window = int(estimator.text.partition("u<t+")[2].partition("]")[0])
                factors = []
                for t in range(n):
                    m = min(window, n - t)
                    earned = sum(gamma**i * steps[t + i].r for i in range(m))
                    factors.append(earned + gamma**m * value[t + m] - value[t])
        else:
            return self.text(estimator, steps, last)
        return self.sum(steps, [x * y for x, y in zip(weights, factors, strict=True)])

    def sum(self, steps, factors):
        """sum_t factor_t z_t."""
        total = np.array([Fraction(0)] * len(self.params), dtype=object)
        for x, c in zip(steps, factors, strict=True):
            total = total + c * self.z[x.s, x.a]
        return total

    def samples(self, estimator):
        """(probability, steps, g) of every run."""
        start = self.stationary() if estimator.stationary else None
        for p, steps, last in self.trajectories(estimator.horizon, start):
            dropped = not estimator.bootstrap and len(steps) == estimator.horizon
            yield p, steps, self.sample(estimator, steps, CUT_OFF if dropped else last)

    def law(self, estimator):
        """Mean and covariance of g."""
        return law([(p, g) for p, _, g in self.samples(estimator)])

    def baseline_terms(self, estimator, w):
        """{s: c(s)} and {(s, s'): E[C_s . C_s']} for C_s = sum_t w^t z_t 1{s_t = s}, by enumeration."""
        states = self.mdp.nonterminal
        c = dict.fromkeys(states, Fraction(0))
        q = {(s, t): Fraction(0) for s in states for t in states}
        for p, steps, g in self.samples(estimator):
            C = {s: self.sum(steps, [w**t * (x.s == s) for t, x in enumerate(steps)]) for s in states}
            for s in states:
                c[s] += p * (g @ C[s])
                for t in states:
                    q[s, t] += p * (C[s] @ C[t])
        return c, q


def law(samples):
    """Mean and covariance of weighted vectors."""
    mean = sum(p * g for p, g in samples)
    second = sum(p * np.outer(g, g) for p, g in samples)
    return mean, second - np.outer(mean, mean)
