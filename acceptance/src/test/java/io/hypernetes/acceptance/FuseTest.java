package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// File systems that programs serve in a privileged pod: those of engines of containers, from Debian's packages.
@ExtendWith(SharedCluster.class)
class FuseTest {

    @BeforeAll
    static void aPod(Cluster cluster, @TempDir Path folder) {
        Application.image(cluster, folder, "apps.test/fuse:1", "fuse-overlayfs", "squashfuse", "squashfs-tools", "fuse3");
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: serves-files}
                spec:
                  terminationGracePeriodSeconds: 0
                  containers:
                  - name: root
                    image: apps.test/fuse:1
                    # What installing the packages does beyond putting their files somewhere.
                    command: [sh, -c, 'chmod 4755 /bin/fusermount3; ln -s /proc/self/mounts /etc/mtab; exec sleep 99999']
                    securityContext: {privileged: true}
                    volumeMounts: [{name: work, mountPath: /work}]
                  - name: ordinary
                    image: apps.test/fuse:1
                    command: [sh, -c, 'exec sleep 99999']
                  volumes: [{name: work, emptyDir: {}}]
                """);
        cluster.awaitRunning("serves-files");
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.delete("serves-files");
    }

    private static String in(Cluster cluster, String container, String script) {
        return cluster.kubectl("exec", "serves-files", "-c", container, "--", "sh", "-ec", script);
    }

    @Test
    void layersAreStackedByAProgram(Cluster cluster) {
        assertThat(in(cluster, "root", """
                mkdir /work/layers; cd /work/layers; mkdir lower upper temporary merged
                echo below > lower/f; echo hidden > lower/h
                fuse-overlayfs -o lowerdir=lower,upperdir=upper,workdir=temporary merged
                echo above > merged/g; rm merged/h; cat merged/f upper/g; ls merged | tr '\\n' ' '; ls lower | tr '\\n' ' '; echo
                dd if=/dev/urandom of=merged/big bs=1M count=16 2>/dev/null; cmp merged/big upper/big && echo same
                grep -o ' /work/layers/merged fuse.fuse-overlayfs ' /proc/mounts
                fusermount3 -u merged; ls merged | wc -l
                """)).isEqualTo("below\nabove\nf g f h \nsame\n /work/layers/merged fuse.fuse-overlayfs \n0\n");
    }

    /// By the program that root lent its rights to.
    @Test
    void anImageIsReadByAProgramOfAnOrdinaryUser(Cluster cluster) {
        assertThat(in(cluster, "root", """
                mkdir -m 777 /work/image
                cat > /work/image/script <<'END'
                set -e; cd /work/image; mkdir tree mounted; echo deep > tree/f; id -u
                mksquashfs tree tree.squashfs -quiet -no-progress > /dev/null
                squashfuse tree.squashfs mounted; cat mounted/f; fusermount3 -u mounted; ls mounted | wc -l
                END
                su -s /bin/sh www-data /work/image/script
                """)).isEqualTo("33\ndeep\n0\n");
    }

    @Test
    void whoIsNotPrivilegedServesNone(Cluster cluster) {
        assertThat(in(cluster, "ordinary", "test -e /dev/fuse || echo none")).isEqualTo("none\n");
    }
}
