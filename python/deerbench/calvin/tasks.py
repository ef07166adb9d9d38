"""CALVIN's task oracle."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from deerbench import _core


class Tasks:
    """Judges from two ``info`` dictionaries which tasks what changed between them fulfils.

    Takes infos of ``PlayTableEnv`` and such as were recorded from calvin_env itself.
    """

    def __init__(self) -> None:
        self.tasks: tuple[str, ...] = _core.TASKS
        self.task_to_id = {name: i for i, name in enumerate(self.tasks)}
        self.id_to_task = dict(enumerate(self.tasks))

    @property
    def num_tasks(self) -> int:
        return len(self.tasks)

    def get_task_info(self, start_info: Mapping[str, Any], end_info: Mapping[str, Any]) -> set[str]:
        """Names of all tasks that are fulfilled."""
        return set(_core.completed_tasks(start_info, end_info))

    def get_task_info_for_set(
        self, start_info: Mapping[str, Any], end_info: Mapping[str, Any], task_filter: Collection[str]
    ) -> set[str]:
        """Those of ``task_filter`` that are fulfilled."""
        return self.get_task_info(start_info, end_info) & set(task_filter)
