"""Every option, typed and documented; nothing else reads the environment.

Options come from ``ringbolt.toml`` (in the working directory, or named by ``RINGBOLT_CONFIG``)
and from ``RINGBOLT_*`` variables, which win. ``[simulator] speed`` is ``RINGBOLT_SIMULATOR_SPEED``.
"""

from __future__ import annotations

from ringbolt.settings.errors import SettingsError
from ringbolt.settings.lightning import LndSettings
from ringbolt.settings.load import known_variables, load_settings
from ringbolt.settings.process import LogSettings
from ringbolt.settings.root import CONFIG_VARIABLE, DEFAULT_CONFIG, Settings
from ringbolt.settings.simulated import all_simulated

__all__ = [
    "CONFIG_VARIABLE",
    "DEFAULT_CONFIG",
    "LndSettings",
    "LogSettings",
    "Settings",
    "SettingsError",
    "all_simulated",
    "known_variables",
    "load_settings",
]
