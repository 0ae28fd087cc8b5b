package io.hypernetes.cli;

import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `hypernetes down`.
@Command(
        name = "down",
        description = {
            "Stop master and node of this machine, and the pods that run here.",
            "Pods stop side by side and have two minutes for it, and two seconds more for each; what has not stopped then is ended and named.",
            "Objects, images and volumes stay; `hypernetes up` continues with them."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes down", "  hypernetes down --keep-pods      pods go on running; the next `up` finds them again"})
final class DownCommand implements Runnable {
    private static final Duration GRACE = Duration.ofSeconds(25);

    @Mixin
    private final Common common = new Common();

    @Option(names = "--keep-pods", description = "leave the pods running")
    private boolean keepPods;

    @Override
    public void run() {
        ProcessLog.quiet();
        Console console = Console.ofProcess();
        Background background = new Background(common.places(), common.flags());
        // It would start again what is stopped here.
        if (background.stop("up", GRACE)) {
            console.say("  An `up` that was under way has ended.");
        }
        for (String process : StatusCommand.PROCESSES.reversed()) {
            console.task("Stop " + process, step -> {
                if (!background.stop(process, GRACE)) {
                    step.detail("was not running");
                }
            });
        }
        if (keepPods) {
            console.say("  The pods go on running; `" + common.command("up") + "` finds them again.");
            return;
        }
        NodePods.remove(common.places(), common.settings(), console);
    }
}
