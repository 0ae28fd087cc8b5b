package io.hypernetes.apiserver.backup;

import io.hypernetes.apiserver.http.AnswerStream;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.backup.BackupHeader;
import io.hypernetes.store.backup.BackupWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Arrays;

/// Serves `/backup`: all entries of the store as of one instant, or with `?tenant=NAME` one tenant's, in the form of a backup without a passphrase.
/// Authorities are not in it: their keys never leave the machine by the network.
public final class Backups {
    /// Where it is.
    public static final String PATH = "/backup";

    private final Store store;
    private final InstantSource clock;
    private final SecureRandom random;

    /// @param store as it is on the disk, without the layer of what every tenant has
    public Backups(Store store, InstantSource clock, SecureRandom random) {
        this.store = store;
        this.clock = clock;
        this.random = random;
    }

    /// Answers a request that is authorised.
    ///
    /// @throws io.hypernetes.objects.ApiException for whoever is no operator, as if there were no such path
    public void serve(Exchange http, Caller caller, TenantPath tenant) throws IOException {
        requireOperator(caller, tenant);
        var name = http.query("tenant");
        if (!name.isEmpty()) {
            requireWhole(name);
        }
        Page page = store.list("", "", 0);
        http.setHeader("Cache-Control", "no-store");
        var answer = http.stream(200, "application/octet-stream");
        boolean whole = false;
        try (var writer = BackupWriter.begin(new Body(answer), new BackupHeader(clock.instant(), name, page.revision()), null, random)) {
            for (var entry : page.entries()) {
                if (name.isEmpty() || TenantEntries.holds(name, entry.key())) {
                    writer.entry(entry);
                }
            }
            writer.finish();
            whole = true;
        } finally {
            if (whole) {
                answer.close();
            } else {
                answer.abort();
            }
        }
    }

    static void requireOperator(Caller caller, TenantPath tenant) {
        if (!caller.isOperator() || !tenant.tenant().equals(Caller.ROOT) || tenant.everywhere()) {
            throw ApiStatus.noSuchResource().asException();
        }
    }

    private void requireWhole(String tenant) {
        var state = TenantState.of(store, tenant)
                .orElseThrow(() -> ApiStatus.notFound("hypernetes.io", "tenants", tenant).asException());
        if (state.terminating()) {
            throw ApiStatus.conflict("hypernetes.io", "tenants", Json.string(state.object(), "metadata", "name"),
                            "the tenant is being deleted; what is left of it is not worth a backup")
                    .asException();
        }
    }

    /// Sends what is written to it. The arrays that a backup is written in are used once.
    private static final class Body extends OutputStream {
        private final AnswerStream answer;

        Body(AnswerStream answer) {
            this.answer = answer;
        }

        @Override
        public void write(int b) throws IOException {
            answer.write(new byte[] {(byte) b});
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            answer.write(offset == 0 && length == bytes.length ? bytes : Arrays.copyOfRange(bytes, offset, offset + length));
            answer.flush();
        }
    }
}
