r"""Networks as they are: the gradient of a loss by a network's own parameters, against the exact one.

The network is run on every state.  With the logits :math:`\ell` and their Jacobian :math:`D = \partial\ell/\partial w`
at its parameters, the policy softmax(:math:`\ell + D v`) has at v = 0 the probabilities of the network, and

.. math::  \nabla_v J = D^T\,\frac{\partial J}{\partial\ell} = \nabla_w J

is the gradient that the loss should have, by the chain rule.  v is linear in the logits, so that everything else about
an audit is as for any policy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy as sp

from pgsym.auditing.batch import Batch
from pgsym.auditing.frameworks import framework_of
from pgsym.auditing.problem_arrays import Floats, build_arrays
from pgsym.auditing.result import AuditResult
from pgsym.auditing.run import audit
from pgsym.auditing.targets import AuditTarget, target_gradient
from pgsym.errors import SamplingError
from pgsym.model.mdp import MDP
from pgsym.model.policies import softmax_policy
from pgsym.model.problem import Problem
from pgsym.sampling import dynamics

DIRECTIONS = 16
"""More parameters than these are looked at in so many directions."""


class _Network(NamedTuple):
    """A network at its parameters, whatever it is written in."""

    framework: str
    logits: Floats
    """[S, A]"""
    jacobian: Floats
    """[S A, n]"""
    names: list[str]
    """[n]"""
    slope: Callable[[Batch], Any]
    """[n] the gradient of the loss."""


def audit_network(
    mdp: MDP,
    network: Callable[..., Any],
    loss: Callable[..., Any],
    inputs: Any,
    *,
    params: Any = None,
    seed: int = 0,
    horizon: int | None = None,
    **options: Any,
) -> AuditResult:
    """Test whether a loss has minus the true gradient as its mean gradient by the parameters of a network.

    Parameters
    ----------
    mdp
        A model whose states have the same number of actions.
    network
        A PyTorch module with ``network(inputs) -> logits``; with `params`, a JAX function ``network(params, inputs)``.
    loss
        ``loss(network, observations, batch)``, or ``loss(params, observations, batch)`` for JAX: a number that is
        minimised.  ``observations`` are the inputs at ``batch.states``.
    inputs
        [S, ...] what the network sees in each state of ``mdp.nonterminal``.  Logits are [S, A], in the order of
        ``mdp.actions(s)``.
    params
        The parameters of a JAX function, as a pytree.
    seed, horizon, options
        As for `audit`.

    Returns
    -------
    AuditResult
        By the parameters of the network on which logits depend: a critic's own head is left out.  More than 16 are
        looked at in 16 directions, along the true gradient and in 15 random ones: a bias is at least what is said.

    Raises
    ------
    SamplingError
        The logits have another shape.
    MissingExtraError
        PyTorch is not installed.

    See Also
    --------
    audit : For a policy with formulas, and for what `options` there are.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> from pgsym.model import token_tree
    >>> mdp = token_tree("q", "ab", 2, {"q a b"}).mdp
    >>> weights = jnp.array([[0.5, -0.5], [0.25, 0.0]])
    >>> inputs = jnp.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> def reinforce(w, observations, batch):
    ...     chosen = jax.nn.log_softmax(observations @ w)
    ...     log_prob = jnp.take_along_axis(chosen, batch.actions[..., None], -1)[..., 0]
    ...     return -(batch.sequence_rewards[:, None] * log_prob * batch.mask).sum() / batch.episodes
    >>> found = audit_network(mdp, lambda w, x: x @ w, reinforce, inputs, params=weights, horizon=2, mode="exact")
    >>> found.verdict.value, found.params
    ('unbiased', ('w0', 'w1', 'w2', 'w3'))
    """
    found = _torch(network, loss, inputs) if params is None else _jax(network, loss, inputs, params)
    shape = (len(mdp.nonterminal), max(len(mdp.actions(s)) for s in mdp.nonterminal))
    uneven = [s for s in mdp.nonterminal if len(mdp.actions(s)) != shape[1]]
    if found.logits.shape != shape or uneven:
        also = f", and {uneven[0]!r} has {len(mdp.actions(uneven[0]))} actions" if uneven else ""
        raise SamplingError(
            f"the logits have shape {found.logits.shape}{also}; {shape} is required, one for each state and action. "
            "Give inputs for mdp.nonterminal, and a model whose states have the same number of actions",
            where="network",
        )
    used = np.flatnonzero(found.jacobian.any(0))
    names, basis = [found.names[i] for i in used], np.eye(len(used))
    if len(used) > DIRECTIONS:
        names = ["along", *(f"random{i}" for i in range(1, DIRECTIONS))]
        basis = _directions(mdp, found.logits, found.jacobian[:, used], horizon, seed)
    problem = _linearised(mdp, found.logits, found.jacobian[:, used] @ basis, names)

    def estimator(theta: Any, batch: Batch) -> Any:
        return -(np.asarray(found.slope(batch), np.float64)[used] @ basis)

    estimator.__name__ = getattr(loss, "__name__", "loss")
    return audit(problem, estimator, seed=seed, horizon=horizon, framework=found.framework, **options)


def _linearised(mdp: MDP, logits: Floats, jacobian: Floats, names: Sequence[str]) -> Problem:
    """The policy with the logits l + D v, at v = 0."""
    v = sp.symbols(names, real=True)
    values = iter(zip(logits.reshape(-1), jacobian, strict=True))
    rows = {
        s: {a: sum((sp.Rational(float(d)) * x for d, x in zip(row, v, strict=True)), sp.Rational(float(one)))
            for a, (one, row) in zip(mdp.actions(s), values, strict=False)}
        for s in mdp.nonterminal
    }  # fmt: skip
    policy = softmax_policy(mdp, rows, v)
    return Problem(mdp, policy, theta=dict.fromkeys(v, 0))


def _directions(mdp: MDP, logits: Floats, jacobian: Floats, horizon: int | None, seed: int) -> Floats:
    """[n, DIRECTIONS] orthonormal, the first along the true gradient."""
    by_logit = _linearised(mdp, logits, np.eye(logits.size), [f"l{i}" for i in range(logits.size)])
    arrays = build_arrays(by_logit)
    steps = horizon or dynamics.default_horizon(arrays.tables)
    along = jacobian.T @ target_gradient(arrays, steps, AuditTarget.TRUNCATED)
    others = np.random.default_rng(seed).standard_normal((len(along), DIRECTIONS - 1))
    basis = np.linalg.qr(np.column_stack([along, others]))[0]
    return np.asarray(basis * np.sign(basis[:, 0] @ along))


def _jax(network: Callable[..., Any], loss: Callable[..., Any], inputs: Any, params: Any) -> _Network:
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree

    flat, shaped = ravel_pytree(params)
    inputs = jnp.asarray(inputs)
    slope = jax.jit(jax.grad(lambda v, seen, batch: loss(shaped(v), seen, batch)))
    jacobian = jax.jacrev(lambda v: network(shaped(v), inputs).reshape(-1))(flat)
    return _Network(
        "jax",
        np.asarray(network(params, inputs), np.float64),
        np.asarray(jacobian, np.float64),
        [f"w{i}" for i in range(len(flat))],
        lambda batch: slope(flat, inputs[jnp.minimum(batch.states, len(inputs) - 1)], batch),
    )


def _torch(network: Any, loss: Callable[..., Any], inputs: Any) -> _Network:
    torch = framework_of("torch").xp
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]

    def slope(value: Any, **options: Any) -> Any:
        found = torch.autograd.grad(value, [p for _, p in named], allow_unused=True, **options)
        parts = [torch.zeros_like(p) if g is None else g for g, (_, p) in zip(found, named, strict=True)]
        return torch.cat([g.reshape(-1) for g in parts]).detach().cpu().numpy()

    logits = network(inputs)
    return _Network(
        "torch",
        logits.detach().cpu().numpy().astype(np.float64),
        np.array([slope(one, retain_graph=True) for one in logits.reshape(-1)], np.float64),
        [f"{name.replace('.', '_')}_{i}" for name, p in named for i in range(p.numel())],
        lambda batch: slope(loss(network, inputs[batch.states.clamp(max=len(inputs) - 1)], batch)),
    )
