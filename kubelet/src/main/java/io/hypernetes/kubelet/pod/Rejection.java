package io.hypernetes.kubelet.pod;

/// Why a node does not take a pod that is bound to it.
///
/// @param reason as upstream's (pkg/kubelet/lifecycle/predicate.go), such as `OutOfcpu`
record Rejection(String reason, String message) {}
