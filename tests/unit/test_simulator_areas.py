"""Which routes of the simulated world stand for which of its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.routing import Route

from ringbolt.simulator.app import Area, routes
from ringbolt.simulator.world import World


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = await World.open(tmp_path)
    yield world
    await world.close()


def paths(world: World, *areas: Area) -> set[str]:
    return {route.path for route in routes(world, areas) if isinstance(route, Route)}


async def test_all_areas_together_are_the_whole_world(world: World) -> None:
    whole = {route.path for route in routes(world) if isinstance(route, Route)}

    assert set().union(*(paths(world, area) for area in Area)) == whole
    assert paths(world) == set()


@pytest.mark.parametrize(
    ("area", "beginnings"),
    [
        (Area.NODE, ("/simulator/node/", "/simulator/addresses/")),
        (Area.WALLET, ("/simulator/wallet/",)),
        (Area.PHONES, ("/simulator/carrier/", "/simulator/phones", "/simulator/calls/")),
        (Area.SMS, ("/simulator/sms-carrier/", "/simulator/phones", "/simulator/calls/")),
        (Area.NUMBERS, ("/simulator/lender/", "/simulator/sms", "/stubs/")),
        (Area.MAIL, ("/simulator/mailer/", "/simulator/mailbox/")),
        (Area.CLOCK, ("/simulator/clock",)),
    ],
)
async def test_an_area_has_only_its_own_routes(
    world: World, area: Area, beginnings: tuple[str, ...]
) -> None:
    found = paths(world, area)

    assert all(any(path.startswith(each) for path in found) for each in beginnings)
    assert all(path.startswith(beginnings) for path in found)


async def test_beside_a_real_node_there_is_no_play_money(world: World) -> None:
    simulated = set(Area) - {Area.NODE, Area.WALLET, Area.CLOCK}

    found = paths(world, *simulated)

    assert "/simulator/phones/{number}" in found
    for beginning in ("/simulator/node", "/simulator/wallet", "/simulator/clock"):
        assert not any(path.startswith(beginning) for path in found)
