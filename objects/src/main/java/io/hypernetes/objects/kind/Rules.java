package io.hypernetes.objects.kind;

import java.util.Map;

/// Which rules belong to which kind; the key is `Kind.group`.
final class Rules {
    private Rules() {}

    static Map<String, KindRules> byKind() {
        return Map.of();
    }
}
