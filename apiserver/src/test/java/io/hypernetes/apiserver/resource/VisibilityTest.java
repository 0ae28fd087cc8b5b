package io.hypernetes.apiserver.resource;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Entry;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class VisibilityTest {
    private static Entry request(String stored) {
        return new Entry("/root/certificates.k8s.io/certificatesigningrequests/_/one", stored.getBytes(UTF_8), 1, 2);
    }

    @Test
    void aNodeSeesItsOwnSigningRequestsAndNoneOfWhichNobodyKnowsWhoseItIs() {
        var type = Objects.requireNonNull(Kinds.load().find("certificates.k8s.io", "v1", "certificatesigningrequests")).type();
        var node = new Caller("root", "system:node:n1", List.of("system:nodes"), "7", Map.of());
        var operator = new Caller("root", "admin", List.of("system:masters"), "8", Map.of());
        assertThat(Visibility.sees(node, type, request("{\"spec\":{\"username\":\"system:node:n1\"}}"))).isTrue();
        assertThat(Visibility.sees(node, type, request("{\"spec\":{\"username\":\"system:node:n2\"}}"))).isFalse();
        assertThat(Visibility.sees(node, type, request("{\"spec\":{\"username\":\"system:node:n1"))).isFalse();
        assertThat(Visibility.sees(operator, type, request("{\"spec\":{\"username\":\"system:node:n1"))).isTrue();
    }
}
