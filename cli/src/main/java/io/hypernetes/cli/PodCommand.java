package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.cri.v1.PodSandboxState;
import io.hypernetes.hyperd.cri.PodCalls;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `hypernetes pod`.
@Command(
        name = "pod",
        description = "Stop the time of a pod on this node, let it go on, write it to disk and bring it back, see what its start was made of.",
        mixinStandardHelpOptions = true,
        subcommands = {
            PodCommand.Pause.class, PodCommand.Resume.class, PodCheckpoints.Save.class, PodCheckpoints.Restore.class, PodCheckpoints.ListAll.class,
            PodTraceCommand.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  hypernetes pod pause web-0",
            "  hypernetes pod resume -n shop web-0",
            "  hypernetes pod checkpoint web-0 --name before-upgrade",
            "  hypernetes pod restore before-upgrade --replace",
            "  hypernetes pod trace web-0"
        })
final class PodCommand {

    /// Which pod is meant, and what is done to it.
    abstract static class OnPod implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = {"-n", "--namespace"}, description = "namespace of the pod", defaultValue = "default")
        private String namespace = "default";

        @Parameters(paramLabel = "POD", description = "name of the pod, or the beginning of its sandbox's id")
        @SuppressWarnings("NullAway.Init")
        private String pod;

        /// @return what has been done, behind the pod's name
        abstract String act(CriConnection hyperd, String sandbox);

        String pod() {
            return pod;
        }

        @Override
        public void run() {
            try (CriConnection hyperd = new CriConnection(common.places().criSocket())) {
                String id = chosen(hyperd.sandboxes()).getId();
                System.out.println("pod " + pod + " " + act(hyperd, id));
            } catch (StatusRuntimeException refused) {
                throw CriConnection.explained(refused, common);
            }
        }

        private PodSandbox chosen(List<PodSandbox> all) {
            List<PodSandbox> fitting = all.stream()
                    .filter(one -> one.getState() == PodSandboxState.SANDBOX_READY)
                    .filter(one -> one.getId().startsWith(pod)
                            || one.getMetadata().getName().equals(pod) && one.getMetadata().getNamespace().equals(namespace))
                    .toList();
            if (fitting.isEmpty()) {
                throw new UsageException("no pod " + pod + " of namespace " + namespace + " runs on this node; `" + common.command("status")
                        + "` lists those that do");
            }
            if (fitting.size() > 1) {
                throw new UsageException(fitting.size() + " pods on this node are called " + pod + " (of several tenants): give the beginning of"
                        + " the sandbox's id, " + String.join(" or ", fitting.stream().map(one -> one.getId().substring(0, 12)).toList()));
            }
            return fitting.getFirst();
        }
    }

    @Command(name = "pause", description = "Stop all processes of a pod where they are.", mixinStandardHelpOptions = true)
    static final class Pause extends OnPod {
        @Override
        String act(CriConnection hyperd, String sandbox) {
            hyperd.pod(PodCalls.PAUSE, sandbox);
            return "paused";
        }
    }

    @Command(name = "resume", description = "Let a paused pod go on; its clock is set right.", mixinStandardHelpOptions = true)
    static final class Resume extends OnPod {
        @Override
        String act(CriConnection hyperd, String sandbox) {
            hyperd.pod(PodCalls.RESUME, sandbox);
            return "resumed";
        }
    }
}
