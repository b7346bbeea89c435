#!/usr/bin/env python3.13
"""Writes random_combinations.txt: random programs of tasks that combine coroutines (task groups, gather, wait, as_completed,
shield, timeout, wait_for) and cancel each other, each with what CPython 3.13's asyncio does with it.

usage: python3.13 random_combinations.py FIRST_SEED LAST_SEED > random_combinations.txt

A program is `task ; task …`. A task is a leaf, or an operation with its operands: `(group s2 f1)`. Leaves take turns and then
return (s), fail (f), return although they are cancelled (c), leave late when they are cancelled (l3.2: after two turns), or
cancel a task (x0). random_combinations_test.cpp knows the same ones. Time moves a millisecond in every turn. What is printed
is `place outcome / cancelling()` at the end of each leaf and operation.
"""
import asyncio
import itertools
import random
import sys


class Loop(asyncio.SelectorEventLoop):
    """One whose time is moved by hand, and whose timers of equal deadlines come in the order in which they were armed."""

    now = armed = 0

    def __init__(self):
        super().__init__()
        self._clock_resolution = 0.0005

    def time(self):
        return self.now / 1000

    def call_at(self, when, *arguments, **options):
        self.armed += 1
        return super().call_at(when + self.armed * 1e-9, *arguments, **options)


class OrderedSet(dict):
    """What a TaskGroup cancels, it cancels in the order of creation."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


class TaskGroup(asyncio.TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = OrderedSet()


def generate(seed):
    choose = random.Random(seed)
    tasks = choose.randint(1, 3)

    def leaf():
        kind = choose.choice("sssssfcclllx")
        if kind == "x":
            return f"x{choose.randrange(tasks)}"
        return f"{kind}{choose.randint(0, 5)}" + (f".{choose.randint(0, 3)}" if kind == "l" else "")

    def tree(depth):
        if depth == 0 or choose.random() < 0.2:
            return leaf()
        many = "group group group gather settle wait.all wait.first wait.exception completed seq seq".split()
        one = f"shield timeout{choose.randint(0, 6)} wait_for{choose.randint(1, 6)} bound{choose.randint(1, 6)} swallow handle handle task".split()
        if choose.random() < 0.6:
            operation, size = choose.choice(many), choose.randint(1, 3)
        else:
            operation, size = choose.choice(one), 1
        return f"({operation} {' '.join(tree(depth - 1) for _ in range(size))})"

    return " ; ".join(tree(choose.randint(1, 4)) for _ in range(tasks))


def parse(text):
    words = text.replace("(", " ( ").replace(")", " ) ").split()
    places = itertools.count()

    def node():
        place, word = next(places), words.pop(0)
        if word != "(":
            return place, word, []
        operation, operands = words.pop(0), []
        while words[0] != ")":
            operands.append(node())
        words.pop(0)
        return place, operation, operands

    return node()


def kind(raised):
    match raised:
        case asyncio.CancelledError(): return "C"
        case TimeoutError(): return "T"
        case BaseExceptionGroup(): return "[" + "".join(map(kind, raised.exceptions)) + "]"
        case ValueError(): return "V"


async def run(program):
    tops, events = [], []

    async def turns(count):
        for _ in range(count):
            await asyncio.sleep(0)

    async def perform_leaf(word):
        count, _, late = word[1:].partition(".")
        count = int(count)
        match word[0]:
            case "s": await turns(count)
            case "x": tops[count].cancel()
            case "f":
                await turns(count)
                raise ValueError
            case "c":
                try: await turns(count)
                except asyncio.CancelledError: pass
            case "l":
                try: await turns(count)
                except asyncio.CancelledError:
                    await turns(int(late))
                    raise

    async def perform(operation, operands):
        made = lambda: [asyncio.create_task(evaluate(operand)) for operand in operands]
        word = operation.rstrip("0123456789")
        delay = int(operation[len(word):] or 0) / 1000
        match word:
            case "group":
                async with TaskGroup() as group:
                    for operand in operands[1:]:
                        group.create_task(evaluate(operand))
                    await evaluate(operands[0])
            case "gather": await asyncio.gather(*map(evaluate, operands))
            case "settle": await asyncio.gather(*map(evaluate, operands), return_exceptions=True)
            case "wait.all" | "wait.first" | "wait.exception":
                modes = {"all": asyncio.ALL_COMPLETED, "first": asyncio.FIRST_COMPLETED, "exception": asyncio.FIRST_EXCEPTION}
                tasks = made()
                done, pending = await asyncio.wait(tasks, timeout=0.004, return_when=modes[word[5:]])
                events.append(f"d{len(done)}p{len(pending)}")
                for task in tasks:
                    if task in pending: task.cancel()
                if pending: await asyncio.wait(pending)
            case "completed":
                for ended in asyncio.as_completed(made(), timeout=0.004):
                    try:
                        await ended
                        events.append("r")
                    except Exception as raised:
                        events.append("r" + kind(raised))
            case "seq":
                for operand in operands: await evaluate(operand)
            case "shield": await asyncio.shield(evaluate(operands[0]))
            case "timeout":
                async with asyncio.timeout(delay): await evaluate(operands[0])
            case "wait_for": await asyncio.wait_for(evaluate(operands[0]), delay)
            case "bound": await asyncio.wait_for(made()[0], delay)
            case "task": await made()[0]
            case "swallow":
                try: await evaluate(operands[0])
                except asyncio.CancelledError: pass
            case "handle":
                try: await evaluate(operands[0])
                except Exception: pass
            case _: await perform_leaf(operation)

    async def evaluate(node):
        place, operation, operands = node
        outcome = ""
        try:
            await perform(operation, operands)
        except BaseException as raised:
            outcome = kind(raised)
            raise
        finally:
            events.append(f"{place}{outcome}/{asyncio.current_task().cancelling()}")

    async def clock():
        while True:
            await asyncio.sleep(0)
            loop.now += 1

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    ticking = asyncio.create_task(clock())
    for text in program.split(" ; "):
        tops.append(asyncio.create_task(evaluate(parse(text))))
    await turns(40)
    while any(not top.done() for top in tops):
        events.append("--")
        for top in tops:
            top.cancel()
        await turns(3)
    await turns(30)
    for top in tops:
        events.append("C" if top.cancelled() else kind(top.exception()) or "ok")
    ticking.cancel()
    return " ".join(events)


def main():
    for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
        program = generate(seed)
        with asyncio.Runner(loop_factory=Loop) as runner:
            print(program, runner.run(run(program)), sep="\n")


if __name__ == "__main__":
    main()
