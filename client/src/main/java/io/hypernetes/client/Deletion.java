package io.hypernetes.client;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How to delete: the grace period (null leaves it to the object) and the uid the object must still have (null: any).
public record Deletion(@Nullable Long gracePeriodSeconds, @Nullable String uid) {

    public static Deletion ordinary() {
        return new Deletion(null, null);
    }

    /// At once, and only the very object with this uid.
    public static Deletion now(String uid) {
        return new Deletion(0L, uid);
    }

    Map<String, Object> body() {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("apiVersion", "v1");
        body.put("kind", "DeleteOptions");
        if (gracePeriodSeconds != null) {
            body.put("gracePeriodSeconds", gracePeriodSeconds);
        }
        if (uid != null) {
            body.put("preconditions", Map.of("uid", uid));
        }
        return body;
    }
}
