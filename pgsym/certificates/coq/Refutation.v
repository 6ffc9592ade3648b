(* Derivatives of visits, stationary distributions and differential values, as the one solution of the
   differentiated equations.  At a rational point they are rational numbers: enough to refute a claim. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination MDP Softmax PerformanceDifference PolicyGradient AverageReward.
Open Scope R_scope.

Definition dP (M : MDP) (dpi : nat -> nat -> R) (s s' : nat) : R := Σ a < actions M s, dpi s a * P M s a s'.

Definition dr (M : MDP) (dpi : nat -> nat -> R) (s : nat) : R := Σ a < actions M s, dpi s a * r M s a.

Section Derivatives.
Variable M : MDP.
Notation N := (states M).
Variable pi : R -> nat -> nat -> R.
Variable dpi : nat -> nat -> R.
Variable t0 : R.
Hypothesis pi_policy : forall t, policy M (pi t).
Hypothesis pi_derive : forall s a, (s < N)%nat -> (a < actions M s)%nat -> is_derive (fun t => pi t s a) t0 (dpi s a).

Lemma chain_is_derive s x : (s < N)%nat ->
  is_derive (fun t => Σ a < actions M s, pi t s a * x a) t0 (Σ a < actions M s, dpi s a * x a).
Proof.
  intro L. apply (sum_is_derive _ (fun t a => pi t s a * x a) (fun a => dpi s a * x a)). intros a La.
  evar_last; [apply is_derive_product; [now apply pi_derive | apply is_derive_const]|].
  unfold zero; simpl. ring.
Qed.

Lemma P_pi_is_derive s s' : (s < N)%nat -> is_derive (fun t => P_pi M (pi t) s s') t0 (dP M dpi s s').
Proof. intro L. now apply (chain_is_derive s (fun a => P M s a s')). Qed.

Lemma r_pi_is_derive s : (s < N)%nat -> is_derive (fun t => r_pi M (pi t) s) t0 (dr M dpi s).
Proof. intro L. now apply (chain_is_derive s (fun a => r M s a)). Qed.

(* d sum_s x(s) P_pi(s,s') *)
Lemma carried_is_derive (x : R -> nat -> R) dx s' :
  (forall s, (s < N)%nat -> is_derive (fun t => x t s) t0 (dx s)) ->
  is_derive (fun t => Σ s < N, x t s * P_pi M (pi t) s s') t0
            (Σ s < N, (dx s * P_pi M (pi t0) s s' + x t0 s * dP M dpi s s')).
Proof.
  intro D. apply (sum_is_derive N (fun t s => x t s * P_pi M (pi t) s s')
    (fun s => dx s * P_pi M (pi t0) s s' + x t0 s * dP M dpi s s')).
  intros s L. apply is_derive_product; [now apply D | now apply P_pi_is_derive].
Qed.

(* -- visits --------------------------------------------------------------------------------------------- *)

Theorem occupancy_is_derive mu0 deta : (forall t, ends M (pi t)) ->
  (forall s', (s' < N)%nat -> deta s' = gamma M * Σ s < N,
     (deta s * P_pi M (pi t0) s s' + occupancy M mu0 (pi t0) s * dP M dpi s s')) ->
  forall s, (s < N)%nat -> is_derive (fun t => occupancy M mu0 (pi t) s) t0 (deta s).
Proof.
  intros E Eq s L. set (eta := fun t => occupancy M mu0 (pi t)) in *.
  set (d := fun s => Derive (fun t => eta t s) t0).
  assert (D : forall s, (s < N)%nat -> is_derive (fun t => eta t s) t0 (d s)).
  { intros. apply Derive_correct. now apply (occupancy_ex_derive M pi dpi). }
  assert (Dd : forall s', (s' < N)%nat -> d s' = gamma M * Σ s < N,
     (d s * P_pi M (pi t0) s s' + eta t0 s * dP M dpi s s')).
  { intros s' L'. rewrite <- (is_derive_unique _ _ _ (D s' L')). apply is_derive_unique.
    apply (is_derive_ext (fun t => mu0 s' + gamma M * Σ s < N, eta t s * P_pi M (pi t) s s')).
    { intro t. symmetry. now apply (occupancy_solves_Balance M mu0 (pi t)). }
    evar_last.
    - apply @is_derive_plus; [apply is_derive_const|]. apply is_derive_scal. now apply (carried_is_derive eta d).
    - unfold plus, zero; simpl. ring. }
  (* eta + d - deta solves the balance equations, so it is eta *)
  assert (B : Balance M mu0 (pi t0) (fun s => eta t0 s + (d s - deta s))).
  { intros s' L'. rewrite (Dd s' L') at 1. rewrite (Eq s' L') at 1.
    rewrite (occupancy_solves_Balance M mu0 (pi t0) (pi_policy t0) (E t0) s' L' : eta t0 s' = _) at 1.
    fold (eta t0). rewrite <- Rmult_minus_distr_l, <- sum_minus, Rplus_assoc, <- Rmult_plus_distr_l, <- sum_plus.
    do 2 f_equal. apply sum_ext. intros; ring. }
  pose proof (Balance_unique M mu0 (pi t0) _ (pi_policy t0) (E t0) B s L) as U. fold (eta t0) in U.
  replace (deta s) with (d s) by lra. now apply D.
Qed.

(* -- stationary distributions and differential values --------------------------------------------------- *)

Variable n : nat.
Hypothesis states_S : N = S n.
Hypothesis acting : forall s, (s < N)%nat -> (0 < actions M s)%nat.
Hypothesis pi_returns : forall t, returns M n (pi t).

Theorem stationary_is_derive dmu :
  Σ s < N, dmu s = 0 ->
  (forall s', (s' < N)%nat -> dmu s' = Σ s < N,
     (dmu s * P_pi M (pi t0) s s' + stationary M n (pi t0) s * dP M dpi s s')) ->
  forall s, (s < N)%nat -> is_derive (fun t => stationary M n (pi t) s) t0 (dmu s).
Proof.
  intros One Eq s L. set (mu := fun t => stationary M n (pi t)) in *.
  set (d := fun s => Derive (fun t => mu t s) t0).
  assert (St : forall t, Stationary M (pi t) (mu t)) by (intro t; now apply stationary_solves).
  assert (D : forall s, (s < N)%nat -> is_derive (fun t => mu t s) t0 (d s)).
  { intros. apply Derive_correct. now apply (stationary_ex_derive M n states_S pi dpi). }
  assert (Zero : Σ s < N, d s = 0).
  { apply (derivatives_cancel N mu d t0); [|exact D]. intro t. apply (St t). }
  assert (Dd : forall s', (s' < N)%nat -> d s' = Σ s < N, (d s * P_pi M (pi t0) s s' + mu t0 s * dP M dpi s s')).
  { intros s' L'. rewrite <- (is_derive_unique _ _ _ (D s' L')). apply is_derive_unique.
    apply (is_derive_ext (fun t => Σ s < N, mu t s * P_pi M (pi t) s s')).
    { intro t. symmetry. now apply (St t). }
    now apply (carried_is_derive mu d). }
  assert (B : Stationary M (pi t0) (fun s => mu t0 s + (d s - dmu s))).
  { split.
    - rewrite sum_plus, sum_minus.
      replace (sum N (fun s => mu t0 s)) with 1 by (symmetry; apply (St t0)).
      simple_sums. change (sum N d = 0) in Zero. change (sum N dmu = 0) in One. rewrite Zero, One.
      replace (sum N (mu t0)) with 1 by (symmetry; apply (St t0)). ring.
    - intros s' L'. rewrite (Dd s' L') at 1. rewrite (Eq s' L') at 1. rewrite (proj2 (St t0) s' L') at 1.
      fold (mu t0). rewrite <- sum_minus, <- sum_plus. apply sum_ext. intros; ring. }
  pose proof (stationary_unique M n states_S acting (pi t0) (pi_policy t0) (pi_returns t0) _ B s L) as U.
  change (stationary M n (pi t0) s) with (mu t0 s) in U. cbv beta in U.
  replace (dmu s) with (d s) by lra. now apply D.
Qed.

Theorem average_is_derive : is_derive (fun t => average M n (pi t)) t0
  (Σ s < N, stationary M n (pi t0) s * Σ a < actions M s,
     dpi s a * Q_diff M (average M n (pi t0)) (differential M n (pi t0)) s a).
Proof. apply (policy_gradient_average M n states_S acting pi dpi t0); auto. now apply stationary_solves. Qed.

Theorem differential_is_derive dmu drbar dh :
  (forall s, (s < N)%nat -> is_derive (fun t => stationary M n (pi t) s) t0 (dmu s)) ->
  is_derive (fun t => average M n (pi t)) t0 drbar ->
  Σ s < N, (dmu s * differential M n (pi t0) s + stationary M n (pi t0) s * dh s) = 0 ->
  (forall s, (s < N)%nat -> dh s = dr M dpi s - drbar
     + Σ s' < N, (dP M dpi s s' * differential M n (pi t0) s' + P_pi M (pi t0) s s' * dh s')) ->
  forall s, (s < N)%nat -> is_derive (fun t => differential M n (pi t) s) t0 (dh s).
Proof.
  intros Dmu Dr Ce Eq s L. set (h := fun t => differential M n (pi t)) in *.
  set (mu := fun t => stationary M n (pi t)) in *. set (g := fun t => average M n (pi t)) in *.
  set (d := fun s => Derive (fun t => h t s) t0).
  change (differential M n (pi t0)) with (h t0) in *. change (stationary M n (pi t0)) with (mu t0) in *.
  assert (St : Stationary M (pi t0) (mu t0)) by now apply stationary_solves.
  assert (Po : forall t s, (s < N)%nat -> h t s = r_pi M (pi t) s - g t + Σ s' < N, P_pi M (pi t) s s' * h t s').
  { intro t. apply (Poisson_mean M acting (pi t) (pi_policy t) (g t) (h t)). now apply differential_solves. }
  assert (D : forall s, (s < N)%nat -> is_derive (fun t => h t s) t0 (d s)).
  { intros. apply Derive_correct. now apply (differential_ex_derive M n states_S pi dpi). }
  assert (Dd : forall s, (s < N)%nat -> d s = dr M dpi s - drbar
     + Σ s' < N, (dP M dpi s s' * h t0 s' + P_pi M (pi t0) s s' * d s')).
  { intros i Li. rewrite <- (is_derive_unique _ _ _ (D i Li)). apply is_derive_unique.
    apply (is_derive_ext (fun t => r_pi M (pi t) i - g t + Σ s' < N, P_pi M (pi t) i s' * h t s')).
    { intro t. symmetry. now apply Po. }
    apply (is_derive_plus (fun t => r_pi M (pi t) i - g t)).
    - apply (is_derive_minus (fun t => r_pi M (pi t) i)); [now apply r_pi_is_derive | exact Dr].
    - apply (sum_is_derive N (fun t s' => P_pi M (pi t) i s' * h t s')
        (fun s' => dP M dpi i s' * h t0 s' + P_pi M (pi t0) i s' * d s')).
      intros s' L'. apply is_derive_product; [now apply P_pi_is_derive | now apply D]. }
  assert (Cd : Σ s < N, (dmu s * h t0 s + mu t0 s * d s) = 0).
  { rewrite <- (is_derive_unique (fun t => Σ s < N, mu t s * h t s) t0 (Σ s < N, (dmu s * h t0 s + mu t0 s * d s))).
    - rewrite (Derive_ext _ (fun _ => 0)); [apply Derive_const|]. intro t. now apply differential_centred.
    - apply (sum_is_derive N (fun t s => mu t s * h t s) (fun s => dmu s * h t0 s + mu t0 s * d s)).
      intros i Li. apply is_derive_product; [now apply Dmu | now apply D]. }
  assert (P' : Poisson M (pi t0) (g t0) (fun s => h t0 s + (d s - dh s))).
  { apply (Poisson_mean M acting (pi t0) (pi_policy t0)). intros i Li. rewrite (Dd i Li) at 1. rewrite (Eq i Li) at 1.
    rewrite (Po t0 i Li) at 1.
    set (X := fun s' => dP M dpi i s' * h t0 s' + P_pi M (pi t0) i s' * d s').
    set (Y := fun s' => dP M dpi i s' * h t0 s' + P_pi M (pi t0) i s' * dh s').
    rewrite (sum_ext N (fun s' => P_pi M (pi t0) i s' * (h t0 s' + (d s' - dh s')))
      (fun s' => P_pi M (pi t0) i s' * h t0 s' + (X s' - Y s'))) by (intros; unfold X, Y; ring).
    rewrite (sum_plus N (fun s' => P_pi M (pi t0) i s' * h t0 s') (fun s' => X s' - Y s')), (sum_minus N X Y). ring. }
  assert (C' : centred M (mu t0) (fun s => h t0 s + (d s - dh s))).
  { unfold centred. rewrite (sum_ext N _ (fun s => mu t0 s * h t0 s
      + ((dmu s * h t0 s + mu t0 s * d s) - (dmu s * h t0 s + mu t0 s * dh s)))) by (intros; ring).
    rewrite sum_plus, sum_minus, Cd, Ce.
    pose proof (differential_centred M n states_S acting (pi t0) (pi_policy t0) (pi_returns t0)) as Z.
    unfold centred in Z. fold (mu t0) (h t0) in Z. rewrite Z. ring. }
  destruct (differential_unique M n states_S acting (pi t0) (pi_policy t0) (pi_returns t0) _ _ P' C') as [_ U].
  specialize (U s L). change (differential M n (pi t0) s) with (h t0 s) in U. cbv beta in U.
  replace (dh s) with (d s) by lra. now apply D.
Qed.

End Derivatives.

(* At theta = q ln x the exponential of a logit is a product of powers of rational numbers. *)
Lemma power_of_ln n x : 0 < x -> exp (IZR n * ln x) = powerRZ x n.
Proof. intro H. rewrite exp_IZR_mult, exp_ln; [reflexivity | assumption]. Qed.
