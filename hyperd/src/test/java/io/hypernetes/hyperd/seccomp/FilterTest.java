package io.hypernetes.hyperd.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.seccomp.Profile.Action;
import io.hypernetes.hyperd.seccomp.Profile.Comparison;
import io.hypernetes.hyperd.seccomp.Profile.Condition;
import io.hypernetes.hyperd.seccomp.Profile.Rule;
import io.hypernetes.hyperd.seccomp.Syscalls.Convention;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Filters are run by a small machine of their own, which does what the kernel's does.
class FilterTest {
    private static final int EPERM = Action.errno(1).value();

    @TempDir
    Path folder;

    @Test
    void theOrdinaryProfileLetsProgramsRunAndKeepsTheKernel() {
        byte[] plain = Seccomp.RUNTIME_DEFAULT.program(Set.of("CHOWN", "SYS_CHROOT"));
        for (String call : List.of("read", "write", "openat", "execve", "futex", "epoll_wait", "ptrace", "chroot", "capset", "prctl", "chdir")) {
            assertThat(run(plain, call)).as(call).isEqualTo(Action.ALLOW.value());
        }
        for (String call : List.of("mount", "unshare", "setns", "bpf", "kexec_load", "keyctl", "reboot", "sethostname", "init_module", "settimeofday")) {
            assertThat(run(plain, call)).as(call).isEqualTo(EPERM);
        }
        assertThat(run(plain, "clone3")).isEqualTo(Action.NO_SUCH_CALL.value());
        assertThat(run(plain, "clone", 0x11L)).isEqualTo(Action.ALLOW.value());
        assertThat(run(plain, "clone", 0x10000011L)).isEqualTo(EPERM);
        assertThat(run(plain, "socket", 2)).isEqualTo(Action.ALLOW.value());
        assertThat(run(plain, "socket", 40)).isEqualTo(EPERM);
        assertThat(run(plain, "personality", 0xFFFFFFFFL)).isEqualTo(Action.ALLOW.value());
        assertThat(run(plain, "personality", 0x0040000L)).isEqualTo(EPERM);
        assertThat(run(plain, Convention.X86_64.audit, 5000)).isEqualTo(Action.NO_SUCH_CALL.value());
        assertThat(run(plain, Convention.X86_64.audit, 0x40000000)).isEqualTo(Action.NO_SUCH_CALL.value());
        assertThat(run(plain, 0xC00000B7, 1)).isEqualTo(Action.KILL_PROCESS.value());
        int mount = Syscalls.known().number("mount", Convention.I386).orElseThrow();
        assertThat(run(plain, Convention.I386.audit, mount)).isEqualTo(EPERM);
        byte[] administrator = Seccomp.RUNTIME_DEFAULT.program(Set.of("SYS_ADMIN"));
        assertThat(run(administrator, "mount")).isEqualTo(Action.ALLOW.value());
        assertThat(run(administrator, "clone3")).isEqualTo(Action.ALLOW.value());
        assertThat(run(administrator, "chroot")).isEqualTo(EPERM);
        assertThat(plain.length / 8).isLessThan(FilterCompiler.MOST_INSTRUCTIONS);
    }

    @Test
    void aProfileOfOnesOwnIsFollowed() {
        String json = """
                {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 13,
                 "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
                 "syscalls": [
                  {"names": ["read", "nosuchcall"], "action": "SCMP_ACT_ALLOW"},
                  {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7},
                  {"name": "chmod", "action": "SCMP_ACT_KILL"},
                  {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
                  {"names": ["umount2"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
                  {"names": ["kill"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
                  {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
                  {"names": ["write"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
                                                                          {"index": 2, "value": 4096, "op": "SCMP_CMP_LE"}]},
                  {"names": ["dup2"], "action": "SCMP_ACT_LOG", "args": [{"index": 1, "value": 1, "op": "SCMP_CMP_EQ"},
                                                                        {"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}]}]}""";
        byte[] program = custom(json).program(Set.of("SYS_ADMIN"));
        assertThat(run(program, "read")).isEqualTo(Action.ALLOW.value());
        assertThat(run(program, "mkdir")).isEqualTo(Action.errno(7).value());
        assertThat(run(program, "chmod")).isEqualTo(Action.KILL_THREAD.value());
        assertThat(run(program, "mount")).isEqualTo(Action.ALLOW.value());
        assertThat(run(program, "umount2")).isEqualTo(Action.errno(13).value());
        assertThat(run(program, "kill")).isEqualTo(Action.errno(13).value());
        assertThat(run(program, "ptrace")).isEqualTo(Action.ALLOW.value());
        assertThat(run(program, "write", 1, 0, 4096)).isEqualTo(Action.ALLOW.value());
        assertThat(run(program, "write", 1, 0, 4097)).isEqualTo(Action.errno(13).value());
        assertThat(run(program, "write", 0x100000001L, 0, 1)).isEqualTo(Action.errno(13).value());
        assertThat(run(program, "dup2", 0, 1)).isEqualTo(Action.LOG.value());
        assertThat(run(program, "dup2", 0, 2)).isEqualTo(Action.LOG.value());
        assertThat(run(program, "dup2", 0, 3)).isEqualTo(Action.errno(13).value());
        assertThat(run(program, Convention.I386.audit, 3)).isEqualTo(Action.ALLOW.value());
    }

    @Test
    void comparisonsAreThoseOfWholeNumbers() {
        Random random = new Random(3);
        long[] values = {0, 1, -1, 0x7FFFFFFFL, 0x80000000L, 0xFFFFFFFFL, 0x100000000L, 0x1_0000_0001L, Long.MIN_VALUE, Long.MAX_VALUE};
        for (int round = 0; round < 3_000; round++) {
            Comparison comparison = Comparison.values()[random.nextInt(Comparison.values().length)];
            long mask = comparison == Comparison.MASKED_EQUAL ? values[random.nextInt(values.length)] : -1L;
            List<Condition> conditions = new ArrayList<>();
            for (int i = random.nextInt(1, 4); i > 0; i--) {
                conditions.add(new Condition(random.nextInt(6), comparison, mask, values[random.nextInt(values.length)]));
            }
            Rule rule = new Rule("read", Action.ALLOW, conditions);
            byte[] program = FilterCompiler.compile(
                    new Profile(Action.TRAP, Action.TRAP, EnumSet.of(Convention.X86_64), List.of(rule)), "test");
            long[] arguments = new long[6];
            for (int i = 0; i < 6; i++) {
                arguments[i] = values[random.nextInt(values.length)];
            }
            boolean holds = conditions.stream().allMatch(condition -> holds(condition, arguments[condition.argument()]));
            assertThat(run(program, "read", arguments)).as("%s with %s", conditions, arguments)
                    .isEqualTo((holds ? Action.ALLOW : Action.TRAP).value());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "[]", "{}", "{\"defaultAction\": \"SCMP_ACT_NOPE\"}", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"action\": \"SCMP_ACT_KILL\"}]}",
        "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\", \"args\": [{\"index\": 6}]}]}",
        "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 70000}"
    })
    void wrongProfilesAreRefused(String json) {
        assertThatThrownBy(() -> custom(json).program(Set.of())).isInstanceOf(HyperdException.class).hasMessageContaining("mine");
    }

    @Test
    void aProfileTooLargeForAKernelIsRefused() {
        StringBuilder json = new StringBuilder("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [");
        for (int i = 0; i < 1_500; i++) {
            json.append(i == 0 ? "" : ",").append("{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\", \"args\": [{\"index\": 1, \"value\": ")
                    .append(i).append(", \"op\": \"SCMP_CMP_EQ\"}]}");
        }
        assertThatThrownBy(() -> custom(json.append("]}").toString()).program(Set.of())).hasMessageContaining("4096");
    }

    @Test
    void profilesAreReadFromFilesAndNothingElse() throws Exception {
        Path file = folder.resolve("profile.json");
        Files.writeString(file, "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}");
        assertThat(run(Seccomp.ofFile(file.toString()).program(Set.of()), "mount")).isEqualTo(Action.ALLOW.value());
        assertThatThrownBy(() -> Seccomp.ofFile("profile.json")).hasMessageContaining("absolute");
        assertThatThrownBy(() -> Seccomp.ofFile(folder.toString())).hasMessageContaining("no seccomp profile");
        Files.write(file, new byte[Seccomp.MOST_PROFILE_BYTES + 1]);
        assertThatThrownBy(() -> Seccomp.ofFile(file.toString())).hasMessageContaining("more than");
    }

    private static Seccomp custom(String json) {
        return new Seccomp.Custom("mine", json.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean holds(Condition condition, long argument) {
        int order = Long.compareUnsigned(argument, condition.value());
        return switch (condition.comparison()) {
            case NOT_EQUAL -> order != 0;
            case LESS -> order < 0;
            case LESS_OR_EQUAL -> order <= 0;
            case EQUAL -> order == 0;
            case GREATER_OR_EQUAL -> order >= 0;
            case GREATER -> order > 0;
            case MASKED_EQUAL -> (argument & condition.mask()) == condition.value();
        };
    }

    private static int run(byte[] program, String call, long... arguments) {
        return run(program, Convention.X86_64.audit, Syscalls.known().number(call, Convention.X86_64).orElseThrow(), arguments);
    }

    private static int run(byte[] program, int convention, int number, long... arguments) {
        ByteBuffer data = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putInt(number).putInt(convention).putLong(0);
        for (long argument : arguments) {
            data.putLong(argument);
        }
        ByteBuffer code = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
        int accumulator = 0;
        for (int at = 0; ; at++) {
            int operation = code.getShort(at * 8);
            int ifTrue = code.get(at * 8 + 2) & 0xFF;
            int ifFalse = code.get(at * 8 + 3) & 0xFF;
            int value = code.getInt(at * 8 + 4);
            switch (operation) {
                case 0x20 -> accumulator = data.getInt(value);
                case 0x54 -> accumulator &= value;
                case 0x05 -> at += value;
                case 0x15 -> at += accumulator == value ? ifTrue : ifFalse;
                case 0x25 -> at += Integer.compareUnsigned(accumulator, value) > 0 ? ifTrue : ifFalse;
                case 0x35 -> at += Integer.compareUnsigned(accumulator, value) >= 0 ? ifTrue : ifFalse;
                case 0x06 -> {
                    return value;
                }
                default -> throw new IllegalStateException("operation " + operation);
            }
        }
    }
}
