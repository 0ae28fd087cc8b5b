package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Volumes with a `sizeLimit`: the guest's kernel refuses the very write that goes beyond it, and the pod lives on.
@ExtendWith(SharedCluster.class)
class VolumeLimitsTest {

    @BeforeAll
    static void aPod(Cluster cluster) {
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: bounded}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: root
                    image: IMAGE
                    command: [sh, -c, 'exec sleep 99999']
                    volumeMounts: &mounts [{name: disk, mountPath: /disk}, {name: memory, mountPath: /memory}, {name: free, mountPath: /free}]
                  - name: user
                    image: IMAGE
                    command: [sh, -c, 'exec sleep 99999']
                    securityContext: {runAsUser: 1001}
                    volumeMounts: *mounts
                  volumes:
                  - {name: disk, emptyDir: {sizeLimit: 4Mi}}
                  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 4Mi}}
                  - {name: free, emptyDir: {}}
                """.replace("IMAGE", Cluster.SAMPLE));
        cluster.awaitRunning("bounded");
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.delete("bounded");
    }

    private static String in(Cluster cluster, String container, String script) {
        return cluster.kubectl("exec", "bounded", "-c", container, "--", "sh", "-c", script);
    }

    private static void unharmed(Cluster cluster) {
        assertThat(cluster.kubectl("get", "pod", "bounded", "-o", "jsonpath={.status.phase} {.status.containerStatuses[*].restartCount}")).isEqualTo("Running 0 0");
    }

    @Test
    void whatGoesBeyondTheLimitIsRefusedOnDiskAndInMemory(Cluster cluster) {
        // One that is evicted elsewhere, a while later, and ends here at once with the kernel's own words.
        assertThat(in(cluster, "root", "dd if=/dev/zero of=/disk/f bs=64k count=128 2>&1 | grep -o 'Disk quota exceeded'; stat -c %s /disk/f").split("\n"))
                .satisfies(lines -> assertThat(lines[0]).isEqualTo("Disk quota exceeded"))
                .satisfies(lines -> assertThat(Long.parseLong(lines[1])).isBetween(3L << 20, 4L << 20));
        assertThat(in(cluster, "root", "dd if=/dev/zero of=/memory/f bs=64k count=128 2>&1 | grep -o 'No space left on device'; stat -c %s /memory/f"))
                .isEqualTo("No space left on device\n" + (4L << 20) + "\n");
        // What one container has written is missing to the other, and what is removed is there for both; other volumes know nothing of it.
        for (String volume : new String[] {"disk", "memory"}) {
            assertThat(in(cluster, "user", "cd /" + volume + "; dd if=/dev/zero of=mine bs=64k count=8 2>/dev/null || echo full; rm -f mine"))
                    .as(volume).isEqualTo("full\n");
            in(cluster, "root", "rm /" + volume + "/f");
            assertThat(in(cluster, "user", "cd /" + volume + "; dd if=/dev/zero of=mine bs=64k count=32 2>/dev/null && stat -c %s mine; rm mine"))
                    .as(volume).isEqualTo((2L << 20) + "\n");
        }
        assertThat(in(cluster, "user", "dd if=/dev/zero of=/free/f bs=64k count=128 2>/dev/null && stat -c %s /free/f")).isEqualTo((8L << 20) + "\n");
        unharmed(cluster);
    }

    @Test
    void programsSeeHowMuchThereIs(Cluster cluster) {
        assertThat(in(cluster, "user", "for v in disk memory; do df -Pk /$v | tail -n 1 | awk '{print $2}'; done")).isEqualTo("4096\n4096\n");
        unharmed(cluster);
    }
}
