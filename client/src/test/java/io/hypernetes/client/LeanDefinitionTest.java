package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionVersion;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;

class LeanDefinitionTest {
    private static String definition(String versions, String conditions) {
        return """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
                "metadata":{"name":"parts.example.com","uid":"u","finalizers":["f"],"managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},
                "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"parts","kind":"Part","listKind":"PartList","shortNames":["p"],"categories":["all"]},
                "conversion":{"strategy":"None"},"versions":[%s]},
                "status":{"storedVersions":["v1"],"acceptedNames":{"kind":"Part"},"conditions":[%s]}}""".formatted(versions, conditions);
    }

    private static String version(String name, boolean served, boolean storage, String schema) {
        return "{\"name\":\"%s\",\"served\":%s,\"storage\":%s,\"schema\":{\"openAPIV3Schema\":%s},\"additionalPrinterColumns\":[{\"name\":\"n\"}]}"
                .formatted(name, served, storage, schema);
    }

    private static CustomResourceDefinition read(String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        return Json.read(LeanDefinition.MAPPER, bytes, 0, bytes.length, CustomResourceDefinition.class);
    }

    @Test
    void whatIsFollowedIsThereAndTheSchemaIsNot() {
        CustomResourceDefinition read = read(definition(
                version("v1beta1", true, false, "{\"type\":\"object\"}") + "," + version("v1", true, true, "{\"type\":\"object\"}") + "," + version("v2", true, false, "{}"),
                "{\"type\":\"NamesAccepted\",\"status\":\"True\"},{\"type\":\"Established\",\"status\":\"True\",\"reason\":\"r\"}"));
        assertThat(read.getMetadata().getName()).isEqualTo("parts.example.com");
        assertThat(read.getMetadata().getFinalizers()).containsExactly("f");
        assertThat(read.getMetadata().getManagedFields()).isEmpty();
        assertThat(read.getSpec().getGroup()).isEqualTo("example.com");
        assertThat(read.getSpec().getScope()).isEqualTo("Namespaced");
        assertThat(read.getSpec().getNames().getPlural()).isEqualTo("parts");
        assertThat(read.getSpec().getNames().getKind()).isEqualTo("Part");
        assertThat(read.getSpec().getVersions()).singleElement().satisfies(version -> {
            assertThat(version.getName()).isEqualTo("v1");
            assertThat(version.getServed()).isTrue();
            assertThat(version.getStorage()).isTrue();
            assertThat(version.getSchema()).isNull();
        });
        assertThat(read.getStatus().getConditions()).singleElement().satisfies(condition -> assertThat(condition.getType()).isEqualTo("Established"));
    }

    @Test
    void whereTheStoredVersionIsNotServedTheFirstServedOneIsFollowed() {
        CustomResourceDefinition read = read(definition(
                version("v1", false, true, "{}") + "," + version("v2", true, false, "{}") + "," + version("v3", true, false, "{}"),
                "{\"type\":\"Established\",\"status\":\"False\"}"));
        assertThat(read.getSpec().getVersions()).extracting(CustomResourceDefinitionVersion::getName).containsExactly("v2");
        assertThat(read.getStatus().getConditions()).isEmpty();
        assertThat(read("{\"metadata\":{\"name\":\"bare\"},\"spec\":{\"versions\":null,\"names\":{}},\"status\":{\"conditions\":null}}").getSpec().getVersions()).isEmpty();
    }

    @Test
    void oneOfHalfAMillionSchemasTakesNoMoreRoomThanItsBytes() {
        String json = definition(version("v1", true, true, "{\"type\":\"object\",\"allOf\":[{}" + ",{}".repeat(500_000) + "]}"), "{}" + ",{}".repeat(100_000));
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        var thread = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = thread.getCurrentThreadAllocatedBytes();
        CustomResourceDefinition read = Json.read(LeanDefinition.MAPPER, bytes, 0, bytes.length, CustomResourceDefinition.class);
        assertThat(thread.getCurrentThreadAllocatedBytes() - before).isLessThan(16L << 20);
        assertThat(read.getSpec().getVersions()).hasSize(1);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        for (String spec : new String[] {"\"none\"", "[]", "{\"group\":{}}", "{\"versions\":{}}", "{\"versions\":[7]}", "{\"versions\":[{\"served\":\"yes\"}]}", "{\"names\":[]}"}) {
            assertThatThrownBy(() -> read("{\"metadata\":{\"name\":\"odd\"},\"spec\":" + spec + "}")).as(spec).isInstanceOf(JacksonException.class);
        }
    }
}
