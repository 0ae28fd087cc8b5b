package io.hypernetes.kubelet.pod;

/// Why a container does not run yet or again, as its status shows.
record Waiting(String reason, String message) {}
