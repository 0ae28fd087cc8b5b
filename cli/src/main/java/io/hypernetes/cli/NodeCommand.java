package io.hypernetes.cli;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes node`.
@Command(
        name = "node",
        description = {
            "Run a node (kubelet and hyperd) in the foreground. The first time it needs a join token; afterwards it knows its cluster.",
            "Pods go on running when it ends; `hypernetes down` ends them."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes token create            on the master", "  hypernetes node --join hn1-…       on the new machine"})
final class NodeCommand implements Runnable {
    /// Where `up` puts the token, so that it is on no command line.
    static final String TOKEN_VARIABLE = "HYPERNETES_JOIN_TOKEN";

    @Mixin
    private final Common common;

    @Option(names = "--join", paramLabel = "TOKEN", description = "the word that `hypernetes token create` printed")
    private @Nullable String token;

    NodeCommand() {
        this(new Common());
    }

    NodeCommand(Common common) {
        this.common = common;
    }

    @Override
    public void run() {
        String join = Optional.ofNullable(token).or(() -> Optional.ofNullable(System.getenv(TOKEN_VARIABLE))).orElse("");
        Foreground.run("node", common, () -> new NodeProcess(common.places(), common.settings(), join));
    }
}
