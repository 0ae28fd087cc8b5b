package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.LocalPortForward;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/// What programs written with fabric8's client do: create, watch, patch, exec, port-forward, elect a leader.
final class Fabric8Tour {
    private static final long SECONDS = 60;

    private Fabric8Tour() {}

    static void run(Path kubeconfig, String pod) throws Exception {
        Config config = Config.fromKubeconfig(Files.readString(kubeconfig));
        try (KubernetesClient client = new KubernetesClientBuilder().withConfig(config).build()) {
            informer(client);
            exec(client, pod);
            portForward(client, pod);
            leaderElection(client);
        }
    }

    private static void informer(KubernetesClient client) throws InterruptedException {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        try (SharedIndexInformer<ConfigMap> informer = client.configMaps().inNamespace("default").withLabel("tour", "fabric8").inform(new ResourceEventHandler<>() {
            @Override
            public void onAdd(ConfigMap made) {
                heard.add("added " + made.getData().get("colour"));
            }

            @Override
            public void onUpdate(ConfigMap before, ConfigMap now) {
                heard.add("updated " + now.getData().get("colour"));
            }

            @Override
            public void onDelete(ConfigMap last, boolean stale) {
                heard.add("deleted " + last.getData().get("colour"));
            }
        })) {
            ConfigMap made = new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("fabric8").addToLabels("tour", "fabric8").endMetadata()
                    .addToData("colour", "red").build();
            client.resource(made).create();
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("added red");
            client.configMaps().inNamespace("default").withName("fabric8").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"colour\":\"green\"}}");
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("updated green");
            client.configMaps().inNamespace("default").withName("fabric8").edit(now -> now.edit().addToData("colour", "blue").build());
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("updated blue");
            client.configMaps().inNamespace("default").withName("fabric8").delete();
            assertThat(heard.poll(SECONDS, TimeUnit.SECONDS)).isEqualTo("deleted blue");
            assertThat(informer.hasSynced()).isTrue();
        }
    }

    private static void exec(KubernetesClient client, String pod) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (ExecWatch watch = client.pods().inNamespace("default").withName(pod).writingOutput(out).writingError(err)
                .exec("sh", "-c", "echo out; echo err >&2; exit 3")) {
            assertThat(watch.exitCode().get(SECONDS, TimeUnit.SECONDS)).isEqualTo(3);
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("out\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEqualTo("err\n");
    }

    private static void portForward(KubernetesClient client, String pod) throws Exception {
        try (LocalPortForward forward = client.pods().inNamespace("default").withName(pod).portForward(8080);
                HttpClient http = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + forward.getLocalPort() + "/"))
                    .timeout(Duration.ofSeconds(SECONDS)).build();
            assertThat(http.send(request, HttpResponse.BodyHandlers.ofString()).body()).isEqualTo("from the pod\n");
        }
    }

    /// Two wait while the first leads. It ends without a word: the next leads when its time is over. That one lets go, and the last leads.
    private static void leaderElection(KubernetesClient client) throws Exception {
        try (Candidate first = new Candidate(client, "first", false)) {
            first.leading();
            try (Candidate second = new Candidate(client, "second", true)) {
                second.waitingFor("first");
                first.close();
                second.leading();
                try (Candidate third = new Candidate(client, "third", true)) {
                    third.waitingFor("second");
                    second.close();
                    third.leading();
                    assertThat(second.stopped.await(SECONDS, TimeUnit.SECONDS)).isTrue();
                }
            }
        }
    }

    /// One of those who want to lead.
    private static final class Candidate implements AutoCloseable {
        private final CountDownLatch leads = new CountDownLatch(1);
        private final BlockingQueue<String> leaders = new LinkedBlockingQueue<>();
        final CountDownLatch stopped = new CountDownLatch(1);
        private final KubernetesClient client;
        private final String name;
        private final CompletableFuture<?> election;

        /// @param releases whether it lets go of the lease when it ends
        Candidate(KubernetesClient client, String name, boolean releases) {
            this.client = client;
            this.name = name;
            election = client.leaderElector().withConfig(new LeaderElectionConfigBuilder()
                    .withName("tour").withReleaseOnCancel(releases)
                    .withLeaseDuration(Duration.ofSeconds(8)).withRenewDeadline(Duration.ofSeconds(6)).withRetryPeriod(Duration.ofSeconds(1))
                    .withLock(new LeaseLock("default", "fabric8-leader", name))
                    .withLeaderCallbacks(new LeaderCallbacks(leads::countDown, stopped::countDown, leader -> leaders.add(String.valueOf(leader))))
                    .build()).build().start();
        }

        /// It has seen that another leads.
        void waitingFor(String leader) throws InterruptedException {
            assertThat(leaders.poll(SECONDS, TimeUnit.SECONDS)).as(name + " waits").isEqualTo(leader);
            assertThat(leads.getCount()).as(name + " waits").isOne();
        }

        /// It leads, and has said so once more since it does.
        void leading() throws InterruptedException {
            assertThat(leads.await(SECONDS, TimeUnit.SECONDS)).as(name + " leads").isTrue();
            Awaitility.await().atMost(Duration.ofSeconds(SECONDS)).untilAsserted(() -> {
                LeaseSpec lease = client.leases().inNamespace("default").withName("fabric8-leader").get().getSpec();
                assertThat(lease.getHolderIdentity()).isEqualTo(name);
                assertThat(lease.getRenewTime()).isAfter(lease.getAcquireTime());
            });
        }

        @Override
        public void close() {
            election.cancel(true);
        }
    }
}
