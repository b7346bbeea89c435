"""What each operation costs in asyncio: `python3 operations.py [asyncio|uvloop] [REPEATS]`.

Each line: operation, tab, least, tab, median, in nanoseconds. The names are those of app/examples/operations.
"""
import asyncio
import queue
import statistics
import sys
import threading
import time

OPERATIONS = []


def operation(name, rounds, per_round=1):
    def register(function):
        OPERATIONS.append((name, rounds, per_round, function))
        return function

    return register


async def nop():
    pass


async def deep(depth):
    if depth:
        await deep(depth - 1)


async def sleep_often(n):
    for _ in range(n):
        await asyncio.sleep(0)


@operation("coroutine call + await", 100_000)
async def call(n):
    for _ in range(n):
        await nop()


@operation("10 coroutines deep, call + await", 10_000)
async def call_chain(n):
    for _ in range(n):
        await deep(9)


@operation("create_task + await", 10_000)
async def make_task(n):
    for _ in range(n):
        await asyncio.create_task(nop())


OPERATIONS.append(("sleep(0), 1 task", 10_000, 1, sleep_often))


@operation("sleep(0) switch, 2 tasks", 10_000, 2)
async def switch_among_two(n):
    other = asyncio.create_task(sleep_often(n))
    await sleep_often(n)
    await other


@operation("sleep(0) switch, 100 tasks", 200, 100)
async def switch_among_hundred(n):
    await asyncio.gather(*[sleep_often(n) for _ in range(100)])


@operation("future set + wake", 5_000, 2)
async def ping_pong(n):
    create_future = asyncio.get_running_loop().create_future
    turn = [create_future(), create_future()]

    async def side(mine):
        for _ in range(n):
            await turn[mine]
            turn[mine] = create_future()
            turn[1 - mine].set_result(None)

    left, right = asyncio.create_task(side(0)), asyncio.create_task(side(1))
    await asyncio.sleep(0)
    turn[0].set_result(None)
    await left
    await right


@operation("call_soon", 20_000)
async def call_soon(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    called = 0

    def callback():
        nonlocal called
        called += 1
        if called == n:
            done.set_result(None)

    for _ in range(n):
        loop.call_soon(callback)
    await done


@operation("call_later + cancel", 20_000)
async def set_and_cancel_timer(n):
    loop = asyncio.get_running_loop()
    for _ in range(n):
        loop.call_later(10, nop).cancel()


@operation("queue put + get", 20_000)
async def put_and_get(n):
    items = asyncio.Queue()
    for i in range(n):
        await items.put(i)
        await items.get()


@operation("queue(1) from task to task", 5_000)
async def hand_over(n):
    items = asyncio.Queue(1)

    async def produce():
        for i in range(n):
            await items.put(i)

    producer = asyncio.create_task(produce())
    for _ in range(n):
        await items.get()
    await producer


@operation("gather of 1,000, per child", 10, 1_000)
async def gather_thousand(n):
    for _ in range(n):
        await asyncio.gather(*[nop() for _ in range(1_000)])


if hasattr(asyncio, "TaskGroup"):

    @operation("task group of 1,000, per child", 10, 1_000)
    async def group_thousand(n):
        for _ in range(n):
            async with asyncio.TaskGroup() as group:
                for _ in range(1_000):
                    group.create_task(nop())


@operation("lock acquire + release", 20_000)
async def lock_and_release(n):
    lock = asyncio.Lock()
    for _ in range(n):
        async with lock:
            pass


@operation("semaphore(1), 10 tasks", 500, 10)
async def contend(n):
    limit = asyncio.Semaphore(1)

    async def user():
        for _ in range(n):
            async with limit:
                pass
            await asyncio.sleep(0)

    await asyncio.gather(*[user() for _ in range(10)])


if hasattr(asyncio, "timeout"):

    @operation("timeout around nothing", 10_000)
    async def time_nothing(n):
        for _ in range(n):
            async with asyncio.timeout(10):
                await nop()


@operation("wait_for of nothing", 5_000)
async def wait_for_nothing(n):
    for _ in range(n):
        await asyncio.wait_for(nop(), 10)


@operation("shield of a task", 3_000)
async def shield_task(n):
    for _ in range(n):
        await asyncio.shield(asyncio.create_task(nop()))


@operation("cancel + await", 3_000)
async def cancel_task(n):
    for _ in range(n):
        sleeper = asyncio.create_task(asyncio.sleep(100))
        await asyncio.sleep(0)
        sleeper.cancel()
        try:
            await sleeper
        except asyncio.CancelledError:
            pass


@operation("async generator, per item", 50_000)
async def generate(n):
    async def numbers():
        for i in range(n):
            yield i

    async for _ in numbers():
        pass


@operation("to_thread", 300)
async def ask_thread(n):
    for _ in range(n):
        await asyncio.to_thread(int)


@operation("call_soon_threadsafe, there and back", 300)
async def call_soon_from_thread(n):
    loop = asyncio.get_running_loop()
    asked = queue.SimpleQueue()

    def answer():
        while (done := asked.get()) is not None:
            loop.call_soon_threadsafe(done.set_result, None)

    thread = threading.Thread(target=answer)
    thread.start()
    for _ in range(n):
        done = loop.create_future()
        asked.put(done)
        await done
    asked.put(None)
    thread.join()


async def measure(repeats):
    for name, rounds, per_round, function in OPERATIONS:
        await function(max(1, rounds // 20))
        times = []
        for _ in range(repeats):
            began = time.perf_counter_ns()
            await function(rounds)
            times.append((time.perf_counter_ns() - began) / (rounds * per_round))
            await asyncio.sleep(0.02)
        print(name, f"{min(times):.1f}", f"{statistics.median(times):.1f}", sep="\t", flush=True)


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    if kind == "uvloop":
        import uvloop

        uvloop.install()
    asyncio.run(measure(int(sys.argv[2]) if len(sys.argv) > 2 else 7))


if __name__ == "__main__":
    main()
