package io.hypernetes.hyperd.seccomp;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.seccomp.Profile.Action;
import io.hypernetes.hyperd.seccomp.Profile.Condition;
import io.hypernetes.hyperd.seccomp.Profile.Rule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// Compiles a profile to classic BPF for `struct seccomp_data`. Runs of call numbers with the same fate are one leaf of a binary tree,
/// so a call costs some ten comparisons, however long the profile.
final class FilterCompiler {
    /// What a kernel takes at most (BPF_MAXINSNS).
    static final int MOST_INSTRUCTIONS = 4096;

    private static final int LOAD = 0x20;
    private static final int AND = 0x54;
    private static final int JUMP = 0x05;
    private static final int JUMP_EQUAL = 0x15;
    private static final int JUMP_GREATER = 0x25;
    private static final int JUMP_GREATER_OR_EQUAL = 0x35;
    private static final int RETURN = 0x06;

    private static final int NUMBER_AT = 0;
    private static final int CONVENTION_AT = 4;
    private static final int ARGUMENTS_AT = 16;
    /// Stands for a target that is not known yet.
    private static final int FAIL = -1;

    // Calls by the x32 convention have this bit.
    private static final int X32 = 0x40000000;

    private final List<int[]> code = new ArrayList<>();

    /// What happens at a call: the first case whose conditions hold, else the fate that is left.
    private record Fate(List<Rule> cases, Action otherwise) {}

    private record Run(int first, Fate fate) {}

    private FilterCompiler() {}

    /// @param name of the profile, for messages
    /// @return `struct sock_filter`s, 8 bytes each, little-endian
    static byte[] compile(Profile profile, String name) {
        FilterCompiler compiler = new FilterCompiler();
        compiler.whole(profile);
        if (compiler.code.size() > MOST_INSTRUCTIONS) {
            throw HyperdException.invalid("The seccomp profile " + name + " comes to " + compiler.code.size()
                    + " instructions; a kernel takes " + MOST_INSTRUCTIONS + ". Make it simpler, above all its comparisons of arguments.");
        }
        ByteBuffer bytes = ByteBuffer.allocate(compiler.code.size() * 8).order(ByteOrder.LITTLE_ENDIAN);
        for (int[] one : compiler.code) {
            bytes.putShort((short) one[0]).put((byte) one[1]).put((byte) one[2]).putInt(one[3]);
        }
        return bytes.array();
    }

    private void whole(Profile profile) {
        add(LOAD, 0, 0, CONVENTION_AT);
        for (Syscalls.Convention convention : Syscalls.Convention.values()) {
            if (profile.conventions().contains(convention)) {
                add(JUMP_EQUAL, 1, 0, convention.audit);
                int past = add(JUMP, 0, 0, 0);
                add(LOAD, 0, 0, NUMBER_AT);
                List<Run> runs = runs(profile, convention);
                tree(runs, 0, runs.size());
                land(past);
            }
        }
        add(RETURN, 0, 0, Action.KILL_PROCESS.value());
    }

    private static List<Run> runs(Profile profile, Syscalls.Convention convention) {
        Map<String, List<Rule>> byName = new HashMap<>();
        profile.rules().forEach(rule -> byName.computeIfAbsent(rule.name(), any -> new ArrayList<>()).add(rule));
        TreeMap<Integer, Fate> fates = new TreeMap<>();
        byName.forEach((name, rules) -> Syscalls.known().number(name, convention).ifPresent(number -> fates.put(number, fate(profile, rules))));
        Fate ordinary = new Fate(List.of(), profile.otherwise());
        List<Run> runs = new ArrayList<>();
        int highest = Syscalls.known().highest(convention);
        for (int number = 0; number <= highest; number++) {
            Fate fate = Objects.requireNonNull(fates.getOrDefault(number, ordinary));
            if (runs.isEmpty() || !runs.getLast().fate().equals(fate)) {
                runs.add(new Run(number, fate));
            }
        }
        runs.add(new Run(highest + 1, new Fate(List.of(), profile.unknown())));
        if (convention == Syscalls.Convention.X86_64) {
            runs.add(new Run(X32, new Fate(List.of(), Action.NO_SUCH_CALL)));
        }
        return runs;
    }

    private static Fate fate(Profile profile, List<Rule> rules) {
        Action otherwise = rules.stream()
                .filter(rule -> rule.conditions().isEmpty())
                .findFirst()
                .map(Rule::action)
                .orElse(profile.otherwise());
        return new Fate(rules.stream().filter(rule -> !rule.conditions().isEmpty()).toList(), otherwise);
    }

    private void tree(List<Run> runs, int from, int to) {
        if (to - from == 1) {
            leaf(runs.get(from).fate());
            return;
        }
        int middle = (from + to) >>> 1;
        add(JUMP_GREATER_OR_EQUAL, 0, 1, runs.get(middle).first());
        int upper = add(JUMP, 0, 0, 0);
        tree(runs, from, middle);
        land(upper);
        tree(runs, middle, to);
    }

    private void leaf(Fate fate) {
        for (Rule rule : fate.cases()) {
            List<Integer> failing = new ArrayList<>();
            rule.conditions().forEach(condition -> compare(condition, failing));
            add(RETURN, 0, 0, rule.action().value());
            // At most some thirty instructions a rule, so their short jumps reach.
            failing.forEach(at -> failTo(at, code.size()));
        }
        add(RETURN, 0, 0, fate.otherwise().value());
    }

    // Arguments have two halves, the lower first. Jumps to where the condition fails are collected; `FAIL` marks which of the two.
    private void compare(Condition condition, List<Integer> failing) {
        int low = ARGUMENTS_AT + 8 * condition.argument();
        int upper = (int) (condition.value() >>> 32);
        int lower = (int) condition.value();
        add(LOAD, 0, 0, low + 4);
        switch (condition.comparison()) {
            case EQUAL -> {
                failing.add(add(JUMP_EQUAL, 0, FAIL, upper));
                add(LOAD, 0, 0, low);
                failing.add(add(JUMP_EQUAL, 0, FAIL, lower));
            }
            case NOT_EQUAL -> {
                add(JUMP_EQUAL, 0, 2, upper);
                add(LOAD, 0, 0, low);
                failing.add(add(JUMP_EQUAL, FAIL, 0, lower));
            }
            case MASKED_EQUAL -> {
                add(AND, 0, 0, (int) (condition.mask() >>> 32));
                failing.add(add(JUMP_EQUAL, 0, FAIL, upper));
                add(LOAD, 0, 0, low);
                add(AND, 0, 0, (int) condition.mask());
                failing.add(add(JUMP_EQUAL, 0, FAIL, lower));
            }
            case GREATER, GREATER_OR_EQUAL -> {
                add(JUMP_GREATER, 3, 0, upper);
                failing.add(add(JUMP_EQUAL, 0, FAIL, upper));
                add(LOAD, 0, 0, low);
                boolean orEqual = condition.comparison() == Profile.Comparison.GREATER_OR_EQUAL;
                failing.add(add(orEqual ? JUMP_GREATER_OR_EQUAL : JUMP_GREATER, 0, FAIL, lower));
            }
            case LESS, LESS_OR_EQUAL -> {
                failing.add(add(JUMP_GREATER, FAIL, 0, upper));
                add(JUMP_EQUAL, 0, 2, upper);
                add(LOAD, 0, 0, low);
                boolean orEqual = condition.comparison() == Profile.Comparison.LESS_OR_EQUAL;
                failing.add(add(orEqual ? JUMP_GREATER : JUMP_GREATER_OR_EQUAL, FAIL, 0, lower));
            }
        }
    }

    private void failTo(int at, int target) {
        int[] jump = code.get(at);
        int side = jump[1] == FAIL ? 1 : 2;
        jump[side] = target - at - 1;
    }

    private int add(int operation, int ifTrue, int ifFalse, int value) {
        code.add(new int[] {operation, ifTrue, ifFalse, value});
        return code.size() - 1;
    }

    /// Lets a long jump end here.
    private void land(int at) {
        code.get(at)[3] = code.size() - at - 1;
    }
}
