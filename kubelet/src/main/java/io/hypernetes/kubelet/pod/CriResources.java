package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.cri.v1.LinuxContainerResources;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a container or a pod may have, in CRI's words.
final class CriResources {
    private static final long CPU_PERIOD_MICROS = 100_000;

    private CriResources() {}

    /// What the machine must hold: the limits of all containers together, sidecars and init containers too. 0 means no limit.
    static LinuxContainerResources sum(Pod pod) {
        LinuxContainerResources.Builder sum = amounts(limits(pod)).toBuilder();
        return sum.setCpuPeriod(CPU_PERIOD_MICROS).setCpuShares(shares(PodTotals.requests(pod, "cpu"))).build();
    }

    private static Map<String, Quantity> limits(Pod pod) {
        Map<String, Quantity> limits = new HashMap<>();
        for (String resource : List.of("cpu", "memory")) {
            PodTotals.limits(pod, resource).ifPresent(limit -> limits.put(resource, new Quantity(limit.toPlainString())));
        }
        return limits;
    }

    static LinuxContainerResources of(Container container) {
        Map<String, Quantity> limits = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getLimits());
        Map<String, Quantity> requests = container.getResources() == null ? Map.of() : orEmpty(container.getResources().getRequests());
        LinuxContainerResources.Builder resources = amounts(limits).toBuilder();
        Quantity cpu = requests.getOrDefault("cpu", limits.get("cpu"));
        resources.setCpuShares(shares(cpu == null ? BigDecimal.ZERO : cpu.getNumericalAmount()));
        return resources.build();
    }

    private static long shares(BigDecimal cpus) {
        return Math.clamp(whole(cpus.movePointRight(3)) * 1024 / 1000, 2, 262_144);
    }

    /// What a container that runs is to have from now on: there an amount of 0 would be one that stays, so no limit is one below 0.
    static LinuxContainerResources update(Container container) {
        LinuxContainerResources wanted = of(container);
        LinuxContainerResources.Builder update = wanted.toBuilder();
        if (wanted.getCpuQuota() == 0) {
            update.setCpuPeriod(CPU_PERIOD_MICROS).setCpuQuota(-1);
        }
        if (wanted.getMemoryLimitInBytes() == 0) {
            update.setMemoryLimitInBytes(-1);
        }
        return update.build();
    }

    /// Limits; 0 means none.
    static LinuxContainerResources amounts(@Nullable Map<String, Quantity> amounts) {
        LinuxContainerResources.Builder resources = LinuxContainerResources.newBuilder();
        Quantity cpu = orEmpty(amounts).get("cpu");
        if (cpu != null && millis(cpu) > 0) {
            resources.setCpuPeriod(CPU_PERIOD_MICROS).setCpuQuota(Math.max(1000, millis(cpu) * CPU_PERIOD_MICROS / 1000));
        }
        Quantity memory = orEmpty(amounts).get("memory");
        if (memory != null) {
            resources.setMemoryLimitInBytes(units(memory));
        }
        return resources.build();
    }

    private static long millis(Quantity cpu) {
        return whole(cpu.getNumericalAmount().movePointRight(3));
    }

    private static long units(Quantity quantity) {
        return whole(quantity.getNumericalAmount());
    }

    private static long whole(BigDecimal amount) {
        return amount.setScale(0, RoundingMode.CEILING).longValue();
    }

    private static Map<String, Quantity> orEmpty(@Nullable Map<String, Quantity> map) {
        return map == null ? Map.of() : map;
    }
}
