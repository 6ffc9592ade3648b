(* Softmax policies: pi(a|s) = exp(l(s,a)) / sum_b exp(l(s,b)).  The logits may share parameters. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums MDP.
Open Scope R_scope.

Definition softmax (actions : nat -> nat) (l : nat -> nat -> R) (s a : nat) : R :=
  exp (l s a) / Σ b < actions s, exp (l s b).

(* d pi(a|s) = pi(a|s) (d l(s,a) - sum_b pi(b|s) d l(s,b)) *)
Definition dsoftmax (actions : nat -> nat) (l dl : nat -> nat -> R) (s a : nat) : R :=
  softmax actions l s a * (dl s a - Σ b < actions s, softmax actions l s b * dl s b).

Lemma weights_pos n (l : nat -> R) : (0 < n)%nat -> 0 < Σ b < n, exp (l b).
Proof. intro L. apply (sum_pos n _ O); [intros; left; apply exp_pos | assumption | apply exp_pos]. Qed.

Theorem softmax_pos actions l s a : (a < actions s)%nat -> 0 < softmax actions l s a.
Proof. intro L. apply Rdiv_lt_0_compat; [apply exp_pos | apply weights_pos; lia]. Qed.

Theorem softmax_sum actions l s : (0 < actions s)%nat -> Σ a < actions s, softmax actions l s a = 1.
Proof.
  intro L. unfold softmax, Rdiv. rewrite sum_mult_r. field.
  apply Rgt_not_eq, (weights_pos _ (l s)). assumption.
Qed.

Theorem softmax_policy M l : policy M (softmax (actions M) l).
Proof.
  split; intros.
  - left. now apply softmax_pos.
  - now apply softmax_sum.
Qed.

Theorem softmax_is_derive actions (l : R -> nat -> nat -> R) dl s t :
  (forall a, (a < actions s)%nat -> is_derive (fun u => l u s a) t (dl s a)) ->
  forall a, (a < actions s)%nat ->
  is_derive (fun u => softmax actions (l u) s a) t (dsoftmax actions (l t) dl s a).
Proof.
  intros D a L.
  assert (E : forall b, (b < actions s)%nat -> is_derive (fun u => exp (l u s b)) t (exp (l t s b) * dl s b)).
  { intros b Lb. evar_last.
    - apply (is_derive_comp exp (fun u => l u s b)); [apply is_derive_exp | now apply D].
    - apply Rmult_comm. }
  assert (W : 0 < Σ b < actions s, exp (l t s b)) by (apply weights_pos; lia).
  evar_last.
  - apply is_derive_div; [apply (E a L) | | lra].
    apply (sum_is_derive _ (fun u b => exp (l u s b)) (fun b => exp (l t s b) * dl s b)). exact E.
  - unfold dsoftmax. unfold softmax at 2.
    rewrite (sum_ext _ (fun b => exp (l t s b) / _ * dl s b)
               (fun b => exp (l t s b) * dl s b * / Σ c < actions s, exp (l t s c))) by (intros; unfold Rdiv; ring).
    rewrite sum_mult_r. unfold softmax. field. lra.
Qed.

(* exp(n y) is a power of exp(y): so a softmax is a rational function of such exponentials. *)
Lemma exp_IZR_mult n y : exp (IZR n * y) = powerRZ (exp y) n.
Proof.
  assert (Nat : forall m, exp (INR m * y) = exp y ^ m).
  { induction m; [simpl; rewrite Rmult_0_l; apply exp_0|].
    rewrite S_INR, Rmult_plus_distr_r, exp_plus, IHm, Rmult_1_l. simpl. ring. }
  destruct n; simpl.
  - rewrite Rmult_0_l. apply exp_0.
  - rewrite <- Nat, INR_IPR. reflexivity.
  - rewrite <- Nat, <- exp_Ropp, INR_IPR. f_equal. unfold IZR. ring.
Qed.
