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
/// @param membership the groups that it is kept to from its first packet on; see [Network#groups]
public record AttachmentRequest(
        String sandboxId, String tenant, String network, String namespace, String pod, List<PortMapping> ports, Groups.Membership membership) {

    public AttachmentRequest {
        ports = List.copyOf(ports);
    }

    /// In the open.
    public AttachmentRequest(String sandboxId, String tenant, String network, String namespace, String pod, List<PortMapping> ports) {
        this(sandboxId, tenant, network, namespace, pod, ports, Groups.Membership.OPEN);
    }

    /// Without ports.
    public AttachmentRequest(String sandboxId, String tenant, String network, String namespace, String pod) {
        this(sandboxId, tenant, network, namespace, pod, List.of());
    }
}
