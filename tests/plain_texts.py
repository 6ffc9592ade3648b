"""The text of an estimator read over one trajectory: every sum is added up term by term, in plain Python.

It shares with pgsym the tree, and nothing that takes it apart: no terms, no stages, no recognised form.
"""

import math
import operator

import numpy as np

from pgsym.claims.language import runs as r
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Let

COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


class PlainText:
    """An estimator on runs of one model.

    Parameters
    ----------
    quantities
        {name: function of its places}: gamma, V, Q, pi, and z for grad log pi.
    functions
        {name: function of its places} for the names that stand for numbers.
    number
        What whole numbers and fractions become: float, or Fraction to be exact.
    """

    def __init__(self, estimator, quantities, functions=(), number=float):
        self.number = number
        self.tree = estimator.tree
        self.lets = {b.name: b for b in estimator.bindings if isinstance(b, Let)}
        self.quantities, self.functions = quantities, dict(functions)

    def sample(self, states, actions, rewards):
        """g of one run, which has one state more than steps."""
        self.run = {"s": list(states), "a": list(actions), "r": list(rewards)}
        return self.value(self.tree, {})

    def time(self, time, env):
        return (env[time.name] if time.name else 0) + time.shift

    def place(self, index, env):
        """The state or action that an index means; IndexError where the run has none."""
        if isinstance(index, t.Literal):
            return index.name
        if (timed := r.read_timed(index)) is None:
            time = r.read_time(index)
            return env[index] if time is None else self.time(time, env)
        letter, time = timed
        k = self.time(time, env)
        if k < 0:
            raise IndexError
        return self.run[letter][k]

    def value(self, node, env):
        steps = len(self.run["r"])
        match node:
            case t.Number(value):
                return self.number(value)
            case t.Neg(x):
                return -self.value(x, env)
            case t.Add(x, y):
                return self.value(x, env) + self.value(y, env)
            case t.Sub(x, y):
                return self.value(x, env) - self.value(y, env)
            case t.Mul(x, y):
                return self.value(x, env) * self.value(y, env)
            case t.Div(x, y):
                return self.value(x, env) / self.value(y, env)
            case t.Pow(x, power):
                return self.value(x, env) ** power
            case t.Dot(x, y):
                return self.vectors(operator.matmul, x, y, env)
            case t.Outer(x, y):
                return self.vectors(np.outer, x, y, env)
            case t.Grad(t.Log(t.Quantity("pi", indices))):
                return self.leaf(self.quantities["z"], indices, env)
            case t.Grad(t.Quantity("pi", indices)):
                return self.leaf(self.quantities["pi"], indices, env) * self.leaf(self.quantities["z"], indices, env)
            case t.Grad(t.Quantity(name, indices)):
                return self.leaf(self.quantities[f"grad {name}"], indices, env)
            case t.Grad(t.Log(r.RunProbability())):
                return sum(self.quantities["z"](self.run["a"][k], self.run["s"][k]) for k in range(steps))
            case t.Quantity(name, indices):
                return self.leaf(self.quantities[name], indices, env)
            case t.Call(name, indices) if name in self.lets:
                let = self.lets[name]
                return self.leaf(lambda *places: self.value(let.body, dict(zip(let.indices, places))), indices, env)  # noqa: B905
            case t.Call(name, indices):
                return self.leaf(self.functions[name], indices, env)
            case r.RewardAt(time):
                k = self.time(time, env)
                return self.run["r"][k] if 0 <= k < steps else self.number(0)
            case r.Return() | r.ReturnFrom():
                since = self.time(node.time, env) if isinstance(node, r.ReturnFrom) else 0
                return sum(self.quantities["gamma"]() ** (k - since) * self.run["r"][k] for k in range(since, steps))
            case r.TimePower(x, to, since):
                return self.value(x, env) ** (self.time(to, env) - (0 if since is None else env[since.name]))
            case r.TimeSum(index, bounds, x):
                terms = [
                    self.value(x, {**env, index: k})
                    for k in range(steps)
                    if all(COMPARE[b.op](k, self.time(b.time, env)) for b in bounds)
                ]
                return sum(terms) if terms else self.number(0)
            case r.TimeProduct(index, bounds, x):
                return math.prod(
                    [
                        self.value(x, {**env, index: k})
                        for k in range(steps)
                        if all(COMPARE[b.op](k, self.time(b.time, env)) for b in bounds)
                    ]
                )
        raise TypeError(type(node).__name__)

    def vectors(self, product, x, y, env):
        """A product of vectors; 0 where one has no term."""
        both = self.value(x, env), self.value(y, env)
        return product(*both) if all(map(np.ndim, both)) else self.number(0)

    def leaf(self, function, indices, env):
        """A function at its places; 0 where the run has no such step."""
        try:
            places = [self.place(i, env) for i in indices]
        except IndexError:
            return self.number(0)
        return function(*places)
