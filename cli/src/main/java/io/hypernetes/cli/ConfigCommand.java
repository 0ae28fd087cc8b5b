package io.hypernetes.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes config`.
@Command(name = "config", description = "Show the settings.", subcommands = ConfigCommand.Show.class, mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n", footer = {"  hypernetes config show", "  hypernetes config show --set api-port=7443 -o json"})
final class ConfigCommand {

    @Command(name = "show", description = "Print every setting with its value and meaning, in the form of the settings file.", mixinStandardHelpOptions = true)
    static final class Show implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "-o", paramLabel = "FORMAT", description = "yaml (default) or json", defaultValue = "yaml")
        private String output = "yaml";

        @Override
        public void run() {
            Output.check(output, "yaml", "json");
            Settings settings = common.settings();
            if (output.equals("json")) {
                System.out.println(Output.json(settings.asMap()));
                return;
            }
            System.out.println("# " + common.places().state().resolve("config.yaml"));
            for (Settings.Setting setting : Settings.ALL) {
                System.out.println();
                System.out.println("# " + setting.meaning());
                System.out.println(setting.name() + ": " + quoted(settings.text(setting.name())));
            }
        }

        private static String quoted(String value) {
            return value.matches("[A-Za-z0-9./-]+") ? value : '"' + value.replace("\"", "\\\"") + '"';
        }
    }
}
