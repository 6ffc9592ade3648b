"""What a known mistake is: a departure from a correct estimator, and where it can be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pgsym.auditing.recipes import Recipe
from pgsym.auditing.targets import AuditTarget


@dataclass(frozen=True)
class Circumstances:
    """What decides which mistakes can be made at all."""

    target: AuditTarget
    on_policy: bool
    per_row: int
    long_run: bool
    discounted: bool
    group_size: int = 1
    """Episodes that share a start state."""
    groups: int = 2
    """Of a batch."""
    penalised: bool = False
    """The objective has a penalty."""

    def divides(self, parts: int) -> bool:
        """Whether a batch falls into so many micro-batches that are neither episodes nor groups."""
        episodes = self.groups * self.group_size
        return parts == 1 or (episodes % parts == 0 and parts != episodes and parts != self.groups)


@dataclass(frozen=True)
class Mistake:
    """One known departure from a correct estimator."""

    key: str
    what: str
    """What the code does."""
    change: str
    """What to do about it."""
    variants: tuple[dict[str, Any], ...]
    """Fields of a `Recipe` that re-create it."""
    trackers: tuple[str, ...] = ()
    """Where it was reported."""
    applies: Callable[[Circumstances, Recipe], bool] = lambda setting, recipe: True
    intended: bool = False
    """A known departure that many make on purpose."""

    def recipes(self, base: Recipe, setting: Circumstances) -> Iterator[Recipe]:
        """The base with this mistake, in its variants."""
        made = (replace(base, **variant) for variant in self.variants if self.applies(setting, base))
        return (recipe for recipe in made if setting.divides(recipe.parts))

    def __str__(self) -> str:
        seen = f" (met in {'; '.join(self.trackers)})" if self.trackers else ""
        return f"{self.key}: {self.what}{seen}. {self.change}"
