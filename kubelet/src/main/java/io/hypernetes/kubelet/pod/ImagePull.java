package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.grpc.Context;
import io.grpc.Status;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.cri.v1.AuthConfig;
import io.hypernetes.cri.v1.Image;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.probe.HostLookups;
import io.hypernetes.kubelet.volume.Sources;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/// Brings the image of a container to this node as its pull policy says. One per pod, used by the pod's own thread.
final class ImagePull {
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);
    /// Longer than it takes where the first of two name servers is dead.
    private static final Duration LOOKUP = Duration.ofSeconds(15);
    private static final Duration FAR = Duration.ofMinutes(5);

    private final CriRuntime cri;
    private final Sources sources;
    private final PodEvents events;
    private final InstantSource clock;
    private final PulledImages pulled;
    private final BackOff backOff;
    private final HostLookups hosts;
    private final Predicate<InetAddress> operators;
    private final Map<String, String> lastFailure = new HashMap<>();
    private String tenantUid = "";

    /// @param hosts finds registries
    /// @param operators addresses at which pods of tenants have no registries
    ImagePull(CriRuntime cri, Sources sources, PodEvents events, InstantSource clock, PulledImages pulled, HostLookups hosts, Predicate<InetAddress> operators) {
        this.hosts = hosts;
        this.operators = operators;
        this.pulled = pulled;
        this.cri = cri;
        this.sources = sources;
        this.events = events;
        this.clock = clock;
        this.backOff = new BackOff(clock);
    }

    /// @return the image as the runtime calls it
    /// @param context cancelled to have the pull end, which is then no failure of the image
    /// @throws WaitException with InvalidImageName, ErrImagePull, ImagePullBackOff or ErrImageNeverPull
    /// @throws CriException when it was cancelled
    String bring(String tenant, Pod pod, Container container, PodSandboxConfig sandbox, Context context) {
        String image = container.getImage();
        // pkg/kubelet/images/image_manager.go: what is no name is not asked for.
        Optional<String> fault = ImageNames.fault(image);
        if (fault.isPresent()) {
            String message = "Failed to apply default image tag \"" + image + "\": couldn't parse image reference \"" + image + "\": " + fault.get();
            events.warning(pod, container, "InspectFailed", message);
            throw failed(pod, container, "InvalidImageName", message, LOOK_AGAIN);
        }
        String policy = policy(container);
        if (!policy.equals("Always")) {
            Optional<Image> here = cri.image(image);
            boolean may = here.isPresent() && (tenant.equals(ObjectKey.ROOT) || isForAll(here.get()) || pulled.mayUse(() -> uid(tenant), here.get().getId(), this::id));
            if (here.isPresent() && may) {
                events.normal(pod, container, "Pulled",
                        "Container image \"" + image + "\" already present on machine and can be accessed by the pod");
                return here.get().getId();
            }
            if (policy.equals("Never")) {
                String message = here.isPresent()
                        ? "Container image \"" + image + "\" is present, but is not known to have been pulled here for this tenant, with pull policy of Never"
                        : "Container image \"" + image + "\" is not present with pull policy of Never";
                events.warning(pod, container, "ErrImageNeverPull", message);
                throw failed(pod, container, "ErrImageNeverPull", message, LOOK_AGAIN);
            }
        }
        Optional<String> denied = tenant.equals(ObjectKey.ROOT) ? Optional.empty() : refusal(tenant, pod, container);
        if (denied.isPresent()) {
            events.warning(pod, container, "Failed", "Failed to pull image \"" + image + "\": " + denied.get());
            throw failed(pod, container, "ErrImagePull", denied.get(), FAR);
        }
        Duration left = backOff.remaining(image);
        if (!left.isZero()) {
            String message = "Back-off pulling image \"" + image + "\"";
            events.normal(pod, container, "BackOff", message);
            String failure = lastFailure.getOrDefault(image, "");
            throw failed(pod, container, "ImagePullBackOff", failure.isEmpty() ? message : message + ": ErrImagePull: " + failure, left);
        }
        return pull(tenant, pod, container, sandbox, context);
    }

    /// Why pods of a tenant may not have the image pulled; empty when they may.
    ///
    /// @throws WaitException when nobody tells in time where its registry is
    private Optional<String> refusal(String tenant, Pod pod, Container container) {
        String image = container.getImage();
        try {
            return RegistryPlace.refusal(tenant, image, hosts, LOOKUP, operators);
        } catch (IOException unknown) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CriException(Status.Code.CANCELLED, "the pull of image " + image + " was not begun: " + unknown.getMessage());
            }
            String message = "registry " + RegistryPlace.registry(image) + ": " + unknown.getMessage();
            events.warning(pod, container, "Failed", "Failed to pull image \"" + image + "\": " + message);
            throw failed(pod, container, "ErrImagePull", message, LOOK_AGAIN);
        }
    }

    private String pull(String tenant, Pod pod, Container container, PodSandboxConfig sandbox, Context context) {
        String image = container.getImage();
        events.normal(pod, container, "Pulling", "Pulling image \"" + image + "\"");
        Instant start = clock.instant();
        List<AuthConfig> credentials = credentials(tenant, pod, image);
        CriException failure = null;
        for (AuthConfig auth : credentials) {
            boolean anonymously = auth.equals(AuthConfig.getDefaultInstance());
            try {
                String reference = anonymously ? cri.pull(image, null, sandbox, context) : pullAs(tenant, pod, container, auth, sandbox, context);
                Duration took = Duration.between(start, clock.instant());
                Optional<Image> here = cri.image(reference);
                if (anonymously) {
                    pulled.pulledByAnybody(here.map(Image::getId).orElse(reference));
                }
                tidy();
                long size = here.map(Image::getSize).orElse(0L);
                events.normal(pod, container, "Pulled", "Successfully pulled image \"" + image + "\" in " + text(took)
                        + " (" + text(took) + " including waiting). Image size: " + size + " bytes.");
                backOff.reset(image);
                lastFailure.remove(image);
                return reference;
            } catch (CriException refused) {
                if (context.isCancelled()) {
                    throw refused;
                }
                failure = refused;
            }
        }
        String why = failure == null ? "no credentials" : String.valueOf(failure.getMessage());
        lastFailure.put(image, why);
        events.warning(pod, container, "Failed", "Failed to pull image \"" + image + "\": " + why);
        backOff.next(image, clock.instant());
        throw failed(pod, container, "ErrImagePull", why, Duration.ofSeconds(1));
    }

    /// A pull with credentials, by which the image is the tenant's, unless it was here for all. Whoever writes a secret decides alone when such a pull begins and fails.
    private String pullAs(String tenant, Pod pod, Container container, AuthConfig auth, PodSandboxConfig sandbox, Context context) {
        String image = container.getImage();
        // Before the pull: behind it the name may be another tenant's.
        String uid = uid(tenant);
        PullIntents.Intent intent = pulled.begins(uid, ImageNames.full(image), cri::imageIds, this::id).orElseThrow(() -> {
            String message = "image " + image + " was not pulled: " + PullIntents.MOST_OF_TENANT
                    + " pulls with credentials for pods of this tenant have not come to their ends on this node; fewer pods should end while their images are pulled";
            events.warning(pod, container, "Failed", "Failed to pull image \"" + image + "\": " + message);
            return failed(pod, container, "ErrImagePull", message, LOOK_AGAIN);
        });
        String reference;
        try {
            reference = cri.pull(image, auth, sandbox.toBuilder().putAnnotations(Labels.TENANT_UID, uid).build(), context);
        } catch (CriException refused) {
            if (refused.isAnswer() && !context.isCancelled()) {
                pulled.failed(intent);
            } else {
                pulled.givenUp(intent);
            }
            throw refused;
        }
        try {
            pulled.pulled(intent, id(reference).orElse(reference));
        } catch (RuntimeException unnoted) {
            pulled.givenUp(intent);
            throw unnoted;
        }
        return reference;
    }

    /// What the runtime itself knows of where an image came from, which outweighs who pulled it first.
    private static boolean isForAll(Image image) {
        return image.getSpec().getAnnotationsOrDefault(Labels.FOR_ALL, "").equals("true");
    }

    private Optional<String> id(String reference) {
        return cri.image(reference).map(Image::getId);
    }

    /// A container that does not start tells of it by the same event, whatever the reason is.
    private WaitException failed(Pod pod, Container container, String reason, String message, Duration pause) {
        events.warning(pod, container, "Failed", "Error: " + reason);
        return new WaitException(new Waiting(reason, message), pause);
    }

    /// A pod belongs to one tenant for life, so its restarts wait for no API server.
    private String uid(String tenant) {
        String known = tenantUid;
        if (known.isEmpty()) {
            known = tenant.equals(ObjectKey.ROOT) ? ObjectKey.ROOT : sources.tenantUid(tenant).orElseThrow(() -> new ConfigException("tenant " + tenant + " is gone"));
            tenantUid = known;
        }
        return known;
    }

    private void tidy() {
        try {
            pulled.forgetAllBut(cri::imageIds);
        } catch (CriException later) {
            // The next pull does it; the image is here.
        }
    }

    /// What to try in turn: the secrets that name the image's registry; without any, no credentials.
    private List<AuthConfig> credentials(String tenant, Pod pod, String image) {
        List<AuthConfig> found = new ArrayList<>();
        for (LocalObjectReference reference : pod.getSpec().getImagePullSecrets()) {
            String name = reference.getName();
            if (name == null || name.isEmpty()) {
                continue; // its writer was warned of it
            }
            Optional<Secret> secret = sources.secret(tenant, pod.getMetadata().getNamespace(), name);
            if (secret.isEmpty()) {
                events.warning(pod, "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets ("
                        + name + "); attempting to pull the image may not succeed.");
            }
            secret.ifPresent(known -> found.addAll(PullSecrets.of(known, image)));
        }
        return found.isEmpty() ? List.of(AuthConfig.getDefaultInstance()) : found;
    }

    /// Without a policy the tag decides, as the API server's defaulting does.
    private static String policy(Container container) {
        if (container.getImagePullPolicy() != null && !container.getImagePullPolicy().isEmpty()) {
            return container.getImagePullPolicy();
        }
        String image = container.getImage();
        int tag = image.lastIndexOf(':');
        boolean tagged = tag > image.lastIndexOf('/');
        return image.contains("@") || (tagged && !image.endsWith(":latest")) ? "IfNotPresent" : "Always";
    }

    private static String text(Duration took) {
        return took.toMillis() < 1000 ? took.toMillis() + "ms" : String.format(java.util.Locale.ROOT, "%.3fs", took.toMillis() / 1000.0);
    }
}
