package io.hypernetes.guest;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// What answers and events say, held to the bounds of the protocol.
final class Answers {
    /// In a pod, by the protocol; also the bound of whatever a guest enumerates by container.
    static final int MAX_CONTAINERS = 64;
    private static final int MAX_VOLUMES = 1_024;
    private static final int MAX_GROUPS = 65_536 / 4;
    private static final int MAX_EXIT_CODE = 255;
    private static final int MAX_SIGNAL = 64;
    private static final int MAX_READ = 1 << 20;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}");

    private Answers() {}

    record Attached(long version, byte[] instance) {}

    record Refusal(int errno, String step, String sentence) {}

    record Opened(long acknowledged, long written, boolean ended) {}

    record Exited(String container, int exec, int code, int signal, boolean oomKilled, long atNanos, String error) {}

    record OutOfMemory(String container, long kills) {}

    static Attached attached(Message message) {
        return new Attached(message.u32(1), message.bytes(2, 16));
    }

    static Refusal refusal(Message message) {
        return new Refusal(message.u32(1, 0, 4095), message.str(2, 64), message.str(3, 1_024));
    }

    static HelloAnswer hello(Message message) {
        List<HelloAnswer.Phase> phases = new ArrayList<>();
        for (Message phase : message.messages(4, 64)) {
            phases.add(new HelloAnswer.Phase(phase.str(1), phase.u64(2)));
        }
        return new HelloAnswer(
                message.str(1), message.str(2), message.u64(3), phases, new HashSet<>(message.strs(5, 64)));
    }

    static List<String> planned(Message message) {
        return message.messages(1, MAX_CONTAINERS).stream().map(prepared -> name(prepared, 1)).toList();
    }

    static StartedContainer started(Message message) {
        return new StartedContainer(
                message.u32(1, 1, Integer.MAX_VALUE), message.u64(2), message.u32(3), message.u32(4), message.u32s(5, MAX_GROUPS));
    }

    static int pid(Message message) {
        return message.u32(1, 1, Integer.MAX_VALUE);
    }

    static Opened opened(Message message) {
        Opened opened = new Opened(message.u64(1), message.u64(2), message.bool(3));
        if (opened.acknowledged > opened.written) {
            throw GuestException.protocol("more bytes of a stream acknowledged than written");
        }
        return opened;
    }

    static GuestInventory inventory(Message message) {
        List<GuestInventory.Container> containers = new ArrayList<>();
        for (Message container : message.messages(1, MAX_CONTAINERS)) {
            containers.add(container(container));
        }
        List<GuestInventory.Volume> volumes = new ArrayList<>();
        for (Message volume : message.messages(2, MAX_VOLUMES)) {
            volumes.add(new GuestInventory.Volume(name(volume, 1), VolumeSpec.Kind.values()[volume.u32(2, 1, VolumeSpec.Kind.values().length) - 1]));
        }
        return new GuestInventory(containers, volumes);
    }

    private static GuestInventory.Container container(Message message) {
        Optional<GuestInventory.Input> stdin = Optional.empty();
        List<GuestInventory.Output> outputs = new ArrayList<>();
        for (Message stream : message.messages(10, 3)) {
            int kind = stream.u32(1, 0, 2);
            long acknowledged = stream.u64(2);
            long written = stream.u64(3);
            if (kind == 0) {
                stdin = Optional.of(new GuestInventory.Input(written, stream.bool(4)));
            } else if (acknowledged > written) {
                throw GuestException.protocol("more bytes of a stream acknowledged than written");
            } else {
                outputs.add(new GuestInventory.Output(OutputKind.values()[kind - 1], acknowledged, written, stream.bool(4)));
            }
        }
        return new GuestInventory.Container(
                name(message, 1),
                GuestInventory.State.values()[message.u32(2, 1, 3) - 1],
                message.u32(3, 0, Integer.MAX_VALUE),
                message.u64(4),
                message.u64(5),
                message.u32(6, 0, MAX_EXIT_CODE),
                message.u32(7, 0, MAX_SIGNAL),
                message.bool(8),
                message.bool(9),
                stdin,
                outputs,
                message.u32(11),
                message.u32(12),
                message.u32s(13, MAX_GROUPS),
                message.str(14));
    }

    static GuestStats stats(Message message) {
        Message pod = message.message(2);
        List<GuestStats.Interface> interfaces = new ArrayList<>();
        for (Message it : pod.messages(13, 64)) {
            interfaces.add(new GuestStats.Interface(
                    it.str(1, 64), it.u64(2), it.u64(3), it.u64(4), it.u64(5), it.u64(6), it.u64(7), it.u64(8), it.u64(9)));
        }
        Map<String, GuestStats.Usage> containers = new HashMap<>();
        for (Message container : message.messages(3, MAX_CONTAINERS)) {
            containers.put(name(container, 1), usage(container));
        }
        return new GuestStats(
                message.u64(1),
                new GuestStats.Pod(usage(pod), pod.u64(11), interfaces, pod.u64(14), pod.u64(15)),
                containers);
    }

    private static GuestStats.Usage usage(Message message) {
        return new GuestStats.Usage(
                message.u64(2), message.u64(3), message.u64(4), message.u64(5), message.u64(6), message.u64(7),
                message.u32(8), message.u64(9), message.u64(10), message.u64(12),
                new GuestStats.Disk(message.u64(16), message.u64(17), message.u64(18), message.u64(19)),
                new GuestStats.Throttling(message.u64(20), message.u64(21), message.u64(22)),
                details(message.message(23)));
    }

    private static GuestStats.Details details(Message it) {
        return new GuestStats.Details(
                it.u64(1), it.u64(2), it.u64(3), it.u64(4), it.u64(5), it.u64(6), it.u64(7), it.u64(8), it.u32(9), it.u32(10), it.u32(11));
    }

    static boolean changed(Message message) {
        return message.bool(1);
    }

    static FileContent file(Message message) {
        return new FileContent(message.bytes(1, MAX_READ), message.u64(2), message.u32(3, 0, 0xffff));
    }

    static FileStatus fileStatus(Message message) {
        return new FileStatus(
                message.u32(1, 0, 0xffff), message.u64(2), message.u64(3), message.u32(4), message.u32(5), message.str(6));
    }

    static Exited exited(Message message) {
        return new Exited(
                name(message, 1),
                (int) message.u32(2),
                message.u32(3, 0, MAX_EXIT_CODE),
                message.u32(4, 0, MAX_SIGNAL),
                message.bool(5),
                message.u64(6),
                message.str(7, 1_024));
    }

    static OutOfMemory outOfMemory(Message message) {
        return new OutOfMemory(name(message, 1), message.u64(2));
    }

    private static String name(Message message, int tag) {
        String name = message.str(tag, 128);
        if (!NAME.matcher(name).matches()) {
            throw GuestException.protocol("field " + tag + " is no name");
        }
        return name;
    }
}
