package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries out what was chosen. That is done beside the choosing, which must not wait for the API server: each call returns at once. Thread-safe.
final class Outcomes {
    private static final Logger LOG = LoggerFactory.getLogger(Outcomes.class);
    private static final int BINDINGS_AT_ONCE = 64;

    private final Client client;
    private final PodVerdicts verdicts;
    private final EventRecorder events;
    private final Predicate<ObjectKey> waits;
    private final VolumeRules volumeRules;
    private final ClaimBinding claimBinding;
    private final Failures failures;
    private final Semaphore bindings = new Semaphore(BINDINGS_AT_ONCE);

    /// Hears, on any thread, of what could not be carried out.
    interface Failures {
        /// The pod is not bound to the node that was chosen.
        void notBound(PodFacts pod);

        /// The API does not say why the pod has no node, or those that are to make way for it still stay.
        void notTold(PodFacts pod);
    }

    /// @param waits whether a pod is still to be bound
    Outcomes(
            Client client, PodVerdicts verdicts, EventRecorder events, Predicate<ObjectKey> waits, VolumeRules volumeRules, ClaimBinding claimBinding, Failures failures) {
        this.client = client;
        this.verdicts = verdicts;
        this.events = events;
        this.waits = waits;
        this.volumeRules = volumeRules;
        this.claimBinding = claimBinding;
        this.failures = failures;
    }

    /// Binds a pod to a node, its volumes first; others do not wait for those.
    void bind(PodFacts pod, String node) {
        Thread.ofVirtual().name("bind-" + pod.key()).start(() -> {
            try {
                if (haveVolumes(pod, node)) {
                    bindings.acquire();
                    try {
                        writeBinding(pod, node);
                    } finally {
                        bindings.release();
                    }
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /// Says why a pod fits nowhere, and sends those away that make way for it.
    void tell(PodFacts pod, String message, Preemption.Result makeWay) {
        Thread.ofVirtual().name("tell-" + pod.key()).start(() -> write(pod, "Unschedulable", message, makeWay));
    }

    private boolean haveVolumes(PodFacts pod, String node) throws InterruptedException {
        Optional<String> failure;
        try {
            failure = claimBinding.bind(volumeRules.waiting(pod), node, () -> waits.test(pod.key()));
        } catch (ApiException refused) {
            failure = Optional.of(String.valueOf(refused.getMessage()));
        }
        failure.ifPresent(why -> {
            LOG.warn("event=volumes-not-bound pod={} node={} reason=\"{}\"", pod.key(), node, why);
            failures.notBound(pod);
            if (waits.test(pod.key())) {
                write(pod, "SchedulerError", "running PreBind plugin \"VolumeBinding\": " + why, Preemption.Result.NOT_ASKED);
            }
        });
        return failure.isEmpty();
    }

    private void writeBinding(PodFacts pod, String node) {
        ObjectKey key = pod.key();
        try {
            client.of(Kind.POD).createSubresource(key, "binding", new BindingBuilder()
                    .withNewMetadata().withName(key.name()).withNamespace(key.namespace()).withUid(pod.pod().getMetadata().getUid()).endMetadata()
                    .withNewTarget().withApiVersion("v1").withKind("Node").withName(node).endTarget()
                    .build());
            LOG.info("event=bound pod={} node={}", key, node);
            events.record(key.tenant(), pod.pod(), null, "Binding", EventRecorder.Type.NORMAL, "Scheduled",
                    "Successfully assigned " + key.namespace() + "/" + key.name() + " to " + node);
        } catch (ApiException refused) {
            LOG.warn("event=bind-failed pod={} node={} reason=\"{}\"", key, node, refused.getMessage());
            failures.notBound(pod);
        }
    }

    private void write(PodFacts pod, String reason, String message, Preemption.Result makeWay) {
        ObjectKey key = pod.key();
        try {
            events.record(key.tenant(), pod.pod(), null, "Scheduling", EventRecorder.Type.WARNING, "FailedScheduling", message);
            verdicts.unscheduled(key, pod.pod(), reason, message, makeWay.node());
            for (PodFacts victim : makeWay.victims()) {
                preempt(pod, victim, String.valueOf(makeWay.node()));
            }
        } catch (ApiException refused) {
            LOG.warn("event=verdict-not-written pod={} reason=\"{}\"", key, refused.getMessage());
            failures.notTold(pod);
        }
    }

    private void preempt(PodFacts pod, PodFacts victim, String node) {
        ObjectKey key = victim.key();
        verdicts.preempted(key, victim.pod());
        client.of(Kind.POD).delete(key, new Deletion(null, victim.pod().getMetadata().getUid()));
        LOG.info("event=preempted pod={} by={} node={}", key, pod.key(), node);
        // What an operator's pod is called is no tenant's business.
        Pod related = key.tenant().equals(pod.key().tenant()) ? pod.pod() : null;
        events.record(key.tenant(), victim.pod(), related, "Preempting", EventRecorder.Type.NORMAL, "Preempted",
                "Preempted by pod " + pod.pod().getMetadata().getUid() + " on node " + node);
    }
}
