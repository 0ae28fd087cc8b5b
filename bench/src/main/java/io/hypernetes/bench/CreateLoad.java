package io.hypernetes.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// Creates alone, by the processor time that each costs the master and which of its threads use it. See `bench/api creates`.
final class CreateLoad {
    private static final int CLIENTS = 256;
    /// Where a stage ends: what is made up to there costs less than before, as the master's code is compiled meanwhile.
    private static final int[] STAGES = {2_000, 10_000, 20_000, 50_000, 100_000, 150_000};
    private static final String PODS = "/api/v1/namespaces/default/pods";
    /// A pod that no scheduler looks at.
    private static final String POD =
            """
            {"metadata":{"name":"p%d","labels":{"app":"bench","shard":"s%d"}},"spec":{"schedulerName":"nobody",
             "containers":[{"name":"c","image":"registry.example.com/bench/web:1.2.3","ports":[{"containerPort":8080}],
             "resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}""";

    private CreateLoad() {}

    /// @param recording where the flight recorder's file of the last stage goes; empty for none
    static void run(ApiMaster master, int count, String recording) throws Exception {
        System.out.printf("  started: %.2f s of the master's processor%n", master.processorSeconds());
        int from = 0;
        for (int stage : STAGES) {
            if (stage < count) {
                stage(master, from, stage);
                from = stage;
            }
        }
        if (!recording.isEmpty()) {
            jcmd(master, "JFR.start", "name=creates", "settings=profile");
        }
        stage(master, from, count);
        if (!recording.isEmpty()) {
            jcmd(master, "JFR.stop", "name=creates", "filename=" + recording);
        }
        System.out.printf("  all: %.2f s of the master's processor%n", master.processorSeconds());
    }

    private static void stage(ApiMaster master, int from, int to) throws Exception {
        Latencies latencies = new Latencies();
        ProcessHandle process = ProcessHandle.of(master.pid()).orElseThrow();
        int count = to - from;
        try (WireLoad clients = new WireLoad(master.tls("root"), master.address(), CLIENTS)) {
            ThreadTimes before = ThreadTimes.of(process);
            long begin = System.nanoTime();
            clients.send(from, count, CreateLoad::request, latencies);
            double seconds = (System.nanoTime() - begin) / 1e9;
            ThreadTimes after = ThreadTimes.of(process);
            System.out.printf(
                    "  creates %,6d to %,6d: %6.0f a second, p50 %.1f ms, p99 %.1f ms, %4.0f us of the master's processor each%n",
                    from, to, count / seconds, latencies.millis(50), latencies.millis(99), (after.whole() - before.whole()) / 1e3 / count);
            after.print(before, count);
        }
    }

    /// The request that makes a pod of this number.
    static byte[] request(int number) {
        return WireLoad.request("POST", PODS, "application/json", POD.formatted(number, number % 100));
    }

    private static void jcmd(ApiMaster master, String... command) throws IOException, InterruptedException {
        ProcessBuilder jcmd = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(master.pid()));
        jcmd.command().addAll(List.of(command));
        if (jcmd.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() != 0) {
            throw new IOException("jcmd could not do " + String.join(" ", command));
        }
    }
}
