package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.cri.PodCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What keeps the containers of one real pod apart, and what they may use of it. Needs root and QEMU.
@ExtendWith(SharedLab.class)
@Order(4)
class IsolationEndToEndTest {
    private static final long MIB = 1 << 20;

    static Lab lab;
    static String sandbox;

    @BeforeAll
    static void boot(Lab shared) {
        lab = shared;
        sandbox = lab.run(lab.pod("apart"));
    }

    @AfterAll
    static void end() throws Exception {
        if (sandbox != null) {
            lab.remove(sandbox);
            assertThat(lab.leaks()).isEmpty();
        }
    }

    @Test
    void systemCallsAreFiltered() throws Exception {
        String ordinary = idle("ordinary", security -> security.setSeccomp(profile(SecurityProfile.ProfileType.RuntimeDefault, "")));
        assertThat(output(ordinary, "cat /proc/self/status")).contains("Seccomp:\t2");
        assertThat(output(ordinary, "busybox unshare -m true || echo refused; mkdir /tmp/x && echo made")).contains("refused", "made");
        String free = idle("free", security -> security
                .setSeccomp(profile(SecurityProfile.ProfileType.Unconfined, ""))
                .setCapabilities(Capability.newBuilder().addAddCapabilities("SYS_ADMIN")));
        assertThat(output(free, "cat /proc/self/status")).contains("Seccomp:\t0");
        assertThat(output(free, "busybox unshare -m true && echo works")).contains("works");
        Path file = lab.root.resolve("no-hostname.json");
        Files.writeString(file, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"sethostname\"],"
                + " \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 95}]}");
        for (boolean noNewPrivileges : new boolean[] {false, true}) {
            String own = idle("own-" + noNewPrivileges, security -> security
                    .setSeccomp(profile(SecurityProfile.ProfileType.Localhost, file.toString()))
                    .setNoNewPrivs(noNewPrivileges)
                    .setCapabilities(Capability.newBuilder().addAddCapabilities("SYS_ADMIN")));
            assertThat(output(own, "hostname other; hostname")).contains("not supported", "apart");
        }
        assertThatThrownBy(() -> idle("absent", security ->
                        security.setSeccomp(profile(SecurityProfile.ProfileType.Localhost, lab.root.resolve("absent.json").toString()))))
                .hasMessageContaining("absent.json");
    }

    @Test
    void namesAreEachContainersOwn() {
        String renamed = idle("renamed", security -> security.setCapabilities(Capability.newBuilder().addAddCapabilities("SYS_ADMIN")));
        assertThat(output(renamed, "hostname another; hostname")).isEqualTo("another\n");
        assertThat(output(idle("named", security -> {}), "hostname")).isEqualTo("apart\n");
    }

    @Test
    void processesAreSeenByThoseWhoShareThem() throws Exception {
        String first = idle("first", security -> security.setNamespaceOptions(pid(NamespaceMode.POD, "")));
        String second = idle("second", security -> security.setNamespaceOptions(pid(NamespaceMode.POD, "")));
        String alone = idle("alone", security -> security.setNamespaceOptions(pid(NamespaceMode.CONTAINER, "")));
        lab.exec(first, "sh", "-c", "sleep 4321 > /dev/null 2>&1 &");
        assertThat(output(second, "ps")).contains("sleep 4321");
        assertThat(output(alone, "ps")).doesNotContain("sleep 4321");
        String debugger = idle("debugger", security -> security.setNamespaceOptions(pid(NamespaceMode.TARGET, alone)));
        assertThat(output(debugger, "ps").lines().filter(line -> line.contains("sleep 100000"))).hasSize(2);
        // The end of a container takes all that it left running, and nothing of its neighbours.
        lab.runtime.stopContainer(StopContainerRequest.newBuilder().setContainerId(first).build());
        await().atMost(Duration.ofSeconds(60)).until(() -> !output(second, "ps").contains("sleep 4321"));
        assertThat(lab.status(second).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
    }

    @Test
    void groupsAreThoseOfTheImageOrNot() {
        Consumer<LinuxContainerSecurityContext.Builder> asked =
                security -> security.setRunAsUser(Int64Value.newBuilder().setValue(101)).addSupplementalGroups(4000);
        assertThat(output(idle("merged", asked), "id -G").strip().split(" ")).containsExactlyInAnyOrder("102", "103", "4000");
        String strict = idle("strict", asked.andThen(security -> security.setSupplementalGroupsPolicy(SupplementalGroupsPolicy.Strict)));
        assertThat(output(strict, "id -G").strip().split(" ")).containsExactlyInAnyOrder("102", "4000");
        assertThat(lab.status(strict).getUser().getLinux().getSupplementalGroupsList()).contains(4000L).doesNotContain(103L);
    }

    @Test
    void thePodsDisksAreOutOfReach() {
        String container = idle("devices", security -> {});
        String script = "for d in $(ls /sys/block); do n=$(cat /sys/block/$d/dev); busybox mknod /tmp/$d b ${n%%:*} ${n##*:} && head -c 1 /tmp/$d;"
                + " done; head -c 1 /dev/zero > /dev/null && echo zero works";
        assertThat(output(container, script)).contains("not permitted", "zero works");
        String privileged = idle("privileged", security -> security.setPrivileged(true));
        assertThat(output(privileged, "ls /dev; ls -l /dev/fd; cat /proc/self/status")).contains("ptmx", "/proc/self/fd", "Seccomp:\t0");
        assertThatThrownBy(() -> lab.create(sandbox, lab.container("disk", "true").addDevices(Device.newBuilder().setHostPath("/dev/vda"))))
                .hasMessageContaining("/dev/vda")
                .hasMessageContaining("/dev/fuse");
    }

    /// Root with every privilege opens the disk of the layers itself, says that it may be written, and writes past the page cache.
    @Test
    void imagesCannotBeAltered() throws Exception {
        Map<Path, String> before = layers();
        assertThat(before).isNotEmpty();
        String container = idle("vandal", security -> security.setPrivileged(true));
        String known = output(container, "sha256sum /bin/busybox");
        String script = """
                for d in $(ls /sys/block); do
                    [ "$(cat /sys/block/$d/serial 2>/dev/null)" = layers ] || continue
                    n=$(cat /sys/block/$d/dev)
                    busybox mknod /tmp/disk b ${n%%:*} ${n##*:} && echo opened-by-number
                    echo 0 > /sys/block/$d/ro; echo 0 > /sys/block/$d/force_ro
                    busybox blockdev --setrw /tmp/disk
                    for offset in 0 1 8; do
                        if dd if=/dev/urandom of=/tmp/disk bs=4096 seek=$offset count=1 conv=notrunc,fsync 2>&1; then echo WRITTEN; else echo refused; fi
                    done
                    for part in /sys/block/$d/$d*; do
                        [ -e $part/dev ] || continue
                        n=$(cat $part/dev); busybox mknod /tmp/part b ${n%%:*} ${n##*:}
                        busybox blockdev --setrw /tmp/part
                        if dd if=/dev/urandom of=/tmp/part bs=4096 count=1 conv=notrunc,fsync 2>&1; then echo WRITTEN; else echo refused; fi
                        mkdir -p /tmp/layer; mount -t squashfs -o rw /tmp/part /tmp/layer; mount -o remount,rw /tmp/layer
                        if touch /tmp/layer/mine; then echo WRITTEN; else echo refused; fi
                        busybox umount /tmp/layer; busybox rm /tmp/part
                    done
                    echo looked-at $d
                done
                """;
        String said = output(container, script);
        assertThat(said).contains("opened-by-number", "looked-at", "refused").doesNotContain("WRITTEN");
        assertThat(layers()).isEqualTo(before);
        assertThat(output(idle("neighbour", security -> {}), "sha256sum /bin/busybox")).isEqualTo(known);
    }

    private static Map<Path, String> layers() throws Exception {
        Map<Path, String> digests = new TreeMap<>();
        try (Stream<Path> all = Files.walk(lab.root.resolve("images"))) {
            for (Path file : all.filter(Files::isRegularFile).filter(file -> file.getFileName().toString().endsWith(".sqsh")).toList()) {
                byte[] digest = java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                digests.put(file, java.util.HexFormat.of().formatHex(digest));
            }
        }
        return digests;
    }

    @Test
    void limitsChangeWhileItRuns() {
        String container = idle("limited", security -> {});
        lab.exec(container, "sh", "-c", "dd if=/dev/zero of=/dev/shm/used bs=1M count=24");
        update(container, LinuxContainerResources.newBuilder()
                .setMemoryLimitInBytes(64 * MIB).setCpuQuota(50_000).setCpuPeriod(100_000).setCpuShares(512).setCpusetCpus("0"));
        assertThat(output(container, "cd /sys/fs/cgroup; cat memory.max memory.swap.max cpu.max cpuset.cpus 2>/dev/null"))
                .contains(Long.toString(64 * MIB), "50000 100000", "\n0\n");
        assertThatThrownBy(() -> update(container, LinuxContainerResources.newBuilder().setMemoryLimitInBytes(16 * MIB)))
                .hasMessageContaining("in use");
        assertThat(output(container, "cat /sys/fs/cgroup/memory.max")).isEqualTo(64 * MIB + "\n");
        update(container, LinuxContainerResources.newBuilder().setMemoryLimitInBytes(96 * MIB).setCpuQuota(-1));
        assertThat(output(container, "cd /sys/fs/cgroup; cat memory.max cpu.max")).isEqualTo(96 * MIB + "\nmax 100000\n");
        assertThat(lab.status(container).getResources().getLinux().getMemoryLimitInBytes()).isEqualTo(96 * MIB);
        assertThatThrownBy(() -> update(container, LinuxContainerResources.newBuilder().setMemoryLimitInBytes(1L << 40)))
                .hasMessageContaining("MiB");
        lab.exec(container, "sh", "-c", "cat /dev/null > /dev/shm/used");
    }

    @Test
    void aHundredCommandsRunAtOnce() throws Exception {
        String container = idle("busy", security -> {});
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                String script = "while [ ! -e /tmp/go ]; do sleep 3; done; echo " + i;
                all.add(threads.submit(() -> lab.runtime.execSync(ExecSyncRequest.newBuilder()
                                .setContainerId(container).addAllCmd(List.of("sh", "-c", script)).setTimeout(600).build())
                        .getStdout().toStringUtf8()));
            }
            await().atMost(Duration.ofSeconds(300)).until(() -> output(container, "ps").lines().filter(line -> line.contains("-e /tmp/go")).count() >= 100);
            lab.exec(container, "touch", "/tmp/go");
            for (int i = 0; i < 100; i++) {
                assertThat(all.get(i).get()).isEqualTo(i + "\n");
            }
        }
    }

    @Test
    void timeStopsAndGoesOn() throws Exception {
        String other = lab.run(lab.pod("paused"));
        try {
            String container = lab.start(other, lab.container("clock", "sleep", "100000"));
            lab.pods(PodCalls.PAUSE, other);
            lab.pods(PodCalls.PAUSE, other);
            assertThatThrownBy(() -> lab.exec(container, "true")).hasMessageContaining("paused");
            lab.pods(PodCalls.RESUME, other);
            long before = System.currentTimeMillis() / 1000;
            long seen = Long.parseLong(lab.exec(container, "date", "+%s").getStdout().toStringUtf8().strip());
            assertThat(seen).isBetween(before - 2, System.currentTimeMillis() / 1000 + 2);
            assertThat(lab.status(container).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
            lab.pods(PodCalls.PAUSE, other);
        } finally {
            lab.remove(other);
        }
    }

    private static void update(String container, LinuxContainerResources.Builder limits) {
        lab.runtime.updateContainerResources(
                UpdateContainerResourcesRequest.newBuilder().setContainerId(container).setLinux(limits).build());
    }

    private static NamespaceOption pid(NamespaceMode mode, String target) {
        return NamespaceOption.newBuilder().setPid(mode).setTargetId(target).build();
    }

    private static SecurityProfile profile(SecurityProfile.ProfileType type, String file) {
        return SecurityProfile.newBuilder().setProfileType(type).setLocalhostRef(file).build();
    }

    private static String idle(String name, Consumer<LinuxContainerSecurityContext.Builder> security) {
        ContainerConfig.Builder container = lab.container(name, "sleep", "100000");
        security.accept(container.getLinuxBuilder().getSecurityContextBuilder());
        return lab.start(sandbox, container);
    }

    private static String output(String container, String script) {
        ExecSyncResponse answer = lab.exec(container, "sh", "-c", script);
        return answer.getStdout().toStringUtf8() + answer.getStderr().toStringUtf8();
    }
}
