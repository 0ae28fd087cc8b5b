package io.hypernetes.cli;

import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.apiserver.backup.TenantEntries;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.IdentityException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.backup.BackupHeader;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.backup.BackupReader;
import io.hypernetes.store.backup.BackupWriter;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.StoreFilling;
import io.hypernetes.store.keys.KeyRing;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes restore`.
@Command(
        name = "restore",
        description = {
            "Make a master of a backup of everything, where there is none yet; or bring one tenant back into a running cluster that has none of its name.",
            "Nothing is ever written over."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes restore --check monday               read it to its end and say what it holds",
            "  hypernetes restore monday && hypernetes up      on an empty machine",
            "  hypernetes restore acme.backup                  the tenant acme, after it was deleted",
            "  hypernetes restore monday --tenant acme         the same from a backup of everything"
        })
final class RestoreCommand implements Runnable {
    private static final FileAttribute<?> SECRET_FILE = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<?> SECRET_FOLDER = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final Duration LIMIT = Duration.ofMinutes(5);

    @Mixin
    private final Common common = new Common();

    @Parameters(paramLabel = "FILE", description = "the backup")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--tenant", paramLabel = "NAME", description = "only this tenant of it, into the running cluster", defaultValue = "")
    private String tenant = "";

    @Option(names = "--passphrase-file", paramLabel = "FILE", description = "the passphrase that the backup was locked with, in the first line of FILE")
    private @Nullable Path passphraseFile;

    @Option(names = "--check", description = "only read the backup to its end and say what it holds")
    private boolean check;

    @Override
    public void run() {
        ProcessLog.quiet();
        char[] passphrase = Backups.passphrase(passphraseFile);
        try {
            // All of it, before anything is made of it.
            Backups.Found found = Backups.check(file, passphrase);
            if (check) {
                System.out.println("backup of " + found.shown() + "; it is good");
                if (!found.missing().isEmpty()) {
                    System.out.println(found.missing());
                }
                return;
            }
            BackupHeader header = found.header();
            if (!header.whole() && !tenant.isEmpty() && !tenant.equals(header.tenant())) {
                throw new UsageException(file + " is a backup of tenant " + header.tenant() + ", not of " + tenant);
            }
            String wanted = header.whole() ? tenant : header.tenant();
            if (wanted.isEmpty()) {
                told(everything(passphrase));
                System.out.println("restored " + found.shown() + "; start it with: " + common.command("up"));
            } else {
                told(bringBack(wanted, passphrase));
                System.out.println("tenant " + wanted + " restored as of " + header.created() + "; what it signed is good again");
            }
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        } catch (IOException | StoreException | IdentityException e) {
            throw new UsageException("the backup " + file + " was not restored: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private static void told(int keptDisks) {
        if (keptDisks > 0) {
            System.out.println("keeping " + keptDisks + (keptDisks == 1 ? " disk that is" : " disks that are") + " on this machine already");
        }
    }

    /// A master's whole state, made beside its place and put there in one step. The disks come before it, as it must not come to an end with a master whose
    /// disks are missing.
    ///
    /// @return how many disks were there already
    private int everything(char @Nullable [] passphrase) throws IOException {
        Places places = common.places();
        try (ProcessLock lock = ProcessLock.take(places.lockOf("master"), "master")) {
            requireEmpty(places.masterState());
            Files.createDirectories(places.state());
            Path draft = places.state().resolve(".master.restoring");
            remove(draft);
            Files.createDirectories(draft, SECRET_FOLDER);
            try (DiskRestore disks = new DiskRestore(places.disks())) {
                configure(places, passphrase);
                fill(draft, common.settings(), passphrase, disks);
                sync(draft);
                disks.place();
                try {
                    Files.deleteIfExists(places.masterState());
                    Files.move(draft, places.masterState(), StandardCopyOption.ATOMIC_MOVE);
                } catch (IOException failure) {
                    // Another backup that is restored later would keep them.
                    disks.remove();
                    throw failure;
                }
                Backups.sync(places.masterState());
                return disks.kept();
            } finally {
                remove(draft);
            }
        }
    }

    private static void requireEmpty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> inside = Files.list(folder)) {
            if (inside.findAny().isPresent()) {
                throw new UsageException("there is a master here already (" + folder + "); a backup of everything is restored only where there is none."
                        + " Move that folder away, or use --root, or --tenant for one tenant of it");
            }
        }
    }

    /// The settings come first, since they say where the master key is; those that are here already stay.
    private void configure(Places places, char @Nullable [] passphrase) throws IOException {
        if (Files.exists(places.config())) {
            System.out.println("keeping the settings in " + places.config());
            return;
        }
        try (BackupReader reader = Backups.open(file, passphrase)) {
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                if (item.get() instanceof BackupItem.SmallFile(String name, byte[] content) && name.equals(Backups.CONFIG)) {
                    Path next = places.config().resolveSibling(Backups.CONFIG + ".next");
                    Files.write(next, content);
                    Files.move(next, places.config(), StandardCopyOption.ATOMIC_MOVE);
                }
            }
        }
    }

    private void fill(Path draft, Settings settings, char @Nullable [] passphrase, DiskRestore disks) throws IOException {
        String masterKey = settings.text("master-key-file");
        Path keys = draft.resolve("keys");
        KeyRing ring = KeyRing.open(keys, masterKey.isEmpty() ? keys.resolve("master.key") : Path.of(masterKey), new SecureRandom());
        EmbeddedSettings store = EmbeddedSettings.defaults().withNativeFolder(common.places().nativeLibraries()).withKeys(ring);
        boolean authority = false;
        Instant now = Instant.now();
        try (BackupReader reader = Backups.open(file, passphrase);
                StoreFilling filling = StoreFilling.begin(draft.resolve("store"), store)) {
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                switch (item.get()) {
                    case BackupItem.Stored(Entry entry) -> filling.add(RestoredNodes.unheardOf(entry, now));
                    case BackupItem.SmallFile(String name, byte[] content) when name.startsWith(Backups.PKI) && Authorities.isFile(name.substring(Backups.PKI.length())) -> {
                        write(draft.resolve(name), content);
                        authority |= name.equals(Backups.PKI + "root/ca.key");
                    }
                    case BackupItem.SmallFile _ -> {
                    }
                    case BackupItem.DiskPart part -> disks.add(part);
                    case BackupItem.DiskEnd end -> disks.add(end);
                }
            }
            if (!authority) {
                throw new IOException("it holds no root authority, so no node or user could come back");
            }
            filling.finish(reader.header().revision());
        }
    }

    private static void write(Path target, byte[] content) throws IOException {
        Files.createDirectories(target.getParent(), SECRET_FOLDER);
        try (FileChannel channel = FileChannel.open(target, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), SECRET_FILE);
                OutputStream out = Channels.newOutputStream(channel)) {
            out.write(content);
            channel.force(true);
        }
    }

    /// Hands the tenant's part to the running master, which makes it all or nothing. Its disks are here before, as its pods start at once.
    ///
    /// @return how many disks were there already
    private int bringBack(String wanted, char @Nullable [] passphrase) throws IOException {
        Places places = common.places();
        Settings settings = common.clusterSettings();
        if (ProcessLock.holder(places.lockOf("master")).isEmpty()) {
            throw new UsageException("a tenant is restored by the running master of this machine, and none runs; start it with: " + common.command("up"), UsageException.UNAVAILABLE);
        }
        Files.createDirectories(places.restores(), SECRET_FOLDER);
        // Two at once would write the same disks.
        try (ProcessLock lock = ProcessLock.take(places.lockOf("restore"), "restore");
                Client client = OperatorAccess.open(places, settings).client()) {
            if (client.of(Kind.TENANT).find(ObjectKey.root(wanted)).isPresent()) {
                throw new UsageException("there is a tenant of that name (" + wanted + "); a backup never replaces one, so delete it first (`hypernetes tenant delete " + wanted + "`)");
            }
            return bringBack(client, wanted, passphrase);
        }
    }

    private int bringBack(Client client, String wanted, char @Nullable [] passphrase) throws IOException {
        Places places = common.places();
        String name = wanted + "-" + Long.toHexString(System.nanoTime());
        Path handed = places.restores().resolve(name);
        try (DiskRestore disks = new DiskRestore(places.disks())) {
            hand(handed, wanted, passphrase, disks);
            disks.place();
            try {
                client.act(ObjectKey.ROOT, "/restore?file=" + name, LIMIT);
            } catch (ApiException refused) {
                // A tenant of that name that was made meanwhile may have disks of these names.
                if (!refused.isUnreachable() && !refused.isAlreadyExists() && !refused.isConflict()) {
                    disks.remove();
                }
                throw refused;
            }
            return disks.kept();
        } finally {
            Files.deleteIfExists(handed);
        }
    }

    private void hand(Path target, String wanted, char @Nullable [] passphrase, DiskRestore disks) throws IOException {
        String authority = Backups.PKI + "tenants/" + wanted + "/";
        boolean found = false;
        try (BackupReader reader = Backups.open(file, passphrase);
                FileChannel channel = FileChannel.open(target, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), SECRET_FILE);
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
            BackupWriter writer = BackupWriter.begin(out, new BackupHeader(reader.header().created(), wanted, reader.header().revision()), null, new SecureRandom());
            for (var item = reader.next(); item.isPresent(); item = reader.next()) {
                switch (item.get()) {
                    case BackupItem.Stored(Entry entry) when TenantEntries.holds(wanted, entry.key()) -> {
                        writer.entry(entry);
                        found = true;
                    }
                    case BackupItem.SmallFile(String name, byte[] content) when name.startsWith(authority) -> writer.file(name.substring(Backups.PKI.length()), content);
                    case BackupItem.DiskPart part when DiskBackup.isOf(part.disk(), wanted) -> disks.add(part);
                    case BackupItem.DiskEnd end when DiskBackup.isOf(end.disk(), wanted) -> disks.add(end);
                    default -> {
                    }
                }
            }
            writer.finish();
        }
        if (!found) {
            throw new UsageException("the backup " + file + " holds no tenant '" + wanted + "'");
        }
    }

    private static void remove(Path folder) throws IOException {
        if (Files.exists(folder)) {
            for (Path path : all(folder).reversed()) {
                Files.delete(path);
            }
        }
    }

    private static void sync(Path folder) throws IOException {
        for (Path path : all(folder)) {
            if (Files.isDirectory(path)) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                    channel.force(true);
                }
            }
        }
    }

    private static List<Path> all(Path folder) throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.sorted(Comparator.naturalOrder()).toList();
        }
    }
}
