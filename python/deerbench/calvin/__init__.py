"""What CALVIN's evaluation scripts call, under CALVIN's names and with its formats.

Source of names and formats: ``calvin_agent.evaluation`` and ``calvin_env.envs`` (mees/calvin, mees/calvin_env).
"""

from deerbench.calvin.sequences import get_env_state_for_initial_condition, get_sequences

__all__ = ["get_env_state_for_initial_condition", "get_sequences"]
