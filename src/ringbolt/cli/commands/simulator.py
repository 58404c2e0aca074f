"""``ringbolt simulator``: the simulated world by itself."""

from __future__ import annotations

import sys

from ringbolt.cli.commands.serve import allow_many_connections, loaded
from ringbolt.cli.http_server import BackgroundServer, listen, reachable_url, server_config
from ringbolt.logs import configure_logs
from ringbolt.settings import Settings

DEFAULT_PORT = 8403


async def run_world(settings: Settings) -> int:
    """Run the world until a signal stops it; returns the exit code."""
    from ringbolt.simulator.app import create_app
    from ringbolt.simulator.world import World

    loaded()
    allow_many_connections()
    configure_logs(settings.log, b"the world has no secrets")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    sock = listen(settings.host, settings.port)
    world = await World.open(settings.data_dir, settings.simulator.speed)
    token = settings.simulator.token.get_secret_value()
    try:
        url = reachable_url(sock)
        sys.stderr.write(
            f"The simulated world runs at {url}. Shops find it by RINGBOLT_SIMULATOR_URL={url}\n"
        )
        config = server_config(create_app(world, token), settings)
        server = BackgroundServer(config, None, world.close)
        await server.serve(sockets=[sock])
    finally:
        await world.close()
        sock.close()
    return 0
