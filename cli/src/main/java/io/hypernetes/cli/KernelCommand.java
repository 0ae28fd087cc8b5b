package io.hypernetes.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `hypernetes kernel`.
@Command(name = "kernel", description = "Build the minimal guest kernel.", subcommands = KernelCommand.Build.class, mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n", footer = "  hypernetes kernel build")
final class KernelCommand {

    @Command(
            name = "build",
            description = {
                "Compile the minimal guest kernel from Debian's linux-source package; new pods then boot with it.",
                "Takes some minutes and 2 GB of disk while it runs."
            },
            mixinStandardHelpOptions = true)
    static final class Build implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Override
        public void run() {
            Path home = Background.home();
            int status = run(List.of(home.resolve("scripts/packages").toString(), "kernel"));
            if (status == 0) {
                status = run(List.of(home.resolve("kernel/build").toString(), common.places().state().resolve("kernel").toString()));
            }
            if (status != 0) {
                throw new UsageException("the kernel was not built; the lines above say why", status);
            }
        }

        private static int run(List<String> command) {
            try {
                return new ProcessBuilder(command).inheritIO().start().waitFor();
            } catch (IOException e) {
                throw new UsageException("running " + command.getFirst() + ": " + e.getMessage(), UsageException.UNAVAILABLE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UsageException("interrupted", 130);
            }
        }
    }
}
