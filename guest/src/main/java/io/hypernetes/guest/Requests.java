package io.hypernetes.guest;

import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/// Payloads of the requests; fields in the order of their tags.
final class Requests {
    private Requests() {}

    static byte[] attach(byte[] nonce) {
        return new MessageWriter().bytes(1, nonce).u32(2, 1).toBytes();
    }

    static byte[] resume(Resume resume) {
        return new MessageWriter()
                .bytes(1, resume.nonce())
                .u64(2, resume.wallNanos())
                .bytes(3, resume.entropy())
                .strUnlessEmpty(4, resume.hostname())
                .strUnlessEmpty(5, resume.machineId())
                .toBytes();
    }

    static byte[] network(NetworkConfig network) {
        MessageWriter message = new MessageWriter()
                .strUnlessEmpty(1, network.mac())
                .strUnlessEmpty(2, network.interfaceName())
                .u32UnlessZero(3, network.mtu())
                .strs(4, network.addresses());
        network.routes()
                .forEach(route -> message.message(5, it -> it.str(1, route.destination()).strUnlessEmpty(2, route.gateway())));
        return message.toBytes();
    }

    static byte[] plan(PodPlan plan) {
        MessageWriter message = new MessageWriter();
        PodSettings pod = plan.pod();
        if (pod != null) {
            message.message(1, it -> pod(it, pod));
        }
        plan.volumes().forEach(volume -> message.message(2, it -> volume(it, volume)));
        plan.containers().forEach(container -> message.message(3, it -> container(it, container)));
        return message.toBytes();
    }

    private static void pod(MessageWriter message, PodSettings pod) {
        message.strUnlessEmpty(1, pod.hostname())
                .strs(2, pod.nameservers())
                .strs(3, pod.searches())
                .strs(4, pod.options());
        String hosts = pod.hosts();
        if (hosts != null) {
            message.bytes(5, hosts.getBytes(StandardCharsets.UTF_8));
        }
        new TreeMap<>(pod.sysctls()).forEach((name, value) -> message.message(6, it -> it.str(1, name).str(2, value)));
        message.u64UnlessZero(7, pod.shmBytes()).strUnlessEmpty(8, pod.domain());
    }

    private static void volume(MessageWriter message, VolumeSpec volume) {
        message.str(1, volume.name()).u32(2, volume.kind().number).u64UnlessZero(3, volume.bytes());
        if (volume.mode() != VolumeSpec.DEFAULT_MODE) {
            message.u32(4, volume.mode());
        }
        message.u32UnlessZero(5, volume.uid()).u32UnlessZero(6, volume.gid()).boolIfTrue(7, volume.keepGroup());
    }

    private static void container(MessageWriter message, ContainerSpec container) {
        message.str(1, container.id());
        container.layers().forEach(layer -> message.message(2, it -> layer(it, layer)));
        message.strs(3, container.arguments())
                .strs(4, container.environment())
                .strUnlessEmpty(5, container.directory())
                .strUnlessEmpty(6, container.user());
        container.groups().forEach(group -> message.u32(7, group));
        message.u64UnlessZero(8, container.capabilities())
                .u64UnlessZero(9, container.ambientCapabilities())
                .boolIfTrue(10, container.noNewPrivileges());
        for (ContainerSpec.Rlimit limit : container.rlimits()) {
            message.message(11, it -> it.u32(1, limit.resource()).u64(2, limit.soft()).u64(3, limit.hard()));
        }
        message.boolIfTrue(12, container.readOnlyRoot())
                .strs(13, container.maskedPaths())
                .strs(14, container.readOnlyPaths());
        container.mounts().forEach(mount -> message.message(15, it -> mount(it, mount)));
        message.boolIfTrue(16, container.tty())
                .boolIfTrue(17, container.stdin())
                .boolIfTrue(18, container.stdinOnce());
        if (!container.resources().equals(Resources.UNLIMITED)) {
            message.message(19, it -> resources(it, container.resources()));
        }
        message.u64UnlessZero(20, container.oomScoreAdjust())
                .bytesUnlessEmpty(21, container.seccomp())
                .boolIfTrue(22, container.privileged());
        String pidNamespaceOf = container.pidNamespaceOf();
        if (pidNamespaceOf != null) {
            message.bool(23, true).strUnlessEmpty(24, pidNamespaceOf);
        }
        message.u32UnlessZero(25, container.rows())
                .u32UnlessZero(26, container.columns())
                .boolIfTrue(27, container.startAtOnce())
                .boolIfTrue(28, container.strictGroups());
        for (ContainerSpec.Device device : container.devices()) {
            message.message(29, it -> it.str(1, device.path()).str(2, device.source()));
        }
    }

    private static void layer(MessageWriter message, ContainerSpec.Layer layer) {
        message.u64(1, layer.offsetBytes()).u64(2, layer.lengthBytes());
        if (!layer.type().equals("squashfs")) {
            message.strUnlessEmpty(3, layer.type());
        }
    }

    private static void mount(MessageWriter message, MountSpec mount) {
        message.str(1, mount.destination());
        switch (mount) {
            case MountSpec.Tmpfs tmpfs -> {
                message.u32(2, 1).boolIfTrue(5, tmpfs.readOnly()).u64UnlessZero(6, tmpfs.bytes());
                if (tmpfs.mode() != VolumeSpec.DEFAULT_MODE) {
                    message.u32(7, tmpfs.mode());
                }
                message.boolIfTrue(8, tmpfs.noExec());
            }
            case MountSpec.Volume volume -> message.u32(2, 2)
                    .str(3, volume.volume())
                    .strUnlessEmpty(4, volume.subPath())
                    .boolIfTrue(5, volume.readOnly())
                    .boolIfTrue(8, volume.noExec())
                    .boolIfTrue(10, volume.seed());
            case MountSpec.Image image -> {
                message.u32(2, 3).strUnlessEmpty(4, image.subPath());
                image.layers().forEach(layer -> message.message(9, it -> layer(it, layer)));
            }
        }
    }

    private static void resources(MessageWriter message, Resources resources) {
        message.u64UnlessZero(1, resources.cpuQuotaMicros())
                .u64UnlessZero(2, resources.cpuPeriodMicros())
                .u64UnlessZero(3, resources.cpuShares())
                .u64UnlessZero(4, resources.memoryBytes())
                .u64UnlessZero(5, resources.pids())
                .strUnlessEmpty(6, resources.cpus());
    }

    static byte[] container(String container) {
        return new MessageWriter().str(1, container).toBytes();
    }

    static byte[] grow(String volume, long bytes) {
        return new MessageWriter().str(1, volume).u64(2, bytes).toBytes();
    }

    static byte[] signal(String container, int exec, int signal, SignalTarget target) {
        return new MessageWriter()
                .str(1, container)
                .u32UnlessZero(2, exec)
                .u32(3, signal)
                .boolIfTrue(4, target == SignalTarget.ALL_PROCESSES)
                .toBytes();
    }

    static byte[] exec(ExecSpec exec, int id, int stdio, int stderr) {
        return new MessageWriter()
                .str(1, exec.container())
                .u32(2, id)
                .strs(3, exec.arguments())
                .strs(4, exec.environment())
                .strUnlessEmpty(5, exec.directory())
                .strUnlessEmpty(6, exec.user())
                .boolIfTrue(7, exec.tty())
                .boolIfTrue(8, exec.stdin())
                .u32(9, Integer.toUnsignedLong(stdio))
                .u32UnlessZero(10, Integer.toUnsignedLong(stderr))
                .u32UnlessZero(11, exec.rows())
                .u32UnlessZero(12, exec.columns())
                .boolIfTrue(13, exec.privileged())
                .toBytes();
    }

    static byte[] resizeTty(String container, int exec, int rows, int columns) {
        return new MessageWriter().str(1, container).u32UnlessZero(2, exec).u32(3, rows).u32(4, columns).toBytes();
    }

    static byte[] open(String container, int kind, int stream, long offset, long limit) {
        return new MessageWriter()
                .str(1, container)
                .u32(2, kind)
                .u32(3, Integer.toUnsignedLong(stream))
                .u64UnlessZero(4, offset)
                .u64UnlessZero(5, limit)
                .toBytes();
    }

    static byte[] update(String container, Resources resources) {
        return new MessageWriter().strUnlessEmpty(1, container).message(2, it -> resources(it, resources)).toBytes();
    }

    static byte[] copy(CopySpec copy, int id, int stdio, int stderr) {
        return new MessageWriter()
                .str(1, copy.container())
                .u32(2, id)
                .u32(3, copy.direction().number)
                .str(4, copy.path())
                .strUnlessEmpty(5, copy.name())
                .boolIfTrue(6, copy.keepKinds())
                .boolIfTrue(7, copy.owner() != null)
                .u32UnlessZero(8, copy.owner() == null ? 0 : copy.owner().uid())
                .u32(9, Integer.toUnsignedLong(stdio))
                .u32(10, Integer.toUnsignedLong(stderr))
                .u32UnlessZero(11, copy.owner() == null ? 0 : copy.owner().gid())
                .toBytes();
    }

    static byte[] writeFiles(FilePush push) {
        MessageWriter message = new MessageWriter().str(1, push.volume());
        for (FilePush.File file : push.files()) {
            message.message(2, it -> it.str(1, file.path())
                    .u32(2, file.mode())
                    .bytesUnlessEmpty(3, file.data())
                    .u32UnlessZero(4, file.uid())
                    .u32UnlessZero(5, file.gid()));
        }
        return message.u32UnlessZero(3, push.layout() == FilePush.Layout.PLAIN ? 1 : 0).toBytes();
    }

    static byte[] readFile(FileRequest file) {
        return new MessageWriter()
                .strUnlessEmpty(1, file.container())
                .strUnlessEmpty(2, file.volume())
                .str(3, file.path())
                .u64UnlessZero(4, file.limitBytes())
                .boolIfTrue(5, file.part() == FileRequest.Part.FIRST_BYTES)
                .toBytes();
    }

    static byte[] connect(int stream, String address, int port, long timeoutMillis) {
        return new MessageWriter()
                .u32(1, Integer.toUnsignedLong(stream))
                .strUnlessEmpty(2, address)
                .u32(3, port)
                .u32(4, timeoutMillis)
                .toBytes();
    }

    static byte[] shutdown(long graceMillis) {
        return new MessageWriter().u32UnlessZero(1, graceMillis).toBytes();
    }
}
