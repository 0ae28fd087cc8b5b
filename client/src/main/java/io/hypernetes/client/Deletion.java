package io.hypernetes.client;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How to delete: the grace period (null leaves it to the object), the uid the object must still have (null: any), and what becomes of
/// what it owns (null leaves it to the kind).
public record Deletion(@Nullable Long gracePeriodSeconds, @Nullable String uid, @Nullable Propagation propagation) {

    /// What becomes of the objects that an object owns.
    public enum Propagation {
        /// They lose their owner and stay.
        ORPHAN("Orphan"),
        /// They go after it.
        BACKGROUND("Background"),
        /// They go before it.
        FOREGROUND("Foreground");

        private final String text;

        Propagation(String text) {
            this.text = text;
        }
    }

    public Deletion(@Nullable Long gracePeriodSeconds, @Nullable String uid) {
        this(gracePeriodSeconds, uid, null);
    }

    public static Deletion ordinary() {
        return new Deletion(null, null);
    }

    /// At once, and only the very object with this uid.
    public static Deletion now(String uid) {
        return new Deletion(0L, uid);
    }

    /// Only the very object with this uid, and its dependents as said.
    public static Deletion of(String uid, Propagation propagation) {
        return new Deletion(null, uid, propagation);
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
        if (propagation != null) {
            body.put("propagationPolicy", propagation.text);
        }
        return body;
    }
}
