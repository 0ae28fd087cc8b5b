package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.request.Annotations;
import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.patch.JsonPatch;
import io.hypernetes.objects.patch.PatchException;
import java.io.IOException;
import java.util.Base64;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Asks one webhook about one attempt.
final class HookCall {
    private static final Logger log = LoggerFactory.getLogger(HookCall.class);
    private static final String GROUP = "admission.k8s.io/";
    private static final int MOST_WARNINGS = 20;
    private static final int LONGEST_WARNING = 256;
    static final String ANNOTATIONS = "webhook.admission.k8s.io/";

    private final OutboundCall outbound;

    HookCall(OutboundCall outbound) {
        this.outbound = outbound;
    }

    /// The call failed, or the answer cannot be understood.
    static final class FailedException extends Exception {
        private static final long serialVersionUID = 1;

        FailedException(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    /// The object as the webhook wants it; the object itself when it wants nothing else.
    ///
    /// @param as the kind in whose form the webhook sees the object
    /// @param round in which round of which hook this is, such as `round_0_index_1`
    /// @throws ApiException when it denies the attempt, or fails and that counts
    @Nullable ObjectNode ask(Hook hook, Attempt attempt, Kind as, @Nullable ObjectNode object, @Nullable ObjectNode old, boolean mutating, String round) {
        try {
            return answer(hook, attempt, as, object, old, mutating);
        } catch (FailedException e) {
            if (hook.ignoresFailure()) {
                attempt.annotate().accept((mutating ? "failed-open.mutation." : "failed-open.validating.") + ANNOTATIONS + round, hook.name());
                log.info("event=webhook-failed-open tenant={} webhook={} cause={}", attempt.tenant(), hook.name(), e.getMessage());
                return object;
            }
            throw ApiStatus.internal("failed calling webhook \"" + hook.name() + "\": " + e.getMessage()).asException();
        }
    }

    private @Nullable ObjectNode answer(
            Hook hook, Attempt attempt, Kind as, @Nullable ObjectNode object, @Nullable ObjectNode old, boolean mutating)
            throws FailedException {
        var version = hook.reviewVersion();
        if (version.isEmpty()) {
            throw new FailedException("webhook does not accept known AdmissionReview versions (v1, v1beta1)", null);
        }
        // Webhooks of v1beta1 were never made to name themselves, what they answer and how they patch, and some do not.
        boolean strict = version.equals("v1");
        var uid = UUID.randomUUID().toString();
        var review = Json.object().put("kind", "AdmissionReview").put("apiVersion", GROUP + version);
        var request = Json.object().put("uid", uid);
        request.setAll(attempt.toJson(as, attempt.inForm(as, object), attempt.inForm(as, old)));
        review.set("request", request);
        ObjectNode response;
        try {
            var bytes = outbound.post(hook.peer(attempt.tenant()), Json.bytes(review), hook.timeout());
            var answered = Json.readObject(bytes);
            if (strict && !(Json.string(answered, "kind").equals("AdmissionReview") && Json.string(answered, "apiVersion").equals(GROUP + version))) {
                throw new FailedException("received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview", null);
            }
            if (!(answered.get("response") instanceof ObjectNode given)) {
                throw new FailedException("received invalid webhook response: webhook response was absent", null);
            }
            response = given;
        } catch (IOException e) {
            throw new FailedException("failed to call webhook: " + e.getMessage(), e);
        } catch (MalformedJsonException e) {
            throw new FailedException("received invalid webhook response: " + e.getMessage(), e);
        }
        if (strict && !Json.string(response, "uid").equals(uid)) {
            throw new FailedException("received invalid webhook response: expected response.uid=\"" + uid + "\", got \""
                    + Json.string(response, "uid") + "\"", null);
        }
        int warnings = 0;
        for (var warning : response.path("warnings")) {
            var text = warning.asString("");
            if (++warnings <= MOST_WARNINGS && !text.isEmpty()) {
                attempt.warn().accept(Cut.to(LONGEST_WARNING, text, ""));
            }
        }
        for (var noted : response.path("auditAnnotations").properties().stream().limit(MOST_WARNINGS).toList()) {
            var key = hook.name() + "/" + noted.getKey();
            if (noted.getValue().isString() && Names.qualified(key).isEmpty() && !Annotations.isReserved(key)) {
                attempt.annotate().accept(key, noted.getValue().stringValue());
            }
        }
        if (!Json.flag(response, "allowed")) {
            throw denied(hook, response);
        }
        return mutating && object != null ? patched(as, attempt, object, response, strict) : object;
    }

    private static ObjectNode patched(Kind as, Attempt attempt, ObjectNode object, ObjectNode response, boolean strict) throws FailedException {
        var patch = Json.string(response, "patch");
        if (patch.isEmpty()) {
            return object;
        }
        if (strict && !Json.string(response, "patchType").equals("JSONPatch")) {
            throw new FailedException("received invalid webhook response: webhook returned response.patch but not response.patchType", null);
        }
        try {
            var operations = JsonPatch.parse(Json.read(Base64.getDecoder().decode(patch)).root());
            var form = attempt.inForm(as, object);
            if (form != null && operations.apply(form) instanceof ObjectNode changed) {
                return attempt.outOfForm(as, changed);
            }
            throw new FailedException("the patch leaves no object", null);
        } catch (PatchException | MalformedJsonException | IllegalArgumentException e) {
            throw new FailedException("the patch cannot be applied: " + e.getMessage(), e);
        }
    }

    private static ApiException denied(Hook hook, ObjectNode response) {
        var status = response.path("status");
        var by = "admission webhook \"" + hook.name() + "\" denied the request";
        var message = Json.string(status, "message");
        var reason = Json.string(status, "reason");
        var text = !message.isEmpty() ? by + ": " + message : !reason.isEmpty() ? by + ": " + reason : by + " without explanation";
        int code = (int) Math.clamp(Json.number(status, 400, "code"), 400, 599);
        return new ApiStatus(code, reason, text, null).asException();
    }
}
