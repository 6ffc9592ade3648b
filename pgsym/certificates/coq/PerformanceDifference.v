(* The performance difference lemma (Kakade & Langford 2002), with the visits of either policy:
   J(pi') - J(pi) = sum_s eta_pi(s) sum_a (pi'(a|s) - pi(a|s)) Q_pi'(s,a)
                  = sum_s eta_pi'(s) sum_a pi'(a|s) (Q_pi(s,a) - V_pi(s)). *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination MDP.
Open Scope R_scope.

(* Visits and values are dual: rewards seen from the visits are values seen from the start. *)
Lemma visited M mu0 pi eta (D : nat -> R) : Balance M mu0 pi eta ->
  Σ s < states M, eta s * (D s - gamma M * Σ s' < states M, P_pi M pi s s' * D s') = Σ s < states M, mu0 s * D s.
Proof.
  intro B.
  rewrite (sum_ext _ _ (fun s => eta s * D s - gamma M * Σ s' < states M, eta s * P_pi M pi s s' * D s')).
  2:{ intros. rewrite Rmult_minus_distr_l. f_equal. rewrite <- !sum_mult_l. apply sum_ext; intros; ring. }
  rewrite sum_minus, sum_mult_l, sum_swap, <- sum_mult_l, <- sum_minus.
  apply sum_ext. intros s L. rewrite sum_mult_r, (B s L) at 1. ring.
Qed.

Theorem performance_difference M mu0 pi pi' eta V V' :
  Balance M mu0 pi eta -> Bellman M pi V -> Bellman M pi' V' ->
  (Σ s < states M, mu0 s * V' s) - Σ s < states M, mu0 s * V s
  = Σ s < states M, eta s * Σ a < actions M s, (pi' s a - pi s a) * Q M V' s a.
Proof.
  intros B E E'. rewrite <- sum_minus.
  rewrite (sum_ext _ _ (fun s => mu0 s * (V' s - V s))) by (intros; ring).
  rewrite <- (visited M mu0 pi eta (fun s => V' s - V s) B). apply sum_ext. intros s L. f_equal. cbv beta.
  rewrite (E s L), (E' s L) at 1.
  rewrite (sum_ext (actions M s) (fun a => (pi' s a - pi s a) * _)
             (fun a => pi' s a * Q M V' s a - pi s a * Q M V' s a)) by (intros; ring).
  rewrite sum_minus, (Q_mean M pi V), (Q_mean M pi V').
  rewrite (sum_ext (states M) (fun s' => P_pi M pi s s' * (V' s' - V s'))
             (fun s' => P_pi M pi s s' * V' s' - P_pi M pi s s' * V s')) by (intros; ring).
  rewrite sum_minus. ring.
Qed.

Theorem performance_difference_advantage M mu0 pi pi' eta' V V' :
  policy M pi' -> Balance M mu0 pi' eta' -> Bellman M pi V -> Bellman M pi' V' ->
  (Σ s < states M, mu0 s * V' s) - Σ s < states M, mu0 s * V s
  = Σ s < states M, eta' s * Σ a < actions M s, pi' s a * (Q M V s a - V s).
Proof.
  intros H B E E'. pose proof (performance_difference M mu0 pi' pi eta' V' V B E' E) as D.
  enough (Same : Σ s < states M, eta' s * (Σ a < actions M s, pi' s a * (Q M V s a - V s))
                 = -1 * Σ s < states M, eta' s * Σ a < actions M s, (pi s a - pi' s a) * Q M V s a) by lra.
  rewrite <- sum_mult_l. apply sum_ext. intros s L.
  rewrite (sum_ext _ (fun a => (pi s a - pi' s a) * _) (fun a => pi s a * Q M V s a - pi' s a * Q M V s a)) by (intros; ring).
  rewrite (sum_ext _ (fun a => pi' s a * _) (fun a => pi' s a * Q M V s a - pi' s a * V s)) by (intros; ring).
  rewrite !sum_minus, sum_mult_r, <- (E s L).
  destruct (actions M s) eqn:A.
  - rewrite (E s L), A. simpl. ring.
  - rewrite <- A. simple_sums.
    replace (sum (actions M s) (pi' s)) with 1 by (symmetry; apply (pi_sum M pi' H s L); rewrite A; lia). ring.
Qed.

(* Policy improvement: what is no worse for one step, in every state, is no worse. *)
Theorem policy_improvement M pi pi' V V' :
  policy M pi' -> ends M pi' -> Bellman M pi V -> Bellman M pi' V' ->
  (forall s, (s < states M)%nat -> 0 <= Σ a < actions M s, pi' s a * (Q M V s a - V s)) ->
  forall s, (s < states M)%nat -> V s <= V' s.
Proof.
  intros H E B B' Better s L. pose proof (occupancy_solves_Balance M (unit_at s) pi' H E) as O.
  pose proof (performance_difference_advantage M (unit_at s) pi pi' _ V V' H O B B') as D.
  rewrite (sum_unit _ s V' L), (sum_unit _ s V L) in D. enough (0 <= V' s - V s) by lra. rewrite D.
  apply sum_nonneg. intros t T. apply Rmult_le_pos; [|now apply Better].
  apply (solved_nonneg false); [now apply leads_out_ends | | exact T]. intros. unfold unit_at. destruct Nat.eqb; lra.
Qed.
