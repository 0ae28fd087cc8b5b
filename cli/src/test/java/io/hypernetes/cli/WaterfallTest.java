package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.telemetry.Caller;
import io.hypernetes.telemetry.Step;
import io.hypernetes.telemetry.TraceContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class WaterfallTest {
    private static final long MS = 1_000_000;
    private static final TraceContext ROOT = TraceContext.fresh();
    private static final Console PLAIN = new Console(new PrintStream(new ByteArrayOutputStream()), false);

    private final TraceContext sandbox = ROOT.next();

    private static Step step(TraceContext at, String parent, String name, long startMillis, long millis) {
        return new Step(at, parent, "hyperd", name, startMillis * MS, millis * MS, Map.of(), "");
    }

    @Test
    void partsFollowTheirStepInTheOrderInWhichTheyBegan() {
        List<String> lines = new Waterfall(80, PLAIN).draw(List.of(
                step(sandbox.next(), sandbox.spanId(), "boot", 40, 60),
                step(sandbox.next(), sandbox.spanId(), "disk", 0, 20),
                step(sandbox, "", "RunPodSandbox", 0, 100)));
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0)).startsWith("STEP").endsWith("100 ms");
        assertThat(lines.get(1)).startsWith("hyperd: RunPodSandbox").contains("0.0 ms", "100 ms", "█");
        assertThat(lines.get(2)).startsWith("  disk").contains("20 ms");
        assertThat(lines.get(3)).startsWith("  boot").contains("40 ms", "60 ms").endsWith("█");
        assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        int bars = lines.get(0).indexOf(" 0 ") + 1;
        assertThat(lines.get(1).indexOf('█')).isEqualTo(bars);
        assertThat(lines.get(3).indexOf('█')).isGreaterThan(bars + 10);
    }

    @Test
    void whatComesLongAfterHasAnAxisOfItsOwn() {
        List<String> lines = new Waterfall(80, PLAIN).draw(List.of(
                step(sandbox, "", "RunPodSandbox", 0, 100), step(ROOT.next(), "", "StartContainer", 3_600_000, 10)));
        assertThat(lines).filteredOn(line -> line.startsWith("STEP")).hasSize(2);
        assertThat(lines).contains("60 min later");
    }

    @Test
    void aFailureIsToldAndWhatACallerNamesCannotMoveTheCursor() {
        Step failed = new Step(sandbox, "", "kubelet", "image", 0, MS, Map.of(Caller.OF, "a/b\u001b[2J"), "no such\nimage");
        List<String> lines = new Waterfall(80, PLAIN).draw(List.of(failed));
        assertThat(String.join("", lines)).contains("kubelet: image b?[2J", "no such?image").doesNotContain("\u001b");
    }

    @Test
    void stepsThatAreEachOthersPartsEndTheDrawing() {
        TraceContext other = ROOT.next();
        assertThat(Waterfall.rows(List.of(
                        step(sandbox, other.spanId(), "a", 0, 1), step(other, sandbox.spanId(), "b", 0, 1), step(ROOT, ROOT.spanId(), "c", 0, 1))))
                .extracting(Waterfall.Row::label).containsExactly("c");
    }

    @Property(tries = 200)
    void noBarIsEmptyOrLeavesItsColumns(
            @ForAll @LongRange(min = 0, max = 10_000) long offset,
            @ForAll @LongRange(min = 0, max = 10_000) long length,
            @ForAll @IntRange(min = 10, max = 200) int columns) {
        String bar = Waterfall.bar(offset, length, Math.max(1, offset + length), columns);
        assertThat(bar.strip()).isNotEmpty();
        assertThat(bar.length()).isLessThanOrEqualTo(columns + 1);
    }

    @Test
    void anyWidthWillDo() {
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            steps.add(step(ROOT.next(), "", "a step with a rather long name indeed " + i, i, 50 - i));
        }
        for (int width : new int[] {0, 40, 80, 120, 300}) {
            assertThat(new Waterfall(width, PLAIN).draw(steps)).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(Math.max(66, width)));
        }
    }
}
