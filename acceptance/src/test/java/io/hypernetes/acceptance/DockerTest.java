package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The stock docker client against hyperd.
@ExtendWith(SharedCluster.class)
class DockerTest {

    private static Run docker(Cluster cluster, String input, String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker", "-H", "unix://" + cluster.root.resolve("run/docker.sock")));
        command.addAll(List.of(arguments));
        return Run.of(Duration.ofMinutes(3), Map.of("HOME", cluster.root.toString()), input.getBytes(StandardCharsets.UTF_8), command);
    }

    @Test
    void aContainerLivesAndIsRemoved(Cluster cluster) {
        assertThat(docker(cluster, "in\n", "run", "--rm", "-i", "-e", "A=b", Cluster.SAMPLE, "sh", "-c", "cat; echo $A; echo err >&2; exit 7"))
                .satisfies(run -> assertThat(run.exitCode()).as(run.toString()).isEqualTo(7))
                .satisfies(run -> assertThat(run.out()).isEqualTo("in\nb\n"))
                .satisfies(run -> assertThat(run.err()).isEqualTo("err\n"));
        assertThat(docker(cluster, "", "run", "--rm", Cluster.SAMPLE, "no-such-program").exitCode()).isEqualTo(127);
        assertThat(docker(cluster, "", "ps", "-a", "-q").ok()).isEmpty();
    }

    @Test
    void aContainerKeepsItsFilesAndCannotBeSeenByCri(Cluster cluster) {
        docker(cluster, "", "run", "-d", "--name", "keeps", Cluster.SAMPLE, "sh", "-c", "echo started; cat /kept; sleep 10000").ok();
        assertThat(docker(cluster, "", "exec", "keeps", "sh", "-c", "echo kept > /kept; exit 3").exitCode()).isEqualTo(3);
        assertThat(docker(cluster, "", "ps", "--format", "{{.Names}} {{.State}}").ok()).isEqualTo("keeps running\n");
        assertThat(cluster.hypernetes("status").ok()).doesNotContain("keeps");
        docker(cluster, "", "stop", "-t", "0", "keeps").ok();
        assertThat(docker(cluster, "", "inspect", "-f", "{{.State.ExitCode}}", "keeps").ok()).isEqualTo("137\n");
        docker(cluster, "", "start", "keeps").ok();
        org.awaitility.Awaitility.await().atMost(Duration.ofSeconds(60))
                .until(() -> docker(cluster, "", "logs", "keeps").ok().contains("kept"));
        docker(cluster, "", "rm", "-f", "keeps").ok();
        assertThat(docker(cluster, "", "search", "web").err()).contains("docker pull");
        assertThat(docker(cluster, "", "inspect", "nosuch").err()).containsIgnoringCase("no such object: nosuch");
    }

    @Test
    void limitsAndMemoryMountsAreSoInTheContainer(Cluster cluster) {
        String said = docker(cluster, "", "run", "--rm", "--ulimit", "nofile=111:222", "--group-add", "4242", "--sysctl", "net.core.somaxconn=77",
                "--tmpfs", "/t:size=1m,mode=0750", "--mount", "type=tmpfs,target=/u", "--shm-size", "8m", Cluster.SAMPLE, "sh", "-c",
                "ulimit -S -n; ulimit -H -n; grep Groups /proc/self/status; cat /proc/sys/net/core/somaxconn; grep -E ' (/t|/u|/dev/shm) ' /proc/mounts").ok();
        assertThat(said).startsWith("111\n222\n").contains("4242").contains("\n77\n")
                .containsPattern("tmpfs /t tmpfs [^\n]*size=1024k").contains("tmpfs /u tmpfs").containsPattern("tmpfs /dev/shm tmpfs [^\n]*size=8192k");
        assertThat(docker(cluster, "", "create", "-v", "/etc:/data", Cluster.SAMPLE, "true").err()).contains("no file system of the host");
        assertThat(docker(cluster, "", "network", "ls", "--format", "{{.Name}}").ok()).isEqualTo("bridge\n");
    }

    @Test
    void filesAreCopiedWhileItDoesNotRunAndTimeStandsStillOnDemand(Cluster cluster) throws java.io.IOException {
        java.nio.file.Path from = cluster.root.resolve("copied-in");
        java.nio.file.Path to = cluster.root.resolve("copied-out");
        java.nio.file.Files.writeString(from, "from the host\n");
        docker(cluster, "", "create", "--name", "copied", Cluster.SAMPLE, "sh", "-c", "cat /got; sleep 10000").ok();
        docker(cluster, "", "cp", from.toString(), "copied:/got").ok();
        docker(cluster, "", "cp", "copied:/got", to.toString()).ok();
        assertThat(to).hasContent("from the host\n");
        assertThat(docker(cluster, "", "inspect", "-f", "{{.State.Status}}", "copied").ok()).isEqualTo("created\n");
        docker(cluster, "", "start", "copied").ok();
        org.awaitility.Awaitility.await().atMost(Duration.ofSeconds(60))
                .until(() -> docker(cluster, "", "logs", "copied").ok().contains("from the host"));
        docker(cluster, "", "pause", "copied").ok();
        assertThat(docker(cluster, "", "ps", "--filter", "status=paused", "--format", "{{.Names}} {{.State}}").ok()).isEqualTo("copied paused\n");
        assertThat(docker(cluster, "", "exec", "copied", "true").err()).contains("paused");
        docker(cluster, "", "unpause", "copied").ok();
        docker(cluster, "", "update", "--memory", "200m", "--restart", "unless-stopped", "copied").ok();
        assertThat(docker(cluster, "", "exec", "copied", "cat", "/sys/fs/cgroup/memory.max").out()).isEqualTo("209715200\n");
        docker(cluster, "", "pause", "copied").ok();
        docker(cluster, "", "rm", "-f", "copied").ok();
    }

    @Test
    void anImageIsNamedSavedAndLoadedAgain(Cluster cluster) {
        String tar = cluster.root.resolve("saved.tar").toString();
        docker(cluster, "", "tag", Cluster.SAMPLE, "docker.test/again:2").ok();
        docker(cluster, "", "save", "-o", tar, "docker.test/again:2").ok();
        assertThat(docker(cluster, "", "rmi", "docker.test/again:2").ok()).contains("Untagged");
        assertThat(docker(cluster, "", "load", "-i", tar).ok()).contains("docker.test/again:2");
        docker(cluster, "", "rmi", "docker.test/again:2").ok();
    }

    @Test
    void containersOfANetworkOfTheirOwnFindEachOther(Cluster cluster) {
        docker(cluster, "", "network", "create", "own").ok();
        docker(cluster, "", "run", "-d", "--name", "named", "--network", "own", Cluster.SAMPLE, "sh", "-c", "echo served > /index.html; exec httpd -f -h /").ok();
        String said = docker(cluster, "", "run", "--rm", "--network", "own", Cluster.SAMPLE, "sh", "-c",
                "for i in 1 2 3 4 5 6 7 8 9; do timeout 6 wget -q -O - http://named/ && break; sleep 1; done").ok();
        assertThat(said).isEqualTo("served\n");
        docker(cluster, "", "rm", "-f", "named").ok();
        docker(cluster, "", "network", "rm", "own").ok();
    }
}
