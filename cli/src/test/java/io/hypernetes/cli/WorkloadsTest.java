package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.client.Client;
import io.hypernetes.simulate.SimulatedNodes;
import io.hypernetes.simulate.SimulationSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What people do with workloads, with the stock kubectl, on a whole master with simulated nodes.
class WorkloadsTest {
    private static final String HELD = ", finalizers: [example.com/held]";

    private static Path root;
    private static MasterProcess master;
    private static Client client;
    private static SimulatedNodes nodes;
    private static Places places;
    private static Settings settings;
    private static Path kubeconfig;

    @BeforeAll
    static void start() throws Exception {
        root = Files.createTempDirectory("hypernetes-workloads-");
        places = Places.below(root);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        settings = Settings.read(root.resolve("none"), List.of(
                "api-address=127.0.0.1", "advertise-address=127.0.0.1", "api-port=" + port, "metrics-address="));
        master = new MasterProcess(places, settings);
        OperatorAccess access = OperatorAccess.open(places, settings);
        kubeconfig = access.kubeconfig("root");
        client = access.client();
        SimulationSettings three = SimulationSettings.nodes(3);
        Map<String, String> room = new HashMap<>(three.room());
        room.put("example.com/slots", "10");
        nodes = new SimulatedNodes(client, new SimulationSettings(three.prefix(), three.count(), three.zones(), room, three.labels(), three.taints(), three.heartbeat()), Clock.systemUTC()).start();
    }

    @AfterAll
    static void stop() throws Exception {
        nodes.close();
        client.close();
        master.close();
        try (var files = Files.walk(root)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private record Run(int code, String output) {
        Run expect(int wanted) {
            assertThat(code).as(output).isEqualTo(wanted);
            return this;
        }
    }

    private static Run run(String input, String... arguments) throws IOException, InterruptedException {
        return run(kubeconfig, input, arguments);
    }

    private static Run run(Path config, String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("kubectl", "--kubeconfig", config.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HOME", root.toString());
        Process process = builder.start();
        try (var out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), output);
    }

    private static String kubectl(String line) throws IOException, InterruptedException {
        return run("", line.split(" ")).expect(0).output;
    }

    private static String apply(String yaml) throws IOException, InterruptedException {
        return run(yaml, "apply", "-f", "-").expect(0).output;
    }

    private static void awaitNothing(String line) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(kubectl(line)).startsWith("No resources found"));
    }

    @Test
    void aDeploymentIsRolledOutUndoneScaledAndRestarted() throws Exception {
        kubectl("create deployment web --image=web:1 --replicas=3");
        assertThat(kubectl("rollout status deployment/web --timeout=60s")).contains("deployment \"web\" successfully rolled out");
        kubectl("set image deployment/web web=web:2");
        kubectl("rollout status deployment/web --timeout=60s");
        assertThat(kubectl("rollout history deployment/web")).contains("REVISION").containsPattern("(?m)^1 ").containsPattern("(?m)^2 ");
        assertThat(kubectl("rollout undo deployment/web")).contains("deployment.apps/web rolled back");
        kubectl("rollout status deployment/web --timeout=60s");
        assertThat(kubectl("get deployment web -o jsonpath={.spec.template.spec.containers[0].image}")).isEqualTo("web:1");
        assertThat(kubectl("rollout history deployment/web")).containsPattern("(?m)^3 ").doesNotContainPattern("(?m)^1 ");
        kubectl("scale deployment/web --replicas=5");
        kubectl("wait --for=jsonpath={.status.readyReplicas}=5 deployment/web --timeout=60s");
        kubectl("rollout restart deployment/web");
        kubectl("rollout status deployment/web --timeout=60s");
        assertThat(kubectl("describe deployment web")).contains("ScalingReplicaSet").contains("NewReplicaSetAvailable");
        assertThat(kubectl("get deployment web")).containsPattern("web +5/5 +5 +5 ");

        kubectl("expose deployment web --port=80 --target-port=8080");
        await().untilAsserted(() -> assertThat(kubectl("get endpointslices -l kubernetes.io/service-name=web"))
                .containsPattern("web-\\S+ +IPv4 +8080 +(100\\.[0-9.]+,?)+"));
        // kubectl warns about the age of the kind first.
        assertThat(kubectl("get endpoints web -o jsonpath={.subsets[0].addresses[*].ip}").lines().toList().getLast().split(" ")).hasSize(5);
        kubectl("delete service web");
        awaitNothing("get endpointslices -l kubernetes.io/service-name=web");

        kubectl("delete deployment web");
        awaitNothing("get replicasets,pods -l app=web");
    }

    @Test
    void dependentsGoAsTheCascadeSays() throws Exception {
        kubectl("create deployment orphan --image=a --replicas=2");
        kubectl("rollout status deployment/orphan --timeout=60s");
        kubectl("delete deployment orphan --cascade=orphan");
        await().untilAsserted(() -> assertThat(kubectl("get replicasets -l app=orphan -o jsonpath={.items[*].metadata.ownerReferences}")).isEmpty());
        assertThat(kubectl("get pods -l app=orphan -o name").lines()).hasSize(2);
        kubectl("delete replicasets -l app=orphan --cascade=foreground");
        awaitNothing("get replicasets,pods -l app=orphan");

        kubectl("create deployment front --image=a --replicas=2");
        kubectl("rollout status deployment/front --timeout=60s");
        kubectl("delete deployment front --cascade=foreground --timeout=60s");
        assertThat(kubectl("get replicasets -l app=front")).startsWith("No resources found");
    }

    private static void owned(String name, boolean blocking, String... owners) throws Exception {
        List<String> references = new ArrayList<>();
        for (String owner : owners) {
            references.add("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"%s\",\"uid\":\"%s\",\"blockOwnerDeletion\":%s}"
                    .formatted(owner, kubectl("get configmap " + owner + " -o jsonpath={.metadata.uid}"), blocking));
        }
        kubectl("patch configmap " + name + " --type=merge -p {\"metadata\":{\"ownerReferences\":[" + String.join(",", references) + "]}}");
    }

    @Test
    void ownersInACircleGoAndWhoHasAnotherOwnerStays() throws Exception {
        for (String name : List.of("circle-a", "circle-b", "circle-c", "first-owner", "second-owner", "child-of-both", "child-of-first")) {
            kubectl("create configmap " + name);
        }
        owned("circle-a", true, "circle-c");
        owned("circle-b", true, "circle-a");
        owned("circle-c", true, "circle-b");
        kubectl("delete configmap circle-a");
        awaitNone("configmap", "circle-a", "circle-b", "circle-c");

        // None of its dependents goes: all that it waits for is that it is no longer named.
        kubectl("create configmap named-once");
        kubectl("create configmap adopted");
        owned("adopted", true, "named-once", "second-owner");
        kubectl("delete configmap named-once --cascade=foreground --timeout=60s");
        kubectl("delete configmap adopted");

        owned("child-of-both", true, "first-owner", "second-owner");
        owned("child-of-first", true, "first-owner");
        kubectl("delete configmap first-owner --cascade=foreground --timeout=60s");
        awaitNone("configmap", "first-owner", "child-of-first");
        assertThat(kubectl("get configmap child-of-both -o jsonpath={.metadata.ownerReferences[*].name}")).isEqualTo("second-owner");
        // In this order: the child would go with its last owner.
        kubectl("delete configmap child-of-both second-owner");
    }

    @Test
    void whatACustomOwnerHadGoesWithItWhenItsVersionIsNoLongerServed() throws Exception {
        String definition = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: owners.garbage.example.com}, spec: {group: garbage.example.com,"
                + " scope: Namespaced, names: {plural: owners, kind: Owner}, versions: [%s]}}";
        String version = "{name: %s, served: %s, storage: %s, schema: {openAPIV3Schema: {type: object}}}";
        apply(definition.formatted(version.formatted("v1beta1", true, true)));
        kubectl("wait --for=condition=Established crd/owners.garbage.example.com --timeout=60s");
        apply("{apiVersion: garbage.example.com/v1beta1, kind: Owner, metadata: {name: first}}");
        String uid = kubectl("get owners.garbage.example.com first -o jsonpath={.metadata.uid}");
        for (String child : List.of("child-of-beta", "child-of-stable")) {
            String served = child.endsWith("beta") ? "v1beta1" : "v1";
            apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: %s, ownerReferences: [{apiVersion: garbage.example.com/%s, kind: Owner, name: first, uid: %s}]}}"
                    .formatted(child, served, uid));
        }
        apply(definition.formatted(version.formatted("v1beta1", false, false) + ", " + version.formatted("v1", true, true)));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(
                () -> assertThat(kubectl("get owners.v1.garbage.example.com -o name")).contains("owner.garbage.example.com/first"));
        kubectl("delete owners.v1.garbage.example.com first");
        awaitNone("configmap", "child-of-beta", "child-of-stable");
        kubectl("delete crd owners.garbage.example.com");
    }

    private static void awaitNone(String kind, String... names) {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(kubectl("get " + kind + " -o name").lines())
                .doesNotContainAnyElementsOf(List.of(names).stream().map(name -> kind + "/" + name).toList()));
    }

    @Test
    void podsOfAControllerStayOrGoWithIt() throws Exception {
        String controller = "{apiVersion: v1, kind: ReplicationController, metadata: {name: rc}, spec: {replicas: 3, selector: {app: rc}, template: {metadata: {labels: {app: rc}}, spec: {containers: [{name: c, image: x}]}}}}";
        apply(controller);
        kubectl("wait --for=jsonpath={.status.readyReplicas}=3 rc/rc --timeout=60s");
        kubectl("delete rc rc --cascade=orphan");
        await().untilAsserted(() -> assertThat(kubectl("get pods -l app=rc -o jsonpath={.items[*].metadata.ownerReferences}")).isEmpty());
        String kept = kubectl("get pods -l app=rc -o name");
        assertThat(kept.lines()).hasSize(3);
        // The next of the name takes them in, and lets one go that has another label.
        apply(controller);
        await().untilAsserted(() -> assertThat(kubectl("get pods -l app=rc -o jsonpath={.items[*].metadata.ownerReferences[0].name}")).isEqualTo("rc rc rc"));
        assertThat(kubectl("get pods -l app=rc -o name")).isEqualTo(kept);
        String one = kept.lines().findFirst().orElseThrow();
        kubectl("label " + one + " app=free --overwrite");
        await().untilAsserted(() -> assertThat(kubectl("get " + one + " -o jsonpath={.metadata.ownerReferences}")).isEmpty());
        kubectl("wait --for=jsonpath={.status.readyReplicas}=3 rc/rc --timeout=60s");
        kubectl("delete rc rc --cascade=foreground --timeout=60s");
        assertThat(kubectl("get pods -l app=rc")).startsWith("No resources found");
        kubectl("delete " + one);
    }

    @Test
    void jobsAndCronJobsRunToTheirEnd() throws Exception {
        kubectl("create job once --image=a");
        kubectl("wait --for=condition=complete job/once --timeout=60s");
        assertThat(kubectl("get job once")).containsPattern("once +Complete +1/1 ");
        kubectl("create cronjob tick --image=a --schedule=@yearly");
        kubectl("create job by-hand --from=cronjob/tick");
        kubectl("wait --for=condition=complete job/by-hand --timeout=60s");
        kubectl("delete cronjob tick");
        awaitNothing("get jobs -l job-name=by-hand");
        kubectl("delete job once");
        awaitNothing("get pods -l job-name=once");
    }

    @Test
    void aDrainHeedsTheBudgetAndMovesThePods() throws Exception {
        kubectl("create deployment kept --image=a --replicas=3");
        kubectl("rollout status deployment/kept --timeout=60s");
        kubectl("create poddisruptionbudget kept --selector=app=kept --min-available=3");
        await().untilAsserted(() -> assertThat(kubectl("get pdb kept -o jsonpath={.status.conditions[0].reason}")).isEqualTo("InsufficientPods"));
        String node = kubectl("get pods -l app=kept -o jsonpath={.items[0].spec.nodeName}");
        Run refused = run("", "drain", node, "--ignore-daemonsets", "--force", "--delete-emptydir-data", "--timeout=2s");
        assertThat(refused.output).contains("Cannot evict pod as it would violate the pod's disruption budget.");
        assertThat(refused.code).isNotZero();
        kubectl("patch pdb kept --type=merge -p {\"spec\":{\"minAvailable\":1}}");
        kubectl("drain " + node + " --ignore-daemonsets --force --delete-emptydir-data --timeout=60s");
        kubectl("rollout status deployment/kept --timeout=60s");
        assertThat(kubectl("get pods -l app=kept -o jsonpath={.items[*].spec.nodeName}")).doesNotContain(node);
        kubectl("uncordon " + node);
        kubectl("delete deployment,pdb kept");
    }

    /// The ReplicaSet of those that make way makes others at once, which want the place too.
    /// Whatever the reason for the eviction: the pod did nothing for it.
    @Test
    void anEvictedPodOfAJobIsNoFailureWhenItsPolicyIgnoresDisruptions() throws Exception {
        apply("""
                apiVersion: batch/v1
                kind: Job
                metadata: {name: patient}
                spec:
                  backoffLimit: 0
                  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}
                  template:
                    metadata: {labels: {app: patient}, annotations: {simulate.hypernetes.io/run-for: 1h}}
                    spec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: c, image: a}]}
                """);
        String state = "get pods -l app=patient -o jsonpath={.items[*].metadata.name}={.items[*].status.phase}";
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(kubectl(state)).endsWith("=Running"));
        String first = kubectl(state).replace("=Running", "");
        run("{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"" + first + "\"}}",
                "create", "--raw", "/api/v1/namespaces/default/pods/" + first + "/eviction", "-f", "-").expect(0);
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(kubectl(state)).doesNotContain(first).endsWith("=Running"));
        assertThat(kubectl("get job patient -o jsonpath={.status.failed};{.status.active};{.status.conditions}")).isEqualTo(";1;");
        kubectl("delete job patient --wait=false");
        awaitNothing("get pods -l app=patient");
    }

    @Test
    void deploymentsOfHighPriorityTakeThePlacesOfThoseOfLow() throws Exception {
        apply("""
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: p-low}, value: 1}
                ---
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: p-middle}, value: 2}
                ---
                {apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: p-high}, value: 3}
                """);
        for (String resource : List.of("example.com/slots: 5", "cpu: 15")) {
            apply(important("low", 4, resource));
            kubectl("rollout status deployment/low --timeout=60s");
            apply(important("middle", 2, resource));
            kubectl("rollout status deployment/middle --timeout=60s");
            apply(important("high", 3, resource));
            kubectl("rollout status deployment/high --timeout=90s");
            // Six places in all: what is left of them is the more important ones'.
            kubectl("wait --for=jsonpath={.status.readyReplicas}=2 deployment/middle --timeout=60s");
            kubectl("wait --for=jsonpath={.status.readyReplicas}=1 deployment/low --timeout=60s");
            assertThat(kubectl("get events --field-selector=reason=Preempted -o jsonpath={.items[*].involvedObject.name}")).contains("low-").doesNotContain("middle-", "high-");
            kubectl("delete deployment low middle high --cascade=foreground --timeout=60s");
        }
        kubectl("delete priorityclass p-low p-middle p-high");
    }

    private static String important(String name, int replicas, String asks) {
        return """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: %s}
                spec:
                  replicas: %d
                  selector: {matchLabels: {app: %s}}
                  template:
                    metadata: {labels: {app: %s}}
                    spec:
                      priorityClassName: p-%s
                      containers: [{name: c, image: x, resources: {limits: {%s}, requests: {%s}}}]
                """.formatted(name, replicas, name, name, name, asks, asks);
    }

    @Test
    void statefulAndDaemonSetsKeepTheirHistory() throws Exception {
        for (String kind : List.of("StatefulSet", "DaemonSet")) {
            String name = kind.toLowerCase(java.util.Locale.ROOT);
            String more = kind.equals("StatefulSet") ? "  replicas: 2\n  serviceName: " + name + "\n" : "";
            apply("""
                    apiVersion: apps/v1
                    kind: %s
                    metadata: {name: %s}
                    spec:
                    %s  selector: {matchLabels: {app: %s}}
                      template:
                        metadata: {labels: {app: %s}}
                        spec: {containers: [{name: c, image: "a:1"}]}
                    """.formatted(kind, name, more, name, name));
            kubectl("rollout status " + name + "/" + name + " --timeout=60s");
            kubectl("set image " + name + "/" + name + " c=a:2");
            kubectl("rollout status " + name + "/" + name + " --timeout=60s");
            assertThat(kubectl("rollout history " + name + "/" + name)).containsPattern("(?m)^1 ").containsPattern("(?m)^2 ");
            kubectl("rollout undo " + name + "/" + name + " --to-revision=1");
            kubectl("rollout status " + name + "/" + name + " --timeout=60s");
            assertThat(kubectl("get pods -l app=" + name + " -o jsonpath={.items[*].spec.containers[0].image}")).matches("a:1( a:1)*");
            kubectl("delete " + name + " " + name);
            awaitNothing("get pods,controllerrevisions -l app=" + name);
        }
    }

    @Test
    void aNamespaceGoesWithAllThatIsInIt() throws Exception {
        kubectl("create namespace team");
        kubectl("-n team create deployment web --image=a --replicas=2");
        kubectl("-n team create job once --image=a");
        kubectl("-n team create configmap c --from-literal=a=b");
        kubectl("-n team create service clusterip s --tcp=80:80");
        kubectl("-n team rollout status deployment/web --timeout=60s");
        kubectl("delete namespace team --timeout=60s");
        assertThat(run("", "get", "namespace", "team").output).contains("not found");
    }

    @Test
    void aTenantHasWorkloadsOfItsOwn() throws Exception {
        apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: acme}}");
        Path acme = OperatorAccess.open(places, settings).kubeconfig("acme");
        kubectl("create deployment same --image=a --replicas=1");
        run(acme, "", "create", "deployment", "same", "--image=a", "--replicas=2").expect(0);
        run(acme, "", "rollout", "status", "deployment/same", "--timeout=60s").expect(0);
        assertThat(run(acme, "", "get", "pods", "-o", "name").expect(0).output.lines()).hasSize(2);
        kubectl("delete deployment same");
        awaitNothing("get pods -l app=same");
        assertThat(run(acme, "", "get", "pods", "-o", "name").expect(0).output.lines()).hasSize(2);
        run(acme, "", "delete", "deployment", "same", "--cascade=foreground", "--timeout=60s").expect(0);
        kubectl("delete tenant acme --timeout=60s");
    }

    /// Tenants whom the collector could take for one another: each has an object of the same name, and names the other's by its uid.
    @Test
    void ownersAreLookedForAtHomeAndBlockNobodyElsewhere() throws Exception {
        apply("{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: fox}}\n---\n{apiVersion: hypernetes.io/v1, kind: Tenant, metadata: {name: hen}}");
        OperatorAccess access = OperatorAccess.open(places, settings);
        Path fox = access.kubeconfig("fox");
        List<Path> others = List.of(kubeconfig, access.kubeconfig("hen"));
        String own = configMap(fox, "owner", "");
        for (Path other : others) {
            String uid = configMap(other, "owner", "");
            configMap(other, "child", owners(uid));
            // Of its only owner fox has none at all, of the other two one; the last cannot go before its finalizer does.
            configMap(fox, "stolen", owners(uid));
            configMap(fox, "half-own", owners(own, uid));
            configMap(fox, "held", owners(uid) + HELD);
            configMap(other, "held", owners(own) + HELD);

            await().untilAsserted(() -> assertThat(run(fox, "", "get", "configmap", "stolen").output).contains("NotFound"));
            await().untilAsserted(() -> assertThat(uidsOfOwners(fox, "half-own")).isEqualTo(own));
            for (Path either : List.of(fox, other)) {
                await().untilAsserted(() -> assertThat(asked(either, "held", "{.metadata.deletionTimestamp}")).isNotEmpty());
            }
            assertThat(asked(other, "owner", "{.metadata.uid}{.metadata.deletionTimestamp}")).isEqualTo(uid);
            assertThat(uidsOfOwners(other, "child")).isEqualTo(uid);

            // What fox holds names this owner as one that waits for it; this owner does not.
            run(other, "", "delete", "configmap", "owner", "--cascade=foreground", "--timeout=60s").expect(0);
            assertThat(run(other, "", "get", "configmap", "child").output).contains("NotFound");
            assertThat(uidsOfOwners(fox, "held")).isEqualTo(uid);
            assertThat(asked(fox, "half-own", "{.metadata.deletionTimestamp}")).isEmpty();
            release(fox);
            run(fox, "", "delete", "configmap", "half-own").expect(0);
        }
        run(fox, "", "delete", "configmap", "owner", "--cascade=foreground", "--timeout=60s").expect(0);
        for (Path other : others) {
            assertThat(uidsOfOwners(other, "held")).isEqualTo(own);
            release(other);
        }
        kubectl("delete tenant fox hen --timeout=60s");
    }

    private static String owners(String... uids) {
        return Stream.of(uids).map(uid -> "{apiVersion: v1, kind: ConfigMap, name: owner, uid: " + uid + ", blockOwnerDeletion: true}")
                .collect(Collectors.joining(", ", ", ownerReferences: [", "]"));
    }

    /// Its uid.
    private static String configMap(Path config, String name, String more) throws Exception {
        String yaml = "{apiVersion: v1, kind: ConfigMap, metadata: {name: " + name + more + "}}";
        return run(config, yaml, "create", "-f", "-", "-o", "jsonpath={.metadata.uid}").expect(0).output;
    }

    private static String uidsOfOwners(Path config, String name) throws Exception {
        return asked(config, name, "{.metadata.ownerReferences[*].uid}");
    }

    private static String asked(Path config, String name, String path) throws Exception {
        return run(config, "", "get", "configmap", name, "-o", "jsonpath=" + path).expect(0).output;
    }

    private static void release(Path config) throws Exception {
        run(config, "", "patch", "configmap", "held", "--type=merge", "-p", "{\"metadata\":{\"finalizers\":null}}").expect(0);
    }
}
