package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Rights;
import io.hypernetes.objects.kind.Kinds;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AttemptTest {
    static final Rights NONE = new Rights() {
        @Override
        public Rights of(String namespace, String serviceAccount) {
            return this;
        }

        @Override
        public Decision onResource(String verb, String group, String resource, String subresource, String namespace, String name) {
            return new Decision(false, "");
        }

        @Override
        public Decision onPath(String verb, String path) {
            return new Decision(false, "");
        }
    };

    private static String userInfo(String callersTenant, String tenant) {
        var kind = Kinds.load().get("v1", "ConfigMap");
        var caller = new Caller(callersTenant, "system:node:n1", List.of("system:nodes"), "7", Map.of("example.com/session", List.of("secret")));
        return Json.print(new Attempt(tenant, caller, kind, null, "CREATE", "default", "c", "", false, null, NONE, _ -> {}, (_, _) -> {})
                .toJson(kind, null, null).path("userInfo"));
    }

    /// A webhook is the tenant's, and its users are.
    @Test
    void ofItsOwnUsersATenantIsToldAll() {
        assertThat(userInfo("blue", "blue"))
                .isEqualTo("{\"username\":\"system:node:n1\",\"uid\":\"7\",\"groups\":[\"system:nodes\"],\"extra\":{\"example.com/session\":[\"secret\"]}}");
    }

    /// What else is known of an operator, such as the credential or the session, is none of the tenant's business.
    @Test
    void ofOthersATenantIsToldTheNameAndTheGroups() {
        assertThat(userInfo("root", "blue")).isEqualTo("{\"username\":\"system:node:n1\",\"groups\":[\"system:nodes\"]}");
    }
}
