"""Where both routes meet: exact against sampled, and anyone's estimator code against the exact gradient."""

from pgsym.audit.assertion import AuditError as AuditError
from pgsym.audit.assertion import assert_unbiased as assert_unbiased
from pgsym.audit.batch import Batch as Batch
from pgsym.audit.cross_check import FALSE_ALARM as FALSE_ALARM
from pgsym.audit.cross_check import CrossCheck as CrossCheck
from pgsym.audit.cross_check import cross_check as cross_check
from pgsym.audit.mistakes import MISTAKES as MISTAKES
from pgsym.audit.result import AuditResult as AuditResult
from pgsym.audit.result import Verdict as Verdict
from pgsym.audit.rollouts import Rollouts as Rollouts
from pgsym.audit.run import audit as audit
from pgsym.audit.suite import Case as Case
from pgsym.audit.suite import standard_suite as standard_suite
from pgsym.audit.targets import Target as Target
