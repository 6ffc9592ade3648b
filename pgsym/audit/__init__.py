"""Where both routes meet: exact against sampled, with named error rates."""

from pgsym.audit.cross_check import FALSE_ALARM as FALSE_ALARM
from pgsym.audit.cross_check import CrossCheck as CrossCheck
from pgsym.audit.cross_check import cross_check as cross_check
