package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// A Docker container from its creation to its removal, with a network and a volume of its own, by the stock client.
final class DockerLife implements EngineLife {
    private static final String SCRIPT = "trap 'echo end; exit 3' TERM; echo begin; sleep 1000 & wait $!";
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Lab lab;
    private final DockerClient docker;
    private final String name;
    private final Map<String, Told> told = new TreeMap<>();

    DockerLife(Lab lab, String name) {
        this.lab = lab;
        this.docker = new DockerClient(lab.root);
        this.name = name;
    }

    @Override
    public void live() throws Exception {
        asked("network", "network", "create", name);
        asked("volume", "volume", "create", name);
        asked("create", "create", "--name", name, "--network", name, "-v", name + ":/data", Lab.IMAGE, "sh", "-c", SCRIPT);
        asked("start", "start", name);
        // The trap is set before that is printed.
        await().atMost(SOON).dontCatchUncaughtExceptions().until(() -> docker.run("logs", name).out().contains("begin") || lab.awaitDeath(Duration.ZERO));
        if (!asked("exec", "exec", name, "cat", "/etc/lab").equals("second layer\n")) {
            throw new AssertionError("a wrong answer of exec");
        }
        end();
    }

    private void end() throws Exception {
        asked("stop", "stop", "-t", "20", name);
        asked("rm", "rm", name);
        asked("volume-rm", "volume", "rm", name);
        asked("network-rm", "network", "rm", name);
    }

    private String asked(String what, String... arguments) throws IOException {
        told.put(what, Told.ASKED);
        DockerClient.Ran ran = docker.run(arguments);
        if (ran.code() != 0) {
            throw new IOException(ran.toString());
        }
        told.put(what, Told.DONE);
        return ran.out();
    }

    private Told of(String what) {
        return told.getOrDefault(what, Told.NOT_ASKED);
    }

    @Override
    public void checkAndEnd(String when) throws Exception {
        List<String> states = docker.ok("ps", "-a", "--format", "{{.State}}").lines().toList();
        assertThat(states.size()).as("%s: containers %s", when, states).isBetween(Told.least(of("create"), of("rm")), Told.most(of("create"), of("rm")));
        int running = (int) states.stream().filter("running"::equals).count();
        assertThat(running).as("%s: running ones of %s", when, states).isBetween(Told.least(of("start"), of("stop")), Told.most(of("start"), of("stop")));
        footprint(running, when);
        await().atMost(SOON).untilAsserted(() -> assertThat(lab.leaks()).as(when).isEmpty());
        there("volume", "volume-rm", when);
        there("network", "network-rm", when);
        if (running > 0) {
            assertThat(docker.ok("exec", name, "cat", "/etc/lab")).as(when).isEqualTo("second layer\n");
        }
        if (!states.isEmpty()) {
            exited(states.getFirst(), when);
            docker.ok("rm", "-f", name);
        }
        removed("volume", when);
        removed("network", when);
        footprint(0, when + ", and all was removed");
        assertThat(lab.order("keys").stream().filter(key -> key.startsWith("/hyperd/") || key.startsWith("/network/"))).as(when).isEmpty();
        assertThat(files()).as("%s: files of the Docker face", when).noneMatch(file -> file.toString().contains(name));
    }

    /// Its log and its exit, and what it leaves when it is asked to end now.
    private void exited(String state, String when) {
        List<String> log = new ArrayList<>(docker.ok("logs", name).lines().toList());
        if (of("stop") == Told.DONE) {
            assertThat(state).as(when).isEqualTo("exited");
            assertThat(log).as("%s: the log", when).containsExactly("begin", "end");
            assertThat(docker.ok("inspect", "-f", "{{.State.ExitCode}}", name)).as(when).isEqualTo("3\n");
        } else {
            assertThat(Collections.frequency(log, "begin")).as("%s: starts of the container", when).isLessThan(2);
        }
    }

    private void there(String kind, String removal, String when) {
        long there = docker.ok(kind, "ls", "-q", "--filter", "name=" + name).lines().count();
        assertThat(there).as("%s: %ss", when, kind).isBetween((long) Told.least(of(kind), of(removal)), (long) Told.most(of(kind), of(removal)));
    }

    private void removed(String kind, String when) {
        if (docker.run(kind, "inspect", name).code() == 0) {
            assertThat(docker.run(kind, "rm", name)).as(when).matches(ran -> ran.code() == 0);
        }
    }

    /// Disks of Docker containers are not among those of sandboxes. The machine of a container that has ended is taken away behind its end, also by the
    /// engine that comes after.
    private void footprint(int running, String when) {
        await().atMost(SOON).untilAsserted(() -> {
            Footprint seen = Footprint.of(lab.root);
            Map<String, Integer> wanted = seen.counts();
            wanted.replaceAll((what, count) -> what.equals("mounts") || what.equals("disks") ? 0 : running);
            assertThat(seen.counts()).as("%s: %s", when, seen).isEqualTo(wanted);
        });
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(lab.root.resolve("docker"))) {
            return all.filter(Files::isRegularFile).toList();
        }
    }
}
