"""Estimators by their definitions, on every trajectory of a small model, in plain Python fractions.

Shares no code with pgsym.exact: probabilities are read off the model, scores are features minus their mean, and each
estimator is the sum in its definition, taken over one trajectory after the other.
"""

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import sympy as sp

from pgsym.model.estimator import GAE, ActorCritic, AllKnowing, EligibilityTrace, NStep, Reinforce, RewardToGo


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
                self.z[s, a] = [phi.get(p, 0) - m for p, m in zip(self.params, mean, strict=True)]

    def trajectories(self, T=None):
        """(probability, steps) of every run, cut off after T steps."""
        found = []

        def extend(s, p, steps):
            if s in self.mdp.terminal or len(steps) == T:
                found.append((p, steps))
                return
            for a, chosen in self.pi[s].items():
                for t, chance, r in self.mdp.outcomes(s, a):
                    extend(t, p * chosen * fraction(chance), [*steps, Step(s, a, fraction(r), t)])

        for s, p in self.mdp.start.items():
            extend(s, fraction(p), [])
        return found

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
        """A baseline or critic as a Python function; 0 in terminal states."""
        if isinstance(given, str):
            return self.values()[0]

        def look_up(s):
            if s in self.mdp.terminal:
                return Fraction(0)
            return fraction(given.get(s, 0)) if isinstance(given, dict) else fraction(given)

        return look_up

    def sample(self, estimator, steps):
        """g of one trajectory."""
        gamma, n = self.gamma, len(steps)
        ended = bool(steps) and steps[-1].t in self.mdp.terminal
        w = gamma if getattr(estimator, "discount_weight", False) else Fraction(1)
        weights = [w**t for t in range(n)]
        if isinstance(estimator, Reinforce):
            b = self.function(estimator.baseline)
            R = sum(gamma**t * x.r for t, x in enumerate(steps))
            factors = [R - b(x.s) for x in steps]
        elif isinstance(estimator, RewardToGo):
            b = self.function(estimator.baseline)
            factors = [sum(gamma ** (i - t) * steps[i].r for i in range(t, n)) - b(steps[t].s) for t in range(n)]
        elif isinstance(estimator, EligibilityTrace):
            beta, total = fraction(estimator.beta), [Fraction(0)] * len(self.params)
            trace = total
            for x in steps:
                trace = [beta * e + z for e, z in zip(trace, self.z[x.s, x.a], strict=True)]
                total = [g + x.r * e for g, e in zip(total, trace, strict=True)]
            return [g / estimator.T for g in total]
        elif isinstance(estimator, AllKnowing):
            b, Q = self.function(estimator.baseline), self.values()[1]
            factors = [Q(x.s, x.a) - b(x.s) for x in steps]
        else:
            v = self.function(estimator.critic)
            visited = [x.s for x in steps] + ([steps[-1].t] if steps else [])
            value = [v(s) for s in visited]
            if steps and not ended and not estimator.bootstrap:
                value[-1] = Fraction(0)
            delta = [x.r + gamma * after - now for x, (now, after) in zip(steps, pairwise(value), strict=True)]
            if isinstance(estimator, ActorCritic):
                factors = delta
            elif isinstance(estimator, GAE):
                k = gamma * fraction(estimator.lam)
                factors = [sum(k ** (i - t) * delta[i] for i in range(t, n)) for t in range(n)]
            else:
                assert isinstance(estimator, NStep)
                factors = []
                for t in range(n):
                    m = min(estimator.n, n - t)
                    earned = sum(gamma**i * steps[t + i].r for i in range(m))
                    factors.append(earned + gamma**m * value[t + m] - value[t])
        return self.sum(steps, [x * y for x, y in zip(weights, factors, strict=True)])

    def sum(self, steps, factors):
        """sum_t factor_t z_t."""
        total = [Fraction(0)] * len(self.params)
        for x, c in zip(steps, factors, strict=True):
            total = [g + c * z for g, z in zip(total, self.z[x.s, x.a], strict=True)]
        return total

    def law(self, estimator):
        """Mean and covariance of g."""
        runs = self.trajectories(estimator.cut_off)
        return law([(p, self.sample(estimator, steps)) for p, steps in runs])

    def baseline_terms(self, estimator, w):
        """{s: c(s)} and {(s, s'): E[C_s . C_s']} for C_s = sum_t w^t z_t 1{s_t = s}, by enumeration."""
        runs = self.trajectories(estimator.cut_off)
        states = self.mdp.nonterminal
        c = dict.fromkeys(states, Fraction(0))
        q = {(s, t): Fraction(0) for s in states for t in states}
        for p, steps in runs:
            g = self.sample(estimator, steps)
            C = {s: self.sum(steps, [w**t * (x.s == s) for t, x in enumerate(steps)]) for s in states}
            for s in states:
                c[s] += p * dot(g, C[s])
                for t in states:
                    q[s, t] += p * dot(C[s], C[t])
        return c, q


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def law(samples):
    """Mean and covariance of weighted vectors."""
    k = range(len(samples[0][1]))
    mean = [sum(p * g[i] for p, g in samples) for i in k]
    second = [[sum(p * g[i] * g[j] for p, g in samples) for j in k] for i in k]
    return mean, [[second[i][j] - mean[i] * mean[j] for j in k] for i in k]
