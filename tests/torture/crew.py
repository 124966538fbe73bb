"""The engine processes: started, killed, stopped and started again, as careless operators and
machines do it."""

import asyncio
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torture.engine_process import Orders
from torture.stage import Stage
from torture.terms import BUDGET_SECONDS

_SHOWN_LINES = 80
_ZONES = ("UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu", "Europe/Oslo", "Pacific/Apia")
_OFFSETS = (0.0, 10_800.0, -10_800.0, 0.0, 3_600.0, -86_400.0)


def orders_of_slot(slot: int) -> Orders:
    """By default each process has its own wrong clock."""
    return Orders(clock_offset=_OFFSETS[slot % len(_OFFSETS)])


class Crew:
    """A fixed number of processes: one that ends for any reason is started again until `dismiss`.

    The last slot runs the command line again and again, and the two before it are workers, which
    begin a run each minute and send what the others left. The remaining ones loop inside one
    process. Other designs loop in every slot.
    """

    def __init__(
        self, stage: Stage, *, design: str, size: int, orders: Callable[[int], Orders] = orders_of_slot
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.hung: list[str] = []  # of each process that did not end, where it was and the end of its log
        self.pauses: list[tuple[str, float, float]] = []  # by log: from and until, on the host's monotonic clock
        self._stage = stage
        self._design = design
        self._size = size
        self._orders = orders
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopped: set[int] = set()
        self._pruning: asyncio.subprocess.Process | None = None
        self._going = True

    def log(self, slot: int | str) -> Path:
        """The log file of a slot's processes."""
        return self._stage.folder / f"worker-{slot}.log"

    async def muster(self) -> None:
        """Start a process in every empty slot."""
        self._tasks += [asyncio.create_task(self._keep(slot)) for slot in range(self._size)]

    async def dismiss(self, *, gently: bool = True) -> None:
        """End all processes: first ask them to stop, then kill them."""
        self._going = False
        if self._pruning is not None:
            self._pruning.kill()
            await self._pruning.wait()
        for slot in list(self._stopped):
            self._wake(slot)
        for process in self._processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
        _, late = await asyncio.wait(self._tasks, timeout=BUDGET_SECONDS + 8) if self._tasks else ((), ())
        if late:
            self.counts["not ended by SIGTERM"] += len(late)
        for slot, process in self._processes.items():
            if process.returncode is None:
                await self._note_hung("a process that did not end by SIGTERM", slot, process)
                process.kill()
        await asyncio.gather(*self._tasks)

    def kill(self, slot: int) -> None:
        """Send kill -9, also to a stopped process."""
        process = self._processes.get(slot)
        if process is not None and process.returncode is None:
            self._stopped.discard(slot)
            process.kill()
            self.counts["kills"] += 1

    async def pause(self, slot: int, seconds: float) -> None:
        """Stop the process for a while, as under a debugger or on a machine that is migrated."""
        process = self._processes.get(slot)
        if process is None or process.returncode is not None or slot in self._stopped:
            return
        process.send_signal(signal.SIGSTOP)
        self._stopped.add(slot)
        self.counts["pauses"] += 1
        since = time.monotonic()
        await asyncio.sleep(seconds)
        if self._processes.get(slot) is process:
            self._wake(slot)
        self.pauses.append((self.log(slot).name, since, time.monotonic()))

    async def stampede(self, number: int) -> None:
        """Start a number of runs of the command line at once, in addition to all others, and wait
        for them. For another design, whose processes never end, run that many extra processes for
        some seconds.
        """
        ends_within = 60.0 if self._design == "rekindle" else 5.0
        self.counts["stampedes"] += 1
        processes = [await self._start(f"stampede-{one}", self._command("cli"), Orders()) for one in range(number)]
        for one, process in enumerate(processes):
            try:
                async with asyncio.timeout(ends_within):
                    await process.wait()
            except TimeoutError:
                if self._design == "rekindle":
                    await self._note_hung("a run that did not end", f"stampede-{one}", process)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    async def erase(self, number: int, seconds: float) -> None:
        """Erase some people by another process, half of them after they have left, and kill the
        process if it needs longer."""
        if self._design != "rekindle":
            return
        rows = await self._stage.rows(
            "with chosen as (select user_id, row_number() over (order by md5(user_id::text || %(number)s)) as place "
            "  from torture.person order by place limit 20), "
            "left_before as (update torture.person p set active = false from chosen "
            "  where p.user_id = chosen.user_id and chosen.place <= 10 returning p.user_id), "
            "noted as (insert into torture.removed (user_id) select user_id from left_before) "
            "select user_id::text from chosen order by place desc",
            {"number": str(number)},
        )
        command = ["torture.engine_process", "erase", *(row["user_id"] for row in rows)]
        process = await self._start(f"erase-{number}", command, Orders())
        try:
            async with asyncio.timeout(seconds):
                await process.wait()
        except TimeoutError:
            self.counts["erasing processes killed"] += 1
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def prune(self) -> None:
        """Kill -9 the process that prunes, in whatever batch it is, and start another one."""
        if self._design != "rekindle" or not self._going:
            return
        if self._pruning is not None:
            self._pruning.kill()
            await self._pruning.wait()
            self.counts["prunes killed"] += 1
        self._pruning = await self._start("prune", ["torture.engine_process", "prune"], Orders())

    async def _note_hung(self, what: str, slot: int | str, process: asyncio.subprocess.Process) -> None:
        """Let a process say where it is, and keep that with the end of its log."""
        process.send_signal(signal.SIGUSR1)
        await asyncio.sleep(1.0)
        said = self.log(slot).read_text(errors="replace").splitlines()
        self.hung.append("\n".join([f"{what}, whose log ends with", *said[-_SHOWN_LINES:]]))

    def _wake(self, slot: int) -> None:
        process = self._processes[slot]
        if slot in self._stopped and process.returncode is None:
            process.send_signal(signal.SIGCONT)
        self._stopped.discard(slot)

    async def _keep(self, slot: int) -> None:
        kind = self._kind(slot)
        while self._going:
            process = self._processes[slot] = await self._start(slot, self._command(kind), self._orders(slot))
            self.counts["processes"] += 1
            if not self._going:
                process.kill()
            code = await process.wait()
            if code not in (0, 1, 2, 3, -signal.SIGKILL, -signal.SIGTERM):
                self.counts[f"ended with {code}"] += 1
            if kind != "loop" or code >= 0:
                await asyncio.sleep(0.3)

    def _kind(self, slot: int) -> str:
        if self._size == 1:
            return "loop"
        return {1: "cli", 2: "worker", 3: "worker"}.get(self._size - slot, "loop")

    def _command(self, kind: str) -> list[str]:
        if self._design != "rekindle":
            return ["torture.usual_designs", self._design]
        if kind == "cli":
            return ["torture.engine_process", "cli", "run", "--budget", f"{BUDGET_SECONDS}s"]
        if kind == "worker":
            return ["torture.engine_process", "cli", "worker"]
        return ["torture.engine_process", "loop"]

    async def _start(self, slot: int | str, command: list[str], orders: Orders) -> asyncio.subprocess.Process:
        zone = {"TZ": _ZONES[slot % len(_ZONES)] if isinstance(slot, int) else "UTC"}
        with self.log(slot).open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *command,
                env=self._stage.environment() | orders.environment() | zone,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def events_in(text: str, name: str) -> list[dict[str, Any]]:
    """The harness's lines of one kind in a log."""
    lines = (line for line in text.splitlines() if f'"{name}"' in line)
    found: list[dict[str, Any]] = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:  # a process was killed while it was writing
            continue
    return [line for line in found if line.get("event") == name]


def shuffled_points(seed: int, points: tuple[str, ...], times: int, *, batch: int = 1) -> list[Orders]:
    """Each point `times` times, each time at another passage, in an order drawn from the seed.
    With `batch` messages per request there are fewer sends to die at."""
    rng = random.Random(f"points {seed}")
    most = {"claim": 2, "lease": 2, "arm": 3, "send": 120 // batch, "answer": 120, "record": 3}
    orders = [
        Orders(die_after=point, passage=rng.randint(1, most.get(point, 1))) for point in points for _ in range(times)
    ]
    rng.shuffle(orders)
    return orders
