(* Elimination without subtractions (Grassmann, Taksar & Heyman 1985), for n nodes with weights w(s,t) >= 0
   between them and k(s) >= 0 to the outside:

     values   k(s) V(s) + sum_t w(s,t) (V(s) - V(t)) = b(s)
     visits   k(s) y(s) + sum_t (y(s) w(s,t) - y(t) w(t,s)) = c(s)

   Both are k(s) x(s) + sum_t (w(s,t) x(s) - w'(s,t) x(t)) = b(s), where w' is w, or w transposed.
   The last node is eliminated; the others keep nonnegative weights.  Nothing here is a limit or a choice:
   both solutions are given by the four operations of arithmetic. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums.
Open Scope R_scope.

Definition pivot (m : nat) (k : nat -> R) (w : nat -> nat -> R) : R := k m + Σ t < m, w m t.

(* Weights, and quantities at the nodes, after node m is gone. *)
Definition less_w m k w (s t : nat) : R := w s t + w s m * w m t / pivot m k w.
Definition less_k m k w (s : nat) : R := k s + w s m * k m / pivot m k w.

(* w for values, and transposed for visits. *)
Definition along (values : bool) (w : nat -> nat -> R) (s t : nat) : R := if values then w s t else w t s.

Definition less_b d m k w b (s : nat) : R := b s + along d w s m * b m / pivot m k w.

Fixpoint solved (d : bool) (n : nat) (k : nat -> R) (w : nat -> nat -> R) (b : nat -> R) : nat -> R :=
  match n with
  | O => fun _ => 0
  | S m =>
      let x := solved d m (less_k m k w) (less_w m k w) (less_b d m k w b) in
      fun s => if Nat.eqb s m then (b m + Σ t < m, along d w m t * x t) / pivot m k w else x s
  end.

Definition values := solved true.
Definition visits := solved false.

(* Nothing is negative, and every node leads to a lower one or to the outside. *)
Record leads_out (n : nat) (k : nat -> R) (w : nat -> nat -> R) : Prop := {
  k_nonneg : forall s, (s < n)%nat -> 0 <= k s;
  w_nonneg : forall s t, (s < n)%nat -> (t < n)%nat -> 0 <= w s t;
  descends : forall s, (s < n)%nat -> 0 < pivot s k w }.

Lemma leads_out_less m k w : leads_out (S m) k w -> leads_out m (less_k m k w) (less_w m k w).
Proof.
  intros [K W D]. pose proof (Rinv_0_lt_compat _ (D m (Nat.lt_succ_diag_r m))) as I.
  assert (G : forall x y, 0 <= x -> 0 <= y -> 0 <= x * y / pivot m k w).
  { intros x y X Y. apply Rmult_le_pos; [now apply Rmult_le_pos | lra]. }
  assert (W' : forall s t, (s < m)%nat -> (t < m)%nat -> w s t <= less_w m k w s t).
  { intros s t Ls Lt. unfold less_w.
    pose proof (G (w s m) (w m t) (W s m ltac:(lia) ltac:(lia)) (W m t ltac:(lia) ltac:(lia))). lra. }
  assert (K' : forall s, (s < m)%nat -> k s <= less_k m k w s).
  { intros s Ls. unfold less_k. pose proof (G (w s m) (k m) (W s m ltac:(lia) ltac:(lia)) (K m ltac:(lia))). lra. }
  split.
  - intros s Ls. pose proof (K s ltac:(lia)). pose proof (K' s Ls). lra.
  - intros s t Ls Lt. pose proof (W s t ltac:(lia) ltac:(lia)). pose proof (W' s t Ls Lt). lra.
  - intros s Ls. apply Rlt_le_trans with (pivot s k w); [apply D; lia|]. unfold pivot.
    apply Rplus_le_compat; [now apply K'|].
    apply Rminus_le. rewrite <- sum_minus. apply Ropp_le_cancel. rewrite Ropp_0.
    replace (- _) with (Σ t < s, (less_w m k w s t - w s t)) by (rewrite !sum_minus; ring).
    apply sum_nonneg. intros t Lt. pose proof (W' s t Ls ltac:(lia)). lra.
Qed.

Theorem solved_solves d n : forall k w b, leads_out n k w -> forall s, (s < n)%nat ->
  k s * solved d n k w b s + Σ t < n, (w s t * solved d n k w b s - along d w s t * solved d n k w b t) = b s.
Proof.
  induction n as [|m IH]; intros k w b H s L; [lia|].
  pose proof (descends _ _ _ H m (Nat.lt_succ_diag_r m)) as Hp.
  pose proof (IH _ _ (less_b d m k w b) (leads_out_less _ _ _ H)) as E. clear IH. cbn [solved].
  set (x := solved d m _ _ _) in *. set (p := pivot m k w) in *.
  set (last := (b m + Σ t < m, along d w m t * x t) / p).
  assert (Hl : last * p = b m + Σ t < m, along d w m t * x t) by (unfold last; field; lra).
  cbn [sum]. rewrite Nat.eqb_refl.
  assert (Same : forall v, Σ t < m, (w s t * v - along d w s t * (if Nat.eqb t m then last else x t))
                         = (Σ t < m, w s t) * v - Σ t < m, along d w s t * x t).
  { intro v. rewrite <- sum_mult_r, <- sum_minus. apply sum_ext. intros t Lt.
    replace (Nat.eqb t m) with false by (symmetry; apply Nat.eqb_neq; lia). ring. }
  rewrite Same. destruct (Nat.eq_dec s m) as [->|N].
  - rewrite Nat.eqb_refl. replace (along d w m m) with (w m m) by now destruct d.
    unfold pivot in p. unfold p in Hl. lra.
  - replace (Nat.eqb s m) with false by (symmetry; now apply Nat.eqb_neq).
    specialize (E s ltac:(lia)). unfold less_k, less_b in E. fold p in E.
    rewrite (sum_ext m _ (fun t => (w s t * x s - along d w s t * x t)
                                   + ((w s m / p * x s) * w m t - (along d w s m / p) * (along d w m t * x t)))) in E
      by (intros; unfold along, less_w; fold p; destruct d; unfold Rdiv; ring).
    rewrite sum_plus, !sum_minus, !sum_mult_l, sum_mult_r in E.
    assert (Hlast : last = (b m + Σ t < m, along d w m t * x t) / p) by reflexivity.
    rewrite Hlast.
    assert (Hk : k m = p - Σ t < m, w m t) by (unfold p, pivot; ring).
    rewrite Hk in E. change (sum m (fun t => w s t)) with (sum m (w s)).
    change (sum m (fun t => w m t)) with (sum m (w m)) in E. clear Hk Hlast Hl Same. clearbody p x.
    apply Rminus_diag_eq in E. apply Rminus_diag_uniq. rewrite <- E. field. lra.
Qed.

Theorem values_solve n k w b : leads_out n k w -> forall s, (s < n)%nat ->
  k s * values n k w b s + Σ t < n, w s t * (values n k w b s - values n k w b t) = b s.
Proof.
  intros H s L. rewrite <- (solved_solves true n k w b H s L).
  f_equal. apply sum_ext. intros. unfold values, along. ring.
Qed.

Theorem visits_solve n k w c : leads_out n k w -> forall s, (s < n)%nat ->
  k s * visits n k w c s + Σ t < n, (visits n k w c s * w s t - visits n k w c t * w t s) = c s.
Proof.
  intros H s L. rewrite <- (solved_solves false n k w c H s L).
  f_equal. apply sum_ext. intros. unfold visits, along. ring.
Qed.

Theorem solved_nonneg d n : forall k w b, leads_out n k w -> (forall s, (s < n)%nat -> 0 <= b s) ->
  forall s, (s < n)%nat -> 0 <= solved d n k w b s.
Proof.
  induction n as [|m IH]; intros k w b H B s L; [lia|].
  pose proof (descends _ _ _ H m (Nat.lt_succ_diag_r m)) as Hp.
  pose proof (Rlt_le _ _ (Rinv_0_lt_compat _ Hp)) as I. cbn [solved].
  assert (W : forall s t, (s <= m)%nat -> (t <= m)%nat -> 0 <= along d w s t).
  { intros i j Li Lj. unfold along. destruct d; apply (w_nonneg _ _ _ H); lia. }
  assert (X : forall t, (t < m)%nat -> 0 <= solved d m (less_k m k w) (less_w m k w) (less_b d m k w b) t).
  { apply IH; [now apply leads_out_less|]. intros t Lt. unfold less_b.
    apply Rplus_le_le_0_compat; [apply B; lia|].
    apply Rmult_le_pos; [apply Rmult_le_pos; [apply W | apply B]; lia | exact I]. }
  destruct (Nat.eqb_spec s m) as [->|N]; [|apply X; lia].
  apply Rmult_le_pos; [|exact I]. apply Rplus_le_le_0_compat; [apply B; lia|].
  apply sum_nonneg. intros t Lt. apply Rmult_le_pos; [apply W; lia | now apply X].
Qed.

(* Every solution is this one: values and visits are dual, and each exists for all right-hand sides. *)

Lemma duality n k w b c V y :
  (forall s, (s < n)%nat -> k s * V s + Σ t < n, w s t * (V s - V t) = b s) ->
  (forall s, (s < n)%nat -> k s * y s + Σ t < n, (y s * w s t - y t * w t s) = c s) ->
  Σ s < n, y s * b s = Σ s < n, c s * V s.
Proof.
  intros HV Hy.
  rewrite (sum_ext n _ (fun s => k s * y s * V s
    + ((Σ t < n, y s * w s t * V s) - Σ t < n, y s * w s t * V t))).
  2:{ intros s L. rewrite <- (HV s L), <- sum_minus, Rmult_plus_distr_l, <- sum_mult_l.
      f_equal; [ring|]. apply sum_ext; intros; ring. }
  rewrite (sum_ext n (fun s => c s * V s) (fun s => k s * y s * V s
    + ((Σ t < n, y s * w s t * V s) - Σ t < n, y t * w t s * V s))).
  2:{ intros s L. rewrite <- (Hy s L), <- sum_minus, Rmult_plus_distr_r, <- sum_mult_r.
      f_equal. apply sum_ext; intros; ring. }
  rewrite !sum_plus, !sum_minus. do 2 f_equal. apply sum_swap.
Qed.

Theorem values_unique n k w b V : leads_out n k w ->
  (forall s, (s < n)%nat -> k s * V s + Σ t < n, w s t * (V s - V t) = b s) ->
  forall s, (s < n)%nat -> V s = values n k w b s.
Proof.
  intros H HV s L. rewrite <- (sum_unit n s V L), <- (sum_unit n s (values n k w b) L).
  rewrite <- (duality n k w b _ V _ HV (visits_solve n k w (unit_at s) H)).
  rewrite <- (duality n k w b _ (values n k w b) _ (values_solve n k w b H) (visits_solve n k w (unit_at s) H)).
  reflexivity.
Qed.

Theorem visits_unique n k w c y : leads_out n k w ->
  (forall s, (s < n)%nat -> k s * y s + Σ t < n, (y s * w s t - y t * w t s) = c s) ->
  forall s, (s < n)%nat -> y s = visits n k w c s.
Proof.
  intros H Hy s L. rewrite <- (sum_unit n s y L), <- (sum_unit n s (visits n k w c) L).
  rewrite (sum_ext n _ (fun i => y i * unit_at s i)) by (intros; ring).
  rewrite (sum_ext n (fun i => unit_at s i * _) (fun i => visits n k w c i * unit_at s i)) by (intros; ring).
  rewrite (duality n k w (unit_at s) c _ _ (values_solve n k w (unit_at s) H) Hy).
  rewrite (duality n k w (unit_at s) c _ _ (values_solve n k w (unit_at s) H) (visits_solve n k w c H)).
  reflexivity.
Qed.

(* -- derivatives: both solutions are differentiable where the weights are ---------------------------------- *)

Section Derivatives.
Variable t0 : R.

Lemma pivot_ex_derive m (k : R -> nat -> R) (w : R -> nat -> nat -> R) :
  ex_derive (fun u => k u m) t0 -> (forall t, (t < m)%nat -> ex_derive (fun u => w u m t) t0) ->
  ex_derive (fun u => pivot m (k u) (w u)) t0.
Proof.
  intros K W. apply (ex_derive_plus (fun u => k u m)); [exact K|]. now apply (sum_ex_derive m (fun u => w u m)).
Qed.

Lemma less_ex_derive (x y z p : R -> R) :
  ex_derive x t0 -> ex_derive y t0 -> ex_derive z t0 -> ex_derive p t0 -> p t0 <> 0 ->
  ex_derive (fun u => x u + y u * z u / p u) t0.
Proof.
  intros X Y Z D N. apply (ex_derive_plus x); [exact X|].
  apply (ex_derive_div (fun u => y u * z u) p); [now apply ex_derive_product | exact D | exact N].
Qed.

Theorem solved_ex_derive d n : forall (k b : R -> nat -> R) (w : R -> nat -> nat -> R),
  leads_out n (k t0) (w t0) ->
  (forall s, (s < n)%nat -> ex_derive (fun u => k u s) t0) ->
  (forall s t, (s < n)%nat -> (t < n)%nat -> ex_derive (fun u => w u s t) t0) ->
  (forall s, (s < n)%nat -> ex_derive (fun u => b u s) t0) ->
  forall s, (s < n)%nat -> ex_derive (fun u => solved d n (k u) (w u) (b u) s) t0.
Proof.
  induction n as [|m IH]; intros k b w H K W B s L; [lia|]. cbn [solved].
  pose proof (Rgt_not_eq _ _ (descends _ _ _ H m (Nat.lt_succ_diag_r m))) as Hp.
  assert (D : ex_derive (fun u => pivot m (k u) (w u)) t0).
  { apply pivot_ex_derive; [apply K; lia | intros; apply W; lia]. }
  assert (A : forall s t, (s < S m)%nat -> (t < S m)%nat -> ex_derive (fun u => along d (w u) s t) t0).
  { intros i j Li Lj. unfold along. destruct d; now apply W. }
  set (x := fun u => solved d m (less_k m (k u) (w u)) (less_w m (k u) (w u)) (less_b d m (k u) (w u) (b u))).
  assert (X : forall t, (t < m)%nat -> ex_derive (fun u => x u t) t0).
  { apply IH; [now apply leads_out_less | intros .. ]; apply less_ex_derive; auto with arith. }
  destruct (Nat.eqb s m) eqn:E; [|apply Nat.eqb_neq in E; apply X; lia].
  apply (ex_derive_div (fun u => b u m + Σ t < m, along d (w u) m t * x u t)); [|exact D|exact Hp].
  apply (ex_derive_plus (fun u => b u m)); [apply B; lia|].
  apply (sum_ex_derive m (fun u t => along d (w u) m t * x u t)). intros t Lt.
  apply (ex_derive_product (fun u => along d (w u) m t)); [apply A; lia | now apply X].
Qed.

End Derivatives.
