package io.hypernetes.acceptance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// A cluster of one node as a newcomer makes it, with `./hypernetes up`, below a folder of its own; driven by the stock kubectl.
final class Cluster implements AutoCloseable {
    static final String SAMPLE = "hypernetes.io/sample/busybox:1";

    private static final Duration LIMIT = Duration.ofMinutes(2);
    /// Processes that live for minutes do not earn back what their second compiler costs.
    static final Map<String, String> SHORT_LIVED = Map.of("HYPERNETES_JVM", "-XX:TieredStopAtLevel=1");

    final Path root;
    private final List<String> settings;
    private final String cidrByte;
    private String kubeconfig = "";
    /// By tenant: asking for one is a start of the program, which takes longer than what it is asked for.
    private final Map<String, String> kubeconfigs = new ConcurrentHashMap<>();

    private Cluster(Path root, List<String> settings, String cidrByte) {
        this.root = root;
        this.settings = settings;
        this.cidrByte = cidrByte;
    }

    /// The checkout that is being tested.
    static Path checkout() {
        return Path.of("").toAbsolutePath().getParent();
    }

    /// A cluster that is not up yet.
    ///
    /// @param cidrByte second byte of its pod addresses (10.x.0.0/16), its own among those running side by side
    /// @param more further settings, each `name=value`
    static Cluster at(Path root, int cidrByte, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "api-port=" + freePort(), "kubelet-port=" + freePort(),
                "master-metrics-port=" + freePort(), "node-metrics-port=" + freePort(), "cluster-cidr=10." + cidrByte + ".0.0/16",
                // Tests wait for changed files.
                "pod-sync-seconds=6"));
        settings.addAll(List.of(more));
        return new Cluster(root, List.copyOf(settings), Integer.toString(cidrByte));
    }

    /// The value of a setting that this cluster was given.
    String setting(String name) {
        return settings.stream().filter(each -> each.startsWith(name + "=")).map(each -> each.substring(name.length() + 1)).findFirst().orElseThrow();
    }

    /// Brings it up.
    Run up() {
        kubeconfigs.clear();
        Run run = hypernetes(Duration.ofMinutes(5), "up");
        if (run.exitCode() == 0) {
            kubeconfig = hypernetes(LIMIT, "kubeconfig").ok().trim();
        }
        return run;
    }

    /// Runs `./hypernetes ARGUMENTS` against this cluster.
    Run hypernetes(Duration limit, String... arguments) {
        return Run.of(limit, SHORT_LIVED, new byte[0], hypernetesCommand(arguments));
    }

    /// `./hypernetes ARGUMENTS` against this cluster, to be run.
    List<String> hypernetesCommand(String... arguments) {
        List<String> command = new ArrayList<>(List.of(checkout().resolve("hypernetes").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--root", root.toString()));
        settings.forEach(setting -> command.addAll(List.of("--set", setting)));
        return command;
    }

    Run hypernetes(String... arguments) {
        return hypernetes(LIMIT, arguments);
    }

    /// Begins `./hypernetes ARGUMENTS` against this cluster; whoever begins it ends it.
    Process start(String... arguments) throws IOException {
        return new ProcessBuilder(hypernetesCommand(arguments)).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    /// The environment in which kubectl speaks to this cluster as its operator.
    Map<String, String> environment() {
        return Map.of("KUBECONFIG", kubeconfig, "HOME", root.toString());
    }

    List<String> kubectlCommand(String... arguments) {
        return Stream.concat(Stream.of("kubectl"), Arrays.stream(arguments)).toList();
    }

    Run kubectlRun(String... arguments) {
        return Run.of(LIMIT, environment(), new byte[0], kubectlCommand(arguments));
    }

    /// Runs kubectl, which must succeed.
    String kubectl(String... arguments) {
        return kubectlRun(arguments).ok();
    }

    String kubectlWithInput(String input, String... arguments) {
        return Run.of(LIMIT, environment(), input.getBytes(StandardCharsets.UTF_8), kubectlCommand(arguments)).ok();
    }

    /// kubectl as the administrator of a tenant.
    Run kubectlOf(String tenant, String... arguments) {
        return kubectlOf(tenant, "", arguments);
    }

    private Run kubectlOf(String tenant, String input, String[] arguments) {
        Map<String, String> environment = Map.of("KUBECONFIG", kubeconfigOf(tenant), "HOME", root.toString());
        return Run.of(LIMIT, environment, input.getBytes(StandardCharsets.UTF_8), kubectlCommand(arguments));
    }

    /// The file with which the administrator of a tenant speaks to this cluster; it is true of one made anew under its name, too.
    String kubeconfigOf(String tenant) {
        return kubeconfigs.computeIfAbsent(tenant, name -> hypernetes("kubeconfig", "--tenant", name).ok().trim());
    }

    /// As the administrator of a tenant.
    void applyOf(String tenant, String yaml) {
        kubectlOf(tenant, yaml, new String[] {"apply", "-f", "-"}).ok();
    }

    void apply(String yaml) {
        kubectlWithInput(yaml, "apply", "-f", "-");
    }

    /// A pod of one container that runs a shell command in the sample image.
    void runShell(String name, String script) {
        apply(shellPod(name, script, "Always"));
    }

    static String shellPod(String name, String script, String restartPolicy) {
        return """
                apiVersion: v1
                kind: Pod
                metadata: {name: %s}
                spec:
                  restartPolicy: %s
                  terminationGracePeriodSeconds: 1
                  containers:
                  - name: main
                    image: %s
                    command: [sh, -c]
                    args:
                    - |
                %s
                """.formatted(name, restartPolicy, SAMPLE, script.indent(6));
    }

    void awaitRunning(String pod) {
        awaitPod(pod, "{.status.phase}/{.status.containerStatuses[*].ready}", value -> value.matches("Running/true( true)*"));
    }

    /// Waits until a JSONPath of a pod has the value that is wanted; on failure shows what the cluster says of the pod.
    void awaitPod(String pod, String jsonPath, java.util.function.Predicate<String> wanted) {
        String[] last = {""};
        try {
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(250)).until(() -> {
                last[0] = kubectlRun("get", "pod", pod, "-o", "jsonpath=" + jsonPath).out();
                return wanted.test(last[0]);
            });
        } catch (org.awaitility.core.ConditionTimeoutException e) {
            throw new AssertionError(
                    "pod " + pod + ": " + jsonPath + " stayed '" + last[0] + "'\n" + kubectlRun("describe", "pod", pod).out()
                            + kubectlRun("logs", pod, "--all-containers").out(),
                    e);
        }
    }

    void delete(String pod) {
        kubectl("delete", "pod", pod, "--wait=true", "--timeout=60s");
    }

    /// The processes of this cluster whose command line holds `mark`.
    List<ProcessHandle> processes(String mark) {
        return ProcessHandle.allProcesses()
                .filter(process -> commandLine(process).contains(root.toString()) && commandLine(process).contains(mark))
                .toList();
    }

    /// Empty for one that has ended. The JDK's own says of a machine that was copied from a template, whose program lies in no folder any more when the
    /// template has gone, that it runs no program of QEMU's.
    private static String commandLine(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1).replace('\0', ' ');
        } catch (IOException ended) {
            return "";
        }
    }

    /// The machines of pods: without those that wait for pods, or become templates.
    List<ProcessHandle> machines() {
        List<ProcessHandle> all = everyMachine();
        String doctor = hypernetes("doctor", "-o", "json").out();
        return all.stream()
                .filter(machine -> {
                    String name = commandLine(machine).replaceFirst("(?s).*-name guest=(\\S+).*", "$1");
                    return !name.startsWith("template-") && !doctor.contains(name);
                })
                .toList();
    }

    /// A copy of a template names no file of its cluster, so it is known by its folder's name.
    private List<ProcessHandle> everyMachine() {
        List<String> names;
        try (Stream<Path> folders = Files.list(root.resolve("run/machines"))) {
            names = folders.map(folder -> "guest=" + folder.getFileName()).toList();
        } catch (java.nio.file.NoSuchFileException none) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ProcessHandle.allProcesses()
                .filter(process -> commandLine(process).contains("qemu-system") && names.stream().anyMatch(commandLine(process)::contains))
                .toList();
    }

    /// The bridge of the operator's own pods, after which all its other interfaces and namespaces are named: of clusters side by side each has another.
    String bridge() {
        try {
            Path state = root.toAbsolutePath().normalize().resolve("lib");
            return "hn" + six(six(state.toString()) + Files.readString(state.resolve("node/installation")).trim());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String six(String text) {
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("%06x", crc.getValue() & 0xffffff);
    }

    /// Runs a command with bytes as its input in a tenant's pod.
    Run execOf(String tenant, String pod, byte[] input, String... command) {
        Map<String, String> environment = Map.of("KUBECONFIG", kubeconfigOf(tenant), "HOME", root.toString());
        return Run.of(LIMIT, environment, input, Stream.concat(Stream.of("kubectl", "exec", "-i", pod, "--"), Arrays.stream(command)).toList());
    }

    /// The interfaces of this cluster's pods.
    String podAddressesPrefix() {
        return "10." + cidrByte + ".";
    }

    /// Takes it down and checks that nothing is left.
    @Override
    public void close() {
        // One that has ended and was not reaped yet has no command line.
        List<ProcessHandle> machines = everyMachine();
        // Longer than it takes by itself at most, so that it says what it waited for.
        Run down = hypernetes(Duration.ofMinutes(5), "down");
        List<ProcessHandle> left = Stream.concat(Stream.concat(processes("").stream(), everyMachine().stream()), machines.stream().filter(machine -> !commandLine(machine).isEmpty()))
                .distinct()
                .toList();
        left.forEach(ProcessHandle::destroyForcibly);
        if (down.exitCode() != 0) {
            throw new AssertionError(down);
        }
        if (!left.isEmpty()) {
            throw new AssertionError("left behind by `down`: " + left.stream().map(p -> p.pid() + " " + commandLine(p)).toList());
        }
        try (Stream<Path> files = Files.walk(root)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
