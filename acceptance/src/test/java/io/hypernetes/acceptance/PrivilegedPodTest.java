package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// What a privileged pod does with its own machine: what engines of containers, routers and file systems do elsewhere with a host.
@ExtendWith(SharedCluster.class)
class PrivilegedPodTest {
    private static final String FILES = """
            mkdir -p bin usr/sbin usr/lib/x86_64-linux-gnu/xtables tmp etc run
            cp "$(command -v busybox)" bin/busybox
            for name in $(bin/busybox --list); do [ -e bin/$name ] || ln -s busybox bin/$name; done
            for program in nft xtables-nft-multi xtables-legacy-multi; do
              cp -L /usr/sbin/$program usr/sbin/$program
              ldd /usr/sbin/$program | grep -o '/[^ ]*' | while read -r library; do mkdir -p ".$(dirname "$library")"; cp -L "$library" ".$library"; done
            done
            cp /usr/lib/x86_64-linux-gnu/xtables/libxt_*.so /usr/lib/x86_64-linux-gnu/xtables/libipt_*.so usr/lib/x86_64-linux-gnu/xtables
            ln -s xtables-nft-multi usr/sbin/iptables; ln -s xtables-legacy-multi usr/sbin/iptables-legacy
            echo root:x:0:0::/:/bin/sh > etc/passwd
            """;

    @TempDir
    static Path folder;

    @BeforeAll
    static void aPod(Cluster cluster) throws Exception {
        Path layout = OciLayout.write(folder.resolve("layout"), List.of(FILES), "{\"Env\":[\"PATH=/bin:/usr/sbin\"]}");
        Path archive = folder.resolve("tools.tar");
        Run.of("skopeo", "--insecure-policy", "copy", "oci:" + layout + ":image", "oci-archive:" + archive + ":files.test/tools:1").ok();
        cluster.hypernetes("image", "load", archive.toString()).ok();
        cluster.apply("""
                apiVersion: v1
                kind: Pod
                metadata: {name: mighty}
                spec:
                  terminationGracePeriodSeconds: 0
                  containers:
                  - name: main
                    image: files.test/tools:1
                    command: [sh, -c, 'exec sleep 99999']
                    securityContext: {privileged: true}
                    volumeMounts: [{name: work, mountPath: /work}]
                  - name: router
                    image: files.test/tools:1
                    command: [sh, -c, 'exec sleep 99999']
                    securityContext: {capabilities: {add: [NET_ADMIN]}}
                  volumes: [{name: work, emptyDir: {}}]
                """);
        cluster.awaitRunning("mighty");
    }

    @AfterAll
    static void remove(Cluster cluster) {
        cluster.delete("mighty");
    }

    private static String in(Cluster cluster, String container, String script) {
        return cluster.kubectl("exec", "mighty", "-c", container, "--", "sh", "-ec", script);
    }

    @Test
    void fileSystemsAreStackedOnFilesAndServedByPrograms(Cluster cluster) {
        assertThat(in(cluster, "main", """
                cd /work; mkdir lower upper temporary merged loop fuse
                echo below > lower/f
                mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=temporary merged
                echo above > merged/g; cat merged/f upper/g
                dd if=/dev/zero of=disk bs=1M count=8 2>/dev/null; mke2fs -F disk >/dev/null 2>&1
                mount -o loop disk loop; echo inside > loop/h; cat loop/h; grep -c '^/dev/loop0 /work/loop ' /proc/mounts
                exec 3<>/dev/fuse; mount -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 none fuse; grep -c ' /work/fuse fuse ' /proc/mounts
                umount -l fuse; umount loop; umount merged
                """)).isEqualTo("below\nabove\ninside\n1\n1\n");
    }

    @Test
    void packetsAreFilteredAndTranslated(Cluster cluster) {
        assertThat(in(cluster, "main", """
                nft 'add table inet mine; add chain inet mine out { type nat hook postrouting priority srcnat; }; add rule inet mine out oifname "wan" masquerade'
                nft 'add chain inet mine in { type filter hook input priority filter; }; add rule inet mine in ct state established accept; add rule inet mine in tcp dport 9 reject'
                nft list table inet mine
                """)).contains("oifname \"wan\" masquerade", "ct state established accept", "reject");
        for (String program : List.of("iptables", "iptables-legacy")) {
            // One container may do so because it may do all, the other because it asked for this.
            for (String container : List.of("main", "router")) {
                assertThat(in(cluster, container, """
                        P -t nat -N T-C; P -t nat -A POSTROUTING -o wan -m comment --comment of-C -j MASQUERADE
                        P -A INPUT -m conntrack --ctstate ESTABLISHED -p tcp -m multiport --dports 7,9 -j REJECT
                        P -t nat -S; P -S
                        """.replace("-C", "-" + container).replaceAll("\\bP\\b", program)))
                        .contains("-A POSTROUTING -o wan -m comment --comment of-" + container + " -j MASQUERADE", "--dports 7,9 -j REJECT");
            }
        }
    }

    @Test
    void linksAndNamespacesAreMade(Cluster cluster) {
        assertThat(in(cluster, "main", """
                ip link add br7 type bridge; ip link add one type veth; tunctl -t tap7 >/dev/null; ip link add dum7 type dummy
                ip -o link | grep -oE 'br7|one|tap7|dum7' | sort -u | tr '\\n' ' '
                unshare -m -p -f sh -c 'mount -t proc proc /proc; echo $$'
                mkdir /sys/fs/cgroup/inner; cat /sys/fs/cgroup/inner/cgroup.type
                """)).isEqualTo("br7 dum7 one tap7 1\ndomain\n");
    }
}
