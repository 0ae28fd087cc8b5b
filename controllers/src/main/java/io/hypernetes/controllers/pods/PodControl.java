package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Makes and deletes the pods of an owner, tells it in events, and remembers it until the cache shows it. Thread-safe.
///
/// @param owners the kind of the owners
/// @param own what was written and is not seen yet
public record PodControl(Client client, EventRecorder events, Kind<?> owners, OwnWrites<Pod> own) {

    /// A pod as the template has it, controlled by its owner, with a name that begins with the owner's.
    public Pod fromTemplate(HasMetadata owner, PodTemplateSpec template) {
        ObjectMeta meta = template.getMetadata() == null ? new ObjectMeta() : template.getMetadata();
        return new PodBuilder()
                .withNewMetadata()
                .withGenerateName(owner.getMetadata().getName() + "-")
                .withNamespace(owner.getMetadata().getNamespace())
                .withLabels(meta.getLabels() == null ? new LinkedHashMap<>() : new LinkedHashMap<>(meta.getLabels()))
                .withAnnotations(meta.getAnnotations() == null ? new LinkedHashMap<>() : new LinkedHashMap<>(meta.getAnnotations()))
                .withFinalizers(meta.getFinalizers() == null ? List.of() : meta.getFinalizers())
                .withOwnerReferences(Claims.reference(owners, owner))
                .endMetadata()
                .withSpec(template.getSpec())
                .build();
    }

    /// Creates a pod of the owner.
    ///
    /// @throws ApiException when it is refused, after an event has told so; not when the namespace is being deleted, which is no fault
    public void create(ObjectKey key, HasMetadata owner, Pod pod) {
        try {
            Pod made = client.of(Kind.POD).create(key.tenant(), pod);
            own.wrote(key, made);
            events.record(key.tenant(), owner, Type.NORMAL, "SuccessfulCreate", "Created pod: " + made.getMetadata().getName());
        } catch (ApiException refused) {
            if (isTerminatingNamespace(refused)) {
                return;
            }
            events.record(key.tenant(), owner, Type.WARNING, "FailedCreate", "Error creating: " + reason(refused));
            throw refused;
        }
    }

    /// Deletes a pod of the owner; one that is gone already is no fault.
    public void delete(ObjectKey key, HasMetadata owner, Pod pod) {
        String name = pod.getMetadata().getName();
        try {
            boolean there = client.of(Kind.POD).delete(ObjectKey.of(key.tenant(), pod), new Deletion(null, pod.getMetadata().getUid()));
            own.deleted(key, pod);
            if (there) {
                events.record(key.tenant(), owner, Type.NORMAL, "SuccessfulDelete", "Deleted pod: " + name);
            }
        } catch (ApiException refused) {
            events.record(key.tenant(), owner, Type.WARNING, "FailedDelete", "Error deleting: " + reason(refused));
            throw refused;
        }
    }

    /// Does something `count` times, first once, then twice at a time, then four times: what is refused once would most likely be refused
    /// each time.
    ///
    /// @param work gets numbers from 0
    /// @throws ApiException the first refusal, after which no further round began
    public static void slowStart(int count, IntConsumer work) throws InterruptedException {
        int done = 0;
        for (int round = Math.min(count, 1); round > 0; round = Math.min(count - done, 2 * round)) {
            atOnce(done, round, work);
            done += round;
        }
    }

    /// Deletes several at once.
    ///
    /// @throws ApiException the first refusal, when all were tried
    public void deleteAll(ObjectKey key, HasMetadata owner, List<Pod> pods) throws InterruptedException {
        atOnce(0, pods.size(), number -> delete(key, owner, pods.get(number)));
    }

    /// Does something for each number from `first` on, all at once.
    ///
    /// @throws ApiException the first refusal, when all were tried
    public static void atOnce(int first, int count, IntConsumer work) throws InterruptedException {
        if (count == 1) {
            work.accept(first);
            return;
        }
        AtomicReference<@Nullable RuntimeException> failed = new AtomicReference<>();
        CountDownLatch left = new CountDownLatch(count);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = first + i;
            threads.add(Thread.ofVirtual().start(() -> {
                try {
                    work.accept(number);
                } catch (RuntimeException refused) {
                    failed.compareAndSet(null, refused);
                } finally {
                    left.countDown();
                }
            }));
        }
        try {
            left.await();
        } catch (InterruptedException stopped) {
            threads.forEach(Thread::interrupt);
            throw stopped;
        }
        RuntimeException refused = failed.get();
        if (refused != null) {
            throw refused;
        }
    }

    /// Whether a creation was refused only because the namespace is being emptied.
    public static boolean isTerminatingNamespace(ApiException refused) {
        return refused.code() == 403 && String.valueOf(refused.getMessage()).contains("because it is being terminated");
    }

    /// The server's words, without the request that they answer.
    public static String reason(ApiException refused) {
        String message = String.valueOf(refused.getMessage());
        int words = message.indexOf(": ");
        return words < 0 ? message : message.substring(words + 2);
    }

    /// The labels that a template gives its pods.
    public static Map<String, String> labels(PodTemplateSpec template) {
        return template.getMetadata() == null || template.getMetadata().getLabels() == null ? Map.of() : template.getMetadata().getLabels();
    }
}
