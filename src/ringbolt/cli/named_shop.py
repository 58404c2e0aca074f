"""The shop that a buyer's command talks to: by ``--server``, or found on this machine."""

from __future__ import annotations

from dataclasses import dataclass

from ringbolt.cli.output import say_shop


@dataclass(frozen=True, slots=True)
class NamedShop:
    """A shop's URL, and that of the simulated world with its play-money wallet."""

    url: str
    world_url: str

    @property
    def play_wallet(self) -> str:
        return play_wallet(self.world_url)


async def named_shop(server: str) -> NamedShop:
    """The shop, which is said on stderr. Raises ``SettingsError``.

    Settings are read only where no shop is named: a buyer of another machine's shop needs none.
    """
    if server:
        url = server.rstrip("/")
        say_shop(url, "by --server")
        return NamedShop(url, url)
    from ringbolt.cli.running_shop import find_shop
    from ringbolt.settings import load_settings

    settings = load_settings()
    found = await find_shop(settings)
    say_shop(found.url, found.how)
    return NamedShop(found.url, settings.simulator.url.rstrip("/") or found.url)


def play_wallet(world_url: str) -> str:
    """The play-money wallet of a shop or of a world that is a process of its own."""
    return f"{world_url}/simulator/wallet"
