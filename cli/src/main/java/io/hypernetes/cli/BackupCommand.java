package io.hypernetes.cli;

import io.hypernetes.client.ApiException;
import io.hypernetes.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes backup`.
@Command(
        name = "backup",
        description = {
            "Write all that the master holds to one file, or with --tenant what one tenant holds: objects, users, keys of authorities, settings.",
            "The master may run meanwhile or not; the file shows one instant. Images and pods' memory are on nodes and not in it, volumes only with --with-disks."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes backup /mnt/backups/monday --passphrase-file /root/passphrase",
            "  hypernetes backup acme.backup --tenant acme --with-disks",
            "  hypernetes restore --check acme.backup"
        })
final class BackupCommand implements Runnable {
    @Mixin
    private final Common common = new Common();

    @Parameters(paramLabel = "FILE", description = "the file to write, mode 0600")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--tenant", paramLabel = "NAME", description = "only this tenant", defaultValue = "")
    private String tenant = "";

    @Option(names = "--passphrase-file", paramLabel = "FILE", description = "lock it with the passphrase in the first line of FILE; without, whoever reads the backup has all secrets in it")
    private @Nullable Path passphraseFile;

    @Option(names = "--with-disks", description = "take along the disks of claims that are on this machine, each as it is when its turn comes; those that pods run with are left out and named")
    private boolean withDisks;

    @Option(names = "--force", description = "replace the file when it is there")
    private boolean force;

    @Override
    public void run() {
        ProcessLog.quiet();
        char[] passphrase = Backups.passphrase(passphraseFile);
        if (Files.exists(file) && !force) {
            throw new UsageException(file + " is there already; name another file, or say --force to replace it");
        }
        if (!tenant.isEmpty() && !tenant.matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?") || tenant.equals("root")) {
            throw new UsageException("--tenant " + tenant + " names no tenant; root is in a backup of everything");
        }
        try {
            DiskBackup disks = withDisks ? new DiskBackup(common.places().disks()) : null;
            var found = new Backups(common.places(), common.clusterSettings()).write(file.toAbsolutePath(), tenant, passphrase, disks);
            System.out.println("backup of " + found.shown() + "; read again and found good: " + file);
            if (!found.missing().isEmpty()) {
                System.out.println(found.missing());
            }
            if (disks != null && !disks.inUse().isEmpty()) {
                System.out.println("Pods run with " + disks.inUse().size() + " of these on this machine; end them, or take the backup while the node is down: " + common.command("down"));
            }
            if (passphrase == null) {
                System.out.println("It is not locked: keep it as you keep a key, or use --passphrase-file.");
            }
        } catch (ApiException refused) {
            throw new UsageException(String.valueOf(refused.getMessage()), refused.isUnreachable() ? UsageException.UNAVAILABLE : 1);
        } catch (IOException | StoreUnavailableException e) {
            throw new UsageException("the backup " + file + " was not written: " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }
}
