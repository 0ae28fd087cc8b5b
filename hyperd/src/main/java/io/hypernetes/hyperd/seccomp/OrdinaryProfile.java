package io.hypernetes.hyperd.seccomp;

import io.hypernetes.hyperd.seccomp.Profile.Action;
import io.hypernetes.hyperd.seccomp.Profile.Comparison;
import io.hypernetes.hyperd.seccomp.Profile.Condition;
import io.hypernetes.hyperd.seccomp.Profile.Rule;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What RuntimeDefault means: every call of our table but those that steer the kernel, which need the capability they are for (any of
/// those named), and those that no container has a use for. A call newer than the table does not exist, so that programs fall back to
/// an older one.
final class OrdinaryProfile {
    private static final int EPERM = 1;
    private static final int AF_VSOCK = 40;
    // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
    private static final long NEW_NAMESPACES = 0x7E020000L;

    private static final List<Long> PERSONALITIES = List.of(0L, 0x8L, 0x20000L, 0x20008L, 0xFFFFFFFFL);

    private static final Set<String> NEVER = Set.of(
            // Keys are not part of any namespace; rings make calls that no filter sees; the rest is dead or dangerous.
            "add_key", "keyctl", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
            "kexec_load", "kexec_file_load", "nfsservctl", "uselib", "ustat", "sysfs", "_sysctl", "create_module", "get_kernel_syms",
            "query_module", "vm86", "vm86old", "afs_syscall", "getpmsg", "putpmsg", "security", "tuxcall", "vserver", "lock", "mpx",
            "prof", "profil", "break", "stty", "gtty", "ftime", "ulimit", "idle", "bdflush", "pivot_root", "swapon", "swapoff");

    private static final Map<String, Set<String>> BY_CAPABILITY = byCapability();

    private OrdinaryProfile() {}

    static Profile of(Set<String> capabilities) {
        Set<String> blocked = new HashSet<>(NEVER);
        BY_CAPABILITY.forEach((name, any) -> {
            if (any.stream().noneMatch(capabilities::contains)) {
                blocked.add(name);
            }
        });
        boolean administrator = capabilities.contains("SYS_ADMIN");
        List<Rule> rules = new ArrayList<>();
        for (String name : Syscalls.known().names()) {
            switch (name) {
                case "clone" -> rules.add(new Rule(name, Action.ALLOW, administrator
                        ? List.of()
                        : List.of(new Condition(0, Comparison.MASKED_EQUAL, NEW_NAMESPACES, 0))));
                // Its flags are in memory, where a filter cannot look.
                case "clone3" -> rules.add(new Rule(name, administrator ? Action.ALLOW : Action.NO_SUCH_CALL, List.of()));
                case "personality" -> PERSONALITIES.forEach(value ->
                        rules.add(new Rule(name, Action.ALLOW, List.of(new Condition(0, Comparison.EQUAL, -1L, value)))));
                case "socket" -> rules.add(new Rule(
                        name, Action.ALLOW, List.of(new Condition(0, Comparison.NOT_EQUAL, -1L, AF_VSOCK))));
                default -> {
                    if (!blocked.contains(name)) {
                        rules.add(new Rule(name, Action.ALLOW, List.of()));
                    }
                }
            }
        }
        return new Profile(Action.errno(EPERM), Action.NO_SUCH_CALL, EnumSet.allOf(Syscalls.Convention.class), rules);
    }

    private static Map<String, Set<String>> byCapability() {
        Map<String, Set<String>> needs = new HashMap<>();
        for (String name : List.of(
                "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount", "mount_setattr", "move_mount",
                "open_tree", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns", "umount", "umount2", "unshare")) {
            needs.put(name, Set.of("SYS_ADMIN"));
        }
        for (String name : List.of("get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node")) {
            needs.put(name, Set.of("SYS_NICE"));
        }
        for (String name : List.of("clock_settime", "clock_settime64", "settimeofday", "stime")) {
            needs.put(name, Set.of("SYS_TIME"));
        }
        for (String name : List.of("delete_module", "finit_module", "init_module")) {
            needs.put(name, Set.of("SYS_MODULE"));
        }
        for (String name : List.of("kcmp", "pidfd_getfd", "process_madvise")) {
            needs.put(name, Set.of("SYS_PTRACE"));
        }
        needs.put("acct", Set.of("SYS_PACCT"));
        needs.put("bpf", Set.of("SYS_ADMIN", "BPF"));
        needs.put("chroot", Set.of("SYS_CHROOT"));
        needs.put("ioperm", Set.of("SYS_RAWIO"));
        needs.put("iopl", Set.of("SYS_RAWIO"));
        needs.put("open_by_handle_at", Set.of("DAC_READ_SEARCH"));
        needs.put("perf_event_open", Set.of("SYS_ADMIN", "PERFMON"));
        needs.put("reboot", Set.of("SYS_BOOT"));
        needs.put("syslog", Set.of("SYS_ADMIN", "SYSLOG"));
        needs.put("vhangup", Set.of("SYS_TTY_CONFIG"));
        return Map.copyOf(needs);
    }
}
