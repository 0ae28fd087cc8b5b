package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.*;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A real engine is killed with SIGKILL while real pods live: before and behind every single write of its journal, and at any instant. The one
/// that comes after it must find everything, once. Needs root and QEMU.
///
/// `kill.points` says how many points of all are drawn; 0 takes all. `kill.seed` draws the same ones again.
class KilledEngineTest {
    private static final int POINTS = Integer.getInteger("kill.points", 3);
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
        long before = commits();
        long begin = System.nanoTime();
        PodLife whole = new PodLife(lab, "whole");
        whole.live();
        whole.checkAndEnd("a life in peace");
        long millis = (System.nanoTime() - begin) / 1_000_000;
        int commits = (int) (commits() - before);
        // Fewer would mean that the engine stopped journalling.
        assertThat(commits).isGreaterThan(8);
        List<String> points = new ArrayList<>();
        for (int commit = 1; commit <= commits; commit++) {
            points.add(commit + " BEFORE");
            points.add(commit + " AFTER");
        }
        Random random = new Random(SEED);
        if (POINTS > 0) {
            Collections.shuffle(points, random);
        }
        System.out.println("killing the engine at " + (POINTS > 0 ? POINTS : points.size()) + " of " + points.size() + " writes and "
                + INSTANTS + " instants, seed " + SEED);
        int died = 0;
        for (String point : POINTS > 0 ? points.subList(0, POINTS) : points) {
            lab.order("die " + point);
            String name = "life-" + point.toLowerCase(java.util.Locale.ROOT).replace(' ', '-');
            died += dies("commit " + point, name, Thread.ofVirtual().unstarted(() -> {})) ? 1 : 0;
        }
        // How many writes a life has may vary by one or two: what comes together is written together.
        assertThat(died).isGreaterThanOrEqualTo(POINTS > 0 ? 1 : points.size() - 4);
        for (int i = 0; i < INSTANTS; i++) {
            Duration instant = Duration.ofMillis(random.nextLong(millis));
            dies("after " + instant, "instant-" + i, Thread.ofVirtual().unstarted(() -> killAfter(instant)));
        }
        removeImages();
    }

    /// @param killer who kills it from outside, begun together with the pod's life; it may kill no engine but this one
    private static boolean dies(String point, String name, Thread killer) throws Exception {
        String when = "killed at " + point + " (-Dkill.seed=" + SEED + ")";
        PodLife life = new PodLife(lab, name);
        boolean died;
        killer.start();
        try {
            life.live();
            died = lab.awaitDeath(Duration.ZERO);
        } catch (StatusRuntimeException broken) {
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

    private static long commits() throws Exception {
        return Long.parseLong(lab.order("commits").getFirst());
    }

    /// An image that is still held by a pod cannot be removed.
    private static void removeImages() {
        for (String image : List.of(Lab.IMAGE, Lab.OTHER_IMAGE)) {
            lab.images.removeImage(RemoveImageRequest.newBuilder().setImage(ImageSpec.newBuilder().setImage(image)).build());
        }
        assertThat(lab.images.listImages(ListImagesRequest.getDefaultInstance()).getImagesList()).isEmpty();
    }
}
