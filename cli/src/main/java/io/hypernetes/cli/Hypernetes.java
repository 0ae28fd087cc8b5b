package io.hypernetes.cli;

import io.hypernetes.client.ApiException;
import java.nio.file.Path;
import java.util.List;
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
    private static final List<Class<?>> COMMANDS = List.of(
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            DoctorCommand.class,
            KubeconfigCommand.class,
            TokenCommand.class,
            TenantCommand.class,
            UserCommand.class,
            LoginCommand.class,
            LogoutCommand.class,
            CredentialCommand.class,
            AuditCommand.class,
            BackupCommand.class,
            RestoreCommand.class,
            UpgradeCommand.class,
            ImageCommand.class,
            PodCommand.class,
            KernelCommand.class,
            ConfigCommand.class,
            SimulateCommand.class,
            MasterCommand.class,
            NodeCommand.class,
            HyperdCommand.class,
            CommandLine.HelpCommand.class);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private Hypernetes() {}

    /// Runs one command; the exit code is 0 on success, 64 on wrong use, 69 when something needed is not there, else 1.
    public static void main(String[] arguments) {
        if (arguments.length == 2 && arguments[0].equals("credential") && !arguments[1].startsWith("-")) {
            // kubectl waits for this one each time: without the table of all commands it takes half as long.
            System.exit(credential(Path.of(arguments[1])));
        }
        System.exit(line(arguments.length == 0 ? "" : arguments[0]).execute(arguments));
    }

    /// The table of all commands.
    static CommandLine line() {
        return line("");
    }

    /// The commands of a line that begins so: a process that has a word of its own, and is to serve soon, reads the description of no other.
    static CommandLine line(String first) {
        CommandLine line = new CommandLine(new Hypernetes());
        List<Class<?>> commands = switch (first) {
            case "master" -> List.of(MasterCommand.class);
            case "node" -> List.of(NodeCommand.class);
            case "hyperd" -> List.of(HyperdCommand.class);
            default -> COMMANDS;
        };
        commands.forEach(line::addSubcommand);
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(Hypernetes::wrongUse)
                .setExecutionExceptionHandler((failure, command, parsed) -> explain(failure));
    }

    private static int credential(Path login) {
        try {
            CredentialCommand.print(login);
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
}
