"""What CALVIN's evaluation scripts call, under CALVIN's names and with its formats.

    from deerbench.calvin import evaluate_policy, get_env

    results = evaluate_policy(model, get_env("calvin_scene_D"))      # any CalvinBaseModel

Source of names and formats: ``calvin_agent.evaluation`` and ``calvin_env.envs`` (mees/calvin, mees/calvin_env).
"""

from deerbench.calvin.env import PlayTableEnv, get_env
from deerbench.calvin.evaluate_policy import count_success, evaluate_policy, evaluate_sequence, rollout
from deerbench.calvin.sequences import get_env_state_for_initial_condition, get_sequences, validation_annotations
from deerbench.calvin.tasks import Tasks

__all__ = [
    "PlayTableEnv",
    "Tasks",
    "count_success",
    "evaluate_policy",
    "evaluate_sequence",
    "get_env",
    "get_env_state_for_initial_condition",
    "get_sequences",
    "rollout",
    "validation_annotations",
]
