package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ApiStatusTest {
    @Test
    void theSentencesThatClientsKnow() {
        assertThat(ApiStatus.notFound("", "pods", "web").message()).isEqualTo("pods \"web\" not found");
        assertThat(ApiStatus.notFound("apps", "deployments", "web").message()).isEqualTo("deployments.apps \"web\" not found");
        assertThat(ApiStatus.alreadyExists("", "pods", "web").message()).isEqualTo("pods \"web\" already exists");
        assertThat(ApiStatus.modified("", "pods", "web").message())
                .isEqualTo("Operation cannot be fulfilled on pods \"web\": the object has been modified; "
                        + "please apply your changes to the latest version and try again");
        assertThat(ApiStatus.forbidden("", "pods", "", "why").message()).isEqualTo("pods is forbidden: why");
        assertThat(ApiStatus.forbidden("", "pods", "web", "why").message()).isEqualTo("pods \"web\" is forbidden: why");
        assertThat(ApiStatus.methodNotAllowed("", "pods", "patch").message())
                .isEqualTo("patch is not supported on resources of kind \"pods\"");
    }

    @Test
    void invalidListsEveryCause() {
        ApiStatus one = ApiStatus.invalid("", "Pod", "web", List.of(FieldError.required("spec.containers", "")));
        assertThat(one.message()).isEqualTo("Pod \"web\" is invalid: spec.containers: Required value");
        ApiStatus two = ApiStatus.invalid(
                "apps",
                "Deployment",
                "web",
                List.of(
                        FieldError.required("a", "must be set"),
                        FieldError.notSupported("b", "x\"y", List.of("two", "one"))));
        assertThat(two.message())
                .isEqualTo("Deployment.apps \"web\" is invalid: [a: Required value: must be set, "
                        + "b: Unsupported value: \"x\\\"y\": supported values: \"two\", \"one\"]");
        assertThat(Json.string(two.toJson().path("details").path("causes").path(1), "reason")).isEqualTo("FieldValueNotSupported");
        assertThat(Json.string(two.toJson().path("details").path("causes").path(1), "field")).isEqualTo("b");
    }

    @Test
    void aStatusRoundTrips() {
        for (ApiStatus status : List.of(
                ApiStatus.notFound("", "pods", "web"),
                ApiStatus.internal("why"),
                ApiStatus.tooManyRequests("slow down", 3),
                ApiStatus.resourceVersionTooLarge(9, 4),
                ApiStatus.deleted("", "pods", "web", "u"))) {
            assertThat(ApiStatus.fromJson(status.toJson())).isEqualTo(status);
        }
        assertThat(Json.string(ApiStatus.success().toJson(), "status")).isEqualTo("Success");
        assertThat(Json.string(ApiStatus.badRequest("x").toJson(), "status")).isEqualTo("Failure");
    }
}
