package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.cri.PodCalls;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Running pods are written to disk and come back, across the end of their machine and the death of the engine. Needs root and QEMU.
///
/// `kill.points` says at how many of the journal's writes the engine dies while it saves and while it restores; 0 for all.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckpointTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int POINTS = Integer.getInteger("kill.points", 1);
    private static final long SEED = Long.getLong("kill.seed", new Random().nextLong());
    /// Counts in memory, and holds open a file that has no name any more.
    private static final String COUNTER =
            "exec 3<>/tmp/gone; rm /tmp/gone; echo kept >&3; i=0; while true; do i=$((i+1)); echo $i; sleep 0.05; done";

    @TempDir
    static Path folder;

    static Lab lab;
    static String sandbox;
    static String container;

    @BeforeAll
    static void boot() throws Exception {
        Lab.require();
        lab = new Lab(folder);
        sandbox = lab.run(lab.pod("counts"));
        container = lab.start(sandbox, lab.container("main", "sh", "-c", COUNTER));
    }

    @AfterAll
    static void end() throws Exception {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    @Order(1)
    void whatWasStoppedGoesOnWithoutALineLostOrDoubled() throws Exception {
        await().atMost(SOON).until(() -> lines().size() > 20);
        lab.exec(container, "sh", "-c", "echo on-disk > /tmp/file");
        call(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", "stopped", "stop", true);
        assertThat(lab.status(container).getReason()).isEqualTo("MachineEnded");
        assertThat(lab.status(container).getMessage()).contains("checkpoint stopped");
        Footprint.of(folder).isOf(0, "stopped into a checkpoint");
        lab.remove(sandbox);
        lab.kill();
        lab.start();
        // Its kubelet has made it anew meanwhile.
        PodSandboxConfig pod = lab.pod("counts");
        String anew = lab.run(pod.toBuilder().setMetadata(pod.getMetadata().toBuilder().setAttempt(1)).build());
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "name", "stopped")).hasMessageContaining(anew).hasMessageContaining("replace");
        int before = lines().size();
        assertThat(call(PodCalls.RESTORE, "name", "stopped", "replace", true).getFieldsOrThrow("sandbox").getStringValue()).isEqualTo(sandbox);
        assertThat(lab.runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList()).as("no pod runs twice").map(PodSandbox::getId).containsExactly(sandbox);
        isAlive();
        await().atMost(SOON).until(() -> lines().size() > before + 20);
        counted();
        assertThat(lab.exec(container, "cat", "/tmp/file", "/proc/1/fd/3").getStdout().toStringUtf8()).isEqualTo("on-disk\nkept\n");
        Footprint.of(folder).isOf(1, "restored");
        assertThat(lab.leaks()).isEmpty();
    }

    @Test
    @Order(2)
    void aPodThatWentOnBecomesWhatItWas() throws Exception {
        Struct saved = call(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", "rolled", "stop", false);
        assertThat(saved.getFieldsOrThrow("pod").getStringValue()).isEqualTo("counts");
        int then = lines().size();
        await().atMost(SOON).until(() -> lines().size() > then + 40);
        counted();
        lab.exec(container, "sh", "-c", "echo later > /tmp/file");
        String address = address();
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "name", "rolled")).hasMessageContaining("runs").hasMessageContaining("replace");
        assertThatThrownBy(() -> call(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", "rolled")).hasMessageContaining("already");
        assertThatThrownBy(() -> call(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", "../up")).hasMessageContaining("cannot be named");
        // What has changed since is gone, without anybody who follows the pod noticing more than a pause.
        call(PodCalls.RESTORE, "name", "rolled", "replace", true);
        isAlive();
        assertThat(address()).isEqualTo(address);
        assertThat(lab.exec(container, "cat", "/tmp/file", "/proc/1/fd/3").getStdout().toStringUtf8()).isEqualTo("on-disk\nkept\n");
        // Its first line after the pause comes when it likes.
        await().atMost(SOON).until(() -> jumps(lines()) > 0);
        List<Integer> all = lines();
        assertThat(jumps(all)).as("times that the count went back: %s", all).isEqualTo(1);
        assertThat(lab.exec(container, "/bin/busybox", "ifconfig", "eth0").getStdout().toStringUtf8()).contains("addr:" + address + " ");
        Footprint.of(folder).isOf(1, "rolled back");
    }

    @Test
    @Order(3)
    void whateverTheEngineDiesAtThePodOrItsCheckpointIsThere() throws Exception {
        System.out.println("killing the engine while it saves and restores, seed " + SEED);
        long commits = commits();
        call(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", "counted", "stop", false);
        long saving = commits() - commits;
        for (String point : points(saving)) {
            lab.order("die " + point);
            String name = "dying-" + point.toLowerCase(java.util.Locale.ROOT).replace(' ', '-');
            String when = "saving, killed at commit " + point;
            dies(PodCalls.CHECKPOINT, "sandbox", sandbox, "name", name, "stop", false);
            isAlive();
            int before = lines().size();
            await(when).atMost(SOON).until(() -> lines().size() > before);
            Footprint.of(folder).isOf(1, when);
            assertThat(lab.leaks()).as(when).isEmpty();
            try (Stream<Path> left = Files.list(folder.resolve("state/checkpoints"))) {
                assertThat(left.filter(path -> path.getFileName().toString().startsWith("."))).as(when).isEmpty();
            }
            call(PodCalls.REMOVE_CHECKPOINT, "name", name);
        }
        long before = commits();
        call(PodCalls.RESTORE, "name", "counted", "replace", true);
        for (String point : points(commits() - before)) {
            lab.order("die " + point);
            String when = "restoring, killed at commit " + point;
            dies(PodCalls.RESTORE, "name", "counted", "replace", true);
            int ready = (int) lab.runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList().stream()
                    .filter(pod -> pod.getState() == PodSandboxState.SANDBOX_READY)
                    .count();
            Footprint.of(folder).isOf(ready, when);
            assertThat(lab.leaks()).as(when).isEmpty();
            call(PodCalls.RESTORE, "name", "counted", "replace", true);
            isAlive();
        }
        call(PodCalls.REMOVE_CHECKPOINT, "name", "counted");
    }

    @Test
    @Order(4)
    void anArchiveOfACriCheckpointBringsItsPodBack() throws Exception {
        Path archive = folder.resolve("container.tar");
        CheckpointContainerRequest request = CheckpointContainerRequest.newBuilder().setContainerId(container).setLocation(archive.toString()).build();
        assertThatThrownBy(() -> lab.runtime.checkpointContainer(request.toBuilder().setLocation("here.tar").build())).hasMessageContaining("absolute path");
        assertThatThrownBy(() -> lab.runtime.checkpointContainer(request.toBuilder().setContainerId("f00").build())).hasMessageContaining("no container f00");
        lab.exec(container, "sh", "-c", "echo archived > /tmp/file");
        lab.runtime.checkpointContainer(request);
        isAlive();
        // The disk has gigabytes, most of them holes.
        assertThat(Files.size(archive)).isLessThan(1L << 30);
        try (Stream<Path> left = Files.list(folder.resolve("state/checkpoints"))) {
            assertThat(left.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("rolled", "stopped");
        }
        lab.exec(container, "sh", "-c", "echo later > /tmp/file");
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "archive", folder.resolve("none.tar"))).hasMessageContaining("no archive");
        assertThat(call(PodCalls.RESTORE, "archive", archive, "replace", true).getFieldsOrThrow("sandbox").getStringValue()).isEqualTo(sandbox);
        isAlive();
        assertThat(lab.exec(container, "cat", "/tmp/file").getStdout().toStringUtf8()).isEqualTo("archived\n");
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "archive", archive, "replace", true)).hasMessageContaining("already");
        String taken = call(PodCalls.CHECKPOINTS).getFieldsOrThrow("checkpoints").getListValue().getValuesList().stream()
                .map(one -> one.getStructValue().getFieldsOrThrow("name").getStringValue())
                .filter(name -> name.startsWith("container-"))
                .findFirst()
                .orElseThrow();
        call(PodCalls.REMOVE_CHECKPOINT, "name", taken);
        lab.exec(container, "sh", "-c", "echo on-disk > /tmp/file");
        assertThat(lab.leaks()).isEmpty();
    }

    @Test
    @Order(5)
    void aDamagedCheckpointIsRefusedAndNothingElseHappens() throws Exception {
        try (RandomAccessFile memory = new RandomAccessFile(folder.resolve("state/checkpoints/rolled/memory").toFile(), "rw")) {
            memory.seek(memory.length() / 2);
            int there = memory.read();
            memory.seek(memory.length() / 2);
            memory.write(there ^ 1);
        }
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "name", "rolled", "replace", true)).hasMessageContaining("damaged").hasMessageContaining("memory");
        isAlive();
        Files.delete(folder.resolve("state/checkpoints/stopped/disk"));
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "name", "stopped", "replace", true)).hasMessageContaining("damaged").hasMessageContaining("disk");
        assertThatThrownBy(() -> call(PodCalls.RESTORE, "name", "never")).hasMessageContaining("no checkpoint never");
        isAlive();
    }

    @Test
    @Order(6)
    void whenAllIsRemovedNothingIsLeft() throws Exception {
        assertThat(call(PodCalls.CHECKPOINTS).getFieldsOrThrow("checkpoints").getListValue().getValuesList().stream()
                        .map(one -> one.getStructValue().getFieldsOrThrow("name").getStringValue()))
                .containsExactly("rolled", "stopped");
        lab.remove(sandbox);
        assertThatThrownBy(() -> lab.images.removeImage(RemoveImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(Lab.IMAGE)).build()))
                .as("a checkpoint holds its images").hasMessageContaining("checkpoint-");
        call(PodCalls.REMOVE_CHECKPOINT, "name", "rolled");
        call(PodCalls.REMOVE_CHECKPOINT, "name", "stopped");
        call(PodCalls.REMOVE_CHECKPOINT, "name", "stopped");
        lab.images.removeImage(RemoveImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(Lab.IMAGE)).build());
        Footprint.of(folder).isOf(0, "the end");
        assertThat(lab.order("keys").stream().filter(key -> key.startsWith("/hyperd/") || key.startsWith("/network/"))).isEmpty();
        try (Stream<Path> left = Files.list(folder.resolve("state/checkpoints"))) {
            assertThat(left).isEmpty();
        }
    }

    private static void isAlive() throws Exception {
        assertThat(lab.status(container).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
        assertThat(lab.exec(container, "cat", "/proc/1/fd/3").getStdout().toStringUtf8()).isEqualTo("kept\n");
    }

    private static void counted() throws Exception {
        List<Integer> all = lines();
        assertThat(all).isEqualTo(IntStream.rangeClosed(1, all.size()).boxed().toList());
    }

    private static long jumps(List<Integer> all) {
        return IntStream.range(1, all.size()).filter(i -> all.get(i) != all.get(i - 1) + 1).count();
    }

    private static List<Integer> lines() throws Exception {
        // The last one may be in the writing.
        List<String> log = lab.log("counts", "main");
        return log.subList(0, Math.max(0, log.size() - 1)).stream().map(Integer::parseInt).toList();
    }

    private static String address() {
        return lab.runtime.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).build())
                .getStatus().getNetwork().getIp();
    }

    private static long commits() throws Exception {
        return Long.parseLong(lab.order("commits").getFirst());
    }

    private static List<String> points(long commits) {
        List<String> points = new ArrayList<>();
        for (int commit = 1; commit <= commits; commit++) {
            points.add(commit + " BEFORE");
            points.add(commit + " AFTER");
        }
        Collections.shuffle(points, new Random(SEED));
        return POINTS > 0 ? points.subList(0, Math.min(POINTS, points.size())) : points;
    }

    private static void dies(io.grpc.MethodDescriptor<Struct, Struct> method, Object... fields) throws Exception {
        try {
            call(method, fields);
        } catch (StatusRuntimeException broken) {
            assertThat(lab.awaitDeath(Duration.ofSeconds(20))).as("a call failed and the engine lives: %s", broken).isTrue();
        }
        if (!lab.awaitDeath(Duration.ofSeconds(1))) {
            lab.kill();
        }
        lab.start();
    }

    private static Struct call(io.grpc.MethodDescriptor<Struct, Struct> method, Object... fields) {
        Struct.Builder request = Struct.newBuilder();
        for (int i = 0; i < fields.length; i += 2) {
            Value value = fields[i + 1] instanceof Boolean flag
                    ? Value.newBuilder().setBoolValue(flag).build()
                    : Value.newBuilder().setStringValue(fields[i + 1].toString()).build();
            request.putFields(fields[i].toString(), value);
        }
        return lab.call(method, request.build());
    }
}
