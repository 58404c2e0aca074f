"""What an invoice costs: AddInvoice through ``lightning/lnd.py`` on a simulated node.

    python benchmarks/simulated_node.py [--invoices 4000] [--at-once 1 8 32]

The node runs in a process of its own; CPU is user + system time of each side, per invoice.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import resource
import socket
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from ringbolt.lightning.lnd.node import LndNode
from ringbolt.simulator.app import create_app
from ringbolt.simulator.world import World


def serve(data_dir: str, port: int, pipe: Connection) -> None:
    """The world; answers on ``pipe`` how much CPU it has used, in seconds."""

    async def run() -> None:
        world = await World.open(Path(data_dir))
        config = uvicorn.Config(create_app(world), port=port, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), lambda: _tell(pipe, server))
        await server.serve()
        await world.close()

    asyncio.run(run())


def _tell(pipe: Connection, server: uvicorn.Server) -> None:
    if pipe.recv() == "stop":
        server.should_exit = True
    else:
        pipe.send(cpu_s())


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def measure(node: LndNode, pipe: Connection, invoices: int, at_once: int) -> str:
    latencies: list[float] = []

    async def make(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            await node.create_invoice(21_000, "place-call", 600, os.urandom(32))
            latencies.append(time.perf_counter() - began)

    pipe.send("cpu")
    node_cpu, own_cpu, began = pipe.recv(), cpu_s(), time.perf_counter()
    await asyncio.gather(*(make(invoices // at_once) for _ in range(at_once)))
    elapsed, own_cpu, done = time.perf_counter() - began, cpu_s() - own_cpu, len(latencies)
    pipe.send("cpu")
    node_cpu = pipe.recv() - node_cpu
    latencies.sort()
    return (
        f"{at_once:>7} | {done / elapsed:>8.0f} | {own_cpu / done * 1e6:>13.0f} | "
        f"{node_cpu / done * 1e6:>11.0f} | {latencies[done // 2] * 1e3:>6.2f} | "
        f"{latencies[int(done * 0.99)] * 1e3:>6.2f}"
    )


async def drive(port: int, pipe: Connection, invoices: int, at_once: list[int]) -> None:
    node = LndNode(f"http://127.0.0.1:{port}/simulator/node", "00")
    while True:
        try:
            await node.info()
            break
        except Exception:  # noqa: BLE001 - it is starting
            await asyncio.sleep(0.1)
    await measure(node, pipe, 200, 8)
    print("at once |    per s | client CPU us | node CPU us | p50 ms | p99 ms")
    for concurrency in at_once:
        print(await measure(node, pipe, invoices, concurrency))
    await node.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=4000)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 8, 32])
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as data_dir:
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(data_dir, port, theirs)
        )
        process.start()
        asyncio.run(drive(port, ours, options.invoices, options.at_once))
        ours.send("stop")
        process.join()


if __name__ == "__main__":
    main()
