package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.Test;

/// What a single container, pod or claim of a namespace may ask for.
class LimitRangesTest extends ClusterTest {
    @Test
    void limitRangesFillInAndRefuse() {
        namespace(admin, "ranges");
        admin.post("/api/v1/namespaces/ranges/limitranges", """
                {"metadata":{"name":"r"},"spec":{"limits":[{"type":"Container","default":{"cpu":"500m"},"defaultRequest":{"cpu":"100m"},
                 "min":{"cpu":"50m"},"max":{"cpu":"1"},"maxLimitRequestRatio":{"cpu":"10"}}]}}""").expect(201);
        var filled = admin.post(pods("ranges"), pod("filled", "", "")).expect(201).json();
        var resources = Json.objects(filled.path("spec"), "containers").getFirst().path("resources");
        assertThat(Json.string(resources, "limits", "cpu")).isEqualTo("500m");
        assertThat(Json.string(resources, "requests", "cpu")).isEqualTo("100m");
        assertThat(Json.string(filled, "status", "qosClass")).isEqualTo("Burstable");
        assertThat(Json.string(filled, "metadata", "annotations", "kubernetes.io/limit-ranger"))
                .isEqualTo("LimitRanger plugin set: cpu request for container web; cpu limit for container web");
        assertThat(admin.post(pods("ranges"), pod("small", "{\"requests\":{\"cpu\":\"10m\"}}", "")).expect(403).at("message"))
                .isEqualTo("pods \"small\" is forbidden: [minimum cpu usage per Container is 50m, but request is 10m,"
                        + " cpu max limit to request ratio per Container is 10, but provided ratio is 50.000000]");
        assertThat(admin.post(pods("ranges"), pod("large", "{\"limits\":{\"cpu\":\"2\"}}", "")).expect(403).at("message"))
                .contains("maximum cpu usage per Container is 1, but limit is 2");
    }

    /// `SupportsAttributes` and `unchangedRequest` of upstream's `plugin/pkg/admission/limitranger/admission.go`: what grows is judged, and what was stored may stay.
    @Test
    void limitRangesJudgeWhatGrows() {
        namespace(admin, "growing");
        var claims = "/api/v1/namespaces/growing/persistentvolumeclaims";
        admin.post(claims, "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"volumeName\":\"v\",\"storageClassName\":\"local\","
                + "\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}").expect(201);
        admin.patch(claims + "/c/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Bound\"}}").expect(200);
        admin.post(pods("growing"), pod("p", "{\"limits\":{\"cpu\":\"500m\",\"memory\":\"1Gi\"}}", "")).expect(201);
        admin.post("/api/v1/namespaces/growing/limitranges", """
                {"metadata":{"name":"r"},"spec":{"limits":[{"type":"PersistentVolumeClaim","max":{"storage":"2Gi"}},
                 {"type":"Container","max":{"cpu":"1","memory":"512Mi"}},{"type":"Pod","max":{"cpu":"800m","memory":"512Mi"}}]}}""").expect(201);
        var grow = "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}";
        assertThat(admin.patch(claims + "/c", "application/merge-patch+json", grow.formatted("3Gi")).expect(403).at("message"))
                .isEqualTo("persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but limit is 3Gi");
        admin.patch(claims + "/c", "application/merge-patch+json", grow.formatted("2Gi")).expect(200);
        var resize = "{\"spec\":{\"containers\":[{\"name\":\"web\",\"resources\":{\"requests\":{\"cpu\":\"%1$s\"},\"limits\":{\"cpu\":\"%1$s\"}}}]}}";
        var strategic = "application/strategic-merge-patch+json";
        assertThat(admin.patch(pods("growing") + "/p/resize", strategic, resize.formatted("2")).expect(403).at("message"))
                .isEqualTo("pods \"p\" is forbidden: [maximum cpu usage per Container is 1, but limit is 2, maximum cpu usage per Pod is 800m, but limit is 2]");
        admin.patch(pods("growing") + "/p/resize", strategic, resize.formatted("700m")).expect(200);
    }
}
