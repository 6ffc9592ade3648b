r"""Values by block, each found once and on demand; between two blocks that every run passes, by one small formula.

Where all runs from a block that do not end pass an exit, its value is an affine function of the exit's,

    V(b) = earned + passed V(exit),

in which `earned` and `passed` hold only what lies between them, however large V(exit) is.  Blocks whose way to
their exit has the same shape have the same two, so repeated parts of a chain are worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pgsym.algebra.field import demanded
from pgsym.exact.quotient import Quotient, Term

if TYPE_CHECKING:
    from pgsym.exact.chain import InducedChain

FAR = 8
"""An exit that lies further ahead is not looked for."""

Product = tuple[Any, Any]
"""Two elements that are to be multiplied."""
Path = tuple[int, ...]
"""The shapes that lead from a block to its exit, or to one further ahead."""


class Exits:
    """For each block of a quotient its exit, 0 where there is none, and the shape of what lies between.

    >>> from pgsym.model import MDP, tabular
    >>> from pgsym.model.structure import Structure
    >>> rows = [(s, "go", t, "1/2", k) for s, t in ("ab", "bc", "cd") for t, k in ((t, 1), ("end", 0))]
    >>> mdp = MDP.from_transitions([*rows, ("d", "go", "end", 1, 5)], terminal=["end"])
    >>> quotient = Quotient(Structure(mdp, tabular(mdp)))
    >>> found = Exits(quotient)
    >>> [(s, found.exit[b], found.shape[b]) for s, b in zip(mdp.states, quotient.block) if s in "abc"]
    [('a', 3, 2), ('b', 2, 2), ('c', 0, None)]
    """

    def __init__(self, quotient: Quotient) -> None:
        self._quotient = quotient
        self.exit: list[int] = []
        self.shape: list[int | None] = []
        self.shapes: list[tuple[tuple[Term, ...], tuple[tuple[int, Path], ...]]] = []
        """What a shape earns, as terms, and (coefficient, path to the exit) of its next blocks."""
        self._names: dict[Any, int] = {}
        self._depth: list[int] = []
        for block, (reward, terms) in enumerate(quotient.equations):
            ahead = [t for _, t in terms if not self._is_constant(t)]
            alone = len(quotient.parts[block]) == 1 and block not in ahead
            exit = self._common(ahead) if alone and ahead else 0
            self.exit.append(exit)
            self._depth.append(self._depth[exit] + 1 if block else 0)
            if exit or not terms:
                shape = (reward, tuple(sorted([(c, self._path(t, exit)) for c, t in terms])))
                if shape not in self._names:
                    self._names[shape] = len(self.shapes)
                    self.shapes.append(shape)
                self.shape.append(self._names[shape])
            else:
                self.shape.append(None)

    def _is_constant(self, block: int) -> bool:
        """The run ends here."""
        return not self._quotient.equations[block][1]

    def _common(self, blocks: Sequence[int]) -> int:
        """The first block on all the ways that lead from exit to exit."""
        common, steps = blocks[0], 0
        for other in blocks:
            while common != other:
                if self._depth[common] < self._depth[other]:
                    other = self.exit[other]
                else:
                    common = self.exit[common]
                steps += 1
                if steps > FAR:
                    return 0
        return common

    def _path(self, block: int, exit: int) -> Path:
        found: list[Any] = []
        while block != exit:
            found.append(self.shape[block])
            block = exit if self._is_constant(block) else self.exit[block]
        return tuple(found)


class BlockValues:
    """V by block over one field of rational functions."""

    def __init__(self, quotient: Quotient, chain: InducedChain) -> None:
        self._equations, self._parts = quotient.equations, quotient.parts
        self._pairs = list(quotient.coefficients)
        self._exits = Exits(quotient)
        self._chain = chain
        self._field: Any = chain.field
        self._known: dict[int, Any] = {0: chain.field.zero}
        self._solved: dict[range, Sequence[Any]] = {}
        self._rewards = chain.constants.rewards
        self._factors: dict[int, Product] = {}
        self._weights: dict[int, Any] = {}
        self._affine: dict[int, tuple[Any, Any]] = {}

    def __getitem__(self, block: int) -> Any:
        known = self._known
        for found in demanded(block, self._needs, known):
            if exit := self._exits.exit[found]:
                earned, passed = self._between(self._exits.shape[found])
                known[found] = earned + passed * known[exit]
                continue
            part, (reward, terms) = self._parts[found], self._equations[found]
            if len(part) == 1 and not any(b == found for _, b in terms):
                left = [self._weight(c) for c, _ in (*reward, *terms)]
                right = [*[self._rewards[i] for _, i in reward], *[known[b] for _, b in terms]]
                known[found] = self._field.dot(left, right)
                continue
            if part not in self._solved:
                self._solved[part] = self._solve(part, found)
            known[found] = self._solved[part][found - part.start]
        return known[block]

    def _needs(self, block: int) -> list[int]:
        if exit := self._exits.exit[block]:
            return [exit]
        part = self._parts[block]
        return [b for k in part for _, b in self._equations[k][1] if b < part.start]

    def _between(self, shape: int | None) -> tuple[Any, Any]:
        """`earned` and `passed` of a shape."""
        shapes, known, field = self._exits.shapes, self._affine, self._field
        for found in demanded(shape, lambda k: [n for _, path in shapes[k][1] for n in path], known):
            reward, ahead = shapes[found]
            weights = [self._weight(c) for c, _ in ahead]
            pairs = [self._along(path) for _, path in ahead]
            products = [*self._earned(reward), *zip(weights, [e for e, _ in pairs], strict=True)]
            known[found] = self._sum(products), field.dot(weights, [p for _, p in pairs])
        return known[shape]  # type: ignore[index]

    def _along(self, path: Path) -> tuple[Any, Any]:
        earned, passed = self._field.zero, self._field.one
        for shape in reversed(path):
            own, through = self._affine[shape]
            earned, passed = own + through * earned, through * passed
        return earned, passed

    def _solve(self, part: range, first: int) -> Sequence[Any]:
        """The values of one component, the one that was asked for eliminated last."""
        known, equations = self._known, []
        for k in part:
            reward, terms = self._equations[k]
            found = [(len(part), *product) for product in self._earned(reward)]
            for c, b in terms:
                inside = b in part
                found.append((b - part.start, *self._product(c)) if inside else (len(part), self._weight(c), known[b]))
            equations.append(found)
        return self._field.fixed_point(equations, first - part.start)

    def _sum(self, products: Sequence[Product]) -> Any:
        return self._field.dot([a for a, _ in products], [b for _, b in products])

    def _earned(self, reward: Sequence[Term]) -> list[Product]:
        """What a step earns, in products."""
        return [(self._weight(c), self._rewards[i]) for c, i in reward]

    def _weight(self, coefficient: int) -> Any:
        """pi(a|s) gamma p, or pi(a|s) for a reward."""
        found = self._weights.get(coefficient)
        if found is None:
            choice, step = self._product(coefficient)
            found = self._weights[coefficient] = choice * step
        return found

    def _product(self, coefficient: int) -> Product:
        """pi(a|s) and gamma p; without a choice, or for a reward, 1."""
        found = self._factors.get(coefficient)
        if found is None:
            chain, (pair, i) = self._chain, self._pairs[coefficient]
            choice = chain.field.one if pair is None else chain.pi[pair[0]][pair[1]]
            step = chain.field.one if i < 0 else chain.constants.steps[i]
            found = self._factors[coefficient] = choice, step
        return found
