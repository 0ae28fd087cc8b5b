package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.Test;

/// What LimitRanges do with a pod that is resized: upstream's LimitRanger completes and judges it as a new one (`SupportsAttributes`, `Admit` and `Validate` of
/// `plugin/pkg/admission/limitranger/admission.go`).
class ResizeRangesTest extends ClusterTest {
    private static final String STRATEGIC = "application/strategic-merge-patch+json";
    private static final String RANGE = """
            {"metadata":{"name":"r"},"spec":{"limits":[{"type":"Container","default":{"cpu":"500m"},"defaultRequest":{"cpu":"200m","memory":"64Mi"},"max":{"cpu":"1"}}]}}""";

    private static String pod(String resources) {
        return "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"i\",\"resources\":" + resources + "}]}}";
    }

    private static String resized(String requests) {
        return "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":" + requests + "}}]}}";
    }

    private void grown(String namespace, String resources) {
        namespace(admin, namespace);
        admin.post(pods(namespace), pod(resources)).expect(201);
        admin.post("/api/v1/namespaces/" + namespace + "/limitranges", RANGE).expect(201);
    }

    @Test
    void whatIsLeftOutIsFilledIn() {
        grown("filled", "{\"requests\":{\"cpu\":\"100m\"}}");
        var after = admin.patch(pods("filled") + "/p/resize", STRATEGIC, resized("{\"cpu\":\"300m\"}")).expect(200).json();
        assertThat(Json.print(Json.objects(after.path("spec"), "containers").getFirst().path("resources")))
                .isEqualTo("{\"requests\":{\"cpu\":\"300m\",\"memory\":\"64Mi\"},\"limits\":{\"cpu\":\"500m\"}}");
        // Nothing but sizes changes by a resize.
        assertThat(after.path("metadata").has("annotations")).isFalse();
    }

    @Test
    void aPodThatAskedForNothingStaysSo() {
        grown("besteffort", "{}");
        assertThat(admin.patch(pods("besteffort") + "/p/resize", STRATEGIC, "{\"spec\":{\"containers\":[{\"name\":\"web\"}]}}").expect(422).at("message"))
                .contains("Pod QOS Class may not change as a result of resizing");
    }

    @Test
    void whatIsTooLargeIsRefused() {
        grown("large", "{\"requests\":{\"cpu\":\"100m\"},\"limits\":{\"cpu\":\"800m\"}}");
        assertThat(admin.patch(pods("large") + "/p/resize", STRATEGIC, "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"limits\":{\"cpu\":\"2\"}}}]}}")
                        .expect(403).at("message"))
                .isEqualTo("pods \"p\" is forbidden: maximum cpu usage per Container is 1, but limit is 2");
    }

    @Test
    void otherWritesOfThePodAreNotConcerned() {
        grown("other", "{\"requests\":{\"cpu\":\"100m\"}}");
        var after = admin.patch(pods("other") + "/p", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200).json();
        assertThat(Json.print(Json.objects(after.path("spec"), "containers").getFirst().path("resources"))).isEqualTo("{\"requests\":{\"cpu\":\"100m\"}}");
    }
}
