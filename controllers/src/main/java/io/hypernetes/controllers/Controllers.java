package io.hypernetes.controllers;

import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informers;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.WorkLoop;
import io.hypernetes.client.WorkQueue;
import io.hypernetes.controllers.batch.CronJobs;
import io.hypernetes.controllers.batch.FinishedJobs;
import io.hypernetes.controllers.batch.JobLeftovers;
import io.hypernetes.controllers.batch.Jobs;
import io.hypernetes.controllers.daemon.DaemonSets;
import io.hypernetes.controllers.deployment.Deployments;
import io.hypernetes.controllers.disruption.DisruptionBudgets;
import io.hypernetes.controllers.endpoints.EndpointMirror;
import io.hypernetes.controllers.endpoints.EndpointSlices;
import io.hypernetes.controllers.endpoints.EndpointsWriter;
import io.hypernetes.controllers.garbage.GarbageCollector;
import io.hypernetes.controllers.replicas.ReplicaSets;
import io.hypernetes.controllers.replicas.ReplicationControllers;
import io.hypernetes.controllers.scaling.Autoscalers;
import io.hypernetes.controllers.stateful.StatefulSets;
import io.hypernetes.controllers.volume.EphemeralClaims;
import io.hypernetes.controllers.volume.VolumeBinder;
import io.hypernetes.controllers.volume.VolumeProtection;
import io.hypernetes.identity.CertificateAuthority;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// All controllers of a master: made, started and stopped together. A controller that is killed loses nothing, since all it knows is
/// read from the API again.
public final class Controllers implements AutoCloseable {
    /// Of each controller. They mostly wait, without a socket or a thread of the system's; one tenant has half of them at most.
    private static final int WORKERS = 16;
    private static final int MOST_ENDED_PODS = 12_500;
    private static final Duration LOOK_AT_USE = Duration.ofSeconds(15);
    private static final Duration LOOK_AGAIN = Duration.ofMinutes(1);

    private final GarbageCollector garbage;
    private final List<WorkLoop<ObjectKey>> loops = new ArrayList<>();
    private final List<EventRecorder> recorders = new ArrayList<>();
    private final List<Thread> starters = new ArrayList<>();

    /// @param client may read and write in every tenant
    /// @param informers started and closed by whoever made them; they start after this is made, and before or after [#start]
    /// @param authorities the authority of a tenant, null when there is none; root's signs the certificates of nodes
    public Controllers(
            Client client,
            Informers informers,
            ControllerSettings settings,
            Function<String, @Nullable CertificateAuthority> authorities,
            InstantSource clock) {
        Caches caches = Caches.of(informers);
        EventRecorder nodeEvents = events(client, "node-controller", clock);
        for (Controller controller : List.of(
                new NodeAddresses(client, settings.clusterCidr()),
                new NodeLife(client, nodeEvents, settings.nodeMonitorGracePeriod(), clock),
                new PodEviction(client, events(client, "taint-eviction-controller", clock), new PodEnding(client, clock), clock, settings.lostNodeQuarantine()),
                new SilentNodePods(client, nodeEvents, clock),
                new CertificateSigning(client, Objects.requireNonNull(authorities.apply(ObjectKey.ROOT), "root has no authority"), settings.reserved(), clock),
                new ClientCertificateSigning(client, authorities, clock),
                new ReplicaSets(client, events(client, "replicaset-controller", clock), clock),
                new ReplicationControllers(client, events(client, "replication-controller", clock), clock),
                new Deployments(client, events(client, "deployment-controller", clock), clock),
                new StatefulSets(client, events(client, "statefulset-controller", clock), clock),
                new DaemonSets(client, events(client, "daemonset-controller", clock), clock),
                new Jobs(client, events(client, "job-controller", clock), clock, settings.jobPause()),
                new JobLeftovers(client),
                new CronJobs(client, events(client, "cronjob-controller", clock), clock),
                new FinishedJobs(client, clock),
                new EndpointSlices(client, events(client, "endpoint-slice-controller", clock)),
                new EndpointsWriter(client),
                new EndpointMirror(client),
                new DisruptionBudgets(client, events(client, "controllermanager", clock), clock),
                new Autoscalers(client, events(client, "horizontal-pod-autoscaler", clock), clock, LOOK_AT_USE),
                new VolumeBinder(client, events(client, "persistentvolume-controller", clock), events(client, LocalVolume.PROVISIONER, clock), clock),
                new VolumeProtection(client),
                new EphemeralClaims(client, events(client, "ephemeral-volume-controller", clock)),
                new PodGarbage(new PodEnding(client, clock), MOST_ENDED_PODS),
                new TokenSecrets(client),
                new NamespaceDeletion(client, clock),
                new TenantSuspension(client, clock),
                new TenantDeletion(client, clock))) {
            WorkQueue<ObjectKey> queue = new WorkQueue<>(controller::tenantOf);
            Caches view = caches.view();
            controller.watch(view, queue::add);
            WorkLoop<ObjectKey> loop = new WorkLoop<>(controller.name(), queue, WORKERS, controller::reconcile);
            loops.add(loop);
            starters.add(Thread.ofVirtual().name(controller.name() + "-start").unstarted(() -> startWhenSynced(view, loop)));
        }
        // Last, as it listens to the caches that the others asked for.
        garbage = new GarbageCollector(client, informers, events(client, "garbage-collector-controller", clock));
    }

    /// Begins; each loop runs once the caches that its controller asked for are filled.
    public Controllers start() {
        garbage.start();
        starters.forEach(Thread::start);
        return this;
    }

    private EventRecorder events(Client client, String component, InstantSource clock) {
        EventRecorder recorder = new EventRecorder(client, component, null, clock);
        recorders.add(recorder);
        return recorder;
    }

    private static void startWhenSynced(Caches view, WorkLoop<ObjectKey> loop) {
        try {
            while (!view.awaitSynced(LOOK_AGAIN)) {
                // The API server is not reachable yet; the caches go on trying and say so in the log.
            }
            loop.start();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        starters.forEach(Thread::interrupt);
        loops.forEach(WorkLoop::close);
        recorders.forEach(EventRecorder::close);
        garbage.close();
    }
}
