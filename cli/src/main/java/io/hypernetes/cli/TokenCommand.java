package io.hypernetes.cli;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.BootstrapToken;
import io.hypernetes.identity.JoinToken;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes token`.
@Command(name = "token", description = "Make tokens with which machines join.", subcommands = TokenCommand.Create.class, mixinStandardHelpOptions = true)
final class TokenCommand {

    @Command(
            name = "create",
            description = "Print a join token: one word that lets a machine join as a node, until it expires.",
            mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n",
            footer = {"  hypernetes token create --ttl 10m", "  and on the other machine:  hypernetes node --join TOKEN"})
    static final class Create implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "--ttl", paramLabel = "TIME", description = "how long it is good for, as 30s, 10m, 2h or 1d (default 1h)", defaultValue = "1h")
        private String ttl = "1h";

        @Override
        public void run() {
            Settings settings = common.clusterSettings();
            OperatorAccess access = OperatorAccess.open(common.places(), settings);
            try (Client client = access.client()) {
                System.out.println(create(access, client, settings, parse(ttl)).text());
            }
        }
    }

    /// Stores a bootstrap token as Kubernetes does, in a Secret of kube-system, and packs it for a node.
    static JoinToken create(OperatorAccess access, Client client, Settings settings, Duration validity) {
        BootstrapToken token = BootstrapToken.generate(new SecureRandom());
        Secret secret = new SecretBuilder()
                .withNewMetadata()
                .withName("bootstrap-token-" + token.id())
                .withNamespace("kube-system")
                .endMetadata()
                .withType("bootstrap.kubernetes.io/token")
                .withStringData(Map.of(
                        "token-id", token.id(),
                        "token-secret", token.secret(),
                        "usage-bootstrap-authentication", "true",
                        "expiration", Instant.now().plus(validity).truncatedTo(ChronoUnit.SECONDS).toString()))
                .build();
        client.of(Kind.SECRET).create(ObjectKey.ROOT, secret);
        return JoinToken.of(OperatorAccess.server(settings), access.root().certificate(), token);
    }

    static Duration parse(String text) {
        return parse("--ttl", text);
    }

    /// @param option what the user gave it to, for the message
    static Duration parse(String option, String text) {
        if (!text.matches("[1-9][0-9]{0,5}[smhd]")) {
            throw new UsageException(option + " " + text + ": write a number and s, m, h or d, for example 30m");
        }
        long number = Long.parseLong(text.substring(0, text.length() - 1));
        return switch (text.charAt(text.length() - 1)) {
            case 's' -> Duration.ofSeconds(number);
            case 'm' -> Duration.ofMinutes(number);
            case 'h' -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
    }
}
