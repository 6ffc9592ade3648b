"""The class behind `to_gymnasium`; importing it needs gymnasium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Discrete

from pgsym.expression.evaluate import Expressions
from pgsym.interchange.environments import outcome_tables
from pgsym.model.arrays import require_numbers
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem


class MDPEnv(gymnasium.Env):
    """An MDP as a gymnasium environment: states and actions by number; made by `to_gymnasium`.

    The names behind the numbers are `states` and `actions`; `pi`, shape (S, A), has the policy's probabilities, if any;
    `gamma` is the model's discount factor, for the learner: gymnasium has no place for it.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012  (gymnasium's own name for it)

    def __init__(
        self,
        problem: Problem,
        *,
        unavailable: str = "error",
        time_limit: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        self.tables = tables = outcome_tables(problem.mdp, unavailable)
        self.states, self.actions, self.gamma = tables.states, tables.actions, tables.gamma
        self.observation_space = Discrete(len(self.states))
        self.action_space = Discrete(tables.p.shape[1])
        self.time_limit = time_limit
        self.render_mode = render_mode
        self.initial_state_distrib = tables.start
        chosen = "policy" not in problem.assumed
        self.pi = _probabilities(problem.policy, problem.point, tables.states, tables.actions) if chosen else None
        # exact rows sum to 1, so the last cumulative probability is 1 whatever floats add up to
        self._start = _cumulative(tables.start)
        self._rows = [[_cumulative(row) for row in rows] for rows in tables.p]
        self.state, self.time = 0, 0
        self._last = ""
        made = {"problem": problem, "unavailable": unavailable, "time_limit": time_limit}
        self.spec = EnvSpec(id="pgsym/MDP-v0", entry_point=MDPEnv, kwargs=made)

    @property
    def P(self) -> dict[int, dict[int, list[tuple[float, int, float, bool]]]]:
        """{s: {a: [(p, s', r, done)]}}, as gymnasium's own, so that `MDP.from_gymnasium` reads the model back."""
        t = self.tables
        return {
            s: {
                a: [
                    (float(p), int(n), float(r), bool(t.terminal[n]))
                    for p, n, r in zip(t.p[s, a], t.next[s, a], t.r[s, a], strict=True)
                    if p
                ]
                for a in range(t.p.shape[1])
            }
            for s in range(len(self.states))
        }

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.state, self.time = self._draw(self._start), 0
        self._last = f"{self.states[self.state]}"
        return self.state, self._info()

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        """One outcome of (s, a); `truncated` at the time limit, where the state is not terminal."""
        k = self._draw(self._rows[self.state][int(action)])
        before, reward = self.state, float(self.tables.r[self.state, int(action), k])
        self.state = int(self.tables.next[before, int(action), k])
        self.time += 1
        self._last = f"{self.states[before]} -- {self.actions[int(action)]}, {reward:g} --> {self.states[self.state]}"
        terminated = bool(self.tables.terminal[self.state])
        truncated = not terminated and self.time_limit is not None and self.time >= self.time_limit
        return self.state, reward, terminated, truncated, self._info()

    def render(self) -> str | None:
        return self._last if self.render_mode == "ansi" else None

    def _info(self) -> dict[str, Any]:
        info: dict[str, Any] = {"action_mask": self.tables.available[self.state].astype(np.int8)}
        if self.pi is not None:
            info["policy"] = self.pi[self.state].copy()
        return info

    def _draw(self, cumulative: npt.NDArray[np.float64]) -> int:
        return int(np.searchsorted(cumulative, self.np_random.random(), side="right"))


def _cumulative(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    total = np.cumsum(p)
    total[np.flatnonzero(p)[-1] :] = 1.0
    return total


def _probabilities(
    policy: Policy, theta: Mapping[Any, Any], states: tuple[Any, ...], actions: tuple[Any, ...]
) -> npt.NDArray[np.float64]:
    """pi(a|s) at theta, shape (S, A); uniform in terminal states, where nothing depends on it."""
    require_numbers(policy.mentioned - theta.keys(), "an environment has numbers", "environment")
    rows = {s: zip(policy.actions(s), policy.row(s, Expressions()), strict=True) for s in policy.states}
    found = {s: {a: float(p.xreplace(theta)) for a, p in row} for s, row in rows.items()}
    uniform = dict.fromkeys(actions, 1 / len(actions))
    return np.array([[found.get(s, uniform).get(a, 0.0) for a in actions] for s in states])
