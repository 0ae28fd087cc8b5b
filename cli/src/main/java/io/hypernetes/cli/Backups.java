package io.hypernetes.cli;

import io.hypernetes.apiserver.backup.TenantEntries;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.client.Client;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.Principal;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Page;
import io.hypernetes.store.backup.BackupException;
import io.hypernetes.store.backup.BackupHeader;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.backup.BackupReader;
import io.hypernetes.store.backup.BackupWriter;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes and reads the files of `hypernetes backup`: the store's entries, the authorities' files below `pki/`, and of everything also `config.yaml`.
final class Backups {
    static final String PKI = "pki/";
    static final String CONFIG = "config.yaml";
    private static final int MOST_CONFIG = 1 << 20;
    private static final int MOST_SHOWN = 20;
    private static final int LONGEST_NAME = 253;

    private final Places places;
    private final Settings settings;
    private final SecureRandom random = new SecureRandom();

    Backups(Places places, Settings settings) {
        this.places = places;
        this.settings = settings;
    }

    /// What a whole backup was found to hold.
    ///
    /// @param disks how many disks of claims are in it
    /// @param volumes whose data are on nodes and not in it: the first of them, for people
    /// @param allVolumes how many there are
    record Found(BackupHeader header, long entries, long files, long disks, long bytes, List<String> volumes, long allVolumes) {

        /// What a restore does not bring back; empty when there is nothing of the kind.
        String missing() {
            if (allVolumes == 0) {
                return "";
            }
            StringBuilder text = new StringBuilder("Not in it is what is on " + allVolumes + (allVolumes == 1 ? " volume, on its node" : " volumes, on their nodes") + "; copy it yourself:");
            volumes.forEach(volume -> text.append("\n  ").append(volume));
            return text.append(allVolumes > volumes.size() ? "\n  and " + (allVolumes - volumes.size()) + " more" : "").toString();
        }

        /// For people.
        String shown() {
            return (header.whole() ? "everything" : "tenant " + header.tenant()) + " as of " + header.created() + ": " + entries + " entries, " + files + " files, "
                    + (disks == 0 ? "" : disks + (disks == 1 ? " disk, " : " disks, ")) + (bytes >> 10) + " KiB";
        }
    }

    /// Writes a backup, and reads it again before it gets its name.
    ///
    /// @param tenant empty for everything
    /// @param disks takes the disks of claims along, and knows afterwards which were left out; null for none
    /// @throws IOException when it cannot be written, or is not read as it was written
    Found write(Path file, String tenant, char @Nullable [] passphrase, @Nullable DiskBackup disks) throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + ".part");
        Files.deleteIfExists(draft);
        try {
            try (FileChannel channel = FileChannel.open(
                    draft,
                    Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
                if (ProcessLock.holder(places.lockOf("master")).isPresent()) {
                    fromMaster(out, tenant, passphrase, disks);
                } else {
                    fromStore(out, tenant, passphrase, disks);
                }
                out.flush();
                channel.force(true);
            }
            Found found = check(draft, passphrase);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            sync(file);
            return found;
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private void fromMaster(OutputStream out, String tenant, char @Nullable [] passphrase, @Nullable DiskBackup disks) throws IOException {
        try (Client client = OperatorAccess.open(places, settings).client();
                InputStream in = client.download(Principal.ROOT, "/backup" + (tenant.isEmpty() ? "" : "?tenant=" + tenant));
                BackupReader entries = BackupReader.open(in, null)) {
            BackupWriter writer = BackupWriter.begin(out, entries.header(), passphrase, random);
            for (var item = entries.next(); item.isPresent(); item = entries.next()) {
                writer.item(item.get());
                if (disks != null && item.get() instanceof BackupItem.Stored(Entry entry)) {
                    disks.saw(entry);
                }
            }
            finish(writer, tenant, disks);
        }
    }

    private void fromStore(OutputStream out, String tenant, char @Nullable [] passphrase, @Nullable DiskBackup disks) throws IOException {
        if (!Files.isDirectory(places.masterState().resolve("store"))) {
            throw new UsageException("there is no cluster here (" + places.masterState() + " holds no store)", UsageException.UNAVAILABLE);
        }
        try (EmbeddedStore store = EmbeddedStore.open(
                places.masterState().resolve("store"),
                EmbeddedSettings.defaults().withNativeFolder(places.nativeLibraries()).withKeys(MasterProcess.keys(places, settings, random)))) {
            Page page = store.list("", "", 0);
            BackupWriter writer = BackupWriter.begin(out, new BackupHeader(Clock.systemUTC().instant(), tenant, page.revision()), passphrase, random);
            long held = 0;
            for (Entry entry : page.entries()) {
                if (tenant.isEmpty() || TenantEntries.holds(tenant, entry.key())) {
                    writer.entry(entry);
                    if (disks != null) {
                        disks.saw(entry);
                    }
                    held++;
                }
            }
            if (held == 0) {
                throw new UsageException("there is no tenant '" + tenant + "' in the store");
            }
            finish(writer, tenant, disks);
        }
    }

    /// The authorities are read behind the entries: a tenant made in between then has one too many, which is harmless, and none has one too few.
    private void finish(BackupWriter writer, String tenant, @Nullable DiskBackup disks) throws IOException {
        Map<String, byte[]> authorities = Authorities.files(places.pki());
        for (var file : authorities.entrySet()) {
            if (tenant.isEmpty() || file.getKey().startsWith("tenants/" + tenant + "/")) {
                writer.file(PKI + file.getKey(), file.getValue());
            }
        }
        if (tenant.isEmpty() && Files.exists(places.config()) && Files.size(places.config()) <= MOST_CONFIG) {
            writer.file(CONFIG, Files.readAllBytes(places.config()));
        }
        if (disks != null) {
            disks.write(writer);
        }
        writer.finish();
    }

    /// Reads a backup to its end.
    ///
    /// @throws BackupException when it is not sound
    static Found check(Path file, char @Nullable [] passphrase) throws IOException {
        long entries = 0;
        long files = 0;
        long bytes = 0;
        long disks = 0;
        String open = "";
        Set<String> ended = new HashSet<>();
        // What is said of each for people, by the name of its disk, or by its key when it has none of ours.
        Map<String, String> volumes = new LinkedHashMap<>();
        try (BackupReader reader = open(file, passphrase)) {
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                switch (item.get()) {
                    case BackupItem.Stored(Entry entry) -> {
                        entries++;
                        bytes += entry.length();
                        if (DiskBackup.isVolume(entry)) {
                            volumes.put(DiskBackup.nameOf(entry).orElse(entry.key()), volume(entry));
                        }
                    }
                    case BackupItem.SmallFile(String _, byte[] content) -> {
                        files++;
                        bytes += content.length;
                    }
                    case BackupItem.DiskPart part -> {
                        bytes += part.content().length;
                        if (!open.isEmpty() && !open.equals(part.disk())) {
                            throw new IOException("it is damaged: the disk " + open + " has no end");
                        }
                        open = part.disk();
                    }
                    case BackupItem.DiskEnd end -> {
                        disks++;
                        if ((!open.isEmpty() && !open.equals(end.disk())) || !ended.add(end.disk())) {
                            throw new IOException("it is damaged: the disk " + end.disk() + " is in it twice, or another has no end");
                        }
                        open = "";
                        volumes.remove(end.disk());
                    }
                }
            }
            if (!open.isEmpty()) {
                throw new IOException("it is damaged: the disk " + open + " has no end");
            }
            return new Found(reader.header(), entries, files, disks, bytes, volumes.values().stream().limit(MOST_SHOWN).toList(), volumes.size());
        }
    }

    private static String volume(Entry entry) {
        ObjectKey key = ObjectKey.parse(entry.key());
        var volume = Json.readObject(entry.value());
        String claim = Json.string(volume, "spec", "claimRef", "name");
        return "tenant " + key.tenant() + ": " + key.name()
                + (claim.isEmpty() ? "" : ", claim " + printable(Json.string(volume, "spec", "claimRef", "namespace")) + "/" + printable(claim));
    }

    /// As a terminal shows it and does not obey it: the claim that a volume of a tenant's own names is whatever the tenant writes.
    private static String printable(String text) {
        return (text.length() <= LONGEST_NAME ? text : text.substring(0, LONGEST_NAME) + "...").replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }

    static BackupReader open(Path file, char @Nullable [] passphrase) throws IOException {
        return BackupReader.open(new BufferedInputStream(Files.newInputStream(file), 1 << 16), passphrase);
    }

    /// The passphrase in the first line of a file; null without a file.
    static char @Nullable [] passphrase(@Nullable Path file) {
        if (file == null) {
            return null;
        }
        try {
            String text = Files.readString(file).lines().findFirst().orElse("");
            if (text.length() < 8) {
                throw new UsageException("--passphrase-file " + file + ": its first line must have 8 characters or more");
            }
            return text.toCharArray();
        } catch (IOException e) {
            throw new UsageException("--passphrase-file " + file + " cannot be read: " + e.getMessage());
        }
    }

    static void sync(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
