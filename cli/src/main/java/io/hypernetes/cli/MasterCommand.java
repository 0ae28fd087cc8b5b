package io.hypernetes.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `hypernetes master`.
@Command(
        name = "master",
        description = {"Run the Kubernetes master (API server, scheduler, controllers) in the foreground.", "`hypernetes up` starts it in the background."},
        mixinStandardHelpOptions = true)
final class MasterCommand implements Runnable {
    @Mixin
    private final Common common;

    MasterCommand() {
        this(new Common());
    }

    MasterCommand(Common common) {
        this.common = common;
    }

    @Override
    public void run() {
        Foreground.run("master", common, serves -> new MasterProcess(common.places(), common.settings(), serves));
    }
}
