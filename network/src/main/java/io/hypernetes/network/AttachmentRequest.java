package io.hypernetes.network;

import java.util.List;

/// Who wants to be attached.
///
/// @param sandboxId the sandbox
/// @param tenant the tenant whose pod it is
/// @param network name of the tenant's network
/// @param namespace namespace of the pod
/// @param pod name of the pod
/// @param ports ports of the host that shall lead to the pod, from the attachment to its end
public record AttachmentRequest(
        String sandboxId, String tenant, String network, String namespace, String pod, List<PortMapping> ports) {

    public AttachmentRequest {
        ports = List.copyOf(ports);
    }

    /// Without ports.
    public AttachmentRequest(String sandboxId, String tenant, String network, String namespace, String pod) {
        this(sandboxId, tenant, network, namespace, pod, List.of());
    }
}
