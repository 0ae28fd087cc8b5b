#!/usr/bin/env python3
"""Boots hyperstart in QEMU and sees everything of PROTOCOL.md work once. --debian: with Debian's kernel and modules."""
import hashlib
import os
import sys
import threading
import time
from guest import *

DEBIAN = "--debian" in sys.argv
ALL_CAPS = 0xA80425FB
passed = []


def container(id_, *argv, extra=(), env=(), layers=None, stdin=False):
    fields = [(1, "str", id_)] + [(2, "msg", [(1, "u64", o), (2, "u64", n)]) for o, n in (layers or machine.extents)]
    fields += [(3, "str", a) for a in argv] + [(4, "str", e) for e in env] + [(8, "u64", ALL_CAPS)] + list(extra)
    if stdin:
        fields.append((17, "bool", True))
    return (3, "msg", fields)


def step(name):
    passed.append(name)
    print(f"{time.monotonic() - machine.started:8.3f} s  {name}", flush=True)


def check(condition, *what):
    if not condition:
        raise AssertionError(what)


def run(s, id_, *argv, **kw):
    """Plan and start a container; its output, errors and code."""
    s.call("PLAN", container(id_, *argv, **kw))
    base = 10000 + s.new_id() * 10
    s.call("OPEN", (1, "str", id_), (2, "u32", 1), (3, "u32", base), (5, "u64", 1 << 20))
    s.call("OPEN", (1, "str", id_), (2, "u32", 2), (3, "u32", base + 1), (5, "u64", 1 << 20))
    s.call("START", (1, "str", id_))
    code = s.exited(id_)
    return s.wait_end(base).decode(), s.wait_end(base + 1).decode(), code


def execute(s, id_, *argv, stdin=None, tty=False, user=None, extra=()):
    n = s.new_id()
    out, err = 20000 + n * 10, 20001 + n * 10
    fields = [(1, "str", id_), (2, "u32", n)] + [(3, "str", a) for a in argv] + [(9, "u32", out)] + list(extra)
    fields += [(7, "bool", True), (8, "bool", True), (11, "u32", 24), (12, "u32", 80)] if tty else [(10, "u32", err)]
    if stdin is not None:
        fields.append((8, "bool", True))
    if user:
        fields.append((6, "str", user))
    s.call("EXEC", *fields)
    s.window(out, 0, 1 << 20)
    if tty:
        return n, out
    s.window(err, 0, 1 << 20)
    if stdin is not None:
        s.write(out, stdin)
        s.end(out)
    code = s.exited(id_, n)
    return s.wait_end(out).decode(), s.wait_end(err).decode(), code


def main():
    s = Session(machine, filler=False)
    step("attached")
    check(2 not in s.attach, "a fresh machine has no instance")
    hello = s.call("HELLO")
    kernel = hello[2][0].decode()
    print("   kernel", kernel, {fields_of(p)[1][0].decode(): round(number(fields_of(p)[2][0]) / 1e6) for p in hello[4]}, [c.decode() for c in hello[5]])
    nonce = os.urandom(16)
    s.call("RESUME", (1, "bytes", nonce), (2, "u64", time.time_ns()), (3, "bytes", os.urandom(64)), (4, "str", "pod-0"), (5, "str", "0123456789abcdef" * 2))
    s.call("NETWORK", (1, "str", "0a:58:0a:58:00:05"), (3, "u32", 1450), (4, "str", "10.88.0.5/24"), (4, "str", "fd00:88::5/64"),
           (5, "msg", [(1, "str", "0.0.0.0/0"), (2, "str", "10.88.0.1")]))
    s.call("PLAN", (1, "msg", [(1, "str", "pod-0"), (2, "str", "10.88.0.1"), (3, "str", "a.b"), (3, "str", "c"), (4, "str", "ndots:5"), (6, "msg", [(1, "str", "net.core.somaxconn"), (2, "str", "777")])]),
           (2, "msg", [(1, "str", "data"), (2, "u32", 1)]), (2, "msg", [(1, "str", "mem"), (2, "u32", 2), (3, "u64", 1 << 20)]))
    step("resumed, network, pod")

    out, err, code = run(s, "one", "/bin/sh", "-c", "cat /app/hello /etc/resolv.conf /etc/hosts /etc/hostname; hostname; ip addr; ip route; cat /proc/1/comm; id; echo bad >&2; cat /proc/sys/net/core/somaxconn; date +%s; ls /dev; grep Cap /proc/self/status; cat /proc/self/cgroup; mount; exit 7")
    check(code == 7, code, out, err)
    check(err == "bad\n", err)
    for part in ("from the second layer", "nameserver 10.88.0.1\nsearch a.b c\noptions ndots:5", "10.88.0.5\tpod-0", "inet 10.88.0.5/24", "mtu 1450", "0a:58:0a:58:00:05", "default via 10.88.0.1",
                 "uid=0(root)", "777\n", "0::/\n", "CapEff:\t00000000a80425fb"):
        check(part in out, part, out)
    check(abs(int([x for x in out.split("\n") if x.isdigit() and len(x) == 10][0]) - time.time()) < 3, "clock", out)
    if "-v" in sys.argv:
        print(out)
    step("first container: output, exit code, files, network, clock")

    out, err, code = run(s, "user", "sh", "-c", "id; pwd; echo $HOME; touch /x; ls -ld /w /home/u; echo hi > /dev/stdout; ulimit -n", extra=[(5, "str", "/w"), (6, "str", "u"), (7, "u32", 99)])
    check("uid=1000(u) gid=1000(u) groups=77(extra),99,1000(u)" in out and "/w\n/home/u\n" in out and "hi\n" in out and "denied" in err, out, err)
    out, err, code = run(s, "ro", "sh", "-c", "touch /x; touch /data/f && ls /data; touch /cfg/x; df -k /mem; echo > /proc/sys/kernel/hostname; cat /proc/keys; grep -E 'NoNew|Seccomp:' /proc/self/status; ls /sys/firmware",
                         extra=[(10, "bool", True), (12, "bool", True), (13, "str", "/proc/keys"), (13, "str", "/sys/firmware"), (14, "str", "/proc/sys"),
                                (15, "msg", [(1, "str", "/data"), (2, "u32", 2), (3, "str", "data")]), (15, "msg", [(1, "str", "/cfg"), (2, "u32", 2), (3, "str", "data"), (4, "str", "sub/dir"), (5, "bool", True)]),
                                (15, "msg", [(1, "str", "/etc/up/mem"), (2, "u32", 2), (3, "str", "mem")]), (15, "msg", [(1, "str", "/t"), (2, "u32", 1)]),
                                (21, "bytes", struct.pack("<HBBI", 6, 0, 0, 0x7FFF0000))])
    check("touch: /x: Read-only" in err and "touch: /cfg/x: Read-only" in err and "f\nsub\n" in out and "1024" in out and "Read-only" in err.split("hostname")[1] and "NoNewPrivs:\t1" in out and "Seccomp:\t2" in out, out, err)
    step("users, read-only root, volumes, masked paths, no-new-privileges, seccomp")

    s.call("PLAN", (2, "msg", [(1, "str", "vol-0"), (2, "u32", 4)]))
    out, err, code = run(s, "vol", "sh", "-c", "ls -a /app; cat /app/hello; ls -a /fresh; touch /app/mine /fresh/mine && df -k /app",
                         extra=[(15, "msg", [(1, "str", "/app"), (2, "u32", 2), (3, "str", "vol-0"), (4, "str", "data"), (10, "bool", True)]),
                                (15, "msg", [(1, "str", "/fresh"), (2, "u32", 2), (3, "str", "vol-0"), (4, "str", "other"), (10, "bool", True)])])
    check(code == 0 and out.startswith(".\n..\nhello\nfrom the second layer\n.\n..\n"), out, err)
    check(int(out.split("\n")[-2].split()[1]) > 200_000, "grown to its disk", out)
    out, err, code = run(s, "vol2", "ls", "/app", "/fresh", extra=[(15, "msg", [(1, "str", "/app"), (2, "u32", 2), (3, "str", "vol-0"), (4, "str", "data"), (5, "bool", True), (10, "bool", True)])])
    check(out.startswith("/app:\nhello\nmine\n"), "filled once", out, err)
    try:
        s.call("PLAN", (2, "msg", [(1, "str", "vol-9"), (2, "u32", 4)]))
        check(False)
    except GuestError as e:
        check(e.errno == 19, e)
        print("   ", e)
    step("a volume with a disk of its own: grown, filled from the image once")

    for argv, code in ((["nosuch"], 127), (["/etc/passwd"], 126)):
        id_ = f"bad{code}"
        s.call("PLAN", container(id_, *argv))
        try:
            s.call("START", (1, "str", id_))
            check(False, "start of nonsense worked")
        except GuestError as e:
            check(e.step == "exec" and e.errno == {127: 2, 126: 13}[code], e)
            print("   ", e)
        check(s.exited(id_) == code)
    for bad, errno in (((container("x", "true", layers=[(0, 1 << 50)])), 6), (container("one", "true"), 17), (container("../x", "true"), 22), ((3, "msg", [(1, "str", "y")]), 22)):
        try:
            s.call("PLAN", bad)
            check(False, "a bad plan was accepted")
        except GuestError as e:
            check(e.errno == errno, e)
            print("   ", e)
    step("refusals")

    s.call("PLAN", container("long", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 1 & wait $!; done", stdin=False), container("cat", "cat", stdin=True))
    s.call("START", (1, "str", "long"))
    s.call("START", (1, "str", "cat"))
    out, err, code = execute(s, "long", "sh", "-c", "echo out; echo err >&2; ps | head -3; exit 3")
    check(code == 3 and out.startswith("out\n") and err == "err\n" and "trap" in out, out, err, code)
    out, err, code = execute(s, "long", "sh", "-c", "id -u; cat", stdin=b"typed", user="u")
    check(out == "1000\ntyped", out)
    try:
        execute(s, "long", "nosuch")
        check(False)
    except GuestError as e:
        check(e.errno == 2 and e.step == "exec", e)
    step("exec")

    n, out = execute(s, "long", "sh", tty=True)
    t = s.stream(out)

    def expect(text, timeout=10):
        try:
            s.wait(lambda: text.encode() in t["data"], timeout)
        except TimeoutError:
            raise AssertionError(f"{text!r} not in {bytes(t['data'])!r}")
        del t["data"][:]

    s.write(out, b"stty size\n")
    expect("24 80")
    s.call("RESIZE_TTY", (1, "str", "long"), (2, "u32", n), (3, "u32", 50), (4, "u32", 132))
    s.write(out, b"stty size; sleep 100\n")
    expect("50 132")
    time.sleep(0.3)
    s.write(out, b"\x03")
    s.write(out, b"echo st''ill; tty; exit 4\n")
    expect("still")
    check(s.exited("long", n) == 4)
    s.wait_end(out)
    step("exec with a terminal: size, resize, Ctrl-C")

    size = 100 << 20 if "--big" in sys.argv else 8 << 20
    block = os.urandom(1 << 20)
    n = s.new_id()
    s.call("EXEC", (1, "str", "long"), (2, "u32", n), (3, "str", "cat"), (8, "bool", True), (9, "u32", 300), (10, "u32", 301))
    s.window(300, 0, 1 << 20)
    start = time.monotonic()

    def feed():
        for _ in range(size >> 20):
            s.write(300, block, 120)
        s.end(300)

    threading.Thread(target=feed).start()
    data = s.wait_end(300, 300)
    took = time.monotonic() - start
    check(hashlib.sha256(data).digest() == hashlib.sha256(block * (size >> 20)).digest(), "bytes differ", len(data))
    check(s.exited("long", n) == 0)
    step(f"{size >> 20} MiB through exec cat: {size / took / 1e6:.1f} MB/s")

    s.call("WRITE_FILES", (1, "str", "cfg"), (2, "msg", [(1, "str", "a"), (3, "bytes", b"1\n")]), (2, "msg", [(1, "str", "d/b"), (2, "u32", 0o400), (3, "bytes", b"2\n")]))
    s.call("PLAN", container("cfg", "sh", "-c", "while :; do sleep 1; done", extra=[(15, "msg", [(1, "str", "/cfg"), (2, "u32", 2), (3, "str", "cfg"), (5, "bool", True)]), (15, "msg", [(1, "str", "/file"), (2, "u32", 2), (3, "str", "cfg"), (4, "str", "a")])]))
    s.call("START", (1, "str", "cfg"))
    out, err, code = execute(s, "cfg", "sh", "-c", "cat /cfg/a /cfg/d/b /file; readlink /cfg/a; ls -a /cfg")
    check(out.startswith("1\n2\n1\n..data/a\n"), out, err)
    check(number(s.call("WRITE_FILES", (1, "str", "cfg"), (2, "msg", [(1, "str", "a"), (3, "bytes", b"1\n")]), (2, "msg", [(1, "str", "d/b"), (2, "u32", 0o400), (3, "bytes", b"2\n")]))[1][0]) == 0)
    check(number(s.call("WRITE_FILES", (1, "str", "cfg"), (2, "msg", [(1, "str", "a"), (3, "bytes", b"new\n")]), (2, "msg", [(1, "str", "c"), (3, "bytes", b"x" * 3000000)]))[1][0]) == 1)
    out, err, code = execute(s, "cfg", "sh", "-c", "cat /cfg/a; ls /cfg; ls -a /cfg | grep -c '^[.][.]2'; wc -c < /cfg/c")
    check(out == "new\na\nc\n1\n3000000\n", out, err)
    check(s.call("READ_FILE", (1, "str", "cfg"), (3, "str", "/cfg/a"))[1][0] == b"new\n")
    check(s.call("READ_FILE", (2, "str", "cfg"), (3, "str", "c"), (4, "u64", 10))[1][0] == b"x" * 10)
    for bad in ("../etc/passwd", "/a", "a//b", "..x"):
        try:
            s.call("WRITE_FILES", (1, "str", "cfg"), (2, "msg", [(1, "str", bad), (3, "bytes", b"")]))
            check(False, bad)
        except GuestError as e:
            check(e.errno == 22)
    step("WRITE_FILES swaps, READ_FILE")

    s.call("PLAN", container("srv", "sh", "-c", "while :; do echo 'hello from nc' | nc -l -p 8080; done"))
    s.call("START", (1, "str", "srv"))
    deadline = time.monotonic() + 10
    for i, address in enumerate(("10.88.0.5", "")):
        while True:
            id_ = s.new_id() + 40000
            try:
                s.call("CONNECT", (1, "u32", id_), (2, "str", address), (3, "u32", 8080))
                break
            except GuestError as e:
                check(e.errno == 111 and time.monotonic() < deadline, e)
                time.sleep(0.1)
        s.window(id_, 0, 65536)
        s.end(id_)
        check(s.wait_end(id_) == b"hello from nc\n", s.stream(id_))
    try:
        s.call("CONNECT", (1, "u32", 999999), (3, "u32", 9))
        check(False)
    except GuestError as e:
        check(e.errno == 111, e)
    step("CONNECT to the pod's address, to loopback, refused")

    st = s.call("STATS")
    mine = {fields_of(c)[1][0].decode(): fields_of(c) for c in st[3]}
    check(number(mine["long"][2][0]) > 0 and number(mine["long"][3][0]) > 0 and number(mine["long"][8][0]) >= 2, mine["long"])
    print("    memory", number(fields_of(st[2][0])[4][0]) >> 20, "MiB working set of the pod,", number(mine["long"][4][0]) >> 10, "KiB of long")
    s.call("UPDATE", (1, "str", "long"), (2, "msg", [(4, "u64", 32 << 20)]))
    step("STATS, UPDATE")

    s.call("PLAN", container("oom", "sh", "-c", "head -c 200000000 /dev/zero | tail", extra=[(19, "msg", [(4, "u64", 16 << 20), (1, "u64", 50000), (3, "u64", 512), (5, "u64", 50)])]))
    s.call("START", (1, "str", "oom"))
    check(s.exited("oom", timeout=60) == 137)
    listed = {fields_of(c)[1][0].decode(): fields_of(c) for c in s.call("LIST")[1]}
    check(number(listed["oom"][8][0]) == 1 and number(listed["oom"][7][0]) == 9, listed["oom"])
    kinds = [t for t, _ in list(s.events.queue)]
    check(TYPES["OOM"] in kinds, kinds)
    step("OOM")

    # ---- a host that dies while output flows
    s.call("PLAN", container("lines", "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo \"line $i\"; i=$((i+1)); done; exit 5"), container("quick", "sh", "-c", "sleep 0.2; echo gone; exit 6"))
    s.acknowledge = False
    s.call("OPEN", (1, "str", "lines"), (2, "u32", 1), (3, "u32", 500), (5, "u64", 1 << 30))
    s.call("OPEN", (1, "str", "cat"), (2, "u32", 0), (3, "u32", 502))
    s.write(502, b"before ")
    n, tty = execute(s, "long", "sh", tty=True)
    s.write(tty, b"echo pi")
    s.call("EXEC", (1, "str", "long"), (2, "u32", 7777), (3, "str", "sleep"), (3, "str", "1234"), (9, "u32", 600), (10, "u32", 601))
    s.call("START", (1, "str", "quick"))
    s.call("START", (1, "str", "lines"))
    log, kept, rounds = bytearray(), 0, 0
    st = s.stream(500)
    ended = False
    while not ended:
        target = len(st["data"]) + 15000 + 7919 * rounds % 9000
        try:
            s.wait(lambda: len(st["data"]) >= min(target, 40000) or st["end"] is not None, 30)
        except TimeoutError:
            pass
        with s.condition:
            data, at = bytes(st["data"]), st["at"]
            ended = st["end"] is not None and rounds > 8
        # The "log write", then the acknowledgement; then, sometimes in the middle of a frame, the host dies.
        log += data
        kept += len(data)
        if not ended:
            s.window(500, kept, 1 << 30)
            if rounds % 3 == 1:
                s.send(frame(502, "DATA", 0, struct.pack(">Q", 7) + b"never executed")[:20 + rounds % 10])
            if rounds % 3 == 2:
                s.send(frames_of("SIGNAL", 9, [(1, "str", "long"), (3, "u32", 9)])[:-1])
            s.close()
            rounds += 1
            s = Session(machine)
            s.acknowledge = False
            check(s.attach[2][0] == nonce, "instance")
            listed = {fields_of(c)[1][0].decode(): fields_of(c) for c in s.call("LIST")[1]}
            offsets = {number(fields_of(x)[1][0]): fields_of(x) for x in listed["lines"][10]}
            check(number(offsets[1][2][0]) <= kept, "acknowledged beyond what was kept")
            s.call("OPEN", (1, "str", "lines"), (2, "u32", 1), (3, "u32", 500), (4, "u64", kept), (5, "u64", 1 << 30))
            st = s.stream(500)
    expected = "".join(f"line {i}\n" for i in range(20000)).encode()
    check(bytes(log) == expected, len(log), len(expected))
    step(f"{rounds} hosts died while 20,000 lines flowed: each line once ({s.discarded} stale bytes skipped last)")
    deadline = time.monotonic() + 20
    while True:
        listed = {fields_of(c)[1][0].decode(): fields_of(c) for c in s.call("LIST")[1]}
        if number(listed["lines"][2][0]) == 3 or time.monotonic() > deadline:
            break
    check((number(listed["lines"][6][0]), number(listed["quick"][6][0])) == (5, 6), listed["lines"], listed["quick"])
    s.acknowledge = True
    s.call("OPEN", (1, "str", "cat"), (2, "u32", 0), (3, "u32", 2), (5, "u64", 0))
    s.call("OPEN", (1, "str", "cat"), (2, "u32", 1), (3, "u32", 3), (5, "u64", 1 << 20))
    s.stream(2)["sent"] = number([fields_of(x) for x in listed["cat"][10]][0][3][0])
    s.write(2, b"after\n")
    s.end(2)
    check(s.wait_end(3) == b"before after\n", s.stream(3))
    check(s.exited("cat") == 0)
    time.sleep(2.5)
    out, err, code = execute(s, "long", "ps")
    check("1234" not in out and out.count(" sh") <= 2, out)
    step("exit codes kept, stdin goes on, execs of dead sessions are gone")

    # ---- old bytes that look like anything
    s.close()
    for garbage in (frame(502, "DATA", 0, struct.pack(">Q", 0) + b"x" * 60000)[:-100], os.urandom(100000), b"\0\0\xff", HOST_MAGIC[:9], HOST_MAGIC + b"\0\0\0\x10", struct.pack(">I", 65532) + b"\0" * 5):
        s = Session(machine, garbage=garbage)
        s.call("HELLO")
        s.close()
    a = machine.connect()
    a.sendall(frame(0, "HELLO", 1) * 5000)
    a.close()
    s = Session(machine)
    s.call("HELLO")
    step("resynchronises behind garbage")

    s.call("SIGNAL", (1, "str", "long"), (3, "u32", 15))
    check(s.exited("long") == 9)
    s.call("REMOVE", (1, "str", "srv"))
    for id_ in ("long", "one", "lines", "nothing"):
        s.call("REMOVE", (1, "str", id_))
    listed = {fields_of(c)[1][0].decode() for c in s.call("LIST")[1]}
    check(not listed & {"srv", "long", "one", "lines"}, listed)
    out, err, code = run(s, "one", "sh", "-c", "ls /x; cat /proc/self/oom_score_adj")  # the name is free again, nothing of the first is left
    check(out == "0\n", out)
    out, err, code = run(s, "priv", "sh", "-c", "ls /dev/vda && mount -t tmpfs x /mnt && echo mounted; touch /sys/fs/cgroup/x 2>&1; grep CapEff /proc/self/status", extra=[(22, "bool", True), (5, "str", "/mnt")])
    check("/dev/vda\nmounted\n" in out, out, err)
    s.call("PLAN", container("term", "sh", "-c", "tty; stty size; read x; echo got $x; ls -l /dev/console", extra=[(16, "bool", True), (17, "bool", True), (25, "u32", 30), (26, "u32", 100), (27, "bool", True)]))
    s.call("OPEN", (1, "str", "term"), (2, "u32", 1), (3, "u32", 700), (5, "u64", 1 << 20))
    s.call("OPEN", (1, "str", "term"), (2, "u32", 0), (3, "u32", 701))
    s.write(701, b"yes\n")
    text = s.wait_end(700).decode()
    check("/dev/pts/0\r\n30 100\r\n" in text and "got yes" in text, text)
    step("signal, remove, privileged, container with a terminal")

    s.call("SHUTDOWN", (1, "u32", 3000))
    check(machine.process.wait(10) == 0)
    step("shutdown")
    for disk in ("scratch", "volume"):
        fsck = subprocess.run(["e2fsck", "-fn", os.path.join(machine.folder, disk)], capture_output=True, text=True)
        check(fsck.returncode == 0 and "recover" not in fsck.stdout, fsck.stdout, fsck.stderr)


machine = Machine(DEBIAN)
try:
    main()
except BaseException:
    print(machine.console_text()[-3000:])
    raise
finally:
    machine.close()
print(f"{len(passed)} steps passed")
