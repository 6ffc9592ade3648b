(* Sums of products of tensors, and a normal form of them that Coq computes.

   A tensor is a function of numbered states and actions; an expression is built from tensors by +, -, * and sums
   over states, or over the actions of a state.  Its normal form is a list of products, each under sums that stand
   in front.  Variables are numbered from the outside: what is free first, then each sum's own. *)
From Coq Require Import Reals Lra Lia Arith List.
From Pgsym Require Import Sums.
Import ListNotations.
Open Scope R_scope.

Definition delta (i j : nat) : R := unit_at i j.

Inductive kind := St | Ac (v : nat).    (* states, or actions of the state that v stands for *)

Inductive expr :=
  | Fac (f : nat) (at_ : list nat)      (* tensor f at these variables; without variables it is a number *)
  | Add (x y : expr)
  | Neg (x : expr)
  | Mul (x y : expr)
  | Sum (k : kind) (x : expr).

Definition factor := (nat * list nat)%type.
Definition mono := (list kind * list factor)%type.

(* -- what is computed ------------------------------------------------------------------------------------ *)

Definition ren_f (rho : nat -> nat) (f : factor) : factor := (fst f, map rho (snd f)).
Definition ren_k (rho : nat -> nat) (k : kind) : kind := match k with St => St | Ac v => Ac (rho v) end.

Definition lift (k b v : nat) : nat := if (v <? k)%nat then v else (v + b)%nat.

Definition times (k : nat) (x y : mono) : mono :=
  let first := length (fst x) in let second := length (fst y) in
  (fst x ++ map (ren_k (lift k first)) (fst y),
   map (ren_f (lift (k + first) second)) (snd x) ++ map (ren_f (lift k first)) (snd y)).

(* Tensor 0 is delta, and number 1 is -1. *)
Fixpoint norm (k : nat) (e : expr) : list mono :=
  match e with
  | Fac f at_ => [([], [(f, at_)])]
  | Add x y => norm k x ++ norm k y
  | Neg x => map (fun m : mono => (fst m, (1%nat, []) :: snd m)) (norm k x)
  | Mul x y => flat_map (fun p => map (times k p) (norm k y)) (norm k x)
  | Sum c x => map (fun m : mono => (c :: fst m, snd m)) (norm (S k) x)
  end.

(* Two neighbouring sums change places. *)
Definition unused (v : nat) (k : kind) : bool := match k with St => true | Ac w => negb (Nat.eqb v w) end.
Definition exchange (v w : nat) : nat := if Nat.eqb w v then S v else if Nat.eqb w (S v) then v else w.

Fixpoint swap_kinds (v p : nat) (b : list kind) : option (list kind) :=
  match p, b with
  | O, x :: y :: post =>
      if (unused v x && unused v y)%bool then Some (y :: x :: map (ren_k (exchange v)) post) else None
  | S p, x :: b => option_map (cons x) (swap_kinds (S v) p b)
  | _, _ => None
  end.

Definition swap (k p : nat) (m : mono) : mono :=
  match swap_kinds k p (fst m) with
  | Some b => (b, map (ren_f (exchange (k + p))) (snd m))
  | None => m
  end.

(* A sum over states with a delta in it is carried out; w stands before v. *)
Fixpoint pick (v : nat) (fs : list factor) : option (nat * list factor) :=
  match fs with
  | [] => None
  | (O, [x; y]) as f :: rest =>
      if (Nat.eqb x v && (y <? v)%nat)%bool then Some (y, rest)
      else if (Nat.eqb y v && (x <? v)%nat)%bool then Some (x, rest)
      else option_map (fun p => (fst p, f :: snd p)) (pick v rest)
  | f :: rest => option_map (fun p => (fst p, f :: snd p)) (pick v rest)
  end.

Definition put (v w x : nat) : nat := if Nat.eqb x v then w else if (v <? x)%nat then pred x else x.

Fixpoint contract (ctx : list kind) (p : nat) (b : list kind) (fs : list factor) : option mono :=
  match p, b with
  | O, St :: post =>
      match pick (length ctx) fs with
      | Some (w, rest) =>
          match nth_error ctx w with
          | Some St => Some (map (ren_k (put (length ctx) w)) post, map (ren_f (put (length ctx) w)) rest)
          | _ => None
          end
      | None => None
      end
  | S p, k :: b => option_map (fun m : mono => (k :: fst m, snd m)) (contract (ctx ++ [k]) p b fs)
  | _, _ => None
  end.

Inductive op := Swap (p : nat) | Contract (p : nat).

Definition apply_op ctx (m : mono) (o : op) : mono :=
  match o with
  | Swap p => swap (length ctx) p m
  | Contract p => match contract ctx p (fst m) (snd m) with Some m' => m' | None => m end
  end.

Fixpoint apply_all ctx (ms : list mono) (os : list (list op)) : list mono :=
  match ms, os with
  | m :: ms, o :: os => fold_left (apply_op ctx) o m :: apply_all ctx ms os
  | ms, _ => ms
  end.

(* Factors in order, numbers apart, and like products together. *)
Fixpoint less (x y : list nat) : bool :=
  match x, y with
  | [], _ => true
  | _, [] => false
  | a :: x, b :: y => if Nat.eqb a b then less x y else (a <? b)%nat
  end.

Fixpoint insert (f : factor) (fs : list factor) : list factor :=
  match fs with
  | [] => [f]
  | g :: gs => if less (fst f :: snd f) (fst g :: snd g) then f :: fs else g :: insert f gs
  end.

Definition sorted (fs : list factor) : list factor := fold_right insert [] fs.

Definition is_number (f : factor) : bool := match snd f with [] => true | _ => false end.

Definition kind_dec (x y : kind) : {x = y} + {x <> y}.
Proof. decide equality. apply Nat.eq_dec. Defined.

Definition mono_dec (x y : mono) : {x = y} + {x <> y}.
Proof.
  decide equality; apply list_eq_dec; [|apply kind_dec].
  decide equality; [apply list_eq_dec|]; apply Nat.eq_dec.
Defined.

Definition group := (mono * list (list factor))%type.

Fixpoint into (m : mono) (c : list factor) (gs : list group) : list group :=
  match gs with
  | [] => [(m, [c])]
  | (m', cs) :: gs => if mono_dec m m' then (m', c :: cs) :: gs else (m', cs) :: into m c gs
  end.

Definition collect (ms : list mono) : list group :=
  fold_right (fun (m : mono) gs =>
    into (fst m, sorted (filter (fun f => negb (is_number f)) (snd m))) (filter is_number (snd m)) gs) [] ms.

(* -- what it means --------------------------------------------------------------------------------------- *)

Section Meaning.
Variable n : nat.
Variable acts : nat -> nat.
Variable fac : nat -> list nat -> R.
Hypothesis fac_delta : forall i j, fac 0 [i; j] = delta i j.
Hypothesis fac_minus : fac 1 [] = -1.

Definition at_env (env : list nat) (v : nat) : nat := nth v env O.
Definition size (env : list nat) (k : kind) : nat := match k with St => n | Ac v => acts (at_env env v) end.

Fixpoint den (env : list nat) (e : expr) : R :=
  match e with
  | Fac f at_ => fac f (map (at_env env) at_)
  | Add x y => den env x + den env y
  | Neg x => - den env x
  | Mul x y => den env x * den env y
  | Sum k x => Σ i < size env k, den (env ++ [i]) x
  end.

Definition factor_den env (f : factor) : R := fac (fst f) (map (at_env env) (snd f)).

Fixpoint prod env (fs : list factor) : R :=
  match fs with [] => 1 | f :: fs => factor_den env f * prod env fs end.

Fixpoint sums (b : list kind) env (fs : list factor) : R :=
  match b with [] => prod env fs | k :: b => Σ i < size env k, sums b (env ++ [i]) fs end.

Fixpoint total env (ms : list mono) : R :=
  match ms with [] => 0 | m :: ms => sums (fst m) env (snd m) + total env ms end.

Lemma prod_app env fs gs : prod env (fs ++ gs) = prod env fs * prod env gs.
Proof. induction fs; simpl; [ring | rewrite IHfs; ring]. Qed.

Lemma total_app env ms ns : total env (ms ++ ns) = total env ms + total env ns.
Proof. induction ms; simpl; [ring | rewrite IHms; ring]. Qed.

Lemma nth_last env i v : at_env (env ++ [i]) v = if Nat.eqb v (length env) then i else at_env env v.
Proof.
  unfold at_env. destruct (Nat.eqb_spec v (length env)) as [->|N].
  - rewrite app_nth2, Nat.sub_diag; [easy | lia].
  - destruct (lt_dec v (length env)); [now rewrite app_nth1|].
    rewrite !nth_overflow; [easy | lia | rewrite app_length; simpl; lia].
Qed.

(* A renaming of variables under which env' has the values of env, and the variables of further sums follow. *)
Definition renames (rho : nat -> nat) (env env' : list nat) : Prop :=
  (forall v, (v < length env)%nat -> (rho v < length env')%nat /\ at_env env v = at_env env' (rho v))
  /\ forall i, rho (length env + i)%nat = (length env' + i)%nat.

Lemma renames_at rho env env' v : renames rho env env' -> at_env env v = at_env env' (rho v).
Proof.
  intros [H L]. destruct (lt_dec v (length env)) as [Lv|N]; [now apply H|].
  assert (E : rho v = (length env' + (v - length env))%nat) by (rewrite <- L; f_equal; lia).
  unfold at_env. rewrite E, !nth_overflow; [easy | lia | lia].
Qed.

Lemma renames_more rho env env' i : renames rho env env' -> renames rho (env ++ [i]) (env' ++ [i]).
Proof.
  intros [H L]. split.
  - intros v. rewrite !app_length, !nth_last; simpl. intro Lv. destruct (Nat.eqb_spec v (length env)) as [->|N].
    + specialize (L O). rewrite !Nat.add_0_r in L. rewrite L, Nat.eqb_refl. split; [lia | easy].
    + destruct (H v ltac:(lia)) as [A B]. split; [lia|].
      destruct (Nat.eqb_spec (rho v) (length env')); [lia | exact B].
  - intro j. rewrite !app_length; simpl. rewrite <- !Nat.add_assoc. apply L.
Qed.

Lemma prod_ren rho env env' fs : renames rho env env' -> prod env fs = prod env' (map (ren_f rho) fs).
Proof.
  intro H. induction fs as [|f fs IH]; simpl; [easy|]. rewrite IH. unfold factor_den, ren_f. simpl.
  rewrite map_map. do 2 f_equal. apply map_ext. intro v. now apply renames_at.
Qed.

Lemma size_ren rho env env' k : renames rho env env' -> size env k = size env' (ren_k rho k).
Proof. intro H. destruct k; simpl; [easy | now rewrite (renames_at _ _ _ v H)]. Qed.

Lemma sums_ren rho b : forall env env' fs, renames rho env env' ->
  sums b env fs = sums (map (ren_k rho) b) env' (map (ren_f rho) fs).
Proof.
  induction b as [|k b IH]; intros env env' fs H; simpl; [now apply prod_ren|].
  rewrite (size_ren _ _ _ k H). apply sum_ext. intros i _. now apply IH, renames_more.
Qed.

(* -- products of sums ------------------------------------------------------------------------------------ *)

Lemma lift_renames env e : renames (lift (length env) (length e)) env (env ++ e).
Proof.
  split.
  - intros v L. unfold lift. replace (v <? length env)%nat with true by (symmetry; now apply Nat.ltb_lt).
    rewrite app_length. split; [lia|]. unfold at_env. now rewrite app_nth1.
  - intro i. unfold lift. replace (_ <? _)%nat with false by (symmetry; apply Nat.ltb_ge; lia).
    rewrite app_length. lia.
Qed.

Lemma sums_carry b : forall env fs gs c, (forall e, length e = length b -> prod (env ++ e) gs = c) ->
  sums b env (gs ++ fs) = c * sums b env fs.
Proof.
  induction b as [|k b IH]; intros env fs gs c H; simpl.
  - rewrite prod_app. f_equal. specialize (H [] eq_refl). now rewrite app_nil_r in H.
  - rewrite <- sum_mult_l. apply sum_ext. intros i _. apply IH. intros e L. rewrite <- app_assoc. apply H.
    simpl. now rewrite L.
Qed.

Lemma times_sound_from env y b : forall e fs,
  sums b (env ++ e) fs * sums (fst y) env (snd y)
  = sums (b ++ map (ren_k (lift (length env) (length e + length b))) (fst y)) (env ++ e)
         (map (ren_f (lift (length env + length e + length b) (length (fst y)))) fs
          ++ map (ren_f (lift (length env) (length e + length b))) (snd y)).
Proof.
  induction b as [|k b IH]; intros e fs; simpl.
  - rewrite !Nat.add_0_r, (sums_ren _ (fst y) _ _ _ (lift_renames env e)). symmetry. apply sums_carry.
    intros e' L. rewrite map_length in L. rewrite <- L, <- app_length. symmetry. apply prod_ren, lift_renames.
  - rewrite <- sum_mult_r. apply sum_ext. intros i _. rewrite <- app_assoc, IH, app_length. simpl.
    replace (length e + 1 + length b)%nat with (length e + S (length b))%nat by lia.
    now replace (length env + (length e + 1) + length b)%nat with (length env + length e + S (length b))%nat by lia.
Qed.

Lemma times_sound env x y :
  sums (fst x) env (snd x) * sums (fst y) env (snd y)
  = sums (fst (times (length env) x y)) env (snd (times (length env) x y)).
Proof.
  pose proof (times_sound_from env y (fst x) [] (snd x)) as H. rewrite app_nil_r in H. rewrite H.
  unfold times. simpl. now rewrite Nat.add_0_r.
Qed.

Lemma sum_total m env ms :
  Σ i < m, total (env ++ [i]) ms = fold_right Rplus 0 (map (fun p => Σ i < m, sums (fst p) (env ++ [i]) (snd p)) ms).
Proof.
  induction ms as [|p ms IH]; simpl; [now apply sum_zero|]. now rewrite sum_plus, IH.
Qed.

Theorem norm_sound e : forall env, den env e = total env (norm (length env) e).
Proof.
  induction e as [f v|x IHx y IHy|x IH|x IHx y IHy|k x IH]; intro env; simpl.
  - unfold factor_den. simpl. ring.
  - now rewrite total_app, IHx, IHy.
  - rewrite IH. induction (norm (length env) x) as [|m ms I]; simpl; [ring|]. rewrite <- I.
    assert (E : sums (fst m) env ((1%nat, []) :: snd m) = -1 * sums (fst m) env (snd m)).
    { apply (sums_carry (fst m) env (snd m) [(1%nat, [])]). intros e' _. cbn [prod]. unfold factor_den. simpl.
      rewrite fac_minus. ring. }
    rewrite E. ring.
  - rewrite IHx, IHy. induction (norm (length env) x) as [|m ms I]; simpl; [ring|].
    rewrite total_app, <- I, Rmult_plus_distr_r. f_equal. clear.
    induction (norm (length env) y) as [|p ps I]; simpl; [ring|].
    rewrite Rmult_plus_distr_l, I. f_equal. apply times_sound.
  - rewrite (sum_ext _ _ (fun i => total (env ++ [i]) (norm (S (length env)) x))).
    2:{ intros i _. rewrite IH, app_length. simpl. now rewrite Nat.add_1_r. }
    rewrite sum_total. induction (norm (S (length env)) x) as [|m ms I]; simpl; [easy | now rewrite I].
Qed.

(* -- exchange, and delta --------------------------------------------------------------------------------- *)

Lemma exchange_renames env i j : renames (exchange (length env)) (env ++ [i; j]) (env ++ [j; i]).
Proof.
  unfold exchange. split.
  - intros v L. rewrite app_length in *. simpl in *. unfold at_env.
    destruct (Nat.eqb_spec v (length env)) as [->|N].
    { split; [lia|]. rewrite !app_nth2 by lia. replace (S (length env) - length env)%nat with 1%nat by lia.
      now rewrite Nat.sub_diag. }
    destruct (Nat.eqb_spec v (S (length env))) as [->|N'].
    { split; [lia|]. rewrite !app_nth2 by lia. replace (S (length env) - length env)%nat with 1%nat by lia.
      now rewrite Nat.sub_diag. }
    split; [lia|]. now rewrite !app_nth1 by lia.
  - intro k. rewrite !app_length. simpl.
    repeat match goal with |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b); [lia|] end. easy.
Qed.

Lemma size_unused env i k : unused (length env) k = true -> size (env ++ [i]) k = size env k.
Proof.
  destruct k as [|v]; [easy|]. simpl. intro H. rewrite nth_last.
  destruct (Nat.eqb_spec v (length env)) as [->|]; [now rewrite Nat.eqb_refl in H | easy].
Qed.

Lemma swap_kinds_sound p : forall b env fs b', swap_kinds (length env) p b = Some b' ->
  sums b' env (map (ren_f (exchange (length env + p))) fs) = sums b env fs.
Proof.
  induction p as [|p IH]; intros [|x b] env fs b' H; try discriminate; simpl in H.
  - destruct b as [|y post]; [discriminate|].
    destruct (unused (length env) x) eqn:X, (unused (length env) y) eqn:Y; try discriminate.
    injection H as <-. simpl. rewrite Nat.add_0_r.
    rewrite (sum_ext (size env x) _ (fun i => Σ j < size env y, sums post ((env ++ [i]) ++ [j]) fs))
      by (intros; now rewrite size_unused).
    rewrite sum_swap. apply sum_ext. intros j _. rewrite (size_unused _ _ _ X). apply sum_ext. intros i _.
    rewrite <- !app_assoc. symmetry. apply sums_ren, exchange_renames.
  - destruct (swap_kinds (S (length env)) p b) as [b''|] eqn:E; [|discriminate]. injection H as <-. simpl.
    apply sum_ext. intros i _. replace (length env + S p)%nat with (length (env ++ [i]) + p)%nat
      by (rewrite app_length; simpl; lia).
    apply IH. rewrite app_length. simpl. now rewrite Nat.add_1_r.
Qed.

Lemma swap_sound env p m :
  sums (fst (swap (length env) p m)) env (snd (swap (length env) p m)) = sums (fst m) env (snd m).
Proof.
  unfold swap. destruct (swap_kinds (length env) p (fst m)) eqn:E; [|easy]. now apply swap_kinds_sound.
Qed.

(* Variables of states stand for states. *)
Definition valid (ctx : list kind) (env : list nat) : Prop :=
  length ctx = length env /\ forall v, nth_error ctx v = Some St -> (at_env env v < n)%nat.

Lemma valid_more ctx env k i : valid ctx env -> (i < size env k)%nat -> valid (ctx ++ [k]) (env ++ [i]).
Proof.
  intros [L H] I. split; [now rewrite !app_length, L|]. intros v E. rewrite nth_last.
  destruct (Nat.eqb_spec v (length env)) as [->|N].
  - rewrite <- L, nth_error_app2, Nat.sub_diag in E by lia. injection E as ->. exact I.
  - apply H. destruct (lt_dec v (length ctx)); [now rewrite nth_error_app1 in E by lia|].
    rewrite nth_error_app2 in E by lia. now destruct (v - length ctx)%nat as [|[|d]] eqn:D; [lia|..].
Qed.

Lemma pick_sound v fs : forall w rest, pick v fs = Some (w, rest) -> forall env,
  prod env fs = delta (at_env env w) (at_env env v) * prod env rest.
Proof.
  assert (Sym : forall i j, delta i j = delta j i) by (intros; unfold delta, unit_at; now rewrite Nat.eqb_sym).
  assert (Later : forall (f : factor) fs, (forall w rest, pick v fs = Some (w, rest) -> forall env,
      prod env fs = delta (at_env env w) (at_env env v) * prod env rest) ->
    forall w rest, option_map (fun p => (fst p, f :: snd p)) (pick v fs) = Some (w, rest) -> forall env,
      prod env (f :: fs) = delta (at_env env w) (at_env env v) * prod env rest).
  { intros f gs IH w rest H env. destruct (pick v gs) as [[w' r']|] eqn:E; [|discriminate].
    injection H as <- <-. simpl. rewrite (IH w' r' eq_refl env). ring. }
  induction fs as [|f fs IH]; intros w rest H env; [discriminate|].
  destruct f as [[|f] [|x [|y [|z at_]]]]; try (now apply (Later _ _ IH _ _ H)).
  simpl in H. destruct (Nat.eqb x v && (y <? v)%nat)%bool eqn:A.
  { apply andb_prop in A. destruct A as [A _]. apply Nat.eqb_eq in A. subst x. injection H as <- <-. simpl.
    unfold factor_den. simpl. now rewrite fac_delta, Sym. }
  destruct (Nat.eqb y v && (x <? v)%nat)%bool eqn:B; [|now apply (Later _ _ IH _ _ H)].
  apply andb_prop in B. destruct B as [B _]. apply Nat.eqb_eq in B. subst y. injection H as <- <-. simpl.
  unfold factor_den. simpl. now rewrite fac_delta.
Qed.

Lemma sums_ext b : forall env fs gs, (forall e, prod e fs = prod e gs) -> sums b env fs = sums b env gs.
Proof. induction b; intros env fs gs H; simpl; [apply H | apply sum_ext; auto]. Qed.

Lemma put_renames env w : (w < length env)%nat -> renames (put (length env) w) (env ++ [at_env env w]) env.
Proof.
  intro L. unfold put. split.
  - intros v Lv. rewrite app_length in Lv. simpl in Lv. rewrite nth_last.
    destruct (Nat.eqb_spec v (length env)); [easy|].
    replace (length env <? v)%nat with false by (symmetry; apply Nat.ltb_ge; lia). split; [lia | easy].
  - intro i. rewrite app_length. simpl.
    destruct (Nat.eqb_spec (length env + 1 + i) (length env)); [lia|].
    replace (length env <? length env + 1 + i)%nat with true by (symmetry; apply Nat.ltb_lt; lia). lia.
Qed.

Lemma contract_sound p : forall b ctx env fs m, valid ctx env -> contract ctx p b fs = Some m ->
  sums (fst m) env (snd m) = sums b env fs.
Proof.
  induction p as [|p IH]; intros [|k b] ctx env fs m V H; try discriminate; simpl in H.
  - destruct k; [|discriminate]. destruct (pick (length ctx) fs) as [[w rest]|] eqn:K; [|discriminate].
    destruct (nth_error ctx w) as [[|]|] eqn:E; try discriminate. injection H as <-. simpl. destruct V as [L V].
    assert (W : (w < length env)%nat) by (rewrite <- L; apply nth_error_Some; now rewrite E).
    rewrite L in *. rewrite <- (sums_ren _ b _ _ rest (put_renames env w W)).
    rewrite <- (sum_unit n (at_env env w) (fun i => sums b (env ++ [i]) rest) (V w E)). apply sum_ext. intros i _.
    rewrite (sums_ext b _ fs ((0%nat, [w; length env]) :: rest)).
    + symmetry. apply (sums_carry b (env ++ [i]) rest [(0%nat, [w; length env])]). intros e _. cbn [prod].
      unfold factor_den. simpl. rewrite fac_delta, <- app_assoc. unfold at_env.
      rewrite (app_nth1 env) by assumption. rewrite app_nth2, Nat.sub_diag by lia. simpl. unfold delta. ring.
    + intro e. rewrite (pick_sound _ _ _ _ K). simpl. unfold factor_den. simpl. now rewrite fac_delta.
  - destruct (contract (ctx ++ [k]) p b fs) as [m'|] eqn:E; [|discriminate]. injection H as <-. simpl.
    apply sum_ext. intros i I. exact (IH _ _ _ _ _ (valid_more _ _ _ _ V I) E).
Qed.

Lemma op_sound ctx env o m : valid ctx env ->
  sums (fst (apply_op ctx m o)) env (snd (apply_op ctx m o)) = sums (fst m) env (snd m).
Proof.
  intro V. destruct o; simpl; [destruct V as [L _]; rewrite L; apply swap_sound|].
  destruct (contract ctx p (fst m) (snd m)) eqn:E; [|easy]. now apply (contract_sound p _ ctx).
Qed.

Lemma apply_all_sound ctx env : valid ctx env -> forall ms os, total env (apply_all ctx ms os) = total env ms.
Proof.
  intros V ms. induction ms as [|m ms IH]; intros [|o os]; simpl; try easy. rewrite IH. f_equal.
  revert m. induction o as [|a o I]; intro m; simpl; [easy|]. now rewrite I, op_sound.
Qed.

(* -- like products together ------------------------------------------------------------------------------ *)

Lemma insert_sound env f fs : prod env (insert f fs) = factor_den env f * prod env fs.
Proof. induction fs as [|g gs IH]; [easy|]. cbn [insert]. destruct (less _ _); [easy|]. cbn [prod]. rewrite IH. ring. Qed.

Lemma sorted_sound env fs : prod env (sorted fs) = prod env fs.
Proof. induction fs; simpl; [easy|]. now rewrite insert_sound, IHfs. Qed.

Definition numbers (fs : list factor) : R := prod [] fs.

Lemma numbers_apart env fs :
  prod env fs = numbers (filter is_number fs) * prod env (filter (fun f => negb (is_number f)) fs).
Proof.
  unfold numbers. induction fs as [|[f at_] fs IH]; simpl; [ring|]. rewrite IH.
  destruct at_ as [|v at_]; simpl; [|ring]. unfold factor_den. simpl. ring.
Qed.

Lemma collected b : forall env fs, sums b env fs = numbers (filter is_number fs)
  * sums b env (sorted (filter (fun f => negb (is_number f)) fs)).
Proof.
  induction b as [|k b IH]; intros env fs; simpl.
  - now rewrite sorted_sound, (numbers_apart env fs) at 1.
  - rewrite <- sum_mult_l. apply sum_ext. intros. apply IH.
Qed.

Fixpoint coefficient (cs : list (list factor)) : R :=
  match cs with [] => 0 | c :: cs => numbers c + coefficient cs end.

Fixpoint grouped env (gs : list group) : R :=
  match gs with [] => 0 | (m, cs) :: gs => coefficient cs * sums (fst m) env (snd m) + grouped env gs end.

Lemma into_sound env m c gs : grouped env (into m c gs) = numbers c * sums (fst m) env (snd m) + grouped env gs.
Proof.
  induction gs as [|[m' cs] gs IH]; simpl; [ring|]. destruct (mono_dec m m') as [->|]; simpl; [ring|].
  rewrite IH. ring.
Qed.

Lemma collect_sound env ms : grouped env (collect ms) = total env ms.
Proof.
  induction ms as [|m ms IH]; simpl; [easy|]. rewrite into_sound, IH. simpl. now rewrite <- collected.
Qed.

Fixpoint cancels (gs : list group) : Prop :=
  match gs with [] => True | g :: gs => coefficient (snd g) = 0 /\ cancels gs end.

(* An expression is 0 where the coefficients of its normal form are. *)
Theorem zero_by_normal_form ctx env e os gs : valid ctx env ->
  collect (apply_all ctx (norm (length ctx) e) os) = gs -> cancels gs -> den env e = 0.
Proof.
  intros V <- C. rewrite norm_sound, <- (apply_all_sound ctx env V (norm (length env) e) os).
  rewrite <- (proj1 V), <- collect_sound. induction (collect _) as [|[m cs] gs IH]; simpl; [easy|].
  destruct C as [C D]. simpl in C. rewrite C, IH by assumption. ring.
Qed.

(* -- certificates: a claim is the sum of steps that are 0 ------------------------------------------------ *)

Fixpoint less_steps (e : expr) (steps : list expr) : expr :=
  match steps with [] => e | s :: steps => less_steps (Add e (Neg s)) steps end.

Fixpoint all_zero env (steps : list expr) : Prop :=
  match steps with [] => True | s :: steps => den env s = 0 /\ all_zero env steps end.

Theorem by_certificate ctx env e steps os gs : valid ctx env -> all_zero env steps ->
  collect (apply_all ctx (norm (length ctx) (less_steps e steps)) os) = gs -> cancels gs -> den env e = 0.
Proof.
  intros V Z E C. rewrite <- (zero_by_normal_form ctx env _ os gs V E C). clear -Z. revert e Z.
  induction steps as [|s steps IH]; intros e Z; simpl in *; [easy|]. destruct Z as [Z Zs].
  rewrite <- IH by assumption. simpl. rewrite Z. ring.
Qed.

Lemma zero_mul env x y : den env y = 0 -> den env (Mul x y) = 0.
Proof. intro H. simpl. rewrite H. ring. Qed.

Lemma zero_sum env k x : (forall i, (i < size env k)%nat -> den (env ++ [i]) x = 0) -> den env (Sum k x) = 0.
Proof. intro H. now apply sum_zero. Qed.

Lemma zero_equation env x y : den env x = den env y -> den env (Add x (Neg y)) = 0.
Proof. intro H. simpl. rewrite H. ring. Qed.

End Meaning.

(* Free variables of states stand for states, as the hypotheses say. *)
Ltac variables_are_valid :=
  split; [reflexivity|]; let v := fresh in let E := fresh in intros v E;
  repeat first [solve [destruct v; discriminate E]
               | destruct v as [|v]; [first [discriminate E | assumption]|]].
