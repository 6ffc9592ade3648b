"""How much work a report is."""

from __future__ import annotations

from dataclasses import dataclass

from pgsym.errors import SchemaError


@dataclass(frozen=True)
class Settings:
    """What is drawn and climbed for a report.

    Attributes
    ----------
    samples : int
        Trajectories for each sampled gradient.
    steps : int
        Steps of each learning curve.
    seeds : int
        Runs of the sampled learning curve.
    batch : int
        Trajectories of one of its steps.
    seed : int
        Of the sampled gradients; the same problem and settings give the same pages.
    horizon : int or None
        Steps of a trajectory; by default so many that little is cut off.

    Examples
    --------
    >>> Settings(samples=1)
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: samples: found 1; at least 2 are required. Give a larger number
    """

    samples: int = 100_000
    steps: int = 100
    seeds: int = 3
    batch: int = 32
    seed: int = 0
    horizon: int | None = None

    def __post_init__(self) -> None:
        least = {"samples": 2, "steps": 1, "seeds": 1, "batch": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < bound:
                raise SchemaError(
                    f"found {value!r}; at least {bound} {'is' if bound == 1 else 'are'} required. Give a larger number",
                    where=name,
                )
        if not 0 <= self.seed < 2**64:
            raise SchemaError(f"found {self.seed}; must lie in 0 ... 2**64 - 1. Choose another", where="seed")
        if self.horizon is not None and self.horizon < 1:
            raise SchemaError(f"found {self.horizon}; at least 1 is required. Leave it out", where="horizon")
