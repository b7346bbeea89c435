#!/usr/bin/env python3.13
"""Writes random_streams.txt: random ways to read a stream, each with what CPython 3.13's asyncio does.

usage: python3.13 random_streams.py FIRST_SEED LAST_SEED > random_streams.txt

A program is `limit bytes end ; operation ; operation …`: the bytes have come in, and so has the end of the stream if `end` is
1. "." stands for a line's end. What is printed after each operation is what it returned, or raised; "waits" was cancelled.
"""
import asyncio
import random
import sys

SEPARATORS = [".", "a", "ab", "aba", "b.", "ca", "ab|.", "cab|ab", "b|bb", "a.|a"]


def program(seed):
    rng = random.Random(seed)
    data = "".join(rng.choice("aabbc.") for _ in range(rng.randrange(0, 30)))
    operations = []
    for _ in range(6):
        kind = rng.choice(["read", "readexactly", "readline", "readline", "readuntil", "readuntil", "at_eof"])
        if kind in ("read", "readexactly"):
            kind += f" {rng.randrange(0, 9)}"
        elif kind == "readuntil":
            kind += " " + rng.choice(SEPARATORS)
        operations.append(kind)
    if rng.random() < 0.2:
        operations.append("read_all")
    return rng.randrange(1, 10), data, rng.randrange(2), operations


async def perform(reader, operation):
    name, _, argument = operation.partition(" ")
    if name == "at_eof":
        return str(reader.at_eof())
    if name == "read_all":
        return await reader.read()
    if name in ("read", "readexactly"):
        return await getattr(reader, name)(int(argument))
    if name == "readuntil":
        separators = tuple(argument.replace(".", "\n").encode().split(b"|"))
        return await reader.readuntil(separators if len(separators) > 1 else separators[0])
    return await reader.readline()


async def outcome(reader, operation):
    task = asyncio.ensure_future(perform(reader, operation))
    for _ in range(3):
        await asyncio.sleep(0)
    if not task.done():
        task.cancel()
    try:
        result = await task
        return result if isinstance(result, str) else "'" + result.decode().replace("\n", ".") + "'"
    except asyncio.CancelledError:
        return "waits"
    except asyncio.IncompleteReadError as e:
        return f"incomplete '{e.partial.decode()}' {e.expected}".replace("\n", ".")
    except asyncio.LimitOverrunError as e:
        return f"overrun {e.consumed}"
    except ValueError:
        return "overrun"


async def run(limit, data, end, operations):
    reader = asyncio.StreamReader(limit=limit)
    reader.feed_data(data.replace(".", "\n").encode())
    if end:
        reader.feed_eof()
    return [await outcome(reader, operation) for operation in operations]


def main():
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        limit, data, end, operations = program(seed)
        print(f"{limit} {data} {end} ; " + " ; ".join(operations))
        print(" ; ".join(asyncio.run(run(limit, data, end, operations))))


main()
