package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real engine is killed with SIGKILL while real pods and Docker containers live: before and behind every single write of its journal, and at any instant. The one
/// that comes after it must find everything, once. Needs root and QEMU.
///
/// `kill.points` says how many points of all are drawn for pods, and a third of that for containers; 0 takes all. `kill.seed` draws the same ones again.
class KilledEngineTest {
    private static final int POINTS = Integer.getInteger("kill.points", 3);
    /// Calls that write to the journal and that no life here comes to, how many in which method, by who comes to them.
    private static final Map<String, Map<String, Integer>> ELSEWHERE = Map.of(
            "CheckpointTest, whose engine dies at each of them", Map.of(
                    "Checkpoints#save", 2, "Checkpoints#restore", 2, "Rebirth#run", 1, "SandboxSaving#exchangeContainers", 1, "Sandboxes#presentOrReborn", 1,
                    "SandboxBeginning#placed", 1, "SandboxBeginning#started", 1),
            "a start behind a death, as there is one here behind each", Map.of(
                    "Recovery#run", 1, "Recovery#restore", 1, "Recovery#recover", 1, "Container#resume", 1, "ContainerLife#recover", 2),
            "what makes good what an earlier version left: HalfMadeVolumesTest", Map.of("Reunion#matchVolumes", 1),
            "what undoes something that failed, as a start behind a death does: TemplatesTest, PodEndToEndTest, DockerContainersTest", Map.of(
                    "ContainerMaking#make", 1, "ContainerMaking#undo", 1, "SandboxBeginning#giveUpMachine", 1, "SandboxBoot#copyOrMachine", 1, "ContainerLife#startHolding", 1),
            "a change by one write alone, which is there or is not: PodEndToEndTest, DockerEndToEndTest, acceptance", Map.of(
                    "Container#updateResources", 1, "DockerContainer#change", 1, "DockerContainer#kill", 1,
                    "DockerContainer#move", 1, "DockerContainer#rename", 1, "ContainerLife#restartLater", 1),
            "networks that a lab has not: CniPodTest, TenantNetworksTest, LocalNetworkTest", Map.of(
                    "CniNetwork#keep", 1, "CniNetwork#delete", 1, "TenantNetworks#begin", 1, "TenantNetworks#remove", 1,
                    "PublishedPorts#take", 1, "PublishedPorts#giveBack", 1));
    private static final int INSTANTS = Integer.getInteger("kill.instants", 1);
    private static final long SEED = Long.getLong("kill.seed", new Random().nextLong());

    @TempDir
    static Path folder;

    static Lab lab;

    @BeforeAll
    static void build() throws Exception {
        Lab.require();
        lab = new Lab(folder);
    }

    @AfterAll
    static void end() throws Exception {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void whereverItDiesNothingIsLostOrLeft() throws Exception {
        Random random = new Random(SEED);
        Peace pods = inPeace(new PodLife(lab, "whole"));
        Peace containers = inPeace(new DockerLife(lab, "whole"));
        everyWriteIsVisited(Stream.of(pods, containers).flatMap(peace -> peace.deaths().stream()).map(Death::point).collect(Collectors.toSet()));
        sweep(pods.deaths(), "life", POINTS, PodLife::new, random);
        sweep(containers.deaths(), "docker", Math.ceilDiv(POINTS, 3), DockerLife::new, random);
        for (int i = 0; i < INSTANTS; i++) {
            Duration instant = Duration.ofMillis(random.nextLong(pods.millis()));
            dies("after " + instant, new PodLife(lab, "instant-" + i), Thread.ofVirtual().unstarted(() -> killAfter(instant)));
        }
        removeImages();
    }

    /// A commit at which the engine is to die.
    ///
    /// @param occurrence which of those that are made there, from 1 on
    private record Death(JournalPoints.Point point, int occurrence, FatalStore.Side side) {
        String order() {
            return "die-at " + point + " " + occurrence + " " + side;
        }
    }

    /// @param deaths before and behind each of the commits that it took
    private record Peace(List<Death> deaths, long millis) {}

    private static Peace inPeace(EngineLife life) throws Exception {
        SortedSet<JournalPoints.Point> all = JournalPoints.all();
        lab.order("listen");
        long begin = System.nanoTime();
        life.live();
        life.checkAndEnd("a life in peace");
        long millis = (System.nanoTime() - begin) / 1_000_000;
        Map<JournalPoints.Point, Integer> seen = new HashMap<>();
        List<Death> deaths = new ArrayList<>();
        for (String stack : lab.order("stacks")) {
            JournalPoints.Point point = JournalPoints.of(Stream.of(stack.split(" ")).map(JournalPoints.Point::parse).toList(), all)
                    .orElseThrow(() -> new AssertionError("a commit by calls that are not known to write to the journal: " + stack));
            int occurrence = seen.merge(point, 1, Integer::sum);
            deaths.add(new Death(point, occurrence, FatalStore.Side.BEFORE));
            deaths.add(new Death(point, occurrence, FatalStore.Side.AFTER));
        }
        return new Peace(deaths, millis);
    }

    /// No call that writes to the journal is left out: lives come to it, or another test does.
    private static void everyWriteIsVisited(Set<JournalPoints.Point> visited) throws Exception {
        Map<String, Integer> others = new TreeMap<>();
        for (JournalPoints.Point point : JournalPoints.all()) {
            if (!visited.contains(point)) {
                others.merge(point.name(), 1, Integer::sum);
            }
        }
        Map<String, Integer> known = new TreeMap<>();
        ELSEWHERE.forEach((test, writes) -> writes.forEach((name, count) -> known.merge(name, count, Integer::sum)));
        assertThat(others).as("calls that write to the journal, in methods to which no life in this test comes: have one come there, or name in ELSEWHERE the test that does")
                .isEqualTo(known);
    }

    private static void sweep(List<Death> all, String prefix, int points, BiFunction<Lab, String, EngineLife> life, Random random) throws Exception {
        List<Death> deaths = new ArrayList<>(all);
        if (POINTS > 0) {
            Collections.shuffle(deaths, random);
            deaths = deaths.subList(0, points);
        }
        System.out.println("killing the engine at " + deaths.size() + " of " + all.size() + " sides of writes, seed " + SEED);
        int survived = 0;
        int number = 0;
        for (Death death : deaths) {
            lab.order(death.order());
            boolean died = dies(death.toString(), life.apply(lab, prefix + "-" + ++number), Thread.ofVirtual().unstarted(() -> {}));
            // How often something is written may vary by one: what comes together is written together. That it is written does not.
            assertThat(died || death.occurrence() > 1).as("it died at %s", death).isTrue();
            survived += died ? 0 : 1;
        }
        assertThat(survived).isLessThan(5);
    }

    /// @param killer who kills it from outside, begun together with the life; it may kill no engine but this one
    private static boolean dies(String point, EngineLife life, Thread killer) throws Exception {
        String when = "killed at " + point + " (-Dkill.seed=" + SEED + ")";
        boolean died;
        killer.start();
        try {
            life.live();
            died = lab.awaitDeath(Duration.ZERO);
        } catch (StatusRuntimeException | IOException broken) {
            died = lab.awaitDeath(Duration.ofSeconds(20));
            assertThat(died).as("%s: a call failed and the engine lives: %s", when, broken).isTrue();
        }
        killer.interrupt();
        killer.join();
        if (!died) {
            lab.kill();
        }
        lab.start();
        life.checkAndEnd(when);
        return died;
    }

    private static void killAfter(Duration instant) {
        try {
            Thread.sleep(instant);
            lab.signalKill();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// An image that is still held by a pod cannot be removed.
    private static void removeImages() {
        for (String image : List.of(Lab.IMAGE, Lab.OTHER_IMAGE)) {
            lab.images.removeImage(RemoveImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(image)).build());
        }
        assertThat(lab.images.listImages(ListImagesRequest.getDefaultInstance()).getImagesList()).isEmpty();
    }
}
