package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.PodResourceClaimBuilder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

class SharedStringsTest {
    private static Pod pod(String name, String image) {
        return read("{\"metadata\":{\"name\":\"" + name + "\",\"labels\":{\"app\":\"shared-value\"}},\"spec\":{\"nodeName\":null,\"volumes\":["
                + "{\"name\":\"token\",\"projected\":{\"sources\":[]}},{\"name\":\"data\",\"persistentVolumeClaim\":{\"claimName\":\"d\"}}],"
                + "\"containers\":[{\"name\":\"c\",\"image\":" + image + ",\"args\":[\"a\",\"a\"]}]}}");
    }

    private static Pod read(String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return Json.read(bytes, 0, bytes.length, Pod.class);
    }

    @Test
    void equalTextsOfTwoObjectsAreOne() {
        var one = pod("one", "\"registry.example.com/a:1\"");
        var two = pod("two", "\"registry.example.com/a:1\"");
        assertThat(two.getSpec().getContainers().getFirst().getImage()).isEqualTo("registry.example.com/a:1")
                .isSameAs(one.getSpec().getContainers().getFirst().getImage());
        assertThat(two.getMetadata().getLabels().get("app")).isSameAs(one.getMetadata().getLabels().get("app"));
        assertThat(two.getMetadata().getName()).isEqualTo("two");
        assertThat(two.getSpec().getNodeName()).isNull();
        assertThat(two.getSpec().getContainers().getFirst().getArgs()).containsExactly("a", "a");
    }

    @Test
    void numbersAreReadAsTextAndObjectsAreNot() {
        assertThat(pod("n", "12").getSpec().getContainers().getFirst().getImage()).isEqualTo("12");
        assertThatThrownBy(() -> pod("n", "{\"a\":1}")).isInstanceOf(JacksonException.class);
    }

    @Test
    void partsOfTwoTypesThatLookAlikeStayWhatTheyAre() {
        var parts = new SharedParts();
        var claim = parts.one(LocalObjectReference.class, new LocalObjectReference("a"));
        assertThat(parts.one(PodResourceClaim.class, new PodResourceClaimBuilder().withName("a").build())).isInstanceOf(PodResourceClaim.class);
        assertThat(parts.one(LocalObjectReference.class, new LocalObjectReference("a"))).isEqualTo(claim);
        var large = new LocalObjectReference("x".repeat(5000));
        assertThat(parts.one(LocalObjectReference.class, large)).isSameAs(large);
        assertThat(parts.one(LocalObjectReference.class, new LocalObjectReference("x".repeat(5000)))).isNotSameAs(large);
    }
}
