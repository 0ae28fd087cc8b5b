package io.hypernetes.cli;

import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes kubeconfig`.
@Command(
        name = "kubeconfig",
        description = "Print the path of the operator's kubeconfig, or with --tenant of that tenant's administrator.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  export KUBECONFIG=$(hypernetes kubeconfig)",
            "  kubectl --kubeconfig $(hypernetes kubeconfig --tenant acme) get pods"
        })
final class KubeconfigCommand implements Runnable {
    @Mixin
    private final Common common = new Common();

    @Option(names = "--tenant", paramLabel = "NAME", description = "the tenant; without it the operator's own cluster", defaultValue = "root")
    private String tenant = "root";

    @Override
    public void run() {
        Settings settings = common.clusterSettings();
        Path file = OperatorAccess.open(common.places(), settings).kubeconfig(tenant);
        if (!common.isMasterRunning()) {
            System.err.println("The master is not running; the kubeconfig names " + OperatorAccess.server(settings) + ", where it is expected. `"
                    + common.command("up") + "` starts it.");
        }
        System.out.println(file);
    }
}
