package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.http.HttpRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a tenant may say in little room, and what it must not cost everybody.
class LargeRolesTest extends ClusterTest {
    private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
    private static final String CLUSTER_ROLES = RBAC + "/clusterroles";
    private static final String CLUSTER_BINDINGS = RBAC + "/clusterrolebindings";
    private static final String WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

    private Cluster.Client green;

    @BeforeAll
    void tenant() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("green")).expect(201);
        green = cluster.client("green", "gina", "system:masters");
    }

    private static String words(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> "\"" + prefix + i + "\"").collect(Collectors.joining(",", "[", "]"));
    }

    private static String role(String name, String rules) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"rules\":[" + rules + "]}";
    }

    private static String binding(String name, String role, String user) {
        return "{\"metadata\":{\"name\":\"%s\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"%s\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"%s\"}]}"
                .formatted(name, role, user);
    }

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aRuleOfABillionPartsIsRefusedByTheFirstOfThem() {
        green.post(CLUSTER_ROLES, role("role-writer", "{\"verbs\":[\"create\"],\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"clusterroles\"]}")).expect(201);
        green.post(CLUSTER_BINDINGS, binding("wim-writes", "role-writer", "wim")).expect(201);
        var rule = "{\"verbs\":" + words("v", 1000) + ",\"apiGroups\":" + words("g", 1000) + ",\"resources\":" + words("r", 1000) + "}";
        var message = cluster.client("green", "wim").post(CLUSTER_ROLES + "?dryRun=All", role("large", rule)).expect(403).at("message");
        assertThat(message).contains("attempting to grant RBAC permissions not currently held").endsWith("and perhaps others").hasSizeLessThan(10_000);
    }

    @Test
    void ofVeryManyRulesSomeAreTold() {
        var rule = "{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"resourceNames\":[\"%d\"]}";
        green.post(CLUSTER_ROLES, role("many", IntStream.range(0, 3000).mapToObj(rule::formatted).collect(Collectors.joining(",")))).expect(201);
        green.post(CLUSTER_BINDINGS, binding("mia-has-many", "many", "mia")).expect(201);
        var status = cluster.client("green", "mia")
                .post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "{\"spec\":{\"namespace\":\"default\"}}").expect(201).json().path("status");
        assertThat(status.path("resourceRules").size() + status.path("nonResourceRules").size()).isEqualTo(2000);
        assertThat(Json.flag(status, "incomplete")).isTrue();
        assertThat(Json.string(status, "evaluationError")).contains("too many").contains("the first 2000");
    }

    @Test
    void oneIsNotTakenForSomebodyOfCountlessGroups() {
        assertThat(impersonate(100).expect(201).json().path("status").path("userInfo").path("groups")).hasSize(101);
        assertThat(impersonate(101).expect(400).at("message")).contains("101 groups").contains("100 at most");
    }

    private Cluster.Reply impersonate(int groups) {
        var headers = new ArrayList<>(List.of("Impersonate-User", "ida"));
        for (int i = 0; i < groups; i++) {
            headers.add("Impersonate-Group");
            headers.add("g" + i);
        }
        return green.send(green.request(WHO).headers(headers.toArray(String[]::new)).POST(HttpRequest.BodyPublishers.ofString("{}")).build());
    }
}
