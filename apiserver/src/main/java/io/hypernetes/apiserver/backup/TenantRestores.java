package io.hypernetes.apiserver.backup;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.apiserver.resource.Answers;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.apiserver.tenant.Segments;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.backup.BackupException;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.backup.BackupReader;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves `POST /restore?file=NAME`: makes a tenant that is not there of a backup, objects and authority, in one commit. The backup lies in a folder of the
/// master's machine, where only its owner can have put it; it is removed once it is read.
///
/// The tenant's objects have their names, uids and times, and new revisions; its credentials are good again. It gets a new number for its wires.
public final class TenantRestores {
    /// Where it is.
    public static final String PATH = "/restore";

    private static final Logger log = LoggerFactory.getLogger(TenantRestores.class);
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,99}");

    private final Store store;
    private final Authorities authorities;
    private final Segments segments;
    private final @Nullable Path folder;

    /// @param store as it is on the disk
    /// @param folder where the files are; null for a server that restores nothing
    public TenantRestores(Store store, Authorities authorities, Segments segments, @Nullable Path folder) {
        this.store = store;
        this.authorities = authorities;
        this.segments = segments;
        this.folder = folder;
    }

    /// Answers a request that is authorised.
    ///
    /// @throws io.hypernetes.objects.ApiException 409 when there is a tenant of the name, 400 when the backup is none of a tenant
    public void serve(Exchange http, Caller caller, TenantPath tenant) throws IOException {
        Backups.requireOperator(caller, tenant);
        var name = http.query("file");
        if (folder == null || !NAME.matcher(name).matches()) {
            throw ApiStatus.badRequest("file must name a backup in the master's folder for restores").asException();
        }
        Path file = folder.resolve(name);
        Content content;
        try {
            content = Content.read(file);
        } catch (NoSuchFileException e) {
            throw ApiStatus.badRequest("there is no backup " + name + " in the master's folder for restores").asException();
        } catch (BackupException e) {
            throw ApiStatus.badRequest(String.valueOf(e.getMessage())).asException();
        } finally {
            Files.deleteIfExists(file);
        }
        restore(content);
        log.info("event=tenant-restored tenant={} entries={} of={}", content.tenant, content.entries.size(), content.revision);
        Answers.json(http, 200, Json.object().put("tenant", content.tenant).put("entries", content.entries.size()));
    }

    private void restore(Content content) {
        var tenant = content.tenant;
        var operations = new ArrayList<Operation>();
        boolean found = false;
        for (var entry : content.entries) {
            if (!TenantEntries.holds(tenant, entry.key())) {
                throw ApiStatus.badRequest("the backup of tenant " + tenant + " holds something of another: " + entry.key()).asException();
            }
            if (entry.key().equals(TenantState.key(tenant))) {
                found = true;
                var object = Json.readObject(entry.value());
                operations.add(segments.create(object));
                operations.add(new Operation.Put(entry.key(), Operation.ABSENT, StoredForm.encoder(object)));
            } else if (entry.key().equals(TenantEntries.quota(tenant))) {
                operations.add(new Operation.Put(entry.key(), Operation.ABSENT, _ -> entry.value()));
            } else {
                operations.add(new Operation.Put(entry.key(), Operation.ABSENT, revision -> StoredForm.withRevision(entry.value(), revision)));
            }
        }
        if (!found) {
            throw ApiStatus.badRequest("the backup holds no Tenant " + tenant).asException();
        }
        if (store.get(TenantState.key(tenant)).isPresent()) {
            throw exists(tenant);
        }
        try {
            authorities.restore(tenant, content.files);
        } catch (IdentityException e) {
            throw ApiStatus.badRequest("the authority of tenant " + tenant + " does not come back: " + e.getMessage()).asException();
        }
        boolean committed = false;
        try {
            store.commit(operations);
            committed = true;
        } catch (ConflictException e) {
            throw exists(tenant);
        } finally {
            // Until then nobody was told of it; after a crash the next start destroys an authority without a tenant.
            if (!committed) {
                authorities.delete(tenant);
            }
        }
    }

    private static RuntimeException exists(String tenant) {
        return ApiStatus.conflict("hypernetes.io", "tenants", tenant, "there is a tenant of that name; a backup never replaces one, so delete it first")
                .asException();
    }

    /// What a backup holds.
    private record Content(String tenant, long revision, List<Entry> entries, Map<String, byte[]> files) {

        /// @throws BackupException when it is damaged, or not of a tenant
        static Content read(Path file) throws IOException {
            List<Entry> entries = new ArrayList<>();
            Map<String, byte[]> files = new TreeMap<>();
            try (var reader = BackupReader.open(new BufferedInputStream(Files.newInputStream(file)), null)) {
                for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                    switch (item.get()) {
                        case BackupItem.Stored(Entry entry) -> entries.add(entry);
                        case BackupItem.SmallFile(String name, byte[] bytes) -> files.put(name, bytes);
                        // Disks are on nodes, and brought back there.
                        case BackupItem.DiskPart _, BackupItem.DiskEnd _ -> {
                        }
                    }
                }
                return new Content(reader.header().tenant(), reader.header().revision(), entries, files);
            }
        }
    }
}
