package io.hypernetes.apiserver.door;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.objects.ApiStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/// Lets pods in that a node leads here, each tenant's by a door of its own: a node asks for the upgrade `hypernetes-door` below the
/// tenant's path, and inside the connection speaks whoever is behind the node. That one sees the tenant's own serving certificate and
/// counts for what it proves itself, and only if the tenant is its home. Safe for use by many threads.
public final class Doors {
    /// Where a node asks, within the tenant's path.
    public static final String PATH = "/door";

    private static final String PROTOCOL = "hypernetes-door";
    private static final int MOST_REMEMBERED = 1024;
    private static final byte[] HEAD = ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + PROTOCOL + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);

    private final Function<String, Supplier<SSLContext>> certificates;
    private final Map<String, Supplier<SSLContext>> remembered = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Supplier<SSLContext>> eldest) {
            return size() > MOST_REMEMBERED;
        }
    };

    /// @param certificates makes what the door of a tenant shows
    public Doors(Function<String, Supplier<SSLContext>> certificates) {
        this.certificates = certificates;
    }

    /// Serves a node's request, which has been authorised.
    public void serve(Exchange http, String tenant) throws IOException {
        if (!http.header("Upgrade").orElse("").equals(PROTOCOL) || !http.isUpgradable()) {
            throw ApiStatus.badRequest("the door of a tenant is opened by an HTTP/1.1 upgrade to " + PROTOCOL).asException();
        }
        SSLContext context;
        synchronized (remembered) {
            context = remembered.computeIfAbsent(tenant, certificates).get();
        }
        http.leadIn(tenant, context, HEAD);
    }

    /// Who calls, as far as it counts where the request came in.
    ///
    /// @throws io.hypernetes.objects.ApiException 401 when the credential is of another tenant than the door
    public static Caller admitted(Exchange http, Caller caller) {
        var door = http.door();
        if (door.isEmpty()) {
            return caller;
        }
        if (caller.isAnonymous()) {
            return new Caller(door, caller.user(), caller.groups());
        }
        if (!caller.tenant().equals(door)) {
            throw ApiStatus.unauthorized().asException();
        }
        return caller;
    }
}
