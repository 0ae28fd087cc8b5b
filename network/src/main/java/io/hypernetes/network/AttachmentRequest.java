package io.hypernetes.network;

/// Who wants to be attached.
///
/// @param sandboxId the sandbox
/// @param tenant the tenant whose pod it is
/// @param network name of the tenant's network
/// @param namespace namespace of the pod
/// @param pod name of the pod
public record AttachmentRequest(String sandboxId, String tenant, String network, String namespace, String pod) {}
