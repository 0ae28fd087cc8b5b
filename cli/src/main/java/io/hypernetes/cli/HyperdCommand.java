package io.hypernetes.cli;

import io.hypernetes.hyperd.docker.DockerServer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `hypernetes hyperd`.
@Command(
        name = "hyperd",
        description = {
            "Run the container engine alone in the foreground: CRI on RUN/cri.sock, the Docker face on RUN/docker.sock, no kubelet.",
            "Pods get addresses of the range that a CRI client tells (UpdateRuntimeConfig), else of the first /24 of the setting cluster-cidr."
        },
        mixinStandardHelpOptions = true,
        footerHeading = "%nExample:%n",
        footer = {"  hypernetes hyperd --root /tmp/engine &", "  docker -H unix:///tmp/engine/run/docker.sock pull 127.0.0.1:5000/app"})
final class HyperdCommand implements Runnable {
    @Mixin
    private final Common common;

    HyperdCommand() {
        this(new Common());
    }

    HyperdCommand(Common common) {
        this.common = common;
    }

    @Override
    public void run() {
        Foreground.run("node", common, () -> {
            Places places = common.places();
            Settings settings = common.settings();
            Instruments instruments = new Instruments(settings);
            EngineParts engine = EngineParts.open(places, settings, NodeProcess.podsFolder(places), instruments.steps(), ClusterMachines.none());
            instruments.show(engine.hyperd());
            instruments.serve(settings, "node-metrics-port");
            engine.standAlone(settings);
            DockerServer docker = engine.docker(places);
            return () -> {
                docker.close();
                engine.close();
                instruments.close();
            };
        });
    }
}
