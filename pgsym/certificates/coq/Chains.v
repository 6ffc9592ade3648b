(* What is true of every finite Markov chain that depends on a parameter: the resolvent N = (I - k W)^-1, the
   stationary distribution mu and the deviation matrix D, given by their equations, and their derivatives.

   States are those that are not terminal, numbered from 0; a row of W sums to 1, or to less where a run may end.
   Nothing about derivatives is assumed but of W, and no limit over time is taken. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Pgsym Require Import Sums Elimination Tensors.
Open Scope R_scope.

Section Equations.
Variable n : nat.

(* N (I - k W) = I = (I - k W) N *)
Definition is_resolvent (k : R) (W N : nat -> nat -> R) : Prop :=
  (forall s t, (s < n)%nat -> (t < n)%nat -> N s t = delta s t + k * Σ y < n, W s y * N y t) /\
  (forall s t, (s < n)%nat -> (t < n)%nat -> N s t = delta s t + k * Σ y < n, N s y * W y t).

Definition is_stationary (W : nat -> nat -> R) (mu : nat -> R) : Prop :=
  Σ s < n, mu s = 1 /\ forall t, (t < n)%nat -> Σ s < n, mu s * W s t = mu t.

(* W D = D W = D - I + 1 mu, mu D = 0, D 1 = 0 *)
Record is_deviation (W : nat -> nat -> R) (mu : nat -> R) (D : nat -> nat -> R) : Prop := {
  deviation_after : forall s t, (s < n)%nat -> (t < n)%nat -> Σ y < n, W s y * D y t = D s t - delta s t + mu t;
  deviation_before : forall s t, (s < n)%nat -> (t < n)%nat -> Σ y < n, D s y * W y t = D s t - delta s t + mu t;
  deviation_mean : forall t, (t < n)%nat -> Σ s < n, mu s * D s t = 0;
  deviation_rows : forall s, (s < n)%nat -> Σ t < n, D s t = 0 }.

Definition rows_sum_to_1 (W : nat -> nat -> R) : Prop := forall s, (s < n)%nat -> Σ t < n, W s t = 1.

(* -- matrices -------------------------------------------------------------------------------------------- *)

Lemma assoc (x : nat -> R) (A : nat -> nat -> R) (y : nat -> R) :
  Σ s < n, (Σ i < n, x i * A i s) * y s = Σ i < n, x i * Σ s < n, A i s * y s.
Proof.
  rewrite (sum_ext n _ (fun s => Σ i < n, x i * (A i s * y s))).
  - rewrite sum_swap. apply sum_ext. intros. apply sum_mult_l.
  - intros. rewrite <- sum_mult_r. apply sum_ext. intros; ring.
Qed.

Lemma delta_l s f : (s < n)%nat -> Σ y < n, delta s y * f y = f s.
Proof. apply sum_unit. Qed.

Lemma delta_sym i j : delta i j = delta j i.
Proof. unfold delta, unit_at. now rewrite Nat.eqb_sym. Qed.

Lemma delta_r t f : (t < n)%nat -> Σ y < n, f y * delta y t = f t.
Proof.
  intro L. rewrite <- (delta_l t f L). apply sum_ext. intros. rewrite delta_sym. ring.
Qed.

Lemma resolvent_rows k W N s : is_resolvent k W N -> rows_sum_to_1 W -> (s < n)%nat -> (1 - k) * (Σ t < n, N s t) = 1.
Proof.
  intros [_ H] One L.
  assert (E : Σ t < n, N s t = 1 + k * Σ t < n, N s t).
  { rewrite (sum_ext n (fun t => N s t) (fun t => delta s t * 1 + k * Σ y < n, N s y * W y t)) at 1
      by (intros; rewrite H at 1 by assumption; ring).
    rewrite sum_plus, delta_l, sum_mult_l by assumption. do 2 f_equal. rewrite sum_swap. apply sum_ext. intros y Ly.
    rewrite sum_mult_l, One by assumption. ring. }
  lra.
Qed.

Lemma stationary_resolvent k W N mu t : is_resolvent k W N -> is_stationary W mu -> (t < n)%nat ->
  (1 - k) * (Σ s < n, mu s * N s t) = mu t.
Proof.
  intros [H _] [_ St] L.
  assert (E : Σ s < n, mu s * N s t = mu t + k * Σ s < n, mu s * N s t).
  { rewrite (sum_ext n (fun s => mu s * N s t) (fun s => mu s * delta s t + k * (mu s * Σ y < n, W s y * N y t))) at 1
      by (intros; rewrite H at 1 by assumption; ring).
    rewrite sum_plus, delta_r, sum_mult_l, <- assoc by assumption. do 2 f_equal. apply sum_ext. intros y Ly.
    now rewrite St. }
  lra.
Qed.

Lemma resolvent_deviation k W N mu D s t : is_resolvent k W N -> rows_sum_to_1 W ->
  is_stationary W mu -> is_deviation W mu D ->
  (s < n)%nat -> (t < n)%nat ->
  (1 - k) * ((1 - k) * Σ y < n, N s y * D y t) = (1 - k) * (D s t - k * N s t) + k * mu t.
Proof.
  intros R One St [After _ _ _] L Lt. pose proof (resolvent_rows k W N s R One L) as Rows. destruct R as [_ H].
  assert (E : Σ y < n, N s y * D y t = D s t + k * Σ y < n, N s y * (D y t - delta y t + mu t)).
  { rewrite (sum_ext n (fun y => N s y * D y t) (fun y => delta s y * D y t + k * ((Σ i < n, N s i * W i y) * D y t))) at 1
      by (intros; rewrite H at 1 by assumption; ring).
    rewrite sum_plus, delta_l, sum_mult_l, assoc by assumption. do 2 f_equal. apply sum_ext. intros y Ly.
    now rewrite After. }
  rewrite (sum_ext n (fun y => N s y * (D y t - delta y t + mu t)) (fun y => N s y * D y t - N s y * delta y t + N s y * mu t)) in E by (intros; ring).
  rewrite sum_plus, sum_minus, delta_r, (sum_mult_r n (mu t) (fun y => N s y)) in E by assumption.
  set (X := Σ y < n, N s y * D y t) in *. set (Y := Σ y < n, N s y) in *.
  replace (k * mu t) with (k * mu t * ((1 - k) * Y)) by (rewrite Rows; ring).
  assert (E' : (1 - k) * X = D s t - k * N s t + k * mu t * Y) by lra. rewrite E'. ring.
Qed.

Lemma deviation_resolvent k W N mu D s t : is_resolvent k W N -> rows_sum_to_1 W ->
  is_stationary W mu -> is_deviation W mu D ->
  (s < n)%nat -> (t < n)%nat ->
  (1 - k) * ((1 - k) * Σ y < n, D s y * N y t) = (1 - k) * (D s t - k * N s t) + k * mu t.
Proof.
  intros R One St [_ Before _ _] L Lt. pose proof (stationary_resolvent k W N mu t R St Lt) as Mean. destruct R as [H _].
  assert (E : Σ y < n, D s y * N y t = D s t + k * Σ y < n, (D s y - delta s y + mu y) * N y t).
  { rewrite (sum_ext n (fun y => D s y * N y t) (fun y => D s y * delta y t + k * (D s y * Σ i < n, W y i * N i t))) at 1
      by (intros; rewrite H at 1 by assumption; ring).
    rewrite sum_plus, delta_r, sum_mult_l, <- assoc by assumption. do 2 f_equal. apply sum_ext. intros y Ly.
    now rewrite Before. }
  rewrite (sum_ext n (fun y => (D s y - delta s y + mu y) * N y t) (fun y => D s y * N y t - delta s y * N y t + mu y * N y t)) in E by (intros; ring).
  rewrite sum_plus, sum_minus, delta_l in E by assumption.
  rewrite <- Mean. set (X := Σ y < n, D s y * N y t) in *. set (Y := Σ y < n, mu y * N y t) in *.
  assert (E' : (1 - k) * X = D s t - k * N s t + k * Y) by lra. rewrite E'. ring.
Qed.

Lemma two_resolvents k m W N O s t : is_resolvent k W N -> is_resolvent m W O -> (s < n)%nat -> (t < n)%nat ->
  (k - m) * (Σ y < n, N s y * O y t) = k * N s t - m * O s t.
Proof.
  intros [_ H] [H' _] L Lt.
  assert (E : Σ y < n, N s y * O y t = O s t + k * Σ y < n, N s y * Σ i < n, W y i * O i t).
  { rewrite (sum_ext n (fun y => N s y * O y t) (fun y => delta s y * O y t + k * ((Σ i < n, N s i * W i y) * O y t))) at 1
      by (intros; rewrite H at 1 by assumption; ring).
    now rewrite sum_plus, delta_l, sum_mult_l, assoc by assumption. }
  assert (E' : Σ y < n, N s y * O y t = N s t + m * Σ y < n, N s y * Σ i < n, W y i * O i t).
  { rewrite (sum_ext n (fun y => N s y * O y t) (fun y => N s y * delta y t + m * (N s y * Σ i < n, W y i * O i t))) at 1
      by (intros; rewrite H' at 1 by assumption; ring).
    now rewrite sum_plus, delta_r, sum_mult_l by assumption. }
  set (X := Σ y < n, N s y * O y t) in *. set (Y := Σ y < n, N s y * Σ i < n, W y i * O i t) in *.
  replace ((k - m) * X) with (k * X - m * X) by ring. rewrite E' at 1. rewrite E at 1. ring.
Qed.

(* -- existence -------------------------------------------------------------------------------------------- *)

(* The resolvent exists where every state leads to the end of the run, or to a state with a lower number. *)
Theorem resolvent_exists k W : leads_out n (fun s => 1 - k * Σ t < n, W s t) (fun s t => k * W s t) ->
  exists N, is_resolvent k W N.
Proof.
  intro H. set (out := fun s => 1 - k * Σ t < n, W s t) in *. set (w := fun s t => k * W s t) in *.
  exists (fun s t => values n out w (unit_at t) s).
  assert (One : forall s, out s + Σ t < n, w s t = 1) by (intro s; unfold out, w; rewrite sum_mult_l; simple_sums; ring).
  split; intros s t L Lt.
  - pose proof (values_solve n out w (unit_at t) H s L) as E.
    rewrite (sum_ext n (fun y => w s y * (values n out w (unit_at t) s - values n out w (unit_at t) y))
      (fun y => w s y * values n out w (unit_at t) s - w s y * values n out w (unit_at t) y)) in E
      by (intros; ring).
    rewrite sum_minus, sum_mult_r in E. specialize (One s). change (sum n (fun t => w s t)) with (sum n (w s)) in *.
    rewrite <- sum_mult_l. rewrite (sum_ext n (fun y => k * (W s y * values n out w (unit_at t) y))
      (fun y => w s y * values n out w (unit_at t) y)) by (intros; unfold w; ring).
    rewrite delta_sym. unfold delta. replace (out s) with (1 - sum n (w s)) in E by lra. lra.
  - set (y := visits n out w (unit_at s)).
    assert (Same : forall i, (i < n)%nat -> values n out w (unit_at i) s = y i).
    { intros i Li. pose proof (duality n out w (unit_at i) (unit_at s) _ y (values_solve n out w _ H)
        (visits_solve n out w _ H)) as Du.
      rewrite (sum_unit n s _ L) in Du. rewrite <- Du, <- (sum_unit n i y Li). apply sum_ext. intros; ring. }
    rewrite (sum_ext n (fun i => values n out w (unit_at i) s * W i t) (fun i => y i * W i t)) by (intros; now rewrite Same). rewrite (Same t Lt).
    pose proof (visits_solve n out w (unit_at s) H t Lt) as E. fold y in E. specialize (One t).
    rewrite sum_minus, sum_mult_l in E. change (sum n (fun t0 => w t t0)) with (sum n (w t)) in *.
    rewrite <- sum_mult_l. rewrite (sum_ext n (fun i => k * (y i * W i t)) (fun i => y i * w i t)) by (intros; unfold w; ring).
    unfold delta. replace (out t) with (1 - sum n (w t)) in E by lra. lra.
Qed.

Corollary discounted_resolvent_exists k W : 0 <= k < 1 -> (forall s t, (s < n)%nat -> (t < n)%nat -> 0 <= W s t) ->
  (forall s, (s < n)%nat -> Σ t < n, W s t <= 1) -> exists N, is_resolvent k W N.
Proof.
  intros K Pos One. apply resolvent_exists.
  assert (Out : forall s, (s < n)%nat -> 0 < 1 - k * Σ t < n, W s t).
  { intros s L. pose proof (One s L). assert (0 <= Σ t < n, W s t) by (apply sum_nonneg; auto).
    assert (k * (Σ t < n, W s t) <= k * 1) by (apply Rmult_le_compat_l; lra). lra. }
  split; intros.
  - left. now apply Out.
  - apply Rmult_le_pos; [lra | auto].
  - apply Rplus_lt_le_0_compat; [now apply Out|]. apply sum_nonneg. intros. apply Rmult_le_pos; [lra | apply Pos; lia].
Qed.

End Equations.

(* -- policies --------------------------------------------------------------------------------------------- *)

Lemma chain_rows n acts (pi : nat -> nat -> R) (P : nat -> nat -> nat -> R) :
  (forall s, (s < n)%nat -> Σ a < acts s, pi s a = 1) ->
  (forall s a, (s < n)%nat -> (a < acts s)%nat -> Σ t < n, P s a t = 1) ->
  rows_sum_to_1 n (fun s t => Σ a < acts s, pi s a * P s a t).
Proof.
  intros One Row s L. rewrite sum_swap, <- (One s L). apply sum_ext. intros a La.
  rewrite sum_mult_l, Row by assumption. ring.
Qed.

Lemma chain_is_derive x n acts (pi : R -> nat -> nat -> R) (P : nat -> nat -> nat -> R) :
  (forall s a, (s < n)%nat -> (a < acts s)%nat -> ex_derive (fun u => pi u s a) x) ->
  forall s t, (s < n)%nat -> (t < n)%nat ->
  is_derive (fun u => Σ a < acts s, pi u s a * P s a t) x (Σ a < acts s, Derive (fun u => pi u s a) x * P s a t).
Proof.
  intros D s t L _.
  apply (sum_is_derive _ (fun u a => pi u s a * P s a t) (fun a => Derive (fun u => pi u s a) x * P s a t)). intros a La.
  evar_last.
  - apply is_derive_product; [now apply Derive_correct, D | apply (is_derive_const (P s a t))].
  - unfold zero; simpl. ring.
Qed.

(* Probabilities sum to 1, so their derivatives sum to 0. *)
Lemma derivatives_sum_to_0 x m (f : R -> nat -> R) :
  (forall u, Σ a < m, f u a = 1) -> (forall a, (a < m)%nat -> ex_derive (fun u => f u a) x) ->
  Σ a < m, Derive (fun u => f u a) x = 0.
Proof.
  intros One D. rewrite <- (is_derive_unique _ _ _ (sum_is_derive m f (fun a => Derive (fun u => f u a) x) x
    (fun a La => Derive_correct _ _ (D a La)))).
  rewrite (Derive_ext _ (fun _ => 1)) by exact One. apply Derive_const.
Qed.

Ltac is_constant f :=
  let a := eval cbv beta in (f 0) in let b := eval cbv beta in (f 1) in constr_eq a b.

(* The derivative of an expression whose value is written as these rules give it; `leaf` knows the tensors. *)
Ltac derives leaf :=
  cbv beta;
  lazymatch goal with
  | |- is_derive (fun u => sum ?m (fun i => @?f u i)) ?x (sum ?m (fun i => @?df i)) =>
      apply (sum_is_derive m f df x); intros; derives leaf
  | |- is_derive (fun u => @?f u * @?g u) ?x ?d =>
      tryif is_constant f then (apply (derive_mult_l _ g); derives leaf) else
      tryif is_constant g then (apply (derive_mult_r _ f); derives leaf) else
      lazymatch d with ?df * _ + _ * ?dg => apply (is_derive_product f g x df dg); derives leaf end
  | |- is_derive (fun u => @?f u + @?g u) ?x ?d =>
      tryif is_constant f then (apply (derive_add_l _ g); derives leaf) else
      tryif is_constant g then (apply (derive_add_r _ f); derives leaf) else
      lazymatch d with ?df + ?dg => apply (derive_add x f g df dg); derives leaf end
  | |- is_derive (fun u => - @?f u) _ _ => apply (derive_opp _ f); derives leaf
  | |- _ => leaf
  end.

(* Both sides are the same but for derivatives, which are written out on the right; `leaf` knows them. *)
Ltac written_out leaf :=
  cbv beta;
  lazymatch goal with
  | |- ?a = ?a => reflexivity
  | |- sum _ _ = sum _ _ => apply sum_ext; intros; written_out leaf
  | |- Derive _ _ = _ => apply is_derive_unique; leaf
  | |- _ * _ = _ * _ => apply f_equal2; written_out leaf
  | |- _ + _ = _ + _ => apply f_equal2; written_out leaf
  | |- _ - _ = _ - _ => apply f_equal2; written_out leaf
  | |- _ / _ = _ / _ => apply f_equal2; written_out leaf
  | |- - _ = - _ => apply f_equal; written_out leaf
  end.

(* -- derivatives ------------------------------------------------------------------------------------------ *)

Section Derivatives.
Variable x : R.

Definition near (Q : R -> Prop) : Prop := exists d, 0 < d /\ forall u, Rabs (u - x) < d -> Q u.

Lemma near_and Q Q' : near Q -> near Q' -> near (fun u => Q u /\ Q' u).
Proof.
  intros [d [D H]] [d' [D' H']]. exists (Rmin d d'). split; [now apply Rmin_pos|]. intros u L.
  pose proof (Rmin_l d d'). pose proof (Rmin_r d d'). split; [apply H | apply H']; lra.
Qed.

Lemma near_mono (Q Q' : R -> Prop) : (forall u, Q u -> Q' u) -> near Q -> near Q'.
Proof. intros I [d [D H]]. exists d. split; auto. Qed.

Definition vanishes (f : R -> R) : Prop := forall e, 0 < e -> near (fun u => Rabs (f u) < e).

Lemma vanishes_derive f l : is_derive f x l -> f x = 0 -> vanishes f.
Proof.
  intros D Z e E.
  pose proof (ex_derive_continuous f x (ex_intro _ l D)) as C.
  destruct (proj1 (filterlim_locally f (f x)) C (mkposreal e E)) as [d H].
  exists d. split; [apply cond_pos|]. intros u L. specialize (H u L).
  unfold ball in H. simpl in H. unfold AbsRing_ball, abs, minus, plus, opp in H. simpl in H. rewrite Z in H.
  now rewrite Ropp_0, Rplus_0_r in H.
Qed.

Lemma vanishes_plus f g : vanishes f -> vanishes g -> vanishes (fun u => f u + g u).
Proof.
  intros F G e E. apply (near_mono (fun u => Rabs (f u) < e / 2 /\ Rabs (g u) < e / 2)).
  - intros u [A B]. pose proof (Rabs_triang (f u) (g u)). lra.
  - apply near_and; [apply F | apply G]; lra.
Qed.

Lemma vanishes_sum m (f : R -> nat -> R) : (forall i, (i < m)%nat -> vanishes (fun u => f u i)) ->
  vanishes (fun u => sum m (f u)).
Proof.
  induction m; intro H; simpl.
  - intros e E. exists 1. split; [lra|]. intros. now rewrite Rabs_R0.
  - apply (vanishes_plus (fun u => sum m (f u)) (fun u => f u m)); [apply IHm; intros|]; apply H; lia.
Qed.

Lemma vanishes_abs f : vanishes f -> vanishes (fun u => Rabs (f u)).
Proof. intros F e E. apply (near_mono (fun u => Rabs (f u) < e)); [intros; now rewrite Rabs_Rabsolu | now apply F]. Qed.

Lemma sum_le m f g : (forall i, (i < m)%nat -> f i <= g i) -> sum m f <= sum m g.
Proof. induction m; simpl; intro H; [lra|]. pose proof (H m ltac:(lia)). assert (sum m f <= sum m g) by (apply IHm; auto with arith). lra. Qed.

Lemma sum_abs m f : Rabs (sum m f) <= Σ i < m, Rabs (f i).
Proof.
  induction m; simpl; [rewrite Rabs_R0; lra|]. pose proof (Rabs_triang (sum m f) (f m)). lra.
Qed.

(* A factor that is continuous, and one that is 0 and has a derivative. *)
Lemma vanishing_product f g l : vanishes (fun u => f u - f x) -> g x = 0 -> is_derive g x l ->
  is_derive (fun u => f u * g u) x (f x * l).
Proof.
  intros F Z D.
  assert (S : is_derive (fun u => (f u - f x) * g u) x 0).
  { apply is_derive_Reals. intros e E. apply is_derive_Reals in D. destruct (D 1 ltac:(lra)) as [d Hd].
    pose proof (Rabs_pos l) as Lp. assert (E' : 0 < e / (Rabs l + 1)) by (apply Rdiv_lt_0_compat; lra).
    destruct (F _ E') as [d' [D' H']].
    assert (M : 0 < Rmin d d') by (apply Rmin_pos; [apply cond_pos | assumption]).
    exists (mkposreal _ M). intros h N L. simpl in L. pose proof (Rmin_l d d'). pose proof (Rmin_r d d').
    specialize (Hd h N ltac:(lra)). rewrite Z, Rminus_0_r in Hd.
    specialize (H' (x + h)). replace (x + h - x) with h in H' by ring. specialize (H' ltac:(lra)).
    rewrite Z, Rmult_0_r, !Rminus_0_r. unfold Rdiv at 1. rewrite Rmult_assoc, Rabs_mult.
    assert (B : Rabs (g (x + h) * / h) <= Rabs l + 1).
    { pose proof (Rabs_triang (g (x + h) / h - l) l) as T. replace (g (x + h) / h - l + l) with (g (x + h) / h) in T by ring.
      unfold Rdiv in *. lra. }
    apply Rle_lt_trans with (Rabs (f (x + h) - f x) * (Rabs l + 1)).
    - apply Rmult_le_compat_l; [apply Rabs_pos | exact B].
    - apply Rlt_le_trans with (e / (Rabs l + 1) * (Rabs l + 1)).
      + apply Rmult_lt_compat_r; lra.
      + right. field. lra. }
  assert (Q : forall u, f x * g u + (f u - f x) * g u = f u * g u) by (intro; ring).
  apply (is_derive_ext _ _ _ _ Q).
  replace (f x * l) with (f x * l + 0) by ring.
  apply (is_derive_plus (fun u => f x * g u)); [now apply is_derive_scal | exact S].
Qed.

(* X(u) = X(x) + X(u) E(u) + b(u), where E and b are 0 at x: then X has a derivative. *)
Lemma perturbed m (X : R -> nat -> R) (E : R -> nat -> nat -> R) (b : R -> nat -> R) dE db :
  (forall u t, (t < m)%nat -> X u t = X x t + (Σ s < m, X u s * E u s t) + b u t) ->
  (forall s t, (s < m)%nat -> (t < m)%nat -> E x s t = 0) -> (forall t, (t < m)%nat -> b x t = 0) ->
  (forall s t, (s < m)%nat -> (t < m)%nat -> is_derive (fun u => E u s t) x (dE s t)) ->
  (forall t, (t < m)%nat -> is_derive (fun u => b u t) x (db t)) ->
  forall t, (t < m)%nat -> is_derive (fun u => X u t) x ((Σ s < m, X x s * dE s t) + db t).
Proof.
  intros H ZE Zb DE Db.
  set (eps := fun u => Σ t < m, Σ s < m, Rabs (E u s t)). set (B := fun u => Σ t < m, Rabs (b u t)).
  set (A := fun u => Σ t < m, Rabs (X u t)).
  assert (Veps : vanishes eps).
  { apply (vanishes_sum m (fun u t => Σ s < m, Rabs (E u s t))). intros t Lt.
    apply (vanishes_sum m (fun u s => Rabs (E u s t))). intros s Ls. apply vanishes_abs.
    apply (vanishes_derive _ (dE s t)); auto. }
  assert (VB : vanishes B).
  { apply (vanishes_sum m (fun u t => Rabs (b u t))). intros t Lt. apply vanishes_abs.
    apply (vanishes_derive _ (db t)); auto. }
  assert (Bound : forall u t, (t < m)%nat -> Rabs (X u t - X x t) <= A u * (Σ s < m, Rabs (E u s t)) + Rabs (b u t)).
  { intros u t Lt. rewrite H by assumption. replace (X x t + _ + _ - _) with ((Σ s < m, X u s * E u s t) + b u t) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_r. eapply Rle_trans; [apply sum_abs|].
    rewrite <- sum_mult_l. apply sum_le. intros s Ls. rewrite Rabs_mult.
    apply Rmult_le_compat_r; [apply Rabs_pos|]. unfold A. clear -Ls. induction m; [lia|]. simpl.
    pose proof (sum_nonneg m (fun t => Rabs (X u t)) (fun i _ => Rabs_pos _)). pose proof (Rabs_pos (X u m)).
    destruct (Nat.eq_dec s m) as [->|]; [lra|]. specialize (IHm ltac:(lia)). lra. }
  assert (All : forall u, A u <= A x + A u * eps u + B u).
  { intro u. unfold eps, B. rewrite <- sum_mult_l. unfold A at 1 2. rewrite <- !sum_plus. apply sum_le. intros t Lt.
    pose proof (Bound u t Lt). pose proof (Rabs_triang (X u t - X x t) (X x t)) as T.
    replace (X u t - X x t + X x t) with (X u t) in T by ring. lra. }
  assert (Pos : forall u, 0 <= A u) by (intro u; apply sum_nonneg; intros; apply Rabs_pos).
  assert (PosE : forall u, 0 <= eps u) by (intro u; apply sum_nonneg; intros; apply sum_nonneg; intros; apply Rabs_pos).
  assert (Bounded : near (fun u => A u <= 2 * (A x + 1))).
  { apply (near_mono (fun u => Rabs (eps u) < 1 / 2 /\ Rabs (B u) < 1)).
    - intros u [L L']. pose proof (Rle_abs (eps u)). pose proof (Rle_abs (B u)). pose proof (All u).
      assert (A u * eps u <= A u * (1 / 2)) by (apply Rmult_le_compat_l; [apply Pos | lra]). lra.
    - apply near_and; [apply Veps | apply VB]; lra. }
  assert (Cont : forall t, (t < m)%nat -> vanishes (fun u => X u t - X x t)).
  { intros t Lt e He. set (K := 2 * (A x + 1)). assert (HK : 0 < K) by (unfold K; pose proof (Pos x); lra).
    set (Et := fun u => Σ s < m, Rabs (E u s t)).
    assert (VE : vanishes Et).
    { apply (vanishes_sum m (fun u s => Rabs (E u s t))). intros s Ls. apply vanishes_abs.
      apply (vanishes_derive _ (dE s t)); auto. }
    assert (He' : 0 < e / 2 / K) by (repeat apply Rdiv_lt_0_compat; lra).
    apply (near_mono (fun u => A u <= K /\ (Rabs (Et u) < e / 2 / K /\ Rabs (b u t) < e / 2))).
    - intros u [HA [HE Hb]]. pose proof (Bound u t Lt) as Bd. fold (Et u) in Bd. pose proof (Rle_abs (Et u)).
      assert (PE : 0 <= Et u) by (apply sum_nonneg; intros; apply Rabs_pos).
      assert (A u * Et u <= K * Et u) by now apply Rmult_le_compat_r.
      assert (K * Et u < K * (e / 2 / K)) by (apply Rmult_lt_compat_l; lra).
      replace (K * (e / 2 / K)) with (e / 2) in * by (field; lra). lra.
    - apply near_and; [exact Bounded|]. apply near_and; [now apply VE|].
      apply (vanishes_derive _ (db t)); [auto | auto | lra]. }
  intros t Lt.
  assert (Q : forall u, X x t + ((Σ s < m, X u s * E u s t) + b u t) = X u t).
  { intro u. rewrite (H u t Lt). ring. }
  apply (is_derive_ext _ _ _ _ Q).
  replace ((Σ s < m, X x s * dE s t) + db t) with (0 + ((Σ s < m, X x s * dE s t) + db t)) by ring.
  apply (is_derive_plus (fun _ => X x t)); [apply (is_derive_const (X x t))|].
  apply (is_derive_plus (fun u => Σ s < m, X u s * E u s t)); [|now apply Db].
  apply (sum_is_derive m (fun u s => X u s * E u s t) (fun s => X x s * dE s t)). intros s Ls.
  apply (vanishing_product (fun u => X u s)); auto.
Qed.

Variable n : nat.
Variable W : R -> nat -> nat -> R.
Variable dW : nat -> nat -> R.
Hypothesis W_derive : forall s t, (s < n)%nat -> (t < n)%nat -> is_derive (fun u => W u s t) x (dW s t).

(* (W(u) - W(x)) Y, and its derivative *)
Definition change (Y : nat -> nat -> R) u s t := Σ y < n, (W u s y - W x s y) * Y y t.

Lemma change_0 (Y : nat -> nat -> R) s t : change Y x s t = 0.
Proof. apply sum_zero. intros; ring. Qed.

Lemma change_is_derive (Y : nat -> nat -> R) s t : (s < n)%nat -> is_derive (fun u => change Y u s t) x (Σ y < n, dW s y * Y y t).
Proof.
  intro L. apply (sum_is_derive n (fun u y => (W u s y - W x s y) * Y y t) (fun y => dW s y * Y y t)). intros y Ly.
  evar_last.
  - apply is_derive_product; [|apply (is_derive_const (Y y t))].
    apply (is_derive_minus (fun u => W u s y)); [now apply W_derive | apply (is_derive_const (W x s y))].
  - unfold minus, plus, opp, zero; simpl. ring.
Qed.

Lemma change_sum (Y : nat -> nat -> R) (v : nat -> R) u t :
  Σ s < n, v s * change Y u s t
  = (Σ s < n, v s * Σ y < n, W u s y * Y y t) - Σ s < n, v s * Σ y < n, W x s y * Y y t.
Proof.
  rewrite <- sum_minus. apply sum_ext. intros s L. rewrite <- Rmult_minus_distr_l, <- sum_minus. f_equal.
  apply sum_ext. intros; ring.
Qed.

Theorem resolvent_is_derive k N : (forall u, is_resolvent n k (W u) (N u)) ->
  forall s t, (s < n)%nat -> (t < n)%nat ->
  is_derive (fun u => N u s t) x (k * Σ y < n, N x s y * Σ z < n, dW y z * N x z t).
Proof.
  intros H s t L Lt.
  pose proof (perturbed n (fun u => N u s) (fun u y t => k * change (N x) u y t) (fun _ _ => 0)
    (fun y t => k * Σ z < n, dW y z * N x z t) (fun _ => 0)) as T. cbv beta in T.
  replace (k * _) with ((Σ y < n, N x s y * (k * Σ z < n, dW y z * N x z t)) + 0).
  2:{ rewrite <- sum_mult_l, Rplus_0_r. apply sum_ext; intros; ring. }
  apply T; [| intros; rewrite change_0; ring | easy | intros; now apply is_derive_scal, change_is_derive
            | intros; apply (is_derive_const 0) | assumption].
  clear T t Lt. intros u t Lt.
  rewrite (sum_ext n _ (fun y => k * (N u s y * change (N x) u y t))) by (intros; ring).
  rewrite sum_mult_l, change_sum.
  (* N(u) W(x) N(x) from the right equation of N(x), N(u) W(u) N(x) from the left one of N(u) *)
  assert (A : k * (Σ y < n, N u s y * Σ z < n, W x y z * N x z t) = (Σ y < n, N u s y * N x y t) - N u s t).
  { rewrite <- (delta_r n t (fun y => N u s y) Lt), <- sum_mult_l, <- sum_minus. apply sum_ext. intros y Ly.
    rewrite (proj1 (H x) y t Ly Lt) at 1. ring. }
  assert (B : k * (Σ y < n, N u s y * Σ z < n, W u y z * N x z t) = (Σ y < n, N u s y * N x y t) - N x s t).
  { rewrite <- assoc, <- (delta_l n s (fun y => N x y t) L), <- sum_mult_l, <- sum_minus. apply sum_ext. intros y Ly.
    rewrite (proj2 (H u) s y L Ly) at 1. ring. }
  rewrite Rmult_minus_distr_l, A, B. ring.
Qed.

Variable mu : R -> nat -> R.
Variable D : R -> nat -> nat -> R.
Hypothesis mu_stationary : forall u, is_stationary n (W u) (mu u).
Hypothesis D_deviation : forall u, is_deviation n (W u) (mu u) (D u).

Theorem distribution_is_derive t : (t < n)%nat ->
  is_derive (fun u => mu u t) x (Σ s < n, mu x s * Σ y < n, dW s y * D x y t).
Proof.
  intro Lt.
  pose proof (perturbed n mu (change (D x)) (fun _ _ => 0) (fun s t => Σ y < n, dW s y * D x y t) (fun _ => 0)) as T.
  cbv beta in T. rewrite <- (Rplus_0_r (sum n _)).
  apply T; [| intros; apply change_0 | easy | intros; now apply change_is_derive | intros; apply (is_derive_const 0)
            | assumption].
  clear T t Lt. intros u t Lt. rewrite change_sum, <- assoc.
  rewrite (sum_ext n (fun s => (Σ i < n, mu u i * W u i s) * D x s t) (fun s => mu u s * D x s t)).
  2:{ intros s L. now rewrite (proj2 (mu_stationary u)). }
  rewrite (sum_ext n (fun s => mu u s * Σ y < n, W x s y * D x y t)
             (fun s => mu u s * D x s t - mu u s * delta s t + mu u s * mu x t)).
  2:{ intros s L. rewrite (deviation_after n _ _ _ (D_deviation x)) by assumption. ring. }
  rewrite sum_plus, sum_minus, (delta_r n t (fun s => mu u s)), (sum_mult_r n (mu x t) (fun s => mu u s)) by assumption.
  replace (Σ s < n, mu u s) with 1 by (symmetry; apply (proj1 (mu_stationary u))). ring.
Qed.

Theorem deviation_is_derive s t : (s < n)%nat -> (t < n)%nat ->
  is_derive (fun u => D u s t) x
    ((Σ y < n, D x s y * Σ z < n, dW y z * D x z t)
     - Σ z < n, (Σ i < n, mu x i * Σ y < n, dW i y * D x y z) * D x z t).
Proof.
  intros L Lt.
  pose proof (perturbed n (fun u => D u s) (change (D x)) (fun u t => - Σ z < n, mu u z * D x z t)
    (fun y t => Σ z < n, dW y z * D x z t)
    (fun t => - Σ z < n, (Σ i < n, mu x i * Σ y < n, dW i y * D x y z) * D x z t)) as T. cbv beta in T.
  unfold Rminus. apply T; [| intros; apply change_0 | | intros; now apply change_is_derive | | assumption].
  - clear T t Lt. intros u t Lt. rewrite change_sum, <- assoc.
    rewrite (sum_ext n (fun y => (Σ i < n, D u s i * W u i y) * D x y t)
               (fun y => D u s y * D x y t - delta s y * D x y t + mu u y * D x y t)).
    2:{ intros y Ly. rewrite (deviation_before n _ _ _ (D_deviation u)) by assumption. ring. }
    rewrite (sum_ext n (fun y => D u s y * Σ z < n, W x y z * D x z t)
               (fun y => D u s y * D x y t - D u s y * delta y t + D u s y * mu x t)).
    2:{ intros y Ly. rewrite (deviation_after n _ _ _ (D_deviation x)) by assumption. ring. }
    rewrite !sum_plus, !sum_minus, (delta_l n s (fun y => D x y t)), (delta_r n t (fun y => D u s y)),
      (sum_mult_r n (mu x t) (fun y => D u s y)) by assumption.
    replace (Σ y < n, D u s y) with 0 by (symmetry; now apply (deviation_rows n _ _ _ (D_deviation u))). ring.
  - intros i Li. rewrite (deviation_mean n _ _ _ (D_deviation x)) by assumption. ring.
  - intros i Li. apply (is_derive_opp (fun u => Σ z < n, mu u z * D x z i)).
    apply (sum_is_derive n (fun u z => mu u z * D x z i)
      (fun z => (Σ i < n, mu x i * Σ y < n, dW i y * D x y z) * D x z i)). intros z Lz.
    evar_last; [apply is_derive_product; [now apply distribution_is_derive | apply (is_derive_const (D x z i))]|].
    unfold zero; simpl. ring.
Qed.

End Derivatives.
