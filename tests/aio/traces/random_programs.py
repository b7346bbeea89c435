#!/usr/bin/env python3.13
"""Writes random_programs.txt: random programs of tasks that share a lock, a semaphore, an event, a condition, a queue and a
barrier and cancel each other, each with what CPython 3.13's asyncio does with it.

usage: python3.13 random_programs.py FIRST_SEED LAST_SEED > random_programs.txt

A program is `permits maxsize parties ; task ; task …`, a task is a list of operations, and random_programs_test.cpp knows
the same ones. What is printed after each operation is `task operation place result / state`.
"""
import asyncio
import asyncio.locks
import random
import sys

FAMILIES = {
    "lock": ["acquire", "release", "with"],
    "semaphore": ["s.acquire", "s.release", "s.with"],
    "event": ["e.wait", "e.set", "e.clear"],
    "condition": ["c.wait", "c.notify", "c.notify_all"],
    "queue": ["put", "get", "put", "get", "put_nowait", "get_nowait", "task_done", "join", "shutdown", "shutdown_now"],
    "barrier": ["b.wait", "b.wait", "b.wait", "b.reset", "b.abort"],
}
ERRORS = [
    (asyncio.CancelledError, "cancelled"),
    (asyncio.QueueFull, "full"),
    (asyncio.QueueEmpty, "empty"),
    (asyncio.QueueShutDown, "shut_down"),
    (asyncio.BrokenBarrierError, "broken"),
    (ValueError, "invalid"),
    (RuntimeError, "runtime"),
]


class SkippingLock(asyncio.locks.Lock):
    """release() skips a cancelled waiter (16.05); CPython's wakes the next one when the cancelled one has run, a turn later."""

    def _wake_up_first(self):
        for waiter in self._waiters or ():
            if not waiter.cancelled():
                if not waiter.done():
                    waiter.set_result(True)
                return


asyncio.Lock = asyncio.locks.Lock = SkippingLock


def generate(seed):
    choose = random.Random(seed)
    families = choose.sample(sorted(FAMILIES), choose.choice([1, 1, 1, 2, 6]))
    pool = [operation for family in families for operation in FAMILIES[family]]
    tasks = choose.randint(2, 6)

    def operation():
        kind = choose.random()
        if kind < 0.18:
            return "sleep"
        if kind < 0.36:
            return f"cancel{choose.randrange(tasks)}"
        picked = choose.choice(pool)
        if picked in ("shutdown", "shutdown_now", "b.reset", "b.abort") and choose.random() < 0.6:
            return "sleep"
        return picked

    programs = [" ".join(operation() for _ in range(choose.randint(1, 7))) for _ in range(tasks)]
    return f"{choose.randint(0, 3)} {choose.randint(0, 3)} {choose.randint(1, 3)} ; " + " ; ".join(programs)


async def run(program):
    head, *bodies = program.split(" ; ")
    permits, maxsize, parties = map(int, head.split())
    k, s, e, c = asyncio.Lock(), asyncio.Semaphore(permits), asyncio.Event(), asyncio.Condition()
    q, b = asyncio.Queue(maxsize), asyncio.Barrier(parties)
    tasks, events, items = [], [], 0

    async def perform(operation):
        nonlocal items
        match operation:
            case "sleep": await asyncio.sleep(0)
            case "acquire": await k.acquire()
            case "release": k.release()
            case "with":
                async with k: await asyncio.sleep(0)
            case "s.acquire": await s.acquire()
            case "s.release": s.release()
            case "s.with":
                async with s: await asyncio.sleep(0)
            case "e.wait": await e.wait()
            case "e.set": e.set()
            case "e.clear": e.clear()
            case "c.wait":
                async with c: await c.wait()
            case "c.notify":
                async with c: c.notify(); await asyncio.sleep(0)
            case "c.notify_all":
                async with c: c.notify_all()
            case "put": items += 1; await q.put(items)
            case "get": return await q.get()
            case "put_nowait": items += 1; q.put_nowait(items)
            case "get_nowait": return q.get_nowait()
            case "task_done": q.task_done()
            case "join": await q.join()
            case "shutdown": q.shutdown()
            case "shutdown_now": q.shutdown(immediate=True)
            case "b.wait": return await b.wait()
            case "b.reset": await b.reset()
            case "b.abort": await b.abort()
            case _: return int(tasks[int(operation.removeprefix("cancel"))].cancel())

    async def body(name, operations):
        for place, operation in enumerate(operations):
            try:
                result = await perform(operation)
            except BaseException as raised:
                result = next(word for kind, word in ERRORS if isinstance(raised, kind))
            state = f"{int(k.locked())}{int(s.locked())}{q.qsize()}{b.n_waiting}{int(c.locked())}"
            events.append(f"{name}{operation}{place}{'' if result is None else result}/{state}")

    for name, text in enumerate(bodies):
        tasks.append(asyncio.create_task(body(name, text.split())))
    for _ in range(40):
        await asyncio.sleep(0)
    while any(not task.done() for task in tasks):
        events.append("--")
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
    free = 0
    while not s.locked():
        await s.acquire()
        free += 1
    events.append(f"{int(k.locked())}{free}{int(e.is_set())}{q.qsize()}{b.n_waiting}{int(b.broken)}{int(c.locked())}")
    return " ".join(events)


def main():
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        program = generate(seed)
        print(program, asyncio.run(run(program)), sep="\n")


if __name__ == "__main__":
    main()
