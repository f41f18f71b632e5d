"""Session and global variables.

They are checked and shown, and do nothing else: over REST the mode and the waiting come with each
request.
"""

from __future__ import annotations

from .errors import command_error

_CHOICES = {
    "execute_mode": ("online", "offline", "request"),
    "sync_job": ("true", "false"),
    "enable_trace": ("true", "false"),
}
_INTEGERS = ("job_timeout", "insert_memory_usage_limit")


class Variables:
    """The session all callers share, and the globals.  Unknown names are accepted and ignored."""

    def __init__(self) -> None:
        defaults = {
            "enable_trace": "false", "execute_mode": "online", "insert_memory_usage_limit": "0",
            "job_timeout": "20000", "spark_config": "", "sync_job": "false",
        }
        self._session = dict(defaults)
        self._global = dict(defaults)

    def set(self, name: str, value: str, is_global: bool) -> None:
        choices = _CHOICES.get(name)
        if choices is not None and value not in choices:
            raise command_error(
                f"INVALID_ARGUMENT: invalid value for system variable '{name}', "
                f"expect one of [{', '.join(choices)}], but got {value}"
            )
        if name in _INTEGERS and not value.isdigit():
            raise command_error(
                f"INVALID_ARGUMENT: invalid value for system variable '{name}', expect an integer, but got {value}"
            )
        variables = self._global if is_global else self._session
        if name in variables:
            variables[name] = value

    def session(self) -> list[tuple[str, str]]:
        return sorted(self._session.items())

    def globals(self) -> list[tuple[str, str]]:
        return sorted(self._global.items())
