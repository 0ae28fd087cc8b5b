package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.images.ImageArchive;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.PseudoTerminal;
import io.hypernetes.linux.Spawn;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The Docker face on real machines, through the stock client.
@ExtendWith(SharedLab.class)
@Order(5)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 240, unit = TimeUnit.SECONDS)
class DockerEndToEndTest {
    private static final String WITH_VOLUME = "hypernetes.io/lab:volume";
    private static final String UNUSED = "hypernetes.io/lab:unused";

    private Lab lab;
    private DockerClient docker;

    @BeforeAll
    void meet(Lab shared) throws Exception {
        lab = shared;
        docker = new DockerClient(lab.root);
        ImageArchive image = Lab.image(WITH_VOLUME, new ImageConfig(
                List.of(), List.of("sleep", "10000"), List.of("PATH=/bin"), "", "/", "", List.of(), List.of("/srv/data"), Map.of()));
        image.nextLayer();
        image.folder("srv/data", 0750);
        image.file("srv/data/first", 0640, 101, 102, "of the image\n".getBytes(StandardCharsets.UTF_8));
        image.symbolicLink("srv/data/link", "first");
        lab.load(image, WITH_VOLUME);
    }

    /// What a test that failed left is no matter of the next.
    @AfterEach
    void clear() {
        docker.ok("ps", "-aq").lines().forEach(id -> docker.ok("rm", "-f", "-v", id));
        docker.ok("volume", "prune", "-af");
        docker.ok("network", "prune", "-f");
    }

    @AfterAll
    void leaveNothing() throws Exception {
        assertThat(lab.leaks()).isEmpty();
    }

    @Test
    void aVolumeIsFilledOnceOutlivesItsContainersAndHasOneWriter() {
        assertThat(docker.ok("run", "--rm", "-v", "data:/srv/data", WITH_VOLUME, "sh", "-c",
                        "ls -ldn /srv/data | cut -c1-10; ls -an /srv/data; cat /srv/data/link; echo more > /srv/data/second"))
                .startsWith("drwxr-x---\n").containsPattern("-rw-r----- +1 101 +102 .* first").contains("of the image\n").doesNotContain("lost+found");
        docker.ok("run", "-d", "--name", "writer", "-v", "data:/srv/data", WITH_VOLUME, "sh", "-c", "rm /srv/data/first; sleep 10000");
        assertThat(docker.run("run", "--rm", "-v", "data:/elsewhere:ro", WITH_VOLUME, "true").err()).contains("volume data is in use by container writer");
        assertThat(docker.run("volume", "rm", "data").err()).contains("volume is in use");
        await().atMost(Duration.ofSeconds(60)).until(() -> docker.run("exec", "writer", "cat", "/srv/data/first").code() == 1);
        docker.ok("rm", "-f", "writer");
        docker.ok("run", "-d", "--name", "reader", "--mount", "type=volume,source=data,target=/srv/data,readonly", WITH_VOLUME);
        assertThat(docker.ok("run", "--rm", "-v", "data:/x:ro", "-v", "/srv/data", WITH_VOLUME, "sh", "-c", "ls /x; touch /x/y 2>&1; ls /srv/data"))
                .as("filled once, though there is something in the image still").isEqualTo("link\nsecond\ntouch: /x/y: Read-only file system\nfirst\nlink\n");
        assertThat(docker.ok("inspect", "-f", "{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}", "reader")).isEqualTo("volume data /srv/data false\n");
        docker.ok("rm", "-f", "reader");
        assertThat(docker.ok("volume", "ls", "-q")).isEqualTo("data\n");
        assertThat(docker.ok("volume", "rm", "data")).isEqualTo("data\n");
        assertThat(docker.ok("volume", "ls", "-q")).isEmpty();
    }

    @Test
    void aMachineThatIsKilledLeavesAVolumeThatCanBeRead() throws Exception {
        docker.ok("volume", "create", "--label", "a=b", "-o", "size=64m", "hit");
        docker.ok("run", "-d", "--name", "victim", "-v", "hit:/hit", Lab.IMAGE, "sh", "-c", "df -k /hit > /hit/size; echo written > /hit/file; sync; echo done > /hit/lost; sleep 10000");
        await().atMost(Duration.ofSeconds(60)).until(() -> docker.run("exec", "victim", "cat", "/hit/lost").code() == 0);
        machines().forEach(ProcessHandle::destroyForcibly);
        docker.ok("wait", "victim");
        String read = docker.ok("run", "--rm", "-v", "hit:/hit:ro", Lab.IMAGE, "cat", "/hit/file", "/hit/size");
        assertThat(read).startsWith("written\n").containsPattern("\\b[56]\\d{4}\\b.*/hit");
        docker.ok("rm", "victim");
        assertThat(docker.ok("volume", "inspect", "-f", "{{.Labels.a}} {{.Options.size}} {{.Driver}}", "hit")).isEqualTo("b 64m local\n");
        docker.ok("volume", "rm", "hit");
    }

    @Test
    void healthIsCheckedAndToldAndAnInitTakesInOrphans() throws Exception {
        try (Following events = new Following("events", "--filter", "container=checked", "--format", "{{.Action}}")) {
            docker.ok("run", "-d", "--name", "checked", "--health-cmd", "cat /ok || { echo broken; exit 1; }", "--health-interval", "1s", "--health-retries", "2",
                    "--init", "--add-host", "db.test:10.9.8.7", Lab.IMAGE, "sh", "-c", "(sleep 1 & ) ; cat /etc/hosts; exec sleep 10000");
            assertThat(docker.ok("ps", "--format", "{{.Status}}")).contains("health");
            events.awaits("health_status: unhealthy");
            assertThat(docker.ok("inspect", "-f", "{{.State.Health.Status}} {{(index .State.Health.Log 0).Output}}", "checked")).startsWith("unhealthy ").contains("No such file").contains("broken");
            docker.ok("exec", "checked", "touch", "/ok");
            events.awaits("health_status: healthy");
        }
        assertThat(docker.ok("ps", "--filter", "health=healthy", "--format", "{{.Names}}")).isEqualTo("checked\n");
        assertThat(docker.ok("exec", "checked", "sh", "-c", "ps; cat /etc/hosts")).doesNotContain("sh -c (sleep").contains("10.9.8.7\tdb.test").contains("sleep 10000")
                .doesNotContain("[sleep]");
        docker.ok("rm", "-f", "checked");
    }

    @Test
    void logsAndSizesAreTold() throws Exception {
        docker.ok("run", "-d", "--name", "told", Lab.IMAGE, "sh", "-c", "echo first; while ! cat /go; do sleep 1; done; echo second; sleep 10000");
        try (Following log = new Following("logs", "-f", "told")) {
            log.awaits("first");
            docker.ok("exec", "told", "sh", "-c", "dd if=/dev/urandom of=/big bs=1M count=3; sync; echo gone-on > /go");
            log.awaits("second");
        }
        assertThat(docker.ok("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}")).contains("Images ").contains("Containers 1 1").contains("Build Cache 0");
        assertThat(docker.ok("ps", "-s", "--format", "{{.Size}}")).containsPattern("^([3-9]|[1-3][0-9])\\.?[0-9]*MB");
        assertThat(docker.run("network", "create", "-d", "overlay", "mine").err()).contains("network driver overlay cannot be had: there is bridge");
        assertThat(docker.run("network", "create", "--subnet", "10.1.0.0/16", "mine").err()).contains("--subnet");
        assertThat(docker.run("create", "--platform", "linux/s390x", Lab.IMAGE).err()).contains("does not match the host's");
        docker.ok("stop", "-t", "0", "told");
        assertThat(docker.ok("system", "prune", "-f", "--volumes")).contains("Deleted Containers").containsPattern("Total reclaimed space: [1-9]");
        assertThat(docker.ok("ps", "-aq")).isEmpty();
    }

    @Test
    void pruneTakesWhatItsFiltersMean() throws Exception {
        lab.load(Lab.image(UNUSED, new ImageConfig(List.of(), List.of("true"), List.of(), "", "/", "", List.of(), List.of(), Map.of("team", "red"))), UNUSED);
        docker.ok("run", "--name", "kept", Lab.IMAGE, "true");
        docker.ok("run", "--name", "meant", "--label", "team=red", Lab.IMAGE, "true");
        docker.ok("system", "prune", "-f", "--filter", "label=team=red");
        assertThat(docker.ok("ps", "-a", "--format", "{{.Names}}")).isEqualTo("kept\n");
        docker.ok("system", "prune", "-f", "--filter", "until=1h");
        assertThat(docker.ok("ps", "-a", "--format", "{{.Names}}")).isEqualTo("kept\n");
        assertThat(docker.ok("image", "prune", "-af", "--filter", "label=team=blue")).doesNotContain(UNUSED);
        assertThat(docker.ok("image", "prune", "-af", "--filter", "label=team=red")).contains(UNUSED);
        assertThat(docker.run("image", "prune", "-f", "--filter", "until=yesterday").err()).contains("invalid filter 'until=yesterday'");
        assertThat(docker.ok("images", "--format", "{{.Repository}}:{{.Tag}}")).doesNotContain(UNUSED).contains(Lab.IMAGE);
        docker.ok("system", "prune", "-f", "--filter", "until=0s");
        assertThat(docker.ok("ps", "-aq")).isEmpty();
    }

    @Test
    void whatAContainerChangedIsToldAndExported() throws Exception {
        docker.ok("run", "-d", "--name", "changed", "-v", "/vol", WITH_VOLUME, "sh", "-c",
                "rm /etc/lab; mkdir -p /new/deep; echo x > /new/deep/file; echo more >> /etc/group; chmod 700 /tmp; echo y > /vol/inside; sleep 10000");
        await().atMost(Duration.ofSeconds(60)).until(() -> docker.run("exec", "changed", "cat", "/vol/inside").code() == 0);
        docker.ok("export", "-o", lab.root.resolve("exported.tar").toString(), "changed");
        assertThat(docker.run("commit", "-c", "RUN make", "changed", "lab.test/changed:1").err()).contains("RUN is not a valid change command");
        String made = docker.ok("commit", "-m", "for later", "-c", "ENV MADE=\"by commit\"", "-c", "CMD [\"true\"]", "changed", "lab.test/changed:1").strip();
        // What has ended gets a machine for the call.
        docker.ok("stop", "-t", "0", "changed");
        assertThat(docker.ok("diff", "changed").lines()).containsExactlyInAnyOrder(
                "C /etc", "D /etc/lab", "C /etc/group", "A /new", "A /new/deep", "A /new/deep/file", "C /tmp", "A /vol");
        Process list = new ProcessBuilder("tar", "-tf", lab.root.resolve("exported.tar").toString()).start();
        assertThat(new String(list.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines())
                .contains("./new/deep/file", "./bin/busybox", "./vol/").doesNotContain("./etc/lab", "./vol/inside", "./proc/1/");
        assertThat(made).startsWith("sha256:");
        assertThat(docker.ok("image", "inspect", "-f", "{{.Config.Cmd}}", "lab.test/changed:1")).isEqualTo("[true]\n");
        assertThat(docker.ok("run", "--rm", "lab.test/changed:1", "sh", "-c", "echo $MADE; cat /new/deep/file; ls /etc/lab 2>&1; ls /vol; head -n 1 /etc/group"))
                .isEqualTo("by commit\nx\nls: /etc/lab: No such file or directory\nroot:x:0:\n");
        assertThat(docker.ok("history", "--format", "{{.Comment}}", "lab.test/changed:1")).startsWith("for later\n");
        docker.ok("rm", "-v", "changed");
        docker.ok("rmi", "lab.test/changed:1");
    }

    @Test
    void containersOfANetworkFindEachOtherByName() {
        assertThat(docker.run("network", "create", "bridge").err()).contains("predefined bridge network");
        String front = docker.ok("network", "create", "--label", "a=b", "front").strip();
        assertThat(front).matches("[0-9a-f]{64}");
        assertThat(docker.run("network", "create", "front").err()).contains("already exists");
        docker.ok("network", "create", "--internal", "back");
        String serves = "mkdir -p /w; hostname > /w/index.html; exec httpd -f -p 80 -h /w";
        docker.ok("run", "-d", "--name", "web", "--hostname", "webs", "--network", "front", "--network-alias", "www", Lab.IMAGE, "sh", "-c", serves);
        docker.ok("run", "-d", "--name", "db", "--hostname", "dbs", "--network", "back", Lab.IMAGE, "sh", "-c", serves);
        docker.ok("run", "-d", "--name", "client", "--network", "front", Lab.IMAGE, "sleep", "10000");
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(page("web")).as(this::whatTheClientSees).isEqualTo("webs\n"));
        assertThat(page("www")).isEqualTo("webs\n");
        assertThat(page("WEB.front")).isEqualTo("webs\n");
        String address = docker.ok("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "db").strip();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() ->
                assertThat(docker.run("exec", "db", "busybox", "wget", "-q", "-O", "-", "http://127.0.0.1/").out()).isEqualTo("dbs\n"));
        assertThat(docker.ok("run", "--rm", "--network", "front", Lab.IMAGE, "busybox", "timeout", "20", "wget", "-q", "-O", "-", "http://web/")).as("the first thing that it does").isEqualTo("webs\n");
        assertThat(page("db")).as("of another network").isEmpty();
        assertThat(page(address)).as("of another network, by its address").isEmpty();
        docker.ok("network", "connect", "--alias", "me", "back", "client");
        assertThat(page("db")).isEqualTo("dbs\n");
        assertThat(page(address)).isEqualTo("dbs\n");
        assertThat(docker.run("network", "connect", "back", "client").err()).contains("already exists in network back");
        docker.ok("network", "disconnect", "front", "client");
        assertThat(page("web")).isEmpty();
        assertThat(docker.ok("network", "inspect", "-f", "{{.Internal}} {{range .Containers}}{{.Name}} {{end}}", "back")).startsWith("true ").contains("client ", "db ").doesNotContain("web");
        assertThat(docker.ok("ps", "--filter", "network=back", "--format", "{{.Names}}").lines()).containsExactlyInAnyOrder("client", "db");
        assertThat(docker.ok("network", "ls", "--filter", "label=a=b", "--format", "{{.Name}}")).isEqualTo("front\n");
        assertThat(docker.run("network", "rm", "back").err()).contains("has active endpoints").contains("client");
        assertThat(docker.run("run", "--rm", "--network", "nowhere", Lab.IMAGE, "true").err()).contains("network nowhere not found");
        docker.ok("rm", "-f", "web", "db", "client");
        assertThat(docker.ok("network", "rm", "back")).isEqualTo("back\n");
        assertThat(docker.ok("network", "prune", "-f")).contains("front");
        assertThat(docker.ok("network", "ls", "--format", "{{.Name}}")).isEqualTo("bridge\n");
    }

    private String whatTheClientSees() {
        return docker.run("exec", "client", "sh", "-c", "cat /etc/resolv.conf; busybox nslookup web; busybox timeout 20 wget -O - http://web/").toString();
    }

    /// What the container `client` reads from another; nothing when it is not found or not reached.
    private String page(String host) {
        return docker.run("exec", "client", "busybox", "timeout", "6", "wget", "-q", "-O", "-", "http://" + host + "/").out();
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void portsRestartsAndRemovalsSurviveTheDeathOfTheEngine() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        docker.ok("network", "create", "kept");
        docker.ok("run", "-d", "--name", "always", "--network", "kept", "--network-alias", "me", "--restart", "always", "-p", "127.0.0.1:" + port + ":80", Lab.IMAGE, "sh", "-c",
                "echo started >> /starts; sync; cat /starts > /www; mkdir -p /web; cat /www > /web/index.html; exec httpd -f -h /web");
        docker.ok("run", "-d", "--name", "brief", "--rm", "-v", "/anonymous", Lab.IMAGE, "sleep", "10000");
        assertThat(docker.ok("port", "always")).isEqualTo("80/tcp -> 127.0.0.1:" + port + "\n");
        awaitPage(port, "started\n");
        docker.ok("run", "-d", "--name", "failing", "--restart", "on-failure:2", Lab.IMAGE, "sh", "-c", "exit 4");
        assertThat(docker.ok("wait", "failing")).isEqualTo("4\n");
        await().atMost(Duration.ofSeconds(90)).until(
                () -> docker.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "failing").equals("2 exited\n"));
        lab.kill();
        machines().forEach(ProcessHandle::destroyForcibly);
        lab.start();
        awaitPage(port, "started\nstarted\n");
        assertThat(docker.ok("ps", "-a", "--format", "{{.Names}}").lines()).containsExactlyInAnyOrder("always", "failing");
        assertThat(docker.ok("volume", "ls", "-q")).as("that of the container that removes itself went with it").isEmpty();
        assertThat(docker.ok("exec", "always", "wget", "-q", "-O", "-", "http://me/")).as("names are answered again").isEqualTo("started\nstarted\n");
        docker.ok("rm", "-f", "always", "failing");
        docker.ok("network", "rm", "kept");
    }

    @Test
    void aTerminalIsResizedAndInterrupted() throws Exception {
        try (PseudoTerminal terminal = PseudoTerminal.open()) {
            terminal.resize(31, 97);
            Map<String, String> environment = new HashMap<>(System.getenv());
            environment.put("TERM", "xterm");
            environment.put("HOME", lab.root.toString());
            HostProcess client = terminal.start(Spawn.of(docker.command("run", "--rm", "-it", "--name", "term", Lab.IMAGE, "sh")).withEnvironment(environment));
            Screen screen = new Screen(terminal.output());
            OutputStream keys = terminal.input();
            keys.write("stty size; echo ready-$((1+1))\n".getBytes(StandardCharsets.UTF_8));
            screen.awaits("31 97");
            screen.awaits("ready-2");
            terminal.resize(40, 120);
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                keys.write("stty size\n".getBytes(StandardCharsets.UTF_8));
                screen.awaits("40 120");
            });
            keys.write("sleep 6000; echo came-back-$?\n".getBytes(StandardCharsets.UTF_8));
            await().atMost(Duration.ofSeconds(60)).until(() -> docker.ok("exec", "term", "ps").contains("sleep 6000"));
            keys.write(3);
            keys.write("echo interrupted-$((3+3)); exit 5\n".getBytes(StandardCharsets.UTF_8));
            screen.awaits("interrupted-6");
            assertThat(client.awaitExit(Duration.ofSeconds(60)).orElseThrow().toString()).contains("5");
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> docker.ok("ps", "-aq").isEmpty());
    }

    /// Those of containers.
    private List<ProcessHandle> machines() throws Exception {
        return Footprint.of(lab.root).machines().stream().flatMap(pid -> ProcessHandle.of(Long.parseLong(pid)).stream()).toList();
    }

    private static void awaitPage(int port, String wanted) {
        await().atMost(Duration.ofSeconds(90)).ignoreExceptions().until(() -> {
            try (InputStream in = URI.create("http://127.0.0.1:" + port + "/").toURL().openStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8).equals(wanted);
            }
        });
    }

    /// The client with an answer that goes on.
    private final class Following implements AutoCloseable {
        private final Process process;
        private final Screen screen;

        Following(String... arguments) throws Exception {
            process = new ProcessBuilder(docker.command(arguments)).redirectErrorStream(true).start();
            screen = new Screen(process.getInputStream());
        }

        void awaits(String text) {
            screen.awaits(text);
        }

        @Override
        public void close() {
            process.destroy();
        }
    }

    /// What a program shows, kept as it comes.
    private static final class Screen {
        private final StringBuffer shown = new StringBuffer();

        Screen(InputStream from) {
            Thread.ofVirtual().start(() -> {
                byte[] buffer = new byte[4096];
                try {
                    for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
                        shown.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
                    }
                } catch (IOException over) {
                    // The terminal is closed.
                }
            });
        }

        void awaits(String text) {
            try {
                await().atMost(Duration.ofSeconds(60)).until(() -> shown.indexOf(text) >= 0);
            } catch (ConditionTimeoutException never) {
                throw new AssertionError("'" + text + "' was not shown but: " + shown, never);
            }
        }
    }

    @Test
    void volumesWithoutANameGoWithTheirContainerWhenAsked() {
        docker.ok("run", "--rm", WITH_VOLUME, "cat", "/srv/data/first");
        assertThat(docker.ok("volume", "ls", "-q")).isEmpty();
        docker.ok("create", "--name", "anonymous", WITH_VOLUME);
        String volume = docker.ok("volume", "ls", "-q").strip();
        assertThat(volume).matches("[0-9a-f]{64}");
        docker.ok("rm", "anonymous");
        assertThat(docker.ok("volume", "ls", "-q", "--filter", "dangling=true").strip()).isEqualTo(volume);
        assertThat(docker.ok("volume", "prune", "-f")).contains(volume);
        docker.ok("create", "--name", "anonymous", WITH_VOLUME);
        docker.ok("rm", "-v", "anonymous");
        assertThat(docker.ok("volume", "ls", "-q")).isEmpty();
        assertThat(docker.run("run", "--rm", "-v", "/etc:/x", WITH_VOLUME, "true").err()).contains("no file system of the host").contains("-v NAME:/path");
    }
}
