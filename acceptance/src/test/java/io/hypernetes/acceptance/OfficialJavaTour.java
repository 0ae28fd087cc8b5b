package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.kubernetes.client.Exec;
import io.kubernetes.client.PortForward;
import io.kubernetes.client.custom.V1Patch;
import io.kubernetes.client.extended.leaderelection.LeaderElectionConfig;
import io.kubernetes.client.extended.leaderelection.LeaderElector;
import io.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.kubernetes.client.informer.ResourceEventHandler;
import io.kubernetes.client.informer.SharedInformerFactory;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.openapi.apis.CoordinationV1Api;
import io.kubernetes.client.openapi.apis.CoreV1Api;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1ConfigMapList;
import io.kubernetes.client.openapi.models.V1ObjectMeta;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import io.kubernetes.client.util.PatchUtils;
import io.kubernetes.client.util.generic.GenericKubernetesApi;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// What programs written with the official Java client do: create, watch, patch, exec, port-forward, elect a leader.
final class OfficialJavaTour {
    private static final long SECONDS = 60;

    private OfficialJavaTour() {}

    static void run(Path kubeconfig, String pod) throws Exception {
        ApiClient client;
        try (Reader reader = Files.newBufferedReader(kubeconfig)) {
            client = ClientBuilder.kubeconfig(KubeConfig.loadKubeConfig(reader)).build();
        }
        informer(client);
        exec(client, pod);
        portForward(client, pod);
        leaderElection(client);
    }

    private static void informer(ApiClient client) throws Exception {
        CoreV1Api api = new CoreV1Api(client);
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        SharedInformerFactory informers = new SharedInformerFactory(client);
        var configMaps = new GenericKubernetesApi<>(V1ConfigMap.class, V1ConfigMapList.class, "", "v1", "configmaps", client);
        informers.sharedIndexInformerFor(configMaps, V1ConfigMap.class, 0, "default").addEventHandler(new ResourceEventHandler<>() {
            @Override
            public void onAdd(V1ConfigMap made) {
                tell("added", made);
            }

            @Override
            public void onUpdate(V1ConfigMap before, V1ConfigMap now) {
                tell("updated", now);
            }

            @Override
            public void onDelete(V1ConfigMap last, boolean stale) {
                tell("deleted", last);
            }

            private void tell(String what, V1ConfigMap about) {
                if ("official".equals(about.getMetadata().getName())) {
                    heard.add(what + " " + about.getData().get("colour"));
                }
            }
        });
        informers.startAllRegisteredInformers();
        try {
            api.createNamespacedConfigMap("default", new V1ConfigMap()
                    .metadata(new V1ObjectMeta().name("official")).data(Map.of("colour", "red"))).execute();
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("added red");
            V1Patch patch = new V1Patch("{\"data\":{\"colour\":\"green\"}}");
            PatchUtils.patch(V1ConfigMap.class, () -> api.patchNamespacedConfigMap("official", "default", patch).buildCall(null),
                    V1Patch.PATCH_FORMAT_STRATEGIC_MERGE_PATCH, client);
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("updated green");
            api.deleteNamespacedConfigMap("official", "default").execute();
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("deleted green");
        } finally {
            informers.stopAllRegisteredInformers();
        }
    }

    private static void exec(ApiClient client, String pod) throws Exception {
        Process process = new Exec(client).exec("default", pod, new String[] {"sh", "-c", "echo out; exit 3"}, "main", false, false);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(3);
        assertThat(out).isEqualTo("out\n");
    }

    private static void portForward(ApiClient client, String pod) throws Exception {
        var forward = new PortForward(client).forward("default", pod, List.of(8080));
        // Asked for before the request: the client gives no stream of a connection that has ended, and the pod answers and ends at once.
        try (BufferedReader answer = new BufferedReader(new InputStreamReader(forward.getInputStream(8080), StandardCharsets.UTF_8))) {
            forward.getOutboundStream(8080).write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            forward.getOutboundStream(8080).flush();
            assertThat(answer.lines().anyMatch("from the pod"::equals)).isTrue();
        }
    }

    /// One waits while another leads, and leads when the time of that is over: this client lets go of nothing when it ends.
    private static void leaderElection(ApiClient client) throws Exception {
        try (Candidate first = new Candidate(client, "first")) {
            first.leading();
            try (Candidate second = new Candidate(client, "second")) {
                second.waitingFor("first");
                first.close();
                second.leading();
                assertThat(new CoordinationV1Api(client).readNamespacedLease("official-leader", "default").execute().getSpec().getLeaseTransitions()).isPositive();
            }
        }
    }

    /// One of those who want to lead.
    private static final class Candidate implements AutoCloseable {
        private final CountDownLatch leads = new CountDownLatch(1);
        private final BlockingQueue<String> leaders = new LinkedBlockingQueue<>();
        private final ApiClient client;
        private final String name;
        private final LeaderElector elector;
        private final Thread thread;

        Candidate(ApiClient client, String name) {
            this.client = client;
            this.name = name;
            elector = new LeaderElector(new LeaderElectionConfig(
                    new LeaseLock("default", "official-leader", name, client), Duration.ofSeconds(8), Duration.ofSeconds(6), Duration.ofSeconds(1)));
            thread = Thread.ofPlatform().daemon().name("candidate-" + name).start(() -> elector.run(leads::countDown, () -> {}, leaders::add));
        }

        /// It has seen that another leads.
        void waitingFor(String leader) throws InterruptedException {
            assertThat(leaders.poll(SECONDS, TimeUnit.SECONDS)).as(name + " waits").isEqualTo(leader);
            assertThat(leads.getCount()).as(name + " waits").isOne();
        }

        void leading() throws Exception {
            assertThat(leads.await(SECONDS, TimeUnit.SECONDS)).as(name + " leads").isTrue();
            assertThat(new CoordinationV1Api(client).readNamespacedLease("official-leader", "default").execute().getSpec().getHolderIdentity()).isEqualTo(name);
        }

        @Override
        public void close() throws InterruptedException {
            elector.close();
            thread.interrupt();
            thread.join(Duration.ofSeconds(SECONDS));
        }
    }
}
