package io.hypernetes.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// Processor time that an engine and what it started have used up to now, in nanoseconds, by who used it.
///
/// @param engine the engine's own
/// @param template of machines that are copied
/// @param machine of the other machines, the emulated processors' and QEMU's own; those that have ended are left out
/// @param tools of programs that ran for a moment, from their ends on, in steps of 10 ms
record ProcessorTime(long engine, long template, long machine, long tools) {
    private static final long TICK_NANOS = 10_000_000;
    /// Of what follows the name in `/proc/PID/stat`: what children that have ended used, as a user and in the kernel.
    private static final int CHILDREN_USER = 13, CHILDREN_KERNEL = 14;

    static ProcessorTime of(ProcessHandle engine) throws IOException {
        List<ProcessHandle> machines = engine.children().toList();
        return new ProcessorTime(
                ran(engine.pid()),
                sum(machines, ProcessorTime::isTemplate),
                sum(machines, machine -> !isTemplate(machine)),
                ended(engine.pid()));
    }

    ProcessorTime minus(ProcessorTime before) {
        return new ProcessorTime(engine - before.engine, template - before.template, machine - before.machine, tools - before.tools);
    }

    /// @param pods among how many it is divided
    void print(String what, int pods) {
        System.out.printf("  %s, in ms: machine %.1f, engine %.1f, template %.1f, tools %.1f, all %.1f%n", what, machine / 1e6 / pods, engine / 1e6 / pods,
                template / 1e6 / pods, tools / 1e6 / pods, (machine + engine + template + tools) / 1e6 / pods);
    }

    private static long sum(List<ProcessHandle> processes, Predicate<ProcessHandle> which) throws IOException {
        long sum = 0;
        for (ProcessHandle process : processes) {
            if (which.test(process)) {
                sum += ran(process.pid());
            }
        }
        return sum;
    }

    private static boolean isTemplate(ProcessHandle process) {
        return read(Path.of("/proc", Long.toString(process.pid()), "cmdline")).contains("guest=template-");
    }

    private static long ran(long pid) throws IOException {
        long sum = 0;
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : (Iterable<Path>) threads::iterator) {
                String said = read(thread.resolve("schedstat"));
                sum += said.isEmpty() ? 0 : Long.parseLong(said.substring(0, said.indexOf(' ')));
            }
        } catch (NoSuchFileException ended) {
            return 0;
        }
        return sum;
    }

    private static long ended(long pid) {
        String said = read(Path.of("/proc", Long.toString(pid), "stat"));
        String[] fields = said.substring(said.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[CHILDREN_USER]) + Long.parseLong(fields[CHILDREN_KERNEL])) * TICK_NANOS;
    }

    // Empty for one that has ended meanwhile.
    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException ended) {
            return "";
        }
    }
}
