package io.hypernetes.cli;

import io.grpc.StatusRuntimeException;
import io.hypernetes.cri.v1.PodSandbox;
import io.hypernetes.hyperd.journal.Journal;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// Ends the pods of a node whose process has ended: in good order where that goes within a time, and whatever is left of their machines at last.
///
/// The engine is opened in this process on the node's journal, and asked as any client of CRI asks it. Any part of it may hang; what is asked of it
/// has a deadline each, and what comes behind is done all the same. Only an engine that refuses to open and says why, as for a setting that is not the
/// one it ran with, ends nothing: the machines could still be stopped in good order.
final class NodePods {
    /// To take over what runs: a machine that does not answer costs some seconds, and all are taken over side by side.
    private static final Duration OPENING = Duration.ofMinutes(2);
    private static final Duration OPENING_EACH = Duration.ofSeconds(5);
    private static final Duration LISTING = Duration.ofSeconds(15);
    private static final Duration NETWORK = Duration.ofSeconds(30);
    private static final Duration CLOSING = Duration.ofSeconds(15);
    private static final int SHORT_ID = 12;

    private NodePods() {}

    /// Also takes the node's network away. A second call finds nothing to do.
    ///
    /// @throws UsageException when the node runs, or something did not end in good order; that has been ended then
    static void remove(Places places, Settings settings, Console console) {
        boolean known = Files.isDirectory(places.nodeState().resolve("journal"));
        if (!known && new MachinesLeft(places).names().isEmpty()) {
            return;
        }
        console.task("Stop pods", step -> {
            try (ProcessLock lock = ProcessLock.take(places.lockOf("node"), "node")) {
                List<String> failed = known ? inGoodOrder(places, settings, step) : List.of();
                int left = new MachinesLeft(places).end();
                if (left > 0) {
                    step.detail("ended " + left + " machine(s) that ran on");
                }
                if (!failed.isEmpty()) {
                    throw new UsageException("pods that did not stop in good order, whose machines have been ended: " + String.join("; ", failed)
                            + "; `hypernetes down` may be repeated", UsageException.UNAVAILABLE);
                }
            }
        });
    }

    /// @return what was not stopped, with the reason
    private static List<String> inGoodOrder(Places places, Settings settings, Console.Step step) throws Exception {
        EngineParts engine;
        Duration opening = OPENING.plus(OPENING_EACH.multipliedBy(new MachinesLeft(places).names().size()));
        try {
            step.detail("taking over what runs");
            engine = TimeBox.call("open-engine", opening, () -> EngineParts.open(places, settings, NodeProcess.podsFolder(places)));
        } catch (TimeoutException hangs) {
            return List.of("hyperd did not come up within " + Console.seconds(opening) + " to stop them; " + places.logOf("node") + " may say why");
        }
        List<String> failed = new ArrayList<>();
        try (CriConnection cri = new CriConnection(places.criSocket())) {
            List<OrderlyStop.Pod> pods = new ArrayList<>(pods(cri, LISTING, () -> known(places, engine), step));
            engine.hyperd().dockerSandboxes().forEach((id, name) ->
                    pods.add(new OrderlyStop.Pod("docker/" + name.substring(0, Math.min(SHORT_ID, name.length())), within -> engine.hyperd().stopDocker(id))));
            failed.addAll(new OrderlyStop(OrderlyStop.Limits.ORDINARY, cri::lives, step).stop(pods));
            step.detail(pods.isEmpty() ? "there were none" : pods.size() - failed.size() + " stopped");
            attempt("their network", NETWORK, failed, engine::removeNetwork);
        } finally {
            attempt("closing hyperd", CLOSING, failed, engine::close);
        }
        return failed;
    }

    /// The pods that the engine lists; when it does not, those that it must have.
    ///
    /// @param known pods by what else tells of them
    static List<OrderlyStop.Pod> pods(CriConnection cri, Duration listing, Supplier<List<PodSandbox>> known, Console.Step step) {
        List<PodSandbox> sandboxes;
        try {
            sandboxes = cri.sandboxes(listing);
        } catch (StatusRuntimeException unheard) {
            step.note("hyperd does not list its pods (" + unheard.getMessage() + "); it is asked for those of its journal");
            sandboxes = known.get();
        }
        return sandboxes.stream()
                .map(sandbox -> new OrderlyStop.Pod(
                        sandbox.getMetadata().getNamespace() + "/" + sandbox.getMetadata().getName(), within -> cri.remove(sandbox.getId(), within)))
                .toList();
    }

    /// By the journal; when that cannot be read, by the machines that run.
    private static List<PodSandbox> known(Places places, EngineParts engine) {
        try {
            return new Journal(engine.journal()).sandboxes().stream()
                    .filter(record -> !record.identity().isDocker())
                    .map(record -> sandbox(record.id(), record.identity().namespace(), record.identity().name()))
                    .toList();
        } catch (RuntimeException unreadable) {
            return new MachinesLeft(places).names().stream().map(id -> sandbox(id, "machine", id)).toList();
        }
    }

    private static PodSandbox sandbox(String id, String namespace, String name) {
        PodSandbox.Builder sandbox = PodSandbox.newBuilder().setId(id);
        sandbox.getMetadataBuilder().setNamespace(namespace).setName(name);
        return sandbox.build();
    }

    private static void attempt(String what, Duration most, List<String> failed, Runnable work) throws InterruptedException {
        try {
            TimeBox.call(what, most, () -> {
                work.run();
                return what;
            });
        } catch (InterruptedException told) {
            throw told;
        } catch (TimeoutException hangs) {
            failed.add(what + ": not over within " + Console.seconds(most));
        } catch (Exception failure) {
            failed.add(what + ": " + failure.getMessage());
        }
    }
}
