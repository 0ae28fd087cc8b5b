package io.hypernetes.hyperd.seccomp;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;

/// Numbers of the system calls. Read once, when the first filter is made.
final class Syscalls {
    private static final Syscalls KNOWN = read();

    private final Map<String, int[]> numbers = new LinkedHashMap<>();
    private final int[] highest = {0, 0};

    private Syscalls() {}

    /// The calling conventions of an x86 kernel for 64 bits.
    enum Convention {
        X86_64(0xC000003E),
        I386(0x40000003);

        /// As the kernel calls it in `seccomp_data`.
        final int audit;

        Convention(int audit) {
            this.audit = audit;
        }
    }

    static Syscalls known() {
        return KNOWN;
    }

    Iterable<String> names() {
        return numbers.keySet();
    }

    /// Empty when there is no such call, or not by this convention.
    OptionalInt number(String name, Convention convention) {
        int[] both = numbers.get(name);
        return both == null || both[convention.ordinal()] < 0 ? OptionalInt.empty() : OptionalInt.of(both[convention.ordinal()]);
    }

    /// The greatest number that is known; what is above came with later kernels.
    int highest(Convention convention) {
        return highest[convention.ordinal()];
    }

    private static Syscalls read() {
        Syscalls all = new Syscalls();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Syscalls.class.getResourceAsStream("syscalls-x86.tsv")), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] parts = line.split("\t");
                if (!line.startsWith("#") && parts.length == 3) {
                    int[] both = {number(parts[1]), number(parts[2])};
                    all.numbers.put(parts[0], both);
                    all.highest[0] = Math.max(all.highest[0], both[0]);
                    all.highest[1] = Math.max(all.highest[1], both[1]);
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("reading syscalls-x86.tsv", failure);
        }
        return all;
    }

    private static int number(String text) {
        return text.equals("-") ? -1 : Integer.parseInt(text);
    }
}
