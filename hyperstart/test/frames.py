"""Frames and messages of the hyperstart protocol, written from PROTOCOL.md alone, for the development driver and the golden frames."""
import struct

HOST_MAGIC = b"\xf5\r\nHYPER-ATTACH\n"
GUEST_MAGIC = b"\xf5\r\nHYPER-GUEST=\n"
FILLER = bytes(65536)
MAX_FRAME = 65536
MAX_PAYLOAD = 65519
MORE = 1
ANSWER = 0x8000

TYPES = dict(ATTACH=1, HELLO=2, RESUME=3, NETWORK=4, PLAN=5, START=6, SIGNAL=7, EXEC=8, RESIZE_TTY=9, LIST=10, OPEN=11,
             REMOVE=12, UPDATE=13, STATS=14, WRITE_FILES=15, READ_FILE=16, CONNECT=17, SHUTDOWN=18, COPY=19, FORGET=20, GROW=21,
             DATA=0x2001, WINDOW=0x2002, END=0x2003, CLOSE=0x2004, EXITED=0x4001, OOM=0x4002, ERROR=0xFFFF)


def frame(stream, type_, request, payload=b"", flags=0):
    if isinstance(type_, str):
        type_ = TYPES[type_]
    assert len(payload) <= MAX_PAYLOAD
    return struct.pack(">IIHHI", 13 + len(payload), stream, type_, flags, request) + payload + b"\xa5"


def message(fields):
    """fields: list of (tag, kind, value); the value of a msg is such a list."""
    out = b""
    for tag, kind, value in fields:
        v = encode(kind, value)
        out += struct.pack(">HI", tag, len(v)) + v
    return out


def encode(kind, value):
    if kind == "bool":
        return b"\1" if value else b"\0"
    if kind == "u32":
        return struct.pack(">I", value)
    if kind == "u64":
        return struct.pack(">Q", value)
    if kind == "i64":
        return struct.pack(">q", value)
    if kind == "str":
        return value.encode()
    if kind == "bytes":
        return bytes(value)
    if kind == "msg":
        return message(value)
    raise ValueError(kind)


def frames_of(type_, request, fields):
    payload = message(fields)
    out = b""
    while len(payload) > MAX_PAYLOAD:
        out += frame(0, type_, request, payload[:MAX_PAYLOAD], MORE)
        payload = payload[MAX_PAYLOAD:]
    return out + frame(0, type_, request, payload)


def fields_of(payload):
    """tag -> list of raw values"""
    out, at = {}, 0
    while at < len(payload):
        tag, n = struct.unpack_from(">HI", payload, at)
        at += 6
        assert at + n <= len(payload), "field runs over"
        out.setdefault(tag, []).append(payload[at:at + n])
        at += n
    return out


def number(raw):
    return int.from_bytes(raw, "big")
