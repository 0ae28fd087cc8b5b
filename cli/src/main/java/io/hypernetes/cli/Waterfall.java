package io.hypernetes.cli;

import io.hypernetes.telemetry.Caller;
import io.hypernetes.telemetry.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Draws steps as a waterfall: a tree of names on the left, when each began and how long it took, and a bar on a common time axis. Steps that
/// come long after all others (a container that was started again) get an axis of their own. For one thread.
final class Waterfall {
    private static final int LEAST_WIDTH = 60;
    private static final int MOST_NAME = 34;
    private static final int NUMBERS = 2 * 10;
    private static final int LEAST_BAR = 10;
    private static final long QUIET_NANOS = 5_000_000_000L;
    private static final String EIGHTHS = "▏▎▍▌▋▊▉";

    private final int width;
    private final Console paint;

    /// @param width columns of the terminal
    /// @param paint colours where there is a terminal
    Waterfall(int width, Console paint) {
        this.width = Math.max(LEAST_WIDTH, width);
        this.paint = paint;
    }

    /// The lines to print. Of names only what can be seen is shown: they may come from whoever called the runtime.
    List<String> draw(List<Step> steps) {
        List<Row> rows = rows(steps);
        int names = Math.min(MOST_NAME, rows.stream().mapToInt(row -> row.label().length()).max().orElse(4));
        List<String> lines = new ArrayList<>();
        long before = 0;
        for (List<Row> act : acts(rows)) {
            long start = act.stream().mapToLong(row -> row.step().startNanos()).min().orElseThrow();
            long end = act.stream().mapToLong(row -> row.step().endNanos()).max().orElseThrow();
            if (!lines.isEmpty()) {
                lines.add("");
                lines.add(paint.dim(time(start - before) + " later"));
            }
            before = end;
            drawAct(act, names, start, Math.max(1, end - start), lines);
        }
        return lines;
    }

    private void drawAct(List<Row> act, int names, long start, long span, List<String> lines) {
        int bar = Math.max(LEAST_BAR, width - names - NUMBERS - 1);
        String end = time(span);
        lines.add(paint.dim(padded("STEP", names) + right("START") + right("TOOK") + " 0" + " ".repeat(Math.max(1, bar - 1 - end.length())) + end));
        for (Row row : act) {
            Step step = row.step();
            String text = padded(cut(row.label(), names), names) + right(time(step.startNanos() - start)) + right(time(step.nanos()));
            String drawn = bar(step.startNanos() - start, step.nanos(), span, bar);
            lines.add(text + " " + (step.error().isEmpty() ? row.depth() == 0 ? paint.bold(drawn) : paint.green(drawn) : paint.red(drawn)));
            if (!step.error().isEmpty()) {
                lines.add(paint.red("  " + cut(visible(step.error()), width - 2)));
            }
        }
    }

    /// A bar with an eighth of a column's precision at its end; never empty.
    static String bar(long offset, long length, long span, int columns) {
        double scale = (double) columns / span;
        int from = Math.clamp((int) (offset * scale), 0, columns - 1);
        double cells = Math.min(columns - from, (offset + length) * scale - from);
        int full = Math.max(0, (int) cells);
        int eighths = (int) ((cells - full) * 8);
        String rest = eighths == 0 ? "" : EIGHTHS.substring(eighths - 1, eighths);
        String drawn = "█".repeat(full) + rest;
        return " ".repeat(from) + (drawn.isEmpty() ? "▏" : drawn);
    }

    /// @param depth how many steps this one is part of
    record Row(Step step, int depth, String label) {}

    /// The steps as a tree, each followed by its parts, in the order in which they began.
    static List<Row> rows(List<Step> steps) {
        Map<String, List<Step>> parts = new HashMap<>();
        Set<String> known = new HashSet<>();
        steps.forEach(step -> known.add(step.at().spanId()));
        List<Step> roots = new ArrayList<>();
        for (Step step : steps) {
            boolean part = known.contains(step.parentId()) && !step.parentId().equals(step.at().spanId());
            (part ? parts.computeIfAbsent(step.parentId(), id -> new ArrayList<>()) : roots).add(step);
        }
        List<Row> rows = new ArrayList<>();
        add(roots, parts, 0, rows, new HashSet<>());
        return rows;
    }

    private static void add(List<Step> steps, Map<String, List<Step>> parts, int depth, List<Row> rows, Set<String> done) {
        for (Step step : steps.stream().sorted(Comparator.comparingLong(Step::startNanos)).toList()) {
            if (done.add(step.at().spanId())) {
                rows.add(new Row(step, depth, "  ".repeat(Math.min(depth, 6)) + label(step)));
                add(parts.getOrDefault(step.at().spanId(), List.of()), parts, depth + 1, rows, done);
            }
        }
    }

    private static String label(Step step) {
        String of = step.attributes().getOrDefault(Caller.OF, "");
        String name = step.parentId().isEmpty() || step.service().equals("kubelet") ? step.service() + ": " + step.name() : step.name();
        return visible(of.isEmpty() ? name : name + " " + of.substring(of.lastIndexOf('/') + 1));
    }

    /// Groups of rows with a long time of nothing between them; a tree is never torn.
    private static List<List<Row>> acts(List<Row> rows) {
        List<List<Row>> acts = new ArrayList<>();
        List<List<Row>> trees = new ArrayList<>();
        for (Row row : rows) {
            if (row.depth() == 0) {
                trees.add(new ArrayList<>());
            }
            trees.getLast().add(row);
        }
        long end = Long.MIN_VALUE;
        for (List<Row> tree : trees) {
            if (acts.isEmpty() || tree.getFirst().step().startNanos() > end + QUIET_NANOS) {
                acts.add(new ArrayList<>());
            }
            acts.getLast().addAll(tree);
            end = Math.max(end, tree.stream().mapToLong(row -> row.step().endNanos()).max().orElse(end));
        }
        return acts;
    }

    /// `0.4 ms`, `12 ms`, `1.2 s`, `3 min`.
    static String time(long nanos) {
        double millis = nanos / 1e6;
        if (millis < 9.95) {
            return String.format(java.util.Locale.ROOT, "%.1f ms", millis);
        }
        if (millis < 999.5) {
            return Math.round(millis) + " ms";
        }
        return millis < 120_000 ? String.format(java.util.Locale.ROOT, "%.2f s", millis / 1000) : Math.round(millis / 60_000) + " min";
    }

    private static String visible(String text) {
        return text.codePoints()
                .map(point -> Character.isISOControl(point) || Character.getType(point) == Character.FORMAT ? '?' : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static String cut(String text, int columns) {
        return text.length() <= columns ? text : text.substring(0, columns - 1) + "…";
    }

    private static String padded(String text, int columns) {
        return text + " ".repeat(Math.max(0, columns - text.length()));
    }

    private static String right(String text) {
        return " ".repeat(Math.max(1, NUMBERS / 2 - text.length())) + text;
    }
}
