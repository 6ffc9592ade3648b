(* The policy gradient theorem for every finite MDP, start-state form (Sutton et al. 2000), along one real
   parameter t of the policy.  That V is differentiable is proved, not assumed. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination MDP PerformanceDifference.
Open Scope R_scope.

(* -- what may be put beside Q ---------------------------------------------------------------------------- *)

(* Probabilities sum to 1, so their derivatives sum to 0. *)
Lemma derivatives_cancel n (f : R -> nat -> R) df t :
  (forall u, sum n (f u) = 1) -> (forall a, (a < n)%nat -> is_derive (fun u => f u a) t (df a)) -> sum n df = 0.
Proof.
  intros S D. rewrite <- (is_derive_unique _ _ _ (sum_is_derive n f df t D)).
  rewrite (Derive_ext _ (fun _ => 1)) by assumption. apply Derive_const.
Qed.

(* A baseline that depends on the state only changes nothing (Williams 1992). *)
Theorem baseline_invariance n (w : nat -> R) (acts : nat -> nat) (dpi q : nat -> nat -> R) (b : nat -> R) :
  (forall s, (s < n)%nat -> Σ a < acts s, dpi s a = 0) ->
  Σ s < n, w s * Σ a < acts s, dpi s a * (q s a - b s) = Σ s < n, w s * Σ a < acts s, dpi s a * q s a.
Proof.
  intro H. apply sum_ext. intros s L. f_equal.
  rewrite (sum_ext _ _ (fun a => dpi s a * q s a - dpi s a * b s)) by (intros; ring).
  rewrite sum_minus, sum_mult_r. replace (sum (acts s) (dpi s)) with 0 by (symmetry; exact (H s L)). ring.
Qed.

(* The log-derivative step, where every action has positive probability. *)
Theorem log_derivative n (w : nat -> R) (acts : nat -> nat) (pi : R -> nat -> nat -> R) (dpi q : nat -> nat -> R) t :
  (forall s a, (s < n)%nat -> (a < acts s)%nat -> 0 < pi t s a) ->
  (forall s a, (s < n)%nat -> (a < acts s)%nat -> is_derive (fun u => pi u s a) t (dpi s a)) ->
  Σ s < n, w s * Σ a < acts s, dpi s a * q s a
  = Σ s < n, w s * Σ a < acts s, pi t s a * (Derive (fun u => ln (pi u s a)) t * q s a).
Proof.
  intros Pos D. apply sum_ext. intros s L. f_equal. apply sum_ext. intros a La.
  rewrite (is_derive_unique _ _ (dpi s a * / pi t s a)).
  - pose proof (Pos s a L La). field. lra.
  - apply (is_derive_comp ln (fun u => pi u s a)); [|now apply D].
    apply is_derive_Reals. apply derivable_pt_lim_ln. now apply Pos.
Qed.

Section PolicyGradient.
Variable M : MDP.
Notation N := (states M).
Variable pi : R -> nat -> nat -> R.   (* pi t s a = pi_t(a|s) *)
Variable dpi : nat -> nat -> R.       (* its derivative at t0 *)
Variable t0 : R.
Hypothesis pi_policy : forall t, policy M (pi t).
Hypothesis pi_ends : forall t, ends M (pi t).
Hypothesis pi_derive : forall s a, (s < N)%nat -> (a < actions M s)%nat -> is_derive (fun t => pi t s a) t0 (dpi s a).

Lemma chain_ex_derive s (x : nat -> R) : (s < N)%nat ->
  ex_derive (fun t => Σ a < actions M s, pi t s a * x a) t0.
Proof.
  intro L. apply (sum_ex_derive _ (fun t a => pi t s a * x a)). intros a La.
  apply ex_derive_product; [exists (dpi s a); now apply pi_derive | apply ex_derive_const].
Qed.

Lemma value_ex_derive s : (s < N)%nat -> ex_derive (fun t => value M (pi t) s) t0.
Proof.
  intro L. unfold value.
  apply (solved_ex_derive t0 true N (fun _ => stop M) (fun t => r_pi M (pi t)) (fun t => step M (pi t)));
    [now apply leads_out_ends | intros .. | assumption].
  - apply ex_derive_const.
  - apply ex_derive_product; [apply ex_derive_const | now apply chain_ex_derive].
  - now apply chain_ex_derive.
Qed.

Lemma occupancy_ex_derive mu0 s : (s < N)%nat -> ex_derive (fun t => occupancy M mu0 (pi t) s) t0.
Proof.
  intro L. unfold occupancy.
  apply (solved_ex_derive t0 false N (fun _ => stop M) (fun _ => mu0) (fun t => step M (pi t)));
    [now apply leads_out_ends | intros .. | assumption].
  - apply ex_derive_const.
  - apply ex_derive_product; [apply ex_derive_const | now apply chain_ex_derive].
  - apply ex_derive_const.
Qed.

(* Any values that solve Bellman's equations near t0. *)
Variable V : R -> nat -> R.
Hypothesis V_Bellman : forall t, Bellman M (pi t) (V t).

Lemma V_ex_derive s : (s < N)%nat -> ex_derive (fun t => V t s) t0.
Proof.
  intro L. apply (ex_derive_ext (fun t => value M (pi t) s)); [|now apply value_ex_derive].
  intro t. symmetry. now apply Bellman_unique.
Qed.

Lemma Q_is_derive dV s a :
  (forall s', (s' < N)%nat -> is_derive (fun t => V t s') t0 (dV s')) ->
  is_derive (fun t => Q M (V t) s a) t0 (gamma M * Σ s' < N, P M s a s' * dV s').
Proof.
  intro D. unfold Q. evar_last.
  - apply @is_derive_plus; [apply is_derive_const|]. apply is_derive_scal.
    apply (sum_is_derive N (fun t s' => P M s a s' * V t s') (fun s' => P M s a s' * dV s')).
    intros s' L. apply is_derive_scal. now apply D.
  - unfold plus, zero; simpl. ring.
Qed.

(* Differentiated Bellman equations. *)
Lemma V_derivative dV s : (s < N)%nat ->
  (forall s', (s' < N)%nat -> is_derive (fun t => V t s') t0 (dV s')) ->
  dV s = (Σ a < actions M s, dpi s a * Q M (V t0) s a) + gamma M * Σ s' < N, P_pi M (pi t0) s s' * dV s'.
Proof.
  intros L D. rewrite <- (is_derive_unique _ _ _ (D s L)). apply is_derive_unique.
  apply (is_derive_ext (fun t => Σ a < actions M s, pi t s a * Q M (V t) s a)).
  { intro t. symmetry. now apply V_Bellman. }
  evar_last.
  - apply (sum_is_derive _ (fun t a => pi t s a * Q M (V t) s a)
      (fun a => dpi s a * Q M (V t0) s a + pi t0 s a * (gamma M * Σ s' < N, P M s a s' * dV s'))). intros a La.
    apply is_derive_product; [now apply pi_derive | now apply Q_is_derive].
  - rewrite sum_plus, <- over_actions, <- sum_mult_l. f_equal. apply sum_ext. intros; ring.
Qed.

Theorem policy_gradient mu0 eta : Balance M mu0 (pi t0) eta ->
  is_derive (fun t => Σ s < N, mu0 s * V t s) t0
            (Σ s < N, eta s * Σ a < actions M s, dpi s a * Q M (V t0) s a).
Proof.
  intro B. set (dV := fun s => Derive (fun t => V t s) t0).
  assert (D : forall s, (s < N)%nat -> is_derive (fun t => V t s) t0 (dV s)).
  { intros. now apply Derive_correct, V_ex_derive. }
  evar_last.
  - apply (sum_is_derive N (fun t s => mu0 s * V t s) (fun s => mu0 s * dV s)).
    intros. apply is_derive_scal. now apply D.
  - rewrite <- (visited M mu0 (pi t0) eta dV B). apply sum_ext. intros s L.
    rewrite (V_derivative dV s L D) at 1. ring.
Qed.

(* The differentiated equations have one solution: the derivatives of V. *)
Theorem value_is_derive dV :
  (forall s, (s < N)%nat ->
     dV s = (Σ a < actions M s, dpi s a * Q M (V t0) s a) + gamma M * Σ s' < N, P_pi M (pi t0) s s' * dV s') ->
  forall s, (s < N)%nat -> is_derive (fun t => V t s) t0 (dV s).
Proof.
  intros E s L. set (dV' := fun s => Derive (fun t => V t s) t0).
  assert (D : forall s, (s < N)%nat -> is_derive (fun t => V t s) t0 (dV' s)).
  { intros. now apply Derive_correct, V_ex_derive. }
  replace (dV s) with (dV' s); [now apply D|]. apply Rminus_diag_uniq.
  pose proof (visited M (unit_at s) (pi t0) _ (fun i => dV' i - dV i)
                (occupancy_solves_Balance M (unit_at s) (pi t0) (pi_policy t0) (pi_ends t0))) as U.
  rewrite (sum_unit N s _ L) in U. rewrite <- U. apply sum_zero. intros i Li.
  rewrite (V_derivative dV' i Li D) at 1. rewrite (E i Li) at 1.
  rewrite (sum_ext N (fun s' => P_pi M (pi t0) i s' * (dV' s' - dV s'))
             (fun s' => P_pi M (pi t0) i s' * dV' s' - P_pi M (pi t0) i s' * dV s')) by (intros; ring).
  rewrite sum_minus. ring.
Qed.

Lemma dpi_cancel s : (s < N)%nat -> Σ a < actions M s, dpi s a = 0.
Proof.
  intro L. destruct (actions M s) eqn:A; [reflexivity|]. rewrite <- A.
  apply (derivatives_cancel _ (fun t a => pi t s a) _ t0); [|intros; now apply pi_derive].
  intro t. apply (pi_sum M (pi t) (pi_policy t) s L). rewrite A. lia.
Qed.

Corollary policy_gradient_baseline mu0 eta (b : nat -> R) : Balance M mu0 (pi t0) eta ->
  is_derive (fun t => Σ s < N, mu0 s * V t s) t0
            (Σ s < N, eta s * Σ a < actions M s, dpi s a * (Q M (V t0) s a - b s)).
Proof. intro B. rewrite (baseline_invariance N eta (actions M) dpi (Q M (V t0)) b dpi_cancel). now apply policy_gradient. Qed.

Corollary policy_gradient_log mu0 eta : Balance M mu0 (pi t0) eta ->
  (forall s a, (s < N)%nat -> (a < actions M s)%nat -> 0 < pi t0 s a) ->
  is_derive (fun t => Σ s < N, mu0 s * V t s) t0
            (Σ s < N, eta s * Σ a < actions M s, pi t0 s a * (Derive (fun t => ln (pi t s a)) t0 * Q M (V t0) s a)).
Proof. intros B Pos. rewrite <- (log_derivative N eta (actions M) pi dpi (Q M (V t0)) t0 Pos pi_derive). now apply policy_gradient. Qed.

End PolicyGradient.
