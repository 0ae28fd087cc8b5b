package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.network.Groups;
import io.hypernetes.network.PortMapping;
import java.util.List;
import java.util.Map;

/// A pod that is asked for.
///
/// @param identity what its owner calls it
/// @param files what its /etc is made of; empty name servers and searches mean those of the network
/// @param sysctls kernel settings of the pod's own kernel
/// @param demand how much its machine must offer
/// @param ports ports of the host that lead to it
/// @param volumes disks that outlive it; a machine with such disks is booted, as no template has them
/// @param membership the groups of the node's network that it is kept to
public record SandboxRequest(
        SandboxRecord.Identity identity,
        SandboxRecord.Files files,
        Map<String, String> sysctls,
        Demand demand,
        List<PortMapping> ports,
        List<MachineSpec.Volume> volumes,
        Groups.Membership membership) {

    public SandboxRequest {
        sysctls = Map.copyOf(sysctls);
        ports = List.copyOf(ports);
        volumes = List.copyOf(volumes);
    }

    /// In the open of the node's network, without disks that outlive it.
    public SandboxRequest(
            SandboxRecord.Identity identity, SandboxRecord.Files files, Map<String, String> sysctls, Demand demand, List<PortMapping> ports) {
        this(identity, files, sysctls, demand, ports, List.of(), Groups.Membership.OPEN);
    }

    /// How much a pod asks for.
    ///
    /// @param memoryBytes sum of its containers' limits, 0 for no limit
    /// @param overheadBytes memory that the pod was charged for its machine, 0 when unknown
    /// @param cpuQuotaMicros sum of its containers' limits in one period, 0 for no limit
    /// @param cpuPeriodMicros that period
    /// @param scratchBytes limit of its writable disk, 0 for the default
    /// @param leastMemoryBytes what its containers are to have at least where there is no limit for all of them
    public record Demand(long memoryBytes, long overheadBytes, long cpuQuotaMicros, long cpuPeriodMicros, long scratchBytes, long leastMemoryBytes) {

        /// Without a least.
        public Demand(long memoryBytes, long overheadBytes, long cpuQuotaMicros, long cpuPeriodMicros, long scratchBytes) {
            this(memoryBytes, overheadBytes, cpuQuotaMicros, cpuPeriodMicros, scratchBytes, 0);
        }
    }
}
