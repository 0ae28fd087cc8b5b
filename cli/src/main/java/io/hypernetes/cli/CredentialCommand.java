package io.hypernetes.cli;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `hypernetes credential`: what kubectl runs to get a token (client.authentication.k8s.io/v1). Kubeconfigs that `hypernetes login` writes name it.
@Command(name = "credential", description = "Print the token of a login for kubectl, renewed when needed. kubectl runs this itself.", mixinStandardHelpOptions = true)
final class CredentialCommand implements Runnable {
    /// How much of a token's time must be left for it to be handed out.
    private static final Duration LEFT = Duration.ofSeconds(90);
    /// When a local login is renewed: before it ends, as it cannot be renewed after.
    private static final Duration EARLY = Duration.ofHours(6);

    @Parameters(paramLabel = "FILE", description = "the login")
    private Path file = Path.of("");

    @Override
    public void run() {
        print(file);
    }

    static void print(Path file) {
        SavedLogin login = fresh(file);
        var credential = Json.object().put("apiVersion", "client.authentication.k8s.io/v1").put("kind", "ExecCredential");
        credential.putObject("status").put("token", login.token()).put("expirationTimestamp", ApiTime.format(login.expires()));
        System.out.println(Json.print(credential));
    }

    /// The login with a token that is good for a while.
    static SavedLogin fresh(Path file) {
        SavedLogin saved = SavedLogin.read(file);
        if (!wants(saved)) {
            return saved;
        }
        // Many kubectl at once renew once: a refresh token may be good for one use only.
        try (FileChannel channel = FileChannel.open(file.resolveSibling(file.getFileName() + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            saved = SavedLogin.read(file);
            if (!wants(saved) || !lock.isValid()) {
                return saved;
            }
            Tokens next;
            try {
                next = renewed(saved, file);
            } catch (UsageException e) {
                if (saved.expires().isAfter(Instant.now().plus(LEFT))) {
                    return saved;
                }
                throw e;
            }
            SavedLogin renewed = saved.with(next.token(), next.expires(), next.more());
            renewed.save(file);
            return renewed;
        } catch (IOException e) {
            throw new UsageException("locking the login " + file + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private static boolean wants(SavedLogin saved) {
        Duration margin = saved.method().equals("local") ? EARLY : LEFT;
        return !saved.expires().isAfter(Instant.now().plus(margin));
    }

    private static Tokens renewed(SavedLogin saved, Path file) {
        return switch (saved.method()) {
            case "local" -> {
                if (!saved.expires().isAfter(Instant.now())) {
                    throw over(saved);
                }
                try (LoginServer server = new LoginServer(saved.server(), saved.authority())) {
                    yield server.renew(saved.token());
                }
            }
            case "oidc" -> {
                if (saved.more("refresh-token").isEmpty()) {
                    throw over(saved);
                }
                try (OidcClient client = new OidcClient(OidcClient.Provider.of(saved))) {
                    yield client.refresh(saved.more("refresh-token")).orElseThrow(() -> over(saved));
                }
            }
            case "keystone" -> KeystoneClient.again(saved);
            default -> throw new UsageException("the login in " + file + " is of the method '" + saved.method() + "', which this version does not know");
        };
    }

    private static UsageException over(SavedLogin saved) {
        return new UsageException("the login of " + saved.user() + " at " + saved.server() + " is over; log in again with `hypernetes login " + saved.server() + "`", 77);
    }
}
