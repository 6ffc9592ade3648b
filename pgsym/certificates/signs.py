"""Certificates of signs (`pgsym.order`) as lemmas: a polynomial is positive, or not negative, on an orthant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pgsym.errors import CertificateError
from pgsym.order.certificates import Coefficients, FactoredSign, SignCertificate, SignedFactor, Square, SturmCount
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, by_power, context, terms
from pgsym.order.regions import without_negative_terms

POWERS = 60
"""Powers of 1 + u that are tried for a polynomial of one variable (Polya 1928)."""

TACTICS = """\
Lemma multiplied m q p : 0 < m -> 0 < q -> q = m * p -> 0 < p.
Proof. intros M Q E. rewrite E in Q. apply (Rmult_lt_reg_l m); lra. Qed.

Lemma completed a r p q : 0 < a -> 0 <= r -> 4 * a * p = q ^ 2 + r -> 0 <= p.
Proof. intros A R E. pose proof (pow2_ge_0 q). apply (Rmult_le_reg_l (4 * a)); lra. Qed.

Lemma completed_strictly a r p q : 0 < a -> 0 < r -> 4 * a * p = q ^ 2 + r -> 0 < p.
Proof. intros A R E. pose proof (pow2_ge_0 q). apply (Rmult_lt_reg_l (4 * a)); lra. Qed.

(* Products and quotients of what is known to be positive, or not negative. *)
Ltac signs := first [assumption | left; assumption | lazymatch goal with
  | |- 0 <= _ * _ => apply Rmult_le_pos; signs
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; signs
  | |- 0 <= (_ ^ _) ^ 2 => apply pow2_ge_0
  | |- 0 <= _ ^ _ => apply pow_le; signs
  | |- 0 < _ ^ _ => apply pow_lt; signs
  | |- 0 <= _ / _ => apply Rdiv_le_0_compat; signs
  | |- 0 < _ / _ => apply Rdiv_lt_0_compat; signs
  | _ => lra end].

(* The largest and the smallest of several numbers, and their absolute values. *)
Ltac extremes := repeat match goal with
  | |- context [Rmax ?x ?y] => first [rewrite (Rmax_left x y) by lra | rewrite (Rmax_right x y) by lra]
  | |- context [Rmin ?x ?y] => first [rewrite (Rmin_left x y) by lra | rewrite (Rmin_right x y) by lra]
  | |- context [Rabs ?x] => first [rewrite (Rabs_right x) by lra | rewrite (Rabs_left1 x) by lra] end."""
"""Lemmas and tactics that stand before those of `SignLemmas`."""

MATRICES = """\
Lemma shown x d : 0 <= d -> x = d -> 0 <= x.
Proof. lra. Qed.

Lemma semidefinite a b d x y : 0 <= a + d -> 0 <= a * d - b ^ 2 -> 0 <= a * x ^ 2 + 2 * b * x * y + d * y ^ 2.
Proof.
  intros T D. pose proof (pow2_ge_0 b).
  assert (A : 0 <= a) by nra. assert (E : 0 <= d) by nra.
  destruct (Req_dec (a + d) 0) as [Z|Z].
  - assert (a = 0) by lra. assert (d = 0) by lra. subst. assert (b = 0) by nra. subst. lra.
  - apply (Rmult_le_reg_l (a + d)); [lra|].
    replace ((a + d) * (a * x ^ 2 + 2 * b * x * y + d * y ^ 2))
      with ((a * x + b * y) ^ 2 + (b * x + d * y) ^ 2 + (a * d - b ^ 2) * (x ^ 2 + y ^ 2)) by ring.
    pose proof (pow2_ge_0 (a * x + b * y)). pose proof (pow2_ge_0 (b * x + d * y)).
    pose proof (Rmult_le_pos _ _ D (Rplus_le_le_0_compat _ _ (pow2_ge_0 x) (pow2_ge_0 y))). lra.
Qed."""
"""Lemmas about symmetric matrices of two rows."""


class SignLemmas:
    """Lemmas about polynomials in u_0, u_1, ..., each of which is positive, or not negative, by its extent."""

    def __init__(self, extents: Sequence[Extent]) -> None:
        self.extents = tuple(extents)
        self.names = [f"u_{k}" for k in range(len(self.extents))]
        self.lemmas: list[str] = []

    def show(self, certificate: SignCertificate, p: Polynomial, strict: bool) -> str:
        """The name of a lemma that says that p >= 0, or p > 0; CertificateError where none is written."""
        match certificate:
            case Coefficients():
                if not without_negative_terms(p, self.extents, strict):
                    raise refusal("a sign that changes where gamma = 0")
                return self._lemma(p, strict, "positive." if strict else "nonnegative.")
            case SturmCount(index) if (
                len(parts := by_power(p, index)) == 3 and _constant(4 * parts[0] * parts[2] - parts[1] ** 2) > 0
            ):
                return self.show(Square(index, Coefficients(), Coefficients()), p, strict)
            case SturmCount(index):
                return self._lemma(p, strict, self._multiplied(p, index, strict))
            case Square(index, leading, rest):
                c, b, a = by_power(p, index)
                left = 4 * a * c - b * b
                below, above = self.show(leading, a, True), self.show(rest, left, strict)
                root = 2 * a * context(len(self.names)).gens()[index] + b
                rule = "completed_strictly" if strict else "completed"
                args = " ".join(f"({self.text(q)})" for q in (a, left, p, root))
                return self._lemma(p, strict, f"apply ({rule} {args}); [{self._at(below)} | {self._at(above)} | ring].")
            case FactoredSign(factors):
                known, written, product = [], [], context(len(self.names)).constant(1)
                for f in factors:
                    q = f.sign * f.polynomial
                    product = product * q**f.power
                    written.append(power(self.text(q), f.power, even=f.certificate is None))
                    if f.certificate is not None:
                        lemma = self.show(f.certificate, q, strict)
                        known.append(f"assert (0 {'<' if strict else '<='} {self.text(q)}) by ({self._at(lemma)}).")
                whole = " * ".join([str(int(p.leading_coefficient() / product.leading_coefficient())), *written])
                return self._lemma(p, strict, " ".join([*known, f"replace ({self.text(p)}) with ({whole}) by ring.",
                                                        "signs."]))  # fmt: skip
        raise refusal(certificate.rung)

    def below_a_square(self, factor: SignedFactor) -> SignedFactor:
        """A factor of a denominator whose even power needs no sign, with one: it must not be 0."""
        if factor.certificate is not None or not factor.below:
            return factor
        for sign in (1, -1):
            if without_negative_terms(sign * factor.polynomial, self.extents, strict=True):
                return replace(factor, sign=sign, certificate=Coefficients())
        raise refusal("a square in a denominator")

    def text(self, p: Polynomial, names: Sequence[str] = ()) -> str:
        """A polynomial, the terms that are free of what may be 0 first."""
        zeros = [k for k, side in enumerate(self.extents) if side is not Extent.OPEN]
        found = sorted(terms(p).items(), key=lambda item: (sum(item[0][k] for k in zeros), item[0]))
        return " + ".join(self._monomial(c, m, names or self.names) for m, c in found) or "0"

    def _monomial(self, c: int, powers: Sequence[int], names: Sequence[str]) -> str:
        factors = [
            f"({name} ^ {k // 2}) ^ 2" if side is Extent.LINE and k % 2 == 0 else name if k == 1 else f"{name} ^ {k}"
            for name, side, k in zip(names, self.extents, powers, strict=True) if k
        ]  # fmt: skip
        return " * ".join([*([] if c == 1 and factors else [str(c) if c > 0 else f"({c})"]), *factors])

    def _at(self, lemma: str) -> str:
        """The tactic that applies a lemma to the same point."""
        return f"apply ({lemma} {' '.join(self.names)}); assumption"

    def _multiplied(self, p: Polynomial, index: int, strict: bool) -> str:
        factor = 1 + context(len(self.names)).gens()[index]
        found = p
        for k in range(POWERS + 1):
            if without_negative_terms(found, self.extents, strict=True):
                shown = f"apply (multiplied ((1 + {self.names[index]}) ^ {k}) ({self.text(found)})); "
                return f"{'' if strict else 'left. '}{shown}[apply pow_lt; lra | positive | ring]."
            found = found * factor
        raise refusal(f"{SturmCount.rung}, where no power of 1 + u up to {POWERS} makes all coefficients positive")

    def _lemma(self, p: Polynomial, strict: bool, proof: str) -> str:
        name = f"sign_{len(self.lemmas) + 1}"
        known = "".join(
            f"0 {'<' if side is Extent.OPEN else '<='} {u} -> "
            for u, side in zip(self.names, self.extents, strict=True)
            if side is not Extent.LINE
        )
        relation = "<" if strict else "<="
        self.lemmas.append(
            f"Lemma {name} : forall {' '.join(self.names)} : R, {known}0 {relation} {self.text(p)}.\n"
            f"Proof. intros. {proof} Qed."
        )
        return name


def _constant(p: Polynomial) -> int:
    return int(p.coefficient(0)) if not p.is_zero() else 0


def power(text: str, k: int, *, even: bool = False) -> str:
    """A power; of a factor without a known sign, as a square."""
    if even:
        return f"(({text}) ^ {k // 2}) ^ 2"
    return f"({text})" if k == 1 else f"({text}) ^ {k}"


def refusal(what: str) -> CertificateError:
    """What of an inequality is not covered."""
    return CertificateError(
        f"found {what}; certificates of inequalities are written for sums, products, quotients and abs(..) of J, V, Q, "
        "A, mu, rbar, pi, P, r, gamma, arbitrary functions and first and second derivatives of J, whose signs are "
        "shown by coefficients, by Sturm or by completed squares. Decide it with pgsym check", where="claim",
    )  # fmt: skip
