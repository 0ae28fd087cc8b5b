package io.hypernetes.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `hypernetes logout`.
@Command(name = "logout", description = "End the login that the current context uses, and forget it here. Tokens of issuers and of Keystone go on until they end by themselves.", mixinStandardHelpOptions = true)
final class LogoutCommand implements Runnable {
    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "the kubeconfig (default ~/.hypernetes/kubeconfig)")
    private @Nullable Path kubeconfig;

    @Override
    public void run() {
        Path config = kubeconfig != null ? kubeconfig : LoginKubeconfig.usual();
        Path file = LoginKubeconfig.open(config).loginOf("").orElseThrow(() -> new UsageException("the current context of " + config + " uses no login of `hypernetes login`"));
        SavedLogin saved = SavedLogin.read(file);
        try {
            if (saved.method().equals("local")) {
                try (LoginServer server = new LoginServer(saved.server(), saved.authority())) {
                    server.end(saved.token());
                }
            }
        } finally {
            try {
                Files.deleteIfExists(file);
                Files.deleteIfExists(file.resolveSibling(file.getFileName() + ".lock"));
            } catch (IOException e) {
                System.err.println("hypernetes: removing " + file + ": " + e.getMessage());
            }
        }
        System.out.println(saved.user() + " logged out of " + saved.server());
    }
}
