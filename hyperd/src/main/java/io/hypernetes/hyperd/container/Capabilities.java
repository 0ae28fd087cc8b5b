package io.hypernetes.hyperd.container;

import io.hypernetes.hyperd.HyperdException;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Linux capabilities as bit sets: bit n is capability n of `linux/capability.h`.
final class Capabilities {
    // In the order of their numbers.
    private static final List<String> NAMES = List.of(
            "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
            "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
            "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
            "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
            "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
            "CHECKPOINT_RESTORE");

    /// Every capability.
    static final long ALL = (1L << NAMES.size()) - 1;

    /// What an ordinary container has: enough for package managers and servers, nothing that steers the kernel.
    static final long ORDINARY = of(List.of(
            "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
            "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"));

    private Capabilities() {}

    /// The ordinary set with `add` and without `drop`; `ALL` in either means every one, and a name beats `ALL`.
    static long effective(Set<String> add, Set<String> drop) {
        long set = ORDINARY;
        if (contains(add, "ALL")) {
            set = ALL;
        }
        if (contains(drop, "ALL")) {
            set = contains(add, "ALL") ? ALL : 0;
        }
        set |= of(named(add));
        set &= ~of(named(drop));
        return set;
    }

    /// The names of these bits.
    static Set<String> names(long set) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < NAMES.size(); i++) {
            if ((set >>> i & 1) != 0) {
                names.add(NAMES.get(i));
            }
        }
        return names;
    }

    /// The bits of these names.
    static long of(Iterable<String> names) {
        long set = 0;
        for (String name : names) {
            int number = NAMES.indexOf(bare(name));
            if (number < 0) {
                throw HyperdException.invalid("There is no capability " + name
                        + ". Write it as in capabilities(7), with or without CAP_, for example NET_ADMIN.");
            }
            set |= 1L << number;
        }
        return set;
    }

    private static List<String> named(Set<String> names) {
        return names.stream().filter(name -> !bare(name).equals("ALL")).toList();
    }

    private static boolean contains(Set<String> names, String wanted) {
        return names.stream().anyMatch(name -> bare(name).equals(wanted));
    }

    private static String bare(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        return upper.startsWith("CAP_") ? upper.substring(4) : upper;
    }
}
