package io.hypernetes.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// What a person reads: steps with a turning mark while they last and a tick when done, aligned tables, colours. On anything but a
/// terminal the same steps come as plain lines, without colours and without movement.
final class Console {
    private static final String[] TURNS = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    private static final Duration TURN = Duration.ofMillis(100);

    private final PrintStream out;
    private final boolean terminal;

    Console(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    static Console ofProcess() {
        return new Console(System.out, System.console() != null && System.console().isTerminal() && System.getenv("NO_COLOR") == null);
    }

    /// Work that a person waits for.
    interface Work<T> {
        T run(Step step) throws Exception;
    }

    /// Work without a result.
    interface Task {
        void run(Step step) throws Exception;
    }

    /// Runs one step that yields nothing.
    void task(String name, Task task) {
        step(name, step -> {
            task.run(step);
            return true;
        });
    }

    /// The step under way, told what to show behind its name.
    final class Step {
        private volatile String detail = "";
        private volatile boolean done;

        /// Shows a few words on how it goes; for instance `3 of 5 layers`.
        void detail(String text) {
            detail = text;
        }

        /// Says something worth a line of its own, while the step goes on.
        void note(String text) {
            synchronized (out) {
                out.println((terminal ? "\r\u001b[K" : "") + "    " + dim(text));
            }
        }
    }

    /// Runs one step, showing it while it lasts. A failure is marked and passed on.
    <T> T step(String name, Work<T> work) {
        Step step = new Step();
        long start = System.nanoTime();
        Thread painter = terminal ? Thread.ofVirtual().start(() -> paint(name, step)) : null;
        try {
            T result = work.run(step);
            finish(step, painter);
            line(green("✓"), name, step.detail, start);
            return result;
        } catch (RuntimeException e) {
            finish(step, painter);
            line(red("✗"), name, step.detail, start);
            throw e;
        } catch (Exception e) {
            finish(step, painter);
            line(red("✗"), name, step.detail, start);
            throw new UsageException(name + ": " + e.getMessage(), UsageException.UNAVAILABLE);
        }
    }

    private void paint(String name, Step step) {
        for (int turn = 0; !step.done; turn++) {
            synchronized (out) {
                out.printf("\r\u001b[K  %s %s %s", TURNS[turn % TURNS.length], name, dim(step.detail));
                out.flush();
            }
            LockSupport.parkNanos(TURN.toNanos());
        }
    }

    private void finish(Step step, @org.jspecify.annotations.Nullable Thread painter) {
        step.done = true;
        if (painter != null) {
            LockSupport.unpark(painter);
            try {
                painter.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            out.print("\r\u001b[K");
        }
    }

    private void line(String mark, String name, String detail, long start) {
        String took = seconds(Duration.ofNanos(System.nanoTime() - start));
        out.println("  " + mark + " " + name + (detail.isEmpty() ? "" : " " + dim(detail)) + " " + dim(took));
    }

    /// Columns of the terminal: what it says, else `COLUMNS` of the environment, else 100.
    int width() {
        if (terminal) {
            try {
                Process asked = new ProcessBuilder("stty", "size").redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/tty"))).start();
                String[] size = new String(asked.getInputStream().readNBytes(32), java.nio.charset.StandardCharsets.US_ASCII).trim().split(" ");
                if (size.length == 2 && Integer.parseInt(size[1]) > 0) {
                    return Integer.parseInt(size[1]);
                }
            } catch (java.io.IOException | NumberFormatException unknown) {
                // A terminal that does not say is taken for an ordinary one.
            }
        }
        String columns = System.getenv("COLUMNS");
        return columns != null && columns.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(columns) : 100;
    }

    void say(String text) {
        out.println(text);
    }

    /// A table whose columns are as wide as their widest cell; the first row is the heading.
    void table(List<List<String>> rows) {
        int columns = rows.stream().mapToInt(List::size).max().orElse(0);
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder text = new StringBuilder("  ");
            for (int i = 0; i < row.size(); i++) {
                text.append(row.get(i));
                if (i < row.size() - 1) {
                    text.repeat(' ', widths[i] - row.get(i).length() + 3);
                }
            }
            out.println(text);
        }
    }

    static String seconds(Duration time) {
        long millis = time.toMillis();
        return millis < 1000 ? millis + " ms" : String.format("%.1f s", millis / 1000.0);
    }

    String bold(String text) {
        return terminal ? "\u001b[1m" + text + "\u001b[0m" : text;
    }

    String green(String text) {
        return terminal ? "\u001b[32m" + text + "\u001b[0m" : text;
    }

    String red(String text) {
        return terminal ? "\u001b[31m" + text + "\u001b[0m" : text;
    }

    String dim(String text) {
        return terminal && !text.isEmpty() ? "\u001b[2m" + text + "\u001b[0m" : text;
    }
}
