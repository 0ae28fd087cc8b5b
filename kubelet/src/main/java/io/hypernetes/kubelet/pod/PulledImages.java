package io.hypernetes.kubelet.pod;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Which images on this node each tenant may use without asking a registry: those that it has pulled here itself, those that were pulled here without any
/// credentials, and those that no pod's pull brought here, which the operator loaded for all (as Kubernetes' `NeverVerifyPreloadedImages`). That an image
/// lies on a node, because another tenant could pull it, gives nobody a right to it. Who asks here has seen that the runtime does not say of itself that an image is for all, as hyperd
/// does of what the operator loaded since it knows that. Thread-safe.
///
/// Tenants are known by their uids: a name may come to belong to somebody else.
///
/// A record says in its content of which image it is, and goes once that is no longer here.
///
/// Only what a pull with credentials brought here is private: an image that was here for all stays so, whoever else serves it by whatever name. Such a pull is told before it begins and
/// durably ([PullIntents]), so that a kubelet that dies meanwhile leaves no private image that looks like a loaded one; what it brought is asked for by its full name, never by an id.
final class PulledImages {
    private static final String EVERYBODY = "*";
    private static final String PRIVATE = "!";

    private final DurableFiles files;
    private final PullIntents intents;

    PulledImages(Path folder) {
        this.files = new DurableFiles(folder);
        this.intents = new PullIntents(files, InstantSource.system());
    }

    /// @param life tells this kubelet from those before it
    PulledImages(Path folder, InstantSource clock, String life) {
        this.files = new DurableFiles(folder);
        this.intents = new PullIntents(files, clock, life);
    }

    /// Whether a tenant may use an image that is here. One that is just being pulled with credentials, as far as one can see, is for nobody else yet.
    ///
    /// @param tenant tells its uid; asked only when it matters
    /// @param id the runtime's name for the image, which its content decides
    /// @param ids the runtime's name for what a reference names, when it is here
    boolean mayUse(Supplier<String> tenant, String id, Function<String, Optional<String>> ids) {
        if (files.has(record(EVERYBODY, id))) {
            return true;
        }
        // Looked at before the records: a pull that has ended meanwhile has left one.
        boolean coming = settle(ids).contains(id);
        return !coming && !files.has(record(PRIVATE, id)) || files.has(record(tenant.get(), id));
    }

    /// A pull with credentials is about to begin, which ends with one of [#pulled], [#failed] and [#givenUp].
    ///
    /// @param tenant its uid
    /// @param reference full, so that it can be taken for no id
    /// @param present the runtime's names of all images that are here
    /// @return empty when too many pulls of the tenant have not come to their ends
    Optional<PullIntents.Intent> begins(String tenant, String reference, Supplier<Set<String>> present, Function<String, Optional<String>> ids) {
        settle(ids);
        Set<String> forAll = present.get().stream()
                .filter(id -> files.has(record(EVERYBODY, id)) || !files.has(record(PRIVATE, id)))
                .collect(Collectors.toSet());
        return intents.begin(tenant, reference, forAll);
    }

    /// The registry gave the image to a tenant just now, for its credentials.
    void pulled(PullIntents.Intent pull, String id) {
        if (pull.mayHaveBrought(id)) {
            files.write(record(PRIVATE, id), id);
        }
        files.write(record(pull.tenant(), id), id);
        intents.end(pull);
    }

    /// The registry gave the image just now to somebody without any credentials.
    void pulledByAnybody(String id) {
        files.write(record(EVERYBODY, id), id);
    }

    /// The runtime has said that it brought nothing.
    void failed(PullIntents.Intent pull) {
        intents.end(pull);
    }

    /// Nobody has said what became of it.
    void givenUp(PullIntents.Intent pull) {
        intents.giveUp(pull);
    }

    /// Finds out what pulls brought of which nobody has told.
    ///
    /// @return what pulls that are under way may have brought just now
    private Set<String> settle(Function<String, Optional<String>> ids) {
        Map<String, Optional<String>> named = new HashMap<>();
        Set<String> coming = new HashSet<>();
        for (PullIntents.Intent pull : intents.all()) {
            Optional<String> brought = named.computeIfAbsent(pull.reference(), ids).filter(pull::mayHaveBrought);
            if (pull.underWay()) {
                brought.ifPresent(coming::add);
            } else if (brought.isPresent()) {
                files.write(record(PRIVATE, brought.get()), brought.get());
                intents.end(pull);
            } else if (intents.isOver(pull)) {
                intents.end(pull);
            } else if (pull.givenUp().isEmpty()) {
                intents.giveUp(pull);
            }
        }
        return coming;
    }

    /// Removes the records of images that are gone.
    ///
    /// @param present asked while nobody notes anything, so that no image comes between the question and the removal
    void forgetAllBut(Supplier<Set<String>> present) {
        files.exclusively(names -> {
            Set<String> here = present.get();
            for (String name : names) {
                if (!PullIntents.isIntent(name) && files.read(name).filter(id -> !id.isEmpty() && !here.contains(id)).isPresent()) {
                    files.remove(name);
                }
            }
        });
    }

    private static String record(String tenant, String id) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest((tenant + " " + id).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
