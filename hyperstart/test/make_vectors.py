#!/usr/bin/env python3
"""Writes ../vectors/*.txt. Run it after a change of PROTOCOL.md."""
import os
import struct
from frames import *

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
NONCE = bytes(range(16))


def quote(s):
    out = ""
    for c in s.encode():
        if c in b'"\\':
            out += "\\" + chr(c)
        elif c == 10:
            out += "\\n"
        elif 32 <= c < 127:
            out += chr(c)
        else:
            out += "\\x%02x" % c
    return '"' + out + '"'


def lines_of(fields):
    for tag, kind, value in fields:
        if kind == "msg":
            yield f"field: {tag} msg {{"
            yield from lines_of(value)
            yield "}"
        elif kind == "str":
            yield f"field: {tag} str {quote(value)}"
        elif kind == "bytes":
            yield f"field: {tag} bytes {bytes(value).hex() or '-'}"
        else:
            yield f"field: {tag} {kind} {int(value)}"


def hex_lines(data):
    h = data.hex()
    return [f"hex: {h[i:i + 128]}" for i in range(0, len(h), 128)]


class File:
    def __init__(self, name, title):
        self.path = os.path.join(HERE, name)
        self.out = [f"# {title}", ""]

    def block(self, *lines):
        self.out += [*lines, ""]

    def message(self, name, type_, request, fields, flags=0):
        number_ = TYPES[type_.removesuffix(".answer")] | (ANSWER if type_.endswith(".answer") else 0)
        self.block(f"name: {name}", *hex_lines(frame(0, number_, request, message(fields), flags)),
                   "stream: 0", f"type: {type_}", f"flags: {flags}", f"request: {request}", *lines_of(fields))

    def raw(self, name, type_, stream, payload):
        self.block(f"name: {name}", *hex_lines(frame(stream, type_, 0, payload)),
                   f"stream: {stream}", f"type: {type_}", "flags: 0", "request: 0", f"raw: {payload.hex()}")

    def bad(self, name, reason, data):
        self.block(f"name: {name}", f"bad: {reason}", *hex_lines(data))

    def close(self):
        with open(self.path, "w") as f:
            f.write("\n".join(self.out).rstrip("\n") + "\n")


def container():
    return [
        (1, "str", "web"),
        (2, "msg", [(1, "u64", 0), (2, "u64", 1134592)]),
        (2, "msg", [(1, "u64", 1134592), (2, "u64", 4096), (3, "str", "erofs")]),
        (3, "str", "/bin/sh"), (3, "str", "-c"), (3, "str", "echo \"grüß\" \\ ok\n"),
        (4, "str", "PATH=/bin:/usr/bin"), (4, "str", "EMPTY="),
        (5, "str", "/srv"), (6, "str", "1000:2000"), (7, "u32", 3000), (7, "u32", 3001),
        (8, "u64", 0xA80425FB), (9, "u64", 0), (10, "bool", True),
        (11, "msg", [(1, "u32", 7), (2, "u64", 1024), (3, "u64", 2**64 - 1)]),
        (12, "bool", True), (13, "str", "/proc/kcore"), (14, "str", "/proc/sys"),
        (15, "msg", [(1, "str", "/tmp"), (2, "u32", 1), (6, "u64", 1 << 20), (7, "u32", 0o1777)]),
        (15, "msg", [(1, "str", "/etc/config"), (2, "u32", 2), (3, "str", "config"), (4, "str", "a/b"), (5, "bool", True)]),
        (15, "msg", [(1, "str", "/var/lib/db"), (2, "u32", 2), (3, "str", "vol-0"), (4, "str", "data"), (10, "bool", True)]),
        (16, "bool", False), (17, "bool", True), (18, "bool", True),
        (19, "msg", [(1, "u64", 50000), (2, "u64", 100000), (3, "u64", 512), (4, "u64", 64 << 20), (5, "u64", 100), (6, "str", "0-1")]),
        (20, "i64", -997), (21, "bytes", bytes.fromhex("06000000" "0000ff7f")), (23, "bool", True), (27, "bool", True),
        (28, "bool", True), (29, "msg", [(1, "str", "/dev/net/tap"), (2, "str", "/dev/net/tun")])]


def requests():
    f = File("requests.txt", "Requests, host to guest.")
    f.block("name: preamble-host", "preamble: host", f"nonce: {NONCE.hex()}",
            *hex_lines(HOST_MAGIC + frame(0, "ATTACH", 1, message([(1, "bytes", NONCE), (2, "u32", 1)]))))
    f.message("attach", "ATTACH", 1, [(1, "bytes", NONCE), (2, "u32", 1)])
    f.message("hello", "HELLO", 2, [])
    f.message("resume", "RESUME", 3, [(1, "bytes", NONCE), (2, "u64", 1795470000123456789), (3, "bytes", bytes(range(32))),
                                      (4, "str", "web-0"), (5, "str", "0123456789abcdef0123456789abcdef")])
    f.message("network", "NETWORK", 4, [(1, "str", "0a:58:0a:58:00:05"), (2, "str", "eth0"), (3, "u32", 1450), (4, "str", "10.88.0.5/24"),
                                        (4, "str", "fd00:88::5/64"), (5, "msg", [(1, "str", "0.0.0.0/0"), (2, "str", "10.88.0.1")]),
                                        (5, "msg", [(1, "str", "169.254.0.0/16")])])
    f.message("plan-pod", "PLAN", 5, [
        (1, "msg", [(1, "str", "web-0"), (2, "str", "10.88.0.1"), (3, "str", "default.svc.cluster.local"), (3, "str", "cluster.local"),
                    (4, "str", "ndots:5"), (5, "bytes", b"127.0.0.1 localhost\n"), (6, "msg", [(1, "str", "net.core.somaxconn"), (2, "str", "1024")]),
                    (7, "u64", 64 << 20)]),
        (2, "msg", [(1, "str", "data"), (2, "u32", 1)]), (2, "msg", [(1, "str", "cache"), (2, "u32", 2), (3, "u64", 1 << 20), (4, "u32", 0o700), (5, "u32", 10), (6, "u32", 20)]),
        (2, "msg", [(1, "str", "config"), (2, "u32", 3)]), (2, "msg", [(1, "str", "vol-0"), (2, "u32", 4)]),
        (3, "msg", container())])
    f.message("plan-container-small", "PLAN", 6, [(3, "msg", [(1, "str", "b"), (2, "msg", [(1, "u64", 0), (2, "u64", 512)]), (3, "str", "true")])])
    f.message("plan-image", "PLAN", 24, [(3, "msg", [
        (1, "str", "tool"), (2, "msg", [(1, "u64", 0), (2, "u64", 512)]), (3, "str", "true"),
        (15, "msg", [(1, "str", "/mnt/image"), (2, "u32", 3), (4, "str", "usr"), (9, "msg", [(1, "u64", 512), (2, "u64", 1024)]),
                     (9, "msg", [(1, "u64", 1536), (2, "u64", 512), (3, "str", "erofs")])])])])
    f.message("start", "START", 7, [(1, "str", "web")])
    f.message("signal", "SIGNAL", 8, [(1, "str", "web"), (2, "u32", 0), (3, "u32", 15), (4, "bool", True)])
    f.message("exec-tty", "EXEC", 9, [(1, "str", "web"), (2, "u32", 41), (3, "str", "sh"), (4, "str", "TERM=xterm"), (5, "str", "/"), (6, "str", "root"),
                                      (7, "bool", True), (8, "bool", True), (9, "u32", 100), (11, "u32", 24), (12, "u32", 80)])
    f.message("exec", "EXEC", 10, [(1, "str", "web"), (2, "u32", 42), (3, "str", "cat"), (8, "bool", True), (9, "u32", 101), (10, "u32", 102)])
    f.message("resize-tty", "RESIZE_TTY", 11, [(1, "str", "web"), (2, "u32", 41), (3, "u32", 50), (4, "u32", 132)])
    f.message("list", "LIST", 12, [])
    f.message("open", "OPEN", 13, [(1, "str", "web"), (2, "u32", 1), (3, "u32", 7), (4, "u64", 123456789012), (5, "u64", 123456789012 + 262144)])
    f.message("remove", "REMOVE", 14, [(1, "str", "web")])
    f.message("update", "UPDATE", 15, [(1, "str", "web"), (2, "msg", [(1, "u64", 20000), (2, "u64", 100000), (4, "u64", 128 << 20)])])
    f.message("stats", "STATS", 16, [])
    f.message("write-files", "WRITE_FILES", 17, [(1, "str", "config"), (2, "msg", [(1, "str", "app.properties"), (2, "u32", 0o644), (3, "bytes", b"a=1\n")]),
                                                 (2, "msg", [(1, "str", "d/empty"), (2, "u32", 0o400), (3, "bytes", b""), (4, "u32", 1000), (5, "u32", 1000)]), (3, "u32", 0)])
    f.message("write-tree", "WRITE_FILES", 25, [(1, "str", "copy"), (2, "msg", [(1, "str", "d"), (2, "u32", 0o40755)]),
                                                (2, "msg", [(1, "str", "d/link"), (2, "u32", 0o120777), (3, "bytes", b"../file")]), (3, "u32", 1)])
    f.message("read-file", "READ_FILE", 18, [(1, "str", "web"), (3, "str", "/dev/termination-log"), (4, "u64", 4096)])
    f.message("connect", "CONNECT", 19, [(1, "u32", 9), (2, "str", "10.88.0.5"), (3, "u32", 8080), (4, "u32", 1000)])
    f.message("shutdown", "SHUTDOWN", 20, [(1, "u32", 30000)])
    f.message("copy-out", "COPY", 24, [(1, "str", "web"), (2, "u32", 43), (3, "u32", 1), (4, "str", "/etc"), (5, "str", "conf"), (9, "u32", 103), (10, "u32", 104)])
    f.message("copy-in", "COPY", 25, [(1, "str", "web"), (2, "u32", 44), (3, "u32", 2), (4, "str", "/srv"), (6, "bool", True), (7, "bool", True), (8, "u32", 1000),
                                      (9, "u32", 105), (10, "u32", 106), (11, "u32", 1001)])
    f.message("update-pod", "UPDATE", 26, [(2, "msg", [(1, "u64", 200000), (2, "u64", 100000), (4, "u64", 256 << 20)])])
    f.message("forget", "FORGET", 27, [])
    f.message("grow", "GROW", 28, [(1, "str", "pv-0"), (2, "u64", 3 << 30)])
    f.message("more-part", "PLAN", 21, [(3, "msg", [(1, "str", "c")])], MORE)
    f.message("unknown-tag-ignored", "START", 22, [(1, "str", "web"), (0x7001, "bytes", b"\1\2\3")])
    f.message("unknown-tag-critical", "START", 23, [(1, "str", "web"), (0x8001, "u32", 1)])
    f.close()


def answers():
    f = File("answers.txt", "Answers and events, guest to host.")
    f.block("name: preamble-guest", "preamble: guest", f"nonce: {NONCE.hex()}",
            *hex_lines(GUEST_MAGIC + NONCE + frame(0, 0x8001, 1, message([(1, "u32", 1), (2, "bytes", NONCE[::-1])]))))
    f.message("attach-answer", "ATTACH.answer", 1, [(1, "u32", 1), (2, "bytes", NONCE[::-1])])
    f.message("attach-answer-fresh", "ATTACH.answer", 1, [(1, "u32", 1)])
    f.message("hello-answer", "HELLO.answer", 2, [(1, "str", "1"), (2, "str", "6.1.0-56-cloud-amd64"), (3, "u64", 1234567890),
                                                  (4, "msg", [(1, "str", "init"), (2, "u64", 400000000)]), (4, "msg", [(1, "str", "port"), (2, "u64", 431000000)]),
                                                  (5, "str", "cgroup2"), (5, "str", "blkpg")])
    f.message("empty-answer", "NETWORK.answer", 4, [])
    f.message("plan-answer", "PLAN.answer", 5, [(1, "msg", [(1, "str", "web")])])
    f.message("start-answer", "START.answer", 7, [(1, "u32", 57), (2, "u64", 1795470000123456789), (3, "u32", 1000), (4, "u32", 2000), (5, "u32", 3000), (5, "u32", 3001)])
    f.message("exec-answer", "EXEC.answer", 9, [(1, "u32", 58)])
    f.message("list-answer", "LIST.answer", 12, [
        (1, "msg", [(1, "str", "web"), (2, "u32", 2), (3, "u32", 57), (4, "u64", 1795470000123456789), (9, "bool", False),
                    (10, "msg", [(1, "u32", 0), (2, "u64", 3), (3, "u64", 3), (4, "bool", False)]),
                    (10, "msg", [(1, "u32", 1), (2, "u64", 100), (3, "u64", 5000000000), (4, "bool", False)]),
                    (10, "msg", [(1, "u32", 2), (2, "u64", 0), (3, "u64", 0), (4, "bool", True)]), (11, "u32", 1000), (12, "u32", 2000), (13, "u32", 3000)]),
        (1, "msg", [(1, "str", "init"), (2, "u32", 3), (3, "u32", 0), (4, "u64", 1), (5, "u64", 2), (6, "u32", 137), (7, "u32", 9), (8, "bool", True)]),
        (2, "msg", [(1, "str", "config"), (2, "u32", 3)])])
    f.message("open-answer", "OPEN.answer", 13, [(1, "u64", 100), (2, "u64", 5000000000), (3, "bool", False)])
    pod = [(2, "u64", 5000000), (3, "u64", 1000000), (4, "u64", 900000), (5, "u64", 800000), (6, "u64", 70), (7, "u64", 6), (8, "u32", 5), (9, "u64", 4096), (10, "u64", 3),
           (16, "u64", 1 << 20), (17, "u64", 4096), (18, "u64", 20), (19, "u64", 1), (20, "u64", 9), (21, "u64", 4), (22, "u64", 77000)]
    f.message("stats-answer", "STATS.answer", 16, [(1, "u64", 1795470000123456789), (2, "msg", pod + [(11, "u64", 90000000), (12, "u64", 0), (13, "msg", [
        (1, "str", "eth0"), (2, "u64", 1), (3, "u64", 2), (4, "u64", 3), (5, "u64", 4), (6, "u64", 5), (7, "u64", 6), (8, "u64", 7), (9, "u64", 8)]), (14, "u64", 10 << 30), (15, "u64", 9 << 30)]), (3, "msg", [(1, "str", "web")] + pod + [
        (23, "msg", [(i, "u64", 100 + i) for i in range(1, 9)] + [(9, "u32", 2), (10, "u32", 30), (11, "u32", 4)])])])
    f.message("write-files-answer", "WRITE_FILES.answer", 17, [(1, "bool", True)])
    f.message("read-file-answer", "READ_FILE.answer", 18, [(1, "bytes", b"bye\n"), (2, "u64", 4), (3, "u32", 0o100644)])
    f.message("error", "ERROR", 7, [(1, "u32", 2), (2, "str", "exec"), (3, "str", "container web: nosuch: not found in PATH=/bin:/usr/bin")])
    f.message("exited", "EXITED", 0, [(1, "str", "web"), (2, "u32", 0), (3, "u32", 137), (4, "u32", 9), (5, "bool", True), (6, "u64", 1795470000123456789)])
    f.message("exited-unstarted", "EXITED", 0, [(1, "str", "web"), (2, "u32", 0), (3, "u32", 127), (4, "u32", 0), (5, "bool", False), (6, "u64", 1795470000123456789), (7, "str", "container web: nosuch: not found in PATH=/bin:/usr/bin")])
    f.message("exited-exec", "EXITED", 0, [(1, "str", "web"), (2, "u32", 41), (3, "u32", 1), (4, "u32", 0), (5, "bool", False), (6, "u64", 1795470000123456789)])
    f.message("oom", "OOM", 0, [(1, "str", "web"), (2, "u64", 1)])
    f.close()


def streams():
    f = File("streams.txt", "Frames of streams, either way.")
    f.raw("data", "DATA", 7, struct.pack(">Q", 0) + b"hello\n")
    f.raw("data-far", "DATA", 0xFFFFFFFF, struct.pack(">Q", 5000000000) + bytes(range(256)))
    f.raw("window", "WINDOW", 7, struct.pack(">QQ", 6, 6 + 262144))
    f.raw("end", "END", 7, struct.pack(">QI", 6, 0))
    f.raw("end-error", "END", 7, struct.pack(">QI", 6, 104))
    f.raw("close", "CLOSE", 7, b"")
    f.raw("data-with-magic", "DATA", 7, struct.pack(">Q", 0) + HOST_MAGIC + FILLER[:32])
    f.close()


def bad():
    f = File("bad.txt", "What must not be accepted.")
    good = frame(0, "START", 7, message([(1, "str", "web")]))
    f.bad("trailer-zero", "frame trailer", good[:-1] + b"\0")
    f.bad("length-zero", "frame length", bytes(17))
    f.bad("length-12", "frame length", struct.pack(">IIHHI", 12, 0, 6, 0, 7)[:16])
    f.bad("length-65533", "frame length", struct.pack(">IIHHI", 65533, 0, 6, 0, 7) + b"\xa5")
    f.bad("length-huge", "frame length", struct.pack(">IIHHI", 0xFFFFFFFF, 0, 6, 0, 7) + b"\xa5")
    f.bad("flag-unknown", "frame flag", frame(0, "START", 7, message([(1, "str", "web")]), 2))
    f.bad("flag-high", "frame flag", frame(0, "START", 7, message([(1, "str", "web")]), 0x8000))
    f.bad("magic-as-frame", "frame length", HOST_MAGIC)
    f.bad("field-short", "message field header cut", frame(0, "START", 7, b"\0\1\0\0\0"))
    f.bad("field-runs-over", "message field longer than the message", frame(0, "START", 7, struct.pack(">HI", 1, 4) + b"web"))
    f.bad("field-huge", "message field longer than the message", frame(0, "START", 7, struct.pack(">HI", 1, 0xFFFFFFFF) + b"web"))
    f.bad("filler-completes-data", "frame trailer", (frame(7, "DATA", 0, struct.pack(">Q", 0) + b"stdin of a dead session")[:30] + FILLER)[:48])
    f.close()


requests()
answers()
streams()
bad()
