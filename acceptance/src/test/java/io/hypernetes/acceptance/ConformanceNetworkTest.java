package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// The network of pods, by behaviours of upstream's conformance suite; `docs/conformance.md` says which is which.
@ExtendWith(ConformancePods.Shared.class)
@Order(6)
class ConformanceNetworkTest {

    @Test
    void theNameServersOfAPodAreItsOwn(ConformancePods pods) {
        assertThat(pods.plain("cat /etc/resolv.conf")).contains("nameserver 10.96.0.10", "search resolv.conf.local default.svc.cluster.local").doesNotContain("ndots");
    }

    @Test
    void podsReachEachOther(ConformancePods pods) {
        assertThat(pods.plain("timeout 10 wget -q -O - http://" + pods.read("c-web", "{.status.podIP}") + ":8080/")).isEqualTo("one\n");
    }

    @Test
    void podsSendEachOtherDatagrams(ConformancePods pods) {
        assertThat(pods.plain("/tools/udp ask " + pods.read("c-web", "{.status.podIP}") + " 8080")).isEqualTo("c-web\n");
    }

    @Test
    void onePortServesStreamsAndDatagrams(ConformancePods pods) {
        assertThat(pods.cluster().kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=c-both", "-o", "jsonpath={range .items[*].ports[*]}{.name}:{.port}/{.protocol} {end}").trim().split(" "))
                .containsExactlyInAnyOrder("stream:8080/TCP", "datagram:8080/UDP");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(pods.plain("timeout 5 wget -q -O - http://c-both:8080/; /tools/udp ask $C_BOTH_SERVICE_HOST 8080")).isEqualTo("one\nc-web\n"));
        // Without the one the other goes on.
        pods.cluster().kubectl("patch", "service", "c-both", "--type=json", "-p", "[{\"op\":\"remove\",\"path\":\"/spec/ports/0\"}]");
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(pods.plain("timeout 2 wget -q -O - http://c-both:8080/ 2>/dev/null || echo refused; /tools/udp ask $C_BOTH_SERVICE_HOST 8080")).isEqualTo("refused\nc-web\n"));
    }

    @Test
    void aServiceHasManyPorts(ConformancePods pods) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(
                () -> assertThat(pods.plain("timeout 5 wget -q -O - http://c-web:80/; timeout 5 wget -q -O - http://c-web:81/")).isEqualTo("one\ntwo\n"));
        assertThat(pods.cluster().kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=c-web", "-o", "jsonpath={.items[*].ports[*].port}").split(" "))
                .containsExactlyInAnyOrder("8080", "8081");
    }

    @Test
    void endpointsComeSoon(ConformancePods pods) {
        StringBuilder services = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            services.append("---\napiVersion: v1\nkind: Service\nmetadata: {name: c-latency-").append(i).append(", labels: {set: c-latency}}\nspec: {selector: {app: c-web}, ports: [{port: 80}]}\n");
        }
        Instant start = Instant.now();
        pods.cluster().apply(services.toString());
        Awaitility.await().atMost(Duration.ofSeconds(50)).pollInterval(Duration.ofMillis(500)).until(() -> Arrays.stream(pods.cluster().kubectl("get", "endpointslices", "-o",
                        "jsonpath={range .items[*]}{.metadata.labels.kubernetes\\.io/service-name}:{.endpoints[0].addresses[0]} {end}").split(" "))
                .filter(each -> each.matches("c-latency-\\d+:.+")).count() == 20);
        // Upstream: half within 20 seconds, 99 of 100 within 50.
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(20));
        pods.cluster().kubectl("delete", "services", "-l", "set=c-latency");
    }

    @Test
    void podsAndServicesHaveNames(ConformancePods pods) {
        String address = pods.read("c-volumes", "{.status.podIP}");
        assertThat(pods.plain("nslookup c-host.c-sub.default.svc.cluster.local")).as("a pod by its hostname").contains("Address: " + address);
        assertThat(pods.plain("nslookup c-sub.default.svc.cluster.local")).as("a service without an address").contains("Address: " + address);
        assertThat(pods.in("root", "hostname; grep -w " + address + " /etc/hosts")).isEqualTo("c-host\n" + address + "\tc-host.c-sub.default.svc.cluster.local\tc-host\n");
        assertThat(pods.plain("nslookup -type=cname c-outside.default.svc.cluster.local")).contains("canonical name = foo.example.com");
        assertThat(pods.plain("nslookup kubernetes.default.svc.cluster.local")).contains("Address: 10.96.0.1\n");
    }

    /// Who answers to so many requests, in this order.
    private static String answers(ConformancePods pods, String address) {
        return pods.in("root", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do timeout 5 wget -q -O - http://" + address + "/; done");
    }

    @Test
    void aServiceMayStayWithWhomItChose(ConformancePods pods) {
        String port = pods.cluster().kubectl("get", "service", "c-sticky", "-o", "jsonpath={.spec.ports[0].nodePort}");
        String gateway = pods.read("c-volumes", "{.status.podIP}").replaceFirst("\\d+$", "1");
        String node = pods.read("c-volumes", "{.status.hostIP}");
        for (String affinity : List.of("ClientIP", "None", "ClientIP")) {
            pods.cluster().kubectl("patch", "service", "c-sticky", "-p", "{\"spec\":{\"sessionAffinity\":\"" + affinity + "\"}}");
            for (String address : List.of("c-sticky", gateway + ":" + port)) {
                Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> assertThat(answers(pods, address).lines().toList())
                        .as(affinity + " " + address).hasSize(12).satisfies(names -> assertThat(names.stream().distinct()).hasSize(affinity.equals("None") ? 2 : 1)));
            }
        }
        Awaitility.await().atMost(Duration.ofSeconds(20)).ignoreExceptionsInstanceOf(IOException.class).untilAsserted(() -> {
            try (var answer = URI.create("http://" + node + ":" + port + "/").toURL().openStream()) {
                assertThat(new String(answer.readAllBytes(), StandardCharsets.UTF_8)).as("from the node itself").matches("c-(web|plain)\n");
            }
        });
    }

    /// As load balancers ask, behind whose backs a node without endpoints would be.
    @Test
    void aNodeSaysWhetherItHasEndpointsOfAService(ConformancePods pods) {
        pods.cluster().apply("{apiVersion: v1, kind: Service, metadata: {name: c-health}, spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: c-web}, ports: [{port: 80, targetPort: 8080}]}}");
        try {
            URI check = URI.create("http://" + pods.read("c-volumes", "{.status.hostIP}") + ":" + pods.cluster().kubectl("get", "service", "c-health", "-o", "jsonpath={.spec.healthCheckNodePort}") + "/");
            awaitHealth(check, "200 1", "\"localEndpoints\": 1");
            pods.cluster().kubectl("patch", "service", "c-health", "-p", "{\"spec\":{\"selector\":{\"app\":\"nobody\"}}}");
            awaitHealth(check, "503 0", "\"localEndpoints\": 0");
        } finally {
            pods.cluster().kubectl("delete", "service", "c-health");
        }
    }

    private static void awaitHealth(URI check, String wanted, String told) {
        try (HttpClient http = HttpClient.newHttpClient()) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(IOException.class).untilAsserted(() -> {
                HttpResponse<String> answer = http.send(HttpRequest.newBuilder(check).build(), HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode() + " " + answer.headers().firstValue("X-Load-Balancing-Endpoint-Weight").orElse("")).isEqualTo(wanted);
                assertThat(answer.body()).contains("\"name\": \"c-health\"", told);
            });
        }
    }

    @Test
    void slicesByHandAreServedTogether(ConformancePods pods) {
        String slice = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: c-apart-%s, labels: {kubernetes.io/service-name: c-apart}}, addressType: IPv4, ports: [%s], endpoints: [{addresses: [%s]}]}\n---\n";
        String web = pods.read("c-web", "{.status.podIP}");
        pods.cluster().apply(slice.formatted("a", "{name: one, port: 8080}", web) + slice.formatted("b", "{name: nine, port: 9000}", web) + slice.formatted("c", "{name: nine, port: 9000}", pods.read("c-plain", "{.status.podIP}")));
        Awaitility.await().atMost(Duration.ofSeconds(60)).ignoreExceptionsInstanceOf(AssertionError.class).untilAsserted(() -> {
            assertThat(answers(pods, "c-apart:80").lines().distinct()).containsExactly("one");
            assertThat(answers(pods, "c-apart:90").lines().distinct()).containsExactlyInAnyOrder("c-web", "c-plain");
        });
    }
}
