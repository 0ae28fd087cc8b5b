package io.hypernetes.kubelet.cri;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/// A sandbox as the runtime reports it. `ips` is empty until it is ready, the first being the primary.
public record ObservedSandbox(
        String id, int attempt, boolean ready, Instant createdAt, List<String> ips, Map<String, String> labels, Map<String, String> annotations) {}
