package io.hypernetes.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes tenant use`: one person in many tenants goes from one to the other.
@Command(name = "use", description = "Make a tenant the current context of the kubeconfig of your login.", mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n", footer = "  hypernetes tenant use acme && kubectl get pods")
final class TenantUse implements Runnable {
    @Parameters(paramLabel = "NAME", description = "the tenant")
    private String name = "";

    @Option(names = "--kubeconfig", paramLabel = "FILE", description = "the kubeconfig (default ~/.hypernetes/kubeconfig)")
    private @Nullable Path kubeconfig;

    @Override
    public void run() {
        Path file = kubeconfig != null ? kubeconfig : LoginKubeconfig.usual();
        LoginKubeconfig config = LoginKubeconfig.open(file);
        String context = config.contextOf(name).orElseGet(() -> joinedSince(config, file));
        config.use(context);
        config.save();
        System.out.println("context " + context);
    }

    /// A tenant that the person has come to belong to since the login.
    private String joinedSince(LoginKubeconfig config, Path file) {
        Path login = config.loginOf("").orElseThrow(() -> new UsageException("there is no login in " + file + "; `hypernetes login` makes one"));
        SavedLogin saved = CredentialCommand.fresh(login);
        try (LoginServer server = new LoginServer(saved.server(), saved.authority())) {
            LoginServer.Self self = server.self(saved.token(), name);
            if (!self.tenants().contains(name)) {
                throw new UsageException("you are " + self.user() + " and do not belong to a tenant " + name + "; yours are " + String.join(", ", self.tenants()));
            }
            String context = config.add(config.serverName(), saved, login, self.tenants()).get(name);
            return String.valueOf(context);
        }
    }
}
