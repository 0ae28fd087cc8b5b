package io.hypernetes.cli;

import io.hypernetes.client.ObjectKey;
import io.hypernetes.identity.Principal;
import io.hypernetes.identity.local.LocalUser;
import io.hypernetes.identity.local.PasswordHash;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes user`: the people whom the operator knows by name.
@Command(
        name = "user",
        description = "Add, list, change and delete users: people who log in with a password, a token or a certificate, each in one or more tenants.",
        subcommands = {
            UserCommand.Add.class, UserCommand.ListAll.class, UserCommand.Show.class, UserCommand.Passwd.class, UserCommand.Join.class,
            UserCommand.Leave.class, UserCommand.Disable.class, UserCommand.Enable.class, UserCommand.Delete.class, UserCommand.Certificate.class,
            UserTokenCommand.class
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes user add alice --admin-of acme",
            "  hypernetes user join alice blue --group developers",
            "  hypernetes user token create alice --ttl 30d --description 'her build server'",
            "  hypernetes login --user alice https://master:6443"
        })
final class UserCommand {
    private UserCommand() {}

    /// The part that all of them share.
    abstract static class OfUser implements Runnable {
        @Mixin
        final Common common = new Common();

        @Parameters(index = "0", paramLabel = "USER", description = "the user")
        String name = "";
    }

    @Command(name = "add", description = "Add a user. The password is asked for, or read from standard input.", mixinStandardHelpOptions = true,
            footerHeading = "%nExamples:%n", footer = {"  hypernetes user add alice --admin-of acme",
            "  pwgen 20 1 | hypernetes user add bob --tenant acme=developers,testers --tenant blue --password-stdin",
            "  hypernetes user add olga --operator"})
    static final class Add extends OfUser {
        @Option(names = "--tenant", paramLabel = "TENANT[=GROUP,…]", description = "a tenant that the user belongs to, and the groups there; the first is the user's home")
        private List<String> tenants = new ArrayList<>();

        @Option(names = "--admin-of", paramLabel = "TENANT", description = "a tenant that the user is an administrator of")
        private List<String> adminOf = new ArrayList<>();

        @Option(names = "--operator", description = "make the user an operator of the whole cluster")
        private boolean operator;

        @Option(names = "--password-stdin", description = "read the password from standard input")
        private boolean standardInput;

        @Option(names = "--no-password", description = "no password: the user lives by tokens and certificates")
        private boolean noPassword;

        @Override
        public void run() {
            Map<String, List<String>> homes = new LinkedHashMap<>();
            tenants.forEach(text -> {
                int equals = text.indexOf('=');
                homes.put(equals < 0 ? text : text.substring(0, equals), equals < 0 ? List.of() : List.of(text.substring(equals + 1).split(",")));
            });
            adminOf.forEach(tenant -> homes.put(tenant, List.of(Principal.ADMINISTRATORS)));
            if (operator) {
                homes.put(ObjectKey.ROOT, List.of(Principal.ADMINISTRATORS));
            }
            if (homes.isEmpty()) {
                throw new UsageException("say where the user belongs: --tenant TENANT, --admin-of TENANT or --operator");
            }
            Users.asked(common, users -> {
                LocalUser user = new LocalUser(name, "", users.newGeneration(), false, Map.of());
                for (Map.Entry<String, List<String>> home : homes.entrySet()) {
                    user = user.in(home.getKey(), users.uidOfTenant(home.getKey()), home.getValue());
                }
                users.add(noPassword ? user : user.withPassword(chosen(name, standardInput), user.generation()));
                return name;
            });
            System.out.println("user " + name + " added, at home in " + String.join(", ", homes.keySet()));
        }
    }

    private static String chosen(String name, boolean standardInput) {
        char[] password = Passwords.choose(name, standardInput);
        try {
            return PasswordHash.of(password, new SecureRandom());
        } finally {
            Arrays.fill(password, '\0');
        }
    }

    @Command(name = "list", description = "List the users.", mixinStandardHelpOptions = true, footerHeading = "%nExample:%n", footer = "  hypernetes user list -o json")
    static final class ListAll implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
        private String output = "table";

        @Override
        public void run() {
            Output.check(output, "table", "json");
            List<Users.Stored> all = Users.asked(common, Users::all);
            if (output.equals("json")) {
                System.out.println(Output.json(all.stream().map(UserCommand::described).toList()));
                return;
            }
            System.out.printf("%-24s %-9s %-9s %-22s %s%n", "NAME", "PASSWORD", "STATE", "CREATED", "TENANTS");
            for (Users.Stored stored : all) {
                LocalUser user = stored.user();
                System.out.printf("%-24s %-9s %-9s %-22s %s%n", user.name(), user.passwordHash().isEmpty() ? "none" : "set",
                        user.disabled() ? "disabled" : "active", stored.created(), String.join(",", user.tenants().keySet()));
            }
        }
    }

    private static Map<String, Object> described(Users.Stored stored) {
        Map<String, Object> shown = new LinkedHashMap<>();
        shown.put("name", stored.user().name());
        shown.put("uid", stored.uid());
        shown.put("created", stored.created());
        shown.put("password", !stored.user().passwordHash().isEmpty());
        shown.put("disabled", stored.user().disabled());
        shown.put("tenants", stored.user().tenants());
        return shown;
    }

    @Command(name = "show", description = "Show a user and the groups in each tenant.", mixinStandardHelpOptions = true)
    static final class Show extends OfUser {
        @Option(names = {"-o", "--output"}, paramLabel = "FORMAT", description = "text (default) or json", defaultValue = "text")
        private String output = "text";

        @Override
        public void run() {
            Output.check(output, "text", "json");
            Users.Stored stored = Users.asked(common, users -> users.get(name));
            if (output.equals("json")) {
                System.out.println(Output.json(described(stored)));
                return;
            }
            System.out.println("name      " + name);
            System.out.println("created   " + stored.created());
            System.out.println("password  " + (stored.user().passwordHash().isEmpty() ? "none" : "set"));
            System.out.println("state     " + (stored.user().disabled() ? "disabled" : "active"));
            stored.user().tenants().forEach((tenant, groups) -> System.out.println("tenant    " + tenant + "  " + String.join(", ", groups)));
        }
    }

    @Command(name = "passwd", description = "Set a user's password. Every login and certificate given out before ends at once; tokens stay.", mixinStandardHelpOptions = true,
            footerHeading = "%nExample:%n", footer = "  hypernetes user passwd alice")
    static final class Passwd extends OfUser {
        @Option(names = "--password-stdin", description = "read the password from standard input")
        private boolean standardInput;

        @Override
        public void run() {
            Users.asked(common, users -> {
                users.get(name);
                String hash = chosen(name, standardInput);
                String generation = users.newGeneration();
                return users.change(name, user -> user.withPassword(hash, generation));
            });
            System.out.println("password of " + name + " set; earlier logins and certificates have ended");
        }
    }

    @Command(name = "join", description = "Make a user belong to a tenant, with these groups and no others there.", mixinStandardHelpOptions = true,
            footerHeading = "%nExamples:%n", footer = {"  hypernetes user join alice blue --group developers", "  hypernetes user join alice blue --admin"})
    static final class Join extends OfUser {
        @Parameters(index = "1", paramLabel = "TENANT", description = "the tenant")
        private String tenant = "";

        @Option(names = "--group", paramLabel = "GROUP", description = "a group that roles of the tenant are bound to")
        private List<String> groups = new ArrayList<>();

        @Option(names = "--admin", description = "as an administrator of the tenant (the group system:masters)")
        private boolean admin;

        @Override
        public void run() {
            List<String> all = new ArrayList<>(groups);
            if (admin) {
                all.add(Principal.ADMINISTRATORS);
            }
            Users.asked(common, users -> {
                String uid = users.uidOfTenant(tenant);
                return users.change(name, user -> user.in(tenant, uid, all));
            });
            System.out.println("user " + name + " belongs to " + tenant + (all.isEmpty() ? "" : " with " + String.join(", ", all)));
        }
    }

    @Command(name = "leave", description = "End a user's belonging to a tenant, at once.", mixinStandardHelpOptions = true)
    static final class Leave extends OfUser {
        @Parameters(index = "1", paramLabel = "TENANT", description = "the tenant")
        private String tenant = "";

        @Override
        public void run() {
            Users.asked(common, users -> users.change(name, user -> {
                if (!user.tenants().containsKey(tenant)) {
                    throw new UsageException("user " + name + " does not belong to " + tenant);
                }
                return user.outOf(tenant);
            }));
            System.out.println("user " + name + " no longer belongs to " + tenant);
        }
    }

    @Command(name = "disable", description = "Believe nothing of a user until enabled again: no login, token or certificate.", mixinStandardHelpOptions = true)
    static final class Disable extends OfUser {
        @Override
        public void run() {
            Users.asked(common, users -> users.change(name, user -> user.withDisabled(true)));
            System.out.println("user " + name + " disabled");
        }
    }

    @Command(name = "enable", description = "Believe a disabled user again.", mixinStandardHelpOptions = true)
    static final class Enable extends OfUser {
        @Override
        public void run() {
            Users.asked(common, users -> users.change(name, user -> user.withDisabled(false)));
            System.out.println("user " + name + " enabled");
        }
    }

    @Command(name = "delete", description = "Delete a user; logins, tokens and certificates end at once.", mixinStandardHelpOptions = true)
    static final class Delete extends OfUser {
        @Override
        public void run() {
            Users.asked(common, users -> {
                users.delete(name);
                return name;
            });
            System.out.println("user " + name + " deleted");
        }
    }

    @Command(name = "certificate", description = "Write a kubeconfig with a client certificate of a user in one tenant, and print its path. It counts until the user is disabled or deleted, leaves the tenant or gets another password.",
            mixinStandardHelpOptions = true, footerHeading = "%nExample:%n", footer = "  hypernetes user certificate alice --tenant acme --ttl 30d --to alice.yaml")
    static final class Certificate extends OfUser {
        @Option(names = "--tenant", paramLabel = "NAME", description = "the tenant; the user's home unless said")
        private @Nullable String tenant;

        @Option(names = "--ttl", paramLabel = "TIME", description = "how long it is good for, as 12h or 30d (default 30d)", defaultValue = "30d")
        private String ttl = "30d";

        @Option(names = "--to", paramLabel = "FILE", description = "the file to write", required = true)
        private Path file = Path.of("");

        @Override
        public void run() {
            Users.Stored stored = Users.asked(common, users -> users.get(name));
            String where = tenant != null ? tenant : stored.user().tenants().keySet().stream().findFirst().orElse("");
            if (!stored.user().tenants().containsKey(where)) {
                throw new UsageException("user " + name + " does not belong to tenant '" + where + "'; `hypernetes user join` changes that");
            }
            OperatorAccess.open(common.places(), common.clusterSettings())
                    .userKubeconfig(file, where, name, stored.uid() + "/" + stored.user().generation(), TokenCommand.parse(ttl));
            System.out.println(file);
        }
    }
}
