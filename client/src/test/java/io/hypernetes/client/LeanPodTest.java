package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

class LeanPodTest {
    private static final String VOLUMES = """
            {"name":"token-abc","projected":{"sources":[{"configMap":{"name":"c"}}]}},{"emptyDir":{},"name":"late"},{"name":"data","persistentVolumeClaim":{"claimName":"d"},"emptyDir":null},
            {"name":"own","ephemeral":{"volumeClaimTemplate":{"metadata":{"labels":{"secret":"x"}}}}}""";

    private static String pod(String name, String node, String image, String status) {
        return """
                {"metadata":{"name":"%s","labels":{"app":"lean"},"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","a":"b"}},
                "spec":{"nodeName":%s,"securityContext":{"runAsUser":1},"imagePullSecrets":[{"name":"s"}],"volumes":[%s],
                "tolerations":[{"key":"k","operator":"Exists"}],"priority":7,
                "containers":[{"name":"c","image":"%s","args":["%s"],"env":[{"name":"args","value":"v"}],"ports":[{"containerPort":80,"name":"args"}],
                "resources":{"requests":{"cpu":"500m"}},"volumeMounts":[{"name":"token-abc","mountPath":"/"}],"livenessProbe":{"exec":{"command":["x"]}}}]},
                "status":%s}""".formatted(name, node, VOLUMES.replace("abc", name), image, name, status);
    }

    private static Pod read(String json) {
        Pod pod = LeanPod.MAPPER.readValue(json, Pod.class);
        LeanPod.trim(pod);
        return pod;
    }

    private static final String PENDING = "{\"phase\":\"Pending\",\"qosClass\":\"Burstable\"}";

    @Test
    void whatDecidesIsThereAndWhatOnlyRunsItIsNot() {
        Pod pod = read(pod("one", "\"n\"", "i", "{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\",\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"volumeMounts\":[{\"name\":\"x\"}]}]}"));
        assertThat(pod.getMetadata().getAnnotations()).containsOnlyKeys("a");
        assertThat(pod.getSpec().getNodeName()).isEqualTo("n");
        assertThat(pod.getSpec().getPriority()).isEqualTo(7);
        assertThat(pod.getSpec().getTolerations()).extracting("key").containsExactly("k");
        assertThat(pod.getSpec().getVolumes()).extracting("name").containsExactly("data", "own");
        assertThat(pod.getSpec().getVolumes().getFirst().getPersistentVolumeClaim().getClaimName()).isEqualTo("d");
        assertThat(pod.getSpec().getVolumes().getLast().getEphemeral().getVolumeClaimTemplate().getMetadata().getLabels()).containsEntry("secret", "x");
        assertThat(pod.getSpec().getSecurityContext()).isNull();
        assertThat(pod.getSpec().getImagePullSecrets()).isEmpty();
        Container container = pod.getSpec().getContainers().getFirst();
        assertThat(container.getImage()).isEqualTo("i");
        assertThat(container.getPorts()).extracting("name").containsExactly("args");
        assertThat(container.getResources().getRequests().get("cpu")).hasToString("500m");
        assertThat(container.getArgs()).isEmpty();
        assertThat(container.getEnv()).isEmpty();
        assertThat(container.getVolumeMounts()).isEmpty();
        assertThat(container.getLivenessProbe()).isNull();
        assertThat(pod.getStatus().getPodIP()).isEqualTo("10.0.0.1");
        assertThat(pod.getStatus().getContainerStatuses()).singleElement().satisfies(status -> {
            assertThat(status.getReady()).isTrue();
            assertThat(status.getVolumeMounts()).isEmpty();
        });
    }

    @Test
    void equalPartsOfSeveralAreOneAndOthersAreNot() {
        Pod one = read(pod("one", "null", "registry.example.com/parts:1", PENDING));
        Pod two = read(pod("two", "null", "registry.example.com/parts:1", PENDING));
        Pod elsewhere = read(pod("three", "\"n\"", "registry.example.com/parts:1", PENDING));
        Pod other = read(pod("four", "null", "registry.example.com/parts:2", PENDING));
        assertThat(two.getSpec()).isSameAs(one.getSpec());
        assertThat(two.getStatus()).isSameAs(one.getStatus());
        assertThat(two.getMetadata().getName()).isEqualTo("two");
        assertThat(elsewhere.getSpec().getNodeName()).isEqualTo("n");
        assertThat(elsewhere.getSpec().getContainers().getFirst()).isSameAs(one.getSpec().getContainers().getFirst());
        assertThat(other.getSpec().getContainers().getFirst().getImage()).endsWith("parts:2");
        String runs = "{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\"}";
        assertThat(read(pod("five", "null", "i", runs)).getStatus()).as("an address is one pod's").isNotSameAs(read(pod("six", "null", "i", runs)).getStatus());
    }

    @Test
    void aTreeIsReadLikeBytes() {
        JsonNode tree = Json.MAPPER.readTree(pod("tree", "null", "registry.example.com/tree:1", PENDING));
        Pod pod = LeanPod.MAPPER.treeToValue(tree, Pod.class);
        assertThat(pod.getSpec().getVolumes()).extracting("name").containsExactly("data", "own");
        assertThat(pod.getSpec()).isSameAs(read(pod("bytes", "null", "registry.example.com/tree:1", PENDING)).getSpec());
    }

    @Test
    void whatDoesNotFitIsRefusedAndWhatIsNotThereIsNot() {
        for (String spec : new String[] {"\"none\"", "{\"containers\":\"none\"}", "{\"containers\":[{\"name\":[]}]}", "{\"volumes\":[7]}", "[]"}) {
            assertThatThrownBy(() -> read("{\"metadata\":{\"name\":\"odd\"},\"spec\":" + spec + "}")).as(spec).isInstanceOf(JacksonException.class);
        }
        Pod bare = read("{\"metadata\":{\"name\":\"bare\"},\"spec\":null,\"status\":{}}");
        assertThat(bare.getSpec()).isNull();
        assertThat(read("{\"metadata\":{\"name\":\"bare\"},\"spec\":{\"volumes\":null,\"containers\":[]}}").getSpec().getContainers()).isEmpty();
    }
}
