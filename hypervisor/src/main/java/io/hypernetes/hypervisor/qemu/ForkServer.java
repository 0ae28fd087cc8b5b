package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Our end of the fork server in a template's process (`jailer/forkserver.h`). For one request at a time.
final class ForkServer implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int NAME_BYTES = 104;
    private static final int REQUEST_BYTES = 4 + 4 + 16 + NAME_BYTES;
    private static final int ANSWER_BYTES = 4 + 252;

    private final String template;
    private final UnixSocket control;
    private final Duration patience;
    private boolean lost;

    /// @param template its machine's name, for messages
    ForkServer(String template, UnixSocket control) {
        this(template, control, PATIENCE);
    }

    /// @param patience how long an answer may take
    ForkServer(String template, UnixSocket control, Duration patience) {
        this.template = template;
        this.control = control;
        this.patience = patience;
    }

    /// A copy to be made.
    ///
    /// @param uid user and group that it will be
    /// @param groups folders of its cgroup, which it joins first
    /// @param console descriptor, as the following; the caller closes them all when the fork has been made
    record Copy(UUID uuid, String name, int uid, List<Path> groups, int console, int qmp, int guest, int tap) {}

    /// Returns when the copy is in its jail and its threads are about to run; its guest stands still. When one request was not answered, all
    /// later ones fail at once: the next answer could be the one to that.
    HostProcess fork(Copy copy) {
        List<Integer> joining = new ArrayList<>();
        try {
            for (Path group : copy.groups()) {
                joining.add(Descriptors.openForReadingAndWriting(joinBy(group)));
            }
            List<Integer> given = new ArrayList<>(List.of(copy.console(), copy.qmp(), copy.guest(), copy.tap()));
            given.addAll(joining);
            byte[] answer = exchange(request(copy), given.stream().mapToInt(Integer::intValue).toArray());
            return process(ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder()).getInt(), text(answer));
        } catch (IOException failure) {
            throw new HypervisorException("forking " + template + " for machine " + copy.name() + ": " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while forking " + template + " for machine " + copy.name(), interrupted);
        } finally {
            joining.forEach(Descriptors::close);
        }
    }

    /// A process of one thread may join a cgroup of version 1 as that thread. Joining as a process keeps all others of the host from making threads
    /// meanwhile, for which the kernel waits some milliseconds.
    private static Path joinBy(Path group) {
        Path threads = group.resolve("tasks");
        return Files.exists(threads) ? threads : group.resolve("cgroup.procs");
    }

    private byte[] exchange(byte[] request, int[] descriptors) throws IOException, InterruptedException {
        if (lost) {
            throw new IOException("it did not answer an earlier request");
        }
        lost = true;
        byte[] answer = new byte[ANSWER_BYTES];
        control.send(request, descriptors, patience);
        if (control.receive(answer, patience) != ANSWER_BYTES) {
            throw new IOException("an answer of a wrong size");
        }
        lost = false;
        return answer;
    }

    private static byte[] request(Copy copy) {
        byte[] name = copy.name().getBytes(StandardCharsets.UTF_8);
        ByteBuffer request = ByteBuffer.allocate(REQUEST_BYTES).order(ByteOrder.nativeOrder()).putInt(copy.uid()).putInt(copy.uid());
        request.order(ByteOrder.BIG_ENDIAN).putLong(copy.uuid().getMostSignificantBits()).putLong(copy.uuid().getLeastSignificantBits());
        request.put(name, 0, Math.min(name.length, NAME_BYTES - 1));
        return request.array();
    }

    private static String text(byte[] answer) {
        int end = 4;
        while (end < answer.length && answer[end] != 0) {
            end++;
        }
        return new String(answer, 4, end - 4, StandardCharsets.UTF_8);
    }

    private static HostProcess process(int pid, String wrong) throws IOException, InterruptedException {
        HostProcess process = pid > 0 ? HostProcess.find(pid).orElse(null) : null;
        if (wrong.isEmpty() && process != null) {
            return process;
        }
        if (process != null) {
            // It is our child, and ends by itself.
            try (process) {
                process.awaitExit(PATIENCE);
            }
        }
        throw new IOException(wrong.isEmpty() ? "the fork ended at once" : wrong);
    }

    @Override
    public void close() {
        control.close();
    }
}
