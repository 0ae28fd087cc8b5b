package io.hypernetes.cli;

import io.hypernetes.identity.local.LocalToken;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes user token`: tokens for programs that act as a user.
@Command(
        name = "token",
        description = "Make, list and revoke tokens with which programs act as a user, and the logins of users.",
        subcommands = {UserTokenCommand.Create.class, UserTokenCommand.ListAll.class, UserTokenCommand.Revoke.class},
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes user token create alice --ttl 30d", "  hypernetes user token list alice -o json", "  hypernetes user token revoke alice 1a2b3c4d"})
final class UserTokenCommand {
    private static final Duration LONGEST = Duration.ofDays(3650);

    private UserTokenCommand() {}

    @Command(name = "create", description = "Print a new token of a user. It is shown this once.", mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n", footer = "  kubectl --token $(hypernetes user token create alice --ttl 1h) get pods")
    static final class Create extends UserCommand.OfUser {
        @Option(names = "--ttl", paramLabel = "TIME", description = "how long it is good for, as 30m, 12h or 30d (default 30d)", defaultValue = "30d")
        private String ttl = "30d";

        @Option(names = "--description", paramLabel = "TEXT", description = "what it is for", defaultValue = "")
        private String description = "";

        @Override
        public void run() {
            Duration validity = TokenCommand.parse(ttl);
            if (validity.compareTo(LONGEST) > 0) {
                throw new UsageException("--ttl " + ttl + ": a token is good for " + LONGEST.toDays() + " days at most");
            }
            String token = Users.asked(common, users -> users.issue(name, validity, description));
            System.out.println(token);
        }
    }

    @Command(name = "list", description = "List the tokens and logins of a user.", mixinStandardHelpOptions = true)
    static final class ListAll extends UserCommand.OfUser {
        @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
        private String output = "table";

        @Override
        public void run() {
            Output.check(output, "table", "json");
            List<LocalToken> tokens = Users.asked(common, users -> {
                users.get(name);
                return users.tokens(name);
            });
            if (output.equals("json")) {
                System.out.println(Output.json(tokens.stream().map(ListAll::described).toList()));
                return;
            }
            System.out.printf("%-10s %-8s %-22s %s%n", "ID", "KIND", "EXPIRES", "DESCRIPTION");
            tokens.forEach(token -> System.out.printf("%-10s %-8s %-22s %s%n", token.id(), token.session() ? "login" : "token", token.expires(), token.description()));
        }

        private static Map<String, Object> described(LocalToken token) {
            Map<String, Object> shown = new LinkedHashMap<>();
            shown.put("id", token.id());
            shown.put("kind", token.session() ? "login" : "token");
            shown.put("expires", token.expires().toString());
            shown.put("description", token.description());
            return shown;
        }
    }

    @Command(name = "revoke", description = "End a token or login at once.", mixinStandardHelpOptions = true)
    static final class Revoke extends UserCommand.OfUser {
        @Parameters(index = "1", paramLabel = "ID", description = "the token's id, as `hypernetes user token list` shows it")
        private String id = "";

        @Override
        public void run() {
            Users.asked(common, users -> {
                users.revoke(name, id);
                return id;
            });
            System.out.println("token " + id + " of " + name + " has ended");
        }
    }
}
