package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.kubelet.KubeletMetrics;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.ServiceVariables;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.probe.GrpcHealth;
import io.hypernetes.kubelet.probe.HostLookups;
import io.hypernetes.kubelet.probe.PodHttp;
import io.hypernetes.kubelet.volume.Disks;
import io.hypernetes.kubelet.volume.Sources;
import io.hypernetes.kubelet.volume.Volumes;
import io.hypernetes.telemetry.StepSink;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Supplier;

/// What every pod's worker needs and shares.
///
/// @param allocatable what the node offers to pods now: what its status tells
/// @param node the object of this node
/// @param steps gets every step of a pod's start when it is over
/// @param hosts finds those that pods name
/// @param http for probes and hooks
/// @param grpc for probes
/// @param variables that tell containers of services
public record PodServices(
        KubeletSettings settings,
        CriRuntime cri,
        Volumes volumes,
        Disks disks,
        Sources sources,
        PodEvents events,
        StatusWriter statuses,
        HostLookups hosts,
        PodHttp http,
        GrpcHealth grpc,
        ServiceVariables variables,
        InstantSource clock,
        Supplier<Map<String, Quantity>> allocatable,
        OwnNode node,
        StepSink steps,
        KubeletMetrics metrics) {}
