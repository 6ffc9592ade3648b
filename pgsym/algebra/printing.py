"""Polynomials as SymPy expressions, in SymPy's own canonical form but without its bookkeeping.

`sympy.Mul` inspects every pair of factors of every term, although here all factors are powers of a few
generators.  The powers are sorted once, and each term is put together from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

import sympy as sp
from sympy.core.basic import Basic


def expression(terms: Sequence[tuple[tuple[int, ...], int]], generators: Sequence[sp.Expr]) -> sp.Expr:
    """sum_m c_m prod_k generators[k]^{m_k}.

    Parameters
    ----------
    terms
        (exponents, coefficient), with distinct exponents and nonzero coefficients.
    generators
        Symbols and exponentials.

    Examples
    --------
    >>> t, g = sp.symbols("t gamma")
    >>> expression([((2, 1), -1), ((0, 0), 3)], [sp.exp(t / 2), g])
    -gamma*exp(t) + 3
    """
    constants = [k for k, g in enumerate(generators) if not g.free_symbols]
    if constants:  # exp(1/2) exp(t) may merge into exp(t + 1/2)
        return sp.Add(
            *(sp.Mul(sp.Integer(c), *(g**k for g, k in zip(generators, m, strict=True) if k)) for m, c in terms)
        )
    used = {(k, e) for m, _ in terms for k, e in enumerate(m) if e}
    powers = {item: generators[item[0]] ** item[1] for item in used}
    position = {power: item for item, power in powers.items()}
    in_order = sorted(position, key=cmp_to_key(Basic.compare))
    rank = {position[power]: place for place, power in enumerate(in_order)}
    made = []
    for exponents, coefficient in terms:
        factors = sorted([(k, e) for k, e in enumerate(exponents) if e], key=rank.__getitem__)
        args = [powers[item] for item in factors]
        if coefficient != 1 or not args:
            args.insert(0, sp.Integer(coefficient))
        made.append(args[0] if len(args) == 1 else sp.Mul._from_args(args))
    return sp.Add(*made)
