"""A group of commands that are entry points: an upper package brings one without being imported."""

from importlib.metadata import EntryPoint
from typing import Any

import click

from pki_revocation.host.installed import brought


class EntryPointGroup(click.Group):
    """A group whose commands are the entry points of one group, each imported when it is the one asked for."""

    def __init__(self, *, commands_from: str, order: tuple[str, ...] = (), **attributes: Any) -> None:  # noqa: ANN401 - click's own
        """*commands_from* is the entry-point group; names in *order* come first, whatever else is there by name."""
        super().__init__(**attributes)
        self._commands_from = commands_from
        self._ranks = {name: place for place, name in enumerate(order)}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, without importing anything."""
        names = {point.name for point in brought(self._commands_from)}
        return sorted(names, key=lambda name: (self._ranks.get(name, len(self._ranks)), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the one that was asked for."""
        point = self._entry_point(cmd_name)
        return None if point is None else point.load()

    def _entry_point(self, name: str) -> EntryPoint | None:
        return next((point for point in brought(self._commands_from) if point.name == name), None)
