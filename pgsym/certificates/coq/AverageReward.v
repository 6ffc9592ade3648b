(* The average reward of a finite MDP with one recurrent class, and its policy gradient theorem.

   State 0 is recurrent, and every other state leads to a state with a lower number: so all states lead to
   state 0, which is pinned.  Periods do not matter; nothing is a limit.  gamma is not used. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination MDP PolicyGradient.
Open Scope R_scope.

Section AverageReward.
Variable M : MDP.
Variable n : nat.
Hypothesis states_S : states M = S n.
Hypothesis acting : forall s, (s < states M)%nat -> (0 < actions M s)%nat.
Notation N := (states M).

Definition Stationary (pi : nat -> nat -> R) (mu : nat -> R) : Prop :=
  Σ s < N, mu s = 1 /\ forall s', (s' < N)%nat -> mu s' = Σ s < N, mu s * P_pi M pi s s'.

(* The differential action value. *)
Definition Q_diff (rbar : R) (h : nat -> R) (s a : nat) : R := r M s a - rbar + Σ s' < N, P M s a s' * h s'.

Definition Poisson (pi : nat -> nat -> R) (rbar : R) (h : nat -> R) : Prop :=
  forall s, (s < N)%nat -> h s = Σ a < actions M s, pi s a * Q_diff rbar h s a.

Definition centred (mu h : nat -> R) : Prop := Σ s < N, mu s * h s = 0.

(* -- the chain without state 0 ------------------------------------------------------------------------- *)

Definition back (pi : nat -> nat -> R) (s : nat) : R := P_pi M pi (S s) O.
Definition between (pi : nat -> nat -> R) (s t : nat) : R := P_pi M pi (S s) (S t).

Definition returns (pi : nat -> nat -> R) : Prop :=
  forall s, (s < n)%nat -> 0 < pivot s (back pi) (between pi).

Lemma leads_out_returns pi : policy M pi -> returns pi -> leads_out n (back pi) (between pi).
Proof.
  intros H E. split; intros; [apply P_pi_nonneg; (assumption || lia) .. | now apply E].
Qed.

(* Some action of positive probability leads to a state with a lower number. *)
Lemma move_returns pi s a t : policy M pi -> (s < n)%nat -> (a < actions M (S s))%nat -> (t < S s)%nat ->
  0 < pi (S s) a -> 0 < P M (S s) a t -> 0 < pivot s (back pi) (between pi).
Proof.
  intros H L La Lt Hpi HP. assert (X : 0 < P_pi M pi (S s) t) by (apply (P_pi_pos M pi (S s) a t); (assumption || lia)).
  unfold pivot, back, between. rewrite <- (sum_first s (fun t => P_pi M pi (S s) t)).
  apply (sum_pos _ _ t); [intros; apply P_pi_nonneg; (assumption || lia) | assumption | exact X].
Qed.

(* -- solutions ------------------------------------------------------------------------------------------ *)

(* Expected visits to s + 1 between two visits to 0. *)
Definition excursion (pi : nat -> nat -> R) : nat -> R :=
  visits n (back pi) (between pi) (fun s => P_pi M pi O (S s)).

Definition stationary (pi : nat -> nat -> R) (s : nat) : R :=
  (match s with O => 1 | S s => excursion pi s end) / (1 + Σ s < n, excursion pi s).

Definition average (pi : nat -> nat -> R) : R := Σ s < N, stationary pi s * r_pi M pi s.

Definition relative (pi : nat -> nat -> R) (s : nat) : R :=
  match s with
  | O => 0
  | S s => values n (back pi) (between pi) (fun s => r_pi M pi (S s) - average pi) s
  end.

(* The differential value, with mean 0 under the stationary distribution. *)
Definition differential (pi : nat -> nat -> R) (s : nat) : R :=
  relative pi s - Σ s < N, stationary pi s * relative pi s.

Section OnePolicy.
Variable pi : nat -> nat -> R.
Hypothesis H : policy M pi.
Hypothesis E : returns pi.

Lemma row s : (s < N)%nat -> P_pi M pi s O + Σ t < n, P_pi M pi s (S t) = 1.
Proof. intro L. rewrite <- (P_pi_sum M pi s H L (acting s L)), states_S, sum_first. reflexivity. Qed.

Lemma row_back s : (s < n)%nat -> back pi s + Σ t < n, between pi s t = 1.
Proof. intro L. apply (row (S s)). lia. Qed.

Lemma total_pos : 0 < 1 + Σ s < n, excursion pi s.
Proof.
  apply Rplus_lt_le_0_compat; [lra|]. apply sum_nonneg.
  apply solved_nonneg; [now apply leads_out_returns|]. intros. apply P_pi_nonneg; (assumption || lia).
Qed.

Theorem stationary_solves : Stationary pi (stationary pi).
Proof.
  pose proof total_pos as T. set (total := 1 + _) in T.
  assert (One : Σ s < N, stationary pi s = 1).
  { rewrite states_S, sum_first. unfold stationary, Rdiv. rewrite sum_mult_r. fold total.
    replace (sum n (excursion pi)) with (total - 1) by (unfold total; simple_sums; ring). field. lra. }
  assert (Rest : forall s, (s < n)%nat -> stationary pi (S s) = Σ t < N, stationary pi t * P_pi M pi t (S s)).
  { intros s L. rewrite states_S, sum_first. unfold stationary. fold total.
    rewrite (sum_ext n _ (fun t => (excursion pi t * between pi t s) * / total)) by (intros; unfold between, Rdiv; ring).
    rewrite sum_mult_r.
    pose proof (visits_solve n _ _ (fun s => P_pi M pi O (S s)) (leads_out_returns pi H E) s L) as Y.
    fold (excursion pi) in Y. rewrite sum_minus, sum_mult_l in Y. pose proof (row_back s L) as B.
    change (sum n (fun t => between pi s t)) with (sum n (between pi s)) in *.
    replace (back pi s) with (1 - sum n (between pi s)) in Y by lra.
    replace (excursion pi s) with (P_pi M pi O (S s) + Σ t < n, excursion pi t * between pi t s) by lra.
    field. lra. }
  split; [exact One|]. intros [|s] L; [|apply Rest; lia].
  rewrite (sum_ext N _ (fun t => stationary pi t - stationary pi t * Σ s < n, P_pi M pi t (S s))).
  2:{ intros t Lt. pose proof (row t Lt) as B. replace (P_pi M pi t O) with (1 - Σ s < n, P_pi M pi t (S s)) by lra. ring. }
  rewrite sum_minus. change (sum N (fun t => stationary pi t)) with (sum N (stationary pi)) in *. rewrite One.
  rewrite (sum_ext N _ (fun t => Σ s < n, stationary pi t * P_pi M pi t (S s))) by (intros; now rewrite sum_mult_l).
  rewrite sum_swap, <- (sum_ext n _ _ Rest).
  rewrite states_S, sum_first in One. lra.
Qed.

(* Any solution of the mean of Poisson's equation has the average reward as its constant. *)
Lemma stationary_mean mu (D : nat -> R) : Stationary pi mu ->
  Σ s < N, mu s * (D s - Σ s' < N, P_pi M pi s s' * D s') = 0.
Proof.
  intros [_ St].
  rewrite (sum_ext N _ (fun s => mu s * D s - Σ s' < N, mu s * P_pi M pi s s' * D s')).
  2:{ intros. rewrite Rmult_minus_distr_l. f_equal. rewrite <- !sum_mult_l. apply sum_ext; intros; ring. }
  rewrite sum_minus, sum_swap, <- sum_minus. apply sum_zero. intros s L.
  rewrite sum_mult_r, (St s L) at 1. ring.
Qed.

Lemma stationary_pos_0 : 0 < stationary pi O.
Proof. apply Rdiv_lt_0_compat; [lra | apply total_pos]. Qed.

(* Poisson's equation for any reward b, solved with the relative values. *)
Lemma poisson_any b : let bbar := Σ s < N, stationary pi s * b s in
  let h := fun s => match s with O => 0 | S s => values n (back pi) (between pi) (fun s => b (S s) - bbar) s end in
  forall s, (s < N)%nat -> h s = b s - bbar + Σ s' < N, P_pi M pi s s' * h s'.
Proof.
  intros bbar h.
  assert (Rest : forall s, (s < n)%nat -> h (S s) = b (S s) - bbar + Σ s' < N, P_pi M pi (S s) s' * h s').
  { intros s L. pose proof (values_solve n _ _ (fun s => b (S s) - bbar) (leads_out_returns pi H E) s L) as Y.
    set (v := values n (back pi) (between pi) (fun s => b (S s) - bbar)) in *.
    rewrite states_S, sum_first. change (h O) with 0. change (h (S s)) with (v s).
    rewrite (sum_ext n (fun i => P_pi M pi (S s) (S i) * h (S i)) (fun t => between pi s t * v t)) by (intros; reflexivity).
    rewrite (sum_ext n _ (fun t => between pi s t * v s - between pi s t * v t)) in Y by (intros; ring).
    rewrite sum_minus, sum_mult_r in Y. pose proof (row_back s L) as B.
    change (sum n (fun t => between pi s t)) with (sum n (between pi s)) in *.
    replace (back pi s) with (1 - sum n (between pi s)) in Y by lra. lra. }
  destruct stationary_solves as [One _].
  intros [|s] L; [|apply Rest; lia].
  (* the mean of all equations holds, and all but this one hold *)
  pose proof (stationary_mean (stationary pi) h stationary_solves) as Mean.
  assert (Z : Σ s < N, stationary pi s * (h s - (b s - bbar + Σ s' < N, P_pi M pi s s' * h s')) = 0).
  { rewrite (sum_ext N _ (fun s => stationary pi s * (h s - Σ s' < N, P_pi M pi s s' * h s')
                                  - (stationary pi s * b s - stationary pi s * bbar))) by (intros; ring).
    rewrite sum_minus, Mean, sum_minus, sum_mult_r.
    change (sum N (fun s => stationary pi s)) with (sum N (stationary pi)) in *. rewrite One. unfold bbar. ring. }
  rewrite states_S, sum_first in Z. rewrite (sum_zero n) in Z.
  2:{ intros s Ls. rewrite (Rest s Ls), <- states_S. ring. }
  pose proof stationary_pos_0 as Pos. rewrite <- states_S in Z.
  apply Rminus_diag_uniq. apply Rmult_eq_reg_l with (stationary pi O); [lra | lra].
Qed.

Lemma Poisson_mean rbar h : Poisson pi rbar h <->
  forall s, (s < N)%nat -> h s = r_pi M pi s - rbar + Σ s' < N, P_pi M pi s s' * h s'.
Proof.
  assert (X : forall s, (s < N)%nat -> Σ a < actions M s, pi s a * Q_diff rbar h s a
                                     = r_pi M pi s - rbar + Σ s' < N, P_pi M pi s s' * h s').
  { intros s L. rewrite <- over_actions. unfold r_pi, Q_diff.
    rewrite (sum_ext _ _ (fun a => pi s a * r M s a - pi s a * rbar + pi s a * (Σ s' < N, P M s a s' * h s'))) by (intros; ring).
    rewrite sum_plus, sum_minus, sum_mult_r.
    replace (sum (actions M s) (pi s)) with 1 by (symmetry; apply (pi_sum M pi H s L (acting s L))). ring. }
  split; intros Y s L; [rewrite <- X | rewrite X]; auto.
Qed.

Theorem differential_solves : Poisson pi (average pi) (differential pi).
Proof.
  apply Poisson_mean. intros s L. unfold differential. set (c := Σ s < N, _).
  pose proof (poisson_any (r_pi M pi) s L) as Y. fold (average pi) in Y. fold (relative pi) in Y.
  change (relative pi s = r_pi M pi s - average pi + Σ s' < N, P_pi M pi s s' * relative pi s') in Y.
  rewrite Y at 1.
  rewrite (sum_ext N (fun s' => P_pi M pi s s' * (relative pi s' - c))
             (fun s' => P_pi M pi s s' * relative pi s' - P_pi M pi s s' * c)) by (intros; ring).
  rewrite sum_minus, sum_mult_r.
  replace (sum N (P_pi M pi s)) with 1 by (symmetry; apply (P_pi_sum M pi s H L (acting s L))). ring.
Qed.

Theorem differential_centred : centred (stationary pi) (differential pi).
Proof.
  unfold centred, differential. set (c := Σ s < N, stationary pi s * relative pi s).
  rewrite (sum_ext N _ (fun s => stationary pi s * relative pi s - stationary pi s * c)) by (intros; ring).
  rewrite sum_minus, sum_mult_r. destruct stationary_solves as [One _].
  replace (sum N (stationary pi)) with 1 by (symmetry; exact One). unfold c. ring.
Qed.

(* -- uniqueness ----------------------------------------------------------------------------------------- *)

Theorem average_unique mu rbar h : Stationary pi mu -> Poisson pi rbar h -> rbar = Σ s < N, mu s * r_pi M pi s.
Proof.
  intros St Po. pose proof (stationary_mean mu h St) as Mean. destruct St as [One _].
  rewrite (sum_ext N _ (fun s => mu s * r_pi M pi s - mu s * rbar)) in Mean.
  2:{ intros s L. rewrite (proj1 (Poisson_mean rbar h) Po s L) at 1. ring. }
  rewrite sum_minus, sum_mult_r in Mean. replace (sum N mu) with 1 in Mean by (symmetry; exact One). lra.
Qed.

Theorem stationary_unique mu : Stationary pi mu -> forall s, (s < N)%nat -> mu s = stationary pi s.
Proof.
  intros St s L.
  set (b := unit_at s). set (bbar := Σ i < N, stationary pi i * b i).
  pose proof (poisson_any b) as Po. cbv zeta in Po. fold bbar in Po.
  match type of Po with forall i, _ -> ?h i = _ => set (h' := h) in * end.
  pose proof (stationary_mean mu h' St) as Mean. destruct St as [One _].
  rewrite (sum_ext N _ (fun i => b i * mu i - mu i * bbar)) in Mean.
  2:{ intros i Li. specialize (Po i Li). change (h' i = b i - bbar + Σ s' < N, P_pi M pi i s' * h' s') in Po.
      rewrite Po at 1. ring. }
  rewrite sum_minus, sum_mult_r in Mean. replace (sum N mu) with 1 in Mean by (symmetry; exact One).
  unfold b in Mean at 1. rewrite (sum_unit N s mu L) in Mean.
  replace bbar with (stationary pi s) in Mean; [lra|].
  unfold bbar. rewrite <- (sum_unit N s (stationary pi) L). apply sum_ext. intros; unfold b; ring.
Qed.

Theorem differential_unique rbar h : Poisson pi rbar h -> centred (stationary pi) h ->
  rbar = average pi /\ forall s, (s < N)%nat -> h s = differential pi s.
Proof.
  intros Po Ce. pose proof (average_unique _ _ _ stationary_solves Po) as Ra. fold (average pi) in Ra.
  split; [exact Ra|]. subst rbar.
  assert (Rel : forall s, (s < N)%nat -> h s - h O = relative pi s).
  { intros [|s] L; [simpl; ring|]. simpl.
    apply (values_unique n (back pi) (between pi) (fun s => r_pi M pi (S s) - average pi) (fun s => h (S s) - h O));
      [now apply leads_out_returns | | lia].
    intros i Li. pose proof (proj1 (Poisson_mean _ h) Po (S i) ltac:(lia)) as Y.
    rewrite states_S, sum_first in Y. pose proof (row_back i Li) as B. unfold back, between in *.
    rewrite (sum_ext n _ (fun t => P_pi M pi (S i) (S t) * h (S i) - P_pi M pi (S i) (S t) * h (S t))) by (intros; ring).
    rewrite sum_minus, sum_mult_r.
    replace (P_pi M pi (S i) O) with (1 - Σ t < n, P_pi M pi (S i) (S t)) in * by lra. lra. }
  intros s L. unfold differential. rewrite <- (Rel s L).
  rewrite (sum_ext N _ (fun s => stationary pi s * h s - stationary pi s * h O)).
  2:{ intros i Li. rewrite <- (Rel i Li). ring. }
  destruct stationary_solves as [One _].
  rewrite sum_minus, sum_mult_r, Ce. replace (sum N (stationary pi)) with 1 by (symmetry; exact One). ring.
Qed.

End OnePolicy.

(* -- the policy gradient theorem, average-reward form ---------------------------------------------------- *)

Section Gradient.
Variable pi : R -> nat -> nat -> R.
Variable dpi : nat -> nat -> R.
Variable t0 : R.
Hypothesis pi_policy : forall t, policy M (pi t).
Hypothesis pi_returns : forall t, returns (pi t).
Hypothesis pi_derive : forall s a, (s < N)%nat -> (a < actions M s)%nat -> is_derive (fun t => pi t s a) t0 (dpi s a).

Lemma P_pi_ex_derive s s' : (s < N)%nat -> ex_derive (fun t => P_pi M (pi t) s s') t0.
Proof. intro L. now apply (chain_ex_derive M pi dpi). Qed.

Lemma excursion_ex_derive s : (s < n)%nat -> ex_derive (fun t => excursion (pi t) s) t0.
Proof.
  intro L. unfold excursion.
  apply (solved_ex_derive t0 false n (fun t => back (pi t)) (fun t s => P_pi M (pi t) O (S s)) (fun t => between (pi t)));
    [now apply leads_out_returns | intros; apply P_pi_ex_derive; lia .. | assumption].
Qed.

Lemma stationary_ex_derive s : (s < N)%nat -> ex_derive (fun t => stationary (pi t) s) t0.
Proof.
  intro L. unfold stationary.
  apply (ex_derive_div (fun t => match s with O => 1 | S s => excursion (pi t) s end)
                       (fun t => 1 + Σ s < n, excursion (pi t) s)).
  - destruct s; [apply ex_derive_const | apply excursion_ex_derive; lia].
  - apply (ex_derive_plus (fun _ => 1)); [apply ex_derive_const|].
    apply (sum_ex_derive n (fun t => excursion (pi t))). intros. now apply excursion_ex_derive.
  - apply Rgt_not_eq, total_pos; auto.
Qed.

Lemma average_ex_derive : ex_derive (fun t => average (pi t)) t0.
Proof.
  apply (sum_ex_derive N (fun t s => stationary (pi t) s * r_pi M (pi t) s)). intros s L.
  apply ex_derive_product; [now apply stationary_ex_derive | now apply (chain_ex_derive M pi dpi)].
Qed.

Lemma relative_ex_derive s : (s < N)%nat -> ex_derive (fun t => relative (pi t) s) t0.
Proof.
  destruct s as [|s]; intro L; unfold relative; [apply ex_derive_const|].
  apply (solved_ex_derive t0 true n (fun t => back (pi t)) (fun t s => r_pi M (pi t) (S s) - average (pi t))
           (fun t => between (pi t)));
    [now apply leads_out_returns | intros; apply P_pi_ex_derive; lia .. | | lia].
  intros. apply (ex_derive_minus (fun t => r_pi M (pi t) (S s0)));
    [apply (chain_ex_derive M pi dpi); (assumption || lia) | apply average_ex_derive].
Qed.

Lemma differential_ex_derive s : (s < N)%nat -> ex_derive (fun t => differential (pi t) s) t0.
Proof.
  intro L. unfold differential. apply (ex_derive_minus (fun t => relative (pi t) s)); [now apply relative_ex_derive|].
  apply (sum_ex_derive N (fun t s => stationary (pi t) s * relative (pi t) s)). intros i Li.
  apply ex_derive_product; [now apply stationary_ex_derive | now apply relative_ex_derive].
Qed.

Theorem policy_gradient_average mu : Stationary (pi t0) mu ->
  is_derive (fun t => average (pi t)) t0
            (Σ s < N, mu s * Σ a < actions M s, dpi s a * Q_diff (average (pi t0)) (differential (pi t0)) s a).
Proof.
  intro St. set (h := fun t => differential (pi t)). set (dh := fun s => Derive (fun t => h t s) t0).
  set (g := fun t => average (pi t)). set (dg := Derive g t0).
  assert (Dh : forall s, (s < N)%nat -> is_derive (fun t => h t s) t0 (dh s)).
  { intros. now apply Derive_correct, differential_ex_derive. }
  assert (Dg : is_derive g t0 dg) by apply Derive_correct, average_ex_derive.
  assert (Eq : forall s, (s < N)%nat ->
    dh s = (Σ a < actions M s, dpi s a * Q_diff (g t0) (h t0) s a) - dg + Σ s' < N, P_pi M (pi t0) s s' * dh s').
  { intros s L. rewrite <- (is_derive_unique _ _ _ (Dh s L)). apply is_derive_unique.
    apply (is_derive_ext (fun t => Σ a < actions M s, pi t s a * Q_diff (g t) (h t) s a)).
    { intro t. symmetry. now apply differential_solves. }
    evar_last.
    - apply (sum_is_derive _ (fun t a => pi t s a * Q_diff (g t) (h t) s a)
        (fun a => dpi s a * Q_diff (g t0) (h t0) s a + pi t0 s a * (- dg + Σ s' < N, P M s a s' * dh s'))).
      intros a La. apply is_derive_product; [now apply pi_derive|]. unfold Q_diff. evar_last.
      + apply @is_derive_plus.
        * apply @is_derive_minus; [apply is_derive_const | exact Dg].
        * apply (sum_is_derive N (fun t s' => P M s a s' * h t s') (fun s' => P M s a s' * dh s')).
          intros. apply is_derive_scal. now apply Dh.
      + unfold plus, minus, opp, zero; simpl. unfold plus; simpl. ring.
    - rewrite sum_plus, <- over_actions.
      rewrite (sum_ext _ (fun a => pi t0 s a * (- dg + Σ s' < N, P M s a s' * dh s'))
                 (fun a => pi t0 s a * - dg + pi t0 s a * Σ s' < N, P M s a s' * dh s')) by (intros; ring).
      rewrite sum_plus, sum_mult_r.
      replace (sum (actions M s) (pi t0 s)) with 1 by (symmetry; exact (pi_sum M (pi t0) (pi_policy t0) s L (acting s L))).
      ring. }
  pose proof (stationary_mean (pi t0) mu dh St) as Mean. destruct St as [One _].
  rewrite (sum_ext N _ (fun s => mu s * (Σ a < actions M s, dpi s a * Q_diff (g t0) (h t0) s a) - mu s * dg)) in Mean.
  2:{ intros s L. rewrite (Eq s L) at 1. ring. }
  rewrite sum_minus, sum_mult_r in Mean. replace (sum N mu) with 1 in Mean by (symmetry; exact One).
  evar_last; [exact Dg|]. unfold g, h in *. lra.
Qed.

End Gradient.
End AverageReward.
