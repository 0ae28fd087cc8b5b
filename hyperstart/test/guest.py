"""A host for development: boots hyperstart in QEMU and speaks the protocol. Not part of the product; the lasting tests are in Java."""
import os
import queue
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from frames import *

HERE = os.path.dirname(os.path.abspath(__file__))
DEBIAN_MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "failover", "net_failover", "virtio_net", "virtio_console", "virtio-rng", "squashfs", "overlay",
                  "crc16", "mbcache", "jbd2", "crc32c_generic", "libcrc32c", "ext4"]


class GuestError(Exception):
    def __init__(self, fields):
        self.errno, self.step, self.text = number(fields[1][0]), fields[2][0].decode(), fields[3][0].decode()
        super().__init__(f"errno {self.errno} at {self.step}: {self.text}")


def tsc_khz():
    """Without it Debian's kernel calibrates against the PIT, fails on a busy host and hangs."""
    return next(int(float(line.split(":")[1]) * 1000) for line in open("/proc/cpuinfo") if "MHz" in line)


def cpio(entries):
    out = b""
    for i, (name, mode, data) in enumerate(entries + [("TRAILER!!!", 0, b"")]):
        n = name.encode() + b"\0"
        head = b"070701" + b"".join(b"%08x" % v for v in (i + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(n), 0)) + n
        out += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return out


def initramfs(path, kernel_release):
    entries = [("init", 0o100755, open(os.path.join(HERE, "../build/hyperstart"), "rb").read()), ("dev", 0o040755, b""),
               ("proc", 0o040755, b""), ("sys", 0o040755, b"")]
    if kernel_release:
        entries += [("lib", 0o040755, b""), ("lib/modules", 0o040755, b"")]
        order = []
        for m in DEBIAN_MODULES:
            found = subprocess.run(["find", f"/lib/modules/{kernel_release}", "-name", m + ".ko"], capture_output=True, text=True).stdout.split()
            if found:
                entries.append((f"lib/modules/{m}.ko", 0o100644, open(found[0], "rb").read()))
                order.append(f"/lib/modules/{m}.ko")
        entries.append(("lib/modules/order", 0o100644, ("\n".join(order) + "\n").encode()))
    open(path, "wb").write(cpio(entries))


def busybox_layer(folder):
    root = os.path.join(folder, "root")
    for d in ("bin", "etc", "tmp", "home/u"):
        os.makedirs(os.path.join(root, d))
    shutil.copy("/bin/busybox", os.path.join(root, "bin/busybox"))
    for name in subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True).stdout.split():
        if name != "busybox":
            os.symlink("busybox", os.path.join(root, "bin", name))
    open(os.path.join(root, "etc/passwd"), "w").write("root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000::/home/u:/bin/sh\n")
    open(os.path.join(root, "etc/group"), "w").write("root:x:0:\nu:x:1000:\nextra:x:77:u\n")
    os.symlink("/", os.path.join(root, "etc/up"))
    image = os.path.join(folder, "base.squashfs")
    subprocess.run(["mksquashfs", root, image, "-comp", "lz4", "-noappend", "-all-root", "-quiet"], check=True, stdout=subprocess.DEVNULL)
    top = os.path.join(folder, "top")
    os.makedirs(os.path.join(top, "app"))
    open(os.path.join(top, "app/hello"), "w").write("from the second layer\n")
    image2 = os.path.join(folder, "top.squashfs")
    subprocess.run(["mksquashfs", top, image2, "-comp", "lz4", "-noappend", "-all-root", "-quiet"], check=True, stdout=subprocess.DEVNULL)
    return [image, image2]


class Machine:
    def __init__(self, debian=False):
        self.folder = tempfile.mkdtemp(prefix="hyperstart-")
        images = busybox_layer(self.folder)
        self.extents, at = [], 0
        with open(os.path.join(self.folder, "layers"), "wb") as f:
            for i in images:
                data = open(i, "rb").read()
                data += bytes(-len(data) % 4096)
                f.write(data)
                self.extents.append((at, len(data)))
                at += len(data)
        scratch = os.path.join(self.folder, "scratch")
        subprocess.run(["truncate", "-s", "1G", scratch], check=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1", scratch], check=True)
        volume = os.path.join(self.folder, "volume")
        subprocess.run(["truncate", "-s", "64M", volume], check=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", volume], check=True)
        subprocess.run(["truncate", "-s", "256M", volume], check=True)
        release = sorted(os.listdir("/lib/modules"))[-1] if debian else None
        initramfs(os.path.join(self.folder, "initramfs"), release)
        kernel = f"/boot/vmlinuz-{release}" if debian else os.environ.get("KERNEL", "/var/tmp/kb/vmlinux")
        self.socket_path = os.path.join(self.folder, "hyper.sock")
        self.console = open(os.path.join(self.folder, "console"), "wb")
        self.process = subprocess.Popen([
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-M", f"microvm,acpi={'on' if debian else 'off'},pit=on,pic=on,rtc=on,isa-serial=on,auto-kernel-cmdline=on,x-option-roms=off",
            "-global", "virtio-mmio.force-legacy=false", "-accel", "tcg,tb-size=64", "-cpu", "max", "-smp", "1", "-m", "256M" if debian else "128M",
            "-kernel", kernel, "-initrd", os.path.join(self.folder, "initramfs"),
            "-append", "console=ttyS0 " + os.environ.get("QUIET", "quiet") + f" tsc_early_khz={tsc_khz()} panic=-1 reboot=t tsc=reliable random.trust_cpu=on rcupdate.rcu_expedited=1 net.ifnames=0",
            "-serial", "stdio",
            "-blockdev", f"driver=raw,node-name=d0,read-only=on,file.driver=file,file.filename={self.folder}/layers,file.locking=off",
            "-device", "virtio-blk-device,drive=d0,serial=layers",
            "-blockdev", f"driver=raw,node-name=d1,file.driver=file,file.filename={scratch}", "-device", "virtio-blk-device,drive=d1,serial=scratch",
            "-blockdev", f"driver=raw,node-name=d2,file.driver=file,file.filename={volume}", "-device", "virtio-blk-device,drive=d2,serial=vol-0",
            "-netdev", "hubport,id=n0,hubid=0", "-device", "virtio-net-device,netdev=n0,mac=52:54:00:00:00:01",
            "-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-device,rng=rng0",
            "-chardev", f"socket,id=ch,path={self.socket_path},server=on,wait=off", "-device", "virtio-serial-device,id=vs,max_ports=8",
            "-device", "virtserialport,chardev=ch,name=hyper,bus=vs.0"], stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console)
        self.started = time.monotonic()

    def connect(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                s = socket.socket(socket.AF_UNIX)
                s.connect(self.socket_path)
                return s
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def console_text(self):
        self.console.flush()
        return open(os.path.join(self.folder, "console"), errors="replace").read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.console.close()
        shutil.rmtree(self.folder)


class Session:
    """One connection. Streams are collected in memory; windows are given at once unless told otherwise."""

    def __init__(self, machine, filler=True, garbage=b"", timeout=20):
        self.s = machine.connect()
        self.lock = threading.Lock()
        self.answers, self.streams, self.events = {}, {}, queue.Queue()
        self.next = 1
        self.condition = threading.Condition()
        self.nonce = os.urandom(16)
        self.acknowledge = True
        self.ended = False
        self.s.settimeout(timeout)
        self.s.sendall(garbage + (FILLER if filler else b"") + HOST_MAGIC + frame(0, "ATTACH", self.new_id(), message([(1, "bytes", self.nonce), (2, "u32", 1)])))
        want, seen = GUEST_MAGIC + self.nonce, b""
        while want not in seen:
            got = self.s.recv(65536)
            if not got:
                raise EOFError
            seen += got
        self.discarded = seen.index(want)
        self.rest = seen[self.discarded + len(want):]
        self.s.settimeout(None)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()
        self.attach = self.wait_answer(1)

    def new_id(self):
        with self.lock:
            self.next += 1
            return self.next - 1

    def read(self):
        data = self.rest
        parts = {}
        try:
            while True:
                while len(data) >= 4:
                    n = number(data[:4]) + 4
                    if len(data) < n:
                        break
                    assert 17 <= n <= MAX_FRAME and data[n - 1] == 0xA5, "bad frame from the guest"
                    stream, type_, flags, request = struct.unpack(">IHHI", data[4:16])
                    payload = data[16:n - 1]
                    data = data[n:]
                    if stream:
                        self.stream_frame(stream, type_, payload)
                        continue
                    parts[request] = parts.get(request, b"") + payload
                    if flags & MORE:
                        continue
                    fields = fields_of(parts.pop(request))
                    with self.condition:
                        if request:
                            self.answers[request] = (type_, fields)
                        else:
                            self.events.put((type_, fields))
                        self.condition.notify_all()
                got = self.s.recv(1 << 20)
                if not got:
                    break
                data += got
        except OSError:
            pass
        with self.condition:
            self.ended = True
            self.condition.notify_all()

    def stream_frame(self, id_, type_, payload):
        with self.condition:
            st = self.streams.setdefault(id_, dict(data=bytearray(), at=None, end=None, closed=False, limit=0, acknowledged=0))
            if type_ == TYPES["DATA"]:
                offset = number(payload[:8])
                assert st["at"] is None or st["at"] == offset, (id_, st["at"], offset)
                st["data"] += payload[8:]
                st["at"] = offset + len(payload) - 8
                if self.acknowledge:
                    self.window(id_, st["at"], st["at"] + (1 << 20))
            elif type_ == TYPES["WINDOW"]:
                st["acknowledged"], st["limit"] = number(payload[:8]), number(payload[8:])
            elif type_ == TYPES["END"]:
                st["end"] = (number(payload[:8]), number(payload[8:]))
            elif type_ == TYPES["CLOSE"]:
                st["closed"] = True
            self.condition.notify_all()

    def send(self, data):
        with self.lock:
            self.s.sendall(data)

    def window(self, id_, acknowledged, limit):
        self.send(frame(id_, "WINDOW", 0, struct.pack(">QQ", acknowledged, limit)))

    def ask(self, type_, *fields):
        id_ = self.new_id()
        self.send(frames_of(type_, id_, list(fields)))
        return id_

    def wait(self, condition, timeout=20):
        with self.condition:
            if not self.condition.wait_for(lambda: condition() or self.ended, timeout) or not condition():
                raise TimeoutError
        return True

    def wait_answer(self, id_, timeout=20):
        self.wait(lambda: id_ in self.answers, timeout)
        type_, fields = self.answers.pop(id_)
        if type_ == TYPES["ERROR"]:
            raise GuestError(fields)
        return fields

    def call(self, type_, *fields, timeout=20):
        return self.wait_answer(self.ask(type_, *fields), timeout)

    def stream(self, id_):
        return self.streams.setdefault(id_, dict(data=bytearray(), at=None, end=None, closed=False, limit=0, acknowledged=0))

    def write(self, id_, data, timeout=60):
        st = self.stream(id_)
        at = st.setdefault("sent", 0)
        while data:
            self.wait(lambda: st["limit"] > at or st["closed"], timeout)
            if st["closed"]:
                raise BrokenPipeError
            n = min(len(data), st["limit"] - at, 32768)
            self.send(frame(id_, "DATA", 0, struct.pack(">Q", at) + data[:n]))
            data = data[n:]
            at += n
            st["sent"] = at

    def end(self, id_):
        self.send(frame(id_, "END", 0, struct.pack(">QI", self.stream(id_).get("sent", 0), 0)))

    def wait_end(self, id_, timeout=60):
        st = self.stream(id_)
        self.wait(lambda: st["end"] is not None or st["closed"], timeout)
        return bytes(st["data"])

    def exited(self, container, exec_=0, timeout=20):
        deadline, kept = time.monotonic() + timeout, []
        try:
            while True:
                type_, f = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
                if type_ == TYPES["EXITED"] and f[1][0].decode() == container and number(f[2][0]) == exec_:
                    return number(f[3][0])
                kept.append((type_, f))
        finally:
            for k in kept:
                self.events.put(k)

    def close(self):
        try:
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.s.close()
        self.thread.join()
