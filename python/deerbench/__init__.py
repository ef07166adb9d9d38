"""deerbench: a benchmark for language-conditioned robot manipulation.

    import gymnasium as gym, deerbench

    env = gym.make("deerbench/Tabletop-D-v0", task="open_drawer")
    policy = deerbench.load_policy("nano-d")
    result = deerbench.evaluate(policy, split="D->D", chains=100)
    deerbench.chains(1000)

Importing the package registers the environments and loads no tensor library.
"""

from __future__ import annotations

from deerbench import calvin
from deerbench._core import TASKS, BatchRenderer, Camera, Error, __version__
from deerbench.agent import AgentPolicy, AgentStep, load_policy
from deerbench.chain_sets import Chain, SymbolicState, chains
from deerbench.envs import register as _register
from deerbench.evaluation import EvaluationResult, evaluate
from deerbench.policy import Policy, PolicyStep

_register()

__all__ = [
    "TASKS",
    "AgentPolicy",
    "AgentStep",
    "BatchRenderer",
    "Camera",
    "Chain",
    "Error",
    "EvaluationResult",
    "Policy",
    "PolicyStep",
    "SymbolicState",
    "__version__",
    "calvin",
    "chains",
    "evaluate",
    "load_policy",
]
