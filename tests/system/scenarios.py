# SPDX-License-Identifier: Apache-2.0
"""What each program is made to do, inside a cell. A scenario is a function that gets an Inside and
returns what must be the same whether the programs are caged or not. Nothing here knows which it is.
Where a program can be held at a point (by a pipe that it reads from), the watch looks there."""

import collections
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
SECONDS = 120  # a command that takes longer hangs
NOBODY = 65534
ENVIRONMENT = {"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/tmp/home", "LC_ALL": "C.UTF-8"}


class Inside:
    """How a scenario starts programs; `look` makes the watch look now."""

    def __init__(self, look, quick, place):
        self.look, self.quick, self.place = look, quick, place

    def start(self, *command, user=None, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        if user is not None:
            more.update(user=user, group=user, extra_groups=[])
        env = {**ENVIRONMENT, **more.pop("env", {})}
        return subprocess.Popen([str(word) for word in command], env=env, **more)

    def run(self, *command, feed=None, **more):
        """(status, output with errors) of a command. What it is fed comes after a look at it."""
        if feed is not None:
            more["stdin"] = subprocess.PIPE
        process = self.start(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             **more)
        if feed is not None:
            hold(process)
        self.look()
        out, _ = process.communicate(feed, timeout=SECONDS)
        return process.returncode, out

    def ok(self, *command, **more):
        status, out = self.run(*command, **more)
        if status != 0:
            raise RuntimeError(f"{command}: status {status}: {out[-800:]}")
        return out

    def held(self, *command):
        """The last line of a program that says "ready" and goes on when told."""
        process = self.start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline()
        self.look()
        out, _ = process.communicate("go\n", timeout=SECONDS)
        return [line.strip(), process.returncode, json.loads(out)]


def waits_for_input(process):
    """Whether the leaf of this line of processes sleeps in read(2) of its input, or in poll(2), as
    busybox does before it reads."""
    while True:
        try:
            children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
            if not children:
                return pathlib.Path(f"/proc/{process}/syscall").read_text().startswith(("0 0x0 ", "7 "))
        except OSError:
            return False
        process = children[-1]


def hold(process):
    """Until the process waits for its input, or has ended without asking for any."""
    end = time.monotonic() + SECONDS / 4
    while time.monotonic() < end and process.poll() is None and not waits_for_input(process.pid):
        time.sleep(0.01)


def poll(what, *arguments):
    """Waits until the function gives something; some servers tell nobody when they are ready."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            answer = what(*arguments)
            if answer:
                return answer
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"{what.__name__}{arguments} waited in vain")


def connects(port):
    socket.create_connection(("127.0.0.1", port), 5).close()
    return True


def digest(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def fetch(port, paths, connection=None):
    """Counter of (status, digest of the answer) over one kept connection."""
    connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    seen = collections.Counter()
    for path in paths:
        connection.request("GET", path)
        response = connection.getresponse()
        seen[f"{path.split('?')[0]} {response.status} {digest(response.read())[:16]}"] += 1
    connection.close()
    return seen


def fetch_at_once(inside, port, paths, clients=16):
    total = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        for seen in pool.map(lambda _: fetch(port, paths), range(clients)):
            total.update(seen)
    inside.look()
    return dict(total)


NGINX = """daemon off; worker_processes 2; user www-data; pid /tmp/nginx/pid; error_log /tmp/nginx/log;
events {{ worker_connections 256; }}
http {{ access_log off; root /tmp/nginx; sendfile on; aio threads;
  client_body_temp_path /tmp/nginx/b; proxy_temp_path /tmp/nginx/p; fastcgi_temp_path /tmp/nginx/f;
  uwsgi_temp_path /tmp/nginx/u; scgi_temp_path /tmp/nginx/s;
  server {{ listen 127.0.0.1:8080; location /which {{ return 200 {answer}; }}
    location /proxied/ {{ proxy_pass http://127.0.0.1:8080/; }} }} }}
"""


def nginx(inside):
    folder = pathlib.Path("/tmp/nginx")
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(answer="first"))
    for name, size in ("small", 1000), ("large", 3000000):
        (folder / name).write_bytes(bytes(range(250)) * (size // 250))
    tested, _ = inside.run("/usr/sbin/nginx", "-t", "-c", config)
    server = inside.start("/usr/sbin/nginx", "-c", config)
    poll(connects, 8080)
    paths = ["/small", "/large", "/proxied/small", "/none"] * (5 if inside.quick else 25)
    before = fetch_at_once(inside, 8080, paths)
    kept = http.client.HTTPConnection("127.0.0.1", 8080, timeout=SECONDS)
    config.write_text(NGINX.format(answer="second"))
    server.send_signal(signal.SIGHUP)
    poll(lambda: "second" in http_text(8080, "/which"))
    after = fetch_at_once(inside, 8080, paths)
    kept.close()
    server.send_signal(signal.SIGQUIT)
    return {"test": tested, "before": before, "after": after, "end": server.wait(SECONDS)}


def http_text(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("GET", path)
    return connection.getresponse().read().decode()


def redis(inside):
    os.mkdir("/tmp/redis")
    server = inside.start("redis-server", "--port", 7777, "--bind", "127.0.0.1", "--dir",
                          "/tmp/redis", "--appendonly", "yes", "--io-threads", 2, "--save", "",
                          executable="/usr/bin/redis-check-rdb", stdout=subprocess.DEVNULL)
    poll(connects, 7777)

    def ask(*words):
        return inside.ok("/usr/bin/redis-cli", "-p", 7777, *words).strip()

    requests = 5000 if inside.quick else 50000
    status, out = inside.run("/usr/bin/redis-benchmark", "-p", 7777, "-q", "-n", requests, "-c", 50,
                             "-P", 8, "--threads", 2, "-t", "set,get,incr,lpush,rpop,sadd,hset,mset")
    done = sorted(re.findall(r"^(?:.*\r)?([A-Z]+)[^\n]*: [0-9.]+ requests per second", out, re.M))
    answers = [ask("incr", "counter:__rand_int__"), ask("llen", "mylist"), ask("dbsize"),
               ask("eval", "local s = 0 for i = 1, 1000 do s = s + i end return s", 0), ask("bgsave")]
    poll(lambda: "rdb_bgsave_in_progress:0" in ask("info", "persistence"))
    answers += re.findall("rdb_last_bgsave_status:(\\w+)", ask("info", "persistence"))
    answers.append(ask("bgrewriteaof"))
    poll(lambda: "aof_rewrite_in_progress:0" in ask("info", "persistence"))
    inside.run("/usr/bin/redis-cli", "-p", 7777, "shutdown")
    end = server.wait(SECONDS)
    return {"benchmark": status, "done": done, "answers": answers, "end": end,
            "rdb": inside.run("/usr/bin/redis-check-rdb", "/tmp/redis/dump.rdb")[0]}


def postgres(inside):
    bin_folder = pathlib.Path(inside.place["postgres"])
    data = pathlib.Path("/tmp/postgres")
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    more = {"user": NOBODY, "cwd": data}
    inside.ok(bin_folder / "initdb", "-D", data / "data", "-U", "test", "-A", "trust", "-N", **more)
    with open("/tmp/work/log", "w") as log:
        server = inside.start(bin_folder / "postgres", "-D", data / "data", "-k", "/tmp", "-c",
                              "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=20",
                              stderr=log, **more)
    poll(os.path.exists, "/tmp/.s.PGSQL.5432")
    common = ["-h", "/tmp", "-U", "test"]

    def ask(sql):
        return inside.ok(bin_folder / "psql", *common, "-Atqc", sql, "postgres", **more).strip()

    poll(lambda: inside.run(bin_folder / "psql", *common, "-c", "select 1", "postgres", **more)[0] == 0)
    inside.ok(bin_folder / "pgbench", *common, "-i", "-q", "-s", 1, "postgres", **more)
    transactions = 50 if inside.quick else 500
    out = inside.ok(bin_folder / "pgbench", *common, "-c", 8, "-j", 2, "-t", transactions, "postgres",
                    **more)
    processed = re.findall("actually processed: ([0-9/]+)|failed transactions: ([0-9]+)", out)
    parallel = ask("set parallel_setup_cost=0; set parallel_tuple_cost=0; set min_parallel_table_scan_size=0;"
                   "select count(*), sum(aid) from pgbench_accounts where aid % 7 = 3")
    answers = [ask("select (select sum(abalance) from pgbench_accounts) = sum(delta), count(*)"
                   " from pgbench_history"), parallel, ask("checkpoint")]
    server.send_signal(signal.SIGINT)
    return {"processed": processed, "answers": answers, "end": server.wait(SECONDS)}


def go(inside):
    server = inside.start(inside.place["go"], stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    times = 5 if inside.quick else 40
    paths = ["/sum/100000", "/child/word", "/sum/x", "/none"] * times
    answers = fetch_at_once(inside, port, paths)
    server.send_signal(signal.SIGTERM)
    return {"answers": answers, "end": server.wait(SECONDS)}


def python(inside):
    times = 1 if inside.quick else 5
    return {"runs": [inside.held("/usr/bin/python3", PROGRAMS / "workers.py") for _ in range(times)]}


def node(inside):
    times = 1 if inside.quick else 3
    return {"runs": [inside.held("/usr/bin/node", PROGRAMS / "workers.js") for _ in range(times)]}


def git(inside):
    env = {"GIT_CONFIG_NOSYSTEM": "1"}
    for who in "AUTHOR", "COMMITTER":
        env.update({f"GIT_{who}_NAME": "n", f"GIT_{who}_EMAIL": "e@x", f"GIT_{who}_DATE": "1000000000 +0000"})

    def ask(*words):
        return inside.ok("/usr/bin/git", *words, env=env)

    ask("init", "-q", "-b", "main", "one")
    for commit in range(5 if inside.quick else 30):
        for number in range(40):
            path = pathlib.Path(f"one/{number % 7}/{number}")
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(f"{line * (commit + number)}\n" for line in range(200)))
        ask("-C", "one", "add", ".")
        ask("-C", "one", "commit", "-q", "-m", f"commit {commit}")
    pathlib.Path("one/.git/hooks").mkdir(exist_ok=True)
    ask("clone", "-q", "--no-local", "one", "two")
    ask("-C", "two", "gc", "-q", "--aggressive", "--prune=now")
    ask("-C", "two", "repack", "-q", "-a", "-d", "-f", "--threads=2")
    ask("-C", "two", "checkout", "-q", "-b", "side", "HEAD~2")
    pathlib.Path("two/new").write_text("new\n")
    ask("-C", "two", "add", "new")
    ask("-C", "two", "commit", "-q", "-m", "side")
    ask("-C", "two", "rebase", "-q", "main")
    ask("-C", "two", "push", "-q", "origin", "side")
    held = inside.run("/usr/bin/git", "-C", "one", "cat-file", "--batch-check", env=env, feed="HEAD\n")
    shell = inside.run("/usr/bin/git", "-C", "one", "-c", "alias.held=!read word; git rev-parse $word", "held",
                       env=env, feed="HEAD\n")
    return {"side": ask("-C", "one", "rev-parse", "side"), "held": [held, shell],
            "check": inside.run("/usr/bin/git", "-C", "two", "fsck", "--full", env=env),
            "log": digest(ask("-C", "two", "log", "-p", "--stat")),
            "archive": digest(ask("-C", "two", "archive", "--format=tar", "main"))}


CODE = """#include <math.h>
#include <stdio.h>
int f%d(int x) { double s = 0; for (int i = 0; i < x; ++i) s += sqrt(i * %d.0); return (int)s; }
"""


def gcc(inside):
    files = 4 if inside.quick else 40
    for number in range(files):
        pathlib.Path(f"f{number}.c").write_text(CODE % (number, number + 1))
    calls = "".join(f"int f{n}(int); " for n in range(files))
    adds = " + ".join(f"f{n}(100)" for n in range(files))
    main = f'#include <stdio.h>\n{calls}int main(void) {{ printf("%d\\n", {adds}); return 3; }}\n'
    held = [inside.run("/usr/bin/gcc", "-O2", "-g", "-c", "-x", "c", "-", "-o", "main.o", feed=main),
            inside.run("/usr/bin/gcc", "-c", "-x", "assembler", "-", "-o", "as.o", feed=".globl x\nx: ret\n")]
    sources = [f"f{n}.c" for n in range(files)]
    built = inside.run("/usr/bin/gcc", "-O2", "-g", "-o", "program", "main.o", "as.o", *sources, "-lm")
    wrong = inside.run("/usr/bin/gcc", "-c", "-x", "c", "-", "-o", "no.o", feed="int x = y;\n")
    return {"held": held, "built": built, "wrong": wrong, "program": inside.run("./program"),
            "objects": digest(pathlib.Path("main.o").read_bytes()),
            "bytes": digest(pathlib.Path("program").read_bytes())}


SHELL = r"""set -e
seq 1 2000 | awk '{ s += $1 * $1 } END { print s }'
seq 1 2000 | sort -rn | head -n 3 | tr '0-9' 'a-j'
mkdir -p d/e; for i in 1 2 3 4 5; do seq 1 $((i * 1000)) > d/e/$i; done
tar cf - d | gzip -9 | gunzip | tar tf - | sort
find d -type f | sort | xargs md5sum
find d -type f -exec sha1sum {} + | sort | sha256sum
sed 's/1/one/g' d/e/1 | grep -c one
dd if=/dev/zero bs=1k count=100 2>/dev/null | bzip2 | bunzip2 | wc -c
cut -c1-2 d/e/2 | uniq -c | tail -n 2
echo 'a b c' | (read x y z; echo $z $y $x)
(sleep 0.1 & wait; echo waited)
diff d/e/1 d/e/2 | wc -l; expr 6 '*' 7; od -c -N 8 d/e/1; cmp d/e/1 d/e/1 && echo same
echo '2^64' | bc; printf '%s\n' x y | nl; env -i A=1 env; find d | sort | cpio -o -H newc 2>/dev/null | cpio -t
ls -l d/e | awk '{ print $5 }'; chmod 600 d/e/1; stat -c %a d/e/1; ln -s e d/l; readlink d/l; rm -r d
"""


def busybox(inside):
    os.mkdir("bin")
    box = "/usr/bin/busybox"
    inside.ok(box, "--install", "-s", "bin")
    names = sorted(os.listdir("bin"))
    env = {"PATH": "/tmp/work/bin"}
    script = inside.ok(box, "sh", "-c", SHELL, env=env)
    held = inside.run(box, "sh", "-c", "cat | rev", env=env, feed="word\n")
    pathlib.Path("index").write_text("page\n" * 1000)
    server = inside.start(box, "httpd", "-f", "-p", "127.0.0.1:8081", "-h", ".")
    poll(connects, 8081)
    inside.look()
    pages = {digest(inside.ok(box, "wget", "-q", "-O", "-", "http://127.0.0.1:8081/index")) for _ in range(10)}
    server.terminate()
    harmless = [name for name in names if name not in ("reboot", "halt", "poweroff")]
    answers = {name: list(inside.run(f"bin/{name}", "--help")) for name in harmless}
    return {"script": script, "held": held, "pages": sorted(pages), "end": server.wait(SECONDS),
            "applets": answers}


def sqlite3(inside):
    rows = 2000 if inside.quick else 50000
    program = "/usr/bin/sqlite3"
    made = inside.run(program, "test.db", f"""pragma journal_mode=wal; create table t(a integer primary key, b);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows})
      insert into t select i, hex(i * 7919 % 10007) from n; create index x on t(b);""")
    inserts = "".join(f"insert into t(b) values ({number});\n" for number in range(50))
    writers = [inside.start(program, "-cmd", ".timeout 60000", "test.db", stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(4)]
    for writer in writers:
        hold(writer)
    inside.look()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda one: [one.communicate(inserts, SECONDS)[0], one.returncode], writers))
    asked = inside.run(program, "test.db", "select count(*), sum(a), count(distinct b) from t; pragma"
                       " integrity_check; vacuum; select max(b) from t;")
    dumped = digest(inside.ok(program, "test.db", "select b, count(*) from t group by b order by b"))
    return {"made": made, "writers": said, "asked": asked, "dump": dumped}


def allow(inside, *rules):
    sudoers, hosts = pathlib.Path("/tmp/sudoers"), pathlib.Path("/tmp/hosts")
    sudoers.write_text("".join(f"{rule}\n" for rule in rules))
    sudoers.chmod(0o440)
    inside.place["mount"](sudoers, "/etc/sudoers")
    hosts.write_text("127.0.0.1 localhost cell\n")
    inside.place["mount"](hosts, "/etc/hosts")


def sudo(inside):
    """As root, as another user, refused; the child stays filtered."""
    allow(inside, "nobody ALL=(root,daemon) NOPASSWD: /usr/bin/id, /usr/bin/cat")
    as_nobody = {"user": NOBODY, "cwd": "/"}
    return {"root": inside.run("/usr/bin/sudo", "-n", "/usr/bin/id", "-u", **as_nobody),
            "daemon": inside.run("/usr/bin/sudo", "-n", "-u", "daemon", "/usr/bin/id", "-u", **as_nobody),
            "held": inside.run("/usr/bin/sudo", "-n", "/usr/bin/cat", feed="word\n", **as_nobody),
            "refused": inside.run("/usr/bin/sudo", "-n", "/usr/bin/touch", "/tmp/x", **as_nobody),
            "touched": os.path.exists("/tmp/x")}


def sudo_by_sudo(inside):
    """sudo starts sudo, which is a setuid program, as another user."""
    allow(inside, "ALL ALL=(ALL) NOPASSWD: ALL")
    status, out = inside.run("/usr/bin/sudo", "-n", "-u", "daemon", "/bin/sh", "-c",
                             "read word; /usr/bin/sudo -n /usr/bin/id -u", user=NOBODY, cwd="/", feed="word\n")
    return {"status": status, "said": out.splitlines()[-1:] if status == 0 else
            re.findall("no new privileges", out)}


PING = ["-n", "-c", "3", "-i", "0.2", "127.0.0.1"]
RECEIVED = "[0-9]+ packets transmitted, [0-9]+ received"


def ping(inside):
    """The namespace allows no ICMP sockets without privilege, so the answers need the capability."""
    status, out = inside.run("/usr/bin/ping", *PING, user=NOBODY)
    return {"status": status, "received": re.findall(RECEIVED, out)}


def ping_by_shell(inside):
    """A shell that starts ping, which has a file capability."""
    status, out = inside.run("/usr/bin/busybox", "sh", "-c", f"read word; /usr/bin/ping {' '.join(PING)}; echo $?",
                             user=NOBODY, feed="word\n")
    return {"status": status, "received": re.findall(f"{RECEIVED}|Operation not permitted", out)}


SCENARIOS = {function.__name__: function for function in (
    nginx, redis, postgres, go, python, node, git, gcc, busybox, sqlite3, sudo, sudo_by_sudo, ping,
    ping_by_shell)}
