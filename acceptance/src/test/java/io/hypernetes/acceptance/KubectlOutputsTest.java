package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// All forms in which the stock `kubectl get` prints.
@ExtendWith(SharedCluster.class)
class KubectlOutputsTest {
    private static final String OPTIONS = "https://kubernetes.io/docs/reference/kubectl/#output-options";
    private static final String COLUMNS = "https://kubernetes.io/docs/reference/kubectl/#custom-columns";
    private static final String PRINTERS = "pkg/printers/internalversion/printers.go";
    private static final String JSON_PATH = "https://kubernetes.io/docs/reference/kubectl/jsonpath/";

    private static SimulatedNodesOf nodes;
    private static KubectlSteps kubectl;

    @TempDir
    Path folder;

    @BeforeAll
    static void start(Cluster cluster) throws IOException {
        nodes = SimulatedNodesOf.two(cluster, "outputs");
        kubectl = new KubectlSteps(cluster, "outputs");
        kubectl.step("create/create_configmap.go", "create configmap out --from-literal=a=b", "configmap/out created");
    }

    @AfterAll
    static void stop() {
        nodes.close();
        kubectl.close();
    }

    @Test
    void oneObject() {
        kubectl.step(OPTIONS, "get cm out", "NAME +DATA +AGE\nout +1 +\\S+");
        kubectl.step(OPTIONS, "get cm out --show-labels -o wide", "NAME +DATA +AGE +LABELS\nout +1 +\\S+ +<none>");
        kubectl.step(OPTIONS, "get cm out -o name", "configmap/out");
        kubectl.step(OPTIONS, "get cm out -o json", "\\{\n.*\"kind\": \"ConfigMap\".*}");
        kubectl.step(OPTIONS, "get cm out -o yaml", "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n.*");
        kubectl.step(JSON_PATH, "get cm out -o jsonpath={.data.a}", "b");
        kubectl.step(OPTIONS, "get cm out -o go-template={{.data.a}}", "b");
        kubectl.step(COLUMNS, "get cm out -o custom-columns=N:.metadata.name,A:.data.a", "N +A\nout +b");
        kubectl.step("https://kubernetes.io/docs/reference/kubectl/#sorting-list-objects", "get cm --sort-by=.metadata.name --no-headers -o name", ".*configmap/kube-root-ca.crt\n.*configmap/out");
        kubectl.step("get/get.go", "", 1, "get cm nobody", "Error from server \\(NotFound\\): configmaps \"nobody\" not found");
    }

    @Test
    void whatIsAskedForInAFile() throws IOException {
        kubectl.step(JSON_PATH, "get cm out -o jsonpath-as-json={.data}", "\\[\n +\\{\n +\"a\": \"b\"\n +}\n]");
        kubectl.step(JSON_PATH, "get cm -o jsonpath-as-json={.items[*].metadata.name}", "\\[\n +\"kube-root-ca.crt\",\n +\"out\"\n]");
        Path path = Files.writeString(folder.resolve("path"), "{range .items[*]}{.metadata.name}{\" has \"}{.data.a}{\"\\n\"}{end}");
        kubectl.step(OPTIONS, "get cm -o jsonpath-file=" + path, "kube-root-ca.crt has *\nout has b");
        Path template = Files.writeString(folder.resolve("template"), "{{range .items}}{{if .data.a}}{{.metadata.name}} has {{.data.a}}{{end}}{{end}}");
        kubectl.step(OPTIONS, "get cm -o go-template-file=" + template, "out has b");
        kubectl.step("get/get.go", "get cm -o templatefile --template=" + template, "out has b");
        kubectl.step("get/get.go", "get cm out -o template --template={{.kind}}", "ConfigMap");
        Path columns = Files.writeString(folder.resolve("columns"), "WHO           WHAT\nmetadata.name data.a\n");
        kubectl.step(COLUMNS, "get cm out -o custom-columns-file=" + columns, "WHO +WHAT\nout +b");
    }

    @Test
    void moreOfPodsAndNodes() {
        String pod = "{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {%s, containers: [{name: c, image: x}]%s}}\n---\n";
        String placement = SimulatedNodesOf.placement("outputs");
        kubectl.step("create/create.go", pod.formatted("gated", placement, ", readinessGates: [{conditionType: example.com/gate}]") + pod.formatted("wide", placement, ""), 0, "create -f -", "pod/gated created\npod/wide created");
        kubectl.step("wait/wait.go", "wait pod/wide pod/gated --for=jsonpath={.status.phase}=Running --timeout=60s", ".*pod/gated condition met.*");
        kubectl.step(PRINTERS, "get pods -o wide", "NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES *\n"
                + "gated +0/1 +Running +0 +\\S+ +\\d+\\.\\d+\\.\\d+\\.\\d+ +outputs-[01] +<none> +0/1 *\n"
                + "wide +1/1 +Running +0 +\\S+ +\\d+\\.\\d+\\.\\d+\\.\\d+ +outputs-[01] +<none> +<none>");
        kubectl.step(PRINTERS, "get nodes -l simulated=outputs -o wide --no-headers", "(outputs-[01] +Ready +<none> +\\S+ +simulated +<none> +<none> +simulated +simulated +simulated://\\S+ *\n?){2}");
        kubectl.step(PRINTERS, "get nodes -l !simulated -o wide", "NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME *\n"
                + "(\\S+ +Ready\\S* +\\S+ +\\S+ +v1\\.\\d+\\.\\S+ +\\d+\\.\\d+\\.\\d+\\.\\d+ +<none> +\\S.* +\\d+\\.\\S+ +\\S+://\\S+ *\n?)+");
        kubectl.step("delete/delete.go", "delete pod wide gated", "pod \"wide\" deleted.*");
    }

    /// Three watches of a list: what changes behind the revision of the list is told, whenever the watch itself begins.
    @Test
    void whatChangesIsToldUntilTheTimeIsUp() throws Exception {
        kubectl.step("create/create.go", "{apiVersion: v1, kind: ConfigMap, metadata: {name: watched, labels: {is: watched}}, data: {a: b}}", 0, "create -f -", "configmap/watched created");
        try (Watched plain = new Watched("get cm -l is=watched --watch --request-timeout=12s");
                Watched events = new Watched("get cm -l is=watched --watch --output-watch-events --request-timeout=12s");
                Watched only = new Watched("get cm -l is=watched --watch-only --output-watch-events --request-timeout=12s")) {
            await().until(() -> plain.lines.size() >= 2 && events.lines.size() >= 2);
            // The last says nothing of when it has begun.
            AtomicInteger changes = new AtomicInteger();
            await().until(() -> {
                kubectl.step("annotate/annotate.go", "annotate cm watched --overwrite change=" + changes.incrementAndGet(), "configmap/watched annotated");
                return only.lines.size() >= 2;
            });
            kubectl.step("delete/delete.go", "delete cm watched", "configmap \"watched\" deleted.*");
            plain.ended("NAME +DATA +AGE\n(watched +1 +\\S+\n?){3,}");
            events.ended("EVENT +NAME +DATA +AGE\nADDED +watched +1 +\\S+\n(MODIFIED +watched +1 +\\S+\n)+DELETED +watched +1 +\\S+");
            only.ended("EVENT +NAME +DATA +AGE\n(MODIFIED +watched +1 +\\S+\n)+DELETED +watched +1 +\\S+");
        }
    }

    private static ConditionFactory await() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }

    /// A kubectl that watches, and the lines that it has printed.
    private static final class Watched implements AutoCloseable {
        final List<String> lines = new CopyOnWriteArrayList<>();
        private final Process process;
        private final Thread reader;

        Watched(String command) throws IOException {
            process = kubectl.start(command);
            reader = Thread.startVirtualThread(() -> process.inputReader(StandardCharsets.UTF_8).lines().forEach(lines::add));
        }

        void ended(String expected) throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("get/get.go: ended").isTrue();
            reader.join();
            assertThat(process.exitValue()).as("get/get.go").isZero();
            assertThat(String.join("\n", lines)).as("get/get.go").matches(expected);
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
