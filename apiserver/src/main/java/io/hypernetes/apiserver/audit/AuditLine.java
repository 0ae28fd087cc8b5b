package io.hypernetes.apiserver.audit;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What is told of one request. It holds no body, no query and no credential, so no secret can come into it.
///
/// @param caller who it counts for; null when nobody was proved
/// @param impersonator who asked to be taken for the caller; null when nobody did
/// @param target what was wanted; null when that was not understood
/// @param made the name of the object that was made; empty for none
/// @param path as sent, without the query
/// @param code the HTTP status of the answer
public record AuditLine(
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
        long millis,
        String source,
        String agent) {
    private static final int MAX_TEXT = 512;

    /// The line, one JSON object.
    public String text() {
        var line = Json.object();
        line.put("time", ApiTime.format(at));
        line.put("auditID", id);
        line.put("tenant", tenant);
        line.put("user", caller == null ? "" : cut(caller.user()));
        if (impersonator != null) {
            line.put("impersonator", cut(impersonator.user()));
        }
        if (target != null && target.resource()) {
            line.put("verb", target.verb());
            line.put("apiGroup", cut(target.group()));
            line.put("resource", cut(target.resourcePath()));
            line.put("namespace", cut(target.namespace()));
            line.put("name", cut(target.name().isEmpty() ? made : target.name()));
        } else {
            line.put("verb", method.toLowerCase(java.util.Locale.ROOT));
        }
        line.put("path", cut(path));
        line.put("code", code);
        line.put("ms", millis);
        line.put("source", source);
        line.put("agent", cut(agent));
        return Json.print(line);
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT) + "…";
    }
}
