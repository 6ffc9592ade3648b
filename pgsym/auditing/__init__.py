"""Where both routes meet: exact against sampled, and anyone's estimator code against the exact gradient."""

from pgsym.auditing.assertion import AuditError as AuditError
from pgsym.auditing.assertion import assert_unbiased as assert_unbiased
from pgsym.auditing.batch import Batch as Batch
from pgsym.auditing.batch import Rollouts as Rollouts
from pgsym.auditing.cross_check import CrossCheck as CrossCheck
from pgsym.auditing.cross_check import cross_check as cross_check
from pgsym.auditing.mistakes import MISTAKES as MISTAKES
from pgsym.auditing.networks import audit_network as audit_network
from pgsym.auditing.result import AuditResult as AuditResult
from pgsym.auditing.result import BiasVerdict as BiasVerdict
from pgsym.auditing.run import audit as audit
from pgsym.auditing.suites import Case as Case
from pgsym.auditing.suites import standard_suite as standard_suite
from pgsym.auditing.suites import token_suite as token_suite
from pgsym.auditing.targets import AuditTarget as AuditTarget
from pgsym.estimators.groups import GROUP_ESTIMATORS as GROUP_ESTIMATORS
from pgsym.estimators.groups import answer_scale as answer_scale
from pgsym.estimators.groups import binary_scale as binary_scale
from pgsym.estimators.groups import mean_advantages as mean_advantages
from pgsym.estimators.token_losses import TokenLoss as TokenLoss
