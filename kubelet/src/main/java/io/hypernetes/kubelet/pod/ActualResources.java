package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.hypernetes.cri.v1.LinuxContainerResources;
import java.util.HashMap;
import java.util.Map;

/// What a container has, in the API's words, from what the runtime says. The request for memory is not known to any runtime.
final class ActualResources {
    private static final long SMALLEST_SHARES = 2;

    private ActualResources() {}

    static ResourceRequirements of(LinuxContainerResources has) {
        Map<String, Quantity> limits = new HashMap<>();
        Map<String, Quantity> requests = new HashMap<>();
        if (has.getCpuQuota() > 0) {
            limits.put("cpu", new Quantity(has.getCpuQuota() * 1000 / Math.max(1, has.getCpuPeriod()) + "m"));
        }
        if (has.getMemoryLimitInBytes() > 0) {
            limits.put("memory", new Quantity(String.valueOf(has.getMemoryLimitInBytes())));
        }
        if (has.getCpuShares() > SMALLEST_SHARES) {
            requests.put("cpu", new Quantity((has.getCpuShares() * 1000 + 1023) / 1024 + "m"));
        }
        return new ResourceRequirementsBuilder().withLimits(limits).withRequests(requests).build();
    }
}
