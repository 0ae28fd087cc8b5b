package io.hypernetes.apiserver.audit;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What is told of one request: an Event of `audit.k8s.io/v1` at the level `Metadata`, with the tenant as one of its annotations. It holds no body, no query and
/// no credential, so no secret can come into it; an answer is told by its code alone, since messages quote what was sent.
///
/// @param received when the request came
/// @param at when it came to its stage
/// @param caller who it counts for; null when nobody was proved
/// @param impersonator who asked to be taken for the caller; null when nobody did
/// @param target what was wanted; null when that was not understood
/// @param made the name of the object that was made; empty for none
/// @param path as sent, without the query
/// @param code the HTTP status of the answer
/// @param sources where it came from, as [Sources] reads it
/// @param annotations what was noted on its way
public record AuditLine(
        Stage stage,
        Instant received,
        Instant at,
        String id,
        String tenant,
        @Nullable Caller caller,
        @Nullable Caller impersonator,
        @Nullable Target target,
        String made,
        String method,
        String path,
        int code,
        Sources sources,
        String agent,
        Map<String, String> annotations) {
    private static final int MAX_TEXT = 512;
    /// Of groups and of what else is known of a user.
    private static final int MOST = 32;
    private static final int LEAST_FAILURE = 400;

    /// The line, one JSON object.
    public String text() {
        var line = Json.object();
        line.put("kind", "Event");
        line.put("apiVersion", "audit.k8s.io/v1");
        line.put("level", "Metadata");
        line.put("auditID", id);
        line.put("stage", stage.text());
        line.put("requestURI", cut(path));
        line.put("verb", target != null && target.resource() ? target.verb() : method.toLowerCase(Locale.ROOT));
        describe(line.putObject("user"), impersonator == null ? caller : impersonator);
        if (impersonator != null) {
            describe(line.putObject("impersonatedUser"), caller);
        }
        var from = line.putArray("sourceIPs");
        sources.addresses().forEach(from::add);
        line.put("userAgent", cut(agent));
        if (target != null && target.resource()) {
            refer(line.putObject("objectRef"), target);
        }
        var status = line.putObject("responseStatus");
        status.putObject("metadata");
        if (code >= LEAST_FAILURE) {
            status.put("status", "Failure");
        }
        status.put("code", code);
        line.put("requestReceivedTimestamp", ApiTime.formatMicro(received));
        line.put("stageTimestamp", ApiTime.formatMicro(at));
        var noted = line.putObject("annotations");
        new TreeMap<>(annotations).forEach(noted::put);
        noted.put(StoredForm.TENANT_ANNOTATION, tenant);
        return Json.print(line);
    }

    private void refer(ObjectNode reference, Target wanted) {
        put(reference, "resource", wanted.plural());
        put(reference, "namespace", wanted.namespace());
        put(reference, "name", wanted.name().isEmpty() ? made : wanted.name());
        put(reference, "apiGroup", wanted.group());
        put(reference, "apiVersion", wanted.version());
        put(reference, "subresource", wanted.subresource());
    }

    private static void put(ObjectNode object, String name, String text) {
        if (!text.isEmpty()) {
            object.put(name, cut(text));
        }
    }

    /// Of people of others it tells what those of the tenant may know, who read it too.
    private void describe(ObjectNode info, @Nullable Caller who) {
        if (who == null) {
            return;
        }
        var seen = who.seenFrom(tenant);
        info.put("username", cut(seen.user()));
        put(info, "uid", seen.uid());
        var groups = info.putArray("groups");
        seen.groups().stream().limit(MOST).forEach(group -> groups.add(cut(group)));
        if (!seen.extra().isEmpty()) {
            var extra = info.putObject("extra");
            seen.extra().entrySet().stream().limit(MOST).forEach(entry -> {
                var values = extra.putArray(cut(entry.getKey()));
                entry.getValue().stream().limit(MOST).forEach(value -> values.add(cut(value)));
            });
        }
    }

    /// Who a line is about: whoever a request counted for, as was asked.
    public static String user(ObjectNode line) {
        var impersonated = Json.string(line, "impersonatedUser", "username");
        return impersonated.isEmpty() ? Json.string(line, "user", "username") : impersonated;
    }

    /// The tenant that a line is about.
    public static String tenant(ObjectNode line) {
        return Json.string(line, "annotations", StoredForm.TENANT_ANNOTATION);
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…";
    }
}
