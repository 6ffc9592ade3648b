(* Finite sums of reals, from 0 to n - 1; the sum over nothing is 0. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with
  | O => 0
  | S m => sum m f + f m
  end.

(* A sum extends to the right over products, not over + and -. *)
Notation "'Σ' i < n , e" := (sum n (fun i => e))
  (at level 35, i name, n at level 34, e at level 40, right associativity) : R_scope.

(* Splits a goal about s, with s < n among the hypotheses, into the cases s = 0, ..., s = n - 1. *)
Ltac each s := first [exfalso; lia | destruct s as [|s]; [| each s]].

(* Writes a sum of all values of f as one of f, so that ring takes both for the same. *)
Ltac simple_sums := repeat match goal with |- context [sum ?n (fun i => ?f i)] =>
  change (sum n (fun i => f i)) with (sum n f) end.

Lemma sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> sum n f = sum n g.
Proof. induction n; simpl; intro H; [easy | rewrite IHn, H; auto with arith]. Qed.

Lemma sum_zero n f : (forall i, (i < n)%nat -> f i = 0) -> sum n f = 0.
Proof. induction n; simpl; intro H; [easy | rewrite IHn, H; auto with arith; lra]. Qed.

Lemma sum_plus n f g : Σ i < n, (f i + g i) = sum n f + sum n g.
Proof. induction n; simpl; [lra | rewrite IHn; lra]. Qed.

Lemma sum_minus n f g : Σ i < n, (f i - g i) = sum n f - sum n g.
Proof. induction n; simpl; [lra | rewrite IHn; lra]. Qed.

Lemma sum_mult_l n c f : Σ i < n, c * f i = c * sum n f.
Proof. induction n; simpl; [lra | rewrite IHn; lra]. Qed.

Lemma sum_mult_r n c f : Σ i < n, f i * c = sum n f * c.
Proof. induction n; simpl; [lra | rewrite IHn; lra]. Qed.

Lemma sum_swap n m (f : nat -> nat -> R) : Σ i < n, Σ j < m, f i j = Σ j < m, Σ i < n, f i j.
Proof.
  induction n; simpl.
  - now rewrite sum_zero.
  - now rewrite IHn, <- sum_plus.
Qed.

(* The first term apart from the rest. *)
Lemma sum_first n f : sum (S n) f = f O + Σ i < n, f (S i).
Proof. induction n; simpl in *; [lra | rewrite IHn; lra]. Qed.

Lemma sum_nonneg n f : (forall i, (i < n)%nat -> 0 <= f i) -> 0 <= sum n f.
Proof.
  induction n; simpl; intro H; [lra|].
  pose proof (IHn (fun i L => H i (Nat.lt_lt_succ_r _ _ L))). pose proof (H n (Nat.lt_succ_diag_r n)). lra.
Qed.

(* One positive term makes a sum of nonnegative terms positive. *)
Lemma sum_pos n f j : (forall i, (i < n)%nat -> 0 <= f i) -> (j < n)%nat -> 0 < f j -> 0 < sum n f.
Proof.
  induction n; simpl; intros H L F; [lia|].
  pose proof (H n (Nat.lt_succ_diag_r n)).
  destruct (Nat.eq_dec j n) as [->|N].
  - pose proof (sum_nonneg n f (fun i L => H i (Nat.lt_lt_succ_r _ _ L))). lra.
  - assert (0 < sum n f) by (apply IHn; [intros; apply H; lia | lia | exact F]). lra.
Qed.

(* 1 at j and 0 elsewhere. *)
Definition unit_at (j i : nat) : R := if Nat.eqb i j then 1 else 0.

Lemma sum_unit n j f : (j < n)%nat -> Σ i < n, unit_at j i * f i = f j.
Proof.
  unfold unit_at. induction n; simpl; intro L; [lia|].
  destruct (Nat.eq_dec j n) as [->|N].
  - rewrite Nat.eqb_refl, (sum_zero n); [lra|].
    intros i Li. assert (E : (i =? n)%nat = false) by (apply Nat.eqb_neq; lia). rewrite E. lra.
  - rewrite IHn by lia. assert (E : (n =? j)%nat = false) by (apply Nat.eqb_neq; lia). rewrite E. lra.
Qed.

(* -- derivatives ---------------------------------------------------------------------------------------- *)

Lemma sum_is_derive n (f : R -> nat -> R) df t :
  (forall i, (i < n)%nat -> is_derive (fun u => f u i) t (df i)) ->
  is_derive (fun u => sum n (f u)) t (sum n df).
Proof.
  induction n; simpl; intro H.
  - apply (is_derive_const 0).
  - apply (is_derive_plus (fun u => sum n (f u)) (fun u => f u n)); [apply IHn; intros|]; apply H; lia.
Qed.

Lemma sum_ex_derive n (f : R -> nat -> R) t :
  (forall i, (i < n)%nat -> ex_derive (fun u => f u i) t) -> ex_derive (fun u => sum n (f u)) t.
Proof.
  intro H. exists (Σ i < n, Derive (fun u => f u i) t).
  apply sum_is_derive. intros i L. now apply Derive_correct, H.
Qed.

(* The product rule, with the derivative in this order. *)
Lemma is_derive_product (f g : R -> R) t df dg :
  is_derive f t df -> is_derive g t dg -> is_derive (fun u => f u * g u) t (df * g t + f t * dg).
Proof. intros F G. apply (is_derive_mult f g t df dg F G). intros; apply Rmult_comm. Qed.

Lemma ex_derive_product (f g : R -> R) t :
  ex_derive f t -> ex_derive g t -> ex_derive (fun u => f u * g u) t.
Proof. intros [df F] [dg G]. exists (df * g t + f t * dg). apply (is_derive_product f g t df dg F G). Qed.

(* -- rules for derivatives, in the terms of real numbers -------------------------------------------------- *)

Section Rules.
Variable x : R.
Variables f g : R -> R.
Variables df dg c : R.

Lemma derive_add : is_derive f x df -> is_derive g x dg -> is_derive (fun u => f u + g u) x (df + dg).
Proof. intros F G. apply (is_derive_plus f g x df dg F G). Qed.

Lemma derive_subtract : is_derive f x df -> is_derive g x dg -> is_derive (fun u => f u - g u) x (df - dg).
Proof. intros F G. apply (is_derive_minus f g x df dg F G). Qed.

Lemma derive_number : is_derive (fun _ => c) x 0.
Proof. apply (is_derive_const c). Qed.

Lemma derive_add_l : is_derive g x dg -> is_derive (fun u => c + g u) x dg.
Proof.
  intro G. evar_last; [apply (is_derive_plus (fun _ => c) g x 0 dg (is_derive_const c x) G)|].
  unfold plus; simpl. ring.
Qed.

Lemma derive_add_r : is_derive f x df -> is_derive (fun u => f u + c) x df.
Proof.
  intro F. evar_last; [apply (is_derive_plus f (fun _ => c) x df 0 F (is_derive_const c x))|].
  unfold plus; simpl. ring.
Qed.

Lemma derive_opp : is_derive f x df -> is_derive (fun u => - f u) x (- df).
Proof. intro F. apply (is_derive_opp f x df F). Qed.

Lemma derive_mult_l : is_derive g x dg -> is_derive (fun u => c * g u) x (c * dg).
Proof. apply is_derive_scal. Qed.

Lemma derive_mult_r : is_derive f x df -> is_derive (fun u => f u * c) x (df * c).
Proof.
  intro F. evar_last; [apply (is_derive_product f (fun _ => c) x df 0 F (is_derive_const c x))|]. ring.
Qed.

Lemma derive_divide : g x <> 0 ->
  is_derive f x df -> is_derive g x dg -> is_derive (fun u => f u / g u) x ((df * g x - f x * dg) / g x ^ 2).
Proof. intros N F G. now apply is_derive_div. Qed.

Lemma derive_inverse : f x <> 0 -> is_derive f x df -> is_derive (fun u => / f u) x (- (/ f x * / f x * df)).
Proof. intros N F. evar_last; [apply is_derive_inv; [exact F | exact N]|]. field. exact N. Qed.

Lemma derive_ln : 0 < f x -> is_derive f x df -> is_derive (fun u => ln (f u)) x (/ f x * df).
Proof.
  intros P F. evar_last.
  - apply (is_derive_comp ln f); [apply is_derive_Reals, derivable_pt_lim_ln, P | exact F].
  - unfold scal; simpl. unfold mult; simpl. ring.
Qed.

End Rules.

(* -- positive terms -------------------------------------------------------------------------------------- *)

Ltac nonnegative := lazymatch goal with
  | |- 0 <= _ + _ => apply Rplus_le_le_0_compat; nonnegative
  | |- 0 <= _ * _ => apply Rmult_le_pos; nonnegative
  | |- 0 <= (_ ^ _) ^ 2 => apply pow2_ge_0
  | |- 0 <= _ ^ _ => apply pow_le; nonnegative
  | _ => first [assumption | left; assumption | lra] end.

(* Products of positive factors; sums of nonnegative terms, the first or the last of which is positive. *)
Ltac positive := lazymatch goal with
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; positive
  | |- 0 < _ ^ _ => apply pow_lt; positive
  | |- 0 < _ + _ => first [apply Rplus_lt_le_0_compat; [positive | nonnegative]
                          | apply Rplus_le_lt_0_compat; [nonnegative | positive]]
  | _ => first [assumption | lra] end.
