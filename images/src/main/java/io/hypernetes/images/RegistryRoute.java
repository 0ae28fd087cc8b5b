package io.hypernetes.images;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntFunction;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The mirrors of a registry and the registry itself: each thing is asked of one after the other until one has it. What a mirror sends
/// by digest is checked like anything else; a tag means what the first that knows it says. Safe for use by several threads.
final class RegistryRoute implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryRoute.class);

    /// Longer ones take turns: they stay in memory until the last layer is there, which may be for hours, and each pod of a node may have a pull.
    static final int SHORT_DOCUMENT = 128 << 10;

    private final List<RegistryClient> stations;
    private final ImageSettings.Transfers limits;
    private final Places longDocuments;
    private final Requester requester;
    private boolean hasTurn; // guarded by this

    RegistryRoute(List<RegistryClient> stations, ImageSettings.Transfers limits) {
        this(stations, limits, new Places(1, 1), Requester.OPERATOR);
    }

    /// @param longDocuments places of pulls with long documents
    RegistryRoute(List<RegistryClient> stations, ImageSettings.Transfers limits, Places longDocuments, Requester requester) {
        this.stations = List.copyOf(stations);
        this.limits = limits;
        this.longDocuments = longDocuments;
        this.requester = requester;
    }

    /// @param given credentials for the registry itself, never shown to a mirror; null for those of the settings, which are for the operator's own pulls
    /// @param requester named the registry; its mirrors are always named by the operator
    static RegistryRoute to(ImageReference reference, ImageSettings settings, @Nullable RegistryCredentials given, Requester requester, RegistryHttp http) {
        ImageSettings.Registry registry = settings.registry(reference.host());
        List<RegistryClient> stations = new ArrayList<>();
        try {
            stations(reference, settings, given, requester, http, registry, stations);
        } catch (RuntimeException failure) { // of a later one, as the earlier ones have connections
            stations.forEach(RegistryClient::close);
            throw failure;
        }
        return new RegistryRoute(stations, settings.transfers(), http.longDocuments(), requester);
    }

    private static void stations(ImageReference reference, ImageSettings settings, @Nullable RegistryCredentials given, Requester requester, RegistryHttp http,
            ImageSettings.Registry registry, List<RegistryClient> stations) {
        for (String mirror : registry.mirrors()) {
            boolean plain = mirror.startsWith("http://");
            String place = mirror.replaceFirst("^https?://", "").replaceFirst("/+$", "");
            int slash = place.indexOf('/');
            String host = slash < 0 ? place : place.substring(0, slash);
            String repository = (slash < 0 ? "" : place.substring(slash + 1) + "/") + reference.repository();
            URI base = URI.create((plain || RegistryHosts.plain(host, settings) ? "http://" : "https://") + host + "/v2/" + repository + "/");
            stations.add(new RegistryClient(http, settings, reference, known(settings, host, repository), base, Requester.OPERATOR, settings.registry(host)));
        }
        if (!registry.mirrorsOnly() || stations.isEmpty()) {
            stations.add(new RegistryClient(http, settings, reference, credentials(reference, settings, given, requester), requester));
        }
    }

    /// Those for the registry itself: a tenant that brings none has none, as the operator's would show it what the operator may see.
    static @Nullable RegistryCredentials credentials(ImageReference reference, ImageSettings settings, @Nullable RegistryCredentials given, Requester requester) {
        return given != null || !requester.isOperator() ? given : known(settings, reference.host(), reference.repository());
    }

    private static @Nullable RegistryCredentials known(ImageSettings settings, String host, String repository) {
        Path file = settings.credentialsFile();
        return file == null ? null : CredentialsFile.find(file, host, repository);
    }

    RegistryClient.Fetched manifest(String tagOrDigest) {
        return document(most -> first(most, (station, time) -> station.manifest(tagOrDigest, most, time)));
    }

    byte[] smallBlob(Documents.Descriptor blob) {
        return document(most -> first(blob.size(), (station, time) -> station.smallBlob(blob, most, time)));
    }

    /// How long it is only shows when it comes, so one that is long is asked for once more: who waits for a turn has nothing of it in memory.
    private synchronized <T> T document(IntFunction<T> question) {
        if (!hasTurn) {
            try {
                return question.apply(SHORT_DOCUMENT);
            } catch (ImageException e) {
                if (e.reason() != ImageException.Reason.TOO_LARGE) {
                    throw e;
                }
            }
            try {
                longDocuments.acquire(requester);
                hasTurn = true;
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new ImageException(ImageException.Reason.UNREACHABLE, "interrupted while other images with long manifests were pulled", interrupted);
            }
        }
        return question.apply(Documents.MOST_BYTES);
    }

    /// Goes on in `file` at the next station where one broke off.
    void blob(Documents.Descriptor blob, Path file, LongConsumer progress) {
        first(blob.size(), (station, time) -> {
            station.blob(blob, file, time, progress);
            return "";
        });
    }

    /// Ends the connections to all of them; what came of documents is needed no more.
    @Override
    public void close() {
        stations.forEach(RegistryClient::close);
        synchronized (this) {
            if (hasTurn) {
                hasTurn = false;
                longDocuments.release(requester);
            }
        }
    }

    private <T> T first(long bytes, BiFunction<RegistryClient, TransferTime, T> question) {
        TransferTime time = new TransferTime(limits, bytes, stations.size());
        for (int i = 0; ; i++) {
            RegistryClient station = stations.get(i);
            time.begin(i);
            try {
                return question.apply(station, time);
            } catch (ImageException e) {
                boolean ours = e.reason() == ImageException.Reason.NO_SPACE || e.reason() == ImageException.Reason.TOO_LARGE;
                if (i == stations.size() - 1 || ours) {
                    throw e;
                }
                LOG.info("event=mirror-failed mirror={} reason={} error=\"{}\"", station.place(), e.reason(), e.getMessage());
            }
        }
    }
}
