package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.ExpressionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// One webhook of a configuration.
///
/// @param configuration whose it is
/// @param conditions null when they cannot be compiled, which counts as a failed call
record Hook(String configuration, String name, ObjectNode source, List<ObjectNode> rules, @Nullable Conditions conditions) {
    static List<Hook> of(ObjectNode configuration) {
        var hooks = new ArrayList<Hook>();
        for (var source : Json.objects(configuration, "webhooks")) {
            Conditions conditions;
            try {
                conditions = Conditions.of(source);
            } catch (ExpressionException e) {
                conditions = null;
            }
            hooks.add(new Hook(Json.string(configuration, "metadata", "name"), Json.string(source, "name"), source, Json.objects(source, "rules"), conditions));
        }
        return List.copyOf(hooks);
    }

    /// Which one it is.
    record Place(String configuration, String name) {}

    Place place() {
        return new Place(configuration, name);
    }

    String matchPolicy() {
        return Json.string(source, "matchPolicy");
    }

    /// Whether a call that fails is as good as none.
    boolean ignoresFailure() {
        return Json.string(source, "failurePolicy").equals("Ignore");
    }

    boolean wantsAnotherLook() {
        return Json.string(source, "reinvocationPolicy").equals("IfNeeded");
    }

    Duration timeout() {
        return Duration.ofSeconds(Math.clamp(Json.number(source, 10, "timeoutSeconds"), 1, 30));
    }

    /// The version of AdmissionReview it wants: the first it names of those that are known.
    String reviewVersion() {
        for (var version : source.path("admissionReviewVersions")) {
            if (version.asString("").equals("v1") || version.asString("").equals("v1beta1")) {
                return version.asString("");
            }
        }
        return "";
    }

    OutboundCall.Peer peer(String tenant) {
        return OutboundCall.Peer.of(tenant, source.path("clientConfig"));
    }
}
