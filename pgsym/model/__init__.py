"""What is studied: MDPs, policies, objectives, their structure, files and the zoo.  Knows no solver."""

from pgsym.model.mdp import MDP as MDP
from pgsym.model.mdp import Outcome as Outcome
from pgsym.model.objective import Objective as Objective
from pgsym.model.policies import direct_policy as direct_policy
from pgsym.model.policies import mixture as mixture
from pgsym.model.policies import sigmoid as sigmoid
from pgsym.model.policies import softmax_policy as softmax_policy
from pgsym.model.policies import tabular as tabular
from pgsym.model.policy import Direct as Direct
from pgsym.model.policy import Mixture as Mixture
from pgsym.model.policy import Policy as Policy
from pgsym.model.policy import Softmax as Softmax
from pgsym.model.problem import Problem as Problem
from pgsym.model.reductions import terminating as terminating
from pgsym.model.token_tree import token_tree as token_tree
from pgsym.model.zoo.constructed import generic_mdp as generic_mdp
