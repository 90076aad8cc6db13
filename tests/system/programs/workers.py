# SPDX-License-Identifier: Apache-2.0
"""Eight threads, two forked workers, a shell and a Python child. Says "ready" while all of them are
alive, goes on when a line arrives, and prints the results as JSON."""

import asyncio
import hashlib
import json
import multiprocessing
import pathlib
import subprocess
import sys
import threading


def digest(number):
    path = pathlib.Path(f"python.{number}")
    path.write_bytes(bytes([number]) * 100000)
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def echo_server():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def ask(port, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"word {number}\n".encode())
        line = await reader.readline()
        writer.close()
        return line.decode().strip()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answers = await asyncio.gather(*(ask(port, number) for number in range(50)))
    server.close()
    return answers


def main():
    go, results = threading.Event(), {}

    def work(number):
        go.wait()
        results[number] = digest(number)

    pool = multiprocessing.get_context("fork").Pool(2)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    shell = subprocess.Popen(["/bin/sh", "-c", "read word; echo $word $word"], **pipes)
    program = "print('up', flush=True); print(sum(map(int, input().split())))"
    child = subprocess.Popen([sys.executable, "-c", program], **pipes)
    child.stdout.readline()
    print("ready", flush=True)
    sys.stdin.readline()
    go.set()
    for thread in threads:
        thread.join()
    words = shell.communicate("echoed\n")[0], child.communicate("1 2 3 4\n")[0]
    forked = pool.map(digest, range(100, 120))
    pool.close()
    pool.join()
    answers = asyncio.run(echo_server())
    print(json.dumps({"threads": [results[n] for n in range(8)], "children": words,
                      "forked": forked, "answers": answers}))


if __name__ == "__main__":
    main()
