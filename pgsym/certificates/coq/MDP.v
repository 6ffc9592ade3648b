(* Finite Markov decision processes, their values and their visits.

   States are numbered 0, 1, ...; the actions of state s are 0, ..., actions s - 1.  A terminal state is one
   without actions: its value is an empty sum, which is 0. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination.
Open Scope R_scope.

Record MDP := {
  states : nat;
  actions : nat -> nat;
  P : nat -> nat -> nat -> R;   (* P s a s' = P(s'|s,a) *)
  r : nat -> nat -> R;          (* r s a, the mean reward *)
  gamma : R;
  P_nonneg : forall s a s', (s < states)%nat -> (a < actions s)%nat -> (s' < states)%nat -> 0 <= P s a s';
  P_sum : forall s a, (s < states)%nat -> (a < actions s)%nat -> Σ s' < states, P s a s' = 1;
  gamma_range : 0 <= gamma <= 1 }.

(* pi s a = pi(a|s) *)
Record policy (M : MDP) (pi : nat -> nat -> R) : Prop := {
  pi_nonneg : forall s a, (s < states M)%nat -> (a < actions M s)%nat -> 0 <= pi s a;
  pi_sum : forall s, (s < states M)%nat -> (0 < actions M s)%nat -> Σ a < actions M s, pi s a = 1 }.

(* -- the chain that a policy induces -------------------------------------------------------------------- *)

Section Chain.
Variable M : MDP.
Notation N := (states M).

Definition P_pi (pi : nat -> nat -> R) (s s' : nat) : R := Σ a < actions M s, pi s a * P M s a s'.
Definition r_pi (pi : nat -> nat -> R) (s : nat) : R := Σ a < actions M s, pi s a * r M s a.

Lemma P_pi_nonneg pi s s' : policy M pi -> (s < N)%nat -> (s' < N)%nat -> 0 <= P_pi pi s s'.
Proof.
  intros H L L'. apply sum_nonneg. intros a La.
  apply Rmult_le_pos; [now apply (pi_nonneg M) | now apply P_nonneg].
Qed.

Lemma P_pi_sum pi s : policy M pi -> (s < N)%nat -> (0 < actions M s)%nat -> Σ s' < N, P_pi pi s s' = 1.
Proof.
  intros H L A. unfold P_pi. rewrite sum_swap, <- (pi_sum M pi H s L A).
  apply sum_ext. intros a La. rewrite sum_mult_l, P_sum by assumption. ring.
Qed.

(* Averaging over actions first, or over next states first. *)
Lemma over_actions pi s (V : nat -> R) :
  Σ a < actions M s, pi s a * (Σ s' < N, P M s a s' * V s') = Σ s' < N, P_pi pi s s' * V s'.
Proof.
  unfold P_pi. rewrite (sum_ext (actions M s) _ (fun a => Σ s' < N, pi s a * P M s a s' * V s')).
  2:{ intros. rewrite <- sum_mult_l. apply sum_ext; intros; ring. }
  rewrite sum_swap. apply sum_ext. intros. apply sum_mult_r.
Qed.

(* -- equations ------------------------------------------------------------------------------------------ *)

Definition Q (V : nat -> R) (s a : nat) : R := r M s a + gamma M * Σ s' < N, P M s a s' * V s'.

Definition Bellman (pi : nat -> nat -> R) (V : nat -> R) : Prop :=
  forall s, (s < N)%nat -> V s = Σ a < actions M s, pi s a * Q V s a.

Definition Balance (mu0 : nat -> R) (pi : nat -> nat -> R) (eta : nat -> R) : Prop :=
  forall s', (s' < N)%nat -> eta s' = mu0 s' + gamma M * Σ s < N, eta s * P_pi pi s s'.

Lemma Q_mean pi V s :
  Σ a < actions M s, pi s a * Q V s a = r_pi pi s + gamma M * Σ s' < N, P_pi pi s s' * V s'.
Proof.
  rewrite <- over_actions, <- sum_mult_l. unfold r_pi, Q. rewrite <- sum_plus. apply sum_ext. intros; ring.
Qed.

(* -- solutions ------------------------------------------------------------------------------------------ *)

(* The probability with which a step ends the run, besides moving to a terminal state. *)
Definition stop (s : nat) : R := match actions M s with O => 1 | _ => 1 - gamma M end.

Definition step (pi : nat -> nat -> R) (s s' : nat) : R := gamma M * P_pi pi s s'.

Definition value (pi : nat -> nat -> R) : nat -> R := values N stop (step pi) (r_pi pi).

Definition occupancy (mu0 : nat -> R) (pi : nat -> nat -> R) : nat -> R := visits N stop (step pi) mu0.

(* Every state may end the run, or move to a state with a lower number. *)
Definition ends (pi : nat -> nat -> R) : Prop := forall s, (s < N)%nat -> 0 < pivot s stop (step pi).

Lemma step_nonneg pi s s' : policy M pi -> (s < N)%nat -> (s' < N)%nat -> 0 <= step pi s s'.
Proof. intros. apply Rmult_le_pos; [apply gamma_range | now apply P_pi_nonneg]. Qed.

Lemma stop_nonneg s : 0 <= stop s.
Proof. unfold stop. destruct (actions M s); pose proof (gamma_range M); lra. Qed.

Lemma stop_or_step pi s : policy M pi -> (s < N)%nat -> stop s + Σ s' < N, step pi s s' = 1.
Proof.
  intros H L. unfold step, stop. rewrite sum_mult_l. destruct (actions M s) eqn:A.
  - rewrite sum_zero; [ring|]. intros. unfold P_pi. now rewrite A.
  - rewrite P_pi_sum; [ring | assumption .. | lia].
Qed.

Lemma leads_out_ends pi : policy M pi -> ends pi -> leads_out N stop (step pi).
Proof.
  intros H E. split; intros; [apply stop_nonneg | now apply step_nonneg | now apply E].
Qed.

Lemma discounted_ends pi : policy M pi -> gamma M < 1 -> ends pi.
Proof.
  intros H G s L. apply Rplus_lt_le_0_compat.
  - unfold stop. destruct (actions M s); lra.
  - apply sum_nonneg. intros. apply step_nonneg; [assumption .. | lia].
Qed.

(* A terminal state, or some action of positive probability that leads to a lower number. *)
Lemma stop_ends pi s : policy M pi -> (s < N)%nat -> actions M s = O -> 0 < pivot s stop (step pi).
Proof.
  intros H L A. apply Rplus_lt_le_0_compat.
  - unfold stop. rewrite A. lra.
  - apply sum_nonneg. intros. apply step_nonneg; [assumption .. | lia].
Qed.

Lemma P_pi_pos pi s a t : policy M pi -> (s < N)%nat -> (a < actions M s)%nat -> (t < N)%nat ->
  0 < pi s a -> 0 < P M s a t -> 0 < P_pi pi s t.
Proof.
  intros H L La Lt Hpi HP. apply (sum_pos _ _ a); [|assumption|now apply Rmult_lt_0_compat].
  intros b Lb. apply Rmult_le_pos; [now apply (pi_nonneg M) | now apply P_nonneg].
Qed.

Lemma move_ends pi s a t : policy M pi -> (s < N)%nat -> (a < actions M s)%nat -> (t < s)%nat -> 0 < gamma M ->
  0 < pi s a -> 0 < P M s a t -> 0 < pivot s stop (step pi).
Proof.
  intros H L La Lt G Hpi HP. apply Rplus_le_lt_0_compat; [apply stop_nonneg|].
  apply (sum_pos _ _ t); [intros; apply step_nonneg; [assumption .. | lia] | assumption |].
  apply Rmult_lt_0_compat; [assumption|]. apply (P_pi_pos pi s a t); (assumption || lia).
Qed.

(* Bellman's and the balance equations, in the form in which elimination solves them. *)
Lemma Bellman_network pi V : policy M pi -> Bellman pi V <->
  forall s, (s < N)%nat -> stop s * V s + Σ t < N, step pi s t * (V s - V t) = r_pi pi s.
Proof.
  intro H. split; intros E s L; specialize (E s L); pose proof (stop_or_step pi s H L) as K.
  - rewrite (sum_ext N _ (fun t => step pi s t * V s - gamma M * (P_pi pi s t * V t))) by (intros; unfold step; ring).
    rewrite sum_minus, sum_mult_r, sum_mult_l. rewrite Q_mean in E.
    change (sum N (fun t => step pi s t)) with (sum N (step pi s)) in *.
    replace (stop s) with (1 - sum N (step pi s)) by lra. lra.
  - rewrite (sum_ext N _ (fun t => step pi s t * V s - gamma M * (P_pi pi s t * V t))) in E by (intros; unfold step; ring).
    rewrite sum_minus, sum_mult_r, sum_mult_l in E. rewrite Q_mean.
    change (sum N (fun t => step pi s t)) with (sum N (step pi s)) in *.
    replace (stop s) with (1 - sum N (step pi s)) in E by lra. lra.
Qed.

Lemma Balance_network mu0 pi eta : policy M pi -> Balance mu0 pi eta <->
  forall s, (s < N)%nat -> stop s * eta s + Σ t < N, (eta s * step pi s t - eta t * step pi t s) = mu0 s.
Proof.
  intro H. split; intros E s L; specialize (E s L); pose proof (stop_or_step pi s H L) as K.
  - rewrite (sum_ext N _ (fun t => eta s * step pi s t - gamma M * (eta t * P_pi pi t s))) by (intros; unfold step; ring).
    rewrite sum_minus, !sum_mult_l.
    change (sum N (fun t => step pi s t)) with (sum N (step pi s)) in *.
    replace (stop s) with (1 - sum N (step pi s)) by lra. lra.
  - rewrite (sum_ext N _ (fun t => eta s * step pi s t - gamma M * (eta t * P_pi pi t s))) in E by (intros; unfold step; ring).
    rewrite sum_minus, !sum_mult_l in E.
    change (sum N (fun t => step pi s t)) with (sum N (step pi s)) in *.
    replace (stop s) with (1 - sum N (step pi s)) in E by lra. lra.
Qed.

Theorem value_solves_Bellman pi : policy M pi -> ends pi -> Bellman pi (value pi).
Proof. intros H E. apply Bellman_network; [assumption|]. apply values_solve. now apply leads_out_ends. Qed.

Theorem occupancy_solves_Balance mu0 pi : policy M pi -> ends pi -> Balance mu0 pi (occupancy mu0 pi).
Proof. intros H E. apply Balance_network; [assumption|]. apply visits_solve. now apply leads_out_ends. Qed.

Theorem Bellman_unique pi V : policy M pi -> ends pi -> Bellman pi V ->
  forall s, (s < N)%nat -> V s = value pi s.
Proof.
  intros H E B. apply values_unique; [now apply leads_out_ends|]. now apply Bellman_network.
Qed.

Theorem Balance_unique mu0 pi eta : policy M pi -> ends pi -> Balance mu0 pi eta ->
  forall s, (s < N)%nat -> eta s = occupancy mu0 pi s.
Proof.
  intros H E B. apply visits_unique; [now apply leads_out_ends|]. now apply Balance_network.
Qed.

End Chain.


