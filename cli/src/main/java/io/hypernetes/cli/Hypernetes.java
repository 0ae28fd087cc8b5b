package io.hypernetes.cli;

import io.hypernetes.client.ApiException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The command line. `hypernetes COMMAND --help` says what each command does, with examples.
@Command(
        name = "hypernetes",
        mixinStandardHelpOptions = true,
        version = "hypernetes 0.1.0",
        description = {"A Kubernetes for many tenants in which every pod is a virtual machine.", ""},
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes up                              make this machine a cluster and run a first pod",
            "  kubectl --kubeconfig $(hypernetes kubeconfig) get pods -A",
            "  hypernetes node --join TOKEN               on another machine: join that cluster",
            "  hypernetes down                            stop everything"
        })
public final class Hypernetes implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private Hypernetes() {}

    /// Runs one command; the exit code is 0 on success, 64 on wrong use, 69 when something needed is not there, else 1.
    public static void main(String[] arguments) {
        if (arguments.length == 2 && arguments[0].equals("credential") && !arguments[1].startsWith("-")) {
            // kubectl waits for this one each time: without the table of all commands it takes half as long.
            System.exit(ended(() -> CredentialCommand.print(Path.of(arguments[1]))));
        }
        Optional<? extends Runnable> process = process(arguments);
        if (process.isPresent()) {
            System.exit(ended(process.get()));
        }
        System.exit(line(arguments.length == 0 ? "" : arguments[0]).execute(arguments));
    }

    /// The table of all commands.
    static CommandLine line() {
        return line("");
    }

    /// The commands of a line that begins so: one that begins with the word of a command reads the description of no other, which would take longer than
    /// most of what commands do.
    static CommandLine line(String first) {
        CommandLine line = new CommandLine(new Hypernetes());
        Class<?> asked = first.equals("help") ? null : Table.COMMANDS.get(first);
        Collection<Class<?>> commands = asked == null ? Table.COMMANDS.values() : List.of(asked);
        commands.forEach(line::addSubcommand);
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Hypernetes::wrongUse)
                .setExecutionExceptionHandler((failure, command, parsed) -> explain(failure));
    }

    /// What runs in the foreground, when the line is plain: whoever starts a master waits for it, and reading the description of a command takes longer than
    /// most of what a start does.
    private static Optional<? extends Runnable> process(String[] arguments) {
        List<String> flags = Arrays.asList(arguments).subList(Math.min(1, arguments.length), arguments.length);
        return switch (arguments.length == 0 ? "" : arguments[0]) {
            case "master" -> Common.plain(flags).map(MasterCommand::new);
            case "node" -> Common.plain(flags).map(NodeCommand::new);
            case "hyperd" -> Common.plain(flags).map(HyperdCommand::new);
            default -> Optional.empty();
        };
    }

    private static int ended(Runnable command) {
        try {
            command.run();
            return 0;
        } catch (RuntimeException e) {
            return explain(e);
        }
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    private static int wrongUse(ParameterException failure, String[] arguments) {
        System.err.println("hypernetes: " + failure.getMessage());
        List<String> hints = CommandLine.UnmatchedArgumentException.printSuggestions(failure, System.err) ? List.of() : List.of("`"
                + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help` shows how to use it.");
        hints.forEach(System.err::println);
        return UsageException.USAGE;
    }

    private static int explain(Exception failure) {
        switch (failure) {
            case UsageException wrong -> {
                System.err.println("hypernetes: " + wrong.getMessage());
                return wrong.exitCode();
            }
            case ApiException refused -> {
                System.err.println("hypernetes: " + refused.getMessage());
                return UsageException.UNAVAILABLE;
            }
            default -> {
                System.err.println("hypernetes: " + failure);
                if (System.getenv("HYPERNETES_TRACE") != null) {
                    failure.printStackTrace();
                } else {
                    System.err.println("  (HYPERNETES_TRACE=1 in the environment shows where)");
                }
                return 1;
            }
        }
    }

    /// A class of its own, which a line that is plain does without.
    private static final class Table {
        /// By the words that users type, in the order in which they are shown.
        private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

        static {
            COMMANDS.put("up", UpCommand.class);
            COMMANDS.put("down", DownCommand.class);
            COMMANDS.put("status", StatusCommand.class);
            COMMANDS.put("doctor", DoctorCommand.class);
            COMMANDS.put("kubeconfig", KubeconfigCommand.class);
            COMMANDS.put("token", TokenCommand.class);
            COMMANDS.put("tenant", TenantCommand.class);
            COMMANDS.put("drain", DrainCommand.class);
            COMMANDS.put("user", UserCommand.class);
            COMMANDS.put("login", LoginCommand.class);
            COMMANDS.put("logout", LogoutCommand.class);
            COMMANDS.put("credential", CredentialCommand.class);
            COMMANDS.put("audit", AuditCommand.class);
            COMMANDS.put("backup", BackupCommand.class);
            COMMANDS.put("restore", RestoreCommand.class);
            COMMANDS.put("upgrade", UpgradeCommand.class);
            COMMANDS.put("image", ImageCommand.class);
            COMMANDS.put("pod", PodCommand.class);
            COMMANDS.put("kernel", KernelCommand.class);
            COMMANDS.put("config", ConfigCommand.class);
            COMMANDS.put("simulate", SimulateCommand.class);
            COMMANDS.put("master", MasterCommand.class);
            COMMANDS.put("node", NodeCommand.class);
            COMMANDS.put("hyperd", HyperdCommand.class);
            COMMANDS.put("help", CommandLine.HelpCommand.class);
        }
    }
}
