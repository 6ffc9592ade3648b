"""What a user can hit: budgets, sizes and times, each with what it limits.  docs/limits.md prints them.

Limits of how much is shown stay with what shows it.
"""

CLOSED_FORM_TERMS = 2_000_000
"""Terms of one polynomial of a closed form; about 200 MB in five variables."""

NORMAL_FORM_GENERATORS = 14
"""With ``method="auto"``, a claim about more exponentials and symbols goes to the identity test at once."""

NORMAL_FORM_TERMS = 200_000
"""With ``method="auto"``, a normal form with longer polynomials is given up for an identity test."""

NORMAL_FORM_SECONDS = 3.0
"""With ``method="auto"``, so is one that takes longer."""

INEQUALITY_POINTS = 24
"""Points at which an inequality is looked at before its closed form."""

INEQUALITY_POINTS_SECONDS = 3.0
"""After this time no further one is looked at."""

INEQUALITY_TERMS = 200_000
"""An inequality whose closed form has longer polynomials is left undecided."""

INEQUALITY_SECONDS = 20.0
"""So is one whose closed form takes longer."""

INEQUALITY_SIGN_SECONDS = 60.0
"""After this time no further coordinate of an inequality is looked at."""

INEQUALITY_CASES = 4_096
"""Closed forms among which abs, max and min of one inequality choose."""

HORIZON = 10_000_000
"""Steps of a trajectory."""

DIRECTIONS = 10_000_000
"""Entries of the random directions along which an estimate looks: directions times parameters."""

CLAIM_EVALUATIONS = 20_000_000
"""Parts of a claim that are evaluated for one point of an identity test: about a minute."""

CLAIM_LINES = 5_000
"""Lines of a file of claims."""

CONJECTURE_PRODUCTS = 5_000
"""Products that are written out to find identities between them."""

REFUTING_MODELS = 1_000
"""Models of one size that are tried to make a counterexample small."""

CLAIM_CHARACTERS = 20_000
"""Characters of a claim."""

CLAIM_DEPTH = 120
"""Levels to which the parts of a claim are nested."""

CLAIM_EXPANDED_DEPTH = 160
"""The same with definitions written out."""

CLAIM_EXPANDED_PARTS = 10_000
"""Parts of a claim with definitions written out."""

NOTE_CHARACTERS = 2_000_000
"""Characters of a note."""

NOTE_FORMULA = 10_000
"""Characters of one formula of a note."""

NOTE_DEPTH = 40
"""Levels to which braces and brackets of a formula are nested."""

NOTE_MACROS = 200
"""Commands of a note's own that are replaced in one formula."""

NOTE_FORMULAS = 2_000
"""Formulas of a note."""

NOTE_READINGS = 12
"""Combinations of meanings in which a note is read."""

CLAIM_DIGITS = 400
"""Digits of a number in a claim."""

CLAIM_POWER = 100
"""The largest exponent in a claim."""

RUN_TERMS = 2_000
"""Products into which a random variable of a claim is multiplied out."""

RUN_TIMES = 8
"""Times of one such product."""

RUN_STEPS = 20_000
"""Stages in which it is averaged: a window of n steps takes n of them."""

SAMPLED_MOVES = 1_000
"""Moves between stages that the sampler follows for an estimator; a window of n steps takes n of them."""

FORMULA_CHARACTERS = 20_000
"""Characters of a formula in a model."""

FORMULA_DEPTH = 50
"""Levels to which its parentheses are nested."""

FORMULA_DIGITS = 1000
"""Digits of a number in it."""

FORMULA_DEGREE = 1000
"""Its degree."""

FORMULA_BITS = 200_000
"""Bits of its numbers after expansion."""

FORMULA_TERMS = 5000
"""Terms of a sum that is brought to normal form within seconds."""

FORMULA_EXPONENT = 10**6
"""Largest abs(x) of a number exp(x), and of theta: its size is compared with others in milliseconds."""

TOKEN_TREE_STATES = 10_000
"""States of a token tree: prompts with the tokens so far."""

GENERIC_OUTCOMES = 10_000
"""Outcomes of a model of every MDP of a size."""

BASELINE_STATES = 64
"""States up to which the best baseline is found for each; above, the best constant."""

OPTIMUM_STATES = 300
"""States up to which `ascend` finds J of the best policy in rationals: seconds."""

STUDY_PARTS = 10_000_000
"""Rows of a study's file, one for each run and shard."""

COVARIANCE_PARAMETERS = 256
"""Parameters up to which a whole covariance is formed; above, ask for variances, the trace or projections."""

CERTIFICATE_ENTRIES = 200
"""Entries P(s'|s,a) of a model that is certified."""

CERTIFICATE_SECONDS = 600.0
"""Default time in which Coq checks one file."""

ORDER_SECONDS = 20.0
"""Seconds after which no further method is tried for an inequality."""

SHARPEN_SECONDS = 60.0
"""Seconds after which no further constant of an inequality is tried."""

ORDER_PARTS = 2_000
"""Parts into which a domain is halved to show an inequality."""

ORDER_FACTORED_TERMS = 2_000
"""Terms of a polynomial that is factored before its sign is asked for."""
