package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

class SharedStringsTest {
    private static Pod pod(String name, String image) {
        return read("{\"metadata\":{\"name\":\"" + name + "\",\"labels\":{\"app\":\"shared-value\"}},\"spec\":{\"nodeName\":null,\"volumes\":["
                + "{\"name\":\"token\",\"projected\":{\"sources\":[]}},{\"name\":\"data\",\"persistentVolumeClaim\":{\"claimName\":\"d\"}}],"
                + "\"containers\":[{\"name\":\"c\",\"image\":" + image + ",\"args\":[\"a\",\"a\"]}]}}");
    }

    private static Pod read(String json) {
        return Json.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), Pod.class);
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
    void aLeanPodKeepsItsClaims() {
        var pod = pod("lean", "\"i\"");
        LeanPod.trim(pod);
        assertThat(pod.getSpec().getVolumes()).extracting("name").containsExactly("data");
        assertThat(pod.getSpec().getContainers().getFirst().getImage()).isEqualTo("i");
    }
}
